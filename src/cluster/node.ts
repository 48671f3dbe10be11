import { randomBytes } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { addListener, emit, type Listeners, removeListener } from '../core/listeners.ts'
import { type RefusalLine, RefusalLog } from '../core/refusal-log.ts'
import { Timer, type TimerOwner } from '../core/timer.ts'
import type { Engine, EngineChannels, EngineLog, EngineState } from '../engine/engine.ts'
import { engineErrors } from '../engine/errors.ts'
import { Attendance } from './attendance.ts'
import { isGreeting } from './beat.ts'
import { Calls } from './calls.ts'
import type { Link, LinkService } from './link.ts'
import { Links } from './links.ts'
import { Members } from './members.ts'
import { Names } from './names.ts'
import { RollCall } from './roll-call.ts'
import { SignedChannels } from './signed-channels.ts'

export interface ClusterNodeOptions {
  readonly engine: Engine
  /** The name for people, which NODE_NAME describes. Default: 8 random characters. */
  readonly name?: string
  readonly clock: Clock
  readonly log: EngineLog
}

/** The reasons why a publication is dropped. */
export type Dropped = 'malformed' | 'stranger' | 'service' | 'signature' | 'recorded'

const LINES: Readonly<Record<Dropped, RefusalLine>> = {
  malformed: { level: 'warn', text: 'A publication was dropped because it is not one of a node of this version.' },
  stranger: { level: 'info', text: 'A publication was dropped because its sender is not a member of the cluster.' },
  service: { level: 'warn', text: 'A record was dropped because this node does not have its service.' },
  signature: { level: 'warn', text: 'A publication was dropped because its signature does not fit the secret of this node.' },
  recorded: { level: 'info', text: 'A publication was dropped because this node does not know its sender, or because it is older than this node.' }
}

/** The time without the engine after which all links break, in milliseconds. */
const AWAY = 8_000

/** The time within which the other nodes must answer, in milliseconds. A batch that was lost is sent again after a second. */
const LATE = 900

/** The level of the log for each state. A log at `warn` that has the loss of the engine has its return too. */
const LEVELS: Readonly<Record<EngineState, 'debug' | 'warn'>> = { starting: 'debug', available: 'warn', unavailable: 'warn', stopped: 'debug' }

/** A time that is longer than any delay of a session, in milliseconds. */
const EVER = 2 ** 40

/** A call that waits for the engine. */
class Waiter implements TimerOwner {
  readonly settle: (available: boolean) => void
  readonly timer = new Timer(this)

  constructor (settle: (available: boolean) => void) { this.settle = settle }

  expire (): void { this.settle(false) }
}

/** The node of this process among its peers. */
export class ClusterNode implements TimerOwner {
  /** The address of links: 16 characters of base64url, new for every start. */
  readonly id = randomBytes(12).toString('base64url')
  /** The name for people. */
  readonly name: string
  readonly engine: Engine
  readonly clock: Clock
  readonly log: EngineLog
  readonly names: Names
  /** The channels of the engine, signed where the engine says so. */
  readonly channels: EngineChannels
  readonly members: Members
  readonly calls: Calls
  readonly rollCall: RollCall
  readonly attendance: Attendance
  /** @internal */
  readonly links: Links
  readonly #dropped: RefusalLog<Dropped>
  readonly #away = new Timer(this)
  readonly #waiters = new Set<Waiter>()
  #gapListeners: Listeners<string> = null
  #stateListeners: Listeners<{ state: EngineState, reason: string }> = null
  #state: EngineState = 'starting'
  #isLost = false
  #connectedSince = 0
  #unavailableSince = 0

  constructor ({ engine, name = randomBytes(6).toString('base64url'), clock, log }: ClusterNodeOptions) {
    const { secret, sign } = engine.facts
    this.engine = engine
    this.name = name
    this.clock = clock
    this.log = log
    this.names = new Names(secret)
    this.channels = sign ? new SignedChannels(this, secret) : engine.channels
    this.#dropped = new RefusalLog(clock, LINES)
    this.links = new Links(this)
    this.members = new Members(this)
    this.calls = new Calls(this)
    this.rollCall = new RollCall(this)
    this.attendance = new Attendance(this)
  }

