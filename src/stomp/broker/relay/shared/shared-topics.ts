import type { Frame, ServerCommand } from '../../../codec/index.ts'
import { type BrokerError, refusal } from '../../../refusals.ts'
import type { Done, OutgoingMessage } from '../../broker.ts'
import type { BrokerLink } from '../link/broker-link.ts'
import { clientHeaders, linkContext, publicationOf, type RelayCore, sentDestination, subscribedDestination, subscribeFrame } from '../core.ts'
import { ReconnectingLink, type ReconnectingLinkOwner } from '../link/reconnecting-link.ts'
import { fromReplyTo, toReplyTo } from '../messages/reply-to.ts'
import type { SharedConnection } from './shared-connection.ts'

/** One subscription at the broker, for all clients that want the same. */
class SharedTopic {
  readonly id: string
  readonly destination: string
  /** Each with the keys of its own subscriptions. */
  readonly members = new Map<SharedConnection, Set<string>>()
  ready: Done = undefined

  constructor (id: string, destination: string) {
    this.id = id
    this.destination = destination
  }
}

/** A connection to the broker that many clients share: 10,000 of them on one topic cost the broker one subscription. */
export class SharedTopics implements ReconnectingLinkOwner {
  readonly name: string
  readonly #core: RelayCore
  readonly #reconnecting: ReconnectingLink
  /** Each with its own topics, by the keys of its subscriptions. */
  readonly #clients = new Map<SharedConnection, Map<string, SharedTopic>>()
  readonly #byDestination = new Map<string, SharedTopic>()
  readonly #byId = new Map<string, SharedTopic>()
  #serial = 0

  constructor (core: RelayCore, name: string) {
    this.#core = core
    this.name = name
    this.#reconnecting = new ReconnectingLink(linkContext(core), this)
  }

  /** Subscriptions at the broker. */
  get topics (): number { return this.#byId.size }

  /** Makes the first attempt; resolves however that ends. */
  start (): Promise<void> { return this.#reconnecting.start() }

  /** The broker has just been reached by another way. */
  hurry (): void { this.#reconnecting.hurry() }

  stop (): Promise<void> { return this.#reconnecting.stop() }

  /** A client comes; while the connection is not there, it waits for the next attempt. */
  async enter (client: SharedConnection, signal: AbortSignal): Promise<void> {
    await this.#reconnecting.required(signal)
    this.#clients.set(client, new Map())
  }

  leave (client: SharedConnection): void {
    const topics = this.#clients.get(client)
    if (topics === undefined) return
    this.#clients.delete(client)
    for (const topic of new Set(topics.values())) if (topic.members.delete(client)) this.#abandon(topic)
  }

  subscribe (client: SharedConnection, key: string, name: string): Done {
    const destination = subscribedDestination(this.#core, name)
    let topic = this.#byDestination.get(destination)
    if (topic === undefined) topic = this.#open(this.#link(), destination)
    this.#clients.get(client)?.set(key, topic)
    const keys = topic.members.get(client)
    if (keys === undefined) topic.members.set(client, new Set([key]))
    else keys.add(key)
    return topic.ready
  }

  /** Nothing comes to the client any more when this returns; the broker is told when nobody is left. */
  unsubscribe (client: SharedConnection, key: string): void {
    const topics = this.#clients.get(client)
    const topic = topics?.get(key)
    const keys = topic?.members.get(client)
    if (topics === undefined || topic === undefined || keys === undefined) return
    topics.delete(key)
    keys.delete(key)
    if (keys.size > 0) return
    topic.members.delete(client)
    this.#abandon(topic)
  }

  publish (message: OutgoingMessage): Done {
    const replyTo = toReplyTo(message.headers.get('reply-to'), this.#core.settings, null)
    return this.#link().request('SEND', clientHeaders(this.#core, message, sentDestination(this.#core, message.destination), replyTo), message.body).then(() => {})
  }

  room (): Promise<void> | undefined { return this.#reconnecting.link?.room() }

  // --- ReconnectingLinkOwner ------------------------------------------------------------------------------------------

  up (): void { this.#core.reached() }

  /** What was missed meanwhile nobody knows: clients must be told, and STOMP has no other word for it than an ERROR. */
  down (error: BrokerError): void {
    const clients = [...this.#clients.keys()]
    this.#clients.clear()
    this.#byDestination.clear()
    this.#byId.clear()
    this.#core.stalled(this, false)
    for (const client of clients) client.end(error)
  }

  message (id: string, frame: Frame<ServerCommand>): void {
    const topic = this.#byId.get(id)
    if (topic === undefined) return
    // Shared by all: there is no address here that only one of them may know.
    const publication = publicationOf(this.#core, frame, null, fromReplyTo(frame.headers.get('reply-to'), this.#core.settings.dialect, null))
    if (publication === null) return
    for (const [client, keys] of topic.members) for (const key of keys) client.deliver(key, publication)
  }

  subscriptionEnded (id: string, error: BrokerError): void {
    const topic = this.#byId.get(id)
    if (topic === undefined) return
    this.#remove(topic)
    for (const [client, keys] of topic.members) {
      for (const key of keys) {
        this.#clients.get(client)?.delete(key)
        client.subscriptionEnded(key, error)
      }
    }
  }

  refused (error: BrokerError): void {
    this.#core.log.warn({ code: error.code }, 'the broker has refused a frame, and it is not known whose')
  }

  stalled (yes: boolean): void { this.#core.stalled(this, yes) }

  // --- inside -------------------------------------------------------------------------------------------------

  #link (): BrokerLink {
    const { link } = this.#reconnecting
    if (link === null) throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    return link
  }

  #open (link: BrokerLink, destination: string): SharedTopic {
    const topic = new SharedTopic(`t${++this.#serial}`, destination)
    this.#byDestination.set(destination, topic)
    this.#byId.set(topic.id, topic)
    topic.ready = link.request('SUBSCRIBE', subscribeFrame(link, topic.id, destination, 'auto')).then(() => { topic.ready = undefined }, (error) => {
      this.#remove(topic)
      throw error
    })
    return topic
  }

  #abandon (topic: SharedTopic): void {
    if (topic.members.size > 0 || !this.#byId.has(topic.id)) return
    this.#remove(topic)
    this.#reconnecting.link?.request('UNSUBSCRIBE', [['id', topic.id]]).catch(() => {})
  }

  #remove (topic: SharedTopic): void {
    this.#byId.delete(topic.id)
    if (this.#byDestination.get(topic.destination) === topic) this.#byDestination.delete(topic.destination)
  }
}
