import { type Check, firstProblem, oneOf, plainObject, text } from '../../core/check.ts'
import { stompErrors } from '../errors.ts'
import type { Users } from '../users.ts'

/** The sessions that `close()` means. */
export interface SessionFilter {
  /** The name of a user, whose sessions are all meant. */
  readonly user?: string
  /** The id of one session. */
  readonly session?: string
  /** True for all sessions. */
  readonly all?: true
}

const FILTER: Readonly<Record<keyof SessionFilter, Check>> = { user: text, session: text, all: oneOf(true) }

/**
 * Checks a filter. A value that is `undefined` by mistake must not close more sessions than the application meant.
 *
 * @throws FST_STOMP_INVALID_OPTION
 */
export function checkFilter (filter: SessionFilter): void {
  const wrong = plainObject(filter)
  if (wrong !== null) throw new stompErrors.InvalidOption('close', `the filter ${wrong}`)
  const given = Object.keys(filter)
  const unset = given.find((name) => filter[name as keyof SessionFilter] === undefined)
  if (unset !== undefined) throw new stompErrors.InvalidOption(`close.${unset}`, 'is undefined')
  const problem = firstProblem(filter, FILTER)
  if (problem !== null) throw new stompErrors.InvalidOption(`close.${problem.name}`, problem.problem)
  if (given.length === 0) throw new stompErrors.InvalidOption('close', 'name a user, a session or all')
  if (given.length > 1 && filter.all === true) throw new stompErrors.InvalidOption('close.all', 'stands alone')
}

/** Closes the sessions of this node that fit a filter. Returns their number. */
export function closeSessions (users: Users, { user, session: id }: SessionFilter, code?: number, reason?: string): number {
  let count = 0
  for (const session of [...users.sessions]) {
    if ((user !== undefined && session.user?.name !== user) || (id !== undefined && session.id !== id)) continue
    session.close(code, reason)
    count++
  }
  return count
}
