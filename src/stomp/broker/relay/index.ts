import { Timer } from '../../../core/timer.ts'
import type {
  Broker, BrokerCapabilities, BrokerClient, BrokerConnection, BrokerContext, BrokerSink, BrokerState, Done, OutgoingMessage, UserMessage
} from '../broker.ts'
import { refusal } from '../../refusals.ts'
import { Serial } from '../serial.ts'
import { REPLY_PREFIX, TEMPORARY_PREFIX } from './messages/addresses.ts'
import { ClientFailures } from './client/client-failures.ts'
import type { RelayCore } from './core.ts'
import { Connector } from './link/connector.ts'
import { Names } from './messages/names.ts'
import { type RelayBrokerOptions, type RelaySettings, resolveRelay } from './options.ts'
import { ClientConnection } from './client/client-connection.ts'
import { Servers } from './link/servers.ts'
import { SharedConnection } from './shared/shared-connection.ts'
import { SharedTopics } from './shared/shared-topics.ts'
import { SystemConnection } from './system-connection.ts'

export { activemq } from './dialects/activemq.ts'
export type { BrokerDialect, DialectOptions } from './dialects/dialect.ts'
export { rabbitmq } from './dialects/rabbitmq.ts'
export type { Backoff } from './link/reconnecting-link.ts'
export type { RelayBrokerOptions, RelayCredentials } from './options.ts'

/** What a relay is busy with. */
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

/** A broker of somebody else's, behind the same sessions. */
export interface RelayBroker extends Broker {
  /** What it is busy with. */
  stats (): RelayStats
}

/** How long the start of the server waits for the broker: it serves without one, too. */
const START_PATIENCE = 3000

/** What runs between `start` and `stop`. */
interface Running extends RelayCore {
  readonly system: SystemConnection
  readonly shared: readonly SharedTopics[]
}

class StompRelay implements RelayBroker {
  readonly separator: '/' | '.'
  readonly capabilities: BrokerCapabilities
  readonly #settings: RelaySettings
  readonly #names: Names
  readonly #listeners = new Set<(state: BrokerState, reason: string) => void>()
  readonly #connections = new Set<ClientConnection | SharedConnection>()
  /** Connections whose broker confirms nothing at the moment. */
  readonly #stalled = new Set<object>()
  #onUserMessage: (message: UserMessage) => void = () => {}
  #running: Running | null = null
  #state: BrokerState = 'starting'
  /** The state without regard to what is stalled. */
  #line: BrokerState = 'starting'
  #next = 0

  constructor (options: RelayBrokerOptions) {
    this.#settings = resolveRelay(options)
    const { dialect, destinations } = this.#settings
    this.#names = new Names(dialect, destinations)
    this.separator = dialect.separator ?? '/'
    this.capabilities = dialect.capabilities
  }

  get state (): BrokerState { return this.#state }

  stats (): RelayStats {
    return {
      connections: this.#running?.connector.open ?? 0,
      clients: this.#connections.size,
      races: this.#running?.connector.races ?? 0,
      sharedTopics: (this.#running?.shared ?? []).reduce((sum, { topics }) => sum + topics, 0)
    }
  }

  onState (listener: (state: BrokerState, reason: string) => void): void { this.#listeners.add(listener) }

  onUserMessage (listener: (message: UserMessage) => void): void { this.#onUserMessage = listener }

  /** Waits for the first attempt, but not long: a server whose broker is away must start all the same. */
  async start ({ clock, log }: BrokerContext): Promise<void> {
    if (this.#running !== null) return
    const settings = this.#settings
    const core: RelayCore = {
      settings,
      clock,
      log,
      serial: new Serial(),
      names: this.#names,
      clientFailures: new ClientFailures(clock, log),
      connector: new Connector(new Servers(settings.servers), settings.tls, settings.link, settings.maxConnecting, clock, log),
      stalled: (who, yes) => this.#setStalled(who, yes),
      reached: () => this.#hurry(),
      closed: (connection) => { this.#connections.delete(connection) }
    }
    const system = new SystemConnection(core, (state, reason) => {
      this.#line = state
      this.#show(reason)
    }, (message) => this.#onUserMessage(message))
    const shared = settings.mode === 'shared' ? Array.from({ length: settings.connections }, (_, i) => new SharedTopics(core, `shared ${i + 1}`)) : []
    this.#running = { ...core, system, shared }
    const connecting = system.start()
    for (const line of shared) line.start().catch((error: unknown) => log.error({ err: error }, 'the first attempt to connect to the broker failed'))
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
    this.#line = 'unavailable'
    this.#stalled.clear()
    this.#show('stopped')
    const error = refusal('STOMP_BROKER_STOPPED', undefined, true)
    const ends = [...this.#connections].map((connection) => connection.end(error))
    await Promise.all([...ends, ...running.shared.map((line) => line.stop()), running.system.stop()])
  }

  accepts (destination: string, what: 'send' | 'subscribe'): boolean {
    const { dialect } = this.#settings
    if (destination.startsWith(TEMPORARY_PREFIX)) return dialect.temporaryQueues !== 'none'
    if (destination.startsWith(REPLY_PREFIX)) return what === 'send' && dialect.temporaryQueues !== 'none'
    return this.#names.served(destination, what)
  }

  isPrivate (destination: string): boolean { return destination.startsWith(TEMPORARY_PREFIX) || destination.startsWith(REPLY_PREFIX) }

  async connect (client: BrokerClient, sink: BrokerSink): Promise<BrokerConnection> {
    const running = this.#started()
    const line = running.shared[this.#next++ % Math.max(1, running.shared.length)]
    const connection = await (line === undefined ? this.#openOwn(running, client, sink) : SharedConnection.open(running, client, sink, line))
    this.#connections.add(connection)
    if (this.#running === null) await connection.end(refusal('STOMP_BROKER_STOPPED', undefined, true))
    return connection
  }

  async publish (message: OutgoingMessage): Promise<void> { await this.#started().system.publish(message) }

  publishToUser (message: UserMessage): Done { return this.#running?.system.publishToUser(message) }

  #started (): Running {
    if (this.#running === null) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    return this.#running
  }

  /** One of our connections has reached the broker: the others need not wait for their next attempts. */
  #hurry (): void {
    if (this.#running === null) return
    this.#running.system.hurry()
    for (const line of this.#running.shared) line.hurry()
  }

  async #openOwn (running: Running, client: BrokerClient, sink: BrokerSink): Promise<ClientConnection> {
    await running.system.reachable(client.signal)
    return ClientConnection.open(running, client, sink)
  }

  #setStalled (who: object, yes: boolean): void {
    if (yes) this.#stalled.add(who)
    else if (!this.#stalled.delete(who)) return
    this.#show(yes ? 'the broker confirms nothing' : 'the broker confirms again')
  }

  #show (reason: string): void {
    const state: BrokerState = this.#line === 'available' && this.#stalled.size > 0 ? 'blocked' : this.#line
    if (state === this.#state) return
    this.#state = state
    this.#running?.log.info({ state, reason }, 'the state of the broker')
    for (const listener of this.#listeners) {
      try {
        listener(state, reason)
      } catch (error) {
        this.#running?.log.error({ err: error }, 'a listener for the state of the broker has failed')
      }
    }
  }
}

/**
 * An external broker in place of the embedded one: RabbitMQ, ActiveMQ, or whatever else speaks STOMP over TCP.
 *
 * @throws FST_STOMP_INVALID_OPTION
 */
export function relayBroker (options: RelayBrokerOptions): RelayBroker {
  return new StompRelay(options)
}
