import type { KafkaClient, KafkaConsumer, KafkaConsumerOptions, KafkaProducer, KafkaWrite } from '../client.ts'
import { FINAL, opened } from '../opened.ts'
import { PlatformaticGroupMember } from './consumer.ts'
import type { PlatformaticConsumer, PlatformaticKafka, PlatformaticProducer } from './package.ts'

/** The options of the clients of `@platformatic/kafka`. */
export interface PlatformaticOptions {
  /** The name of the client in the logs of Kafka. */
  readonly clientId: string
  /** The addresses of some brokers: `host:port`. */
  readonly bootstrapBrokers: readonly string[]
  /** Any other option of the class `Consumer` and of the class `Producer`, such as `tls` and `sasl`. */
  readonly [option: string]: unknown
}

/**
 * Makes a client of the bridge from the package `@platformatic/kafka`: `platformatic({ Consumer, Producer }, { clientId, bootstrapBrokers })`.
 *
 * Version 1 runs on Node 20, version 2 needs Node 22.
 */
export function platformatic (kafka: PlatformaticKafka, options: PlatformaticOptions): KafkaClient {
  return new PlatformaticClient(kafka, options)
}

class PlatformaticClient implements KafkaClient {
  readonly #kafka: PlatformaticKafka
  readonly #options: PlatformaticOptions

  constructor (kafka: PlatformaticKafka, options: PlatformaticOptions) {
    this.#kafka = kafka
    this.#options = options
  }

  // The producer of this package connects with its first message.
  async openProducer (): Promise<KafkaProducer> { return new Producer(new this.#kafka.Producer(this.#options as never) as PlatformaticProducer) }

  async openConsumer (wishes: KafkaConsumerOptions): Promise<KafkaConsumer> {
    const consumer = new this.#kafka.Consumer({ ...this.#options, groupId: wishes.group } as never) as PlatformaticConsumer
    return await opened(new PlatformaticGroupMember(consumer, wishes))
  }
}

class Producer implements KafkaProducer {
  readonly #producer: PlatformaticProducer

  constructor (producer: PlatformaticProducer) {
    this.#producer = producer
  }

  async send (topic: string, records: readonly KafkaWrite[]): Promise<void> {
    const messages = records.map(({ key, value, headers }) => ({
      topic,
      key: key ?? undefined,
      value: value ?? undefined,
      // A name may come several times, because each key of the map is an object of its own.
      headers: new Map(headers.map(([name, text]) => [Buffer.from(name), text]))
    }))
    await this.#producer.send({ messages, acks: -1 } as never)
  }

  isFinal (error: unknown): boolean { return causes(error).some((each) => FINAL.has((each as { apiId?: unknown }).apiId)) }

  close (): Promise<void> { return this.#producer.close() }
}

/** Lists an error with all that caused it. An `AggregateError` has several causes. */
function causes (error: unknown): Error[] {
  if (!(error instanceof Error)) return []
  const inner = error instanceof AggregateError ? error.errors as unknown[] : []
  return [error, ...[...inner, error.cause].flatMap(causes)]
}
