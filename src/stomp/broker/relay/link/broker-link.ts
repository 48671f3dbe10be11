import type { Socket } from 'node:net'
import { shorten } from '../../../../core/shorten.ts'
import { Timer, type TimerOwner } from '../../../../core/timer.ts'
import { type Body, type ClientCommand, createFrame, type Frame, FrameHeaders, FrameParser, type HeadersLike, isFrameError, serializeBytes, type ServerCommand, type Version, VERSIONS } from '../../../codec/index.ts'
import { type BrokerError, refusal, type RefusalCode } from '../../../refusals.ts'
import { Deadlines, LOOK } from './deadlines.ts'
import { reasonOf, ServerFailure } from './failures.ts'
import type { Credentials, LinkContext, LinkOwner } from './link.ts'
import { LinkOutput } from './output.ts'
import { Pending } from './pending.ts'
import { brokerProblem } from './problems.ts'
import { ReadingTime } from './reading-time.ts'
import type { ServerAddress } from './servers.ts'

/** The most characters of an ERROR's body in the log. */
const LOGGED = 500

const BEAT = Buffer.from('\n')

/**
 * One STOMP connection to a broker, of which the relay is the client. It has heart-beats of its own (RELAY-3).
 *
 * It checks no rule of STOMP for the clients that use it, because their sessions have done that.
 */
export class BrokerLink implements TimerOwner {
  readonly #socket: Socket
  readonly #address: ServerAddress
  readonly #owner: LinkOwner
  readonly #context: LinkContext
  readonly #parser: FrameParser<'server'>
  readonly #pending = new Pending()
  readonly #reading: ReadingTime
  readonly #deadlines: Deadlines
  readonly #output: LinkOutput
  readonly #timer = new Timer(this)
  /** The time at which CONNECTED must be there. */
  readonly #due: number
  #state: 'connecting' | 'connected' | 'closing' | 'closed' = 'connecting'
  #version: Version = '1.2'
  #stalled = false
  #connected: { resolve: () => void, reject: (error: BrokerError) => void } | null = null
  #closing: Promise<void> | null = null
  #closed: (() => void) | null = null
  /** The error that the socket reported before it closed. */
  #fault: Error | null = null
  #failure: BrokerError | null = null

  /** @param socket may still be connecting */
  constructor (socket: Socket, address: ServerAddress, owner: LinkOwner, context: LinkContext) {
    const { clock, settings } = context
    this.#socket = socket
    this.#address = address
    this.#owner = owner
    this.#context = context
    this.#reading = new ReadingTime(clock)
    this.#deadlines = new Deadlines(settings, this.#reading, this.#pending)
    this.#output = new LinkOutput(socket, clock, this.#pending, settings.highWater)
    const limits = { headers: 1000, headerLine: 1024 * 1024, head: 4 * 1024 * 1024, connectFrame: Number.MAX_SAFE_INTEGER, body: settings.maxMessage }
    this.#parser = new FrameParser({ from: 'server', limits })
    this.#due = clock.now() + settings.connectTimeout
    this.#look(settings.connectTimeout)
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('error', (error) => { this.#fault = error })
    // A FIN without an ERROR, or with half a frame before it, is an end like any other (RELAY-10, RELAY-14).
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      if (this.#state === 'connecting') this.#fail('STOMP_BROKER_UNAVAILABLE', 'the broker closed the connection before CONNECTED')
      else this.#fail('STOMP_BROKER_LOST', 'the broker closed the connection')
    })
  }

  get version (): Version { return this.#version }
  /** The server at its other end. */
  get address (): ServerAddress { return this.#address }
  /** The error with which it ended, `null` before that. */
  get failure (): BrokerError | null { return this.#failure }
  /** The number of frames that wait for their RECEIPT. */
  get pending (): number { return this.#pending.size }

  /** Sends CONNECT, and resolves on CONNECTED. */
  connect ({ login, passcode, host }: Credentials): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#connected = { resolve, reject }
      // Both are always set, because RabbitMQ takes its default user without them (FACT-12).
      this.#write('CONNECT', {
        'accept-version': VERSIONS.toReversed().join(','), 'heart-beat': this.#context.settings.heartBeat.join(','), login, passcode, ...(host === '' ? {} : { host })
      })
    })
  }

