import type { ParamNames, Sent, StandardTypes } from '../../contract.ts'
import { shown } from '../../core/suggestion.ts'
import { mistake, stompErrors } from '../errors.ts'

const PARAMETER = /:([A-Za-z_]\w*)/g

/** A destination with the type of its messages. `destination()` makes it. */
export interface TypedDestination<T> {
  /** The destination, with its parameters filled in. */
  readonly path: string
  /** The schema of the messages. The server judges each one before it is sent. */
  readonly schema?: DestinationSchema
  /** The type of the messages. The property has no value. */
  readonly content?: T
}

/** The schema of the messages of a destination, with the template to which it belongs. */
export interface DestinationSchema {
  /** The destination with its parameters, for errors. */
  readonly template: string
  /** The schema, as the compiler of the scope takes it. */
  readonly schema: unknown
}

/** A destination to which a message can be sent. */
export type DestinationLike<T = unknown> = string | TypedDestination<T>

/** @throws FST_STOMP_INVALID_DESTINATION */
export function pathOf (destination: DestinationLike): string {
  const path: unknown = typeof destination === 'string' ? destination : (destination as TypedDestination<unknown> | null | undefined)?.path
  if (typeof path !== 'string') throw mistake(new stompErrors.InvalidDestination(shown(destination), 'must be a text, or made by destination()'))
  return path
}

/** Puts values into a template such as `/topic/chat/:room`. */
export function fillTemplate (template: string, params: Readonly<Record<string, unknown>>): string {
  return template.replace(PARAMETER, (_match, name: string) => {
    const value = params[name]
    if (value === undefined || value === null || value === '') {
      throw new stompErrors.InvalidDestination(template, `there is no value for :${name}`)
    }
    return String(value)
  })
}

/** Lists the names of the parameters in a template. */
export function parametersOf (template: string): string[] {
  return [...template.matchAll(PARAMETER)].map((match) => match[1]!)
}

/** The arguments that fill in a template: an object where it has parameters. */
type Filling<Path extends string> = [ParamNames<Path>] extends [never] ? [] : [params: Readonly<Record<ParamNames<Path>, string | number>>]

/**
 * Makes a destination that server, tests and pages share, with the schema of its messages.
 *
 * `const price = destination('/topic/price/:symbol', Quote)`, then `app.stomp.publish(price({ symbol: 'IBM' }), quote)`. The server judges each message by the
 * schema, with the compiler of the scope that publishes. The type of the messages is that of a schema that says it, such as those of Zod.
 */
export function destination<const Path extends string, const Schema> (template: Path, schema: Schema): (...filling: Filling<Path>) => TypedDestination<Sent<StandardTypes, Schema>>
/** Makes a destination whose messages have a type that is given by hand. */
export function destination<T> (template: string, schema?: unknown): (params?: Readonly<Record<string, string | number>>) => TypedDestination<T>
export function destination (template: string, schema?: unknown): (params?: Readonly<Record<string, string | number>>) => TypedDestination<unknown> {
  const judged = schema === undefined ? {} : { schema: { template, schema } }
  return (params = {}) => ({ path: fillTemplate(template, params), ...judged })
}
