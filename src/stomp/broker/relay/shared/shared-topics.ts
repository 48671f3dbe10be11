import type { Frame, ServerCommand } from '../../../codec/index.ts'
import type { BrokerError } from '../../../refusals.ts'
import type { BrokerSink, Done, OutgoingMessage } from '../../broker.ts'
import type { RelayConnection, RelayCore } from '../core.ts'
import type { BrokerLink } from '../link/broker-link.ts'
import type { ReconnectingLink, ReconnectingLinkOwner } from '../link/reconnecting-link.ts'
import { publicationOf, sendHeaders, sentDestination, subscribedDestination, subscribeHeaders } from '../messages/frames.ts'
import { fromReplyTo, toReplyTo } from '../messages/reply-to.ts'

/** A client of shared topics. */
export class SharedClient {
  readonly connection: RelayConnection
  readonly sink: BrokerSink
  /** The keys of the subscriptions that the session has. The topics may learn of one later, because operations wait for each other. */
  readonly keys = new Set<string>()
  /** The topics, by the keys of the subscriptions. */
  readonly topics = new Map<string, SharedTopic>()

  constructor (connection: RelayConnection, sink: BrokerSink) {
    this.connection = connection
    this.sink = sink
  }
}

/** One subscription at the broker, for all clients that subscribe to the same destination. */
class SharedTopic {
  readonly id: string
  readonly destination: string
  /** The clients, each with the keys of its own subscriptions. */
  readonly members = new Map<SharedClient, Set<string>>()
  ready: Done = undefined

  constructor (id: string, destination: string) {
    this.id = id
    this.destination = destination
  }
}

/** The topics of one connection that many clients share. 10,000 clients of one topic cost the broker one subscription. */
export class SharedTopics implements ReconnectingLinkOwner {
  readonly link: ReconnectingLink
  readonly #core: RelayCore
  readonly #clients = new Set<SharedClient>()
  readonly #byDestination = new Map<string, SharedTopic>()
  readonly #byId = new Map<string, SharedTopic>()
  #serial = 0

  constructor (core: RelayCore, name: string) {
    this.#core = core
    this.link = core.links.open(name, this)
  }

  /** The number of subscriptions at the broker. */
  get size (): number { return this.#byId.size }

  /** Adds a client. While the broker is away, the client waits for the next attempt. */
  async enter (client: SharedClient, signal: AbortSignal): Promise<void> {
    await this.link.connected(signal)
    this.#clients.add(client)
  }

  leave (client: SharedClient): void {
    if (!this.#clients.delete(client)) return
    for (const topic of new Set(client.topics.values())) if (topic.members.delete(client)) this.#abandon(topic)
    client.topics.clear()
  }

  subscribe (client: SharedClient, key: string, name: string): Done {
    const destination = subscribedDestination(this.#core, name)
    let topic = this.#byDestination.get(destination)
    if (topic === undefined) topic = this.#open(this.link.required(), destination)
    client.topics.set(key, topic)
    const keys = topic.members.get(client)
    if (keys === undefined) topic.members.set(client, new Set([key]))
    else keys.add(key)
    return topic.ready
  }

  /** Ends a subscription at once. The last one of a topic ends that of the broker, too. */
  unsubscribe (client: SharedClient, key: string): void {
    const topic = client.topics.get(key)
    const keys = topic?.members.get(client)
    client.topics.delete(key)
    if (topic === undefined || keys === undefined) return
    keys.delete(key)
    if (keys.size > 0) return
    topic.members.delete(client)
    this.#abandon(topic)
  }

  publish (message: OutgoingMessage): Done {
    const replyTo = toReplyTo(message.headers.get('reply-to'), this.#core, null)
    const headers = sendHeaders(this.#core, message, sentDestination(this.#core, message.destination), replyTo)
    return this.link.required().request('SEND', headers, message.body).then(() => {})
  }

  // --- ReconnectingLinkOwner ------------------------------------------------------------------------------------

  /** Does nothing. All clients ended with the link before, so that there is nothing to subscribe to. */
  up (): void {}

  /** Ends all clients, because they may have missed messages. STOMP has no frame for that but ERROR. */
  lost (error: BrokerError): void {
    this.link.retry(error)
    const clients = [...this.#clients]
    this.#clients.clear()
    this.#byDestination.clear()
    this.#byId.clear()
    for (const client of clients) client.connection.end(error)
  }

  message (id: string, frame: Frame<ServerCommand>): void {
    const topic = this.#byId.get(id)
    if (topic === undefined) return
    // All clients get the same, so that it can hold no address that only one of them may know.
    const publication = publicationOf(this.#core, frame, null, fromReplyTo(frame.headers.get('reply-to'), this.#core.settings.dialect, null))
    if (publication === null) return
    for (const [client, keys] of topic.members) {
      for (const key of keys) if (client.keys.has(key)) client.sink.deliver({ key, publication, handle: null, redelivered: false })
    }
  }

  subscriptionEnded (id: string, error: BrokerError): void {
    const topic = this.#byId.get(id)
    if (topic === undefined) return
    this.#remove(topic)
    for (const [client, keys] of topic.members) {
      for (const key of keys) {
        client.topics.delete(key)
        if (client.keys.delete(key)) client.sink.subscriptionEnded(key, error)
      }
    }
  }

  refused (error: BrokerError): void {
    this.#core.log.warn({ code: error.code }, 'the broker has refused a frame, and it is not known which client sent it')
  }

  // --- inside ---------------------------------------------------------------------------------------------------

  #open (link: BrokerLink, destination: string): SharedTopic {
    const topic = new SharedTopic(`t${++this.#serial}`, destination)
    this.#byDestination.set(destination, topic)
    this.#byId.set(topic.id, topic)
    topic.ready = link.request('SUBSCRIBE', subscribeHeaders(link, topic.id, destination, 'auto')).then(() => { topic.ready = undefined }, (error) => {
      this.#remove(topic)
      throw error
    })
    return topic
  }

  /** Ends the subscription at the broker, unless a client still uses it. */
  #abandon (topic: SharedTopic): void {
    if (topic.members.size > 0 || !this.#byId.has(topic.id)) return
    this.#remove(topic)
    this.link.current?.request('UNSUBSCRIBE', [['id', topic.id]]).catch(() => {})
  }

  #remove (topic: SharedTopic): void {
    this.#byId.delete(topic.id)
    if (this.#byDestination.get(topic.destination) === topic) this.#byDestination.delete(topic.destination)
  }
}
