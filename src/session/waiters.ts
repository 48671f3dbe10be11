/** Promises that wait for the next change of something; nothing is kept while nobody waits. */
export class Waiters {
  #resolves: (() => void)[] | null = null

  next (): Promise<void> {
    return new Promise((resolve) => { (this.#resolves ??= []).push(resolve) })
  }

  wake (): void {
    const resolves = this.#resolves
    if (resolves === null) return
    this.#resolves = null
    for (const resolve of resolves) resolve()
  }
}
