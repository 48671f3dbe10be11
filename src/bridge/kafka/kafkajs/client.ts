import type { KafkaClient, KafkaConsumer, KafkaConsumerOptions, KafkaHeader, KafkaProducer, KafkaWrite } from '../client.ts'
import { FINAL, opened } from '../opened.ts'
import { KafkaJsGroupMember } from './consumer.ts'
import type { KafkaJs, KafkaJsAdmin, KafkaJsConsumer, KafkaJsProducer } from './package.ts'

/** More options for the parts that `kafkajs` makes for the bridge. */
export interface KafkaJsOptions {
  /** Options of `kafka.producer()`, such as `createPartitioner` or `idempotent`. */
  readonly producer?: Readonly<Record<string, unknown>>
  /** Options of `kafka.consumer()`, such as `sessionTimeout`. */
  readonly consumer?: Readonly<Record<string, unknown>>
}

/** Makes a client of the bridge from a client of the package `kafkajs` 2: `kafkajs(new Kafka({ brokers }))`. */
export function kafkajs (kafka: KafkaJs, options: KafkaJsOptions = {}): KafkaClient {
  return new KafkaJsClient(kafka, options)
}

class KafkaJsClient implements KafkaClient {
  readonly #kafka: KafkaJs
  readonly #options: KafkaJsOptions

  constructor (kafka: KafkaJs, options: KafkaJsOptions) {
    this.#kafka = kafka
    this.#options = options
  }

  async openProducer (): Promise<KafkaProducer> {
    const producer = this.#kafka.producer({ maxInFlightRequests: 1, ...this.#options.producer } as never) as KafkaJsProducer
    await producer.connect()
    return new Producer(producer)
  }

  async openConsumer (wishes: KafkaConsumerOptions): Promise<KafkaConsumer> {
    const { retry, ...others } = this.#options.consumer ?? {}
    const consumer = this.#kafka.consumer({
      // A partition that goes on after a pause is read at the end of such a wait.
      maxWaitTimeInMs: 500,
      ...others,
      // The bridge opens another consumer itself, and tells the operator.
      retry: { retries: 5, ...retry as object, restartOnFailure: async () => false },
      groupId: wishes.group
    } as never) as KafkaJsConsumer
    return await opened(new KafkaJsGroupMember(consumer, this.#kafka.admin() as KafkaJsAdmin, wishes))
  }
}

class Producer implements KafkaProducer {
  readonly #producer: KafkaJsProducer

  constructor (producer: KafkaJsProducer) {
    this.#producer = producer
  }

  async send (topic: string, records: readonly KafkaWrite[]): Promise<void> {
    const messages = records.map(({ key, value, headers }) => ({ key, value, headers: byName(headers) }))
    await this.#producer.send({ topic, acks: -1, messages } as never)
  }

  isFinal (error: unknown): boolean {
    for (let at = error; at instanceof Error; at = at.cause) if (FINAL.has((at as { type?: unknown }).type)) return true
    return false
  }

  close (): Promise<void> { return this.#producer.disconnect() }
}

/** Collects headers by their name, because `kafkajs` takes the values of a repeated name as a list. */
function byName (headers: readonly KafkaHeader[]): Record<string, Uint8Array[]> {
  const found = new Map<string, Uint8Array[]>()
  for (const [name, value] of headers) found.set(name, [...found.get(name) ?? [], value])
  return Object.fromEntries(found)
}
