import type { FastifyInstance } from 'fastify'
import { stompErrors } from '../errors.ts'
import { compileJudge, type Judge } from './schema-compiler.ts'

/** JSON Schemas of a route, or those of the type provider of its scope. */
export interface RouteSchema {
  /** The schema of the parameters of the path. */
  readonly params?: unknown
  /** The schema of the headers of the frame. */
  readonly headers?: unknown
  /** The schema of the decoded body. */
  readonly body?: unknown
  /** The schema of each answer. An answer that does not match is a failure of the handler, `FST_STOMP_INVALID_VALUE`. With a schema, every answer is sent as JSON. */
  readonly answer?: unknown
}

export interface ValidatedParts {
  params: unknown
  headers: unknown
  body: unknown
}

type Part = keyof ValidatedParts

const PARTS: readonly Part[] = ['params', 'headers', 'body']

/** The compiled schemas of the parts that a client sends. */
export class RouteValidator {
  readonly #judges: readonly (readonly [Part, Judge])[]

  constructor (judges: readonly (readonly [Part, Judge])[]) {
    this.#judges = judges
  }

  /**
   * Checks the parts, and replaces them by the values that the compiler made of them.
   *
   * @throws FST_STOMP_VALIDATION
   */
  check (parts: ValidatedParts): void {
    for (const [part, judge] of this.#judges) {
      const judgement = judge(parts[part])
      if ('problem' in judgement) throw new stompErrors.Validation(`${part}: ${judgement.problem}`)
      parts[part] = judgement.value
    }
  }
}

/** @throws FST_STOMP_INVALID_ROUTE */
export function compileSchemas (scope: FastifyInstance, path: string, schema: RouteSchema): RouteValidator {
  return new RouteValidator(PARTS.flatMap((part) => schema[part] === undefined ? [] : [[part, compileJudge(scope, path, part, schema[part])] as const]))
}
