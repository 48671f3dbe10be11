import { boolean, checkOptions, expected, func } from '../../core/check.ts'
import { engineErrors } from '../errors.ts'
import type { NatsConnection } from './connection.ts'
import { checkJetStream, type JetStreamOptions, type JetStreamSettings, resolveJetStream } from './jetstream/options.ts'

/** The options of `natsEngine()`. */
export interface NatsEngineOptions {
  /**
   * Opens a connection to NATS, with `connect()` of the package `nats` 2 or `@nats-io/transport-node` 3.
   *
   * The engine owns the connection: `app.close()` closes it. The engine calls the function again, once a second, if the connection has closed for
   * good or could not be opened. The connection must have its own messages back (no `noEcho`).
   *
   * Choose `reconnectTimeWait: 250`, because the other nodes wait for 2,500 ms when a server has restarted. Choose `pingInterval: 2_000` and
   * `maxPingOut: 2`, so that a node notices within 6 s that its server is silent.
   */
  readonly connect: () => Promise<NatsConnection>
  /** Separates clusters that share a NATS system: 1 to 32 letters, digits, `_` or `-`. Default `default`. */
  readonly namespace?: string
  /** The text from which the names of channels and sessions are made. All nodes have the same one. At least 16 characters. */
  readonly secret: string
  /** True if every message between nodes is signed with the secret, because others can publish in the namespace. Default false. */
  readonly sign?: boolean
  /** The settings of logs and queues. They need JetStream, which nothing else of the engine needs. */
  readonly jetstream?: JetStreamOptions
}

/** The options with their defaults. */
export type NatsEngineSettings = Required<NatsEngineOptions> & { readonly jetstream: JetStreamSettings }

const NAMESPACE = /^[A-Za-z0-9_-]{1,32}$/
const SHORTEST_SECRET = 16

const CHECKS = {
  connect: func,
  namespace: expected((value) => typeof value === 'string' && NAMESPACE.test(value), 'a text of 1 to 32 letters, digits, _ or -'),
  // The value is a secret, so that the problem does not show it.
  secret: (value: unknown) => {
    if (typeof value !== 'string') return `must be a text of at least ${SHORTEST_SECRET} characters, not ${value === null ? 'null' : typeof value}`
    return value.length >= SHORTEST_SECRET ? null : `must be a text of at least ${SHORTEST_SECRET} characters, not of ${value.length}`
  },
  sign: boolean,
  jetstream: checkJetStream
}

/** Checks the options of `natsEngine()` and adds the defaults. */
export function resolveOptions (options: NatsEngineOptions): NatsEngineSettings {
  checkOptions(engineErrors.InvalidOption, 'options', options, CHECKS, { path: '', required: ['connect', 'secret'] })
  const { connect, namespace = 'default', secret, sign = false, jetstream = {} } = options
  return { connect, namespace, secret, sign, jetstream: resolveJetStream(jetstream) }
}
