import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { Timer } from '../../core/timer.ts'
import { closeFrame, type CloseReason, type Encoded, type Envelope, HEARTBEAT, messageFrame, OPEN, type Outgoing, type SockjsFrame, type Streaming, type TransportName } from '../protocol/index.ts'
import type { AnySession, Receiver } from '../session/index.ts'

const RECEIVER = Symbol('fastify-sockjs.receiver')
const QUEUE = Symbol('fastify-sockjs.queue')

type Response = ServerResponse & { [RECEIVER]?: HttpReceiver }

/** A connection knows the receivers that came to it behind another response. */
type Connection = Socket & { [QUEUE]?: Set<HttpReceiver> }

/** What an HTTP receiver needs beside its response. */
export interface HttpReceiverOptions {
  readonly transport: TransportName
  readonly envelope: Envelope
  /** Bytes of frames after which a streaming response ends (XHR-STREAM-7). */
  readonly limit: number
  /** How long an ended response may take to leave, in milliseconds (SEC-S16). */
  readonly sendTimeout: number
  readonly clock: Clock
  /** Receivers that have ended and whose connection is not finished yet. */
  readonly lingering: Set<Receiver>
}

/**
 * A response that carries frames. A streaming response begins with a prelude and takes frames up to its limit;
 * a polling response is a streaming one with a limit of one write.
 */
export class HttpReceiver implements Receiver {
  readonly #response: Response
  readonly #session: AnySession
  readonly #options: HttpReceiverOptions
  readonly #headers: Record<string, number | string | string[] | undefined>
  #written = 0
  #ended = false
  /** All has left. Asked of the event: a response without a socket, `app.inject()`'s for one, has no other way to say it. */
  #finished = false
  #linger: Timer | null = null
  /** The receivers of the connection that came behind another response, where this one did too. */
  #queue: Set<HttpReceiver> | null = null
  /** Tells of every write that has left: a corked response says what waits too late, and `drain` only above its own mark. */
  #flushed: (() => void) | undefined

  constructor (response: ServerResponse, headers: Record<string, number | string | string[] | undefined>,
    session: AnySession, options: HttpReceiverOptions) {
    this.#response = response
    this.#headers = headers
    this.#session = session
    this.#options = options
    this.#response[RECEIVER] = this
    response.on('finish', onFinish)
    response.on('close', onClose)
    response.on('error', onError)
    if (this.queued) this.#joinQueue()
    const { stream } = options.envelope
    if (stream === null) return
    this.#flushed = () => session.output.flushed(this)
    // A peer that vanished without a word is noticed by the kernel (SEC-S25).
    response.req.socket.setKeepAlive?.(true, 5_000)
    response.writeHead(200, headers)
    response.write(stream.prelude)
  }

