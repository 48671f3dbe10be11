import { Redis } from 'ioredis'
import { connect } from 'nats'
import { hubEngine } from 'fastify-sockjs/hub'
import { type Engine, natsEngine } from 'fastify-sockjs/nats'
import { redisEngine } from 'fastify-sockjs/redis'

/** The messaging system of `ENGINE`, with the text that its nodes share. */
export interface EngineTarget {
  readonly kind: 'nats' | 'redis'
  readonly servers: readonly string[]
}

/** @throws an Error with a text for the user of the command line */
export function parseEngine (text: string): EngineTarget {
  const [, kind, rest = ''] = /^(nats|redis):\/\/(.+)$/.exec(text) ?? []
  const servers = rest.split(',')
  const isAddress = (server: string): boolean => URL.canParse(`tcp://${server}`) && /:\d+$/.test(server)
  if (kind === undefined || !servers.every(isAddress)) throw new Error('the address of an engine is written nats://host:port[,host:port] or redis://host:port')
  if (kind === 'redis' && servers.length > 1) throw new Error('Redis has one address: redis://host:port')
  return { kind: kind as EngineTarget['kind'], servers }
}

/** The settings by which the nodes of a cluster find each other. */
export interface ClusterSettings {
  readonly secret: string
  readonly namespace: string
  /** The name of this node, which the messaging system shows for its connections. */
  readonly node: string
}

/** Makes the engine of a node. The connection is made when the server starts. */
export function demoEngine ({ kind, servers }: EngineTarget, { secret, namespace, node }: ClusterSettings): Engine {
  if (kind === 'redis') return redisEngine({ client: new Redis(`redis://${servers[0]!}`, { lazyConnect: true, connectionName: node }), namespace, secret })
  return natsEngine({
    connect: () => connect({ servers: servers.map((server) => `nats://${server}`), name: node, reconnectTimeWait: 250, pingInterval: 2_000, maxPingOut: 2 }),
    namespace,
    secret,
    // The messages of a node that is lost go back to their queues after this time.
    jetstream: { ackWait: 10_000 }
  })
}

/** Makes the engine of a worker, whose primary has the hub. */
export function workerEngine (): Engine {
  return hubEngine()
}
