import { boolean, type Check, firstProblem, milliseconds, oneOf, plainObject } from '../core/check.ts'
import { type ClientCommand, createFrame, type Frame, FrameParser, type HeadersLike, isFrameError, serialize, serializeBytes, type ServerCommand, type Version, VERSIONS } from './codec/index.ts'
import { stompErrors } from './errors.ts'
import { encodeContent } from './routes/content.ts'
import type { CloseReason, StreamSource } from './stream-source.ts'

/** The user of a client of `inject()`, and its CONNECT. */
export interface InjectOptions {
  /** The user of the transport, as `session` or `request.user` would give it. */
  readonly user?: unknown
  /** More headers of CONNECT, such as `login`, `passcode` and `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** The version of STOMP. Default 1.2. */
  readonly version?: Version
  /** False leaves CONNECT to the test. */
  readonly connect?: boolean
}

/** A client without sockets. Its frames take the same way as those of other clients, behind the transport. */
export interface InjectedClient {
  /** Sends a frame. */
  frame (command: ClientCommand, headers?: HeadersLike, body?: string | Uint8Array): void
  /** Sends text or octets as they are. */
  raw (chunk: string | Uint8Array): void
  /** Subscribes. Resolves with the id when the subscription is registered. */
  subscribe (destination: string, headers?: Readonly<Record<string, string>>): Promise<string>
  /** Sends a message. Resolves when it was processed. Values that are neither strings nor bytes go as JSON. */
  send (destination: string, value: unknown, headers?: Readonly<Record<string, string>>): Promise<void>
  /** Waits for the next frame, or the next frame of one command, for at most `timeout` ms. Default 10,000. */
  next (command?: ServerCommand, timeout?: number): Promise<Frame<ServerCommand>>
  /** Waits for the next MESSAGE, and reads its body as JSON. */
  nextJson (timeout?: number): Promise<unknown>
  /** Sends DISCONNECT. Resolves when its receipt has come. */
  disconnect (): Promise<void>
  /** Cuts the connection. */
  abort (): void
  /** Resolves with the close of the connection. */
  readonly closed: Promise<CloseReason>
  /** The frames that came and were not taken. */
  readonly waiting: readonly Frame<ServerCommand>[]
}

type Wanted = (frame: Frame<ServerCommand>) => boolean

interface Waiter {
  readonly wanted: Wanted
  readonly resolve: (frame: Frame<ServerCommand>) => void
  readonly reject: (error: Error) => void
}

const WAIT = 10_000

const OPTIONS: Readonly<Record<keyof InjectOptions, Check>> = { user: () => null, headers: plainObject, version: oneOf(...VERSIONS), connect: boolean }

export async function injectClient (source: StreamSource, options: InjectOptions = {}): Promise<InjectedClient> {
  const wrong = plainObject(options) ?? firstProblem(options, OPTIONS)
  if (wrong !== null) throw new stompErrors.InvalidOption('inject', typeof wrong === 'string' ? wrong : `${wrong.name} ${wrong.problem}`)
  const version = options.version ?? '1.2'
  const parser = new FrameParser({ from: 'server', version, limits: { body: Number.MAX_SAFE_INTEGER, connectFrame: Number.MAX_SAFE_INTEGER } })
  const waiting: Frame<ServerCommand>[] = []
  const waiters: Waiter[] = []
  let ids = 0
  let end: (reason: CloseReason) => void = () => {}
  const closed = new Promise<CloseReason>((resolve) => { end = resolve })

  function arrived (frame: Frame<ServerCommand>): void {
    const at = waiters.findIndex(({ wanted }) => wanted(frame))
    if (at < 0) waiting.push(frame)
    else waiters.splice(at, 1)[0]!.resolve(frame)
  }

  /** Takes the next frame of a kind, which waits or is still to come. */
  function take (wanted: Wanted, what: string, timeout: number): Promise<Frame<ServerCommand>> {
    const wrong = milliseconds(timeout)
    if (wrong !== null) return Promise.reject(new stompErrors.InvalidOption('timeout', wrong))
    const at = waiting.findIndex(wanted)
    if (at >= 0) return Promise.resolve(waiting.splice(at, 1)[0]!)
    if (connection.closed) return Promise.reject(new stompErrors.InjectClosed(`no ${what} comes any more`))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiters.splice(waiters.indexOf(waiter), 1)
        reject(new stompErrors.InjectTimeout(`no ${what} came within ${timeout} ms`))
      }, timeout)
      const waiter: Waiter = {
        wanted,
        resolve (frame) { clearTimeout(timer); resolve(frame) },
        reject (error) { clearTimeout(timer); reject(error) }
      }
      waiters.push(waiter)
    })
  }

  const connection = source.inject(options.user, {
    received (message) {
      parser.push(message)
      for (const frame of parser) {
        if (isFrameError(frame)) throw new stompErrors.InjectRefused(`the server must send valid frames, but sent one that is not valid: ${frame.message}`)
        arrived(frame)
      }
    },
    closed (reason) {
      for (const waiter of waiters.splice(0)) waiter.reject(new stompErrors.InjectClosed(`the connection was closed: ${reason.code} ${reason.reason}`))
      end(reason)
    }
  })

  const client: InjectedClient = {
    raw: (chunk) => connection.send(chunk),
    frame (command, headers, body) {
      const frame = createFrame(command, headers, body)
      const spoken = command === 'CONNECT' || command === 'STOMP' ? '1.0' : version
      // Octets go as octets, because text counts as decoded, and the charset of a header would have no effect.
      connection.send(typeof body === 'object' ? serializeBytes(frame, spoken) : serialize(frame, spoken))
    },
    async subscribe (destination, headers = {}) {
      const id = headers['id'] ?? `sub-${ids++}`
      await confirmed('SUBSCRIBE', { id, destination, ...headers })
      return id
    },
    async send (destination, value, headers = {}) {
      const { body, contentType } = encodeContent(value)
      await confirmed('SEND', { destination, 'content-type': contentType, ...headers }, body.form === 'text' ? body.text : body.bytes)
    },
    next: (command, timeout = WAIT) => take((frame) => command === undefined || frame.command === command, command ?? 'frame', timeout),
    async nextJson (timeout) {
      return JSON.parse((await client.next('MESSAGE', timeout)).body.text) as unknown
    },
    async disconnect () {
      await confirmed('DISCONNECT', {})
    },
    abort: () => connection.cut(),
    closed,
    waiting
  }

  /** Sends a frame and waits for its own receipt. An ERROR in its place is thrown, with its code. */
  async function confirmed (command: ClientCommand, headers: Readonly<Record<string, string>>, body?: string | Uint8Array): Promise<void> {
    const receipt = headers['receipt'] ?? `inject-${ids++}`
    client.frame(command, { ...headers, receipt }, body)
    refused(await take((frame) => frame.command === 'ERROR' || (frame.command === 'RECEIPT' && frame.headers.get('receipt-id') === receipt), 'RECEIPT', WAIT))
  }

  if (options.connect !== false) {
    client.frame('CONNECT', { 'accept-version': version, host: 'inject', ...options.headers })
    refused(await client.next())
  }
  return client
}

/** Throws the error of an ERROR frame. */
function refused (frame: Frame<ServerCommand>): void {
  if (frame.command !== 'ERROR') return
  const error = new stompErrors.InjectRefused(frame.headers.get('message') ?? 'refused')
  throw Object.assign(error, { code: frame.headers.get('code') ?? error.code, frame })
}