  /** The state of the engine. */
  get state (): EngineState { return this.#state }
  /** True if the engine was away until all links broke, or if the node has stopped. */
  get isLost (): boolean { return this.#isLost || this.#state === 'stopped' }

  /** The milliseconds for which the engine has been available without a break. */
  get connectedFor (): number { return this.#state === 'available' ? this.clock.now() - this.#connectedSince : 0 }

  /**
   * Starts the engine and joins the cluster.
   *
   * @throws FST_SOCKJS_ENGINE_REFUSED if the engine cannot be used, or if a node of another version runs
   */
  async start (): Promise<void> {
    await this.engine.start({
      node: this.id,
      clock: this.clock,
      log: this.log,
      changed: (state, reason) => this.#changed(state, reason),
      gap: (reason) => this.gap(reason)
    })
    const subscribed = Promise.all([
      this.engine.channels.subscribe(this.names.members, (data) => this.members.receive(data)),
      this.channels.subscribe(this.names.node(this.id), (data) => isGreeting(data) ? this.members.receive(data) : this.links.receive(data))
    ])
    // A subscription waits for the engine. A node starts without it.
    const settled = subscribed.then(() => this.members.listening(), (error: unknown) => { this.log.debug({ err: error }, 'A subscription has ended with the engine.') })
    if (this.#state === 'available') await settled
    const refusal = await this.members.start()
    if (refusal === null) return
    await this.stop()
    throw new engineErrors.Refused(this.engine.facts.name, refusal)
  }

  /** Says goodbye, breaks all links and stops the engine. */
  async stop (): Promise<void> {
    this.clock.stop(this.#away)
    this.links.stop()
    this.members.stop()
    this.#giveUp()
    await this.engine.channels.flushed().catch(() => {})
    await this.engine.stop()
  }

  /** Waits until the engine is available. Resolves with false if that takes more than `patience` milliseconds. */
  async whenAvailable (patience: number): Promise<boolean> {
    if (this.#state === 'available') return true
    if (this.isLost || patience <= 0) return false
    return await new Promise((resolve) => {
      const waiter = new Waiter((available) => {
        this.clock.stop(waiter.timer)
        this.#waiters.delete(waiter)
        resolve(available)
      })
      this.#waiters.add(waiter)
      this.clock.start(waiter.timer, patience)
    })
  }

  /**
   * Tells whether every node, this one included, has been connected for `duration` milliseconds.
   *
   * Answers that come late count as no, because other messages may be late too.
   */
  async wereAllConnected (duration: number): Promise<boolean> {
    const asked = this.clock.now()
    if (this.connectedFor < duration) return false
    return await this.rollCall.allSince(asked - duration) && this.clock.now() - asked < LATE
  }

  /** The link to another node. It is made where there is none. */
  link (peer: string): Link { return this.links.link(peer) }

  /** Gives the records of a service to its handler. */
  serve (service: number, handler: LinkService): void { this.links.serve(service, handler) }

  /** Calls `listener` when publications of other nodes may be missing. Returns the function that ends it. */
  onGap (listener: (reason: string) => void): () => void {
    this.#gapListeners = addListener(this.#gapListeners, listener)
    return () => { this.#gapListeners = removeListener(this.#gapListeners, listener) }
  }

  /** Calls `listener` for every state of the engine. Returns the function that ends it. */
  onState (listener: (state: EngineState, reason: string) => void): () => void {
    const each = ({ state, reason }: { state: EngineState, reason: string }): void => listener(state, reason)
    this.#stateListeners = addListener(this.#stateListeners, each)
    return () => { this.#stateListeners = removeListener(this.#stateListeners, each) }
  }

  /** @internal Logs a publication or a record that was dropped, once a minute. */
  dropped (kind: Dropped, thing: string): void { this.#dropped.tell(this.log, kind, '', thing, { thing }) }

  /** @internal Tells that publications of other nodes may be missing. */
  gap (reason: string): void {
    emit(this.#gapListeners, reason, (error) => this.log.error({ err: error }, 'A listener has failed at a gap of the engine.'))
  }

  /** The engine was away for too long. */
  expire (): void {
    this.#isLost = true
    this.#giveUp()
    this.links.breakAll('the engine was away')
    // Links that are made from now on have the same time.
    this.clock.start(this.#away, AWAY)
  }

  #changed (state: EngineState, reason: string): void {
    const before = this.#state
    this.#state = state
    if (state === before) return
    const isExpected = before === 'starting' && state === 'available'
    const outage = before === 'unavailable' ? { outage: this.clock.now() - this.#unavailableSince } : {}
    this.log[isExpected ? 'debug' : LEVELS[state]]({ engine: this.engine.facts.name, state, reason, ...outage }, 'The state of the engine has changed.')
    if (state === 'unavailable') {
      this.#unavailableSince = this.clock.now()
      this.clock.start(this.#away, AWAY)
    } else this.clock.stop(this.#away)
    if (state === 'available') this.#arrived(before)
    else if (state === 'stopped') this.#giveUp()
    emit(this.#stateListeners, { state, reason }, (error) => this.log.error({ err: error }, 'A listener has failed as the state of the engine changed.'))
  }

  #arrived (before: EngineState): void {
    this.#isLost = false
    // A node that has just started has missed nothing. It counts as connected for ever.
    this.#connectedSince = before === 'starting' ? this.clock.now() - EVER : this.clock.now()
    this.members.resume()
    this.links.resume()
    for (const waiter of [...this.#waiters]) waiter.settle(true)
  }

  #giveUp (): void { for (const waiter of [...this.#waiters]) waiter.settle(false) }
}
