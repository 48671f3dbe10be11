import type { HttpResponse } from '../platform.ts'
import { request } from '../request.ts'
import type { Link, Transport } from './transport.ts'

/** The characters of one body, unless a single message is longer. Servers limit the size of bodies. */
const BODY = 65_536

/** The time for the messages that wait when the session closes, in milliseconds. */
const FLUSH = 5000

/** A transport over HTTP, as its receiving half sees it. */
export interface Requests {
  readonly transport: Transport
  /** Aborts when the transport is closed. */
  readonly signal: AbortSignal
  /** Sends a request. Any status of failure ends the session. */
  send (method: string, route: string, body?: string): Promise<HttpResponse>
  /** Ends the session, because a request broke, or because of the status of its response. */
  fail (reason: unknown, code?: number): void
}

/**
 * Makes the sending half of a transport over HTTP. One request at a time is under way, so that messages arrive in order.
 *
 * One body carries all messages of one turn of the event loop, and all that were sent while the request before was under way.
 */
export function openRequests (link: Link): Requests {
  const controller = new AbortController()
  const { signal } = controller
  const queue: string[] = []
  let busy = false
  let confirming = false
  let closing: ReturnType<typeof setTimeout> | undefined

  async function send (method: string, route: string, body?: string): Promise<HttpResponse> {
    const response = await request(link.options, signal, method, link.url(route, !queue.length), body)
    if (!response.ok) fail(`HTTP ${response.status}`, response.status)
    return response
  }

  function fail (reason: unknown, code = 1006): void {
    link.lost(code, `${reason}`)
    controller.abort()
  }

  async function flush (): Promise<void> {
    while (queue.length > 0 || confirming) {
      // The messages of this turn.
      await null
      confirming = false
      let count = 0
      for (let size = 0; count < queue.length && (!count || size + queue[count]!.length < BODY);) size += queue[count++]!.length
      const response = await send('POST', '/xhr_send', `[${queue.splice(0, count)}]`)
      // The connection is free again when the body has been read.
      await response.text()
    }
    busy = false
    if (closing) {
      clearTimeout(closing)
      controller.abort()
    }
  }

  function start (): void {
    if (busy) return
    busy = true
    flush().catch(fail)
  }

  return {
    signal,
    send,
    fail,
    transport: {
      send (message) {
        queue.push(message)
        start()
      },
      // A body without messages, if none wait.
      confirm () {
        confirming = true
        start()
      },
      close (whenFlushed) {
        if (whenFlushed && busy) closing = setTimeout(() => controller.abort(), FLUSH)
        else controller.abort()
      }
    }
  }
}
