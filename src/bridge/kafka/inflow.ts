import { atMost } from '../../core/delay.ts'
import { Backoff } from './backoff.ts'
import type { KafkaClient, KafkaConsumer, KafkaConsumerOptions, KafkaPartition, KafkaRead, KafkaReader, Taken } from './client.ts'
import { Committer } from './committer.ts'
import type { KafkaContext } from './context.ts'
import { LagWatch } from './lag-watch.ts'
import { nameOf, Partition } from './partition.ts'
import type { RecordRouter } from './router.ts'

/** The time, in milliseconds, that each step has when the application closes. The steps end the records on their way, and leave the group. */
const PATIENCE = 5000

/**
 * The way of records from Kafka to the broker of STOMP.
 *
 * The offset of a record is committed after the broker has the message. A record that the broker cannot take now comes again: its partition
 * pauses, waits and goes on, so that no record is passed over.
 */
export class Inflow implements KafkaReader {
  readonly #context: KafkaContext
  readonly #client: KafkaClient
  readonly #wishes: Omit<KafkaConsumerOptions, 'reader'>
  readonly #router: RecordRouter
  readonly #opening: Backoff
  readonly #lag: LagWatch
  #consumer: Promise<KafkaConsumer> | null = null
  #committer: Committer | null = null
  /** The partitions that this node has had. A partition that comes back knows which of its records are done. */
  readonly #known = new Map<string, Partition>()
  readonly #partitions = new Map<string, Partition>()
  #taking = 0
  #idle: (() => void) | null = null
  #closing = false

  constructor (context: KafkaContext, client: KafkaClient, wishes: Omit<KafkaConsumerOptions, 'reader'>, router: RecordRouter) {
    this.#context = context
    this.#client = client
    this.#wishes = wishes
    this.#router = router
    this.#opening = new Backoff(context.clock)
    this.#lag = new LagWatch(context, () => this.#consumer, this.#partitions)
  }

  /** The partitions that this node reads. */
  get partitions (): Iterable<Partition> { return this.#partitions.values() }

  /** The number of records that are on their way to the broker. */
  get taking (): number { return this.#taking }

  /** Opens the consumer, and tries again until Kafka answers or the application closes. */
  async open (): Promise<void> {
    while (!this.#closing) {
      // The client may call the reader at once, and the consumer that it means is the one of this promise.
      const opening = this.#consumer = Promise.resolve().then(() => this.#client.openConsumer({ ...this.#wishes, reader: this }))
      try {
        const consumer = await opening
        // It has ended meanwhile, and the next one is on its way.
        if (this.#consumer !== opening) return
        this.#committer = new Committer(this.#context, consumer)
        this.#opening.succeeded()
        return
      } catch (error) {
        if (this.#consumer !== opening) return
        this.#consumer = null
        this.#down(error, 'the bridge cannot read from Kafka; it tries again')
      }
      await this.#opening.wait()
    }
  }

  assigned (partitions: readonly KafkaPartition[]): void {
    const kept = new Set(partitions.map(nameOf))
    this.#lose((name) => !kept.has(name))
    for (const partition of partitions) {
      const name = nameOf(partition)
      const own = this.#known.get(name) ?? new Partition(partition, this.#context.clock)
      own.owned = true
      this.#known.set(name, own)
      this.#partitions.set(name, own)
    }
    this.#committer?.forget()
    this.#context.health.works('in', true)
    this.#lag.start()
    this.#context.log.info({ group: this.#wishes.group, partitions: [...this.#partitions.keys()] }, 'the bridge reads these partitions of Kafka')
  }

  async take (read: KafkaRead): Promise<Taken> {
    const partition = this.#partitions.get(nameOf(read))
    if (this.#closing || partition === undefined) return 'later'
    this.#context.counts.consumed++
    this.#taking++
    // A record of a consumer that has ended may still be on its way, when the next consumer gives it again.
    const taking = partition.busy.then(() => this.#takeFrom(partition, read))
    partition.busy = taking
    const taken = await taking
    this.#taking--
    if (this.#taking === 0) this.#idle?.()
    return taken
  }

  ended (error: unknown): void {
    if (this.#closing) return
    this.#down(error, 'the consumer of Kafka has ended; the bridge opens another one')
    this.#lose(() => true)
    this.#committer?.stop()
    this.#committer = null
    const old = this.#consumer
    this.#consumer = null
    old?.then((consumer) => consumer.close()).catch(() => {})
    this.#opening.wait().then(() => this.open())
  }

  /** Stops reading, waits for the records that are on their way, commits them and leaves the group. */
  async close (): Promise<void> {
    this.#closing = true
    this.#lag.stop()
    this.#opening.expire()
    const consumer = await this.#opened()
    if (consumer === null) return
    for (const partition of this.#partitions.values()) {
      consumer.pause(partition)
      partition.backoff.expire()
    }
    const { clock } = this.#context
    if (this.#taking > 0) await atMost(clock, PATIENCE, new Promise<void>((resolve) => { this.#idle = resolve }))
    await atMost(clock, PATIENCE, this.#leave(consumer))
  }

  /** Waits for the consumer, `null` if there is none. One that Kafka does not let in for too long leaves when it is there. */
  async #opened (): Promise<KafkaConsumer | null> {
    const opening = this.#consumer?.catch(() => null) ?? null
    if (opening === null) return null
    const consumer = await atMost(this.#context.clock, PATIENCE, opening)
    if (consumer !== undefined) return consumer
    opening.then((late) => late?.close()).catch(() => {})
    return null
  }

  /** Commits the records that are done, and leaves the group. */
  async #leave (consumer: KafkaConsumer): Promise<void> {
    await this.#committer?.flush()
    this.#committer?.stop()
    await consumer.close()
  }

  async #takeFrom (partition: Partition, read: KafkaRead): Promise<Taken> {
    const consumer = await this.#consumer
    if (consumer === null || !partition.owned) return 'later'
    if (partition.repeats(read.offset)) this.#context.counts.skipped++
    else if (await this.#router.take(read) === 'later') return this.#wait(partition, consumer)
    else partition.next = read.offset + 1n
    partition.backoff.succeeded()
    // A partition that was taken away meanwhile is not committed, because its new owner reads the record again.
    if (partition.owned) this.#committer?.mark(partition)
    return 'done'
  }

  #wait (partition: Partition, consumer: KafkaConsumer): Taken {
    if (!partition.owned || this.#closing) return 'later'
    consumer.pause(partition)
    partition.backoff.wait().then(() => { if (partition.owned && !this.#closing) consumer.resume(partition) })
    return 'later'
  }

  /** Lets partitions go. A record that waits is left to the new owner. */
  #lose (goes: (name: string) => boolean): void {
    for (const [name, partition] of this.#partitions) {
      if (!goes(name)) continue
      partition.owned = false
      partition.backoff.expire()
      this.#partitions.delete(name)
    }
  }

  #down (error: unknown, text: string): void {
    this.#context.health.works('in', false)
    this.#context.log.warn({ err: error, group: this.#wishes.group }, text)
  }
}
