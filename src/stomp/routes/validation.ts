import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import { stompErrors } from '../errors.ts'

/** JSON Schemas of a route, or those of the type provider of its scope. */
export interface RouteSchema {
  /** The schema of the parameters of the path. */
  readonly params?: unknown
  /** The schema of the headers of the frame. */
  readonly headers?: unknown
  /** The schema of the decoded body. */
  readonly body?: unknown
}

export interface ValidatedParts {
  params: unknown
  headers: unknown
  body: unknown
}

type Part = keyof ValidatedParts
type Validator = (value: unknown) => unknown

const PARTS: readonly Part[] = ['params', 'headers', 'body']

/** The compiled schemas of a route. */
export class RouteValidator {
  readonly #validators: readonly (readonly [Part, Validator])[]

  constructor (validators: readonly (readonly [Part, Validator])[]) {
    this.#validators = validators
  }

  /** Checks the parts, and replaces them by the values that the compiler made of them, with defaults and coerced types. */
  check (parts: ValidatedParts): void {
    for (const [part, validate] of this.#validators) {
      const result = validate(parts[part])
      const problem = problemOf(result, validate)
      if (problem !== null) throw new stompErrors.Validation(`${part}: ${problem}`)
      const { value } = (result ?? {}) as { value?: unknown }
      if (value !== undefined) parts[part] = value
    }
  }
}

/** Compiles with the compiler of the route's scope, so that TypeBox and Zod providers work. */
export function compileSchemas (scope: FastifyInstance, path: string, schema: RouteSchema): RouteValidator {
  // The compiler of the scope comes first, because `validatorCompiler` may be that of a parent, which does not know the schemas added here.
  const compiler = instanceCompiler(scope) ?? scope.validatorCompiler
  if (compiler === undefined) throw new stompErrors.InvalidRoute(path, 'the application has no compiler for its schema; call app.setValidatorCompiler(...) in the scope of the route')
  const validators: (readonly [Part, Validator])[] = []
  for (const part of PARTS) {
    if (schema[part] === undefined) continue
    try {
      validators.push([part, compiler({ schema: schema[part] as never, method: 'SEND', url: path, httpPart: part }) as Validator])
    } catch (error) {
      const { message } = error as Error
      // As in Fastify 5, the bare properties of an object do not make a schema.
      const hint = message.includes('unknown keyword') ? '; write a whole schema: { type: \'object\', properties: { … } }' : ''
      throw new stompErrors.InvalidRoute(path, `schema of ${part}: ${message}${hint}`)
    }
  }
  return new RouteValidator(validators)
}

interface SchemaController {
  setupValidator (options: unknown): void
  readonly validatorCompiler: FastifySchemaCompiler<unknown> | undefined
}

/**
 * Finds the compiler that Fastify would build for the first route with a schema, with the `ajv` options of the instance. Fastify
 * builds it when an HTTP route needs it. It has no public way to ask, so that this function reads its symbols.
 */
function instanceCompiler (scope: FastifyInstance): FastifySchemaCompiler<unknown> | undefined {
  const controller = hidden<SchemaController>(scope, 'fastify.schemaController')
  const options = hidden<object>(scope, 'fastify.options')
  if (typeof controller?.setupValidator !== 'function' || options === undefined) return undefined
  controller.setupValidator(options)
  return controller.validatorCompiler
}

function hidden<T> (scope: FastifyInstance, description: string): T | undefined {
  for (let holder: object | null = scope; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const symbol = Object.getOwnPropertySymbols(holder).find((each) => each.description === description)
    if (symbol !== undefined) return (scope as unknown as Record<symbol, T>)[symbol]
  }
  return undefined
}

interface AjvError { instancePath?: string, message?: string }

/** Reads the answer of a compiler, which is `false` with errors beside it, `{ error }`, or `true`. */
function problemOf (result: unknown, validate: Validator): string | null {
  if (result === false) {
    const errors = (validate as { errors?: AjvError[] | null }).errors ?? []
    const [first] = errors
    return first === undefined ? 'does not match the schema' : `${first.instancePath ?? ''} ${first.message ?? ''}`.trim()
  }
  const { error } = (typeof result === 'object' && result !== null ? result : {}) as { error?: Error | AjvError[] }
  if (error === undefined) return null
  return Array.isArray(error) ? error.map((each) => each.message ?? '').join(', ') : error.message
}
