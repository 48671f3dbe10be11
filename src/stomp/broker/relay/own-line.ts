import type {
  AckMode, BrokerClient, BrokerConnection, BrokerError, BrokerSink, BrokerSubscription, DeliveryHandle, Done, Operation, OutgoingMessage
} from '../broker.ts'
import type { Frame, FrameHeaders, ServerCommand } from '../../codec/index.ts'
import { refusal } from '../refusals.ts'
import { ReplyAddresses, REPLY_PREFIX, TEMPORARY_PREFIX } from './addresses.ts'
import { clientHeaders, publicationOf, type RelayCore, sentDestination, subscribedDestination, subscribeFrame } from './core.ts'
import type { Leg, LegOwner } from './leg.ts'
import { fromReplyTo } from './reply-to.ts'
import { Publication } from '../publication.ts'

/** A delivery that the broker wants acknowledged. */
class RelayHandle {
  readonly line: OwnLine
  /** The subscription, as the broker knows it. */
  readonly subscription: string
  readonly ackId: string
  readonly messageId: string
  settled = false

  constructor (line: OwnLine, subscription: string, headers: FrameHeaders) {
    this.line = line
    this.subscription = subscription
    this.messageId = headers.get('message-id') ?? ''
    this.ackId = headers.get('ack') ?? this.messageId
  }
}

interface Subscription {
  readonly key: string
  readonly ack: AckMode
}

/** A client's own connection to the broker: its life is that of the client (RELAY-18, RELAY-19). */
export class OwnLine implements BrokerConnection, LegOwner {
  readonly #core: RelayCore
  readonly #sink: BrokerSink
  readonly #addresses = new ReplyAddresses()
  /** By the ids that the broker knows: ours, or the name of a temporary queue. */
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #idOf = new Map<string, string>()
  #leg: Leg | null = null
  #serial = 0
  #unacked = 0
  /** The sink takes messages. */
  #flowing = true

  static async open (core: RelayCore, client: BrokerClient, sink: BrokerSink): Promise<OwnLine> {
    const line = new OwnLine(core, sink)
    line.#leg = await core.dialer.dial(await core.settings.client(client), line, client.signal)
    return line
  }

  private constructor (core: RelayCore, sink: BrokerSink) {
    this.#core = core
    this.#sink = sink
  }

