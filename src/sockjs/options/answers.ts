import { firstProblem } from '../../core/check.ts'
import { shown } from '../../core/suggestion.ts'
import { errors } from '../errors.ts'
import type { SessionSetup } from './options.ts'
import { baseAddress } from './validate.ts'

/**
 * Checks of the values that functions of the application return. A wrong value refuses the request with 500. If the server ignored `false`,
 * for example, it would open a session to a client that the application meant to refuse.
 */

const any = (): null => null
const SETUP: Record<keyof SessionSetup, typeof any> = { user: any, attributes: any }

/** Checks the value that the `session` option returned. */
export function checkedSetup (setup: unknown): SessionSetup<unknown, unknown> | undefined {
  if (setup === undefined) return undefined
  if (typeof setup !== 'object' || setup === null || Array.isArray(setup)) {
    throw new errors.InvalidAnswer('session', `must return { user, attributes } or nothing, and throw to refuse the session, but it returned ${shown(setup)}`)
  }
  const found = firstProblem(setup, SETUP)
  if (found !== null) throw new errors.InvalidAnswer('session', `must return { user, attributes }, but ${shown(found.name)} ${found.problem}`)
  return setup
}

/** Checks the value that the `userKey` option returned. The empty string is the key of anonymous clients. */
export function checkedUserKey (key: unknown): string {
  if (typeof key === 'string' && key !== '') return key
  if (typeof key === 'bigint' || Number.isFinite(key)) return String(key)
  throw new errors.InvalidAnswer('userKey', `must return a text that is not empty, but it returned ${shown(key)}`)
}

/** Checks the value that the `baseUrl` option returned. */
export function checkedBaseUrl (url: unknown): string | undefined {
  if (url === undefined) return undefined
  const problem = baseAddress(url)
  if (problem !== null) throw new errors.InvalidAnswer('baseUrl', `its result ${problem}`)
  return url as string
}
