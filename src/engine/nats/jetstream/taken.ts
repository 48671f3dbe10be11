import { Buffer } from 'node:buffer'
import type { TakenMessage } from '../../queues.ts'
import type { NatsMessage } from '../connection.ts'

/** The subject of acknowledgements begins with these words. */
const PREFIX = '$JS.ACK.'
/** The words of an older server, and the least of a newer one. A newer one names a domain and an account first. */
const WORDS = 9
const LONG_WORDS = 11
/** The places of the count of deliveries and of the number in the stream. In a newer server they are further behind. */
const DELIVERIES = 4
const NUMBER = 5
const FURTHER = 2

/** The facts about a message in the subject for its acknowledgement. */
export interface Facts {
  readonly deliveries: number
  /** The number of the message in the stream. */
  readonly number: number
}

/** A message that a consumer has taken. */
export class Taken implements TakenMessage {
  readonly data: Uint8Array
  /** The number of the message in the stream. */
  readonly number: number
  deliveries: number
  /** The subject for the acknowledgement. */
  readonly subject: string
  /** The life of the stream: a number of another life is another message. */
  readonly epoch: string

  private constructor (data: Uint8Array, { number, deliveries }: Facts, subject: string, epoch: string) {
    this.data = data
    this.number = number
    this.deliveries = deliveries
    this.subject = subject
    this.epoch = epoch
  }

  /** Reads a message that JetStream gives to a consumer. `null` if it is another one. */
  static from ({ data, reply = '' }: NatsMessage, epoch: string): Taken | null {
    const facts = factsOf(reply)
    // The bytes are a part of a larger buffer.
    return facts === null ? null : new Taken(Buffer.from(data), facts, reply, epoch)
  }
}

/** Reads the facts about a message from the subject for its acknowledgement. `null` if it is another subject. */
export function factsOf (subject: string): Facts | null {
  const words = subject.split('.')
  if (!subject.startsWith(PREFIX) || words.length < WORDS || words.length === LONG_WORDS - 1) return null
  const further = words.length === WORDS ? 0 : FURTHER
  const [deliveries, number] = [Number(words[DELIVERIES + further]), Number(words[NUMBER + further])]
  return [deliveries, number].every((each) => Number.isInteger(each) && each > 0) ? { deliveries, number } : null
}
