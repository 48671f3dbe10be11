import { Buffer } from 'node:buffer'
import type { TakenMessage } from '../../queues.ts'
import type { NatsMessage } from '../connection.ts'

/** The subject of acknowledgements begins with these words. */
const PREFIX = '$JS.ACK.'
/** The words of an older server, and the least of a newer one. A newer one names a domain and an account first. */
const WORDS = 9
const LONG_WORDS = 11
/** The place of the count of deliveries behind the name of the consumer, in both. */
const DELIVERIES = 4
const FURTHER = 2

/** A message that a consumer has taken. */
export class Taken implements TakenMessage {
  readonly data: Uint8Array
  readonly deliveries: number
  /** The subject for the acknowledgement. */
  readonly subject: string
  /** The life of the stream: a number of another life is another message. */
  readonly epoch: string

  private constructor (data: Uint8Array, deliveries: number, subject: string, epoch: string) {
    this.data = data
    this.deliveries = deliveries
    this.subject = subject
    this.epoch = epoch
  }

  /** Reads a message that JetStream gives to a consumer. `null` if it is another one. */
  static from ({ data, reply = '' }: NatsMessage, epoch: string): Taken | null {
    const deliveries = deliveriesOf(reply)
    // The bytes are a part of a larger buffer.
    return deliveries === null ? null : new Taken(Buffer.from(data), deliveries, reply, epoch)
  }
}

/** Reads the number of deliveries from the subject for an acknowledgement. `null` if it is another subject. */
export function deliveriesOf (subject: string): number | null {
  const words = subject.split('.')
  if (!subject.startsWith(PREFIX) || words.length < WORDS || words.length === LONG_WORDS - 1) return null
  const deliveries = Number(words[words.length === WORDS ? DELIVERIES : DELIVERIES + FURTHER])
  return Number.isInteger(deliveries) && deliveries > 0 ? deliveries : null
}