  subscribe ({ key, destination, ack, headers }: BrokerSubscription): Done {
    const leg = this.#open()
    if (destination.startsWith(TEMPORARY_PREFIX)) return this.#openTemporary(destination, key)
    if (this.#idOf.has(key)) throw refusal('STOMP_INVALID_HEADER', 'id is in use for a temporary queue')
    const frame = subscribeFrame(leg, `s${++this.#serial}`, subscribedDestination(this.#core, destination), ack)
    if (ack !== 'auto') frame.set(this.#core.settings.dialect.prefetchHeader, this.#prefetch(headers.get('prefetch-count')))
    for (const name of this.#core.settings.allowHeaders) if (headers.has(name)) frame.add(name, headers.get(name)!)
    const id = frame.get('id')!
    this.#add(id, key, ack)
    return leg.request('SUBSCRIBE', frame).then(() => {}, (error) => {
      this.#remove(id)
      throw error
    })
  }

  unsubscribe (key: string): Done {
    const id = this.#idOf.get(key)
    if (id === undefined || this.#leg === null) return
    this.#remove(id)
    if (id.startsWith(TEMPORARY_PREFIX) && this.#core.settings.dialect.temporaryQueues !== 'subscribed') return
    return this.#leg.request('UNSUBSCRIBE', [['id', id]]).then(() => {})
  }

  publish (message: OutgoingMessage): Done {
    const leg = this.#open()
    if (message.destination.startsWith(TEMPORARY_PREFIX)) return this.#deliverToSelf(message)
    const headers = this.#headersFor(message)
    return leg.request('SEND', headers, message.body).then(() => {})
  }

  ack (handles: readonly DeliveryHandle[]): Done { return this.#settle('ACK', handles) }

  nack (handles: readonly DeliveryHandle[]): Done { return this.#settle('NACK', handles) }

  /** All frames are ready before the first is written: what we refuse, we refuse as a whole (STOMP-T3). */
  commit (operations: readonly Operation[]): Done {
    const leg = this.#open()
    const transaction = `t${++this.#serial}`
    const steps: (() => void)[] = []
    for (const operation of operations) {
      if (operation.type === 'publish') {
        const { message } = operation
        if (message.destination.startsWith(TEMPORARY_PREFIX)) {
          steps.push(() => this.#deliverToSelf(message))
          continue
        }
        const headers = this.#headersFor(message).set('transaction', transaction)
        steps.push(() => leg.send('SEND', headers, message.body))
      } else {
        for (const handle of this.#live(operation.handles)) {
          const headers = [...this.#naming(leg, handle), ['transaction', transaction] as const]
          steps.push(() => leg.send(operation.type === 'ack' ? 'ACK' : 'NACK', headers))
        }
      }
    }
    if (steps.length === 0) return
    leg.send('BEGIN', [['transaction', transaction]])
    for (const step of steps) step()
    return leg.request('COMMIT', [['transaction', transaction]]).then(() => {})
  }

  resume (): void {
    this.#flowing = true
    this.#adjust()
  }

  room (): Promise<void> | undefined { return this.#leg?.room() }

  close (): Done {
    const leg = this.#leg
    if (leg === null) return
    this.#forget()
    return this.#core.dialer.hangUp(leg)
  }

  /** The relay ends the connection. */
  end (error: BrokerError): Done {
    if (this.#leg === null) return
    const done = this.close()
    this.#sink.ended(error)
    return done
  }

  // --- LegOwner -----------------------------------------------------------------------------------------------

  message (id: string, frame: Frame<ServerCommand>): void {
    const subscription = this.#subscriptions.get(id)
    // It has been unsubscribed, and the message was on its way.
    if (subscription === undefined) return
    const { key, ack } = subscription
    const { headers } = frame
    const publication = publicationOf(this.#core, frame, id.startsWith(TEMPORARY_PREFIX) ? id : null,
      fromReplyTo(headers.get('reply-to'), this.#core.settings.dialect, this.#addresses))
    const handle = ack === 'auto' || id.startsWith(TEMPORARY_PREFIX) ? null : new RelayHandle(this, id, headers)
    if (publication === null) {
      if (handle !== null) this.#unattended(this.ack([handle]))
      return
    }
    if (handle !== null) this.#unacked++
    if (!this.#sink.deliver({ key, publication, handle, redelivered: headers.get('redelivered') === 'true' })) this.#flowing = false
    this.#adjust()
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
    if (this.#leg === null) return
    this.#forget()
    this.#sink.ended(error)
  }

  // --- inside -------------------------------------------------------------------------------------------------

  #open (): Leg {
    if (this.#leg === null) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    return this.#leg
  }

  #forget (): void {
    this.#leg = null
    this.#subscriptions.clear()
    this.#idOf.clear()
    this.#core.stalled(this, false)
    this.#core.closed(this)
  }

  #add (id: string, key: string, ack: AckMode): void {
    this.#subscriptions.set(id, { key, ack })
    this.#idOf.set(key, id)
  }

  #remove (id: string): void {
    const subscription = this.#subscriptions.get(id)
    if (subscription === undefined) return
    this.#subscriptions.delete(id)
    if (this.#idOf.get(subscription.key) === id) this.#idOf.delete(subscription.key)
  }

  /** Above so many unacknowledged messages nothing more is read, whatever the broker's own prefetch says (SEC-S28). */
  #adjust (): void {
    if (this.#flowing && this.#unacked < this.#core.settings.maxUnacked) this.#leg?.resume()
    else this.#leg?.pause()
  }

  #prefetch (asked: string | undefined): string {
    const { prefetch } = this.#core.settings
    if (asked === undefined || asked === '0') return String(prefetch)
    if (!/^\d{1,9}$/.test(asked)) throw refusal('STOMP_INVALID_HEADER', 'prefetch-count must be a number of messages')
    return String(Math.min(Number(asked), this.#core.settings.maxUnacked))
  }

  #headersFor (message: OutgoingMessage): FrameHeaders {
    const { destination } = message
    const replyTo = message.headers.get('reply-to')
    const real = destination.startsWith(REPLY_PREFIX) ? this.#addresses.reveal(destination) : sentDestination(this.#core, destination)
    if (real === undefined) throw refusal('STOMP_UNKNOWN_DESTINATION')
    return clientHeaders(this.#core, message, real, replyTo === undefined ? undefined : this.#replyTo(replyTo))
  }

  /** `reply-to` in the broker's form; a temporary queue is opened with it (RELAY-9). */
  #replyTo (replyTo: string): string {
    const { dialect, destinations } = this.#core.settings
    if (replyTo.startsWith(TEMPORARY_PREFIX)) {
      if (!this.#subscriptions.has(replyTo)) this.#unattended(this.#openTemporary(replyTo, replyTo))
      return replyTo
    }
    if (replyTo.startsWith(REPLY_PREFIX)) return this.#addresses.reveal(replyTo) ?? replyTo
    return destinations.prefixes.some(([prefix]) => replyTo.startsWith(prefix + '/')) ? dialect.toBroker(replyTo, 'send') : replyTo
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
    const count = [...this.#subscriptions.keys()].filter((id) => id.startsWith(TEMPORARY_PREFIX)).length
    if (count >= maxTemporaryQueues) throw refusal('STOMP_TOO_MANY_TEMPORARY_QUEUES', `at most ${maxTemporaryQueues}`)
    if (this.#idOf.has(key)) throw refusal('STOMP_INVALID_HEADER', 'reply-to is the id of another subscription')
    this.#add(name, key, 'auto')
    if (dialect.temporaryQueues === 'subscribed') return this.#open().request('SUBSCRIBE', [['id', name], ['destination', name], ['ack', 'auto']]).then(() => {})
  }

  /** Brokers take no SEND to a temporary queue by its name; and its owner is here. */
  #deliverToSelf ({ destination, headers, body }: OutgoingMessage): void {
    if (!this.#subscriptions.has(destination)) this.#unattended(this.#openTemporary(destination, destination))
    const { key } = this.#subscriptions.get(destination)!
    this.#sink.deliver({ key, publication: new Publication(destination, this.#core.serial.next(), headers, body), handle: null, redelivered: false })
  }

  /** What nobody waits for: if the broker refuses it, the client must know all the same. */
  #unattended (work: Done): void {
    if (work instanceof Promise) work.catch((error: BrokerError) => { this.end(error) })
  }

  #settle (command: 'ACK' | 'NACK', handles: readonly DeliveryHandle[]): Done {
    const live = this.#live(handles)
    const leg = this.#leg
    if (leg === null || live.length === 0) return
    const last = live.pop()!
    for (const handle of live) leg.send(command, this.#naming(leg, handle))
    this.#adjust()
    return leg.request(command, this.#naming(leg, last)).then(() => {})
  }

  /** Those that are ours and not settled yet; settles them. */
  #live (handles: readonly DeliveryHandle[]): RelayHandle[] {
    const live = handles.filter((handle): handle is RelayHandle => handle instanceof RelayHandle && handle.line === this && !handle.settled)
    for (const handle of live) handle.settled = true
    this.#unacked -= live.length
    return live
  }

  /** STOMP-A2: each version names a delivery in its own way (RELAY-2). */
  #naming ({ version }: Leg, { ackId, messageId, subscription }: RelayHandle): (readonly [string, string])[] {
    return version === '1.2' ? [['id', ackId]] : version === '1.1' ? [['message-id', messageId], ['subscription', subscription]] : [['message-id', messageId]]
  }
}
