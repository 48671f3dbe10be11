import { connect } from 'node:net'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import type { EngineContext, EngineLog, EngineState } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import type { Batch } from './batch.ts'
import { readFields } from './fields.ts'
import { Line, type LineOwner } from './line.ts'
import { type LogReceiver, type QueueReceiver, RECEIVERS } from './receivers.ts'
import { Requests } from './requests.ts'
import { OP, SHORTEST, VERSION, writeHello } from './wire.ts'

/** The milliseconds before the first new try, and the most. Each wait is twice the last. */
const RETRY = { first: 100, most: 1_000 } as const

/** A hub that sends nothing for so many whole intervals counts as lost. The node pings once in each. */
const WATCH = { interval: 2_000, silent: 3 } as const

/** A stop waits so many milliseconds for the hub to close the line. */
const STOP_TIME = 1_000

/** A part of the engine whose state the hub has to know. */
export interface HubUser {
  /** Tells a hub that knows nothing. Resolves when the hub has all. */
  restore (): Promise<unknown>
}

/** The part of the engine that takes publications. */
export interface HubListener extends HubUser {
  /** Calls the listeners. The error of one goes to the log. */
  arrive (channel: string, data: Uint8Array, log: EngineLog): void
}

/** The parts of the engine that use the connection. */
export interface HubUsers {
  readonly channels: HubListener
  readonly claims: HubUser
  readonly logs: LogReceiver & HubUser
  readonly queues: QueueReceiver & HubUser
}

/** The progress of a connection. The hub knows the node from `restoring` on. */
type Phase = 'idle' | 'away' | 'greeting' | 'restoring' | 'available' | 'stopped'

/** The start, while it waits for the first outcome. */
interface Start {
  resolve (): void
  reject (error: Error): void
}

/** The connection of a node to the hub. It connects again until it is stopped. */
export class HubConnection implements LineOwner, TimerOwner {
  readonly path: string
  readonly #namespace: string
  readonly #requests = new Requests()
  readonly #retryTimer = new Timer(this)
  readonly #watchTimer = new Timer(this)
  #context!: EngineContext
  #users!: HubUsers
  #line: Line | null = null
  #phase: Phase = 'idle'
  #reason = 'it was not started'
  #reported: EngineState = 'starting'
  #delay: number = RETRY.first
  #silent = 0
  #returning = false
  #refusal: string | null = null
  #start: Start | null = null
  #stopped: (() => void) | null = null

  constructor (path: string, namespace: string) {
    this.path = path
    this.#namespace = namespace
  }

