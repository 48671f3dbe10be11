import { shown } from '../../core/suggestion.ts'
import { engineErrors } from '../errors.ts'
import type { NatsConnection } from './connection.ts'

/**
 * Opens a connection by the function of the application.
 *
 * @throws FST_SOCKJS_ENGINE_REFUSED if no further try can help; the error of the function otherwise
 */
export async function openConnection (connect: () => Promise<NatsConnection>): Promise<NatsConnection> {
  let connection: NatsConnection
  try {
    connection = await connect()
  } catch (error) {
    if (isRefused(error)) throw new engineErrors.Refused('nats', `the server refuses the login of connect(): ${(error as Error).message}`)
    throw error
  }
  if (typeof connection?.subscribe === 'function' && typeof connection.status === 'function') return connection
  throw new engineErrors.Refused('nats', `connect() must return a connection to NATS, not ${shown(connection)}`)
}

/** Tells whether a server has refused the login. Version 2 names it in a code, and version 3 in the name of the class. */
function isRefused (error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return /AUTHORIZATION_VIOLATION|AUTHENTICATION_EXPIRED|AuthorizationError|AuthenticationExpired/.test(`${code} ${error.name}`)
}
