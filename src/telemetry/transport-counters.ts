import type { Histogram } from './histogram.ts'

/** The numbers of one endpoint and one transport. Each session has the reference, so that a message costs additions only. */
export class TransportCounters {
  opened = 0
  closed = 0
  messagesIn = 0
  messagesOut = 0
  bytesIn = 0
  bytesOut = 0
  /** The times that pings of this transport took, at all endpoints. */
  readonly pings: Histogram

  constructor (pings: Histogram) {
    this.pings = pings
  }

  /** The sessions that the application has now. */
  get active (): number { return this.opened - this.closed }
}
