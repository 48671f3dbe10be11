import { delay } from '../../../core/delay.ts'
import { Timer, type TimerOwner } from '../../../core/timer.ts'
import { engineErrors } from '../../errors.ts'
import type { Keeper, NatsLink } from '../link.ts'
import type { JetStreamSettings } from './options.ts'
import type { Requests } from './requests.ts'
import { type NatsStream, NoJetStream } from './stream.ts'

/** The time that a server gets to have its streams, before the engine is available without them, in milliseconds. */
const PATIENCE = 2_000
/** The time between two tries in it, in milliseconds: a cluster of servers chooses its leader first. */
const SHORT = 200
/** The time between two tries later on, in milliseconds. */
const RETRY = 1_000

/** A part of the engine that uses streams while they are there. */
export interface StreamUser {
  /** The engine is available, with all streams. */
  restored (): void
  /** The connection is lost. */
  lost (): void
}

/** Makes the streams of the engine at the start, and again after the server has lost them. */
export class JetStream implements Keeper, TimerOwner {
  readonly #link: NatsLink
  readonly #requests: Requests
  readonly #isInMemory: boolean
  readonly #streams: NatsStream[] = []
  readonly #rights: string[] = []
  readonly #users: StreamUser[] = []
  readonly #timer = new Timer(this)
  #worked = false
  /** True while the streams are looked after once a second. */
  #isMissing = false
  #failures = 0

  constructor (link: NatsLink, requests: Requests, { storage }: JetStreamSettings) {
    this.#link = link
    this.#isInMemory = storage === 'memory'
    this.#requests = requests
  }

  get rights (): readonly string[] { return this.#rights }

  /** Adds a stream, with the subjects that its users publish to and with a part that uses it. */
  add (stream: NatsStream, rights: readonly string[], user?: StreamUser): void {
    this.#streams.push(stream)
    this.#rights.push(...['CREATE', 'UPDATE', 'INFO'].map((verb) => `$JS.API.STREAM.${verb}.${stream.name}`), ...rights)
    if (user !== undefined) this.#users.push(user)
    stream.onMissed = () => this.#missed()
  }

  async prepare (isHere: () => boolean): Promise<void> {
    const { clock } = this.#link.context
    // A cluster makes such a stream again after a crash, with the old date and numbers from 1. No epoch would show the loss.
    if (this.#isInMemory && this.#streams.length > 0 && this.#link.hasManyServers) {
      throw new engineErrors.Refused('nats', "the option jetstream.storage is 'memory', which needs a server that is in no cluster; use 'file'")
    }
    for (const until = clock.now() + PATIENCE; isHere();) {
      const problem = await this.#ensure()
      if (problem === null) return
      if (problem instanceof engineErrors.Refused && !this.#worked) throw problem
      if (problem instanceof NoJetStream && !this.#worked) return this.#failed(problem)
      if (clock.now() >= until) return this.#failed(problem)
      await delay(clock, SHORT)
    }
  }

  restored (): void { for (const user of this.#users) user.restored() }

  lost (reason: string): void {
    this.#link.context.clock.stop(this.#timer)
    this.#isMissing = false
    this.#requests.fail(reason)
    for (const user of this.#users) user.lost()
  }

  /** Tries again to make the streams. @internal */
  expire (): void {
    if (!this.#link.available) return
    this.#ensure().then((problem) => {
      if (!this.#link.available || !this.#isMissing) return
      this.#isMissing = false
      if (problem !== null) this.#failed(problem)
    })
  }

  #failed (err: Error): void {
    if (this.#failures++ === 0) this.#link.context.log.error({ err }, `JetStream is not available: ${err.message}; the engine tries again every second`)
    this.#missed()
  }

  /** Looks after the streams in a second: one of them seems to be missing. */
  #missed (): void {
    if (this.#isMissing) return
    this.#isMissing = true
    this.#link.context.clock.start(this.#timer, RETRY)
  }

  /** Makes all streams. Returns the problem of one of them, or `null`. */
  async #ensure (): Promise<Error | null> {
    const outcomes = await Promise.allSettled(this.#streams.map((stream) => stream.ensure()))
    const problems = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason as Error)
    if (problems.length === 0) {
      if (this.#failures > 0) this.#link.context.log.info({}, 'JetStream is available')
      this.#failures = 0
      this.#worked = true
    }
    return problems.find((problem) => problem instanceof engineErrors.Refused) ?? problems[0] ?? null
  }
}
