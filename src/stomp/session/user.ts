import { stompErrors } from '../errors.ts'

/** The user of a STOMP session. Applications add properties of their own. */
export interface StompUser {
  /** The name, which tells users apart. `publishToUser` takes it. */
  readonly name: string
  readonly [property: string]: unknown
}

/** Takes the user of the SockJS session, where it has a name. */
export function asUser (user: unknown): StompUser | null {
  if (typeof user === 'string' && user !== '') return { name: user }
  return isUser(user) ? user : null
}

/**
 * Checks a user that the application sets: `null`, or an object with a name. A rule would take `undefined` for a user.
 *
 * @throws FST_STOMP_INVALID_OPTION
 */
export function checkedUser (user: unknown): StompUser | null {
  if (user !== null && !isUser(user)) throw new stompErrors.InvalidOption('session.user', 'must be null, or an object whose name is a text that is not empty')
  return user
}

function isUser (user: unknown): user is StompUser {
  if (typeof user !== 'object' || user === null) return false
  const { name } = user as { name?: unknown }
  return typeof name === 'string' && name !== ''
}
