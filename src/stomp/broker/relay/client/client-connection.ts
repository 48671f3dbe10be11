import { createHash } from 'node:crypto'
import type { Frame, FrameHeaders, ServerCommand } from '../../../codec/index.ts'
import { BrokerError, refusal } from '../../../refusals.ts'
import type { BrokerClient, BrokerSink, BrokerSubscription, DeliveryHandle, Done, TransactionStep, OutgoingMessage } from '../../broker.ts'
import { askedPrefetch } from '../../prefetch.ts'
import { Publication } from '../../publication.ts'
import type { RelayConnection, RelayCore } from '../core.ts'
import type { BrokerLink } from '../link/broker-link.ts'
import type { LinkOwner } from '../link/link.ts'
import { REPLY_PREFIX, RelayReplyAddresses, TEMPORARY_PREFIX } from '../messages/addresses.ts'
import { publicationOf, sendHeaders, sentDestination, subscribedDestination, subscribeHeaders } from '../messages/frames.ts'
import { fromReplyTo, toReplyTo } from '../messages/reply-to.ts'
import { headersOf, RelayHandle } from './handles.ts'
import { ClientSubscriptions } from './subscriptions.ts'
import { RelayTemporaryQueues } from './temporary-queues.ts'

/** The headers of a SUBSCRIBE that make the subscription outlive its connection. */
const DURABLE: readonly string[] = ['durable', 'x-queue-name', 'durable-subscription-name']

/** A client's own connection to the broker. It begins and ends with the client (RELAY-18, RELAY-19). */
export class ClientConnection implements RelayConnection, LinkOwner {
  readonly #core: RelayCore
  readonly #sink: BrokerSink
  readonly #user: string
  readonly #addresses = new RelayReplyAddresses()
  readonly #subscriptions = new ClientSubscriptions()
  readonly #temporary: RelayTemporaryQueues
  #link: BrokerLink | null = null
  #serial = 0

  static async open (core: RelayCore, client: BrokerClient, sink: BrokerSink): Promise<ClientConnection> {
    const connection = new ClientConnection(core, client.user, sink)
    try {
      connection.#link = await core.connector.connect(await core.settings.client(client), connection, client.signal)
    } catch (error) {
      // A client that has gone meanwhile is not a failure.
      if (error instanceof BrokerError && !client.signal.aborted) core.clientFailures.tell(error, client.user)
      throw error
    }
    return connection
  }

  private constructor (core: RelayCore, user: string, sink: BrokerSink) {
    this.#core = core
    this.#user = user
    this.#sink = sink
    this.#temporary = new RelayTemporaryQueues(core.settings, this.#subscriptions)
  }

