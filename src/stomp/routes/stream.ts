import { comesFrom } from '../../core/abort.ts'

/** What `sendEach` tells of a stream that nobody gets any more. */
export interface StreamEnd {
  /** Aborts when the listener has gone. */
  readonly signal: AbortSignal
  /** Gets what the stream throws after that. An abort that comes from the signal is not reported. */
  readonly lost: (error: unknown) => void
}

/**
 * Sends what an async iterable yields, one value after the other, until it or its listener ends. The iterable is told of
 * the end also while it prepares its next value; a generator may take its time to hear it.
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
  /** Ends the wait that is on. */
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

  /** Called by the signal. */
  handleEvent (): void { this.#interrupt?.() }

  stop (): void {
    this.#interrupt = null
    this.#end.signal.removeEventListener('abort', this)
  }
}

/** Not waited for: a generator answers when it comes to its next `yield`. */
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
