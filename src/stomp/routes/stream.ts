import { comesFrom } from '../../core/abort.ts'

/** The end of a stream, from the side of its receiver. */
export interface StreamEnd {
  /** Aborts when the receiver has gone. */
  readonly signal: AbortSignal
  /** Gets the errors that the stream throws after that. An abort that comes from the signal is not reported. */
  readonly lost: (error: unknown) => void
}

/**
 * Sends the values of an async iterable, one after the other, until it or its receiver ends. The iterable is told of the end also
 * while it prepares its next value. A generator stops at its next `yield`.
 */
export async function sendEach (values: AsyncIterable<unknown>, send: (value: unknown) => void | Promise<void>, end: StreamEnd): Promise<void> {
  const iterator = values[Symbol.asyncIterator]()
  const race = new RaceWithEnd(end)
  try {
    for (;;) {
      const next = await race.run(iterator.next())
      if (next === ENDED || next.done === true) return
      if (await race.run(send(next.value)) === ENDED) return
    }
  } finally {
    race.stop()
    leave(iterator, (error) => { if (!comesFrom(end.signal, error)) end.lost(error) })
  }
}

const ENDED = Symbol('ended')

/**
 * Waits for one promise at a time, or for the end. `Promise.race` with one promise that lives as long as the stream would
 * keep every value until the stream ends (K1).
 */
class RaceWithEnd {
  readonly #end: StreamEnd
  /** Ends the current wait. */
  #interrupt: (() => void) | null = null

  constructor (end: StreamEnd) {
    this.#end = end
    end.signal.addEventListener('abort', this)
  }

  run<T> (work: T | PromiseLike<T>): Promise<T | typeof ENDED> {
    const { signal, lost } = this.#end
    return new Promise((resolve, reject) => {
      this.#interrupt = () => resolve(ENDED)
      if (signal.aborted) this.#interrupt()
      Promise.resolve(work).then(resolve, (error: unknown) => {
        if (!signal.aborted) reject(error)
        else if (!comesFrom(signal, error)) lost(error)
      })
    })
  }

  /** Ends the current wait, because the signal has aborted. */
  handleEvent (): void { this.#interrupt?.() }

  stop (): void {
    this.#interrupt = null
    this.#end.signal.removeEventListener('abort', this)
  }
}

/** Ends an iterator, and does not wait for it, because a generator answers only at its next `yield`. */
function leave (iterator: AsyncIterator<unknown>, failed: (error: unknown) => void): void {
  try {
    Promise.resolve(iterator.return?.()).catch(failed)
  } catch (error) {
    failed(error)
  }
}

export function isAsyncIterable (value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
