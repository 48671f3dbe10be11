/** The numbers of one endpoint and one transport. Each session has the reference, so that a message costs additions only. */
export class TransportCounters {
  opened = 0
  closed = 0
  /** The sessions that changed to this transport when they were resumed, less the sessions that changed to another. */
  moved = 0
  messagesIn = 0
  messagesOut = 0
  bytesIn = 0
  bytesOut = 0
  /** Counts the seconds that a ping took until its answer. */
  readonly answered: (seconds: number) => void

  constructor (answered: (seconds: number) => void) {
    this.answered = answered
  }

  /** The sessions that the application has now. */
  get active (): number { return this.opened - this.closed + this.moved }
}
