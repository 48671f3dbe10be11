import type { AckMode, DeliveryHandle } from '../broker/broker.ts'
import type { Owner } from '../destinations.ts'
import { StompError } from '../errors.ts'

/** A delivered message that waits for its ACK. */
export interface Unacknowledged {
  readonly handle: DeliveryHandle | null
  /** The open transaction that has acknowledged it (STOMP-A6). Only its identity counts. */
  claimedBy: object | null
}

/** The answers of a route to a subscription. They end with it. */
export interface Feed {
  /** Resolves when the route has answered or begun to stream. It never rejects. */
  readonly ready: Promise<void>
  stop (): void
}

/** One subscription of a session. */
export class Subscription {
  /** The name for the broker. It is the id of the client, or made from the destination where a client of 1.0 gave none (STOMP-S5). */
  readonly key: string
  /** The id that the client gave. */
  readonly id: string | undefined
  /** The destination as the client wrote it. */
  readonly destination: string
  readonly ack: AckMode
  /** The owner of the destination, which sends the messages. */
  readonly source: Owner
  /** The number on the connection, which is the first part of its ack ids. */
  readonly serial: number
  /** The deliveries by ack id (1.2) or message id (1.0, 1.1), the oldest first. */
  readonly unacknowledged = new Map<string, Unacknowledged>()
  feed: Feed | null = null
  /** True when the application was told of the subscription. */
  registered = false

  constructor (serial: number, id: string | undefined, destination: string, ack: AckMode, source: Owner) {
    this.serial = serial
    this.id = id
    this.key = id ?? keyOfDestination(destination)
    this.destination = destination
    this.ack = ack
    this.source = source
  }
}

function keyOfDestination (destination: string): string {
  return '\0' + destination
}

/** The subscriptions of one session, by key, and by number for acknowledgements. */
export class Subscriptions {
  readonly #byKey = new Map<string, Subscription>()
  readonly #bySerial = new Map<number, Subscription>()
  #serial = 0
  #deliveries = 0
  /** The number of messages that wait for their ACK, in all subscriptions. */
  unacknowledged = 0

  get size (): number { return this.#byKey.size }

  [Symbol.iterator] (): IterableIterator<Subscription> { return this.#byKey.values() }

  find (key: string): Subscription | undefined { return this.#byKey.get(key) }

  /** Finds the subscription that an UNSUBSCRIBE means. A client of 1.0 may name the destination instead (STOMP-S5). */
  named (id: string | undefined, destination: string | undefined): Subscription | undefined {
    if (id !== undefined) return this.#byKey.get(id)
    return destination === undefined ? undefined : this.#byKey.get(keyOfDestination(destination))
  }

  /** Adds a subscription. Its id is new on the connection (STOMP-S2). */
  add (id: string | undefined, destination: string, ack: AckMode, source: Owner): Subscription {
    const subscription = new Subscription(++this.#serial, id, destination, ack, source)
    if (this.#byKey.has(subscription.key)) throw new StompError('STOMP_DUPLICATE_SUBSCRIPTION')
    this.#byKey.set(subscription.key, subscription)
    this.#bySerial.set(subscription.serial, subscription)
    return subscription
  }

  remove (subscription: Subscription): void {
    if (!this.#byKey.delete(subscription.key)) return
    this.#bySerial.delete(subscription.serial)
    this.unacknowledged -= subscription.unacknowledged.size
    subscription.unacknowledged.clear()
  }

  /** Makes an ack id for a delivery (STOMP-M3). */
  nextAckId (subscription: Subscription): string {
    return `${subscription.serial}-${++this.#deliveries}`
  }

  track (subscription: Subscription, key: string, handle: DeliveryHandle | null): void {
    subscription.unacknowledged.set(key, { handle, claimedBy: null })
    this.unacknowledged++
  }

  /** Finds the subscription of an ack id of 1.2. */
  ofAckId (ackId: string): Subscription | undefined {
    return this.#bySerial.get(Number.parseInt(ackId, 10))
  }

  /** Finds the subscription of a message. STOMP 1.0 names the message alone. */
  holding (messageId: string): Subscription | undefined {
    for (const subscription of this) if (subscription.unacknowledged.has(messageId)) return subscription
    return undefined
  }

  /** Claims every delivery that an ACK or NACK means: one, or in `client` mode all up to it (STOMP-A1). */
  claim (subscription: Subscription, key: string, transaction: object | null): Claim {
    const named = subscription.unacknowledged.get(key)
    if (named === undefined || named.claimedBy !== null) throw new StompError('STOMP_UNKNOWN_MESSAGE')
    const keys: string[] = []
    if (subscription.ack === 'client') {
      for (const [earlier, entry] of subscription.unacknowledged) {
        if (entry.claimedBy === null) keys.push(earlier)
        if (earlier === key) break
      }
    } else {
      keys.push(key)
    }
    const handles: DeliveryHandle[] = []
    for (const each of keys) {
      const entry = subscription.unacknowledged.get(each)!
      entry.claimedBy = transaction
      if (entry.handle !== null) handles.push(entry.handle)
    }
    const claim = { subscription, keys, handles }
    if (transaction === null) this.settle(claim)
    return claim
  }

  /** Forgets deliveries that are acknowledged for good. */
  settle ({ subscription, keys }: Claim): void {
    for (const key of keys) if (subscription.unacknowledged.delete(key)) this.unacknowledged--
  }

  /** Lets deliveries wait again, because their transaction was aborted (STOMP-A6). */
  release ({ subscription, keys }: Claim): void {
    for (const key of keys) {
      const entry = subscription.unacknowledged.get(key)
      if (entry !== undefined) entry.claimedBy = null
    }
  }
}

/** The deliveries that one ACK or NACK means. */
export interface Claim {
  readonly subscription: Subscription
  readonly keys: readonly string[]
  readonly handles: readonly DeliveryHandle[]
}
