import { Fifo } from '../../../core/fifo.ts'
import type { KafkaPartition, KafkaRead, KafkaReader } from '../client.ts'

/** The most records that wait in all lanes together. Above that the stream of the consumer stops, and below the half it goes on. */
const MOST = 256

/** The records of one partition, which are read one after the other. */
class Lane {
  readonly records = new Fifo<KafkaRead>()
  paused = false
  running = false
  open = true
}

const nameOf = ({ topic, partition }: KafkaPartition): string => `${topic}:${partition}`

/** Sorts the one stream of a consumer by partition, and reads some partitions at a time. */
export class Lanes {
  readonly #reader: KafkaReader
  readonly #concurrency: number
  readonly #flow: (goes: boolean) => void
  readonly #waiting = new Set<Lane>()
  #lanes = new Map<string, Lane>()
  #running = 0
  #queued = 0
  #flows = true

  /** @param flow stops the stream of the consumer, or lets it go on */
  constructor (reader: KafkaReader, concurrency: number, flow: (goes: boolean) => void) {
    this.#reader = reader
    this.#concurrency = concurrency
    this.#flow = flow
  }

  /** Opens the lanes of a new assignment. The records of a partition that stays here are kept, because they follow the ones that are done. */
  assign (partitions: readonly KafkaPartition[]): void {
    const before = this.#lanes
    this.#lanes = new Map(partitions.map((partition) => [nameOf(partition), before.get(nameOf(partition)) ?? new Lane()]))
    const kept = new Set(this.#lanes.values())
    for (const lane of before.values()) if (!kept.has(lane)) this.#shut(lane)
    this.#balance()
  }

  /** Adds a record. A record of a partition that was taken away is left to its new owner. */
  add (record: KafkaRead): void {
    const lane = this.#lanes.get(nameOf(record))
    if (lane === undefined) return
    lane.records.push(record)
    this.#queued++
    this.#balance()
    this.#go(lane)
  }

  pause (partition: KafkaPartition): void {
    const lane = this.#lanes.get(nameOf(partition))
    if (lane !== undefined) lane.paused = true
  }

  resume (partition: KafkaPartition): void {
    const lane = this.#lanes.get(nameOf(partition))
    if (lane === undefined) return
    lane.paused = false
    this.#go(lane)
  }

  #go (lane: Lane): void {
    if (lane.running || lane.paused || lane.records.length === 0) return
    if (this.#running < this.#concurrency) this.#run(lane)
    else this.#waiting.add(lane)
  }

  async #run (lane: Lane): Promise<void> {
    lane.running = true
    this.#running++
    for (let record = lane.records.first; record !== undefined && lane.open && !lane.paused; record = lane.records.first) {
      if (await this.#reader.take(record) === 'later') break
      if (!lane.open) break
      lane.records.shift()
      this.#queued--
      this.#balance()
      // Another partition has its turn.
      if (this.#waiting.size > 0) break
    }
    lane.running = false
    this.#running--
    const [next] = this.#waiting
    if (next !== undefined) {
      this.#waiting.delete(next)
      this.#go(next)
    }
    // A record that must come again waits for `resume()`.
    if (lane.open && !lane.paused) this.#go(lane)
  }

  #shut (lane: Lane): void {
    lane.open = false
    this.#waiting.delete(lane)
    this.#queued -= lane.records.length
    lane.records.clear()
  }

  #balance (): void {
    const goes = this.#flows ? this.#queued < MOST : this.#queued <= MOST / 2
    if (goes === this.#flows) return
    this.#flows = goes
    this.#flow(goes)
  }
}
