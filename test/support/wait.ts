import { setTimeout as delay } from 'node:timers/promises'

/** Far more than anything takes, also on a busy machine: only what hangs gets here. */
const PATIENCE = 60_000

/** The value of a promise; an error that says what was waited for when it does not come. */
export async function within<T> (promise: Promise<T>, what: string, patience: number = PATIENCE): Promise<T> {
  const over = new AbortController()
  const late = delay(patience, undefined, { signal: over.signal }).then(
    () => { throw new Error(`waited ${patience} ms for ${what}`) },
    () => undefined as never)
  try {
    return await Promise.race([promise, late])
  } finally {
    over.abort()
  }
}

/** Looks at a condition until it holds. */
export async function until (condition: () => boolean | Promise<boolean>, what: string, patience: number = PATIENCE): Promise<void> {
  const deadline = performance.now() + patience
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${patience} ms until ${what}`)
    await delay(2)
  }
}

/** Waits until a value no longer changes: as often as it is the same here, the event loop has polled and found nothing. */
export async function steady (read: () => number): Promise<void> {
  let last = Number.NaN
  for (let same = 0; same < 20; same++) {
    await delay(5)
    const now = read()
    if (now !== last) same = 0
    last = now
  }
}

/** A promise with its two ends outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

export function deferred<T> (): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((_resolve, _reject) => {
    resolve = _resolve
    reject = _reject
  })
  // Nobody need be waiting when it fails.
  promise.catch(() => {})
  return { promise, resolve, reject }
}

/** Whether a promise has settled by now. */
export async function isSettled (promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = (): void => { settled = true }
  promise.then(note, note)
  await delay(0)
  return settled
}

/** What arrives, in order: taken one by one by whoever waits, and kept in `all`. */
export class Arrivals<T> {
  readonly all: T[] = []
  #taken = 0
  #error: Error | null = null
  #wake: (() => void)[] = []

  push (item: T): void {
    this.all.push(item)
    this.#notify()
  }

  /** Nothing comes any more: whoever waits gets the error. */
  end (error: Error): void {
    this.#error ??= error
    this.#notify()
  }

  /** How many have arrived and were not taken. */
  get waiting (): number { return this.all.length - this.#taken }

  async next (what: string = 'an arrival'): Promise<T> {
    await within(this.#arrived(), what)
    const item = this.all[this.#taken]!
    this.#taken++
    return item
  }

  async #arrived (): Promise<void> {
    while (this.#taken >= this.all.length) {
      if (this.#error !== null) throw this.#error
      await new Promise<void>((resolve) => { this.#wake.push(resolve) })
    }
  }

  #notify (): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) resolve()
  }
}
