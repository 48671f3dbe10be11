import { Fifo } from '../../core/fifo.ts'
import { addListener, emit, type Listeners, removeListener } from '../../core/listeners.ts'
import type { Message } from '../../stream/message-stream.ts'

/** What a waiting message costs beside its text, so that empty messages cannot pile up for free. */
const OVERHEAD = 32

/** The session, as its inbox sees it. */
export interface InboxOwner {
  /** Messages count only while the session is open. */
  readonly isOpen: boolean
  /** Bytes of waiting messages from which on the client is held back. */
  readonly highWater: number
  /** Stops or resumes the client. */
  holdBack (on: boolean): void
  /** Messages that had waited were taken. */
  inboxRead (): void
  listenerFailed (error: unknown): void
}

type Result = IteratorResult<Message, undefined>

const END: Result = { value: undefined, done: true }

/**
 * The messages of one session on their way to the application: handed to the listeners, or to the reader of the
 * iteration, or kept until one of them comes. While too much waits, or the application wants a pause, the
 * client is held back.
 */
export class Inbox {
  readonly #owner: InboxOwner
  #waiting: Fifo<Message> | null = null
  #listeners: Listeners<Message> = null
  #reader: ((result: Result) => void) | null = null
  #paused = false
  /** Whether the client is held back now. */
  held = false
  /** What waited when the client was held back. */
  #heldAt = 0
  /** Size of the messages that wait. */
  bytes = 0

  constructor (owner: InboxOwner) {
    this.#owner = owner
  }

  /** What has come although the client is held back: the rest of what had been read already, or somebody who goes around it. */
  get overrun (): number { return this.held ? this.bytes - this.#heldAt : 0 }

  receive (messages: readonly Message[]): void {
    for (const message of messages) {
      if (!this.#owner.isOpen) return
      if (this.#flows) this.#dispatch(message)
      else if (this.#reader !== null && !this.#paused) this.#answer({ value: message, done: false })
      else this.#keep(message)
    }
    if (this.bytes >= this.#owner.highWater) this.#hold(true)
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
   * The next message, now or later, or the end. A pause holds back the reader too, and ends with the session. Only one reader
   * can wait: an older one is sent home.
   */
  next (): Promise<Result> {
    const message = this.#paused && this.#owner.isOpen ? undefined : this.#shift()
    if (message !== undefined) {
      this.#relax()
      return Promise.resolve({ value: message, done: false })
    }
    if (!this.#owner.isOpen) return Promise.resolve(END)
    if (this.#reader !== null) this.#answer(END)
    return new Promise((resolve) => { this.#reader = resolve })
  }

  /** No message comes any more: a waiting reader is told; messages that wait stay readable. */
  end (): void {
    if (this.#reader !== null) this.#answer(this.#taken())
    this.#hold(false)
  }

  get #flows (): boolean {
    return this.#listeners !== null && !this.#paused && this.bytes === 0
  }

  #catchUp (): void {
    const open = this.#owner.isOpen
    // A listener that closes the session gets nothing more.
    while (this.#listeners !== null && !this.#paused && this.bytes > 0 && this.#owner.isOpen === open) this.#dispatch(this.#shift()!)
    if (this.#reader !== null && !this.#paused && this.bytes > 0) this.#answer(this.#taken())
    this.#relax()
  }

  #dispatch (message: Message): void {
    emit(this.#listeners, message, (error) => this.#owner.listenerFailed(error))
  }

  #answer (result: Result): void {
    const reader = this.#reader!
    this.#reader = null
    reader(result)
  }

  /** The message that has waited longest, or the end where none waits. */
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
    this.#owner.inboxRead()
    if (!this.#paused && this.bytes < this.#owner.highWater) this.#hold(false)
  }

  #hold (on: boolean): void {
    if (this.held === on) return
    this.held = on
    this.#heldAt = this.bytes
    this.#owner.holdBack(on)
  }
}
