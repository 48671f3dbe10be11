import fastifyError from '@fastify/error'
import type { ThrownEntry } from './error-codes.ts'

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
  /** The prototype, which `instanceof` needs. */
  readonly prototype: CodedError<Code, Status>
}

/** The classes of a table of the registry, by the names that the table has. */
export type ErrorClasses<Table extends Readonly<Record<string, ThrownEntry>>> = {
  readonly [Name in keyof Table]: CodedErrorConstructor<Table[Name][1], Table[Name][2]>
}

/**
 * Makes the class of each error of a table as `@fastify/error` does.
 *
 * This package has its own types, because the declarations of `@fastify/error` use `export =`. Projects without `esModuleInterop` cannot read that
 * through a default import.
 */
export function errorClasses<Table extends Readonly<Record<string, ThrownEntry>>> (table: Table): ErrorClasses<Table> {
  const classes = Object.entries(table).map(([name, [, code, status, base, text]]) => [name, fastifyError(code, text, status, base)])
  return Object.fromEntries(classes) as ErrorClasses<Table>
}
