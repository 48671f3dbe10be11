import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { KafkaConsumer } from './client.ts'
import type { KafkaContext } from './context.ts'
import type { Partition } from './partition.ts'

/** The wait before a commit, in milliseconds, so that one commit carries the records of many partitions. A commit that failed waits longer. */
const WAIT = 100
const WAIT_AFTER_FAILURE = 1000

/** Commits the offsets of records that are done. A partition that was taken away is forgotten, because its new owner decides. */
export class Committer implements TimerOwner {
  readonly #context: KafkaContext
  readonly #consumer: KafkaConsumer
  readonly #timer = new Timer(this)
  #due = new Set<Partition>()
  #commit: Promise<void> | null = null

  constructor (context: KafkaContext, consumer: KafkaConsumer) {
    this.#context = context
    this.#consumer = consumer
  }

  /** Notes that records of a partition are done. */
  mark (partition: Partition): void {
    this.#due.add(partition)
    if (!this.#timer.running && this.#commit === null) this.#context.clock.start(this.#timer, WAIT)
  }

  /** Forgets all that is due, because the group was made anew. Kafka gives the records again that were not committed. */
  forget (): void { this.#due = new Set() }

  /** Ends the commits, because the consumer has ended. */
  stop (): void {
    this.forget()
    this.#context.clock.stop(this.#timer)
  }

  expire (): void { this.flush() }

  /** Commits all that is due. It never rejects, because records without a commit come again. */
  async flush (): Promise<void> {
    this.#context.clock.stop(this.#timer)
    if (this.#commit !== null) await this.#commit
    if (this.#due.size === 0) return
    this.#commit = this.#send()
    await this.#commit
  }

  async #send (): Promise<void> {
    const due = this.#due
    const sent = [...due].map((partition) => ({ partition, offset: partition.next! }))
    due.clear()
    let wait = WAIT
    try {
      await this.#consumer.commit(sent.map(({ partition: { topic, partition }, offset }) => ({ topic, partition, offset })))
      for (const { partition, offset } of sent) partition.committed = offset
    } catch (error) {
      this.#context.log.warn({ err: error }, 'Kafka has not taken the offsets of the group; the bridge tries again')
      // After `forget()` this is another set, which is never sent.
      for (const { partition } of sent) due.add(partition)
      wait = WAIT_AFTER_FAILURE
    }
    this.#commit = null
    if (this.#due.size > 0) this.#context.clock.start(this.#timer, wait)
  }
}
