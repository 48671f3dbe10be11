import type { KafkaConsumer, KafkaConsumerOptions, KafkaLag, KafkaOffset, KafkaPartition, KafkaRead } from '../client.ts'
import { Lanes } from './lanes.ts'
import type { PlatformaticAssignment, PlatformaticConsumer, PlatformaticMessage, PlatformaticStream } from './package.ts'

/** A member of the consumer group, by `@platformatic/kafka`. */
export class PlatformaticGroupMember implements KafkaConsumer {
  readonly #consumer: PlatformaticConsumer
  readonly #wishes: KafkaConsumerOptions
  readonly #lanes: Lanes
  #stream: PlatformaticStream | null = null
  #over = false

  constructor (consumer: PlatformaticConsumer, wishes: KafkaConsumerOptions) {
    this.#consumer = consumer
    this.#wishes = wishes
    this.#lanes = new Lanes(wishes.reader, wishes.concurrency, (goes) => { if (goes) this.#stream?.resume(); else this.#stream?.pause() })
  }

  async start (): Promise<void> {
    const { topics, fromBeginning } = this.#wishes
    listen(this.#consumer, 'consumer:group:join', ({ assignments }: { readonly assignments?: readonly PlatformaticAssignment[] | null }) => this.#assigned(assignments ?? []))
    // A member that cannot join again tells it so, and would stay outside of its group.
    listen(this.#consumer, 'error', (error: unknown) => this.#ended(error))
    this.#stream = await this.#consumer.consume({
      topics: [...topics],
      mode: 'committed',
      fallbackMode: fromBeginning ? 'earliest' : 'latest',
      autocommit: false,
      maxWaitTime: 500,
      highWaterMark: 256
    } as never)
    listen(this.#stream, 'error', (error: unknown) => this.#ended(error))
    listen(this.#stream, 'data', (message: PlatformaticMessage) => this.#lanes.add(readOf(message)))
  }

  pause (partition: KafkaPartition): void { this.#lanes.pause(partition) }

  resume (partition: KafkaPartition): void { this.#lanes.resume(partition) }

  async commit (offsets: readonly KafkaOffset[]): Promise<void> {
    await this.#consumer.commit({ offsets: offsets.map((offset) => ({ ...offset, leaderEpoch: -1 })) })
  }

  async lag (): Promise<readonly KafkaLag[]> {
    const assigned = this.#consumer.assignments ?? []
    if (assigned.length === 0) return []
    const [ends, committed] = await Promise.all([
      this.#consumer.listOffsets({ topics: assigned.map(({ topic }) => topic) }), this.#consumer.listCommittedOffsets({ topics: assigned })
    ])
    return assigned.flatMap(({ topic, partitions }) => partitions.flatMap((partition) => {
      const [end, offset] = [ends.get(topic)?.[partition], committed.get(topic)?.[partition]]
      return end === undefined || offset === undefined || offset < 0n ? [] : [{ topic, partition, lag: Math.max(0, Number(end - offset)) }]
    }))
  }

  async close (): Promise<void> {
    this.#over = true
    this.#lanes.assign([])
    await this.#consumer.close(true)
  }

  #assigned (assignments: readonly PlatformaticAssignment[]): void {
    const partitions = assignments.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
    this.#lanes.assign(partitions)
    this.#wishes.reader.assigned(partitions)
  }

  #ended (error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#wishes.reader.ended(error)
  }
}

/** Listens to an event. The declarations of `@platformatic/kafka` have an overload for each event, which a structural type cannot name. */
function listen<Payload> (source: PlatformaticConsumer | PlatformaticStream, event: string, listener: (payload: Payload) => void): void {
  source.on(event as never, listener as never)
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')

function readOf ({ topic, partition, offset, timestamp, key, value, headers }: PlatformaticMessage): KafkaRead {
  return {
    topic,
    partition,
    offset,
    timestamp: Number(timestamp),
    key: key ?? null,
    value: value ?? null,
    headers: [...headers].map(([name, text]) => [textOf(name), text ?? new Uint8Array(0)])
  }
}
