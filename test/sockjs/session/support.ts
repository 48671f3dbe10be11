import type { FastifyBaseLogger } from 'fastify'
import { ManualClock } from '../../../src/core/clock.ts'
import { closeFrame, type CloseReason, messageFrame, type Outgoing, PlainTexts, type SockjsFrame, type TransportName } from '../../../src/sockjs/protocol/index.ts'
import { PreparedMessage } from '../../../src/stream/prepared-message.ts'
import { type AnySession, type Ending, type Receiver, type ResumeLimits, Resumption, type ResumptionHost, Session, type SessionHost, type SessionLimits, type SuspensionOutcome } from '../../../src/sockjs/session/index.ts'
import type { CloseEvent } from '../../../src/stream/message-stream.ts'
import { Telemetry } from '../../../src/telemetry/telemetry.ts'
import { TransportCounters } from '../../../src/telemetry/transport-counters.ts'

export const LIMITS: SessionLimits = {
  heartbeat: 25_000,
  disconnectDelay: 5_000,
  pongTimeout: 10_000,
  sendTimeout: 10_000,
  highWater: 1_000,
  queueLimit: 10_000,
  inboxLimit: 10_000,
  overflow: 'close',
  binary: false
}

/** An endpoint for one test: a clock that stands still, turns that are made by hand, and notes of all it was told. */
export class FakeHost implements SessionHost {
  readonly clock: ManualClock
  readonly limits: SessionLimits
  readonly plain = new PlainTexts()
  readonly failures: [string, string][] = []
  readonly endings: CloseEvent[] = []
  /** The kinds of refusals that the log would tell, one for each ending. */
  readonly logs: (string | undefined)[] = []
  /** The causes that the metrics would count, one for each ending. */
  readonly statuses: string[] = []
  readonly telemetry = new Telemetry((error) => { throw error })
  readonly #counters = new Map<TransportName, TransportCounters>()
  forgotten = 0
  /** Sessions that have a receiver. */
  attachments = 0
  /** Bytes that wait, by the account of the sessions. */
  accounted = 0
  #scheduled: AnySession[] = []

  constructor (limits: Partial<SessionLimits> = {}, binary = false, clock = new ManualClock()) {
    this.clock = clock
    this.limits = { ...LIMITS, ...limits, binary }
  }

  /** The answers to the question whether other nodes reach this one; none if the process is alone. */
  reaches: (() => Promise<boolean>) | null = null

