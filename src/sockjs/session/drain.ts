/** The moment at which the output of a session has drained. All callers that wait for it share one promise. */
export class Drain {
  readonly done: Promise<void>
  /** Resolves the promise. */
  reached!: () => void

  constructor () {
    this.done = new Promise((resolve) => { this.reached = resolve })
  }
}
