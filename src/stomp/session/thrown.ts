import type { FastifyBaseLogger } from 'fastify'
import { shown } from '../../core/suggestion.ts'

/** The parts of a thrown value that the server tells a client or the log. */
export interface Thrown {
  /** The value itself where it is an Error that can be read, else an Error that describes it. */
  readonly error: Error
  /** The property `statusCode`, where it is an integer. */
  readonly statusCode: number | undefined
  /** The property `code`, where it is a text. */
  readonly code: string | undefined
  readonly message: string
}

/**
 * Reads a thrown value, and never throws. An application can throw any value, its properties can hold any value, and a
 * getter or a proxy can throw while the server reads it.
 */
export function readThrown (thrown: unknown): Thrown {
  try {
    const error: Error & { readonly statusCode?: unknown, readonly code?: unknown } = isError(thrown) ? thrown : new Error(typeof thrown === 'string' ? thrown : shown(thrown))
    const { statusCode, code } = error
    const message: unknown = error.message
    return {
      error,
      statusCode: typeof statusCode === 'number' && Number.isInteger(statusCode) ? statusCode : undefined,
      code: typeof code === 'string' ? code : undefined,
      message: typeof message === 'string' ? message : shown(message)
    }
  } catch {
    const message = 'the application has thrown a value that cannot be read'
    return { error: new Error(message), statusCode: undefined, code: undefined, message }
  }
}

/** Logs a thrown value, and never throws. The log reads every property of the value, and the server only a few. */
export function logThrown (log: FastifyBaseLogger, level: 'debug' | 'error', thrown: unknown, about: object, text: string): void {
  try {
    log[level]({ err: thrown, ...about }, text)
  } catch {
    log[level]({ err: new Error(readThrown(thrown).message), ...about }, text)
  }
}

function isError (value: unknown): value is Error {
  return value instanceof Error
}
