import { Fifo } from '../../core/fifo.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { refusal } from '../../stomp/refusals.ts'
import { Backoff } from './backoff.ts'
import type { KafkaWrite } from './client.ts'
import type { KafkaContext } from './context.ts'
import type { ProducerLink } from './producer-link.ts'

/** The most messages and the most octets of one request. The octets are below the limit of a batch that Kafka has by default (1 MiB). */
const BATCH_MESSAGES = 500
const BATCH_BYTES = 512 * 1024

/** The octets that a message needs besides its content. */
const OVERHEAD = 128

/** The room that the outboxes of all topics share. */
export class OutboxRoom {
  messages: number
  bytes: number

  constructor ({ messages, bytes }: { readonly messages: number, readonly bytes: number }) {
    this.messages = messages
    this.bytes = bytes
  }

  /** Takes room for a message. Returns false if there is none. */
  take (bytes: number): boolean {
    if (this.messages < 1 || this.bytes < bytes) return false
    this.messages--
    this.bytes -= bytes
    return true
  }

  give (bytes: number): void {
    this.messages++
    this.bytes += bytes
  }
}

/** A message that waits for Kafka. Its publisher may wait with it, for a bounded time. */
class Waiting implements TimerOwner {
  readonly write: KafkaWrite
  readonly size: number
  readonly #context: KafkaContext
  readonly #timer = new Timer(this)
  #resolve: (() => void) | null = null
  #reject: ((error: Error) => void) | null = null

  constructor (context: KafkaContext, write: KafkaWrite, size: number) {
    this.#context = context
    this.write = write
    this.size = size
  }

  /** Waits for the confirmation. After `ms` milliseconds the publisher is told that there is none, and the message still goes to Kafka. */
  confirmed (ms: number): Promise<void> {
    this.#context.clock.start(this.#timer, ms)
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  done (): void {
    this.#context.clock.stop(this.#timer)
    this.#resolve?.()
  }

  failed (error: Error): void {
    this.#context.clock.stop(this.#timer)
    this.#reject?.(error)
  }

  expire (): void { this.failed(refusal('STOMP_BROKER_TIMEOUT', 'Kafka has not confirmed the message')) }
}

/**
 * The messages of one topic on their way to Kafka, in order, one request at a time.
 *
 * While Kafka is away they wait, up to the bound. A request that failed is repeated, so that Kafka may have a message twice.
 */
export class Outbox {
  readonly #context: KafkaContext
  readonly #topic: string
  readonly #producer: ProducerLink
  readonly #room: OutboxRoom
  readonly #queue = new Fifo<Waiting>()
  readonly #backoff: Backoff
  /** The number of messages that go one by one, because Kafka has refused them together. */
  #alone = 0
  #stopped = false
  #sending: Promise<void> | null = null

  constructor (context: KafkaContext, topic: string, producer: ProducerLink, room: OutboxRoom) {
    this.#context = context
    this.#topic = topic
    this.#producer = producer
    this.#room = room
    this.#backoff = new Backoff(context.clock)
  }

  /** The number of messages that wait. */
  get length (): number { return this.#queue.length }

  /** Adds a message. With `confirmTimeout` it returns a promise of the confirmation. A message for which there is no room is lost for Kafka. */
  add (write: KafkaWrite, confirmTimeout: number | null): Promise<void> | undefined {
    const { counts } = this.#context
    const size = sizeOf(write)
    if (this.#stopped || !this.#room.take(size)) {
      counts.failed++
      this.#context.tellLoss('full', this.#topic, { waiting: this.#queue.length })
      return confirmTimeout === null ? undefined : Promise.reject(refusal('STOMP_BROKER_BUSY', 'Kafka'))
    }
    const waiting = new Waiting(this.#context, write, size)
    this.#queue.push(waiting)
    this.#sending ??= this.#send().finally(() => { this.#sending = null })
    return confirmTimeout === null ? undefined : waiting.confirmed(confirmTimeout)
  }

  /** Resolves when nothing waits any more. */
  async empty (): Promise<void> { await this.#sending }

  /** Gives up the messages that still wait. */
  stop (): void {
    this.#stopped = true
    this.#backoff.expire()
    const lost = this.#queue.length
    if (lost === 0) return
    this.#context.counts.failed += lost
    this.#context.log.error({ topic: this.#topic, lost }, 'The application closes while messages wait for Kafka. They are lost for Kafka.')
    for (const waiting of this.#queue) waiting.failed(refusal('STOMP_BROKER_STOPPED'))
    this.#queue.clear()
  }

  async #send (): Promise<void> {
    // Messages of one turn of the event loop go together.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const batch = this.#batch()
      try {
        await this.#producer.send(this.#topic, batch.map(({ write }) => write))
      } catch (error) {
        if (this.#stopped) return
        await this.#failed(batch, error)
        continue
      }
      if (this.#stopped) return
      this.#backoff.succeeded()
      this.#context.counts.produced += batch.length
      for (const waiting of this.#taken(batch)) waiting.done()
    }
  }

  /** Handles a request that failed. It is tried again, each message is tried alone, or the one message that Kafka refuses is lost. */
  async #failed (batch: readonly Waiting[], error: unknown): Promise<void> {
    if (!this.#producer.isFinal(error)) return this.#backoff.wait()
    if (batch.length > 1) {
      this.#alone = batch.length
      return
    }
    this.#context.counts.failed++
    this.#context.tellLoss('refused', this.#topic, { err: error })
    for (const waiting of this.#taken(batch)) waiting.failed(refusal('STOMP_BROKER_REFUSED', 'Kafka', false, error instanceof Error ? error : undefined))
  }

  /** Finds the messages of the next request. They stay in the queue until Kafka has them. */
  #batch (): Waiting[] {
    const batch: Waiting[] = []
    const most = this.#alone > 0 ? 1 : BATCH_MESSAGES
    let bytes = 0
    for (const waiting of this.#queue) {
      bytes += waiting.size
      if (batch.length >= most || (batch.length > 0 && bytes > BATCH_BYTES)) break
      batch.push(waiting)
    }
    return batch
  }

  /** Takes the messages of a request out of the queue. */
  #taken (batch: readonly Waiting[]): readonly Waiting[] {
    for (const { size } of batch) {
      this.#queue.shift()
      this.#room.give(size)
      if (this.#alone > 0) this.#alone--
    }
    return batch
  }
}

function sizeOf ({ key, value, headers }: KafkaWrite): number {
  return headers.reduce((size, [name, text]) => size + name.length + text.length, OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0))
}
