import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { KafkaConsumer } from './client.ts'
import type { KafkaContext } from './context.ts'
import { nameOf, type Partition } from './partition.ts'

/** The time between two questions, in milliseconds. */
const INTERVAL = 10_000

/** Asks Kafka how far the group is behind. The answers tell too whether Kafka is there while no records come. */
export class LagWatch implements TimerOwner {
  readonly #context: KafkaContext
  readonly #consumer: () => Promise<KafkaConsumer> | null
  readonly #partitions: ReadonlyMap<string, Partition>
  readonly #timer = new Timer(this)
  #stopped = false

  constructor (context: KafkaContext, consumer: () => Promise<KafkaConsumer> | null, partitions: ReadonlyMap<string, Partition>) {
    this.#context = context
    this.#consumer = consumer
    this.#partitions = partitions
  }

  start (): void {
    if (!this.#timer.running && !this.#stopped) this.#context.clock.start(this.#timer, INTERVAL)
  }

  stop (): void {
    this.#stopped = true
    this.#context.clock.stop(this.#timer)
  }

  expire (): void {
    this.#ask().finally(() => this.start())
  }

  async #ask (): Promise<void> {
    const { health, log } = this.#context
    try {
      const consumer = await this.#consumer()
      if (consumer === null) return
      for (const { lag, ...partition } of await consumer.lag()) {
        const known = this.#partitions.get(nameOf(partition))
        if (known !== undefined) known.lag = lag
      }
      health.works('in', true)
    } catch (error) {
      if (health.state === 'available') log.warn({ err: error }, 'Kafka does not tell how far the group is behind')
      health.works('in', false)
    }
  }
}
