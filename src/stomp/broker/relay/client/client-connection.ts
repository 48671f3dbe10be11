import { createHash } from 'node:crypto'
import type { Frame, FrameHeaders, ServerCommand } from '../../../codec/index.ts'
import { BrokerError, refusal } from '../../../refusals.ts'
import type { AckMode, BrokerClient, BrokerConnection, BrokerSink, BrokerSubscription, DeliveryHandle, Done, Operation, OutgoingMessage } from '../../broker.ts'
import { Publication } from '../../publication.ts'
import { REPLY_PREFIX, ReplyAddresses, TEMPORARY_PREFIX } from '../messages/addresses.ts'
import type { BrokerLink, BrokerLinkOwner } from '../link/broker-link.ts'
import { clientHeaders, publicationOf, type RelayCore, sentDestination, subscribedDestination, subscribeFrame } from '../core.ts'
import { fromReplyTo, toReplyTo } from '../messages/reply-to.ts'

/** A delivery that the broker wants acknowledged. */
class RelayHandle {
  readonly line: ClientConnection
  /** The subscription, as the broker knows it. */
  readonly subscription: string
  readonly ackId: string
  readonly messageId: string
  settled = false

  constructor (line: ClientConnection, subscription: string, headers: FrameHeaders) {
    this.line = line
    this.subscription = subscription
    this.messageId = headers.get('message-id') ?? ''
    this.ackId = headers.get('ack') ?? this.messageId
  }
}

interface Subscription {
  readonly key: string
  readonly ack: AckMode
  /** How many unacknowledged messages it may have. */
  readonly granted: number
}

/** A client's own connection to the broker: its life is that of the client (RELAY-18, RELAY-19). */
export class ClientConnection implements BrokerConnection, BrokerLinkOwner {
  readonly #core: RelayCore
  readonly #sink: BrokerSink
  readonly #addresses = new ReplyAddresses()
  /** By the ids that the broker knows: ours, or the name of a temporary queue. */
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #idOf = new Map<string, string>()
  #link: BrokerLink | null = null
  readonly #temporaryNames = new Set<string>()
  readonly #user: string
  #serial = 0

  static async open (core: RelayCore, client: BrokerClient, sink: BrokerSink): Promise<ClientConnection> {
    const line = new ClientConnection(core, client.user, sink)
    try {
      line.#link = await core.connector.connect(await core.settings.client(client), line, client.signal)
    } catch (error) {
      // That of a client which has gone meanwhile is no failure.
      if (error instanceof BrokerError && !client.signal.aborted) core.clientFailures.tell(error, client.user)
      throw error
    }
    return line
  }

  private constructor (core: RelayCore, user: string, sink: BrokerSink) {
    this.#core = core
    this.#user = user
    this.#sink = sink
  }

