import { clientError } from './errors.ts'

/** The values of the parameters of a destination. */
export type Params = Readonly<Record<string, unknown>>

/**
 * Puts values into a destination such as `/topic/prices/:symbol`.
 *
 * @throws STOMP_CLIENT_BAD_ARGUMENT for a value that is missing, or is not one segment
 */
export function fillDestination (destination: string, params: Params = {}): string {
  return destination.replace(/([/.]):([A-Za-z_]\w*)/g, (_parameter, separator: string, name: string) => {
    const value = `${params[name] ?? ''}`
    if (!value || value.includes('/')) throw clientError('BAD_ARGUMENT', `${destination} with :${name} = '${value}'`)
    return separator + value
  })
}
