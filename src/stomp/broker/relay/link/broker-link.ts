import type { Socket } from 'node:net'
import type { Clock } from '../../../../core/clock.ts'
import { Timer } from '../../../../core/timer.ts'
import { type Body, type ClientCommand, createFrame, type Frame, FrameHeaders, FrameParser, type HeadersLike, type HeartBeat, isFrameError, negotiateHeartBeat, parseHeartBeat, serializeBytes, type ServerCommand, type Version, VERSIONS } from '../../../codec/index.ts'
import { type BrokerError, refusal, type RefusalCode } from '../../../refusals.ts'
import type { BrokerLog } from '../../broker.ts'
import { reasonOf, ServerFailure } from './failures.ts'
import { Pending } from './pending.ts'
import { problemOf } from './problems.ts'
import type { ServerAddress } from './servers.ts'

/** What a link needs to know. Milliseconds and octets. */
export interface BrokerLinkSettings {
  readonly heartBeat: readonly [outgoing: number, incoming: number]
  /** From the first SYN to CONNECTED (RELAY-13). */
  readonly connectTimeout: number
  /** For a RECEIPT to come (RELAY-12). */
  readonly receiptTimeout: number
  /** A RECEIPT that is overdue by this much shows a broker that takes nothing (FACT-9). */
  readonly blockedAfter: number
  /** For the RECEIPT of DISCONNECT. */
  readonly closeTimeout: number
  readonly highWater: number
  readonly maxWaiting: number
  readonly maxMessage: number
}

/** Who CONNECT says we are (RELAY-1). */
export interface Credentials {
  readonly login: string
  readonly passcode: string
  readonly host: string
  /** More headers of CONNECT. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Whoever uses a link. */
export interface BrokerLinkOwner {
  /** A MESSAGE, with the id of the subscription as the broker knows it. */
  message (subscription: string, frame: Frame<ServerCommand>): void
  /** One subscription has ended at the broker. */
  subscriptionEnded (subscription: string, error: BrokerError): void
  /** An ERROR that belongs to no frame which we know to be waiting. */
  refused (error: BrokerError): void
  /** The broker has become slow to confirm, or has recovered. */
  stalled (yes: boolean): void
  /** The connection is gone, other than by `close()`; once. */
  lost (error: BrokerError): void
}

/** Whoever made a link, and counts what all links have in common. */
export interface BrokerLinkMaker {
  /** An ERROR was the race of a client: it is told to nobody (RELAY-17). */
  raced (): void
  /** It is over, whoever ended it; once. */
  ended (link: BrokerLink): void
}

/** How often deadlines are looked at. */
const LOOK = 500

/** A beat goes out early, so that the broker sees it in time (STOMP-H5). */
const EARLY = 0.5

/** Silence of so many intervals means that the broker is frozen; on this link no browser throttles anybody. */
const TOLERANCE = 2

/** Frames without their RECEIPT from which on a client is held back: a broker that reads and confirms nothing must not fill the memory. */
const UNCONFIRMED = 1000

const BEAT = Buffer.from('\n')

/**
 * One STOMP connection to a broker, and we are its client: heart-beats of its own (RELAY-3), a RECEIPT for everything, one
 * system write for each turn of the event loop. It keeps no rules for the clients behind it: that is their sessions' business.
 */
export class BrokerLink {
  readonly #socket: Socket
  readonly #address: ServerAddress
  readonly #owner: BrokerLinkOwner
  readonly #maker: BrokerLinkMaker
  readonly #clock: Clock
  readonly #log: BrokerLog
  readonly #settings: BrokerLinkSettings
  readonly #parser: FrameParser<'server'>
  readonly #pending = new Pending()
  readonly #timer = new Timer(this)
  readonly #due: number
  #state: 'connecting' | 'connected' | 'closing' | 'closed' = 'connecting'
  #version: Version = '1.2'
  #beats: HeartBeat = { outgoing: 0, incoming: 0 }
  #lastSent: number
  #lastReceived: number
  #corked = false
  /** The time at which reading was paused; `null` while the link reads. */
  #pausedAt: number | null = null
  /** The sum of all pauses that are over. */
  #pausedFor = 0
  #stalled = false
  #connected: { resolve: () => void, reject: (error: BrokerError) => void } | null = null
  #room: { promise: Promise<void>, resolve: () => void } | null = null
  #closing: Promise<void> | null = null
  #gone: (() => void) | null = null
  /** The error that the socket reported before it closed. */
  #fault: Error | null = null
  #failure: BrokerError | null = null

