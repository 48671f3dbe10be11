import { Timer, type TimerOwner } from '../../../core/timer.ts'
import { engineErrors } from '../../errors.ts'
import type { NatsConnection, NatsMessage } from '../connection.ts'
import type { NatsLink, Subscriber } from '../link.ts'

/** The time after which a request without an answer has failed, in milliseconds. */
const PATIENCE = 5_000

/** Reads an answer. It throws if the answer is an error. */
export type Reader<T> = (message: NatsMessage) => T

/** A request that waits for its answer. */
class Pending implements TimerOwner {
  readonly timer = new Timer(this)
  readonly token: string
  readonly answered: (message: NatsMessage) => void
  readonly reject: (error: Error) => void
  readonly #requests: Requests

  constructor (requests: Requests, token: string, answered: (message: NatsMessage) => void, reject: (error: Error) => void) {
    this.#requests = requests
    this.token = token
    this.answered = answered
    this.reject = reject
  }

  expire (): void { this.#requests.late(this) }
}

/**
 * Makes requests to JetStream, with one subscription for all answers.
 *
 * `request()` of the clients needs a right on `_INBOX.>`, where all users of an account read each other's answers.
 */
export class Requests implements Subscriber {
  readonly #link: NatsLink
  readonly #waiting = new Map<string, Pending>()
  #count = 0

  constructor (link: NatsLink) {
    this.#link = link
  }

  /**
   * Makes a request, also before the engine is available. The requests of one node go out in the order of the calls.
   *
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE
   */
  make<T> (subject: string, data: Uint8Array, read: Reader<T>, headers?: object): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { connection, subjects, context: { clock, node } } = this.#link
      if (connection === null) throw new engineErrors.Unavailable('nats', 'there is no connection')
      const token = (++this.#count).toString(36)
      // The bytes of an answer are read in its own turn, because they may be a part of a larger buffer.
      const answered = (message: NatsMessage): void => {
        new Promise<T>((resolve) => { resolve(read(message)) }).then(resolve, reject)
      }
      const pending = new Pending(this, token, answered, reject)
      this.#link.send(subject, data, subjects.result(node, token), headers)
      this.#waiting.set(token, pending)
      clock.start(pending.timer, PATIENCE)
    })
  }

  subscribeAll (connection: NatsConnection): void {
    const { subjects, context: { node } } = this.#link
    connection.subscribe(subjects.result(node, '*'), {
      callback: (error, message) => {
        if (error === null) this.#take(message.subject.slice(message.subject.lastIndexOf('.') + 1))?.answered(message)
      }
    })
  }

  /** Rejects all requests. */
  fail (reason: string): void {
    for (const token of [...this.#waiting.keys()]) this.#take(token)?.reject(new engineErrors.Unavailable('nats', reason))
  }

  /** @internal */
  late ({ token }: Pending): void {
    this.#take(token)?.reject(new engineErrors.Unavailable('nats', `JetStream does not answer within ${PATIENCE} ms`))
  }

  #take (token: string): Pending | undefined {
    const pending = this.#waiting.get(token)
    this.#waiting.delete(token)
    if (pending !== undefined) this.#link.context.clock.stop(pending.timer)
    return pending
  }
}
