import type { FastifyRequest } from 'fastify'
import { isPromise } from '../../core/promise.ts'
import type { CloseEvent, Message, MessageStream } from '../../stream/message-stream.ts'
import { type ClientCommand, type Frame, isFrameError } from '../codec/index.ts'
import { StompError } from '../errors.ts'
import { COMMANDS } from './commands/index.ts'
import { EolRate } from './eol-rate.ts'
import { aboutFrame } from './error-frame.ts'
import type { StompHost } from './host.ts'
import { StompSession } from './stomp-session.ts'
import { logFailure } from './untold-failures.ts'

/** Begins a session on a stream. The session lives in the listeners of the stream. */
export function serveStomp (stream: MessageStream, request: FastifyRequest | null, host: StompHost): void {
  const reader = new FrameReader(new StompSession(stream, request, host))
  stream.on('close', (event) => reader.closed(event))
  stream.on('message', (message) => reader.received(message))
  stream.on('suspend', () => reader.suspended(true))
  stream.on('resume', () => reader.suspended(false))
}

/** Reads the frames of one client and handles them, one at a time and in order. */
class FrameReader {
  readonly #session: StompSession
  readonly #eols: EolRate
  /** True while a frame is being handled. */
  #busy = false
  #heldBack = false

  constructor (session: StompSession) {
    this.#session = session
    this.#eols = new EolRate(session.host.clock, session.host.settings.limits.eols)
  }

  received (message: Message): void {
    const session = this.#session
    if (session.over) return
    session.time.received()
    session.sendsBytes = typeof message !== 'string'
    session.parser.push(message)
    this.#pump()
  }

  /** Lets the frames that came before the end be processed (STOMP-D1, STOMP-D2). Nothing reaches the client any more. */
  closed (event: CloseEvent): void {
    const session = this.#session
    session.streamEnded(event)
    if (!this.#busy) return session.tearDown(event)
    // Queues would go on giving to a client that is gone.
    for (const { key, source, ack } of session.subscriptions) {
      if (source !== 'broker' || ack !== 'auto') continue
      logFailure(session.host.log, session.id, () => session.connection?.unsubscribe(key), 'a subscription of a client that has gone did not end at the broker')
    }
  }

  /** Notes that the connection is cut and may come back, or that it has come back. The session goes on. */
  suspended (on: boolean): void { this.#session.time.suspend(on) }

  #pump (): void {
    const session = this.#session
    while (!this.#busy && !session.over) {
      const frame = session.parser.next()
      if (frame === undefined) break
      if (isFrameError(frame)) session.fail(StompError.ofFrame(frame))
      else this.#handle(frame)
    }
    // The count stands here, because lines behind a frame that is being handled are read when it has been.
    if (this.#eols.exceeds(session.parser.eols)) session.fail(new StompError('STOMP_TOO_MANY_EOLS', `at most ${session.host.settings.limits.eols} in a second`))
    if (session.ended === null) this.#holdBack()
    else if (!this.#busy) session.tearDown(session.ended)
  }

  #handle (frame: Frame<ClientCommand>): void {
    const session = this.#session
    session.host.telemetry.framesIn++
    try {
      const handled = COMMANDS[frame.command](session, frame)
      // A broker that takes no more frames holds the client back, also after hooks and rules that answered later (RELAY-12).
      const work = isPromise(handled) ? Promise.resolve(handled).then(() => session.connection?.room()) : session.connection?.room()
      if (work === undefined) return
      this.#busy = true
      Promise.resolve(work).catch((error: unknown) => this.#failFor(frame, error)).then(() => {
        this.#busy = false
        this.#pump()
      })
    } catch (error) {
      this.#failFor(frame, error)
    }
  }

  #failFor (frame: Frame<ClientCommand>, error: unknown): void {
    this.#session.fail(error, aboutFrame(frame, this.#session.host.settings.limits))
  }

  /** Stops reading from the client while a frame is being handled and the octets behind it are too many. */
  #holdBack (): void {
    const { parser, host, time, stream } = this.#session
    const tooMuch = this.#busy && parser.pending >= host.settings.limits.pending
    if (tooMuch === this.#heldBack) return
    this.#heldBack = tooMuch
    // The session cannot receive the heart-beats of a client that it does not read.
    time.hold(tooMuch)
    if (tooMuch) stream.pause()
    else stream.resume()
  }
}