  subscribe ({ key, destination, ack, headers }: BrokerSubscription): Done {
    const link = this.#open()
    if (destination.startsWith(TEMPORARY_PREFIX)) return this.#openTemporary(destination, key)
    if (this.#idOf.has(key)) throw refusal('STOMP_INVALID_HEADER', 'id is in use for a temporary queue')
    const frame = subscribeFrame(link, this.#idFor(key, headers), subscribedDestination(this.#core, destination), ack)
    const granted = ack === 'auto' ? 0 : this.#prefetch(headers.get('prefetch-count'))
    if (granted > 0) frame.set(this.#core.settings.dialect.prefetchHeader, String(granted))
    for (const name of this.#core.settings.allowHeaders) if (headers.has(name)) frame.add(name, headers.get(name)!)
    const id = frame.get('id')!
    this.#add(id, key, ack, granted)
    return link.request('SUBSCRIBE', frame).then(() => {}, (error) => {
      this.#remove(id)
      throw error
    })
  }

  unsubscribe (key: string): Done {
    const id = this.#idOf.get(key)
    if (id === undefined || this.#link === null) return
    this.#remove(id)
    if (id.startsWith(TEMPORARY_PREFIX) && this.#core.settings.dialect.temporaryQueues !== 'subscribed') return
    return this.#link.request('UNSUBSCRIBE', [['id', id]]).then(() => {})
  }

  publish (message: OutgoingMessage): Done {
    const link = this.#open()
    if (message.destination.startsWith(TEMPORARY_PREFIX)) return this.#deliverToSelf(message)
    const headers = this.#headersFor(message)
    return link.request('SEND', headers, message.body).then(() => {})
  }

  ack (handles: readonly DeliveryHandle[]): Done { return this.#settle('ACK', handles) }

  nack (handles: readonly DeliveryHandle[]): Done { return this.#settle('NACK', handles) }

  /** All frames are ready before the first is written: what we refuse, we refuse as a whole (STOMP-T3). */
  commit (operations: readonly Operation[]): Done {
    const link = this.#open()
    const transaction = `t${++this.#serial}`
    const frames: (() => void)[] = []
    const own: OutgoingMessage[] = []
    for (const operation of operations) {
      if (operation.type !== 'publish') {
        for (const handle of this.#live(operation.handles)) {
          const headers = [...this.#naming(link, handle), ['transaction', transaction] as const]
          frames.push(() => link.send(operation.type === 'ack' ? 'ACK' : 'NACK', headers))
        }
      } else if (operation.message.destination.startsWith(TEMPORARY_PREFIX)) {
        this.#ensureTemporary(operation.message.destination)
        own.push(operation.message)
      } else {
        const { message } = operation
        const headers = this.#headersFor(message).set('transaction', transaction)
        frames.push(() => link.send('SEND', headers, message.body))
      }
    }
    const deliver = (): void => { for (const message of own) this.#deliverToSelf(message) }
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

  /** The relay ends the connection. */
  end (error: BrokerError): Done {
    if (this.#link === null) return
    const done = this.close()
    this.#sink.ended(error)
    return done
  }

  // --- BrokerLinkOwner -----------------------------------------------------------------------------------------------

  message (id: string, frame: Frame<ServerCommand>): void {
    const subscription = this.#subscriptions.get(id)
    // It has been unsubscribed, and the message was on its way.
    if (subscription === undefined) return
    const { key, ack } = subscription
    const { headers } = frame
    const publication = publicationOf(this.#core, frame, id.startsWith(TEMPORARY_PREFIX) ? id : null,
      fromReplyTo(headers.get('reply-to'), this.#core.settings.dialect, this.#addresses))
    const handle = ack === 'auto' ? null : new RelayHandle(this, id, headers)
    if (publication === null) {
      if (handle !== null) this.#unattended(this.ack([handle]))
      return
    }
    if (!this.#sink.deliver({ key, publication, handle, redelivered: headers.get('redelivered') === 'true' })) this.#link?.pause()
  }

  subscriptionEnded (id: string, error: BrokerError): void {
    const subscription = this.#subscriptions.get(id)
    if (subscription === undefined) return
    this.#remove(id)
    this.#sink.subscriptionEnded(subscription.key, error)
  }

  refused (error: BrokerError): void { this.end(error) }

  stalled (yes: boolean): void { this.#core.stalled(this, yes) }

  lost (error: BrokerError): void {
    if (this.#link === null) return
    this.#forget()
    this.#core.clientFailures.tell(error, this.#user)
    this.#sink.ended(error)
  }

  // --- inside -------------------------------------------------------------------------------------------------

  #open (): BrokerLink {
    if (this.#link === null) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    return this.#link
  }

  #forget (): void {
    this.#link = null
    this.#subscriptions.clear()
    this.#idOf.clear()
    this.#core.stalled(this, false)
    this.#core.closed(this)
  }

  #add (id: string, key: string, ack: AckMode, granted = 0): void {
    this.#subscriptions.set(id, { key, ack, granted })
    this.#idOf.set(key, id)
  }

  #remove (id: string): void {
    const subscription = this.#subscriptions.get(id)
    if (subscription === undefined) return
    this.#subscriptions.delete(id)
    if (this.#idOf.get(subscription.key) === id) this.#idOf.delete(subscription.key)
  }

  /** Durable subscriptions are one namespace at the broker: theirs are named after their user (RELAY-21). */
  #idFor (key: string, headers: FrameHeaders): string {
    const durable = ['durable', 'x-queue-name', 'durable-subscription-name'].some((name) => this.#core.settings.allowHeaders.has(name) && headers.has(name))
    if (!durable) return `s${++this.#serial}`
    if (this.#user === '') throw refusal('STOMP_INVALID_HEADER', 'a durable subscription needs a user')
    return 'd-' + createHash('sha256').update(`${this.#user}\0${key}`).digest('base64url')
  }

  /** What one subscription may hold unacknowledged: all together not more than a client may (SEC-S28), and each at least one. */
  #prefetch (asked: string | undefined): number {
    const { prefetch, maxUnacked } = this.#core.settings
    if (asked !== undefined && !/^\d{1,9}$/.test(asked)) throw refusal('STOMP_INVALID_HEADER', 'prefetch-count must be a number of messages')
    const given = [...this.#subscriptions.values()].reduce((sum, { granted }) => sum + granted, 0)
    return Math.max(1, Math.min(Number(asked ?? 0) || prefetch, maxUnacked - given))
  }

  #headersFor (message: OutgoingMessage): FrameHeaders {
    const { destination } = message
    const replyTo = message.headers.get('reply-to')
    const real = destination.startsWith(REPLY_PREFIX) ? this.#addresses.reveal(destination) : sentDestination(this.#core, destination)
    if (real === undefined) throw refusal('STOMP_UNKNOWN_DESTINATION')
    return clientHeaders(this.#core, message, real, replyTo === undefined ? undefined : this.#replyTo(replyTo))
  }

  /** `reply-to` in the broker's form; a temporary queue is opened with it (RELAY-9). */
  #replyTo (replyTo: string): string | undefined {
    if (!replyTo.startsWith(TEMPORARY_PREFIX)) return toReplyTo(replyTo, this.#core.settings, this.#addresses)
    this.#ensureTemporary(replyTo)
    return replyTo
  }

  #ensureTemporary (name: string): void {
    if (!this.#subscriptions.has(name)) this.#unattended(this.#openTemporary(name, name))
  }

  /** Its name is the id of its subscription, for that is what brokers make of it themselves. */
  #openTemporary (name: string, key: string): Done {
    const { dialect, maxTemporaryQueues } = this.#core.settings
    if (dialect.temporaryQueues === 'none') throw refusal('STOMP_INVALID_DESTINATION', 'there are no temporary queues here')
    if (!/^\/temp-queue\/[\w.-]{1,100}$/.test(name)) throw refusal('STOMP_INVALID_DESTINATION', 'the name of a temporary queue has letters, digits, . _ and -')
    const known = this.#subscriptions.get(name)
    if (known !== undefined) {
      // Whoever subscribes to its temporary queue itself takes over the subscription that was made for it.
      this.#remove(name)
      this.#add(name, key, 'auto')
      return
    }
    // The broker may keep each name for as long as the connection lives.
    if (this.#temporaryNames.size >= maxTemporaryQueues && !this.#temporaryNames.has(name)) throw refusal('STOMP_TOO_MANY_TEMPORARY_QUEUES', `at most ${maxTemporaryQueues}`)
    if (this.#idOf.has(key)) throw refusal('STOMP_INVALID_HEADER', 'reply-to is the id of another subscription')
    this.#temporaryNames.add(name)
    this.#add(name, key, 'auto')
    if (dialect.temporaryQueues === 'subscribed') return this.#open().request('SUBSCRIBE', [['id', name], ['destination', name], ['ack', 'auto']]).then(() => {})
  }

  /** Brokers take no SEND to a temporary queue by its name; and its owner is here. */
  #deliverToSelf ({ destination, headers, body }: OutgoingMessage): void {
    this.#ensureTemporary(destination)
    const { key } = this.#subscriptions.get(destination)!
    this.#sink.deliver({ key, publication: new Publication(destination, this.#core.serial.next(), headers, body), handle: null, redelivered: false })
  }

  /** What nobody waits for: if the broker refuses it, the client must know all the same. */
  #unattended (work: Done): void {
    if (work instanceof Promise) work.catch((error: BrokerError) => { this.end(error) })
  }

  #settle (command: 'ACK' | 'NACK', handles: readonly DeliveryHandle[]): Done {
    const live = this.#live(handles)
    const link = this.#link
    if (link === null || live.length === 0) return
    const last = live.pop()!
    for (const handle of live) link.send(command, this.#naming(link, handle))
    return link.request(command, this.#naming(link, last)).then(() => {})
  }

  /** Those that are ours and not settled yet; settles them. */
  #live (handles: readonly DeliveryHandle[]): RelayHandle[] {
    const live = handles.filter((handle): handle is RelayHandle => handle instanceof RelayHandle && handle.line === this && !handle.settled)
    for (const handle of live) handle.settled = true
    return live
  }

  /** STOMP-A2: each version names a delivery in its own way (RELAY-2). */
  #naming ({ version }: BrokerLink, { ackId, messageId, subscription }: RelayHandle): (readonly [string, string])[] {
    return version === '1.2' ? [['id', ackId]] : version === '1.1' ? [['message-id', messageId], ['subscription', subscription]] : [['message-id', messageId]]
  }
}
