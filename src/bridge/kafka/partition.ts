import type { Clock } from '../../core/clock.ts'
import { Backoff } from './backoff.ts'
import type { KafkaPartition } from './client.ts'

/** Makes the name of a partition, for maps. */
export const nameOf = ({ topic, partition }: KafkaPartition): string => `${topic}:${partition}`

/** A partition that this node reads. */
export class Partition implements KafkaPartition {
  readonly topic: string
  readonly partition: number
  /** The waits while the broker does not take a record. */
  readonly backoff: Backoff
  /** The work on the last record that was taken. It never rejects. */
  busy: Promise<unknown> = Promise.resolve()
  /** False since the partition was taken away. */
  owned = true
  /** The records that the group has still to read, `null` while it is not known. */
  lag: number | null = null
  /** The offset after the last record that is done, `null` before the first one. */
  next: bigint | null = null
  /** The offset that Kafka has taken from this node, `null` before the first commit. */
  committed: bigint | null = null

  constructor ({ topic, partition }: KafkaPartition, clock: Clock) {
    this.topic = topic
    this.partition = partition
    this.backoff = new Backoff(clock)
  }

  /**
   * Tells whether a record was done before, and comes again because its offset was not committed in time.
   *
   * Kafka never goes back behind a commit by itself. If it does, the topic was made anew, or an operator has set the group back.
   */
  repeats (offset: bigint): boolean {
    if (this.next === null || offset >= this.next) return false
    return this.committed === null || offset >= this.committed
  }
}
