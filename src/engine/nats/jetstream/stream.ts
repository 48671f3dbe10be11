import { Buffer } from 'node:buffer'
import { delay } from '../../../core/delay.ts'
import { engineErrors } from '../../errors.ts'
import type { NatsLink } from '../link.ts'
import { engineErrorOf, JetStreamError, NO_MESSAGE, NO_STREAM, OTHER_SETTINGS, OVERLAP, readAnswer, UNSERVED } from './answers.ts'
import { HEADERS, MessageId } from './message-id.ts'
import type { Requests } from './requests.ts'

/** The server has no JetStream. Sessions and topics without a history do not need it, so that the node works without it. */
export class NoJetStream extends engineErrors.Unavailable {
  constructor () { super('nats', 'the server has no JetStream, which keeps logs and queues; start nats-server with -js') }
}

/** The nanoseconds of a millisecond. JetStream counts in them. */
export const NANOSECONDS = 1_000_000
/** The time for which JetStream remembers the ids of messages, in milliseconds. */
export const REMEMBERED = 120_000

/** The time for which a call waits for a stream, in milliseconds. Servers of a cluster need up to nine seconds to choose their leader. */
const PATIENCE = 12_000
/** The time between two looks, in milliseconds. */
const PAUSE = 50

/** The number of tries to make a stream that others may be making. */
const TRIES = 3
/** The most by which the number of a message is lower than that of an earlier one. */
const DISORDER = 1_000

/** The facts about a stream that a request tells. */
export interface StreamState {
  /** The number of the oldest message that is left. It is one more than `last_seq` if none is left, and 0 if there was none. */
  readonly first_seq: number
  /** The number of the last message, also if it is not there any more. */
  readonly last_seq: number
}

/** A message that a stream keeps. */
export interface StoredMessage {
  readonly seq: number
  /** The bytes in base64. It is missing if there are none. */
  readonly data?: string
  /** The time at which it was stored. */
  readonly time: string
}

/** Chooses a message of a subject: the next one from a number on, or the last one. */
export type Choice = { readonly seq: number, readonly next_by_subj: string } | { readonly last_by_subj: string }

/** One stream of JetStream, which the engine makes and finds again. */
export class NatsStream {
  readonly name: string
  /** Called when the stream seems to be lost, or another one. */
  onMissed: () => void = () => {}
  readonly #settings: object
  readonly #link: NatsLink
  readonly #requests: Requests
  #epoch = ''
  /** The end of the wait for the stream, while calls wait for it. */
  #coming: Promise<void> | null = null
  #highest = 0

  constructor (link: NatsLink, requests: Requests, name: string, settings: object) {
    this.#link = link
    this.#requests = requests
    this.name = name
    this.#settings = { name, ...settings }
  }

