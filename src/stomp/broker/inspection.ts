import type { Body, FrameHeaders } from '../codec/index.ts'

/** The subscriptions of this process to one topic, or to one pattern. */
export interface BrokerTopic {
  /** The topic or the pattern, as clients write it. */
  readonly destination: string
  /** The number of subscriptions. */
  readonly subscribers: number
}

/** One queue. */
export interface BrokerQueue {
  /** The queue, as clients write it. */
  readonly destination: string
  /** The messages that wait or are not acknowledged, `null` if the broker does not know it. */
  readonly messages: number | null
  /** The bytes of these messages, `null` if the broker does not know it. */
  readonly bytes: number | null
  /** The consumers in this process. */
  readonly consumers: number
}

/** A message that no consumer could handle, and that waits in the queue of the dead letters. */
export interface BrokerDeadLetter {
  /** The id of the letter in its queue. */
  readonly id: string
  /** The queue that has given the message up. */
  readonly queue: string
  /** The reason, such as `delivery-limit` or `expired`. */
  readonly reason: string
  /** The bytes that the letter takes. */
  readonly bytes: number
  /** The headers of the letter. */
  readonly headers: FrameHeaders
  /** The body of the letter. */
  readonly body: Body
}

/**
 * The content of a broker, for operators. It costs nothing until a list is asked for.
 *
 * A list is read while the caller iterates it, so that the caller iterates it at once. `null` stands for a list that the broker does not know.
 * A broker that asks another process for a list returns a promise.
 */
export interface BrokerInspection {
  /** The topics and patterns with subscriptions in this process. */
  readonly topics: (() => Iterable<BrokerTopic>) | null
  /** The queues with messages, or with consumers in this process. */
  readonly queues: (() => Iterable<BrokerQueue> | Promise<Iterable<BrokerQueue>>) | null
  /** The dead letters, the oldest first. */
  readonly deadLetters: (() => Iterable<BrokerDeadLetter> | Promise<Iterable<BrokerDeadLetter>>) | null
  /** True if the dead letters are those of all nodes, so that each node lists the same ones. Default `false`. */
  readonly sharesDeadLetters?: boolean
  /** Sentences for an operator: the parts that this broker does not know, and where they can be seen. */
  readonly unknown: readonly string[]
  /**
   * Sends a dead letter to the queue that has given it up, and takes it out of the dead letters. It returns false if the letter is not there any more.
   *
   * `null` stands for a broker that cannot.
   *
   * @throws BrokerError if the queue does not take the message. The letter stays.
   */
  readonly replay: ((id: string) => boolean | Promise<boolean>) | null
}
