import { Buffer } from 'node:buffer'
import { engineErrors } from '../../errors.ts'
import type { NatsMessage } from '../connection.ts'

/** An error in an answer of JetStream. */
export interface ApiError {
  /** Numbers the kind of error, as HTTP does. */
  readonly code: number
  /** The number of the error. */
  readonly err_code?: number
  readonly description?: string
}

/** The kinds of errors that the engine tells apart. */
type Kind = 'full' | 'large' | 'refused' | 'unavailable'

/** The status of an answer that comes from no service. */
const NO_RESPONDERS = 503

/** The stream exists with other settings. */
export const OTHER_SETTINGS = 10058
/** The subjects of the stream belong to another one. */
export const OVERLAP = 10065
/** The stream has no such message. */
export const NO_MESSAGE = 10037
/** No stream has this name. */
export const NO_STREAM = 10059
/** No service takes the request. The number is the engine's own. */
export const UNSERVED = 1
/** The store of a stream has refused a message. Its words say why. */
const STORE_FAILED = 10077

/** The errors whose code does not tell their kind, by number (`server/errors.json` of nats-server). */
const KINDS: Readonly<Record<number, Kind>> = {
  // The limits of the account or of the server.
  10002: 'full',
  10023: 'full',
  10028: 'full',
  10047: 'full',
  10054: 'large',
  // JetStream is not enabled, on the server or for the account.
  10039: 'refused',
  10076: 'refused',
  // The settings of an existing stream cannot become these, or its subjects belong to another one.
  10052: 'refused',
  10065: 'refused',
  // One server cannot keep several replicas.
  10074: 'refused'
}

function kindOf ({ code, err_code: number = 0, description = '' }: ApiError): Kind {
  if (number === STORE_FAILED) return description.startsWith('maximum ') ? 'full' : 'unavailable'
  return KINDS[number] ?? (code >= 400 && code < 500 && code !== 404 ? 'refused' : 'unavailable')
}

/** An error of JetStream, until its reader makes an error of the engine of it. */
export class JetStreamError extends Error {
  readonly number: number
  readonly kind: Kind

  constructor (error: ApiError) {
    super(error.description ?? `error ${error.code}`)
    this.number = error.err_code ?? 0
    this.kind = kindOf(error)
  }
}

/** Makes an error of the engine of an error that a request of `bytes` bytes has met. */
export function engineErrorOf (error: unknown, bytes: number, maxPayload: number): Error {
  if (!(error instanceof JetStreamError)) return error as Error
  if (error.kind === 'full') return new engineErrors.Full('nats', error.message)
  if (error.kind === 'large') return new engineErrors.TooLarge(bytes, maxPayload)
  if (error.kind === 'refused') return new engineErrors.Refused('nats', `JetStream refuses it: ${error.message}`)
  return new engineErrors.Unavailable('nats', `JetStream says: ${error.message}`)
}

/** Tells whether no service listens to a request. */
export function isUnserved ({ data, headers }: NatsMessage): boolean { return headers?.code === NO_RESPONDERS && data.byteLength === 0 }

/** Reads an answer in JSON. `T` is checked by the fields that the engine uses. */
export function readAnswer<T extends object> (message: NatsMessage): T {
  if (isUnserved(message)) throw new JetStreamError({ code: NO_RESPONDERS, err_code: UNSERVED, description: 'no server takes the request' })
  let answer: T & { error?: ApiError }
  try {
    answer = JSON.parse(Buffer.from(message.data).toString())
  } catch {
    throw new engineErrors.Unavailable('nats', 'JetStream gives an answer that is not JSON')
  }
  if (answer.error !== undefined) throw new JetStreamError(answer.error)
  return answer
}
