import { connect as connectV3 } from '@nats-io/transport-node'
import { connect as connectV2 } from 'nats'
import type { Engine } from '../../../src/engine/engine.ts'
import type { NatsConnection } from '../../../src/engine/nats/connection.ts'
import { natsEngine } from '../../../src/nats.ts'
import { Link } from './link.ts'
import { type EngineServer, startJetStream } from './servers.ts'
import { freePort } from '../free-port.ts'
import type { EngineWorld } from './world.ts'

/** The packages that connect to NATS, by their names. */
export const CLIENTS = { nats: connectV2, 'transport-node': connectV3 } as const satisfies Record<string, (options: NatsSettings) => Promise<NatsConnection>>

export type ClientName = keyof typeof CLIENTS

/** The options of `connect()` that tests use. Both packages have them. */
export interface NatsSettings {
  readonly servers: string[]
  readonly reconnectTimeWait?: number
  readonly maxReconnectAttempts?: number
  readonly pingInterval?: number
  readonly maxPingOut?: number
  readonly user?: string
  readonly pass?: string
  readonly noEcho?: boolean
  readonly ignoreClusterUpdates?: boolean
  readonly tls?: { readonly ca: string }
}

/** The time after which the messages of a dead node go back, in milliseconds. */
export const ACK_WAIT = 2_000

export const SECRET = 'a secret for tests only'

/** The options that the documentation recommends, with a shorter time for a silent server. */
export const LIVELY = { reconnectTimeWait: 100, maxReconnectAttempts: -1, pingInterval: 1_000, maxPingOut: 2 }

export const addressOf = (port: number): string => `127.0.0.1:${port}`

/** Starts servers that make one cluster. */
export async function startCluster (count: number): Promise<EngineServer[]> {
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const routes = ports.map((port) => `nats://${addressOf(port)}`).join(',')
  return await Promise.all(ports.map((port) => startJetStream(['--cluster_name', 'c', '--cluster', `nats://${addressOf(port)}`, '--routes', routes])))
}

/** Nodes on NATS, with one client package, and on one server or on a cluster. Each node has a link of its own to its server. */
export function natsWorld (client: ClientName, servers: readonly EngineServer[]): EngineWorld {
  const links = new Map<Engine, Link>()
  const connect = CLIENTS[client]
  let made = 0

  const linkOf = (engine: Engine): Link => {
    const link = links.get(engine)
    if (link === undefined) throw new Error('the engine is of another world')
    return link
  }
  const isCluster = servers.length > 1

  return {
    name: `nats (${client}, ${isCluster ? `${servers.length} servers` : '1 server'})`,
    async engine ({ namespace = 'tests' } = {}) {
      const server = servers[made++ % servers.length]!
      const link = await Link.open(server.port)
      const engine = natsEngine({
        // A client that learned of the other servers would go round the link.
        connect: () => connect({ servers: [addressOf(link.port)], ignoreClusterUpdates: true, ...LIVELY }),
        namespace,
        secret: SECRET,
        jetstream: { ackWait: ACK_WAIT }
      })
      links.set(engine, link)
      return engine
    },
    faults: {
      async kill () { await Promise.all(servers.map((server) => server.kill())) },
      async revive () { await Promise.all(servers.map((server) => server.revive())) },
      async stop () { for (const server of servers) server.signal('SIGSTOP') },
      async cont () { for (const server of servers) server.signal('SIGCONT') },
      async cut (engine) { linkOf(engine).cut() },
      async interrupt (engine) { await linkOf(engine).interrupt() },
      async hang (engine) { linkOf(engine).hang() },
      async mend (engine) { linkOf(engine).mend() },
      async slow (engine, ms) { linkOf(engine).slow(ms) },
      ...isCluster ? { async elsewhere (engine: Engine) { linkOf(engine).turn(servers[made++ % servers.length]!.port) } } : {},
      async garbage (channel) {
        const stranger = await connect({ servers: [addressOf(servers[0]!.port)] })
        const subjects = ['m', 'c', 'a'].map((kind) => `sj.tests.${kind}.${channel}`)
        for (const subject of subjects) for (const bytes of ['', '\0', 's', 'azz', '\r\n', 'x'.repeat(5_000)]) stranger.publish(subject, Buffer.from(bytes))
        await stranger.flush()
        await stranger.close()
      },
      child: { module: new URL('nats-child.ts', import.meta.url), settings: { client, port: servers[0]!.port } }
    },
    impossible: isCluster ? {} : { elsewhere: 'there is one server' },
    async close () {
      for (const link of links.values()) link.close()
      await Promise.all(servers.map((server) => server.close()))
    }
  }
}
