import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, Timer, type TimerOwner } from '../clock/index.ts'

const TOO_SLOW = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

/** A body must come to its end in time, whatever the server's own timeouts are: Fastify switches `requestTimeout` off (SEC-S23). */
export class BodyDeadline implements TimerOwner {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse

  private constructor (request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
  }

  static watch (request: IncomingMessage, response: ServerResponse, clock: Clock, timeout: number): void {
    // What `injectWS` makes is no request of Node, and has no body; nor has most of what polls, and it pays for no timer.
    if (request.complete !== false || !announcesBody(request)) return
    const timer = new Timer(new BodyDeadline(request, response))
    clock.start(timer, timeout)
    const stop = (): void => clock.stop(timer)
    request.once('end', stop)
    request.once('close', stop)
  }

  expire (): void {
    const { socket } = this.#request
    if (this.#request.complete) return
    // Behind a response that is under way on the same connection there is no room for an answer.
    if (this.#response.socket === null || this.#response.headersSent) socket.destroy()
    else socket.end(TOO_SLOW, () => socket.destroy())
  }
}

/** RFC 9112, 6.3: a request without either of these headers ends with its head. */
function announcesBody ({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
