/**
 * A serial queue of tasks. A sink may call back into the broker while it is given a message.
 *
 * A task that delivers waits until the delivery that runs has reached all subscribers, so that they all see one order.
 */
export class SerialQueue {
  readonly #tasks: (() => void)[] = []
  #busy = false

  /** Puts a task after the waiting ones. The caller must call `run` afterwards. */
  defer (task: () => void): void {
    this.#tasks.push(task)
  }

  /** Runs the waiting tasks, unless a caller further up the stack does so already. */
  run (): void {
    if (this.#busy) return
    this.#busy = true
    const tasks = this.#tasks
    let done = 0
    try {
      // One task is the common case, and to pop it is cheaper than to set the length of the array.
      while (tasks.length === 1) tasks.pop()!()
      while (done < tasks.length) tasks[done++]!()
    } finally {
      if (done > 0) tasks.splice(0, done)
      this.#busy = false
    }
  }

  /** Runs `task` at once. The tasks that it defers wait until it is done. */
  exclusively<T> (task: () => T): T {
    if (!this.enter()) return task()
    try {
      return task()
    } finally {
      this.leave()
    }
  }

  /** True when no task runs or waits. */
  get idle (): boolean { return !this.#busy && this.#tasks.length === 0 }

  /**
   * Lets the caller work as a task does, without a function for it. Returns false while another task runs.
   *
   * If the result is true, the caller must call `leave` afterwards. Tasks that wait run then, so that the caller comes before them.
   */
  enter (): boolean {
    if (this.#busy) return false
    this.#busy = true
    return true
  }

  /** Ends the work, and runs the tasks that wait. */
  leave (): void {
    this.#busy = false
    this.run()
  }
}
