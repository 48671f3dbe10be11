/** The moment at which the output of a session has drained: one promise for all who wait for it. */
export class Drain {
  readonly done: Promise<void>
  /** The moment has come. */
  reached!: () => void

  constructor () {
    this.done = new Promise((resolve) => { this.reached = resolve })
  }
}
