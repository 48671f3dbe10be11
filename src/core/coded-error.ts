import fastifyError from '@fastify/error'

/** An error with a stable code; Fastify answers a request that throws it with `statusCode`. */
export interface CodedError<Code extends string = string, Status extends number = number> extends Error {
  /** Stable: tell errors apart by it. */
  readonly code: Code
  /** The status of an HTTP response that reports it. */
  readonly statusCode: Status
}

/** The class of a coded error. The details fill the places in its text, and it may be called without `new`. */
export interface CodedErrorConstructor<Code extends string = string, Status extends number = number> {
  new (...details: readonly unknown[]): CodedError<Code, Status>
  (...details: readonly unknown[]): CodedError<Code, Status>
  /** For `instanceof`. */
  readonly prototype: CodedError<Code, Status>
}

/**
 * Makes the class of an error as `@fastify/error` does. The types are our own: the declarations of that package use `export =`, which
 * projects without `esModuleInterop` cannot read through a default import.
 */
export function createError<Code extends string, Status extends number> (
  code: Code, text: string, statusCode: Status, Base: ErrorConstructor = Error
): CodedErrorConstructor<Code, Status> {
  return fastifyError(code, text, statusCode, Base) as unknown as CodedErrorConstructor<Code, Status>
}
