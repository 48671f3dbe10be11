import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { DrainOptions } from '../options/options.ts'
import type { AnySession } from '../session/index.ts'

/** The cause for which sessions end, by the code that the clients get. */
const CAUSES = { 1001: 'shutdown', 1012: 'restart' } as const

/** The interval at which some of the sessions close, in milliseconds. */
const SLICE = 200

/** The part of a server that a drain needs. */
export interface DrainedServer {
  openSessions (): Iterable<AnySession>
  /** Gives the responses that carry sessions of other nodes back. */
  handBack (): void
  /** True while clients are still reading their close frames. */
  readonly busy: boolean
}

/**
 * Closes the sessions of a server in slices, for a rolling restart.
 *
 * So the clients do not all connect to the next server at once. `done` resolves when the last client has read its close frame, or has had the time for it.
 */
export class StagedDrain implements TimerOwner {
  readonly done: Promise<void>
  readonly #server: DrainedServer
  readonly #clock: Clock
  readonly #options: Required<DrainOptions>
  readonly #patience: number
  readonly #timer = new Timer(this)
  readonly #begun: number
  /** The sessions that were open when the delay was over. */
  #total = 0
  #refuses = false
  #closed = 0
  /** The time at which the last session was closed, or 0. */
  #toldAll = 0
  #resolve!: () => void

  /** Starts the drain. `patience` is the time that clients have to read the last close frames, in milliseconds. */
  constructor (server: DrainedServer, clock: Clock, options: Required<DrainOptions>, patience: number) {
    this.#server = server
    this.#clock = clock
    this.#options = options
    this.#patience = patience
    this.#begun = clock.now()
    this.done = new Promise((resolve) => { this.#resolve = resolve })
    const delay = Math.min(options.delay, options.deadline)
    if (delay === 0) this.#refuse()
    if (delay === 0 && this.#total === 0 && !server.busy) this.#resolve()
    else clock.start(this.#timer, delay)
  }

  /** True when the delay is over. Until then load balancers may still send new clients, which would not come back after a 503. */
  get refuses (): boolean { return this.#refuses }

  expire (): void {
    if (!this.#refuses) this.#refuse()
    const elapsed = this.#clock.now() - this.#begun
    // Load balancers have seen the health check by now, so that these clients come back to another node.
    // A client can still come to this one, until its connection or its load balancer knows better.
    this.#server.handBack()
    if (this.#toldAll === 0) this.#closeSlice(elapsed)
    if (this.#isThrough) this.#resolve()
    else this.#clock.start(this.#timer, this.#toldAll > 0 ? SLICE : Math.min(SLICE, Math.max(this.#options.deadline - elapsed, 0)))
  }

  #refuse (): void {
    this.#refuses = true
    // The client of a suspended session cannot come back to this server, and has no close frame to wait for.
    for (const session of [...this.#server.openSessions()]) if (session.suspended) session.end(CAUSES[this.#options.code])
    this.#total = [...this.#server.openSessions()].length
  }

  #closeSlice (elapsed: number): void {
    const { rate, deadline, delay, code } = this.#options
    const share = rate * (elapsed - delay + SLICE) / 1000
    const due = elapsed >= deadline ? Infinity : Math.ceil(this.#total * share) - this.#closed
    let left = due
    let more = false
    for (const session of [...this.#server.openSessions()]) {
      if (left <= 0) {
        more = true
        break
      }
      session.end(CAUSES[code])
      this.#closed++
      left--
    }
    if (!more) this.#toldAll = Math.max(this.#clock.now(), 1)
  }

  get #isThrough (): boolean {
    return this.#toldAll > 0 && (!this.#server.busy || this.#clock.now() - this.#toldAll >= this.#patience)
  }
}
