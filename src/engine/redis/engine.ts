import type { Engine, EngineChannels, EngineClaims, EngineContext, EngineFacts } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import { unavailable } from './calls.ts'
import { MAX_PAYLOAD } from './channels.ts'
import { makerOf } from './client.ts'
import { RedisLogs } from './logs/logs.ts'
import { RedisNode } from './node.ts'
import { checkRedisOptions, type RedisEngineOptions } from './options.ts'
import { QUEUE_LEASE, RedisQueues } from './queues/queues.ts'

const notStarted = (): Promise<never> => Promise.reject(unavailable('it has not started'))

/** The engine of one node on Redis or Valkey. */
class RedisEngine implements Engine {
  readonly facts: EngineFacts
  readonly #options: Required<RedisEngineOptions>
  #node: RedisNode | null = null

  /** The channels are the same object before and after the start, because a cluster keeps them. */
  readonly channels: EngineChannels = {
    publish: (channel, data) => { this.#node?.channels.publish(channel, data) },
    flushed: () => this.#node?.channels.flushed() ?? notStarted(),
    subscribe: (channel, listener) => this.#node?.channels.subscribe(channel, listener) ?? notStarted()
  }

  readonly claims: EngineClaims = {
    claim: (key, lost) => this.#node?.claims.claim(key, lost) ?? notStarted(),
    locate: (key) => this.#node?.claims.locate(key) ?? notStarted()
  }

  readonly logs = new RedisLogs()
  readonly queues = new RedisQueues()

  constructor (options: Required<RedisEngineOptions>) {
    const { namespace, secret, sign, durable } = options
    this.#options = options
    this.facts = {
      name: 'redis',
      maxPayload: MAX_PAYLOAD,
      namespace,
      secret,
      keysLast: 'lease',
      sign,
      totalOrder: true,
      queues: { inOrder: true, passesOn: false, acksLast: true, boundedTogether: false, lease: QUEUE_LEASE },
      durable
    }
  }

  async start (context: EngineContext): Promise<void> {
    if (this.#node !== null) throw new engineErrors.Refused('redis', 'it is in use already; make one engine for each node')
    this.#node = new RedisNode(context, makerOf(this.#options.client), this.#options, this.logs, this.queues)
    await this.#node.start()
  }

  async stop (): Promise<void> { await this.#node?.stop() }
}

/**
 * Makes the engine that connects the nodes of a cluster by Redis or Valkey.
 *
 * One server, Redis Sentinel and Redis Cluster work, as the client is set up. Each node needs an engine of its own.
 *
 * @example
 * ```ts
 * const client = new Redis({ host: 'redis', username: 'sockjs', password })
 * await app.register(sockjs, { engine: redisEngine({ client, namespace: 'shop', secret }) })
 * ```
 * @throws FST_SOCKJS_ENGINE_INVALID_OPTION
 */
export function redisEngine (options: RedisEngineOptions): Engine {
  return new RedisEngine(checkRedisOptions(options))
}
