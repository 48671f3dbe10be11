import { shown } from '../../core/suggestion.ts'
import { mistake, stompErrors } from '../errors.ts'

const PARAMETER = /:([A-Za-z_]\w*)/g

/** A destination with the type of its messages. `destination()` makes it. */
export interface TypedDestination<T> {
  /** The destination, with its parameters filled in. */
  readonly path: string
  /** The type of the messages. The property has no value. */
  readonly content?: T
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

/**
 * Makes a destination that server, tests and pages share, with the type of its messages:
 * `const price = destination<Quote>('/topic/price/:symbol')`, then `app.stomp.publish(price({ symbol: 'IBM' }), quote)`.
 */
export function destination<T> (template: string): (params?: Readonly<Record<string, string | number>>) => TypedDestination<T> {
  return (params = {}) => ({ path: fillTemplate(template, params) })
}
