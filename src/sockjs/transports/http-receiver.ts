import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { closeFrame, type CloseReason, type Encoded, type Envelope, HEARTBEAT, messageFrame, type Outgoing, type SockjsFrame, type Streaming, type TransportName } from '../protocol/index.ts'
import type { Receiver, ResponseOutput } from '../session/index.ts'
import type { Lingering } from './lingering.ts'

const RECEIVER = Symbol('fastify-sockjs.receiver')
const QUEUE = Symbol('fastify-sockjs.queue')

type Response = ServerResponse & { [RECEIVER]?: HttpReceiver }

/** A connection, with the receivers that wait on it behind another response. */
type Connection = Socket & { [QUEUE]?: Set<HttpReceiver> }

/** The values that an HTTP receiver needs beside its response. */
export interface HttpReceiverOptions {
  readonly transport: TransportName
  readonly envelope: Envelope
  /** Bytes of frames after which a streaming response ends (XHR-STREAM-7). */
  readonly limit: number
  /** The time that an ended response has to leave, in milliseconds (SEC-S16). */
  readonly sendTimeout: number
  readonly clock: Clock
  /** Receivers that have ended and whose connection is not finished yet. */
  readonly lingering: Lingering
}

/**
 * A response that carries frames.
 *
 * A streaming response begins with a prelude and takes frames up to its limit. A polling response is a streaming one with a limit of one
 * write.
 */
export class HttpReceiver implements Receiver, TimerOwner {
  readonly #response: Response
  readonly #output: ResponseOutput
  readonly #options: HttpReceiverOptions
  readonly #headers: Record<string, number | string | string[] | undefined>
  #written = 0
  #ended = false
  /** True when all bytes have left. The event tells it, because a response without a socket, such as that of `app.inject()`, does not. */
  #finished = false
  #linger: Timer | null = null
  /** The receivers of the connection that wait behind another response, if this one does. */
  #queue: Set<HttpReceiver> | null = null
  /**
   * Called for every write that has left.
   *
   * A corked response reports its waiting bytes too late, and `drain` comes only above the mark of the socket.
   */
  #flushed: (() => void) | undefined

  constructor (response: ServerResponse, headers: Record<string, number | string | string[] | undefined>,
    output: ResponseOutput, options: HttpReceiverOptions) {
    this.#response = response
    this.#headers = headers
    this.#output = output
    this.#options = options
    this.#response[RECEIVER] = this
    response.on('finish', onFinish)
    response.on('close', onClose)
    response.on('error', onError)
    if (this.queued) this.#joinQueue()
    const { stream } = options.envelope
    if (stream === null) return
    this.#flushed = () => output.flushed(this)
    // The kernel notices a peer that has vanished (SEC-S25).
    response.req.socket.setKeepAlive?.(true, 5_000)
    response.writeHead(200, headers)
    response.write(stream.prelude)
  }

