import type { FastifyInstance, FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'
import { stompErrors } from '../errors.ts'

/** Judges a value. The second argument names its place, so that ajv can replace it. */
type Validate = (value: unknown, place: { instancePath: string, parentData: object, parentDataProperty: string, rootData: object }) => unknown

/** The judgement of a value: the problem, or the value with defaults and coerced types. */
export type Judgement = { readonly problem: string } | { readonly value: unknown }

/** Judges a value by a schema. It may change the value. */
export type Judge = (value: unknown) => Judgement

/**
 * Compiles a schema with the compiler of the route's scope, so that TypeBox and Zod providers work.
 *
 * @throws FST_STOMP_INVALID_ROUTE
 */
export function compileJudge (scope: FastifyInstance, owner: string, part: string, schema: unknown, httpPart: string = part): Judge {
  // The compiler of the scope comes first, because `validatorCompiler` may be that of a parent, which does not know the schemas added here.
  const compiler = instanceCompiler(scope) ?? scope.validatorCompiler
  if (compiler === undefined) throw new stompErrors.InvalidRoute(owner, 'the application has no compiler for its schema; call app.setValidatorCompiler(...) in the scope of the route')
  const validate = compiled(owner, part, () => compiler({ schema: schema as never, method: 'SEND', url: owner, httpPart }) as Validate)
  return (value) => {
    const holder = { value }
    const result = validate(value, { instancePath: '', parentData: holder, parentDataProperty: 'value', rootData: holder })
    const problem = problemOf(result, validate)
    if (problem !== null) return { problem }
    const { value: made } = (result ?? {}) as { value?: unknown }
    return { value: made === undefined ? holder.value : made }
  }
}

/**
 * Compiles a schema with the serializer compiler that the application has set, such as that of Zod. Returns `null` if it has set none: Fastify's own does
 * not refuse a value, but bends it.
 *
 * @throws FST_STOMP_INVALID_ROUTE
 */
export function compileSerializer (scope: FastifyInstance, owner: string, part: string, schema: unknown): ((value: unknown) => string) | null {
  const compiler: FastifySerializerCompiler<unknown> | undefined = schemaController(scope)?.isCustomSerializerCompiler === true ? scope.serializerCompiler : undefined
  return compiler === undefined ? null : compiled(owner, part, () => compiler({ schema: schema as never, method: 'SEND', url: owner, httpStatus: '200' }))
}

function compiled<T> (owner: string, part: string, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    const { message } = error as Error
    // As in Fastify 5, the bare properties of an object do not make a schema.
    const hint = message.includes('unknown keyword') ? '; write a whole schema: { type: \'object\', properties: { … } }' : ''
    throw new stompErrors.InvalidRoute(owner, `schema of ${part}: ${message}${hint}`)
  }
}

interface SchemaController {
  setupValidator (options: unknown): void
  readonly validatorCompiler: FastifySchemaCompiler<unknown> | undefined
  readonly isCustomSerializerCompiler: boolean
}

/**
 * Finds the compiler that Fastify would build for the first route with a schema, with the `ajv` options of the instance. Fastify
 * builds it when an HTTP route needs it. It has no public way to ask, so that this function reads its symbols.
 */
function instanceCompiler (scope: FastifyInstance): FastifySchemaCompiler<unknown> | undefined {
  const controller = schemaController(scope)
  const options = hidden<object>(scope, 'fastify.options')
  if (typeof controller?.setupValidator !== 'function' || options === undefined) return undefined
  controller.setupValidator(options)
  return controller.validatorCompiler
}

function schemaController (scope: FastifyInstance): SchemaController | undefined { return hidden(scope, 'fastify.schemaController') }

function hidden<T> (scope: FastifyInstance, description: string): T | undefined {
  for (let holder: object | null = scope; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const symbol = Object.getOwnPropertySymbols(holder).find((each) => each.description === description)
    if (symbol !== undefined) return (scope as unknown as Record<symbol, T>)[symbol]
  }
  return undefined
}

interface AjvError { instancePath?: string, message?: string }

/** Reads the answer of a compiler, which is `false` with errors beside it, `{ error }`, or `true`. */
function problemOf (result: unknown, validate: Validate): string | null {
  if (result === false) {
    const [first] = (validate as { errors?: AjvError[] | null }).errors ?? []
    return first === undefined ? 'does not match the schema' : textOf(first)
  }
  const { error } = (typeof result === 'object' && result !== null ? result : {}) as { error?: Error | AjvError[] }
  if (error === undefined) return null
  return Array.isArray(error) ? error.map(textOf).join(', ') : error.message
}

function textOf ({ instancePath = '', message = '' }: AjvError): string { return `${instancePath} ${message}`.trim() }
