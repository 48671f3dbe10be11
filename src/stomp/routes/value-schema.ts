import type { FastifyInstance } from 'fastify'
import { mistake, stompErrors } from '../errors.ts'
import { readThrown } from '../session/thrown.ts'
import { type Content, encodeJson, jsonContent } from './content.ts'
import { compileJudge, compileSerializer } from './schema-compiler.ts'

/**
 * Compiles the schema of values that the application sends. Such values are always sent as JSON.
 *
 * A serializer compiler of the application judges and serialises them. Without one, the validator compiler judges a copy, and the copy is sent: it may have
 * defaults and coerced types, so that all that leaves fits the schema.
 *
 * @param owner the path of the route, or the destination
 * @param part the name of the values, for errors
 * @returns the function that encodes a value. It throws FST_STOMP_INVALID_VALUE, with the place that does not fit, and FST_STOMP_INVALID_BODY
 * @throws FST_STOMP_INVALID_ROUTE
 */
export function compileEncoder (scope: FastifyInstance, owner: string, part: string, schema: unknown): (value: unknown) => Content {
  const wrong = (problem: string, cause?: unknown): Error => mistake(new stompErrors.InvalidValue(`${part} of ${owner}: ${problem}`, { cause }))
  const serialize = compileSerializer(scope, owner, part, schema)
  if (serialize !== null) {
    return (value) => {
      try {
        return jsonContent(serialize(value))
      } catch (error) {
        throw wrong(readThrown(error).message, error)
      }
    }
  }
  // The compiler takes it for a body, because texts of params and headers may be converted by their own rules.
  const judge = compileJudge(scope, owner, part, schema, 'body')
  return (value) => {
    const judgement = judge(JSON.parse(encodeJson(value).body.text))
    if ('problem' in judgement) throw wrong(judgement.problem)
    return encodeJson(judgement.value)
  }
}
