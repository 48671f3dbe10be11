import type { KafkaConsumer, KafkaConsumerOptions, KafkaHeader, KafkaLag, KafkaOffset, KafkaPartition, KafkaRead } from '../client.ts'
import type { KafkaJsAdmin, KafkaJsBatchPayload, KafkaJsConsumer, KafkaJsHeaders, KafkaJsMessage } from './package.ts'

/** A member of the consumer group, by `kafkajs`. */
export class KafkaJsGroupMember implements KafkaConsumer {
  readonly #consumer: KafkaJsConsumer
  readonly #admin: KafkaJsAdmin
  readonly #wishes: KafkaConsumerOptions
  #assigned: Readonly<Record<string, readonly number[]>> = {}
  #hasAdmin = false

  constructor (consumer: KafkaJsConsumer, admin: KafkaJsAdmin, wishes: KafkaConsumerOptions) {
    this.#consumer = consumer
    this.#admin = admin
    this.#wishes = wishes
  }

  async start (): Promise<void> {
    const { topics, fromBeginning, concurrency, reader } = this.#wishes
    const { GROUP_JOIN, CRASH } = this.#consumer.events
    this.#listen(GROUP_JOIN, ({ memberAssignment }: { readonly memberAssignment: Readonly<Record<string, readonly number[]>> }) => {
      this.#assigned = memberAssignment
      reader.assigned(Object.entries(memberAssignment).flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition }))))
    })
    this.#listen(CRASH, ({ error }: { readonly error: unknown }) => reader.ended(error))
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning })
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency,
      eachBatch: (payload: KafkaJsBatchPayload) => this.#read(payload)
    })
  }

  pause ({ topic, partition }: KafkaPartition): void { this.#consumer.pause([{ topic, partitions: [partition] }]) }

  resume ({ topic, partition }: KafkaPartition): void { this.#consumer.resume([{ topic, partitions: [partition] }]) }

  async commit (offsets: readonly KafkaOffset[]): Promise<void> {
    await this.#consumer.commitOffsets(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })))
  }

  async lag (): Promise<readonly KafkaLag[]> {
    if (!this.#hasAdmin) {
      await this.#admin.connect()
      this.#hasAdmin = true
    }
    const { group: groupId, topics } = this.#wishes
    const committed = await this.#admin.fetchOffsets({ groupId, topics: [...topics] })
    const found = await Promise.all(committed.map(async ({ topic, partitions }) => {
      const own = new Set(this.#assigned[topic])
      const ends = new Map((await this.#admin.fetchTopicOffsets(topic)).map(({ partition, offset }) => [partition, Number(offset)]))
      // A group without an offset has -1, and then nothing is known.
      return partitions.filter(({ partition, offset }) => own.has(partition) && Number(offset) >= 0)
        .map(({ partition, offset }) => ({ topic, partition, lag: Math.max(0, (ends.get(partition) ?? 0) - Number(offset)) }))
    }))
    return found.flat()
  }

  async close (): Promise<void> {
    await this.#consumer.disconnect()
    if (this.#hasAdmin) await this.#admin.disconnect()
  }

  /** Reads a batch. A record that must come again stays unresolved, so that the consumer fetches it again. */
  async #read ({ batch, resolveOffset, heartbeat, isRunning, isStale }: KafkaJsBatchPayload): Promise<void> {
    const { topic, partition } = batch
    for (const message of batch.messages) {
      if (!isRunning() || isStale()) return
      if (await this.#wishes.reader.take(readOf(topic, partition, message)) === 'later') return
      resolveOffset(message.offset)
      // It throws when the group is made anew, and the consumer joins it again.
      await heartbeat()
    }
  }

  /** The declarations of `kafkajs` have an overload for each event, which a structural type cannot name. */
  #listen<Payload> (event: string, listener: (payload: Payload) => void): void {
    this.#consumer.on(event as never, (({ payload }: { readonly payload: Payload }) => listener(payload)) as never)
  }
}

function readOf (topic: string, partition: number, { key, value, offset, timestamp, headers }: KafkaJsMessage): KafkaRead {
  return { topic, partition, offset: BigInt(offset), timestamp: Number(timestamp), key, value, headers: [...headersOf(headers ?? {})] }
}

function * headersOf (headers: KafkaJsHeaders): Iterable<KafkaHeader> {
  for (const [name, values] of Object.entries(headers)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      // A header without a value is `null` at run time.
      yield [name, typeof value === 'string' ? Buffer.from(value) : value ?? new Uint8Array(0)]
    }
  }
}
