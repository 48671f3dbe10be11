import { called, type Check, type CheckTable, expected, firstProblem, func, type Hints } from '../../core/check.ts'
import { shown } from '../../core/suggestion.ts'
import { stompErrors } from '../errors.ts'

/** The checks of a kind of route. */
export interface RouteChecks {
  /** The call that adds a route, for the error. */
  readonly call: string
  readonly options: CheckTable
  readonly schema: CheckTable
  readonly schemaHints: Hints
}

/** Checks a schema. The compiler judges the rest, because a compiler of the application may take a text or a function. */
export const anySchema: Check = expected((value) => value !== null && !Array.isArray(value), 'a schema, such as an object, true or false')

/** Checks one function, or a list of them. */
export const handlers = expected((value) => [value].flat().every((each) => func(each) === null), 'a function or a list of functions')

/**
 * Judges the parts of a route before it is added.
 *
 * @throws FST_STOMP_INVALID_ROUTE
 */
export function checkRoute (path: unknown, options: unknown, handler: unknown, { call, options: known, schema, schemaHints }: RouteChecks): void {
  const invalid = (problem: string): Error => new stompErrors.InvalidRoute(typeof path === 'string' ? path : shown(path), problem)
  if (typeof path !== 'string') throw invalid(`the path must be a text that begins with /: ${call}`)
  if (typeof options === 'function') throw invalid(`the options stand before the handler: ${call}`)
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw invalid(`the options must be an object, not ${shown(options)}: ${call}`)
  if (typeof handler !== 'function') throw invalid(`the handler must be a function, not ${shown(handler)}: ${call}`)
  const wrong = firstProblem(options, known, { hints: ROUTE_HINTS })
  if (wrong !== null) throw invalid(`option ${wrong.name} ${wrong.problem}`)
  const given = (options as { schema?: unknown }).schema
  if (given === undefined) return
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw invalid(`option schema must be an object, not ${shown(given)}`)
  const unknown = firstProblem(given, schema, { hints: schemaHints })
  if (unknown !== null) throw invalid(`schema.${unknown.name} ${unknown.problem}`)
}

/** Options of Fastify's routes that have no counterpart here. */
const ROUTE_HINTS: Hints = {
  onRequest: 'write preHandler, or app.stomp.addHook(\'preSend\', hook)',
  preValidation: 'write preHandler, or app.stomp.addHook(\'preSend\', hook)',
  handler: 'the handler is the last argument',
  errorHandler: 'write app.stomp.setErrorHandler(handler)',
  validatorCompiler: 'write app.setValidatorCompiler(compiler) in the scope of the route'
}

/** Parts of a schema of Fastify that a message has not. */
export const SCHEMA_HINTS: Hints = {
  querystring: 'a destination has no query; write params or headers',
  query: 'a destination has no query; write params or headers',
  response: called('answer')
}