  /** Sends a frame without a RECEIPT. */
  send (command: ClientCommand, headers: HeadersLike, body?: Body): void {
    if (this.#state === 'connected') this.#write(command, headers, body)
  }

  /** Sends a frame. Resolves with the headers of its RECEIPT, and rejects with a `BrokerError`. */
  request (command: ClientCommand, headers: Iterable<readonly [string, string]>, body?: Body): Promise<FrameHeaders> {
    if (this.#state !== 'connected') return Promise.reject(refusal('STOMP_BROKER_LOST', undefined, true))
    return new Promise((resolve, reject) => {
      const frame = new FrameHeaders(headers)
      const destination = frame.get('destination')
      const { clock, state } = this.#context
      const start = clock.now()
      const answered = (code?: string): void => state.answered(command, this.#address, clock.now() - start, code)
      frame.set('receipt', this.#pending.add({
        command,
        destination,
        since: this.#reading.now(),
        resolve (headers) {
          answered()
          resolve(headers)
        },
        reject (error) {
          answered(error.code)
          reject(error)
        }
      }))
      this.#write(command, frame, body)
    })
  }

  /** Resolves when the broker has read and confirmed enough. Returns `undefined` if it has (RELAY-12). */
  room (): Promise<void> | undefined {
    return this.#state === 'connected' ? this.#output.room() : undefined
  }

  /** Stops reading, so that further messages stay with the broker (RELAY-20). */
  pause (): void {
    if (this.#reading.paused || this.#state !== 'connected') return
    this.#reading.pause()
    this.#setStalled(false)
    this.#socket.pause()
  }

  resume (): void {
    if (!this.#reading.paused) return
    this.#reading.resume()
    this.#socket.resume()
  }

  /** Sends DISCONNECT, waits for its RECEIPT and closes (RELAY-19). Before CONNECTED it only closes. It never rejects. */
  close (): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve()
    if (this.#closing !== null) return this.#closing
    this.#closing = new Promise<void>((resolve) => { this.#closed = resolve })
    this.#setStalled(false)
    if (this.#state === 'connecting') {
      this.#socket.destroy()
    } else if (this.#state === 'connected') {
      this.resume()
      this.request('DISCONNECT', []).then(() => this.#socket.end(), () => {})
      this.#state = 'closing'
      this.#context.clock.start(this.#timer, this.#context.settings.closeTimeout)
    }
    return this.#closing
  }

  /** Compares CONNECTED, receipts and beats with their deadlines. */
  expire (): void {
    const { settings, clock } = this.#context
    if (this.#state === 'closing') return this.#fail('STOMP_BROKER_TIMEOUT', `no RECEIPT for DISCONNECT within ${settings.closeTimeout} ms`)
    if (this.#state === 'connecting') {
      const missing = this.#socket.connecting ? 'TCP connection' : 'CONNECTED'
      if (clock.now() >= this.#due) return this.#fail('STOMP_BROKER_TIMEOUT', `no ${missing} within ${settings.connectTimeout} ms`)
      return this.#look(this.#due - clock.now())
    }
    if (!this.#reading.paused) {
      const missed = this.#deadlines.missed()
      if (missed !== null) return this.#fail(...missed)
      this.#setStalled(this.#deadlines.blocked)
    }
    if (this.#deadlines.beatIsDue(this.#output.idle)) this.#output.write(BEAT)
    this.#look(this.#deadlines.interval)
  }

  #look (delay: number): void { this.#context.clock.start(this.#timer, Math.min(delay, LOOK)) }

  #setStalled (yes: boolean): void {
    if (this.#stalled === yes) return
    this.#stalled = yes
    this.#context.state.stalled(this, yes)
  }

  #write (command: ClientCommand, headers: HeadersLike, body?: Body): void {
    this.#output.write(serializeBytes(createFrame(command, headers, body), this.#version))
    const waiting = this.#socket.writableLength
    const { maxWaiting } = this.#context.settings
    if (waiting > maxWaiting) this.#fail('STOMP_BROKER_BUSY', `${waiting} bytes wait to be sent, at most ${maxWaiting} may`)
  }

  // --- frames of the broker -------------------------------------------------------------------------------------

  #received (chunk: Buffer): void {
    this.#deadlines.read()
    this.#parser.push(chunk)
    for (;;) {
      if (this.#state === 'closed') return
      const frame = this.#parser.next()
      if (frame === undefined) break
      if (isFrameError(frame)) {
        return this.#fail(this.#state === 'connecting' ? 'STOMP_BROKER_UNAVAILABLE' : 'STOMP_BROKER_LOST', `the broker sent bytes that are not a STOMP frame (${frame.code})`)
      }
      this.#handle(frame)
    }
    this.#output.progressed()
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
    this.#version = VERSIONS.find((known) => known === version) ?? '1.0'
    this.#deadlines.agree(headers.get('heart-beat'))
    this.#parser.connected(this.#version)
    this.#state = 'connected'
    this.#context.state.links.add(this)
    this.#look(LOOK)
    this.#connected?.resolve()
    this.#connected = null
  }

  #refused (headers: FrameHeaders, body: string): void {
    const { state, log } = this.#context
    const { verdict, error } = brokerProblem(headers, body, this.#address)
    const harmless = verdict === 'race' || verdict === 'over'
    log[harmless ? 'debug' : 'warn']({ verdict, message: headers.get('message'), body: shorten(body, LOGGED) }, 'the broker sent an ERROR')
    // RabbitMQ keeps the socket for ten seconds after such an ERROR, and the relay does not (RELAY-11).
    if (this.#state === 'connecting' || verdict === 'fatal') return this.#end(error)
    if (harmless) state.races++
    if (verdict === 'race') return
    const subscription = headers.get('subscription')
    if (verdict === 'subscription' && subscription !== undefined) return this.#owner.subscriptionEnded(subscription, error)
    if (verdict === 'over') return this.#pending.oldestOf('UNSUBSCRIBE', headers.get('receipt-id'))?.resolve(headers)
    const culprit = this.#pending.culprit(headers.get('receipt-id'), `${headers.get('message') ?? ''}\n${body}`)
    if (culprit !== undefined) culprit.reject(error)
    else this.#owner.refused(error)
  }

  // --- ends -----------------------------------------------------------------------------------------------------

  /** Ends the link. The error of the socket explains more than its close. */
  #fail (code: RefusalCode, reason: string): void {
    const fault = this.#fault ?? undefined
    this.#end(refusal(code, undefined, true, new ServerFailure(this.#address, fault === undefined ? reason : reasonOf(fault), fault)))
  }

  #end (error: BrokerError): void {
    if (this.#state === 'closed') return
    const before = this.#state
    this.#state = 'closed'
    this.#failure = error
    this.#context.clock.stop(this.#timer)
    this.#setStalled(false)
    this.#socket.destroy()
    this.#output.end()
    this.#pending.rejectAll(error)
    this.#connected?.reject(error)
    this.#closed?.()
    this.#context.state.links.delete(this)
    if (before === 'connected') this.#owner.lost(error)
  }
}
