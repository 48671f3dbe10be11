import type { EngineConsumer, EngineQueues, QueueRule, QueueView, TakenListener } from '../../queues.ts'
import { Timer, type TimerOwner } from '../../../core/timer.ts'
import { engineErrors } from '../../errors.ts'
import type { NatsLink } from '../link.ts'
import { NatsConsumer } from './consumer.ts'
import type { JetStream, StreamUser } from './jetstream.ts'
import type { JetStreamSettings } from './options.ts'
import { QueueStream } from './queue-stream.ts'
import type { Requests } from './requests.ts'

/** The queues of the engine. */
export class NatsQueues implements EngineQueues, StreamUser, TimerOwner {
  readonly #link: NatsLink
  readonly #requests: Requests
  readonly #jetStream: JetStream
  readonly #settings: JetStreamSettings
  readonly #consumers = new Set<NatsConsumer>()
  readonly #timer = new Timer(this)
  #stream: QueueStream | null = null

  constructor (link: NatsLink, requests: Requests, jetStream: JetStream, settings: JetStreamSettings) {
    this.#link = link
    this.#requests = requests
    this.#jetStream = jetStream
    this.#settings = settings
  }

  bound (rule: QueueRule): void {
    const bounded = new QueueStream(this.#link, this.#requests, rule, this.#settings)
    this.#stream = bounded
    this.#jetStream.add(bounded.stream, bounded.rights, this)
  }

  async push (queue: string, id: string, data: Uint8Array): Promise<void> { await this.#bounded.push(queue, id, data) }

  consume (queue: string, listener: TakenListener): EngineConsumer {
    const consumer = new NatsConsumer(this.#link, this.#bounded, queue, listener)
    this.#consumers.add(consumer)
    if (this.#link.available) this.#open(consumer)
    return consumer
  }

  async view (queue: string, most: number): Promise<QueueView> { return await this.#bounded.view(queue, most) }

  /** Gives back all messages that the consumers of this node have. Resolves when they are on their way. */
  async stop (): Promise<void> { await Promise.all([...this.#consumers].map((consumer) => consumer.end())) }

  // --- for JetStream -------------------------------------------------------------------------------------------

  restored (): void { for (const consumer of this.#living()) this.#open(consumer) }

  lost (): void { for (const consumer of this.#living()) consumer.lost() }

  /** Tells JetStream that the messages are being worked at. @internal */
  expire (): void {
    if (!this.#link.available) return
    for (const consumer of this.#living()) {
      consumer.keep()
      this.#keepTaken()
    }
  }

  #open (consumer: NatsConsumer): void {
    consumer.open()
    this.#keepTaken()
  }

  #keepTaken (): void {
    if (!this.#timer.running) this.#link.context.clock.start(this.#timer, this.#settings.ackWait / 3)
  }

  /** Returns the consumers that are not closed, and forgets the others. */
  #living (): Iterable<NatsConsumer> {
    for (const consumer of this.#consumers) if (consumer.isClosed) this.#consumers.delete(consumer)
    return this.#consumers
  }

  get #bounded (): QueueStream {
    if (this.#stream === null) throw new engineErrors.Refused('nats', 'its queues have no bounds; call bound() before the engine starts')
    return this.#stream
  }
}
