import { Timer } from '../../../core/timer.ts'
import type { Telemetry } from '../../../telemetry/telemetry.ts'
import { refusal } from '../../refusals.ts'
import type { Broker, BrokerCapabilities, BrokerClient, BrokerContext, BrokerSink, BrokerState, Done, OutgoingMessage, UserMessage } from '../broker.ts'
import type { BrokerInspection } from '../inspection.ts'
import { ClientConnection } from './client/client-connection.ts'
import { type RelayConnection, RelayCore } from './core.ts'
import { REPLY_PREFIX, TEMPORARY_PREFIX } from './messages/addresses.ts'
import { Names } from './messages/names.ts'
import { type RelayBrokerOptions, type RelaySettings, resolveRelay } from './options.ts'
import { SharedConnection } from './shared/shared-connection.ts'
import { SharedTopics } from './shared/shared-topics.ts'
import { RelayState } from './state.ts'
import { SystemConnection } from './system/system-connection.ts'

export { activemq } from './dialects/activemq.ts'
export type { BrokerDialect, DialectOptions } from './dialects/dialect.ts'
export { rabbitmq } from './dialects/rabbitmq.ts'
export type { Backoff } from './link/link.ts'
export type { RelayBrokerOptions, RelayCredentials } from './options.ts'

/** Figures of a relay. */
export interface RelayStats {
  /** Connections to the broker, the application's own among them. */
  readonly connections: number
  /** Clients that are connected through it. */
  readonly clients: number
  /** Subscriptions that clients share, in mode `shared`. */
  readonly sharedTopics: number
  /** Errors of the broker that were harmless races of clients, since the start (RELAY-17). */
  readonly races: number
}

/** An external broker, behind the same sessions as the embedded one. */
export interface RelayBroker extends Broker {
  /** Returns the figures of the relay as they are now. */
  stats (): RelayStats
}

/** The milliseconds for which the start of the server waits for the broker. The server also serves without one. */
const START_PATIENCE = 3000

/** The content of an external broker stays with it. */
const RELAY_INSPECTION: BrokerInspection = {
  topics: null,
  queues: null,
  deadLetters: null,
  unknown: ['The broker is external. Its own console shows topics without subscribers here, the depth of queues, their consumers elsewhere, and dead letters.'],
  replay: null
}

/** The parts that run between `start` and `stop`. */
interface Running {
  readonly core: RelayCore
  readonly system: SystemConnection
  readonly shared: readonly SharedTopics[]
}

class StompRelay implements RelayBroker {
  readonly separator: '/' | '.'
  readonly capabilities: BrokerCapabilities
  readonly #settings: RelaySettings
  readonly #names: Names
  readonly #state = new RelayState()
  #onUserMessage: (message: UserMessage) => void = () => {}
  #running: Running | null = null
  /** The number of clients so far, which decides the shared connection of the next one. */
  #count = 0

  constructor (options: RelayBrokerOptions) {
    this.#settings = resolveRelay(options)
    const { dialect, destinations } = this.#settings
    this.#names = new Names(dialect, destinations)
    this.separator = dialect.separator ?? '/'
    this.capabilities = dialect.capabilities
  }

  get state (): BrokerState { return this.#state.current }

  stats (): RelayStats {
    const { links, races } = this.#state
    const { core, shared = [] } = this.#running ?? {}
    return { connections: links.size, clients: core?.connections.size ?? 0, races, sharedTopics: shared.reduce((sum, { size }) => sum + size, 0) }
  }

  onState (listener: (state: BrokerState, reason: string) => void): void { this.#state.onChange(listener) }

  onUserMessage (listener: (message: UserMessage) => void): void { this.#onUserMessage = listener }

  /** Waits for the first attempt, but not long, because a server must start although its broker is away. */
  async start (context: BrokerContext): Promise<void> {
    if (this.#running !== null) return
    const { clock, log } = context
    const { mode, connections } = this.#settings
    this.#state.start(log)
    const core = new RelayCore(this.#settings, this.#names, this.#state, context)
    const system = new SystemConnection(core, (message) => this.#onUserMessage(message))
    const shared = mode === 'shared' ? Array.from({ length: connections }, (_, i) => new SharedTopics(core, `shared ${i + 1}`)) : []
    this.#running = { core, system, shared }
    const connecting = system.link.start()
    for (const { link } of shared) link.start().catch((error: unknown) => log.error({ err: error }, 'the first attempt to connect to the broker failed'))
    await new Promise<void>((resolve) => {
      const patience = new Timer({ expire: () => resolve() })
      clock.start(patience, START_PATIENCE)
      connecting.finally(() => {
        clock.stop(patience)
        resolve()
      })
    })
  }

  async stop (): Promise<void> {
    const running = this.#running
    if (running === null) return
    this.#running = null
    this.#state.stop()
    const { core, system, shared } = running
    const error = refusal('STOMP_BROKER_STOPPED', undefined, true)
    const ends = [...core.connections].map((connection) => connection.end(error))
    await Promise.all([...ends, ...shared.map(({ link }) => link.stop()), system.stop()])
  }

  accepts (destination: string, what: 'send' | 'subscribe'): boolean {
    const { dialect } = this.#settings
    if (destination.startsWith(TEMPORARY_PREFIX)) return dialect.temporaryQueues !== 'none'
    if (destination.startsWith(REPLY_PREFIX)) return what === 'send' && dialect.temporaryQueues !== 'none'
    return this.#names.served(destination, what)
  }

  isPrivate (destination: string): boolean { return destination.startsWith(TEMPORARY_PREFIX) || destination.startsWith(REPLY_PREFIX) }

  report (telemetry: Telemetry): void {
    this.#state.telemetry = telemetry
    this.#state.system = this.#settings.dialect.name.toLowerCase()
    telemetry.observe('stomp.broker.connections', () => [{ value: this.#state.links.size }])
  }

  kindOf (destination: string): 'topic' | 'queue' { return this.#settings.dialect.isFanOut(destination) ? 'topic' : 'queue' }

  async connect (client: BrokerClient, sink: BrokerSink): Promise<RelayConnection> {
    const { core, system, shared } = this.#started()
    const topics = shared[this.#count++ % Math.max(1, shared.length)]
    let connection: RelayConnection
    if (topics === undefined) {
      await system.link.reachable(client.signal)
      connection = await ClientConnection.open(core, client, sink)
    } else {
      connection = await SharedConnection.open(core, client, sink, topics)
    }
    core.connections.add(connection)
    if (this.#running === null) await connection.end(refusal('STOMP_BROKER_STOPPED', undefined, true))
    return connection
  }

  async publish (message: OutgoingMessage): Promise<void> { await this.#started().system.publish(message) }

  publishToUser (message: UserMessage): Done { return this.#running?.system.publishToUser(message) }

  inspect (): BrokerInspection { return RELAY_INSPECTION }

  #started (): Running {
    if (this.#running === null) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    return this.#running
  }
}

/**
 * Makes a broker that passes everything on to an external one: RabbitMQ, ActiveMQ, or another that speaks STOMP over TCP.
 *
 * @throws FST_STOMP_INVALID_OPTION
 */
export function relayBroker (options: RelayBrokerOptions): RelayBroker {
  return new StompRelay(options)
}
