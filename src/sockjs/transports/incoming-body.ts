import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'

const TOO_SLOW = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

/**
 * The body that is arriving on a connection.
 *
 * The registration knows it, so that a body that is never complete does not delay `app.close()`. It has a deadline from the moment at which
 * the server reads it, because Fastify switches `requestTimeout` off (SEC-S23).
 *
 * There is one object for each connection, because requests follow each other on it: a message costs neither an object nor a listener.
 */
export class IncomingBody implements TimerOwner {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #timer = new Timer(this)
  /** Is called when the deadline has passed. */
  #missed: () => void = () => {}
  #request: IncomingMessage | null = null
  #response: ServerResponse | null = null

  private constructor (socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
  }

  /**
   * Returns the body of a request, or `null` if the server need not wait for one.
   *
   * Most polls have no body, and `app.inject()` has no connection. If the body came while hooks waited, the next one may be arriving by
   * then, and the server does not wait either.
   */
  static of (request: IncomingMessage, response: ServerResponse, all: Map<Socket, IncomingBody>, clock: Clock): IncomingBody | null {
    const { socket } = request
    if (request.complete || !hasBody(request) || !(socket instanceof Socket)) return null
    const body = all.get(socket) ?? IncomingBody.#first(socket, all, clock)
    clock.stop(body.#timer)
    body.#request = request
    body.#response = response
    return body
  }

  static #first (socket: Socket, all: Map<Socket, IncomingBody>, clock: Clock): IncomingBody {
    const body = new IncomingBody(socket, clock)
    all.set(socket, body)
    socket.once('close', () => {
      all.delete(socket)
      clock.stop(body.#timer)
    })
    return body
  }

  /** True while bytes of the body are still to come. */
  get pending (): boolean { return this.#request !== null && !this.#request.complete && !this.#request.destroyed }

  /**
   * Starts the deadline, because the server now waits for the client.
   *
   * It does not start if the body of `request` is here and the next one is arriving. `missed` is called when the client misses the deadline.
   * It is one function for all requests of an endpoint.
   */
  startDeadline (request: IncomingMessage, timeout: number, missed: () => void): void {
    if (request !== this.#request || !this.pending) return
    this.#missed = missed
    this.#clock.start(this.#timer, timeout)
  }

  /** Notes that the body of `request` is here. On a connection that pipelines, the next one may be arriving already. */
  arrived (request: IncomingMessage): void {
    if (request !== this.#request) return
    this.#clock.stop(this.#timer)
    this.#request = this.#response = null
  }

  expire (): void {
    if (!this.pending) return
    this.#missed()
    if (this.#request!.httpVersionMajor > 1) return refuseStream(this.#request!, this.#response! as unknown as Http2ServerResponse)
    // An answer is not possible behind a response that is under way on the same connection.
    if (this.#response!.socket === null || this.#response!.headersSent) this.#socket.destroy()
    else this.#socket.end(TOO_SLOW, () => this.#socket.destroy())
  }

  destroy (): void {
    if (this.pending) this.#socket.destroy()
  }
}

function hasBody (request: IncomingMessage): boolean {
  // RFC 9113, 8.1: a body of HTTP/2 needs no header.
  return request.httpVersionMajor > 1 ? !(request as unknown as Http2ServerRequest).stream.endAfterHeaders : announcesBody(request)
}

/**
 * Answers a stream of HTTP/2, which cannot carry the text of HTTP/1.1.
 *
 * Without an error code the client reads the answer (RFC 9113, section 8.1).
 */
function refuseStream (request: IncomingMessage, response: Http2ServerResponse): void {
  // Node ends the body of a stream that closes as if the body were complete, and Fastify would answer once more.
  request.removeAllListeners('end')
  if (!response.headersSent) response.writeHead(408, { 'content-length': 0 }).end()
  response.stream.close()
}

/** Tells whether the head announces a body. A request without either of these headers ends with its head (RFC 9112, section 6.3). */
export function announcesBody ({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
