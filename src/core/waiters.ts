/** Callers that wait, the oldest first. A caller whose signal aborts leaves at once, and no trace of it stays. */
export class Waiters {
  readonly #waiting = new Set<(released: boolean) => void>()

  /** Resolves with true when the caller is released, with false when its signal aborts. */
  wait (signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted === true) return Promise.resolve(false)
    return new Promise((resolve) => {
      const abandon = (): void => leave(false)
      const leave = (released: boolean): void => {
        this.#waiting.delete(leave)
        signal?.removeEventListener('abort', abandon)
        resolve(released)
      }
      this.#waiting.add(leave)
      signal?.addEventListener('abort', abandon, { once: true })
    })
  }

  /** Releases the caller that has waited longest. Returns false if none waits. */
  releaseFirst (): boolean {
    const [first] = this.#waiting
    first?.(true)
    return first !== undefined
  }

  /** Releases the callers that wait now. */
  releaseAll (): void {
    for (const leave of [...this.#waiting]) leave(true)
  }
}
