import type { TakenListener } from '../../queues.ts'
import { unavailable } from '../calls.ts'
import { runScript, type StoreParts } from '../store.ts'
import { type ConsumerHost, GONE, RedisConsumer } from './consumer.ts'
import { PARTS, RETURN, TURN } from './scripts.ts'
import { type Found, foundIn, Turn, type TurnReply } from './turn.ts'

/** The most messages that one turn takes. */
const MOST = 100

/** The bytes after which a turn takes no message more. */
const MOST_BYTES = 1024 * 1024

/** The rounds of the node. A lost connection ends one, with all that it has taken. */
export interface Rounds {
  /** The owner of the messages that this node takes now: its token, and the number of the round. */
  readonly owner: string
  /** Tells whether the messages of an owner must go back. */
  isGone (owner: string): Promise<boolean>
}

/** One queue at one node: its consumers, and the turns in which it asks Redis. */
export class RedisQueue implements ConsumerHost {
  readonly name: string
  readonly #parts: StoreParts
  readonly #rounds: Rounds
  readonly #keys: readonly string[]
  readonly #channel: string
  readonly #consumers = new Set<RedisConsumer>()
  /** The consumers with credit, the one that waits longest first. */
  readonly #ready = new Set<RedisConsumer>()
  readonly #listening: Promise<() => void>
  #turn = new Turn()
  #isScheduled = false
  /** The number of turns that have no answer yet. */
  #open = 0
  /** The credit of all consumers. */
  #credit = 0
  /** True if messages may wait. */
  #isHungry = false
  /** True while a turn takes messages. */
  #isTaking = false

  constructor (name: string, parts: StoreParts, rounds: Rounds) {
    const { names, subscriptions } = parts
    this.name = name
    this.#parts = parts
    this.#rounds = rounds
    this.#keys = PARTS.map((part) => names.queue(name, part))
    this.#channel = names.channel(name, names.queues)
    this.#listening = subscriptions.add(name, () => this.look(), names.queues)
    this.#listening.then(() => this.look(), (error: unknown) => parts.log.error({ err: error, queue: name }, 'the subscription to a queue was refused, so the node looks for messages now and then'))
  }

  /** True if it has no consumer. */
  get isLeft (): boolean { return this.#consumers.size === 0 }

  /** True if Redis has answered everything. */
  get isQuiet (): boolean { return this.#open === 0 && this.#turn.isEmpty }

  join (listener: TakenListener): RedisConsumer {
    const consumer = new RedisConsumer(this, listener)
    this.#consumers.add(consumer)
    return consumer
  }

  leave (consumer: RedisConsumer): void {
    this.#consumers.delete(consumer)
    this.#ready.delete(consumer)
    this.#credit -= consumer.left
    if (this.isLeft) this.#listening.then((end) => end(), () => {})
  }

  credited (consumer: RedisConsumer, more: number): void {
    this.#credit += more
    if (consumer.left > 0) this.#ready.add(consumer)
    if (this.#isHungry) this.#schedule()
  }

  async ack (number: string): Promise<void> {
    if (this.#parts.host.away !== null) throw unavailable(this.#parts.host.away)
    await new Promise<void>((resolve, reject) => {
      this.#turn.acks.push({ number, resolve, reject })
      this.#schedule()
    })
  }

  giveBack (numbers: readonly string[]): void {
    if (numbers.length === 0) return
    this.#turn.backs.push(...numbers)
    this.#schedule()
  }

  /** Looks whether messages wait. */
  look (): void {
    this.#isHungry = true
    this.#schedule()
  }

  /** Forgets all that was taken, because the connection is lost. It goes back. */
  lost (reason: string): void {
    for (const consumer of this.#consumers) consumer.forget()
    this.#turn.fail(unavailable(reason))
    this.#turn = new Turn()
  }

  /** Gives back the messages of owners that are gone. It may run before the node is available. */
  async sweep (): Promise<void> {
    const { calls, names } = this.#parts
    const owners = await calls.ask('hkeys', names.queue(this.name, 'owners')) as string[]
    for (const owner of owners) if (await this.#rounds.isGone(owner)) await this.giveBackAll(owner)
  }

  /** Gives back all messages of an owner. */
  async giveBackAll (owner: string): Promise<void> {
    await this.#parts.calls.ask('eval', RETURN, this.#keys.length, ...this.#keys, owner, this.#channel)
  }

  /** Sends a turn when the event loop has done all that came with this one. */
  #schedule (): void {
    if (this.#isScheduled || this.#parts.host.away !== null) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      if (this.#parts.host.away === null) this.#send()
    })
  }

  async #send (): Promise<void> {
    const want = this.#isHungry && !this.#isTaking ? Math.min(this.#credit, MOST) : 0
    const turn = this.#turn
    if (want === 0 && turn.isEmpty) return
    this.#turn = new Turn()
    this.#open++
    if (want > 0) {
      this.#isTaking = true
      this.#isHungry = false
    }
    try {
      const reply = await runScript(this.#parts, TURN, this.#keys, this.#rounds.owner, this.#channel, want, MOST_BYTES, ...turn.numbers)
      if (want > 0) this.#isTaking = false
      this.#answered(turn, want, reply as TurnReply)
      if (this.#isHungry || !this.#turn.isEmpty) this.#schedule()
    } catch (error) {
      if (want > 0) this.#isTaking = false
      turn.fail(error)
      // Redis has refused the turn. The next look, some seconds later, tries again.
      if (this.#parts.host.away === null) this.#turn.repeat(turn)
    } finally {
      this.#open--
    }
  }

  #answered (turn: Turn, want: number, [waiting, missing, found]: TurnReply): void {
    const gone = new Set(missing.map(String))
    for (const { number, resolve, reject } of turn.acks) {
      if (gone.has(number)) reject(unavailable(GONE))
      else resolve()
    }
    for (const each of foundIn(found)) this.#deliver(each)
    if (want > 0 && waiting > 0) this.#isHungry = true
  }

  /** Gives a message to the next consumer with credit, or back if none is left. */
  #deliver ({ number, returns, data }: Found): void {
    const [consumer] = this.#ready
    if (consumer === undefined) {
      this.#turn.unseen.push(number)
      return
    }
    this.#credit--
    this.#ready.delete(consumer)
    if (consumer.left > 1) this.#ready.add(consumer)
    try {
      consumer.take(number, { data, deliveries: returns + 1 })
    } catch (error) {
      this.#parts.log.error({ err: error, queue: this.name }, 'a listener of a queue has thrown')
    }
  }
}
