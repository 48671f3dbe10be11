import { Buffer } from 'node:buffer'
import type { EngineLogGroup, KeptMessage, LogEntry, LogListener, LogRule, Position } from '../../logs.ts'
import type { NatsMessage } from '../connection.ts'
import type { NatsLink } from '../link.ts'
import type { Subscriptions } from '../subscriptions.ts'
import { LiveOrder } from './live-order.ts'
import { type NatsStream, REMEMBERED, type StoredMessage } from './stream.ts'

/** The logs of one group. The offset of a message is its number in the stream, so that the offsets of one log have gaps. */
export class NatsLogGroup implements EngineLogGroup {
  readonly #name: string
  readonly #rule: LogRule
  readonly #link: NatsLink
  readonly #subscriptions: Subscriptions
  readonly #stream: NatsStream

  constructor (name: string, rule: LogRule, link: NatsLink, subscriptions: Subscriptions, stream: NatsStream) {
    this.#name = name
    this.#rule = rule
    this.#link = link
    this.#subscriptions = subscriptions
    this.#stream = stream
  }

  async append (log: string, id: string, data: Uint8Array): Promise<Position> {
    const offset = await this.#stream.publish(this.#subject(log), log, id, data)
    return { epoch: this.#stream.open(), offset }
  }

  async follow (pattern: string, listener: LogListener): Promise<() => void> {
    const order = new LiveOrder(this.#link, listener)
    const end = await this.#subscriptions.add(this.#link.subjects.live(this.#name, pattern), (message) => {
      const entry = this.#live(message)
      if (entry !== null) order.take(entry)
    })
    await this.#begin(order)
    return () => {
      end()
      order.close()
    }
  }

  async since (log: string, { epoch, offset }: Position): Promise<LogEntry[] | null> {
    if (await this.#stream.there() !== epoch) return null
    const entries: LogEntry[] = []
    let previous = offset
    for (let message = await this.#next(log, offset); message !== null; message = await this.#next(log, previous)) {
      if (entries.length === this.#rule.messages || this.#isOld(message)) return null
      entries.push({ log, epoch, offset: message.seq, previous, data: Buffer.from(message.data ?? '', 'base64') })
      previous = message.seq
    }
    return await this.#isWhole(log, offset, entries) && this.#stream.open() === epoch ? entries : null
  }

  async position (log: string): Promise<Position> {
    const epoch = await this.#stream.there()
    const last = await this.#stream.get({ last_by_subj: this.#subject(log) })
    // No later message has a lower number than the last one of the stream.
    return { epoch, offset: last?.seq ?? (await this.#stream.state()).last_seq }
  }

  async last (log: string): Promise<KeptMessage | null> {
    const epoch = await this.#stream.there()
    const message = await this.#stream.get({ last_by_subj: this.#subject(log) })
    if (message === null || this.#isOld(message) || this.#stream.open() !== epoch) return null
    return { epoch, offset: message.seq, data: Buffer.from(message.data ?? '', 'base64') }
  }

  /**
   * Tells whether no message behind a position was missing, after the messages behind it have been read.
   *
   * The oldest messages of a log go first. So none is missing if a message at the position or before it is left. Otherwise, two things must be
   * true. The first message that was read is still the oldest of the log: it has dropped none because of their number. The stream has dropped
   * nothing behind the position because of its age.
   */
  async #isWhole (log: string, offset: number, entries: readonly LogEntry[]): Promise<boolean> {
    const [oldest, { first_seq: first, last_seq: last }] = await Promise.all([this.#next(log, 0), this.#stream.state()])
    if (offset > last) return false
    if (oldest !== null && oldest.seq <= offset) return true
    const isSame = entries.length === 0 || oldest?.seq === entries[0]!.offset
    return isSame && first <= offset + 1
  }

  /** Tells the order which messages are older than the subscription. Without an answer, the first messages wait for older ones for a while. */
  async #begin (order: LiveOrder): Promise<void> {
    const { epoch } = this.#stream
    if (epoch === '') return
    const state = await this.#stream.state().catch(() => null)
    if (state !== null) order.begin(epoch, state.last_seq)
  }

  async #next (log: string, offset: number): Promise<StoredMessage | null> {
    return await this.#stream.get({ seq: offset + 1, next_by_subj: this.#subject(log) })
  }

  /** Tells whether a message is older than the rule allows. A stream keeps messages for two minutes at least, because of their ids. */
  #isOld ({ time }: StoredMessage): boolean {
    return this.#rule.ttl < REMEMBERED && this.#link.context.clock.date() - Date.parse(time) > this.#rule.ttl
  }

  /** Reads a message that JetStream has passed on. `null` if it is not from there. */
  #live ({ subject, data, headers }: NatsMessage): LogEntry | null {
    const [offset, previous] = [Number(headers?.get('Nats-Sequence')), Number(headers?.get('Nats-Last-Sequence'))]
    const { epoch } = this.#stream
    // While the epoch is not known, the message counts as lost, which `previous` of the next one shows.
    if (!(offset > 0) || !(previous >= 0) || epoch === '') return null
    this.#stream.saw(offset)
    return { log: subject.slice(this.#link.subjects.live(this.#name, '').length), epoch, offset, previous, data }
  }

  #subject (log: string): string { return this.#link.subjects.log(this.#name, log) }
}
