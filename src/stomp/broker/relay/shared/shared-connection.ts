import { type BrokerError, refusal } from '../../../refusals.ts'
import type { BrokerClient, BrokerSink, BrokerSubscription, DeliveryHandle, Done, TransactionStep, OutgoingMessage } from '../../broker.ts'
import { ClientConnection } from '../client/client-connection.ts'
import type { RelayConnection, RelayCore } from '../core.ts'
import { REPLY_PREFIX, TEMPORARY_PREFIX } from '../messages/addresses.ts'
import { Ordering } from './ordering.ts'
import { SharedClient, type SharedTopics } from './shared-topics.ts'

/**
 * The connection of a client in mode `shared`. Topics without acknowledgements and messages go over the connection of all.
 *
 * Queues, acknowledgements, transactions and temporary queues need a connection of the client's own, which is made when it is first needed.
 */
export class SharedConnection implements RelayConnection {
  readonly #core: RelayCore
  readonly #client: BrokerClient
  readonly #sink: BrokerSink
  readonly #topics: SharedTopics
  readonly #shared: SharedClient
  readonly #order = new Ordering()
  #own: Promise<ClientConnection> | null = null
  #opened: ClientConnection | null = null
  /** Ends the attempt to make the client's own connection (RELAY-18). */
  readonly #abort = new AbortController()
  #open = true

  static async open (core: RelayCore, client: BrokerClient, sink: BrokerSink, topics: SharedTopics): Promise<SharedConnection> {
    const connection = new SharedConnection(core, client, sink, topics)
    await topics.enter(connection.#shared, client.signal)
    return connection
  }

  private constructor (core: RelayCore, client: BrokerClient, sink: BrokerSink, topics: SharedTopics) {
    this.#core = core
    this.#client = client
    this.#sink = sink
    this.#topics = topics
    this.#shared = new SharedClient(this, sink)
  }

  subscribe (subscription: BrokerSubscription): Done {
    this.#checkOpen()
    const { key, destination, ack, headers } = subscription
    const { dialect, allowHeaders } = this.#core.settings
    const needsOwn = ack !== 'auto' || !dialect.isFanOut(destination) || [...allowHeaders].some((name) => headers.has(name))
    if (needsOwn) return this.#byOwn((own) => own.subscribe(subscription) as Done)
    if (this.#shared.keys.has(key)) throw refusal('STOMP_INVALID_HEADER', 'id is in use')
    // The key is taken from now on, though the operation may have to wait for earlier ones.
    this.#shared.keys.add(key)
    return this.#byShared(() => this.#topics.subscribe(this.#shared, key, destination))
  }

  unsubscribe (key: string): Done {
    return this.#shared.keys.delete(key) ? this.#byShared(() => this.#topics.unsubscribe(this.#shared, key)) : this.#byOwn((own) => own.unsubscribe(key))
  }

  publish (message: OutgoingMessage): Done {
    this.#checkOpen()
    const replyTo = message.headers.get('reply-to') ?? ''
    const needsOwn = [message.destination, replyTo].some((name) => name.startsWith(TEMPORARY_PREFIX) || name.startsWith(REPLY_PREFIX))
    return needsOwn ? this.#byOwn((own) => own.publish(message)) : this.#byShared(() => this.#topics.publish(message))
  }

  ack (handles: readonly DeliveryHandle[]): Done { return this.#byOwn((own) => own.ack(handles)) }

  nack (handles: readonly DeliveryHandle[]): Done { return this.#byOwn((own) => own.nack(handles)) }

  commit (steps: readonly TransactionStep[]): Done {
    this.#checkOpen()
    return steps.length === 0 ? undefined : this.#byOwn((own) => own.commit(steps))
  }

  resume (): void { this.#opened?.resume() }

  room (): Promise<void> | undefined { return this.#order.room() ?? this.#topics.link.current?.room() ?? this.#opened?.room() }

  close (): Done {
    if (!this.#open) return
    this.#open = false
    this.#abort.abort()
    this.#topics.leave(this.#shared)
    this.#core.connections.delete(this)
    return this.#own?.then((own) => own.close(), () => {})
  }

  end (error: BrokerError): Done {
    if (!this.#open) return
    const done = this.close()
    this.#sink.ended(error)
    return done
  }

  #checkOpen (): void {
    if (!this.#open) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
  }

  #byShared (operation: () => Done): Done {
    return this.#order.run(this.#topics, () => {
      this.#checkOpen()
      return operation()
    })
  }

  #byOwn (operation: (own: ClientConnection) => Done): Done {
    return this.#order.run(this, () => {
      this.#checkOpen()
      return this.#opened === null ? this.#openOwn().then(operation) : operation(this.#opened)
    })
  }

  /** Makes the client's own connection. When it ends, the client ends too, because it has lost half of its subscriptions. */
  #openOwn (): Promise<ClientConnection> {
    this.#own ??= ClientConnection.open(this.#core, { ...this.#client, signal: this.#abort.signal }, {
      deliver: (delivery) => this.#sink.deliver(delivery),
      subscriptionEnded: (key, error) => this.#sink.subscriptionEnded(key, error),
      ended: (error) => { this.end(error) }
    }).then(async (own) => {
      if (this.#open) return (this.#opened = own)
      await own.close()
      throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    })
    return this.#own
  }
}
