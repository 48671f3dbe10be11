import type { Bar } from '../bar.ts'
import { type Crowd, during } from '../load/during.ts'
import { figuresOf } from '../load/figures.ts'

/** The close code of a server that restarts. A client opens another session after it. */
const RESTART = 1012

const CROWDS: readonly Crowd[] = (['xhr-polling', 'xhr-streaming', 'eventsource', 'htmlfile', 'jsonp-polling', 'websocket'] as const)
  .map((transport) => ({ transport, sessions: 40, reopenAfter: [RESTART] }))

/** All nodes restart in turn behind a balancer with health checks. */
export const rollingRestart: Bar = {
  name: 'rolling restart of three nodes',
  group: 'rolling',
  engines: ['nats', 'redis'],
  async run (bench, engine) {
    const world = await bench.world({ engine, balancer: 'haproxy' })
    const exits: (number | null)[] = []
    const witnesses = await during(bench, world.port, CROWDS, async () => {
      for (const node of world.nodes) {
        exits.push(await node.process.stop())
        await node.start()
        await node.available()
      }
    })
    bench.row({ transport: '', figure: `exit codes ${exits.join(', ')}`, wanted: 'each node drains and exits with 0', ok: exits.length === 3 && exits.every((code) => code === 0) })
    for (const { transport, records } of witnesses) {
      const { sessions, complete, codes, hanging, duplicates, gaps } = figuresOf(records)
      const isOrderly = records.every(({ outcome, code }) => outcome === 'complete' || code === RESTART)
      const back = records.filter(({ outcome }) => outcome === 'complete').length
      bench.row({
        transport,
        figure: `${complete} of ${sessions} complete, told: ${codes === '' ? 'none' : codes}; ${hanging} hang, ${duplicates} duplicates, ${gaps} gaps`,
        wanted: 'no 1006, all 40 clients back',
        ok: isOrderly && back === 40 && duplicates === 0 && gaps === 0
      })
    }
  }
}