  get transport (): TransportName { return this.#options.transport }

  get buffered (): number { return this.#finished ? 0 : this.#response.writableLength }

  get progress (): number {
    // Nobody can read a response before its turn: that is no stall, and time goes on.
    if (this.queued) return -this.#options.clock.now()
    const { socket } = this.#response.req
    return socket.bytesWritten - socket.writableLength
  }

  /** Whether the response waits behind another one on its connection (RFC 9112, section 9.3.2). */
  get queued (): boolean { return this.#response.socket === null && !this.#finished }

  get answered (): boolean { return true }

  sharesConnection (next: Receiver): boolean {
    return next instanceof HttpReceiver && next.#response.req.socket === this.#response.req.socket
  }

  // Node corks the connection of a response until the end of the turn by itself. Corking the response would join its
  // chunks, since Node 22, and each frame has a chunk of its own (XHR-STREAM-5).
  cork (): void {}
  uncork (): void {}

  open (): void { this.#write(OPEN) }

  messages (messages: readonly Outgoing[], bytes: number): void { this.#write(messageFrame(messages, bytes)) }

  heartbeat (speak: boolean): boolean {
    if (speak) this.#write(HEARTBEAT)
    return false
  }

  close (reason: CloseReason): void {
    if (this.#ended) return
    this.#write(closeFrame(reason.code, reason.reason))
    this.#end()
  }

  /** Responses are not read from: senders wait for their answers instead. */
  pause (): void {}

  destroy (): void {
    const { queued } = this
    this.#response.destroy()
    // Node cuts the connection when the turn of the response comes, and tells nothing before.
    if (queued) this.closed()
  }

  #write (frame: SockjsFrame): void {
    if (this.#ended) return
    const { envelope, limit } = this.#options
    if (envelope.stream === null) {
      const body = envelope.encode(frame)
      this.#headers['content-length'] = body.length
      this.#response.writeHead(200, this.#headers)
      this.#end(body)
    } else {
      this.#written += this.#stream(frame, envelope.stream)
      if (this.#written >= limit) this.#end()
    }
  }

  /**
   * Writes whole chunks on the connection itself: one piece where node:http has three, and the same bytes for all sessions of a
   * broadcast. Not so behind another response, in HTTP/1.0, in `app.inject()`, or where somebody has put a `write` of his own.
   * Returns the bytes of the body.
   */
  #stream (frame: SockjsFrame, { chunk }: Streaming): number {
    const { socket } = this.#response
    if (!(socket instanceof Socket) || !this.#response.chunkedEncoding || Object.hasOwn(this.#response, 'write')) {
      const body = this.#options.envelope.encode(frame)
      this.#response.write(body, 'latin1', this.#flushed)
      return body.length
    }
    const { bytes, data } = chunk(frame)
    socket.write(data, 'latin1', this.#flushed)
    return bytes
  }

  #end (body?: Encoded): void {
    if (this.#ended) return
    this.#ended = true
    this.#response.end(body, 'latin1')
    if (this.#response.writableLength > 0) {
      this.#options.lingering.add(this)
      this.#linger = new Timer(this)
      this.#startLinger()
    }
    this.#session.output.done(this)
  }

  #startLinger (): void { this.#options.clock.start(this.#linger!, this.#options.sendTimeout) }

  /** The client does not take the end of its response. */
  expire (): void {
    if (this.queued) this.#startLinger()
    else this.destroy()
  }

  /**
   * Node emits no `close` on a response whose connection ends before its turn, so the connection is asked: by one listener, however
   * many responses wait on it.
   */
  #joinQueue (): void {
    const connection: Connection = this.#response.req.socket
    // `app.inject()` has no connection.
    if (!(connection instanceof Socket)) return
    if (connection[QUEUE] === undefined) {
      connection[QUEUE] = new Set()
      connection.once('close', onConnectionClose)
    }
    this.#queue = connection[QUEUE]
    this.#queue.add(this)
  }

  /** The response is over: completely sent, or cut. */
  closed (): void {
    this.#ended = true
    this.#queue?.delete(this)
    if (this.#linger !== null) {
      this.#options.clock.stop(this.#linger)
      this.#options.lingering.delete(this)
    }
    if (this.#finished) this.#session.output.flushed(this)
    else this.#session.output.interrupted(this)
  }

  /**
   * Node emits `finish` for a response of HTTP/1, too, whose connection is destroyed while its end still waits there: that one has
   * not arrived. A stream of HTTP/2 counts as destroyed as soon as it has ended.
   */
  finished (): void {
    const { httpVersionMajor, socket } = this.#response.req
    this.#finished = httpVersionMajor > 1 || (!this.#response.destroyed && !socket.destroyed)
  }
}

// One function for all responses: what belongs to a response hangs on it.
function onFinish (this: Response): void { this[RECEIVER]!.finished() }
function onClose (this: Response): void { this[RECEIVER]!.closed() }
function onError (): void {}
function onConnectionClose (this: Connection): void { for (const receiver of this[QUEUE]!) receiver.closed() }