  reachable (): Promise<boolean> | null { return this.reaches === null ? null : this.reaches() }
  schedule (session: AnySession): void { this.#scheduled.push(session) }
  account (delta: number): void { this.accounted += delta }
  failed (_session: AnySession, error: unknown, during: string): void { this.failures.push([(error as Error).message, during]) }
  counters (transport: TransportName): TransportCounters {
    let counters = this.#counters.get(transport)
    const pings = this.telemetry.histogram('sockjs.server.ping.duration', { 'sockjs.transport': transport })
    if (counters === undefined) this.#counters.set(transport, counters = new TransportCounters((seconds) => pings.record(seconds)))
    return counters
  }

  log (transport: TransportName, request: string, session: string): FastifyBaseLogger { return { transport, request, session } as unknown as FastifyBaseLogger }

  ended (_session: AnySession, event: CloseEvent, { status }: Ending, log: string | undefined): void {
    this.statuses.push(status)
    this.endings.push(event)
    this.logs.push(log)
  }

  /** True if sessions may be suspended. */
  room = true

  maySuspend (): boolean { return this.room }
  forget (): void { this.forgotten++ }
  attached (_session: AnySession, attached: boolean): void { this.attachments += attached ? 1 : -1 }

  /** How many flushes the sessions have asked for in this turn. */
  get waiting (): number { return this.#scheduled.length }

  /** Ends a turn of the event loop. */
  turn (): void {
    for (const session of this.#scheduled.splice(0)) session.output.flush()
  }
}

/** How a fake receiver behaves. */
export interface Manner {
  /** Ends after its first frame. */
  polling?: boolean
  /** What is written stays in the process until it is released. */
  slow?: boolean
  /** Where the response is written: two with the same one share a connection. */
  connection?: object
}

/** A receiver that keeps what it was told, frame by frame. */
export class FakeReceiver implements Receiver {
  readonly transport: TransportName
  /** Frames as text, and what else was asked of it as a word in brackets. */
  readonly log: string[] = []
  readonly session: AnySession
  readonly #manner: Manner
  readonly #connection: object
  slow: boolean
  buffered = 0
  progress = 0
  queued = false
  answered = true
  /** Pings want an answer. */
  pings = false
  ended = false

  constructor (session: AnySession, manner: Manner = {}) {
    this.session = session
    this.transport = session.transport
    this.#manner = manner
    this.#connection = manner.connection ?? {}
    this.slow = manner.slow ?? false
  }

  /** What was written since the last look. */
  taken (): string[] { return this.log.splice(0) }

  sharesConnection (next: Receiver): boolean { return next instanceof FakeReceiver && next.#connection === this.#connection }
  cork (): void { this.log.push('(cork)') }
  uncork (): void { this.log.push('(uncork)') }
  control (frame: SockjsFrame): void { this.#write(frame.text, frame.bytes) }

  messages (messages: readonly Outgoing[], bytes: number): void {
    if (this.session.raw) {
      for (const message of messages) this.#write(rawText(message), 0)
      this.#buffer(bytes)
    } else {
      const frame = messageFrame(messages, bytes)
      this.#write(frame.text, frame.bytes)
    }
  }

  heartbeat (speak: boolean): boolean {
    if (speak) this.#write('h', 1)
    if (!this.pings) return false
    if (!this.ended) this.log.push('(ping)')
    return true
  }

  close ({ code, reason }: CloseReason): void {
    if (this.ended) return
    this.#write(closeFrame(code, reason).text, 0)
    this.#end()
  }

  pause (on: boolean): void { this.log.push(on ? '(pause)' : '(resume)') }
  destroy (): void { this.log.push('(destroy)') }

  /** Some of what waits leaves the process, or all of it. */
  release (bytes = this.buffered): void {
    this.buffered -= bytes
    this.progress += bytes
    if (this.buffered === 0) this.session.output.flushed(this)
  }

  /** Ends as a response does that has reached its limit. */
  finish (): void { this.#end() }

  #write (text: string, bytes: number): void {
    if (this.ended) return
    this.log.push(text)
    this.#buffer(bytes)
    if (this.#manner.polling) this.#end()
  }

  #buffer (bytes: number): void {
    if (this.slow) this.buffered += bytes
    else this.progress += bytes
  }

  #end (): void {
    if (this.ended) return
    this.ended = true
    this.session.output.done(this)
  }
}

function rawText (message: Outgoing): string {
  const data = message instanceof PreparedMessage ? message.data : message
  return typeof data === 'string' ? data : '0x' + Buffer.from(data).toString('hex')
}

/** A session of `host` that has not begun. */
export function openingSession (host: FakeHost, transport: TransportName = 'xhr-streaming'): AnySession {
  return new Session<unknown, unknown>(host, {
    transport,
    protocol: '',
    user: { name: 'kim' },
    attributes: undefined,
    ip: '127.0.0.1',
    path: '/chat/:server/:session/' + transport,
    query: '?t=1',
    prefix: '/chat',
    headers: { 'user-agent': 'test' },
    userKey: 'name:kim',
    origin: '',
    requestId: 'req-1'
  })
}

/** The tokens of a test: t1, t2 and so on. */
export class FakeTokens implements ResumptionHost {
  readonly live = new Set<string>()
  /** How each suspension was over. */
  readonly outcomes: SuspensionOutcome[] = []
  #last = 0

  issue (): string {
    const token = `t${++this.#last}`
    this.live.add(token)
    return token
  }

  drop (token: string): void { this.live.delete(token) }

  suspensionOver (outcome: SuspensionOutcome): void { this.outcomes.push(outcome) }
}

/** Lets a client resume a session. */
export function makeResumable (session: AnySession, host: FakeHost, limits: ResumeLimits = { within: 60_000, limit: 2_000 }): FakeTokens {
  const tokens = new FakeTokens()
  session.resumption = new Resumption(session, tokens, host.clock, limits)
  return tokens
}

export interface Stage {
  readonly host: FakeHost
  readonly session: AnySession
  /** The close events that the application got. */
  readonly closes: CloseEvent[]
  /** Attaches one more receiver and lets the turn end. */
  attach: (manner?: Manner) => FakeReceiver
}

/** An open session without a receiver. */
export function stage (transport: TransportName = 'xhr-streaming', host = new FakeHost()): Stage {
  const session = openingSession(host, transport)
  const closes: CloseEvent[] = []
  session.on('close', (event) => { closes.push(event) })
  session.begin()
  const attach = (manner: Manner = {}) => {
    const receiver = new FakeReceiver(session, { polling: transport.endsWith('polling'), ...manner })
    session.output.attach(receiver)
    host.turn()
    return receiver
  }
  return { host, session, closes, attach }
}

/** An open session whose receiver has had its `o`. */
export function attachedStage (transport: TransportName = 'xhr-streaming', host = new FakeHost(), manner: Manner = {}): Stage & { readonly receiver: FakeReceiver } {
  const all = stage(transport, host)
  const receiver = all.attach(manner)
  receiver.taken()
  return { ...all, receiver }
}

/** Lets all promises settle that can. */
export function settled (): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** What a promise has come to: its value, or `'pending'`. */
export async function outcome<T> (promise: Promise<T>): Promise<T | 'pending'> {
  return Promise.race([promise, settled().then((): 'pending' => 'pending')])
}
