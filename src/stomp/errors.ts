import { createError } from '../core/coded-error.ts'
import type { FrameError } from './codec/index.ts'

/** Every error that the STOMP layer throws at the application, by code. */
export const stompErrors = {
  /** The STOMP plugin was registered before the SockJS plugin, or without it. */
  NeedsSockjs: createError('FST_STOMP_NEEDS_SOCKJS', 'register fastify-sockjs before fastify-sockjs/stomp', 500),
  /** The STOMP plugin was registered before. */
  AlreadyRegistered: createError('FST_STOMP_ALREADY_REGISTERED', 'fastify-sockjs/stomp is registered already', 500),
  /** An option, a hook or a rule has a wrong value, or is unknown. */
  InvalidOption: createError('FST_STOMP_INVALID_OPTION', 'option %s: %s', 500, TypeError),
  /** A message or subscribe route has a wrong path, no handler or an unknown option. */
  InvalidRoute: createError('FST_STOMP_INVALID_ROUTE', 'route %s: %s', 500, TypeError),
  /** Two routes have one path. */
  DuplicateRoute: createError('FST_STOMP_DUPLICATE_ROUTE', 'route %s exists already', 500),
  /** The application prefix overlaps a prefix of the broker, or two prefixes overlap each other. */
  PrefixConflict: createError('FST_STOMP_PREFIX_CONFLICT', 'prefix %s overlaps %s', 500),
  /** A destination has the wrong form, or no route and no broker serves it. */
  InvalidDestination: createError('FST_STOMP_INVALID_DESTINATION', 'destination %s: %s', 400, TypeError),
  /** A body cannot be sent or read as its content type says. */
  InvalidBody: createError('FST_STOMP_INVALID_BODY', '%s', 400, TypeError),
  /** `session.expiresAt` was given a value that is not a time. */
  InvalidExpiry: createError('FST_STOMP_INVALID_EXPIRY', 'expiresAt must be a time in milliseconds since 1970, or undefined; it was given %s', 500, TypeError),
  /** The params, the headers or the body of a message do not match the schema of its route. */
  Validation: createError('FST_STOMP_VALIDATION', '%s', 400),
  /** A client of `app.stomp.inject()` got an ERROR frame. `code` is the code of that frame. */
  InjectRefused: createError('FST_STOMP_INJECT_REFUSED', '%s', 400),
  /** A client of `app.stomp.inject()` waits on a connection that has closed. */
  InjectClosed: createError('FST_STOMP_INJECT_CLOSED', '%s', 500),
  /** `app.stomp.inject()` waited for a frame that did not come. */
  InjectTimeout: createError('FST_STOMP_INJECT_TIMEOUT', '%s', 500)
} as const

const MISTAKE = Symbol('a mistake of the application')

/** Marks an error as a mistake of the application. It is logged with any status that the client gets. */
export function mistake<E extends Error> (error: E): E {
  return Object.defineProperty(error, MISTAKE, { value: true })
}

export function isMistake (error: unknown): boolean {
  return error instanceof Error && MISTAKE in error
}

/** The codes of ERROR frames with their texts. A text holds no colon and no backslash (STOMP-E4). */
const CLIENT_ERRORS = {
  STOMP_NOT_CONNECTED: 'The first frame must be CONNECT or STOMP',
  STOMP_ALREADY_CONNECTED: 'This connection has a session already',
  STOMP_CONNECT_TIMEOUT: 'No CONNECT frame came in time',
  STOMP_ACCESS_REFUSED: 'Access refused',
  STOMP_AUTHENTICATION_FAILED: 'Login refused',
  STOMP_SESSION_EXPIRED: 'The session has expired',
  STOMP_UNKNOWN_HOST: 'The host header is missing or names no virtual host of this server',
  STOMP_HEADER_MISSING: 'A required header is missing',
  STOMP_INVALID_ACK_MODE: 'The ack header must be auto, client or client-individual',
  STOMP_DUPLICATE_SUBSCRIPTION: 'A subscription with this id exists already',
  STOMP_UNKNOWN_SUBSCRIPTION: 'There is no subscription with this id',
  STOMP_TOO_MANY_SUBSCRIPTIONS: 'Too many subscriptions',
  STOMP_DESTINATION_TOO_LONG: 'The destination is too long',
  STOMP_UNKNOWN_DESTINATION: 'Nothing here serves this destination',
  STOMP_UNKNOWN_MESSAGE: 'The message is not known, or is acknowledged already',
  STOMP_TOO_MANY_UNACKNOWLEDGED: 'Too many unacknowledged messages',
  STOMP_TOO_MANY_STREAMS: 'Too many streams of answers',
  STOMP_DUPLICATE_TRANSACTION: 'A transaction with this id is open already',
  STOMP_UNKNOWN_TRANSACTION: 'There is no open transaction with this id',
  STOMP_TOO_MANY_TRANSACTIONS: 'Too many open transactions',
  STOMP_TRANSACTION_TOO_LARGE: 'The transaction is too large',
  STOMP_HEART_BEAT_LOST: 'No heart-beat came in time',
  STOMP_TOO_MANY_EOLS: 'Too many empty lines',
  STOMP_RATE_EXCEEDED: 'Too many frames in too short a time',
  STOMP_HANDLER_FAILED: 'The message could not be processed',
  STOMP_INTERNAL: 'Internal server error'
} as const satisfies Record<string, string>

/** The codes of ERROR frames. */
export type ClientErrorCode = keyof typeof CLIENT_ERRORS

const STATUS: Readonly<Partial<Record<ClientErrorCode, number>>> = {
  STOMP_AUTHENTICATION_FAILED: 401,
  STOMP_SESSION_EXPIRED: 401,
  STOMP_ACCESS_REFUSED: 403,
  STOMP_UNKNOWN_DESTINATION: 404,
  STOMP_RATE_EXCEEDED: 429,
  STOMP_HANDLER_FAILED: 500,
  STOMP_INTERNAL: 500
}

/** A mistake of a client, or a refusal. The client gets an ERROR frame with this text, and the connection closes (STOMP-X1). */
export class StompError extends Error {
  /** The code, which stays the same from version to version. The ERROR frame has it in the header `code`. */
  readonly code: string
  /** The HTTP status that fits the error, for error handlers. */
  readonly statusCode: number
  /** More headers of the ERROR frame. */
  readonly headers: Readonly<Record<string, string>>
  /** The `receipt` header of the frame, where the codec found it. */
  readonly receipt: string | undefined

  constructor (code: ClientErrorCode, detail?: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail === undefined ? CLIENT_ERRORS[code] : `${CLIENT_ERRORS[code]} (${detail})`)
    this.name = 'StompError'
    this.code = code
    this.statusCode = STATUS[code] ?? 400
    this.headers = headers
  }

  /** @internal Makes the error of a frame that the codec could not read. */
  static ofFrame (error: FrameError, headers: Readonly<Record<string, string>> = {}): StompError {
    return Object.assign(Object.create(StompError.prototype) as StompError, {
      name: 'StompError', code: error.code, statusCode: 400, message: error.message, headers, receipt: error.receipt
    })
  }
}
