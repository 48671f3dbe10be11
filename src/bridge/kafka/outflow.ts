import { atMost } from '../../core/delay.ts'
import type { Done, OutgoingMessage } from '../../stomp/broker/broker.ts'
import { refusal } from '../../stomp/refusals.ts'
import { readThrown } from '../../stomp/session/thrown.ts'
import type { KafkaContext } from './context.ts'
import type { KafkaOut, ResolvedKafkaOptions } from './options.ts'
import { Outbox, OutboxRoom } from './outbox.ts'
import type { ProducerLink } from './producer-link.ts'
import { writeOf } from './record.ts'

/** The time, in milliseconds, that the messages which wait for Kafka have when the application closes. */
const PATIENCE = 5000

/** The way of messages from this node to Kafka. */
export class Outflow {
  readonly #context: KafkaContext
  readonly #confirmTimeout: number
  readonly #outboxes = new Map<string, Outbox>()

  constructor (context: KafkaContext, { out, outbox, confirmTimeout }: ResolvedKafkaOptions, producer: ProducerLink) {
    this.#context = context
    this.#confirmTimeout = confirmTimeout
    const room = new OutboxRoom(outbox)
    for (const { topic } of out) this.#outboxes.set(topic, new Outbox(context, topic, producer, room))
  }

  /** The number of messages that wait for Kafka. */
  get waiting (): number { return [...this.#outboxes.values()].reduce((sum, { length }) => sum + length, 0) }

  /** Sends a message by a rule. The promise holds the publisher where the rule has `confirm`. */
  send ({ topic, key, confirm = false }: KafkaOut, message: OutgoingMessage): Done {
    let found: ReturnType<NonNullable<KafkaOut['key']>>
    try {
      found = key === undefined ? message.destination : key(message)
      return this.#outboxes.get(topic)!.add(writeOf(message, found), confirm ? this.#confirmTimeout : null)
    } catch (error) {
      this.#context.counts.failed++
      this.#context.tellLoss('key', topic, { reason: readThrown(error).message })
      if (confirm) throw refusal('STOMP_BROKER_REFUSED', 'Kafka', false, readThrown(error).error)
      return undefined
    }
  }

  /** Waits until Kafka has all messages, for a bounded time. */
  async close (): Promise<void> {
    const outboxes = [...this.#outboxes.values()]
    if (this.waiting > 0) await atMost(this.#context.clock, PATIENCE, Promise.all(outboxes.map((outbox) => outbox.empty())))
    for (const outbox of outboxes) outbox.stop()
  }
}
