import { parseAddress } from './address.ts'
import { Emitter } from './emitter.ts'
import type { Handler, SockJSEventMap } from './events.ts'
import type { SockJSOptions, SockJSTransport } from './options.ts'
import { CLOSED, CLOSING, CONNECTING, isOfPrograms, OPEN, openSession, type Session } from './session.ts'

/** The states by the names of `WebSocket`. */
const STATES = { CONNECTING, OPEN, CLOSING, CLOSED }

/**
 * A session with a SockJS endpoint, with the interface of `WebSocket`.
 *
 * The client asks the endpoint for `/info`, and tries one transport after the other until the server answers with `o`.
 */
export class SockJS<Events extends SockJSEventMap = SockJSEventMap> extends Emitter<Events> {
  /** The state of a session that is being opened. */
  declare static readonly CONNECTING: 0
  /** The state of an open session. */
  declare static readonly OPEN: 1
  /** The state of a session after `close()`, while its last messages leave. */
  declare static readonly CLOSING: 2
  /** The state of a session that has ended. */
  declare static readonly CLOSED: 3

  /** The state of a session that is being opened. */
  declare readonly CONNECTING: 0
  /** The state of an open session. */
  declare readonly OPEN: 1
  /** The state of a session after `close()`, while its last messages leave. */
  declare readonly CLOSING: 2
  /** The state of a session that has ended. */
  declare readonly CLOSED: 3

  /** The address of the endpoint, absolute. */
  readonly url: string
  /** Empty, because SockJS has no subprotocols. */
  declare readonly protocol: ''
  /** Empty, because SockJS has no extensions. */
  declare readonly extensions: ''
  /** A property without effect, because messages are texts. */
  declare binaryType: string

  /** The state: 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number = CONNECTING
  /** The transport of an open session, else `null`. */
  readonly transport: SockJSTransport | null = null

  /** Called when the session is open. */
  declare onopen: Handler<Events['open']> | undefined
  /** Called with each message. */
  declare onmessage: Handler<Events['message']> | undefined
  /** Called with each heartbeat of the server. */
  declare onheartbeat: Handler<Events['heartbeat']> | undefined
  /** Called if the application closed the session before the endpoint answered. */
  declare onerror: Handler<Events['error']> | undefined
  /** Called once, when the session has ended. */
  declare onclose: Handler<Events['close']> | undefined

  readonly #session: Session

  /**
   * Opens a session.
   *
   * @param url The address of the endpoint, relative to the page or absolute.
   * @param _protocols Names without effect, because SockJS has no subprotocols.
   * @param options The settings of this session.
   * @throws `TypeError` if the address is not valid.
   * @throws `SyntaxError` if the address is not one of HTTP or HTTPS, or has a fragment.
   */
  constructor (url: string | URL, _protocols?: string | readonly string[] | null, options?: SockJSOptions | null)
  /** @internal */
  constructor (url: string | URL, protocols: null, options: SockJSOptions, open: typeof openSession)
  constructor (url: string | URL, _protocols?: string | readonly string[] | null, options?: SockJSOptions | null, open = openSession) {
    super()
    const address = parseAddress(url)
    this.url = address.base + address.query
    this.#session = open(address, options ?? {}, this)
  }

  /**
   * Sends a message. Anything except a text is made one. A session that closes sends nothing.
   *
   * @throws `InvalidStateError` before the session is open
   */
  send (message: unknown): void {
    if (!this.readyState) throw errorOf('InvalidStateError', 'not open')
    if (this.readyState === OPEN) this.#session.send(JSON.stringify(`${message}`))
  }

  /**
   * Closes the session. Messages that wait are sent before. The server does not get the code.
   *
   * @param code 1000, or 3000 to 4999. By default 1000
   * @param reason at most 123 characters. By default `Normal closure`
   * @throws `InvalidAccessError` for another code
   * @throws `SyntaxError` for a longer reason
   */
  close (code: number = 1000, reason: string = 'Normal closure'): void {
    if (!isOfPrograms(code)) throw errorOf('InvalidAccessError', `Invalid code: ${code}`)
    if (reason.length > 123) throw new SyntaxError('Invalid reason')
    this.#session.finish(code, reason, true)
  }
}

Object.assign(SockJS, STATES)
Object.assign(SockJS.prototype, STATES, { protocol: '', extensions: '', binaryType: 'blob' })

function errorOf (name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}
