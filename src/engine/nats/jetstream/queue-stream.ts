import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { engineErrors } from '../../errors.ts'
import { type QueueRule, type QueueView, VIEW_BYTES } from '../../queues.ts'
import type { NatsMessage } from '../connection.ts'
import type { NatsLink } from '../link.ts'
import { engineErrorOf, isUnserved, readAnswer } from './answers.ts'
import type { JetStreamSettings } from './options.ts'
import type { Requests } from './requests.ts'
import { NANOSECONDS, NatsStream, REMEMBERED } from './stream.ts'
import { Taken } from './taken.ts'
import { Uncounted } from './uncounted.ts'

/** The time after which JetStream forgets how far the consumers of an unused queue are, in milliseconds. The messages stay. */
const UNUSED = 24 * 60 * 60_000
/** The requests for messages that may wait at one queue: each consumer has a few. */
const MAX_WAITING = 4_096
/** The length up to which the name of a queue names it in JetStream too. */
const LONGEST_NAME = 200

const NOTHING = Buffer.alloc(0)
const ACK = Buffer.from('+ACK')
const NAK = Buffer.from('-NAK')
const IN_PROGRESS = Buffer.from('+WPI')

/** The stream of all queues, in which a message stays until it is acknowledged. Each queue is a subject. */
export class QueueStream {
  readonly stream: NatsStream
  /** The subjects that queues publish to, beside those of the stream itself. */
  readonly rights: readonly string[]
  readonly #link: NatsLink
  readonly #requests: Requests
  readonly #ackWait: number
  readonly #uncounted = new Uncounted()
  #count = 0

  constructor (link: NatsLink, requests: Requests, rule: QueueRule, { storage, replicas, ackWait }: JetStreamSettings) {
    const { subjects } = link
    this.#link = link
    this.#requests = requests
    this.#ackWait = ackWait
    this.stream = new NatsStream(link, requests, subjects.queueStream, {
      subjects: [subjects.queue('>')],
      retention: 'workqueue',
      storage,
      num_replicas: replicas,
      max_msgs_per_subject: rule.messages,
      max_bytes: rule.allBytes,
      // A queue that is full takes no more. It must not lose its oldest messages.
      discard: 'new',
      discard_new_per_subject: true,
      duplicate_window: REMEMBERED * NANOSECONDS,
      max_age: 0,
      max_consumers: -1,
      max_msgs: -1
    })
    const { name } = this.stream
    this.rights = [
      ...['DURABLE.CREATE', 'INFO', 'MSG.NEXT'].map((verb) => `$JS.API.CONSUMER.${verb}.${name}.*`),
      `$JS.ACK.${name}.>`,
      `$JS.API.STREAM.MSG.GET.${name}`
    ]
  }

  async push (queue: string, id: string, data: Uint8Array): Promise<void> {
    await this.stream.publish(this.#link.subjects.queue(queue), queue, id, data)
  }

  /** Shows a queue. JetStream counts no bytes of one subject. */
  async view (queue: string, most: number): Promise<QueueView> {
    await this.stream.there()
    const subject = this.#link.subjects.queue(queue)
    const first: Uint8Array[] = []
    let seq = 0
    let left = VIEW_BYTES
    try {
      const messages = await this.stream.countOf(subject)
      while (first.length < Math.min(most, messages) && left > 0) {
        const message = await this.stream.get({ seq: seq + 1, next_by_subj: subject })
        if (message === null) break
        seq = message.seq
        const data = Buffer.from(message.data ?? '', 'base64')
        left -= data.byteLength
        first.push(data)
      }
      return { messages, bytes: null, first }
    } catch (error) {
      throw engineErrorOf(error, 0, 0)
    }
  }

  /** Makes the subject of the inbox of a consumer. No other one has it. */
  inbox (): string { return this.#link.subjects.taken(this.#link.context.node, (++this.#count).toString(36)) }

  /** Makes the consumer in JetStream that all consumers of a queue share. Resolves with the subject of requests for messages. */
  async share (queue: string): Promise<string> {
    await this.stream.there()
    const stream = this.stream.name
    const name = nameOf(queue)
    const config = {
      durable_name: name,
      filter_subject: this.#link.subjects.queue(queue),
      deliver_policy: 'all',
      replay_policy: 'instant',
      ack_policy: 'explicit',
      ack_wait: this.#ackWait * NANOSECONDS,
      inactive_threshold: UNUSED * NANOSECONDS,
      max_deliver: -1,
      max_ack_pending: -1,
      max_waiting: MAX_WAITING
    }
    const request = Buffer.from(JSON.stringify({ stream_name: stream, config }))
    try {
      await this.#requests.make(`$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${name}`, request, readAnswer)
    } catch (error) {
      throw engineErrorOf(error, 0, 0)
    }
    return `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`
  }

  /**
   * Makes the server drop the requests of a queue whose inboxes have ended. It does so before it tells the facts about the shared consumer.
   *
   * Resolves after the answer, or when none can come.
   */
  async drop (queue: string): Promise<void> {
    if (!this.#link.available) return
    await this.#requests.make(`$JS.API.CONSUMER.INFO.${this.stream.name}.${nameOf(queue)}`, NOTHING, () => {}).catch(() => {})
  }

  /** Reads a message that JetStream gives to a consumer of a queue. `null` if it is another one. */
  take (queue: string, message: NatsMessage): Taken | null {
    const taken = Taken.from(message, this.stream.epoch)
    if (taken !== null) taken.deliveries = this.#uncounted.deliveriesOf(queue, taken)
    return taken
  }

  /** Acknowledges a message. Resolves when the stream has noted it. */
  async acknowledge (taken: Taken): Promise<void> {
    this.#link.open()
    if (!this.#has(taken)) throw new engineErrors.Unavailable('nats', 'JetStream has lost its queues')
    const isNoted = await this.#requests.make(taken.subject, ACK, (message) => !isUnserved(message))
    if (!isNoted) throw new engineErrors.Unavailable('nats', 'no server has the queue of the message')
  }

  /** Gives a message back. Without a connection it goes back after the time that JetStream waits for its acknowledgement. */
  giveBack (taken: Taken): void { if (this.#has(taken)) this.#link.send(taken.subject, NAK) }

  /** Tells that a message is being worked at. */
  keep (taken: Taken): void { if (this.#has(taken)) this.#link.send(taken.subject, IN_PROGRESS) }

  /** Tells whether the message is of this life of the stream. In another one, its number is the number of another message. */
  #has ({ epoch }: Taken): boolean { return this.#link.available && epoch === this.stream.epoch }
}

/** Names a queue in JetStream, where a name has no dots and at most 255 characters. */
function nameOf (queue: string): string {
  return queue.length <= LONGEST_NAME ? queue.replaceAll('.', '+') : `+${createHash('sha256').update(queue).digest('base64url')}`
}
