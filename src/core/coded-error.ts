import fastifyError from '@fastify/error'

/** An error with a stable code. Fastify answers a request that throws it with `statusCode`. */
export interface CodedError<Code extends string = string, Status extends number = number> extends Error {
  /** The code. It stays the same from version to version. */
  readonly code: Code
  /** The status of an HTTP response that reports it. */
  readonly statusCode: Status
}

/** The class of a coded error. The details fill the places in its text, and it may be called without `new`. */
export interface CodedErrorConstructor<Code extends string = string, Status extends number = number> {
  new (...details: readonly unknown[]): CodedError<Code, Status>
  (...details: readonly unknown[]): CodedError<Code, Status>
  /** The prototype, for `instanceof`. */
  readonly prototype: CodedError<Code, Status>
}

/**
 * Makes the class of an error as `@fastify/error` does. The types are our own, because the declarations of that package use
 * `export =`. Projects without `esModuleInterop` cannot read them through a default import.
 */
export function createError<Code extends string, Status extends number> (
  code: Code, text: string, statusCode: Status, Base: ErrorConstructor = Error
): CodedErrorConstructor<Code, Status> {
  return fastifyError(code, text, statusCode, Base) as unknown as CodedErrorConstructor<Code, Status>
}
