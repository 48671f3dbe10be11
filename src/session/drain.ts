/** Promises that wait for the next change of something; nothing is kept while nobody waits. */
export class Waiters {
  #resolves: Set<() => void> | null = null

  /** Resolves at the next change, or when `signal` aborts: then nothing is kept either. */
  next (signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const resolves = this.#resolves ??= new Set()
      resolves.add(resolve)
      signal?.addEventListener('abort', () => {
        resolves.delete(resolve)
        resolve()
      }, { once: true })
    })
  }

  wake (): void {
    const resolves = this.#resolves
    if (resolves === null) return
    this.#resolves = null
    for (const resolve of resolves) resolve()
  }
}
