import type { Done } from '../../broker.ts'

/**
 * The order of the operations of one client over two connections.
 *
 * An operation over one connection waits until the other has confirmed those before it. As long as only one connection is used, no operation
 * waits.
 */
export class Ordering {
  /** The connection of the operations that are not confirmed yet. */
  #connection: object | null = null
  #outstanding = 0
  readonly #waiting: { readonly connection: object, readonly start: () => void }[] = []
  #idle: (() => void)[] = []

  run<T> (connection: object, operation: () => Done<T>): Done<T> {
    if (this.#waiting.length === 0 && this.#mayStart(connection)) return this.#start(connection, operation)
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        connection,
        start: () => {
          try {
            resolve(this.#start(connection, operation))
          } catch (error) {
            reject(error)
          }
        }
      })
    })
  }

  /** Resolves when no operation waits. Returns `undefined` if none does. */
  room (): Promise<void> | undefined {
    return this.#waiting.length === 0 ? undefined : new Promise((resolve) => { this.#idle.push(resolve) })
  }

  #mayStart (connection: object): boolean { return this.#outstanding === 0 || this.#connection === connection }

  #start<T> (connection: object, operation: () => Done<T>): Done<T> {
    this.#connection = connection
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
    for (let first = this.#waiting[0]; first !== undefined && this.#mayStart(first.connection); first = this.#waiting[0]) {
      this.#waiting.shift()
      first.start()
    }
    if (this.#waiting.length > 0) return
    const idle = this.#idle
    this.#idle = []
    for (const resolve of idle) resolve()
  }
}
