import type { BrokerSink, Delivery } from '../broker/broker.ts'
import { StompError } from '../errors.ts'
import type { BrokerError } from '../refusals.ts'
import type { StompSession } from './stomp-session.ts'
import type { Subscription } from './subscriptions.ts'

/** The messages on their way to one client: from the broker, from routes and for its user. */
export class Deliveries implements BrokerSink {
  readonly #session: StompSession
  #draining = false

  constructor (session: StompSession) {
    this.#session = session
  }

  deliver (delivery: Delivery): boolean {
    const session = this.#session
    // Queues keep the messages that cannot be delivered any more.
    if (session.state !== 'connected' || session.ended !== null) return false
    const { key, publication, redelivered, headers } = delivery
    const subscription = session.subscriptions.find(key) ?? this.#implicit(key)
    if (subscription === null) return true
    if (subscription.ack !== 'auto' || redelivered || headers !== undefined) return this.#deliverTracked(subscription, delivery)
    session.time.sent()
    session.host.telemetry.framesOut++
    const asBytes = session.takesBytes(publication.body.isText)
    return this.#sent(session.stream.send(publication.forSubscription(subscription.id, session.version, asBytes, session.host.lines)))
  }

  /** Ends the session with an ERROR, because STOMP has no other way to tell a client that it misses messages. */
  subscriptionEnded (key: string, error: BrokerError): void {
    this.#session.fail(error, { destination: this.#session.subscriptions.find(key)?.destination })
  }

  ended (error: BrokerError): void { this.#session.fail(error) }

  /** Adds a subscription that the broker made for `reply-to:/temp-queue/x` of a SEND. Any other unknown subscription has just ended. */
  #implicit (key: string): Subscription | null {
    const { host, subscriptions } = this.#session
    return host.broker.isPrivate(key) ? subscriptions.add(key, key, 'auto', 'broker') : null
  }

  #deliverTracked (subscription: Subscription, { publication, handle, redelivered, headers }: Delivery): boolean {
    const session = this.#session
    const { subscriptions, version } = session
    const own: (readonly [string, string])[] = []
    if (subscription.id !== undefined) own.push(['subscription', subscription.id])
    if (subscription.ack !== 'auto') {
      if (subscriptions.unacknowledged >= session.host.settings.limits.unacknowledged && handle === null) {
        session.fail(new StompError('STOMP_TOO_MANY_UNACKNOWLEDGED'))
        return true
      }
      const ackId = version === '1.2' ? subscriptions.nextAckId(subscription) : publication.id
      subscriptions.track(subscription, ackId, handle)
      if (version === '1.2') own.push(['ack', ackId])
    }
    if (redelivered) own.push(['redelivered', 'true'])
    if (headers !== undefined) own.push(...headers)
    session.time.sent()
    session.host.telemetry.framesOut++
    return this.#sent(session.stream.send(publication.forDelivery(own, version, session.takesBytes(publication.body.isText), session.host.lines)))
  }

  /** Lets queues wait above the high-water mark until the client has read. */
  #sent (belowHighWater: boolean): boolean {
    if (belowHighWater || this.#draining) return belowHighWater
    this.#draining = true
    const session = this.#session
    session.stream.drained().then(() => {
      this.#draining = false
      if (session.state === 'connected') session.connection?.resume()
    })
    return false
  }
}
