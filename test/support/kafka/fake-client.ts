import type { KafkaClient, KafkaConsumer, KafkaConsumerOptions, KafkaHeader, KafkaLag, KafkaOffset, KafkaPartition, KafkaProducer, KafkaRead, KafkaWrite } from '../../../src/kafka.ts'

const nameOf = ({ topic, partition }: KafkaPartition): string => `${topic}:${partition}`
const bytes = (value: string | Uint8Array | null | undefined): Uint8Array | null => value === null || value === undefined ? null : Buffer.from(value)

/** A record to give, with what a test does not care about left out. */
export interface Given {
  readonly key?: string | Uint8Array | null
  readonly value?: string | Uint8Array | null
  readonly headers?: readonly (readonly [string, string | Uint8Array])[]
}

/** Kafka in memory: topics with partitions, the offsets of one group, and switches for its failures. */
export class FakeKafka implements KafkaClient {
  readonly #records = new Map<string, KafkaRead[]>()
  readonly committed = new Map<string, bigint>()
  readonly produced: { readonly topic: string, readonly write: KafkaWrite }[] = []
  /** The sizes of the requests to produce. */
  readonly requests: number[] = []
  readonly consumers: FakeConsumer[] = []
  /** Gives the error of a request to produce, `null` for none. */
  refuses: (topic: string, records: readonly KafkaWrite[]) => Error | null = () => null
  /** Holds each request to produce. */
  hold: Promise<void> | null = null
  /** The errors of the other calls. */
  openError: Error | null = null
  /** The error with which the next consumer ends while it is opened. */
  crash: Error | null = null
  producerError: Error | null = null
  commitError: Error | null = null
  lagError: Error | null = null
  /** Holds the calls that open and close a producer or a consumer. */
  stuck: Promise<void> | null = null
  commits = 0
  closed = 0

  /** Adds records to a partition, and gives them to its consumer. */
  give (topic: string, partition: number, ...given: readonly Given[]): void {
    const records = this.recordsOf({ topic, partition })
    for (const { key, value, headers = [] } of given) {
      records.push({
        topic, partition, offset: BigInt(records.length), timestamp: 1000, key: bytes(key), value: bytes(value), headers: headers.map(([name, text]): KafkaHeader => [name, bytes(text)!])
      })
    }
    for (const consumer of this.consumers) consumer.read({ topic, partition })
  }

  recordsOf (partition: KafkaPartition): KafkaRead[] {
    let records = this.#records.get(nameOf(partition))
    if (records === undefined) this.#records.set(nameOf(partition), records = [])
    return records
  }

  /** The consumer that was opened last. */
  get consumer (): FakeConsumer { return this.consumers.at(-1)! }

  async openProducer (): Promise<KafkaProducer> {
    if (this.producerError !== null) throw this.producerError
    await this.stuck
    return {
      send: async (topic, records) => {
        this.requests.push(records.length)
        if (this.hold !== null) await this.hold
        const error = this.refuses(topic, records)
        if (error !== null) throw error
        for (const write of records) this.produced.push({ topic, write })
      },
      isFinal: (error) => error instanceof RangeError,
      close: async () => {
        await this.stuck
        this.closed++
      }
    }
  }

  async openConsumer (options: KafkaConsumerOptions): Promise<KafkaConsumer> {
    if (this.openError !== null) throw this.openError
    await this.stuck
    const { crash } = this
    this.crash = null
    if (crash !== null) options.reader.ended(crash)
    const consumer = new FakeConsumer(this, options)
    this.consumers.push(consumer)
    return consumer
  }

  /** What was produced to a topic, as text. */
  textsOf (topic: string): string[] {
    return this.produced.filter((each) => each.topic === topic).map(({ write }) => Buffer.from(write.value ?? []).toString())
  }

  /** The headers of a record that was produced. */
  headersOf (index: number): Record<string, string> {
    return Object.fromEntries(this.produced[index]!.write.headers.map(([name, value]) => [name, Buffer.from(value).toString()]))
  }
}

export class FakeConsumer implements KafkaConsumer {
  readonly options: KafkaConsumerOptions
  readonly paused = new Set<string>()
  readonly #kafka: FakeKafka
  readonly #positions = new Map<string, bigint>()
  readonly #reading = new Set<string>()
  closed = false

  constructor (kafka: FakeKafka, options: KafkaConsumerOptions) {
    this.#kafka = kafka
    this.options = options
  }

  /** Makes the group anew. Each partition is read from its committed offset. */
  assign (...partitions: readonly KafkaPartition[]): void {
    this.#positions.clear()
    for (const partition of partitions) this.#positions.set(nameOf(partition), this.#kafka.committed.get(nameOf(partition)) ?? 0n)
    this.options.reader.assigned(partitions)
    for (const partition of partitions) this.read(partition)
  }

  read (partition: KafkaPartition): void { this.#read(partition).catch((error: unknown) => { throw error }) }

  pause (partition: KafkaPartition): void { this.paused.add(nameOf(partition)) }

  resume (partition: KafkaPartition): void {
    this.paused.delete(nameOf(partition))
    this.read(partition)
  }

  async commit (offsets: readonly KafkaOffset[]): Promise<void> {
    if (this.#kafka.commitError !== null) throw this.#kafka.commitError
    this.#kafka.commits++
    for (const offset of offsets) this.#kafka.committed.set(nameOf(offset), offset.offset)
  }

  async lag (): Promise<readonly KafkaLag[]> {
    if (this.#kafka.lagError !== null) throw this.#kafka.lagError
    return [...this.#positions.keys()].map((name) => {
      const [topic, partition] = name.split(':')
      const at = { topic: topic!, partition: Number(partition) }
      return { ...at, lag: this.#kafka.recordsOf(at).length - Number(this.#kafka.committed.get(name) ?? 0n) }
    })
  }

  async close (): Promise<void> {
    await this.#kafka.stuck
    this.closed = true
    this.#positions.clear()
  }

  async #read (partition: KafkaPartition): Promise<void> {
    const name = nameOf(partition)
    if (this.#reading.has(name)) return
    this.#reading.add(name)
    for (;;) {
      const position = this.#positions.get(name)
      const record = position === undefined ? undefined : this.#kafka.recordsOf(partition)[Number(position)]
      if (record === undefined || this.paused.has(name)) break
      const taken = await this.options.reader.take(record)
      // The group was made anew meanwhile.
      if (this.#positions.get(name) !== position) continue
      if (taken === 'later') break
      this.#positions.set(name, position! + 1n)
    }
    this.#reading.delete(name)
  }
}
