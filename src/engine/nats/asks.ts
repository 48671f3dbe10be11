import { Timer, type TimerOwner } from '../../core/timer.ts'
import { engineErrors } from '../errors.ts'
import type { NatsConnection, NatsMessage } from './connection.ts'
import type { NatsLink, Subscriber } from './link.ts'

/**
 * The answer to a question: the node that has a key, or the reason why there is none.
 *
 * - `nobody`: no node listens;
 * - `undecided`: a node listens that has given the key up;
 * - `silence`: a node listens and has not answered in time.
 */
export type Answer = { readonly owner: string } | 'nobody' | 'undecided' | 'silence'

/** The time that a node has to answer, in milliseconds. */
const ANSWER_TIME = 2_000
/** The code of the answer that the server gives if no node listens. */
const NO_RESPONDERS = 503

/** A question that waits for its answer. */
class Ask implements TimerOwner {
  readonly timer = new Timer(this)
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  readonly #asks: Asks
  readonly #token: string

  constructor (asks: Asks, token: string, resolve: (answer: Answer) => void, reject: (error: Error) => void) {
    this.#asks = asks
    this.#token = token
    this.resolve = resolve
    this.reject = reject
  }

  expire (): void { this.#asks.take(this.#token)?.resolve('silence') }
}

/**
 * Asks who has a key, with one subscription for all answers.
 *
 * `request()` of the clients needs a right on `_INBOX.>`, where all users of an account read each other's answers.
 */
export class Asks implements Subscriber {
  readonly #link: NatsLink
  readonly #waiting = new Map<string, Ask>()
  #count = 0

  constructor (link: NatsLink) {
    this.#link = link
  }

  /** Asks all that listen to a key. Rejects if the connection is lost. */
  async ask (key: string): Promise<Answer> {
    const connection = this.#link.open()
    const { subjects, context: { clock, node } } = this.#link
    const token = (++this.#count).toString(36)
    return await new Promise<Answer>((resolve, reject) => {
      const ask = new Ask(this, token, resolve, reject)
      this.#waiting.set(token, ask)
      clock.start(ask.timer, ANSWER_TIME)
      connection.publish(subjects.key(key), undefined, { reply: subjects.answer(node, token) })
    })
  }

  subscribeAll (connection: NatsConnection): void {
    const { subjects, context: { node } } = this.#link
    connection.subscribe(subjects.answer(node, '*'), { callback: (error, message) => { if (error === null) this.#answered(message) } })
  }

  /** Rejects all questions. */
  fail (reason: string): void {
    for (const token of [...this.#waiting.keys()]) this.take(token)?.reject(new engineErrors.Unavailable('nats', reason))
  }

  /** Removes a question, which is answered or too old. A second answer finds none. @internal */
  take (token: string): Ask | undefined {
    const ask = this.#waiting.get(token)
    this.#waiting.delete(token)
    if (ask !== undefined) this.#link.context.clock.stop(ask.timer)
    return ask
  }

  #answered ({ subject, data, headers }: NatsMessage): void {
    const ask = this.take(subject.slice(subject.lastIndexOf('.') + 1))
    if (headers?.code === NO_RESPONDERS) ask?.resolve('nobody')
    else ask?.resolve(data.byteLength === 0 ? 'undecided' : { owner: String.fromCharCode(...data) })
  }
}