  /** Names this life of the stream: one that was made anew counts from 1 again. Empty while the stream is not there. */
  get epoch (): string { return this.#epoch }

  /** Waits for the stream, which a cluster of servers may find some seconds after the engine is available. Resolves with the epoch. */
  async there (): Promise<string> {
    if (this.#isAwaited) await (this.#coming ?? this.#come())
    return this.open()
  }

  /** Returns the epoch. Throws while the stream is not there. */
  open (): string {
    this.#link.open()
    if (this.#epoch === '') throw new engineErrors.Unavailable('nats', `JetStream does not have the stream ${this.name} yet`)
    return this.#epoch
  }

  /** Makes the stream, finds it as it is, or gives it the settings of this node. */
  async ensure (): Promise<void> {
    try {
      const { created } = await this.#make()
      const epoch = String(created).replaceAll(/[^A-Za-z0-9_-]/g, '-')
      if (epoch !== this.#epoch) this.#highest = 0
      this.#epoch = epoch
    } catch (error) {
      this.#epoch = ''
      if (error instanceof JetStreamError && error.number === UNSERVED) throw new NoJetStream()
      if (!(error instanceof JetStreamError) || error.kind === 'unavailable') throw engineErrorOf(error, 0, 0)
      throw new engineErrors.Refused('nats', `JetStream does not keep the stream ${this.name} with the settings ${JSON.stringify(this.#settings)}: ${error.message}`)
    }
  }

  /** Publishes a message, and resolves with its number in the stream when the stream has it. */
  async publish (subject: string, place: string, id: string, data: Uint8Array): Promise<number> {
    if (this.#isAwaited) await this.there()
    else this.open()
    const messageId = new MessageId(place, id)
    const limit = (this.#link.connection?.info?.max_payload ?? 0) - HEADERS
    if (data.byteLength > limit) throw new engineErrors.TooLarge(data.byteLength, limit)
    try {
      // The client reads the bytes in a later microtask, and the caller may use its buffer again.
      const { seq, duplicate } = await this.#requests.make(subject, Buffer.from(data), readAnswer<{ seq: number, duplicate?: boolean }>, messageId)
      if (duplicate !== true) this.saw(seq)
      return seq
    } catch (error) {
      const thrown = engineErrorOf(error, data.byteLength, limit)
      // The stream may be gone, and then it must be made again.
      if (thrown instanceof engineErrors.Unavailable) this.onMissed()
      throw thrown
    }
  }

  /** Notes the number of a new message. Numbers that go far back belong to a stream that was made anew. */
  saw (seq: number): void {
    if (seq < this.#highest - DISORDER) this.onMissed()
    this.#highest = Math.max(this.#highest, seq)
  }

  /** Counts the messages of a subject. */
  async countOf (subject: string): Promise<number> {
    const { state: { subjects } } = await this.#ask<{ state: { subjects?: Readonly<Record<string, number>> } }>('INFO', { subjects_filter: subject })
    return subjects?.[subject] ?? 0
  }

  async state (): Promise<StreamState> { return (await this.#ask<{ state: StreamState }>('INFO', {})).state }

  /** Reads a message. `null` if there is none. */
  async get (choice: Choice): Promise<StoredMessage | null> {
    return (await this.#read<{ message: StoredMessage }>('MSG.GET', choice))?.message ?? null
  }

  /** Reads of the stream. `null` if it has no such message. */
  async #read<T extends object> (verb: string, question: object): Promise<T | null> {
    try {
      return await this.#ask(verb, question)
    } catch (error) {
      if (error instanceof JetStreamError && error.number === NO_MESSAGE) return null
      if (error instanceof JetStreamError && error.number === NO_STREAM) this.onMissed()
      throw engineErrorOf(error, 0, 0)
    }
  }

  /** True while calls wait. A later call waits behind them, also if the stream has come. */
  get #isAwaited (): boolean { return this.#epoch === '' || this.#coming !== null }

  /** Waits once for all calls, which go on in their order. The calls that wait are told right after the end of the wait is noted. */
  #come (): Promise<void> {
    const coming = this.#look()
    this.#coming = coming
    const end = (): void => { this.#coming = null }
    coming.then(end, end)
    return coming
  }

  async #look (): Promise<void> {
    const { clock } = this.#link.context
    for (const until = clock.now() + PATIENCE; this.#epoch === '' && clock.now() < until;) {
      this.#link.open()
      await delay(clock, PAUSE)
    }
  }

  async #make (tries = 1): Promise<{ created: string }> {
    try {
      return await this.#ask('CREATE', this.#settings)
    } catch (error) {
      if (!(error instanceof JetStreamError)) throw error
      if (error.number === OTHER_SETTINGS) return await this.#ask('UPDATE', this.#settings)
      // The server says so too while another node makes the same stream.
      if (error.number !== OVERLAP || tries === TRIES) throw error
      await delay(this.#link.context.clock, PAUSE)
      return await this.#make(tries + 1)
    }
  }

  #ask<T extends object> (verb: string, question: object): Promise<T> {
    return this.#requests.make(`$JS.API.STREAM.${verb}.${this.name}`, Buffer.from(JSON.stringify(question)), readAnswer<T>)
  }
}
