import { isPromise } from '../../core/promise.ts'
import { shown } from '../../core/suggestion.ts'
import type { Broker } from '../../stomp/broker/broker.ts'
import { readThrown } from '../../stomp/session/thrown.ts'
import type { KafkaRead, Taken } from './client.ts'
import type { KafkaContext } from './context.ts'
import type { KafkaIn, ResolvedKafkaOptions } from './options.ts'
import type { ProducerLink } from './producer-link.ts'
import { letterOf, messageOf, recordOf } from './record.ts'

/** The refusals of a broker that mean the message itself, so that another try is of no use. After any other one the record comes again. */
const FINAL: ReadonlySet<string> = new Set(['STOMP_ACCESS_REFUSED', 'STOMP_UNKNOWN_DESTINATION', 'STOMP_INVALID_DESTINATION', 'STOMP_DESTINATION_TOO_LONG',
  'STOMP_INVALID_HEADER', 'STOMP_BROKER_REFUSED', 'STOMP_MESSAGE_TOO_LARGE'])

/** The most characters of a reason that a dead letter carries. */
const LONGEST_REASON = 500

/** Publishes records. A record that cannot be published becomes a dead letter. */
export class RecordRouter {
  readonly #context: KafkaContext
  readonly #broker: Broker
  readonly #rules: ReadonlyMap<string, KafkaIn>
  readonly #deadLetters: string | null
  readonly #producer: ProducerLink

  constructor (context: KafkaContext, broker: Broker, { in: rules, deadLetters }: ResolvedKafkaOptions, producer: ProducerLink) {
    this.#context = context
    this.#broker = broker
    this.#rules = new Map(rules.map((rule) => [rule.topic, rule]))
    this.#deadLetters = deadLetters
    this.#producer = producer
  }

  /** Takes a record to its destination. It never rejects. */
  async take (read: KafkaRead): Promise<Taken> {
    const { counts, log } = this.#context
    const rule = this.#rules.get(read.topic)!
    let destination: string | null
    try {
      destination = this.#destinationOf(rule, read)
    } catch (error) {
      return this.#bury(read, readThrown(error).message)
    }
    if (destination === null) {
      counts.skipped++
      return 'done'
    }
    try {
      // It goes past the taps, so that no rule of this bridge carries it back to Kafka.
      await this.#broker.publish(messageOf(read, destination, rule.contentType))
      counts.published++
      return 'done'
    } catch (error) {
      const { code, message } = readThrown(error)
      if (code !== undefined && FINAL.has(code)) return this.#bury(read, `${code}: ${message}`)
      counts.retried++
      log.debug({ err: error, topic: read.topic, partition: read.partition, offset: String(read.offset) }, 'the broker has not taken a record of Kafka; it comes again')
      return 'later'
    }
  }

  /** Finds the destination, `null` if the record is left out. It throws the reason for which the record is a dead letter. */
  #destinationOf ({ to }: KafkaIn, read: KafkaRead): string | null {
    const destination: unknown = typeof to === 'string' ? to : to(recordOf(read))
    if (destination === null) return null
    if (isPromise(destination)) {
      Promise.resolve(destination).catch(() => {})
      throw new Error('the function to must return a destination or null, not a promise')
    }
    if (typeof destination !== 'string') throw new Error(`the function to must return a destination or null, not ${shown(destination)}`)
    if (!this.#broker.accepts(destination, 'send')) throw new Error(`the broker does not serve the destination ${destination}`)
    return destination
  }

  async #bury (read: KafkaRead, reason: string): Promise<Taken> {
    const { counts } = this.#context
    const { topic, partition, offset } = read
    const facts = { partition, offset: String(offset), reason }
    if (this.#deadLetters !== null) {
      try {
        await this.#producer.send(this.#deadLetters, [letterOf(read, reason.slice(0, LONGEST_REASON))])
        counts.dead++
        this.#context.tellLoss('dead', topic, facts)
        return 'done'
      } catch (error) {
        if (!this.#producer.isFinal(error)) return 'later'
        this.#context.log.error({ err: error, topic: this.#deadLetters }, 'Kafka refuses a dead letter for good')
      }
    }
    counts.dead++
    this.#context.tellLoss('dropped', topic, facts)
    return 'done'
  }
}
