/** The owner of timers. The clock calls `expire()` with each timer that is due. */
export interface TimerOwner {
  expire (timer: Timer): void
}

/**
 * One entry of the wheel of a clock.
 *
 * It is a link of an intrusive list, so that starting and stopping allocate nothing. An owner keeps one `Timer` and restarts it.
 */
export class Timer {
  readonly owner: TimerOwner
  /** The tick at which the timer is due. It has no meaning while the timer does not run. @internal */
  due = 0
  /** @internal */
  previous: Timer = this
  /** @internal */
  next: Timer = this

  constructor (owner: TimerOwner) {
    this.owner = owner
  }

  get running (): boolean {
    return this.next !== this
  }

  /** @internal */
  link (after: Timer): void {
    this.previous = after
    this.next = after.next
    after.next.previous = this
    after.next = this
  }

  /** @internal */
  unlink (): void {
    this.previous.next = this.next
    this.next.previous = this.previous
    this.previous = this
    this.next = this
  }
}
