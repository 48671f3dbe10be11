import { delay } from '../core/delay.ts'
import { engineErrors } from '../engine/errors.ts'
import type { ClusterNode } from './node.ts'

/** The time for which a publication waits while the engine is away, in milliseconds. */
const PATIENCE = 8_000

/** The pause before publications are tried again if the engine fails although it is available, in milliseconds. */
const PAUSE = 100

/** The most publications that may wait for the engine, and their bytes. */
export interface PublisherBounds {
  readonly messages: number
  readonly bytes: number
}

const BOUNDS: PublisherBounds = { messages: 1_000, bytes: 16 * 1024 * 1024 }

/** A publication that the engine has not confirmed yet. */
interface Waiting {
  readonly bytes: number
  readonly deadline: number
  /** Gives the publication to the engine. Resolves when the engine has it. */
  readonly attempt: () => Promise<void>
  /** The number of the last attempt. An earlier one that fails late counts for nothing. */
  attempts: number
  resolve (): void
  reject (error: unknown): void
}

/**
 * Gives publications to the engine in the order of the calls.
 *
 * A publication that the engine has not confirmed is given again, with all later ones behind it, for 8 seconds. Its receivers must ignore the second one.
 */
export class Publisher {
  readonly #node: ClusterNode
  readonly #bounds: PublisherBounds
  /** The publications without a confirmation, in order. */
  readonly #waiting = new Set<Waiting>()
  #bytes = 0
  /** True while the publications wait to be given to the engine again. */
  #again = false
  /** The confirmation of all that this turn publishes. */
  #flushed: Promise<void> | null = null
  #room: { promise: Promise<void>, resolve: () => void } | null = null

  constructor (node: ClusterNode, bounds: PublisherBounds = BOUNDS) {
    this.#node = node
    this.#bounds = bounds
  }

  /** True if the engine has all that was published. */
  get isIdle (): boolean { return this.#waiting.size === 0 }

  /** Waits until half of the room is free, `undefined` if it is. */
  room (): Promise<void> | undefined {
    if (this.#isHalfFree) return undefined
    if (this.#room === null) {
      let resolve = (): void => {}
      const promise = new Promise<void>((_resolve) => { resolve = _resolve })
      this.#room = { promise, resolve }
    }
    return this.#room.promise
  }

  /** @throws FST_SOCKJS_ENGINE_UNAVAILABLE if so many more bytes may not wait */
  checkRoom (bytes: number): void {
    if (this.#waiting.size < this.#bounds.messages && this.#bytes + bytes <= this.#bounds.bytes) return
    throw new engineErrors.Unavailable(this.#node.engine.facts.name, 'too many messages wait for it')
  }

  /**
   * Publishes on a channel. Resolves when the engine has the publication.
   *
   * @throws FST_SOCKJS_ENGINE_TOO_LARGE; FST_SOCKJS_ENGINE_UNAVAILABLE if the engine stays away, and then some nodes may have it
   */
  async publish (channel: string, data: Uint8Array): Promise<void> {
    const { channels } = this.#node
    await this.send(data.byteLength, async () => {
      channels.publish(channel, data)
      await this.#confirmed()
    })
  }

  /**
   * Gives something to the engine. Resolves when the engine has it.
   *
   * @param attempt gives it to the engine. It is called again if it rejects with FST_SOCKJS_ENGINE_UNAVAILABLE.
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE if too much waits, or if the engine stays away
   */
  async send (bytes: number, attempt: () => Promise<void>): Promise<void> {
    this.checkRoom(bytes)
    const { clock } = this.#node
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = { bytes, attempt, attempts: 0, deadline: clock.now() + PATIENCE, resolve, reject }
      this.#waiting.add(waiting)
      this.#bytes += bytes
      if (!this.#again) this.#try(waiting)
    })
  }

  get #isHalfFree (): boolean { return this.#waiting.size * 2 <= this.#bounds.messages && this.#bytes * 2 <= this.#bounds.bytes }

  #try (waiting: Waiting): void {
    const number = ++waiting.attempts
    waiting.attempt().then(
      () => { if (this.#take(waiting)) waiting.resolve() },
      (error: unknown) => {
        if (number !== waiting.attempts || !this.#waiting.has(waiting)) return
        if (error instanceof engineErrors.Unavailable) this.#tryAgain()
        else if (this.#take(waiting)) waiting.reject(error)
      }
    )
  }

  /** Gives all that waits to the engine once more, in order, as soon as the engine is available. */
  async #tryAgain (): Promise<void> {
    if (this.#again) return
    this.#again = true
    const { clock, engine: { facts } } = this.#node
    if (this.#node.state !== 'stopped') await delay(clock, PAUSE)
    const [first] = this.#waiting
    if (first !== undefined) await this.#node.whenAvailable(first.deadline - clock.now())
    this.#again = false
    for (const waiting of this.#waiting) {
      if (this.#node.state !== 'stopped' && waiting.deadline > clock.now()) this.#try(waiting)
      else if (this.#take(waiting)) waiting.reject(new engineErrors.Unavailable(facts.name, 'it did not take a message in time'))
    }
  }

  /** Asks the engine for its word, once for all that is published in this turn. */
  async #confirmed (): Promise<void> {
    this.#flushed ??= new Promise((resolve) => { setImmediate(resolve) }).then(() => {
      this.#flushed = null
      return this.#node.channels.flushed()
    }).catch(() => { throw new engineErrors.Unavailable(this.#node.engine.facts.name, 'it did not confirm a message') })
    await this.#flushed
  }

  #take (waiting: Waiting): boolean {
    if (!this.#waiting.delete(waiting)) return false
    this.#bytes -= waiting.bytes
    if (this.#room !== null && this.#isHalfFree) {
      this.#room.resolve()
      this.#room = null
    }
    return true
  }
}
