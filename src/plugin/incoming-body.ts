import { type IncomingMessage, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { type Clock, Timer, type TimerOwner } from '../clock/index.ts'

const TOO_SLOW = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

/**
 * The body of a request on its way to us: known to the hub, for one that never comes to its end must not hold `app.close()`, and
 * with a deadline once we read it, whatever the server's own timeouts are: Fastify switches `requestTimeout` off (SEC-S23).
 */
export class IncomingBody implements TimerOwner {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #clock: Clock
  #timer: Timer | null = null

  private constructor (request: IncomingMessage, response: ServerResponse, clock: Clock) {
    this.#request = request
    this.#response = response
    this.#clock = clock
  }

  /** `null` where there is nothing to wait for: no body, as with most of what polls, or no connection, as with `app.inject()`. */
  static of (request: IncomingMessage, response: ServerResponse, all: Set<IncomingBody>, clock: Clock): IncomingBody | null {
    if (!announcesBody(request) || !(request.socket instanceof Socket)) return null
    const body = new IncomingBody(request, response, clock)
    all.add(body)
    request.once('close', () => {
      all.delete(body)
      body.#stop()
    })
    return body
  }

  /** From now on it is the client that lets us wait. */
  startDeadline (timeout: number): void {
    if (this.#request.complete) return
    this.#timer = new Timer(this)
    this.#clock.start(this.#timer, timeout)
  }

  expire (): void {
    const { socket } = this.#request
    if (this.#request.complete) return
    // Behind a response that is under way on the same connection there is no room for an answer.
    if (this.#response.socket === null || this.#response.headersSent) socket.destroy()
    else socket.end(TOO_SLOW, () => socket.destroy())
  }

  destroy (): void { this.#request.socket.destroy() }

  #stop (): void {
    if (this.#timer !== null) this.#clock.stop(this.#timer)
  }
}

/** RFC 9112, 6.3: a request without either of these headers ends with its head. */
function announcesBody ({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
