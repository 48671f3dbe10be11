import type { Clock } from '../../core/clock.ts'
import { RefusalLog } from '../../core/refusal-log.ts'
import type { BrokerLog } from '../../stomp/broker/broker.ts'
import { Health } from './health.ts'

/** The numbers that the bridge counts since its start. */
export interface KafkaCounts {
  /** Records that came from Kafka, repeats included. */
  consumed: number
  /** Records that the broker of STOMP has. */
  published: number
  /** Records that `to` has left out, and records that came again and were published before. */
  skipped: number
  /** Records that could not be published. They are in the topic of the dead letters, or only in the log where there is none. */
  dead: number
  /** Tries to publish that failed because the broker was not available. The records came again. */
  retried: number
  /** Messages that Kafka has. */
  produced: number
  /** Messages that did not go to Kafka. The outbox was full, Kafka refused them, or the application closed before Kafka came back. */
  failed: number
}

/** The lines about records and messages that are lost. Each has one line a minute for each topic, with the number of losses that got no line. */
const LINES = {
  dead: { level: 'warn', text: 'A record of Kafka cannot be published. It is in the topic of the dead letters.' },
  dropped: { level: 'error', text: 'A record of Kafka cannot be published, and is lost for subscribers. Set the option deadLetters to keep such records.' },
  full: { level: 'error', text: 'Kafka has been away for too long, and the outbox is full. Messages are lost for Kafka.' },
  refused: { level: 'error', text: 'Kafka refuses a message for good, and it is lost for Kafka.' },
  key: { level: 'error', text: 'The function key has thrown, and the message is lost for Kafka.' }
} as const

/** The kinds of losses that the log tells. */
export type Loss = keyof typeof LINES

/** The parts that the whole bridge shares. */
export class KafkaContext {
  readonly clock: Clock
  readonly log: BrokerLog
  readonly health: Health
  readonly counts: KafkaCounts = { consumed: 0, published: 0, skipped: 0, dead: 0, retried: 0, produced: 0, failed: 0 }
  readonly #losses: RefusalLog<Loss>

  constructor (clock: Clock, log: BrokerLog) {
    this.clock = clock
    this.log = log
    this.health = new Health((error) => log.error({ err: error }, 'a listener for the state of the Kafka bridge failed'))
    this.#losses = new RefusalLog(clock, LINES)
  }

  /** Logs a loss, unless a line about the topic was written within the last minute. */
  tellLoss (loss: Loss, topic: string, facts: object): void {
    this.#losses.tell(this.log, loss, topic, topic, { topic, ...facts })
  }
}
