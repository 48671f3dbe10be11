import type { FastifyBaseLogger } from 'fastify'
import { stompError } from '../../telemetry/channels.ts'
import { USER_PREFIX } from '../destinations.ts'
import { isMistake, StompError } from '../errors.ts'
import { BrokerError } from '../refusals.ts'
import { oneLine } from '../session/error-frame.ts'
import type { StompSession } from '../session/stomp-session.ts'
import { logThrown, readThrown, type Thrown } from '../session/thrown.ts'
import type { Sender } from './sender.ts'

/** The destination of the errors of handlers, for a client that subscribes to it (STOMP-R3). */
const ERROR_DESTINATION = `${USER_PREFIX}/queue/errors`

/** An error that a handler or a hook throws, as Fastify knows errors. */
export type ApplicationError = Error & {
  /** The status, as HTTP has it. Below 500 the client gets the message. Default 500. */
  statusCode?: number
  /** The code that the client gets as `error`. */
  code?: string
}

/** Decides the error that the client gets when code of the application throws. `undefined` leaves it to the default. */
export type StompErrorHandler = (error: ApplicationError, context: { session: StompSession, destination: string }) => unknown

/** The body of the message that tells a client of an error of a handler. */
export interface ErrorBody {
  /** The code of the error, such as `FST_STOMP_VALIDATION`. It is `STOMP_HANDLER_FAILED` where the client must not know. */
  readonly error: string
  /** A text for people. Only an error with a status below 500 has its own. */
  readonly message: string
  /** The status, as HTTP has it. */
  readonly statusCode: number
  /** The destination of the message or of the subscription. */
  readonly destination: string
}

/**
 * The failures of handlers. The client gets a message at its subscription for errors, or an ERROR and the close (STOMP-R3). It gets
 * the text of an error only where the application gave a status below 500.
 */
export class HandlerFailures {
  readonly #sender: Sender
  readonly #log: FastifyBaseLogger
  /** The error handler of the application. */
  errorHandler: StompErrorHandler | null = null

  constructor (sender: Sender, log: FastifyBaseLogger) {
    this.#sender = sender
    this.#log = log
  }

  /** Tells the client of an error, and the log where the server has failed. `receipt` is that of the frame. */
  async tell (session: StompSession, destination: string, thrown: unknown, receipt: string | undefined): Promise<void> {
    try {
      await this.#tell(session, destination, thrown, receipt)
    } catch (second) {
      // The error handler has failed, or its value has no JSON form.
      session.fail(second, { receipt, destination })
    }
  }

  /** Logs the failures of the server. An error with a status below 500 is for the client alone. */
  log (session: StompSession, destination: string, thrown: unknown): void {
    const { error, statusCode = 500 } = readThrown(thrown)
    if (statusCode >= 500 || isMistake(error)) logThrown(this.#log, 'error', thrown, { session: session.id, destination }, 'a handler failed')
  }

  async #tell (session: StompSession, destination: string, thrown: unknown, receipt: string | undefined): Promise<void> {
    const known = readThrown(thrown)
    const { error, code, statusCode = 500, message } = known
    this.log(session, destination, thrown)
    if (statusCode === 401 || statusCode === 403) session.tellRefused({ code: code ?? '', statusCode, message }, { destination })
    if (session.state !== 'connected') return
    const standard = errorBody(known, statusCode, destination)
    const body = await this.errorHandler?.(error, { session, destination }) ?? standard
    if (this.#sender.toSessions([session], ERROR_DESTINATION, body, { headers: receipt === undefined ? {} : { 'receipt-id': receipt } }).sessions > 0) {
      session.host.telemetry.error(standard.error)
      if (stompError.hasSubscribers) stompError.publish({ session: session.id, code: standard.error, destination, ends: false })
      return
    }
    session.fail(error instanceof StompError || error instanceof BrokerError ? error : new StompError('STOMP_HANDLER_FAILED', statusCode < 500 ? oneLine(message) : undefined), { receipt, destination })
  }
}

/** The broker's own refusals, such as a time-out, tell the client whether it can send again. */
function errorBody ({ error, code, message }: Thrown, statusCode: number, destination: string): ErrorBody {
  return statusCode < 500 || error instanceof BrokerError
    ? { error: code ?? error.name, message, statusCode, destination }
    : { error: 'STOMP_HANDLER_FAILED', message: new StompError('STOMP_HANDLER_FAILED').message, statusCode, destination }
}