  get available (): boolean { return this.#phase === 'available' }

  /** The batch for the hub if the hub knows the node, else `null`. */
  get out (): Batch | null {
    return this.#phase === 'available' || this.#phase === 'restoring' ? this.#line!.out : null
  }

  /** Connects for the first time. Resolves with the first outcome, and rejects if the hub refuses the node. */
  start (context: EngineContext, users: HubUsers): Promise<void> {
    if (this.#phase !== 'idle') throw new engineErrors.Refused('hub', 'it is in use already; make one engine for each node')
    this.#context = context
    this.#users = users
    this.#connect()
    return new Promise((resolve, reject) => { this.#start = { resolve, reject } })
  }

  /** Closes the line after all that was published. */
  async stop (): Promise<void> {
    const before = this.#phase
    this.#phase = 'stopped'
    this.#reason = 'the node was stopped'
    if (before === 'idle' || before === 'stopped') return
    this.#requests.rejectAll(this.unavailable())
    const { clock } = this.#context
    for (const timer of [this.#retryTimer, this.#watchTimer]) clock.stop(timer)
    const line = this.#line
    if (line !== null) {
      line.end()
      clock.start(this.#watchTimer, STOP_TIME)
      await new Promise<void>((resolve) => { this.#stopped = resolve })
      clock.stop(this.#watchTimer)
    }
    this.#start?.resolve()
    this.#report('stopped', this.#reason)
  }

  /** Asks the hub. Resolves with the node of the answer, and rejects if the line closes before. */
  async request (op: number, key: string): Promise<string> {
    const { out } = this
    if (out === null) throw this.unavailable()
    const { number, answer } = this.#requests.next<string>()
    out.numbered(op, number, key)
    return await answer
  }

  /** Asks the hub about logs and queues. The number of the request stands before the other numbers. */
  async ask<T> (op: number, numbers: readonly number[], names: readonly string[] = [], data: Uint8Array | null = null): Promise<T> {
    const { out } = this
    if (out === null) throw this.unavailable()
    const { number, answer } = this.#requests.next<T>()
    out.fields(op, [number, ...numbers], names, data)
    return await answer
  }

  /** Tells the hub something about logs and queues. It does nothing while the hub is away, because `restore()` tells all. */
  send (op: number, numbers: readonly number[], names: readonly string[] = []): void {
    this.out?.fields(op, numbers, names)
  }

  unavailable (reason = this.#reason): Error { return new engineErrors.Unavailable('hub', reason) }

  // --- the line ----------------------------------------------------------------------------------------------

  frame (op: number, bytes: Buffer, start: number, end: number): void {
    this.#silent = 0
    if (end - start < (SHORTEST[op] ?? 0)) return this.#line?.destroy(`the hub sent the operation ${op} with ${end - start} bytes`)
    switch (op) {
      case OP.publish: {
        const data = start + 2 + bytes.readUInt16BE(start)
        if (data > end) return this.#line?.destroy('the hub sent a name of a channel that is longer than its frame')
        this.#users.channels.arrive(bytes.toString('latin1', start + 2, data), bytes.subarray(data, end), this.#context.log)
        break
      }
      case OP.answer: this.#requests.answer(bytes.readUInt32BE(start), bytes.toString('latin1', start + 4, end)); break
      case OP.welcome: this.#welcomed(this.#line!); break
      case OP.refused: this.#refusal = bytes.toString('utf8', start + 1, end); break
      default: this.#receive(op, bytes, start, end)
    }
  }

  closed (reason: string): void {
    this.#line = null
    if (this.#phase === 'stopped') return this.#stopped?.()
    const { clock } = this.#context
    this.#phase = 'away'
    this.#reason = this.#refusal ?? reason
    this.#requests.rejectAll(this.unavailable())
    clock.stop(this.#watchTimer)
    if (this.#refusal !== null && this.#start !== null) return this.#giveUp()
    clock.start(this.#retryTimer, this.#delay)
    this.#delay = Math.min(this.#delay * 2, RETRY.most)
    this.#lost()
  }

  expire (timer: Timer): void {
    if (this.#phase === 'stopped') this.#line?.destroy('the hub did not close the connection')
    else if (timer === this.#retryTimer) this.#connect()
    else this.#watch()
  }

  #receive (op: number, bytes: Buffer, start: number, end: number): void {
    const fields = readFields(op, bytes, start, end)
    const receiver = RECEIVERS[op]
    if (receiver === undefined) return this.#line?.destroy(`the hub sent the unknown operation ${op}`)
    if (fields === null) return this.#line?.destroy(`the hub sent the operation ${op} with ${end - start} bytes`)
    const { logs, queues } = this.#users
    receiver({ logs, queues, requests: this.#requests, log: this.#context.log }, fields)
  }

  // --- phases ------------------------------------------------------------------------------------------------

  #connect (): void {
    this.#phase = 'greeting'
    this.#refusal = null
    this.#silent = 0
    this.#line = new Line(connect(this.path), this)
    this.#line.out.bytes(OP.hello, writeHello({ version: VERSION, returning: this.#returning, node: this.#context.node, namespace: this.#namespace }))
    this.#context.clock.start(this.#watchTimer, WATCH.interval)
  }

  /** Tells the hub everything that it has to know of this node. A line that closes meanwhile ends this. */
  #welcomed (line: Line): void {
    this.#phase = 'restoring'
    const { channels, claims, logs, queues } = this.#users
    const isCurrent = (): boolean => this.#line === line && this.#phase === 'restoring'
    Promise.all([channels, claims, logs, queues].map((user) => user.restore())).then(() => { if (isCurrent()) this.#restored() }).catch((err: Error) => {
      // The answers of a line that has closed are refused.
      if (this.#line !== line || this.#phase === 'stopped') return
      this.#context.log.error({ err }, 'the node could not tell the hub its subscriptions, claims and consumers, and tries again')
      line.destroy(err.message)
    })
  }

  #restored (): void {
    this.#phase = 'available'
    this.#delay = RETRY.first
    if (this.#returning) {
      this.#context.log.info({ path: this.path }, 'the node is connected to the hub again')
      this.#context.gap(this.#reason)
    }
    this.#returning = true
    this.#report('available', 'connected')
    this.#start?.resolve()
    this.#start = null
  }

  #lost (): void {
    if (this.#reported === 'unavailable') return
    const { log } = this.#context
    const facts = { path: this.path, reason: this.#reason }
    if (this.#start === null) log.warn(facts, 'the node has lost the hub and connects again')
    else log.error(facts, 'the hub cannot be reached; the node tries again')
    this.#report('unavailable', this.#reason)
    this.#start?.resolve()
    this.#start = null
  }

  #giveUp (): void {
    this.#phase = 'stopped'
    this.#start?.reject(new engineErrors.Refused('hub', this.#reason))
  }

  #watch (): void {
    if (this.#silent === WATCH.silent) return this.#line?.destroy(`the hub was silent for ${WATCH.silent * WATCH.interval} ms`)
    // The interval that ends now counts as silent until a frame comes.
    this.#silent++
    this.out?.numbered(OP.ping, 0, '')
    this.#context.clock.start(this.#watchTimer, WATCH.interval)
  }

  #report (state: EngineState, reason: string): void {
    this.#reported = state
    this.#context.changed(state, reason)
  }
}
