import { type BrokerError, refusal } from '../../../refusals.ts'
import type { BrokerClient, BrokerConnection, BrokerSink, BrokerSubscription, DeliveryHandle, Done, Operation, OutgoingMessage } from '../../broker.ts'
import type { Publication } from '../../publication.ts'
import { REPLY_PREFIX, TEMPORARY_PREFIX } from '../messages/addresses.ts'
import { ClientConnection } from '../client/client-connection.ts'
import type { RelayCore } from '../core.ts'
import { Ordering } from './ordering.ts'
import type { SharedTopics } from './shared-topics.ts'

/**
 * A client in mode `shared`: topics without acknowledgements come, and messages go, over the connection of all. What needs a
 * connection of its own (queues, acknowledgements, transactions, temporary queues) makes one when it is first asked for.
 */
export class SharedConnection implements BrokerConnection {
  readonly #core: RelayCore
  readonly #client: BrokerClient
  readonly #sink: BrokerSink
  readonly #line: SharedTopics
  readonly #shared = new Set<string>()
  readonly #order = new Ordering()
  #own: Promise<ClientConnection> | null = null
  #opened: ClientConnection | null = null
  /** Ends the making of its own connection (RELAY-18). */
  readonly #abort = new AbortController()
  #open = true

  static async open (core: RelayCore, client: BrokerClient, sink: BrokerSink, line: SharedTopics): Promise<SharedConnection> {
    const connection = new SharedConnection(core, client, sink, line)
    await line.enter(connection, client.signal)
    return connection
  }

  private constructor (core: RelayCore, client: BrokerClient, sink: BrokerSink, line: SharedTopics) {
    this.#core = core
    this.#client = client
    this.#sink = sink
    this.#line = line
  }

  subscribe (subscription: BrokerSubscription): Done {
    this.#checkOpen()
    const { key, destination, ack, headers } = subscription
    const needsOwn = ack !== 'auto' || !this.#core.settings.dialect.isFanOut(destination) || [...this.#core.settings.allowHeaders].some((name) => headers.has(name))
    if (needsOwn) return this.#byOwn((own) => own.subscribe(subscription) as Done)
    if (this.#shared.has(key)) throw refusal('STOMP_INVALID_HEADER', 'id is in use')
    // From now on it is this line's, though it may have to wait for its turn.
    this.#shared.add(key)
    return this.#byShared(() => this.#line.subscribe(this, key, destination))
  }

  unsubscribe (key: string): Done {
    return this.#shared.delete(key) ? this.#byShared(() => this.#line.unsubscribe(this, key)) : this.#byOwn((own) => own.unsubscribe(key))
  }

  publish (message: OutgoingMessage): Done {
    this.#checkOpen()
    const replyTo = message.headers.get('reply-to') ?? ''
    const needsOwn = [message.destination, replyTo].some((name) => name.startsWith(TEMPORARY_PREFIX) || name.startsWith(REPLY_PREFIX))
    return needsOwn ? this.#byOwn((own) => own.publish(message)) : this.#byShared(() => this.#line.publish(message))
  }

  ack (handles: readonly DeliveryHandle[]): Done { return this.#byOwn((own) => own.ack(handles)) }

  nack (handles: readonly DeliveryHandle[]): Done { return this.#byOwn((own) => own.nack(handles)) }

  commit (operations: readonly Operation[]): Done {
    this.#checkOpen()
    return operations.length === 0 ? undefined : this.#byOwn((own) => own.commit(operations))
  }

  resume (): void { this.#opened?.resume() }

  room (): Promise<void> | undefined { return this.#order.room() ?? this.#line.room() ?? this.#opened?.room() }

  close (): Done {
    if (!this.#open) return
    this.#open = false
    this.#abort.abort()
    this.#line.leave(this)
    this.#core.closed(this)
    return this.#own?.then((own) => own.close(), () => {})
  }

  /** The relay ends the connection. */
  end (error: BrokerError): Done {
    if (!this.#open) return
    const done = this.close()
    this.#sink.ended(error)
    return done
  }

  // --- for the shared topics ------------------------------------------------------------------------------------

  deliver (key: string, publication: Publication): void {
    if (this.#shared.has(key)) this.#sink.deliver({ key, publication, handle: null, redelivered: false })
  }

  subscriptionEnded (key: string, error: BrokerError): void {
    if (this.#shared.delete(key)) this.#sink.subscriptionEnded(key, error)
  }

  // --- inside -------------------------------------------------------------------------------------------------

  #checkOpen (): void {
    if (!this.#open) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
  }

  #byShared (operation: () => Done): Done {
    return this.#order.run(this.#line, () => {
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

  /** Its end is the client's: whoever loses half of what it subscribed to must begin anew. */
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
