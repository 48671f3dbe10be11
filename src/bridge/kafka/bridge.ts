import type { Broker } from '../../stomp/broker/broker.ts'
import type { KafkaContext } from './context.ts'
import type { KafkaState } from './health.ts'
import { Inflow } from './inflow.ts'
import type { ResolvedKafkaOptions } from './options.ts'
import { Outflow } from './outflow.ts'
import { ProducerLink } from './producer-link.ts'
import { RecordRouter } from './router.ts'

/** A partition that this node reads. */
export interface KafkaPartitionStats {
  /** The topic. */
  readonly topic: string
  /** The number of the partition. */
  readonly partition: number
  /** The records that the group has still to read. It is asked every 10 s, and `null` before the first answer. */
  readonly lag: number | null
  /** True while the partition waits because the broker does not take its record. */
  readonly paused: boolean
}

/** The numbers of the bridge on this node, since its start. */
export interface KafkaStats {
  /** Records that came from Kafka, repeats included. */
  readonly consumed: number
  /** Records that the broker of STOMP has. */
  readonly published: number
  /** Records that `to` has left out, and records that came again and were published before. */
  readonly skipped: number
  /** Records that could not be published. They are in the topic of the dead letters, or only in the log where there is none. */
  readonly dead: number
  /** Tries to publish that failed because the broker was not available. The records came again. */
  readonly retried: number
  /** Messages that Kafka has. */
  readonly produced: number
  /** Messages that did not go to Kafka. The outbox was full, Kafka refused them, or the application closed before Kafka came back. */
  readonly failed: number
  /** The records that are on their way to the broker. */
  readonly taking: number
  /** The messages that wait for Kafka. */
  readonly waiting: number
  /** The partitions that this node reads. */
  readonly partitions: readonly KafkaPartitionStats[]
}

/** The bridge of an application, `app.kafka`. */
export interface KafkaFacade {
  /** The state, for a readiness check. */
  readonly state: KafkaState
  /** Calls `listener` with every change of `state`. */
  onState (listener: (state: KafkaState) => void): void
  /** Counts records and messages. */
  stats (): KafkaStats
}

/** The bridge: one way in, one way out, and the producer that both use. */
export class KafkaBridge implements KafkaFacade {
  readonly #context: KafkaContext
  readonly #options: ResolvedKafkaOptions
  readonly #producer: ProducerLink
  readonly #inflow: Inflow | null
  readonly outflow: Outflow

  constructor (context: KafkaContext, options: ResolvedKafkaOptions, broker: Broker) {
    this.#context = context
    this.#options = options
    const { client, group, in: rules, begin, concurrency } = options
    this.#producer = new ProducerLink(context, client)
    this.outflow = new Outflow(context, options, this.#producer)
    const wishes = { group, topics: rules.map(({ topic }) => topic), fromBeginning: begin === 'earliest', concurrency }
    this.#inflow = rules.length === 0 ? null : new Inflow(context, client, wishes, new RecordRouter(context, broker, options, this.#producer))
    if (rules.length > 0) context.health.needs('in')
    if (this.#produces) context.health.needs('out')
  }

  get state (): KafkaState { return this.#context.health.state }

  onState (listener: (state: KafkaState) => void): void { this.#context.health.onState(listener) }

  stats (): KafkaStats {
    const partitions = [...this.#inflow?.partitions ?? []].map(({ topic, partition, lag, backoff }) => ({ topic, partition, lag, paused: backoff.waiting }))
    return { ...this.#context.counts, taking: this.#inflow?.taking ?? 0, waiting: this.outflow.waiting, partitions }
  }

  /** Starts both ways. It does not wait for Kafka, so that the application starts while Kafka is away. */
  start (): void {
    if (this.#produces) {
      this.#producer.open().catch((error: unknown) => {
        this.#context.health.works('out', false)
        this.#context.log.warn({ err: error }, 'the bridge cannot write to Kafka; it tries again with the next message')
      })
    }
    this.#inflow?.open()
  }

  /** Stops reading, and leaves the group. Messages still go out. */
  async stopReading (): Promise<void> { await this.#inflow?.close() }

  /** Waits until Kafka has the messages that wait, for a bounded time, and closes the producer. */
  async close (): Promise<void> {
    await this.outflow.close()
    this.#context.health.stopped()
    await this.#producer.close()
  }

  get #produces (): boolean { return this.#options.out.length > 0 || this.#options.deadLetters !== null }
}
