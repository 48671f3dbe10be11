import { fillDestination, type Params } from './destinations.ts'
import { clientError } from './errors.ts'
import type { GivenHeaders } from './frame.ts'

/** The parts of a frame that the application gives. */
export interface Parts {
  readonly params?: Params
  readonly headers?: GivenHeaders
}

/**
 * Makes the headers and the body of SEND. A text goes as it is, and other values as JSON. Without a value the body is empty.
 *
 * @throws STOMP_CLIENT_BAD_ARGUMENT
 */
export function sending (destination: string, value: unknown, { params, headers }: Parts = {}): readonly [headers: GivenHeaders, body: string | undefined] {
  const isText = typeof value === 'string'
  const body = isText ? value : JSON.stringify(value)
  const hasValue = value !== undefined
  if ((hasValue && body === undefined) || ArrayBuffer.isView(value)) throw clientError('BAD_ARGUMENT', 'no JSON form')
  return [{ destination: fillDestination(destination, params), 'content-type': hasValue ? isText ? 'text/plain' : 'application/json' : null, ...headers }, body]
}
