import type { Engine, EngineContext, EngineFacts } from '../engine.ts'
import { Asks } from './asks.ts'
import { NatsChannels } from './channels.ts'
import { NatsClaims } from './claims.ts'
import { NatsLink } from './link.ts'
import { type NatsEngineOptions, resolveOptions } from './options.ts'
import { Subjects } from './subjects.ts'

/** The bytes that a server takes by default. */
const DEFAULT_MAX_PAYLOAD = 1024 * 1024

/** Connects the nodes of a cluster by the channels of NATS, without JetStream. */
export class NatsEngine implements Engine {
  readonly facts: EngineFacts
  readonly channels: NatsChannels
  readonly claims: NatsClaims
  readonly #link: NatsLink
  readonly #asks: Asks

  constructor (options: NatsEngineOptions) {
    const { connect, namespace, secret, sign } = resolveOptions(options)
    const link = new NatsLink(new Subjects(namespace), connect)
    this.#link = link
    this.#asks = new Asks(link)
    this.facts = {
      name: 'nats',
      namespace,
      secret,
      keysLast: 'connection',
      sign,
      // Each server passes on the publications of its own clients first.
      totalOrder: false,
      queues: { inOrder: false, passesOn: false, lease: 30_000 },
      durable: true,
      // The server tells it at the start.
      get maxPayload () { return link.connection?.info?.max_payload ?? DEFAULT_MAX_PAYLOAD }
    }
    this.channels = new NatsChannels(link, this.facts)
    this.claims = new NatsClaims(link, this.#asks)
  }

  async start (context: EngineContext): Promise<void> {
    await this.#link.start(context, { subscribers: [this.channels, this.#asks, this.claims], claims: this.claims })
  }

  async stop (): Promise<void> { await this.#link.stop() }
}

/**
 * Makes the engine of one node, which connects it to the others by NATS.
 *
 * @throws FST_SOCKJS_ENGINE_INVALID_OPTION
 */
export function natsEngine (options: NatsEngineOptions): Engine { return new NatsEngine(options) }
