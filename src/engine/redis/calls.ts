import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { engineErrors } from '../errors.ts'
import type { Argument, Connection } from './client.ts'

/** The time that Redis has for an answer, in milliseconds. It is far below a lease, so that a node sees a stall before its lease ends. */
export const ANSWER_TIME = 3_000

/** An answer that is open. */
interface OpenCall {
  readonly at: number
  readonly fail: (reason: string) => void
}

/** The error for all that fails because Redis is away. */
export const unavailable = (reason: string): Error => new engineErrors.Unavailable('redis', reason)

/** Tells whether Redis itself has refused a command. */
export const isReply = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError'

/** The start of the text of our own errors, before the reason. */
const OURS = unavailable('').message

/** Gives the words of an error. The client of a Redis Cluster wraps the reason. */
export function wordsOf (error: unknown): string {
  const { lastNodeError, message } = error as { lastNodeError?: Error, message: string }
  return lastNodeError?.message ?? (message === '' ? String((error as { code?: unknown }).code) : message.replace(OURS, ''))
}

/** Sends commands on one connection. Each one has an answer within `ANSWER_TIME`, or all fail that are open. */
export class Calls implements TimerOwner {
  readonly connection: Connection
  readonly #clock: Clock
  readonly #stalled: () => void
  readonly #open = new Set<OpenCall>()
  readonly #timer = new Timer(this)

  /** `stalled` is called when Redis did not answer in time. */
  constructor (connection: Connection, clock: Clock, stalled: () => void) {
    this.connection = connection
    this.#clock = clock
    this.#stalled = stalled
  }

  /** Sends a command. Rejects with the error of Redis, or with FST_SOCKJS_ENGINE_UNAVAILABLE if there was no answer. */
  ask (command: string, ...args: readonly Argument[]): Promise<unknown> {
    return this.within(() => this.connection.call(command, ...args))
  }

  /** Sends a command as `ask()` does. The texts of the answer come as bytes. */
  askForBytes (command: string, ...args: readonly Argument[]): Promise<unknown> {
    return this.within(() => this.connection.callBuffer(command, ...args))
  }

  /** Waits for any promise as for an answer. */
  within<T> (send: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = { at: this.#clock.now(), fail: (reason: string) => reject(unavailable(reason)) }
      this.#open.add(call)
      if (!this.#timer.running) this.#clock.start(this.#timer, ANSWER_TIME)
      send().then((reply) => {
        this.#open.delete(call)
        resolve(reply)
      }, (error: unknown) => {
        this.#open.delete(call)
        reject(isReply(error) ? error : unavailable(wordsOf(error)))
      })
    })
  }

  /** Fails all that is open. */
  fail (reason: string): void {
    this.#clock.stop(this.#timer)
    const open = [...this.#open]
    this.#open.clear()
    for (const call of open) call.fail(reason)
  }

  expire (): void {
    const [oldest] = this.#open
    if (oldest === undefined) return
    const left = oldest.at + ANSWER_TIME - this.#clock.now()
    if (left > 0) return this.#clock.start(this.#timer, left)
    this.fail(`no answer within ${ANSWER_TIME} ms`)
    this.#stalled()
  }
}
