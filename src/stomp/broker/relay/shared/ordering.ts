import type { Done } from '../../broker.ts'

/**
 * Operations of one client over two connections, in the order in which they were asked for: what goes over the one waits until
 * the other has confirmed. As long as only one is used, nothing waits.
 */
export class Ordering {
  #line: object | null = null
  #outstanding = 0
  readonly #waiting: { readonly line: object, readonly start: () => void }[] = []
  #idle: (() => void)[] = []

  run<T> (line: object, operation: () => Done<T>): Done<T> {
    if (this.#waiting.length === 0 && this.#mayStart(line)) return this.#start(line, operation)
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        line,
        start: () => {
          try {
            resolve(this.#start(line, operation))
          } catch (error) {
            reject(error)
          }
        }
      })
    })
  }

  /** Resolves when nothing waits for its turn; `undefined` when that is so. */
  room (): Promise<void> | undefined {
    return this.#waiting.length === 0 ? undefined : new Promise((resolve) => { this.#idle.push(resolve) })
  }

  #mayStart (line: object): boolean { return this.#outstanding === 0 || this.#line === line }

  #start<T> (line: object, operation: () => Done<T>): Done<T> {
    this.#line = line
    const done = operation()
    if (done instanceof Promise) {
      this.#outstanding++
      const finished = (): void => {
        this.#outstanding--
        this.#next()
      }
      done.then(finished, finished)
    }
    return done
  }

  #next (): void {
    for (let first = this.#waiting[0]; first !== undefined && this.#mayStart(first.line); first = this.#waiting[0]) {
      this.#waiting.shift()
      first.start()
    }
    if (this.#waiting.length > 0) return
    const idle = this.#idle
    this.#idle = []
    for (const resolve of idle) resolve()
  }
}
