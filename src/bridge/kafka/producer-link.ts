import { atMost } from '../../core/delay.ts'
import type { KafkaClient, KafkaProducer, KafkaWrite } from './client.ts'
import type { KafkaContext } from './context.ts'

/** The time, in milliseconds, that the producer has to close. */
const PATIENCE = 5000

/** The producer of the bridge. It is opened with the first records, and again after it could not be opened. */
export class ProducerLink {
  readonly #context: KafkaContext
  readonly #client: KafkaClient
  #producer: KafkaProducer | null = null
  #opening: Promise<KafkaProducer> | null = null

  constructor (context: KafkaContext, client: KafkaClient) {
    this.#context = context
    this.#client = client
  }

  /** Opens the producer. It rejects if Kafka does not answer. */
  async open (): Promise<void> { await this.#open() }

  /** Produces records, in order. It resolves when all in-sync replicas have them. */
  async send (topic: string, records: readonly KafkaWrite[]): Promise<void> {
    const { health, log } = this.#context
    try {
      const producer = await this.#open()
      await producer.send(topic, records)
      health.works('out', true)
    } catch (error) {
      if (!this.isFinal(error)) {
        if (health.state !== 'unavailable') log.warn({ err: error, topic }, 'Kafka does not take messages; the bridge tries again')
        health.works('out', false)
      }
      throw error
    }
  }

  /** Tells whether Kafka refuses records for good. */
  isFinal (error: unknown): boolean { return this.#producer?.isFinal(error) ?? false }

  /** Closes the producer, in a bounded time. A client that Kafka does not answer may wait for long. */
  async close (): Promise<void> { await atMost(this.#context.clock, PATIENCE, this.#close()) }

  async #close (): Promise<void> {
    const producer = this.#producer ?? await this.#opening?.catch(() => null) ?? null
    await producer?.close()
  }

  async #open (): Promise<KafkaProducer> {
    if (this.#producer !== null) return this.#producer
    this.#opening ??= this.#client.openProducer().finally(() => { this.#opening = null })
    const producer = await this.#opening
    this.#context.health.works('out', true)
    return (this.#producer = producer)
  }
}
