import { Buffer } from 'node:buffer'
import { delay } from '../../core/delay.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { Claim, EngineClaims } from '../engine.ts'
import type { Asks } from './asks.ts'
import { Attempt } from './attempt.ts'
import type { NatsConnection, NatsMessage } from './connection.ts'
import { decodeWord, encodeWord, type Held, keeps, type Word } from './held.ts'
import type { Claimant, NatsLink } from './link.ts'

/** The first and the longest pause before a question is asked again, in milliseconds. */
const FIRST_PAUSE = 25
const LONGEST_PAUSE = 400
/** The time between two announcements in a cluster of servers, in milliseconds. */
const ROUND = 1_000
/** The number of announcements that name every key once. */
const ROUNDS = 10

const pauseAfter = (tries: number): number => Math.min(FIRST_PAUSE * 2 ** tries, LONGEST_PAUSE)

const NO_NODE = new Uint8Array(0)

/**
 * The claims of a node: the owner of a key listens to its subject, and answers who it is.
 *
 * A claim ends with the connection of its node, so that there is no lease. Two nodes can have one key only where servers of a cluster did not see
 * each other, or after a connection was lost. They notice when they announce their keys, and one of them loses it.
 */
export class NatsClaims implements EngineClaims, Claimant, TimerOwner {
  readonly #link: NatsLink
  readonly #asks: Asks
  readonly #held = new Map<string, Held>()
  readonly #attempts = new Map<string, Attempt>()
  readonly #timer = new Timer(this)
  /** Keys that no announcement in a cluster has named yet. */
  #fresh: Held[] = []
  #round: Iterator<Held> = this.#held.values()
  /** All keys have this callback, because there are many. */
  readonly #callback = (error: Error | null, message: NatsMessage): void => { if (error === null) this.#heard(message) }

  constructor (link: NatsLink, asks: Asks) {
    this.#link = link
    this.#asks = asks
  }

  async claim (key: string, lost: () => void): Promise<Claim> {
    const { node, clock } = this.#link.context
    for (let tries = 0; ; tries++) {
      this.#link.open()
      if (this.#held.has(key)) return { owner: node }
      const running = this.#attempts.get(key)
      if (running !== undefined) {
        await running.ended
        continue
      }
      const attempt = new Attempt(this.#link, key)
      const claim = await this.#try(attempt, key, lost)
      if (claim !== null) return claim
      // The node with the lower id tries again at once, and the other one finds it.
      if (attempt.rival !== null && attempt.rival < node) await delay(clock, pauseAfter(tries))
    }
  }

  async locate (key: string): Promise<string | null> {
    this.#link.open()
    return this.#held.has(key) ? this.#link.context.node : await this.#find(key, () => {})
  }

  reaches (node: string): Promise<boolean> { return this.#asks.reaches(node) }

  // --- for the link --------------------------------------------------------------------------------------------

  subscribeAll (connection: NatsConnection): void {
    for (const held of this.#held.values()) held.subscription = this.#subscribe(connection, held.key)
  }

  claimAgain (): void {
    for (const held of this.#held.values()) {
      held.state = 'again'
      this.#say(held.key, 'again')
    }
  }

  restored (): void {
    for (const held of this.#held.values()) held.state = 'settled'
    this.#fresh = [...this.#held.values()]
    this.#repeat()
  }

  lost (reason: string): void { this.#asks.fail(reason) }

  // --- the announcements in a cluster --------------------------------------------------------------------------

  /** Announces the new keys and the next tenth of all: routes between servers break and come back unseen. @internal */
  expire (): void {
    if (!this.#link.available) return
    for (const held of this.#fresh.splice(0)) if (this.#held.get(held.key) === held) this.#say(held.key, held.state)
    for (let left = Math.ceil(this.#held.size / ROUNDS); left > 0; left--) {
      const { done, value } = this.#round.next()
      if (done !== true) this.#say(value.key, value.state)
      else this.#round = this.#held.values()
    }
    this.#repeat()
  }

  #repeat (): void {
    if (!this.#link.hasManyServers || this.#held.size === 0) this.#fresh = []
    else if (!this.#timer.running) this.#link.context.clock.start(this.#timer, ROUND)
  }

  #say (key: string, says: Word['says']): void {
    this.#link.send(this.#link.subjects.key(key), encodeWord({ says, node: this.#link.context.node }))
  }

  // --- claiming and finding ------------------------------------------------------------------------------------

  /** Returns the claim, or `null` if another node tried at the same time. */
  async #try (attempt: Attempt, key: string, lost: () => void): Promise<Claim | null> {
    let held: Held | null = null
    let isWon = false
    this.#attempts.set(key, attempt)
    try {
      const owner = await this.#find(key, () => attempt.announce())
      if (owner !== null) return { owner }
      if (attempt.rival !== null) return null
      held = { key, lost, state: 'settled', subscription: this.#subscribe(this.#link.open(), key) }
      await this.#link.flushed()
      isWon = attempt.rival === null
      return isWon ? this.#claimOf(held) : null
    } finally {
      if (isWon) this.#settle(held!)
      else held?.subscription.unsubscribe()
      this.#attempts.delete(key)
      for (const asker of attempt.askers) this.#link.send(asker, isWon ? this.#node() : NO_NODE)
      attempt.end()
    }
  }

  /** Makes the result of a claim in a scope of its own. The session keeps the function and with it the scope, and an attempt is large. */
  #claimOf (held: Held): Claim { return { owner: null, release: () => this.#free(held) } }

  #settle (held: Held): void {
    this.#held.set(held.key, held)
    this.#fresh.push(held)
    this.#repeat()
  }

  /** Asks for the owner of a key until the answer is sure. `before` is called before each question. */
  async #find (key: string, before: () => void): Promise<string | null> {
    for (let asked = 0; ; asked++) {
      this.#link.open()
      before()
      const answer = await this.#asks.ask(key)
      if (typeof answer === 'object') return answer.owner
      if (answer === 'nobody' && this.#link.isSettled && (asked > 0 || !this.#link.hasManyServers)) return null
      await delay(this.#link.context.clock, pauseAfter(asked))
    }
  }

  #subscribe (connection: NatsConnection, key: string) {
    return connection.subscribe(this.#link.subjects.key(key), { callback: this.#callback })
  }

  #node (): Uint8Array { return Buffer.from(this.#link.context.node, 'latin1') }

  // --- what other nodes say ------------------------------------------------------------------------------------

  #heard ({ subject, data, reply }: NatsMessage): void {
    const key = this.#link.subjects.keyOf(subject)
    if (reply !== undefined && reply !== '') this.#asked(key, reply)
    else this.#told(key, data)
  }

  #asked (key: string, reply: string): void {
    const attempt = this.#attempts.get(key)
    if (attempt !== undefined) attempt.askers.push(reply)
    else this.#link.send(reply, this.#held.has(key) ? this.#node() : NO_NODE)
  }

  /** Takes the message of another node about a key that this node has, or is about to have. */
  #told (key: string, data: Uint8Array): void {
    const { node } = this.#link.context
    const word = decodeWord(data)
    if (word === null || word.node === node) return
    const held = this.#held.get(key)
    if (held === undefined) this.#attempts.get(key)?.hear(word.node)
    else if (keeps(held.state, node, word)) this.#say(key, 'kept')
    else {
      this.#free(held)
      held.lost()
    }
  }

  #free (held: Held): void {
    if (this.#held.get(held.key) !== held) return
    this.#held.delete(held.key)
    held.subscription.unsubscribe()
  }
}
