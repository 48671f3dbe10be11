import type { ClusterNode } from '../../../cluster/node.ts'
import { delay } from '../../../core/delay.ts'
import { engineErrors } from '../../../engine/errors.ts'
import type { LogEntry, Position } from '../../../engine/logs.ts'
import type { Publication } from '../publication.ts'
import type { HistoryGroup } from './history-group.ts'
import { type MessageRecord, placed } from './record.ts'
import { readMessage, type SourceListener } from './sources.ts'

/** The pause before another request, and the longest wait for an engine that is away, in milliseconds. */
const PAUSE = 100
const PATIENCE = 8_000

/** The messages that may wait while earlier ones are fetched. */
const MOST_WAITING = 10_000

/** A message of a log, read, with its place. */
interface PlacedMessage extends Position {
  readonly message: MessageRecord
}

interface LogMessage extends PlacedMessage {
  readonly previous: number
}

/** Delivers the messages of one log in order and without a hole. It fetches the messages that did not arrive. */
export class LogReader {
  readonly #node: ClusterNode
  readonly #history: HistoryGroup
  readonly #log: string
  readonly #listener: SourceListener
  /** The messages that have arrived while the reader was busy. */
  #waiting: LogMessage[] = []
  /** True while the engine is asked. */
  #busy = false
  /** True if it must be asked once more. */
  #again = false
  #ended = false
  #at: Position | null = null

  constructor (node: ClusterNode, history: HistoryGroup, log: string, listener: SourceListener) {
    this.#node = node
    this.#history = history
    this.#log = log
    this.#listener = listener
  }

  /** The place of the last message that was delivered, or of the beginning. `null` if it is not known. */
  get position (): Position | null { return this.#at }

  /**
   * Follows the log from its present end on. Resolves with the function that stops that. Without it, the reader begins with the first message that arrives.
   *
   * The engine is asked for the end before anything else, because a client may send right behind its SUBSCRIBE. The messages between that end and the first one
   * that arrives are fetched.
   */
  async begin (): Promise<() => void> {
    this.#busy = true
    const [end, stop] = await Promise.all([
      this.#asked(() => this.#history.logs.position(this.#log)), this.#history.logs.follow(this.#log, (entry) => this.received(entry))
    ])
    this.#at = end ?? null
    this.#again = true
    this.#goOn()
    return stop
  }

  /** Reads the messages behind a place, and waits while the engine is away. `null` if one of them may be missing. */
  async since (from: Position): Promise<Publication[] | null> {
    const messages = await this.#read(from)
    return messages?.map((message) => placed(message.message, message)) ?? null
  }

  /** Reads the last message, and waits while the engine is away. The list is empty if the log does not keep it. */
  async last (): Promise<Publication[]> {
    const last = await this.#readLast()
    return last.map((message) => placed(message.message, message))
  }

  end (): void {
    this.#ended = true
    this.#waiting = []
  }

  received (entry: LogEntry): void {
    if (this.#ended) return
    const arrived = this.#messageOf(entry)
    if (arrived === null) return
    if (!this.#busy) return this.#take(arrived)
    this.#waiting.push(arrived)
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift()
  }

  /** Looks for messages that did not arrive, because the engine was away. */
  check (): void {
    if (this.#busy) this.#again = true
    else if (this.#at !== null) this.#fill(this.#at)
  }

  #take (arrived: LogMessage): void {
    const at = this.#at
    if (at !== null && arrived.epoch === at.epoch) {
      if (arrived.offset <= at.offset) return
      if (arrived.previous > at.offset) {
        this.#waiting.unshift(arrived)
        this.#fill(at)
        return
      }
    } else if (at !== null) {
      this.#listener.lost('the engine has lost the history')
    }
    this.#deliver(arrived)
  }

  #deliver ({ epoch, offset, message }: PlacedMessage): void {
    this.#at = { epoch, offset }
    this.#listener.deliver(placed(message, { epoch, offset }))
  }

  /** Fetches the messages behind a place, and delivers them. If messages are missing there, it delivers the last one, where subscribers need it. */
  async #fill (from: Position): Promise<void> {
    this.#busy = true
    const messages = await this.#read(from)
    const found = messages ?? (this.#history.replay === null ? [] : await this.#readLast())
    if (this.#ended) return
    if (messages === null) {
      this.#listener.lost('messages of the history are missing')
      this.#at = null
    }
    for (const message of found) this.#deliver(message)
    this.#goOn()
  }

  /** Takes what has arrived meanwhile. */
  #goOn (): void {
    this.#busy = false
    const arrived = this.#waiting
    this.#waiting = []
    for (const [i, message] of arrived.entries()) {
      this.#take(message)
      if (!this.#busy) continue
      // The message that has shown a hole waits already.
      this.#waiting.push(...arrived.slice(i + 1))
      return
    }
    if (!this.#again) return
    this.#again = false
    this.check()
  }

  /** Reads the messages behind a place; `null` if one of them may be missing. */
  async #read (from: Position): Promise<LogMessage[] | null> {
    const entries = await this.#asked(() => this.#history.logs.since(this.#log, from)) ?? null
    return entries?.flatMap((entry) => this.#messageOf(entry) ?? []) ?? null
  }

  async #readLast (): Promise<PlacedMessage[]> {
    const kept = await this.#asked(() => this.#history.logs.last(this.#log)) ?? null
    const message = kept === null ? null : readMessage(this.#node, kept.data)
    return message === null ? [] : [{ epoch: kept!.epoch, offset: kept!.offset, message }]
  }

  #messageOf ({ epoch, offset, previous, data }: LogEntry): LogMessage | null {
    const message = readMessage(this.#node, data)
    return message === null ? null : { epoch, offset, previous, message }
  }

  /** Asks the engine until it answers, or until the node stops. */
  async #asked<T> (question: () => Promise<T>): Promise<T | undefined> {
    while (!this.#ended && this.#node.state !== 'stopped') {
      try {
        return await question()
      } catch (error) {
        if (!(error instanceof engineErrors.Unavailable)) this.#node.log.error({ err: error, log: this.#log }, 'The history of a topic could not be read.')
        await delay(this.#node.clock, PAUSE)
        await this.#node.whenAvailable(PATIENCE)
      }
    }
    return undefined
  }
}