  get transport (): TransportName { return this.#options.transport }

  get buffered (): number { return this.#finished ? 0 : this.#response.writableLength }

  /** True when the whole response has left. */
  get complete (): boolean { return this.#finished }

  get progress (): number {
    // The client cannot read a response before its turn. That is not a stall, and time is the progress.
    if (this.queued) return -this.#options.clock.now()
    const { socket } = this.#response.req
    return socket.bytesWritten - socket.writableLength
  }

  /** True while the response waits behind another one on its connection (RFC 9112, section 9.3.2). */
  get queued (): boolean { return this.#response.socket === null && !this.#finished }

  get answered (): boolean { return true }

  sharesConnection (next: Receiver): boolean {
    return next instanceof HttpReceiver && next.#response.req.socket === this.#response.req.socket
  }

  // Node itself corks the connection of a response until the end of the turn. If the response were corked, Node 22 and later would join its chunks, but
  // each frame has a chunk of its own (XHR-STREAM-5).
  cork (): void {}
  uncork (): void {}

  control (frame: SockjsFrame): void { this.write(frame) }

  messages (messages: readonly Outgoing[], bytes: number): void { this.write(messageFrame(messages, bytes)) }

  heartbeat (speak: boolean): boolean {
    if (speak) this.write(HEARTBEAT)
    return false
  }

  close (reason: CloseReason): void {
    if (this.#ended) return
    this.write(closeFrame(reason.code, reason.reason))
    this.end()
  }

  /** Does nothing, because a response is not read. The requests that bring messages wait for their answers instead. */
  pause (): void {}

  destroy (): void {
    const { queued } = this
    this.#response.destroy()
    // Node cuts the connection when the turn of the response comes, and emits nothing before.
    if (queued) this.closed()
  }

  /** Writes one frame. A polling response ends with it. */
  write (frame: SockjsFrame): void {
    if (this.#ended) return
    const { envelope, limit } = this.#options
    if (envelope.stream === null) {
      const body = envelope.encode(frame)
      this.#headers['content-length'] = body.length
      this.#response.writeHead(200, this.#headers)
      this.end(this.#writeNow(body) ? undefined : body)
    } else {
      this.#written += this.#stream(frame, envelope.stream)
      if (this.#written >= limit) this.end()
    }
  }

  /**
   * Writes the head and the whole body to the connection, and returns true. It returns false if `end` must do it.
   *
   * `end` of node:http writes an empty piece behind a body that is not out yet, as its signal. Two pieces take more memory and a slower system call.
   */
  #writeNow (body: Encoded): boolean {
    const { socket } = this.#response
    if (!this.#isDirect(socket) || Object.hasOwn(this.#response, 'end')) return false
    this.#response.write(body, 'latin1')
    // `write` has corked the connection until the end of the turn.
    socket.uncork()
    return true
  }

  /** Tells whether the response writes to its connection in HTTP/1, at once, and by the methods of Node. */
  #isDirect (socket: Socket | null): socket is Socket {
    return socket instanceof Socket && this.#response.req.httpVersionMajor === 1 && !Object.hasOwn(this.#response, 'write')
  }

  /**
   * Writes whole chunks on the connection itself, and returns the number of bytes of the body.
   *
   * It writes one piece where node:http writes three, and the same bytes for all sessions of a broadcast. The response writes by itself
   * behind another response, in HTTP/1.0, in `app.inject()`, and when the application has replaced `write`.
   */
  #stream (frame: SockjsFrame, { chunk }: Streaming): number {
    const { socket } = this.#response
    if (!this.#isDirect(socket) || !this.#response.chunkedEncoding) {
      const body = this.#options.envelope.encode(frame)
      this.#response.write(body, 'latin1', this.#flushed)
      return body.length
    }
    const { bytes, data } = chunk(frame)
    socket.write(data, 'latin1', this.#flushed)
    return bytes
  }

  /** Ends the response, because it has reached its limit or the session has ended. */
  end (body?: Encoded): void {
    if (this.#ended) return
    this.#ended = true
    this.#response.end(body, 'latin1')
    if (this.#response.writableLength > 0) {
      this.#options.lingering.add(this)
      this.#linger = new Timer(this)
      this.#startLinger()
    }
    this.#output.done(this)
  }

  #startLinger (): void { this.#options.clock.start(this.#linger!, this.#options.sendTimeout) }

  /** Drops the connection, because the client has not read the end of its response in time. */
  expire (): void {
    if (this.queued) this.#startLinger()
    else this.destroy()
  }

  /**
   * Adds the response to the queue of its connection, which has one listener for all of them.
   *
   * Node emits no `close` on a response whose connection ends before the response's turn.
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

  /** Reports that the response is over: completely sent, or cut. */
  closed (): void {
    this.#ended = true
    this.#queue?.delete(this)
    if (this.#linger !== null) {
      this.#options.clock.stop(this.#linger)
      this.#options.lingering.finished(this)
    }
    if (this.#finished) this.#output.flushed(this)
    else this.#output.interrupted(this)
  }

  /**
   * Notes `finish`, which does not always mean that the response has left.
   *
   * Node also emits it for a response of HTTP/1 whose connection is destroyed while the end still waits; then the end has not arrived. A
   * stream of HTTP/2 counts as destroyed as soon as it has ended.
   */
  finished (): void {
    const { httpVersionMajor, socket } = this.#response.req
    this.#finished = httpVersionMajor > 1 || (!this.#response.destroyed && !socket.destroyed)
  }
}

// One function serves all responses, and the response holds the values that belong to it.
function onFinish (this: Response): void { this[RECEIVER]!.finished() }
function onClose (this: Response): void { this[RECEIVER]!.closed() }
function onError (): void {}
function onConnectionClose (this: Connection): void { for (const receiver of this[QUEUE]!) receiver.closed() }