  subscribe ({ key, destination, ack, headers }: BrokerSubscription): Done {
    const link = this.#open()
    if (destination.startsWith(TEMPORARY_PREFIX)) return this.#temporary.open(link, destination, key)
    if (this.#subscriptions.idOf(key) !== undefined) throw refusal('STOMP_INVALID_HEADER', 'id is in use for a temporary queue')
    const { dialect, allowHeaders } = this.#core.settings
    const id = this.#idFor(key, headers)
    const frame = subscribeHeaders(link, id, subscribedDestination(this.#core, destination), ack)
    const granted = ack === 'auto' ? 0 : this.#prefetch(headers)
    if (granted > 0) frame.set(dialect.prefetchHeader, String(granted))
    for (const name of allowHeaders) if (headers.has(name)) frame.add(name, headers.get(name)!)
    this.#subscriptions.add(id, key, ack, granted)
    return link.request('SUBSCRIBE', frame).then(() => {}, (error) => {
      this.#subscriptions.remove(id)
      throw error
    })
  }

  unsubscribe (key: string): Done {
    const id = this.#subscriptions.idOf(key)
    if (id === undefined || this.#link === null) return
    this.#subscriptions.remove(id)
    if (id.startsWith(TEMPORARY_PREFIX) && this.#core.settings.dialect.temporaryQueues !== 'subscribed') return
    return this.#link.request('UNSUBSCRIBE', [['id', id]]).then(() => {})
  }

  publish (message: OutgoingMessage): Done {
    const link = this.#open()
    if (message.destination.startsWith(TEMPORARY_PREFIX)) return this.#deliverToSelf(link, message)
    return link.request('SEND', this.#headersFor(link, message), message.body).then(() => {})
  }

  ack (handles: readonly DeliveryHandle[]): Done { return this.#settle('ACK', handles) }

  nack (handles: readonly DeliveryHandle[]): Done { return this.#settle('NACK', handles) }

  /** Prepares all frames before it writes the first, so that the relay refuses a transaction as a whole (STOMP-T3). */
  commit (steps: readonly TransactionStep[]): Done {
    const link = this.#open()
    const transaction = `t${++this.#serial}`
    const frames: (() => void)[] = []
    const own: OutgoingMessage[] = []
    for (const step of steps) {
      if (step.type !== 'publish') {
        for (const handle of this.#takeLive(step.handles)) {
          const headers = [...headersOf(handle, link.version), ['transaction', transaction] as const]
          frames.push(() => link.send(step.type === 'ack' ? 'ACK' : 'NACK', headers))
        }
      } else if (step.message.destination.startsWith(TEMPORARY_PREFIX)) {
        this.#endUnlessDone(this.#temporary.ensure(link, step.message.destination))
        own.push(step.message)
      } else {
        const { message } = step
        const headers = this.#headersFor(link, message).set('transaction', transaction)
        frames.push(() => link.send('SEND', headers, message.body))
      }
    }
    const deliver = (): void => { for (const message of own) this.#deliverToSelf(link, message) }
    if (frames.length === 0) return deliver()
    link.send('BEGIN', [['transaction', transaction]])
    for (const write of frames) write()
    return link.request('COMMIT', [['transaction', transaction]]).then(deliver)
  }

  resume (): void { this.#link?.resume() }

  room (): Promise<void> | undefined { return this.#link?.room() }

  close (): Done {
    const link = this.#link
    if (link === null) return
    this.#forget()
    return link.close()
  }

  end (error: BrokerError): Done {
    if (this.#link === null) return
    const done = this.close()
    this.#sink.ended(error)
    return done
  }

  // --- LinkOwner ------------------------------------------------------------------------------------------------

  message (id: string, frame: Frame<ServerCommand>): void {
    const subscription = this.#subscriptions.get(id)
    // The message was on its way when the client unsubscribed.
    if (subscription === undefined) return
    const { key, ack } = subscription
    const { headers } = frame
    const replyTo = fromReplyTo(headers.get('reply-to'), this.#core.settings.dialect, this.#addresses)
    const publication = publicationOf(this.#core, frame, id.startsWith(TEMPORARY_PREFIX) ? id : null, replyTo)
    const handle = ack === 'auto' ? null : new RelayHandle(this, id, headers)
    if (publication === null) {
      if (handle !== null) this.#endUnlessDone(this.ack([handle]))
      return
    }
    if (!this.#sink.deliver({ key, publication, handle, redelivered: headers.get('redelivered') === 'true' })) this.#link?.pause()
  }

  subscriptionEnded (id: string, error: BrokerError): void {
    const subscription = this.#subscriptions.get(id)
    if (subscription === undefined) return
    this.#subscriptions.remove(id)
    this.#sink.subscriptionEnded(subscription.key, error)
  }

  refused (error: BrokerError): void { this.end(error) }

  lost (error: BrokerError): void {
    if (this.#link === null) return
    this.#forget()
    this.#core.clientFailures.tell(error, this.#user)
    this.#sink.ended(error)
  }

  // --- inside ---------------------------------------------------------------------------------------------------

  #open (): BrokerLink {
    if (this.#link === null) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    return this.#link
  }

  #forget (): void {
    this.#link = null
    this.#subscriptions.clear()
    this.#core.connections.delete(this)
  }

  /** Makes the id of a subscription. Durable ones share one namespace at the broker, so that their ids name their user (RELAY-21). */
  #idFor (key: string, headers: FrameHeaders): string {
    const { allowHeaders } = this.#core.settings
    if (!DURABLE.some((name) => allowHeaders.has(name) && headers.has(name))) return `s${++this.#serial}`
    if (this.#user === '') throw refusal('STOMP_INVALID_HEADER', 'a durable subscription needs a user')
    return 'd-' + createHash('sha256').update(`${this.#user}\0${key}`).digest('base64url')
  }

  /** Finds the most unacknowledged messages of a new subscription. All subscriptions share the limit of a client (SEC-S28), and each gets one at least. */
  #prefetch (headers: FrameHeaders): number {
    const { prefetch, maxUnacked } = this.#core.settings
    return Math.max(1, Math.min(askedPrefetch(headers) ?? prefetch, maxUnacked - this.#subscriptions.granted))
  }

  #headersFor (link: BrokerLink, message: OutgoingMessage): FrameHeaders {
    const { destination } = message
    const real = destination.startsWith(REPLY_PREFIX) ? this.#addresses.reveal(destination) : sentDestination(this.#core, destination)
    if (real === undefined) throw refusal('STOMP_UNKNOWN_DESTINATION')
    return sendHeaders(this.#core, message, real, this.#replyTo(link, message.headers.get('reply-to')))
  }

  /** Writes a `reply-to` in the broker's form. A temporary queue is opened with it (RELAY-9). */
  #replyTo (link: BrokerLink, replyTo: string | undefined): string | undefined {
    if (replyTo?.startsWith(TEMPORARY_PREFIX) !== true) return toReplyTo(replyTo, this.#core, this.#addresses)
    this.#endUnlessDone(this.#temporary.ensure(link, replyTo))
    return replyTo
  }

  /** Delivers to a temporary queue of this client. Brokers take no SEND to such a queue by its name, and its owner is here. */
  #deliverToSelf (link: BrokerLink, { destination, headers, body }: OutgoingMessage): void {
    this.#endUnlessDone(this.#temporary.ensure(link, destination))
    const { key } = this.#subscriptions.get(destination)!
    this.#sink.deliver({ key, publication: new Publication(destination, this.#core.serial.next(), headers, body), handle: null, redelivered: false })
  }

  /** Ends the connection if the broker refuses a frame for which no operation of the client waits. */
  #endUnlessDone (work: Done): void {
    if (work instanceof Promise) work.catch((error: BrokerError) => { this.end(error) })
  }

  #settle (command: 'ACK' | 'NACK', handles: readonly DeliveryHandle[]): Done {
    const live = this.#takeLive(handles)
    const link = this.#link
    if (link === null || live.length === 0) return
    const last = live.pop()!
    for (const handle of live) link.send(command, headersOf(handle, link.version))
    return link.request(command, headersOf(last, link.version)).then(() => {})
  }

  /** Settles the deliveries of this connection that are not settled yet, and returns them. */
  #takeLive (handles: readonly DeliveryHandle[]): RelayHandle[] {
    const live = handles.filter((handle): handle is RelayHandle => handle instanceof RelayHandle && handle.owner === this && !handle.settled)
    for (const handle of live) handle.settled = true
    return live
  }
}