  /** @param socket may still be connecting */
  constructor (socket: Socket, address: ServerAddress, owner: BrokerLinkOwner, maker: BrokerLinkMaker, clock: Clock, log: BrokerLog, settings: BrokerLinkSettings) {
    this.#socket = socket
    this.#address = address
    this.#owner = owner
    this.#maker = maker
    this.#clock = clock
    this.#log = log
    this.#settings = settings
    const room = Number.MAX_SAFE_INTEGER
    this.#parser = new FrameParser({ from: 'server', limits: { headers: 1000, headerLine: 1024 * 1024, head: 4 * 1024 * 1024, connectFrame: room, body: settings.maxMessage } })
    this.#lastSent = this.#lastReceived = clock.now()
    this.#due = clock.now() + settings.connectTimeout
    clock.start(this.#timer, Math.min(LOOK, settings.connectTimeout))
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('error', (error) => { this.#fault = error })
    // A FIN without a word, or with half a frame before it, is an end like any other (RELAY-10, RELAY-14).
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      if (this.#state === 'connecting') this.#fail('STOMP_BROKER_UNAVAILABLE', 'the broker closed the connection before CONNECTED')
      else this.#fail('STOMP_BROKER_LOST', 'the broker closed the connection')
    })
  }

  get version (): Version { return this.#version }
  /** The server at its other end. */
  get address (): ServerAddress { return this.#address }
  /** The error with which it ended; `null` before that. */
  get failure (): BrokerError | null { return this.#failure }
  /** Frames that wait for their RECEIPT. */
  get pending (): number { return this.#pending.size }

  /** Sends CONNECT; resolves on CONNECTED. */
  connect ({ login, passcode, host, headers }: Credentials): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#connected = { resolve, reject }
      // Both are always set: without them RabbitMQ takes its default user (FACT-12).
      this.#write('CONNECT', {
        ...headers, 'accept-version': VERSIONS.toReversed().join(','), 'heart-beat': this.#settings.heartBeat.join(','), login, passcode, ...(host === '' ? {} : { host })
      })
    })
  }

  /** Sends a frame that nobody waits for. */
  send (command: ClientCommand, headers: HeadersLike, body?: Body): void {
    if (this.#state === 'connected') this.#write(command, headers, body)
  }

  /** Sends a frame; resolves with the headers of its RECEIPT, rejects with a `BrokerError`. */
  request (command: ClientCommand, headers: Iterable<readonly [string, string]>, body?: Body): Promise<FrameHeaders> {
    if (this.#state !== 'connected') return Promise.reject(refusal('STOMP_BROKER_LOST', undefined, true))
    return new Promise((resolve, reject) => {
      const frame = new FrameHeaders(headers)
      const destination = frame.get('destination')
      frame.set('receipt', this.#pending.add({ command, destination, since: this.#readingTime(), resolve, reject }))
      this.#write(command, frame, body)
    })
  }

  /** Resolves when the broker has read and confirmed enough; `undefined` when it has (RELAY-12). */
  room (): Promise<void> | undefined {
    if (this.#state !== 'connected' || this.#hasRoom) return undefined
    if (this.#room === null) {
      let drained: () => void = () => {}
      const promise = new Promise<void>((resolve) => { drained = resolve })
      this.#room = { promise, resolve: drained }
    }
    return this.#room.promise
  }

  /** Reads nothing more for now: what the broker has stays with the broker (RELAY-20). */
  pause (): void {
    if (this.#pausedAt !== null || this.#state !== 'connected') return
    this.#pausedAt = this.#clock.now()
    this.#setStalled(false)
    this.#socket.pause()
  }

  resume (): void {
    if (this.#pausedAt === null) return
    this.#pausedFor += this.#clock.now() - this.#pausedAt
    this.#pausedAt = null
    this.#socket.resume()
  }

  /** DISCONNECT, its RECEIPT, and the end (RELAY-19); or only the end, where there is nobody to say it to. Never rejects. */
  close (): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve()
    if (this.#closing !== null) return this.#closing
    this.#closing = new Promise<void>((resolve) => { this.#gone = resolve })
    if (this.#state === 'connecting') {
      this.#socket.destroy()
    } else if (this.#state === 'connected') {
      this.resume()
      this.request('DISCONNECT', []).then(() => this.#socket.end(), () => {})
      this.#state = 'closing'
      this.#clock.start(this.#timer, this.#settings.closeTimeout)
    }
    return this.#closing
  }

  /** Time has passed: CONNECTED, receipts and beats are judged. */
  expire (): void {
    const now = this.#clock.now()
    if (this.#state === 'closing') return this.#fail('STOMP_BROKER_TIMEOUT', `no RECEIPT for DISCONNECT within ${this.#settings.closeTimeout} ms`)
    if (this.#state === 'connecting') return now >= this.#due ? this.#fail('STOMP_BROKER_TIMEOUT', this.#notConnected()) : this.#look(this.#due - now)
    const { outgoing, incoming } = this.#beats
    if (this.#pausedAt === null) {
      const silence = this.#readingTime() - this.#lastReceived
      if (incoming > 0 && silence >= incoming * TOLERANCE) return this.#fail('STOMP_BROKER_LOST', `no heart-beat for ${silence} ms`)
      const oldest = this.#pending.oldest
      const waiting = oldest === undefined ? 0 : this.#readingTime() - oldest.since
      if (waiting >= this.#settings.receiptTimeout) return this.#fail('STOMP_BROKER_TIMEOUT', `no RECEIPT for ${oldest!.command} within ${this.#settings.receiptTimeout} ms`)
      this.#setStalled(waiting >= this.#settings.blockedAfter)
    }
    if (outgoing > 0 && now - this.#lastSent >= outgoing * EARLY) this.#writeBytes(BEAT)
    this.#look(outgoing > 0 ? Math.min(LOOK, Math.max(50, outgoing * EARLY / 2)) : LOOK)
  }

  /**
   * Time in which the link was reading. Unread bytes prove nothing. A client that takes and pauses by turns must not put off the
   * deadlines of a broker that confirms nothing.
   */
  #readingTime (): number { return (this.#pausedAt ?? this.#clock.now()) - this.#pausedFor }

  #notConnected (): string {
    const { connectTimeout } = this.#settings
    return this.#socket.connecting ? `no TCP connection within ${connectTimeout} ms` : `no CONNECTED within ${connectTimeout} ms`
  }

  #look (delay: number): void { this.#clock.start(this.#timer, Math.min(delay, LOOK)) }

  #setStalled (yes: boolean): void {
    if (this.#stalled === yes) return
    this.#stalled = yes
    this.#owner.stalled(yes)
  }

  // --- out ----------------------------------------------------------------------------------------------------

  #write (command: ClientCommand, headers: HeadersLike, body?: Body): void {
    this.#writeBytes(serializeBytes(createFrame(command, headers, body), this.#version))
    const waiting = this.#socket.writableLength
    if (waiting > this.#settings.maxWaiting) this.#fail('STOMP_BROKER_BUSY', `${waiting} bytes wait to be sent, at most ${this.#settings.maxWaiting} may`)
  }

  /** All that one turn of the event loop writes leaves together. */
  #writeBytes (bytes: Uint8Array): void {
    this.#lastSent = this.#clock.now()
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    this.#socket.write(bytes, this.#written)
  }

  /** One function for all writes: the socket's own `drain` knows another mark than ours. */
  readonly #written = (): void => {
    if (this.#room !== null && this.#hasRoom) this.#makeRoom()
  }

  get #hasRoom (): boolean { return this.#socket.writableLength <= this.#settings.highWater && this.#pending.size < UNCONFIRMED }

  #makeRoom (): void {
    this.#room?.resolve()
    this.#room = null
  }

  // --- in -----------------------------------------------------------------------------------------------------

  #received (chunk: Buffer): void {
    this.#lastReceived = this.#readingTime()
    this.#parser.push(chunk)
    for (;;) {
      if (this.#state === 'closed') return
      const frame = this.#parser.next()
      if (frame === undefined) break
      if (isFrameError(frame)) {
        return this.#fail(this.#state === 'connecting' ? 'STOMP_BROKER_UNAVAILABLE' : 'STOMP_BROKER_LOST', `the broker sent bytes that are no STOMP frame (${frame.code})`)
      }
      this.#handle(frame)
    }
    this.#written()
    if (this.#stalled && this.#pending.size === 0) this.#setStalled(false)
  }

  #handle (frame: Frame<ServerCommand>): void {
    const { command, headers } = frame
    if (command === 'CONNECTED') this.#accepted(headers)
    else if (command === 'RECEIPT') this.#pending.take(headers.get('receipt-id'))?.resolve(headers)
    else if (command === 'ERROR') this.#refused(headers, frame.body.text)
    else if (this.#state === 'connected') this.#owner.message(headers.get('subscription') ?? '', frame)
  }

  #accepted (headers: FrameHeaders): void {
    if (this.#state !== 'connecting') return
    const version = headers.get('version') ?? '1.0'
    const theirs = parseHeartBeat(headers.get('heart-beat'))
    const [outgoing, incoming] = this.#settings.heartBeat
    this.#version = VERSIONS.find((known) => known === version) ?? '1.0'
    this.#beats = isFrameError(theirs) ? { outgoing: 0, incoming: 0 } : negotiateHeartBeat({ outgoing, incoming }, theirs)
    this.#parser.connected(this.#version)
    this.#state = 'connected'
    this.#look(LOOK)
    this.#connected?.resolve()
    this.#connected = null
  }

  #refused (headers: FrameHeaders, body: string): void {
    const { verdict, error } = problemOf(headers, body, this.#address)
    const harmless = verdict === 'race' || verdict === 'over'
    this.#log[harmless ? 'debug' : 'warn']({ verdict, message: headers.get('message'), body: body.slice(0, 500) }, 'the broker sent an ERROR')
    // After such an ERROR RabbitMQ keeps the socket for ten seconds (RELAY-11): we do not.
    if (this.#state === 'connecting' || verdict === 'fatal') return this.#end(error)
    if (harmless) this.#maker.raced()
    if (verdict === 'race') return
    const subscription = headers.get('subscription')
    if (verdict === 'subscription' && subscription !== undefined) return this.#owner.subscriptionEnded(subscription, error)
    if (verdict === 'over') return this.#pending.oldestOf('UNSUBSCRIBE', headers.get('receipt-id'))?.resolve(headers)
    const culprit = this.#pending.culprit(headers.get('receipt-id'), `${headers.get('message') ?? ''}\n${body}`)
    if (culprit !== undefined) culprit.reject(error)
    else this.#owner.refused(error)
  }

  // --- ends ---------------------------------------------------------------------------------------------------

  /** The error of the socket explains more than its close. */
  #fail (code: RefusalCode, reason: string): void {
    const fault = this.#fault ?? undefined
    this.#end(refusal(code, undefined, true, new ServerFailure(this.#address, fault === undefined ? reason : reasonOf(fault), fault)))
  }

  #end (error: BrokerError): void {
    if (this.#state === 'closed') return
    const before = this.#state
    this.#state = 'closed'
    this.#failure = error
    this.#clock.stop(this.#timer)
    this.#setStalled(false)
    this.#socket.destroy()
    this.#makeRoom()
    this.#pending.rejectAll(error)
    this.#connected?.reject(error)
    this.#gone?.()
    this.#maker.ended(this)
    if (before === 'connected') this.#owner.lost(error)
  }
}
