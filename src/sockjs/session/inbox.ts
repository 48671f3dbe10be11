import { Fifo } from '../../core/fifo.ts'
import { addListener, emit, type Listeners, removeListener } from '../../core/listeners.ts'
import type { Message } from '../../stream/message-stream.ts'
import { OVERHEAD } from './message-size.ts'
import type { AnySession } from './session-host.ts'

type Result = IteratorResult<Message, undefined>

const END: Result = { value: undefined, done: true }

/**
 * The messages of one session that the application has not taken yet.
 *
 * They go to the listeners, or to the reader of the iteration, or wait until one of them comes. While too much waits, or the application has
 * paused the session, the server holds the client back.
 */
export class Inbox {
  readonly #session: AnySession
  #waiting: Fifo<Message> | null = null
  #listeners: Listeners<Message> = null
  #reader: ((result: Result) => void) | null = null
  #paused = false
  /** True while the client is held back. */
  held = false
  /** The bytes that waited when the client was held back. */
  #heldAt = 0
  /** The size of the messages that wait. */
  bytes = 0

  constructor (session: AnySession) {
    this.#session = session
  }

  /** The bytes that came while the client was held back. It had sent them before, or it ignores the back-pressure. */
  get overrun (): number { return this.held ? this.bytes - this.#heldAt : 0 }

  receive (messages: readonly Message[]): void {
    for (const message of messages) {
      if (!this.#session.isOpen) return
      if (this.#flows) this.#dispatch(message)
      else if (this.#reader !== null && !this.#paused) this.#answer({ value: message, done: false })
      else this.#keep(message)
    }
    if (this.bytes >= this.#session.highWater) this.#hold(true)
  }

  listen (listener: (message: Message) => unknown): void {
    this.#listeners = addListener(this.#listeners, listener)
    this.#catchUp()
  }

  unlisten (listener: (message: Message) => unknown): void {
    this.#listeners = removeListener(this.#listeners, listener)
  }

  pause (): void {
    this.#paused = true
    this.#hold(true)
  }

  resume (): void {
    this.#paused = false
    this.#catchUp()
  }

  /**
   * Returns the next message, now or later, or the end.
   *
   * A pause holds back the reader too, and ends with the session. Only one reader can wait. An older one gets the end.
   */
  next (): Promise<Result> {
    const message = this.#paused && this.#session.isOpen ? undefined : this.#shift()
    if (message !== undefined) {
      this.#relax()
      return Promise.resolve({ value: message, done: false })
    }
    if (!this.#session.isOpen) return Promise.resolve(END)
    if (this.#reader !== null) this.#answer(END)
    return new Promise((resolve) => { this.#reader = resolve })
  }

  /** Ends the messages. A waiting reader gets the end; messages that wait stay readable. */
  end (): void {
    if (this.#reader !== null) this.#answer(this.#taken())
    this.#hold(false)
  }

  get #flows (): boolean {
    return this.#listeners !== null && !this.#paused && this.bytes === 0
  }

  #catchUp (): void {
    const open = this.#session.isOpen
    // A listener that closes the session gets no further message.
    while (this.#listeners !== null && !this.#paused && this.bytes > 0 && this.#session.isOpen === open) this.#dispatch(this.#shift()!)
    if (this.#reader !== null && !this.#paused && this.bytes > 0) this.#answer(this.#taken())
    this.#relax()
  }

  #dispatch (message: Message): void {
    emit(this.#listeners, message, (error) => this.#session.fail(error, 'message listener'))
  }

  #answer (result: Result): void {
    const reader = this.#reader!
    this.#reader = null
    reader(result)
  }

  /** Takes the message that has waited longest, or the end if none waits. */
  #taken (): Result {
    const message = this.#shift()
    return message === undefined ? END : { value: message, done: false }
  }

  #keep (message: Message): void {
    (this.#waiting ??= new Fifo()).push(message)
    this.bytes += message.length + OVERHEAD
  }

  #shift (): Message | undefined {
    const message = this.#waiting?.shift()
    if (message !== undefined) this.bytes -= message.length + OVERHEAD
    return message
  }

  #relax (): void {
    this.#session.account()
    if (!this.#paused && this.bytes < this.#session.highWater) this.#hold(false)
  }

  #hold (on: boolean): void {
    if (this.held === on) return
    this.held = on
    this.#heldAt = this.bytes
    this.#session.holdBack(on)
  }
}
