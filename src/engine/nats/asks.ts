import { randomBytes } from 'node:crypto'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { engineErrors } from '../errors.ts'
import type { NatsConnection, NatsMessage } from './connection.ts'
import type { NatsLink, Subscriber } from './link.ts'

/**
 * The answer to a question: the node that has a key, or the reason why there is none.
 *
 * - `nobody`: no node listens;
 * - `undecided`: a node listens that has given the key up.
 */
export type Answer = { readonly owner: string } | 'nobody' | 'undecided'

/** The time after which a question is asked again, in milliseconds. The server may not know yet that the process of the owner has ended. */
const REPEAT = 500
/** The number of times that a question is asked: a node that is silent for six seconds counts as gone. */
const TIMES = 12
/** The time after which silence means that no node listens, while strangers listen to everything, in milliseconds. */
const SILENCE = 250
/** The time within which a server that works answers, in milliseconds. */
const PROMPT = 100
/** The time for which that is remembered, in milliseconds. */
const REMEMBERED = 60_000
/** The time that a node has to say that it is there, while strangers listen to everything, in milliseconds. It may be busy. */
const BUSY = 2_000
/** The code of the answer that the server gives if no node listens. */
const NO_RESPONDERS = 503

const QUESTION = new Uint8Array(0)

/** The token of a question whose answer is that the node is there. */
const HERE = 'here'

/** A question that waits for its answer. */
class Ask implements TimerOwner {
  readonly timer = new Timer(this)
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  readonly key: string
  readonly token: string
  /** True if no node can have the key. */
  readonly isProbe: boolean
  times = 0
  readonly #asks: Asks

  constructor (asks: Asks, key: string, token: string, resolve: (answer: Answer) => void, reject: (error: Error) => void, isProbe = false) {
    this.isProbe = isProbe
    this.#asks = asks
    this.key = key
    this.token = token
    this.resolve = resolve
    this.reject = reject
  }

  expire (): void { this.#asks.late(this) }
}

/**
 * Asks who has a key, with one subscription for all answers.
 *
 * `request()` of the clients needs a right on `_INBOX.>`, where all users of an account read each other's answers.
 */
export class Asks implements Subscriber {
  readonly #link: NatsLink
  readonly #waiting = new Map<string, Ask>()
  /** The questions whether nodes are connected. */
  readonly #reaching = new Map<string, (is: boolean) => void>()
  #count = 0
  /** The time until which the server is taken not to tell that no node listens. */
  #deafUntil = 0

  constructor (link: NatsLink) {
    this.#link = link
  }

  /** Asks all that listen to a key. Rejects if the connection is lost, or if a node listens and does not answer. */
  async ask (key: string): Promise<Answer> {
    const token = (++this.#count).toString(36)
    return await new Promise<Answer>((resolve, reject) => { this.put(new Ask(this, key, token, resolve, reject)) })
  }

  /**
   * Tells whether the server has a connection of a node. If it has none, it says so before it answers a flush.
   *
   * While strangers listen to everything, only the node itself can answer.
   */
  async reaches (node: string): Promise<boolean> {
    this.#link.open()
    const { subjects, context } = this.#link
    const token = `${HERE}-${(++this.#count).toString(36)}`
    let say: (is: boolean) => void = () => {}
    const said = new Promise<boolean>((resolve) => { say = resolve })
    const patience = new Timer({ expire: () => say(false) })
    this.#reaching.set(token, say)
    try {
      this.#link.send(subjects.answer(node, HERE), QUESTION, subjects.answer(context.node, token))
      await this.#link.flushed()
      if (this.#isDeaf) context.clock.start(patience, BUSY)
      else say(true)
      return await said
    } finally {
      context.clock.stop(patience)
      this.#reaching.delete(token)
    }
  }

  /** Puts a question, or puts it once more. @internal */
  put (ask: Ask): void {
    this.#link.open()
    const { subjects, context: { clock, node } } = this.#link
    if (ask.times++ === TIMES) {
      this.#take(ask.token)?.reject(new engineErrors.Unavailable('nats', 'the node that has the key does not answer'))
      return
    }
    this.#waiting.set(ask.token, ask)
    clock.start(ask.timer, this.#isDeaf ? SILENCE : REPEAT)
    this.#link.send(subjects.key(ask.key), QUESTION, subjects.answer(node, ask.token))
  }

  /**
   * Goes on after a silence. @internal
   *
   * A client that subscribes to `>`, as tools for operators do, keeps the server from telling that no node listens. A question about a key that
   * no node can have shows whether that is so: if it is not answered either, silence means that no node listens.
   */
  late (ask: Ask): void {
    if (ask.isProbe || this.#isDeaf) return this.#judge(ask)
    if (ask.times === 1) this.put(new Ask(this, randomBytes(16).toString('base64url'), `probe-${ask.token}`, () => {}, () => {}, true))
    this.put(ask)
  }

  /** Takes the silence for an answer, if the server itself answers at once. A server that hangs is silent too, and tells nothing by that. */
  #judge (ask: Ask): void {
    const { clock } = this.#link.context
    const asked = clock.now()
    this.#link.flushed().then(() => {
      if (this.#waiting.get(ask.token) !== ask) return
      if (clock.now() - asked > PROMPT) this.put(ask)
      else if (ask.isProbe) this.#foundDeaf(ask)
      else this.#take(ask.token)?.resolve('nobody')
    }, () => {})
  }

  /** Answers the questions that have waited as long as the one about a key that no node can have. */
  #foundDeaf (probe: Ask): void {
    this.#take(probe.token)
    const { clock, log } = this.#link.context
    if (!this.#isDeaf) log.warn({}, 'A client of NATS subscribes to the subjects of the nodes, perhaps by a subscription to ">". New sessions take half a second longer. Take its right to subscribe to sj.> away.')
    this.#deafUntil = clock.now() + REMEMBERED
    for (const ask of [...this.#waiting.values()]) if (ask.times > 1) this.#take(ask.token)?.resolve('nobody')
  }

  get #isDeaf (): boolean { return this.#link.context.clock.now() < this.#deafUntil }

  subscribeAll (connection: NatsConnection): void {
    const { subjects, context: { node } } = this.#link
    connection.subscribe(subjects.answer(node, '*'), { callback: (error, message) => { if (error === null) this.#answered(message) } })
  }

  /** Rejects all questions. */
  fail (reason: string): void {
    for (const token of [...this.#waiting.keys()]) this.#take(token)?.reject(new engineErrors.Unavailable('nats', reason))
  }

  /** Removes a question, which is answered or too old. A second answer finds none. */
  #take (token: string): Ask | undefined {
    const ask = this.#waiting.get(token)
    this.#waiting.delete(token)
    if (ask !== undefined) this.#link.context.clock.stop(ask.timer)
    return ask
  }

  #answered ({ subject, data, headers, reply }: NatsMessage): void {
    const token = subject.slice(subject.lastIndexOf('.') + 1)
    if (token === HERE) {
      // A stranger may ask without a subject for the answer.
      if (reply !== undefined && reply !== '') this.#link.send(reply, QUESTION)
      return
    }
    const reaching = this.#reaching.get(token)
    if (reaching !== undefined) return reaching(headers?.code !== NO_RESPONDERS)
    const ask = this.#take(token)
    if (headers?.code === NO_RESPONDERS) ask?.resolve('nobody')
    else ask?.resolve(data.byteLength === 0 ? 'undecided' : { owner: String.fromCharCode(...data) })
  }
}
