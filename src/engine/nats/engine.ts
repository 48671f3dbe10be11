import type { Engine, EngineContext, EngineFacts } from '../engine.ts'
import { Asks } from './asks.ts'
import { NatsChannels } from './channels.ts'
import { NatsClaims } from './claims.ts'
import { JetStream } from './jetstream/jetstream.ts'
import { NatsLogs } from './jetstream/logs.ts'
import { HEADERS } from './jetstream/message-id.ts'
import { NatsQueues } from './jetstream/queues.ts'
import { Requests } from './jetstream/requests.ts'
import { type LinkParts, NatsLink } from './link.ts'
import { type NatsEngineOptions, resolveOptions } from './options.ts'
import { Subjects } from './subjects.ts'
import { Subscriptions } from './subscriptions.ts'

/** The bytes that a server takes by default. */
const DEFAULT_MAX_PAYLOAD = 1024 * 1024

/** Connects the nodes of a cluster by NATS. It needs JetStream only if logs or queues are used. */
export class NatsEngine implements Engine {
  readonly facts: EngineFacts
  readonly channels: NatsChannels
  readonly claims: NatsClaims
  readonly logs: NatsLogs
  readonly queues: NatsQueues
  readonly #link: NatsLink
  readonly #parts: LinkParts

  constructor (options: NatsEngineOptions) {
    const { connect, namespace, secret, sign, jetstream } = resolveOptions(options)
    const link = new NatsLink(new Subjects(namespace), connect)
    this.#link = link
    this.facts = {
      name: 'nats',
      namespace,
      secret,
      keysLast: 'connection',
      sign,
      // Each server passes on the publications of its own clients first.
      totalOrder: false,
      queues: { inOrder: false, passesOn: false, acksLast: false, boundedTogether: true, lease: jetstream.ackWait },
      durable: jetstream.storage === 'file',
      // The server tells it at the start.
      get maxPayload () { return (link.connection?.info?.max_payload ?? DEFAULT_MAX_PAYLOAD) - HEADERS }
    }
    const [subscriptions, asks, requests] = [new Subscriptions(link), new Asks(link), new Requests(link)]
    const keeper = new JetStream(link, requests, jetstream)
    this.channels = new NatsChannels(link, subscriptions, this.facts)
    this.claims = new NatsClaims(link, asks)
    this.logs = new NatsLogs(link, requests, subscriptions, keeper, jetstream)
    this.queues = new NatsQueues(link, requests, keeper, jetstream)
    this.#parts = { subscribers: [subscriptions, asks, this.claims, requests], claims: this.claims, keeper }
  }

  async start (context: EngineContext): Promise<void> { await this.#link.start(context, this.#parts) }

  async stop (): Promise<void> { await this.#link.stop(this.queues.stop()) }
}

/**
 * Makes the engine of one node, which connects it to the others by NATS.
 *
 * @throws FST_SOCKJS_ENGINE_INVALID_OPTION
 */
export function natsEngine (options: NatsEngineOptions): Engine { return new NatsEngine(options) }
