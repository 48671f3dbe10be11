import { setTimeout as delay } from 'node:timers/promises'
import type { Bar } from '../bar.ts'
import { freezeFor, killFor } from '../engines.ts'
import { type Crowd, during } from '../load/during.ts'
import { figuresOf } from '../load/figures.ts'
import type { World } from '../world.ts'

/** The time between two faults, in milliseconds. */
const BETWEEN = 20_000

/** Makes a fault, and resolves when it is over. */
type Fault = (world: World) => Promise<unknown>

function anyNode ({ nodes }: World): World['nodes'][number] { return nodes[Math.floor(Math.random() * nodes.length)]! }

const FAULTS: Readonly<Record<string, Fault>> = {
  'engine killed for 1 s': ({ engine }) => killFor(engine!, 1_000),
  'engine stopped for 5 s': ({ engine }) => freezeFor(engine!, 5_000),
  'engine away for 12 s': ({ engine }) => killFor(engine!, 12_000),
  async 'node killed' (world) {
    const node = anyNode(world)
    await node.process.kill()
    await delay(2_000)
    await node.start()
  },
  'node stopped for 4 s': (world) => anyNode(world).process.freeze(4_000),
  'node stopped for 12 s': (world) => anyNode(world).process.freeze(12_000),
  async 'node restarted' (world) {
    const node = anyNode(world)
    await node.process.stop()
    await node.start()
  }
}

/** Every end that a client may be told of is followed by a new session. The node that has died may have carried a session that its owner still holds: 2010. */
const ENDS = [1001, 1002, 1006, 1012, 1013, 2010]

const CROWDS: readonly Crowd[] = (['xhr-polling', 'xhr-streaming', 'eventsource', 'htmlfile', 'jsonp-polling', 'websocket'] as const)
  .map((transport) => ({ transport, sessions: 20, every: 400, reopenAfter: ENDS, patience: 30_000 }))

/** One random fault after another. The model: each message of a session has its echo, once and in order, or the client was told of an end. */
export const soak: Bar = {
  name: 'soak: random faults',
  group: 'soak',
  engines: ['nats', 'redis', 'hub'],
  async run (bench, engine) {
    const world = await bench.world({ engine, hub: 'own' })
    const counts = new Map<string, number>()
    const end = Date.now() + bench.options.soakMinutes * 60_000
    const names = Object.keys(FAULTS)
    const witnesses = await during(bench, world.port, CROWDS, async () => {
      while (Date.now() < end) {
        const next = Date.now() + BETWEEN
        const name = names[Math.floor(Math.random() * names.length)]!
        process.stderr.write(`       ${new Date().toISOString()} ${name}\n`)
        await FAULTS[name]!(world)
        counts.set(name, (counts.get(name) ?? 0) + 1)
        await delay(Math.max(0, next - Date.now()))
      }
    }, 30_000)
    bench.row({ transport: '', figure: [...counts].map(([name, times]) => `${times} x ${name}`).join(', '), wanted: 'faults', ok: counts.size > 0 })
    for (const { transport, records } of witnesses) {
      const { sessions, complete, told, codes, hanging, duplicates, gaps } = figuresOf(records)
      const sent = records.reduce((sum, record) => sum + record.sent, 0)
      const received = records.reduce((sum, record) => sum + record.received, 0)
      const unanswered = records.filter(({ outcome }) => outcome === 'complete').reduce((sum, record) => sum + record.sent - record.received, 0)
      bench.row({
        transport,
        figure: `${sessions} sessions: ${complete} complete, ${told} told (${codes}), ${hanging} hang; ${sent} sent, ${received} received, ${duplicates} duplicates, ${gaps} gaps`,
        wanted: 'complete or told, no duplicate, no gap',
        ok: hanging === 0 && duplicates === 0 && gaps === 0 && unanswered === 0 && complete >= 20
      })
    }
  }
}
