/**
 * One thing at a time. A sink may call back into the broker while it is given a message; what would deliver something
 * then waits until the delivery that runs has reached everybody, so that all subscribers see one order.
 */
export class Turn {
  readonly #tasks: (() => void)[] = []
  #busy = false

  /** Puts a task behind those that wait; `run` must follow. */
  defer (task: () => void): void {
    this.#tasks.push(task)
  }

  /** Runs what waits, unless somebody further up the stack does so already. */
  run (): void {
    if (this.#busy) return
    this.#busy = true
    const tasks = this.#tasks
    let done = 0
    try {
      while (done < tasks.length) tasks[done++]!()
    } finally {
      if (done === tasks.length) tasks.length = 0
      else tasks.splice(0, done)
      this.#busy = false
    }
  }

  /** Runs `task` at once, with everything it causes waiting until it is done. */
  exclusively<T> (task: () => T): T {
    if (this.#busy) return task()
    this.#busy = true
    try {
      return task()
    } finally {
      this.#busy = false
      this.run()
    }
  }
}
