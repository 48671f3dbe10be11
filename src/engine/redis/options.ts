import { boolean, type CheckTable, checkOptions, expected, func } from '../../core/check.ts'
import { engineErrors } from '../errors.ts'
import type { RedisClient } from './client.ts'

/** The options of `redisEngine()`. */
export interface RedisEngineOptions {
  /**
   * The application's client. It may be one of a single server, of Redis Sentinel, or of a Redis Cluster, with or without TLS.
   *
   * The engine duplicates it for its own two connections. It never ends this client, and its state does not matter. Of its settings, `keyPrefix`
   * and those about queues, repeats and time-outs of commands do not count for the engine.
   */
  readonly client: RedisClient
  /** Separates clusters that share one Redis: 1 to 32 letters, digits, `_` and `-`. Default `default`. */
  readonly namespace?: string
  /** The secret that all nodes share, from which the names of channels and keys are made. It has 16 characters or more. */
  readonly secret: string
  /** Signs every publication, for a Redis on which others may publish. Default false. */
  readonly sign?: boolean
  /**
   * Tells that Redis has everything on its disk before it answers: `appendonly yes` and `appendfsync always`. Default false.
   *
   * It changes nothing in Redis. Logs and queues use it for their facts, and the log of the node warns if `appendonly` is off. A replica that takes
   * over may still lack the last messages. A log notices that, and a queue loses them.
   */
  readonly durable?: boolean
}

/** Describes a value that must not be shown. */
const hidden = (value: unknown): string => typeof value === 'string' ? `a text of ${value.length}` : value === undefined ? 'undefined' : `a ${typeof value}`

const CHECKS: CheckTable = {
  client: (value) => {
    const { duplicate, call, isCluster } = (value ?? {}) as Record<string, unknown>
    return func(duplicate) === null && func(call) === null && boolean(isCluster) === null ? null : 'must be a client of ioredis or iovalkey: a Redis or a Cluster object'
  },
  namespace: expected((value) => typeof value === 'string' && /^[A-Za-z0-9_-]{1,32}$/.test(value), 'a text of 1 to 32 letters, digits, "_" and "-"'),
  // The text of the error is logged, and the secret must not be.
  secret: (value) => typeof value === 'string' && value.length >= 16 ? null : `must be a text of at least 16 characters, not ${hidden(value)}`,
  sign: boolean,
  durable: boolean
}

/** Checks the options. @throws FST_SOCKJS_ENGINE_INVALID_OPTION */
export function checkRedisOptions (options: RedisEngineOptions): Required<RedisEngineOptions> {
  checkOptions(engineErrors.InvalidOption, 'redis', options, CHECKS, { required: ['client', 'secret'] })
  const { client, namespace = 'default', secret, sign = false, durable = false } = options
  return { client, namespace, secret, sign, durable }
}
