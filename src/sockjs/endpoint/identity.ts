import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { isPromise } from '../../core/promise.ts'
import { errors } from '../errors.ts'
import { checkedUserKey } from '../options/answers.ts'
import type { ResolvedOptions } from '../options/options.ts'
import type { AnySession } from '../session/index.ts'
import type { Endpoint } from './endpoint.ts'
import { originOf } from './origins.ts'

/** Returns the text that identifies the user of a request. It is empty for an anonymous client. */
export function userKeyOf (request: FastifyRequest, options: ResolvedOptions): string {
  const user = options.user(request)
  if (isPromise(user)) throw new errors.AsyncUser()
  return isAnonymous(user) ? '' : checkedUserKey(options.userKey(user))
}

/** Tells whether a client is anonymous. An empty user, such as that of an empty header, is anonymous too. */
function isAnonymous (user: unknown): boolean {
  return user === undefined || user === null || user === false || user === ''
}

/**
 * Tells whether a later request may act on a session (SESSION-17, SESSION-18, SEC-S43).
 *
 * The client chooses its session id, and the id is short, so it proves nothing.
 */
export function ownsSession (endpoint: Endpoint, request: FastifyRequest, session: AnySession): boolean {
  return isOwner(endpoint, session, userKeyOf(request, endpoint.options), originOf(request), request.ip, request.log)
}

/** Tells whether a client may act on a session, and logs the refusal. An edge sends the three facts about its client to the owner's node. */
export function isOwner (endpoint: Endpoint, session: AnySession, userKey: string, origin: string, ip: string, log?: FastifyBaseLogger): boolean {
  const differs = differenceOf(session, userKey, origin, ip, endpoint.options)
  if (differs === null) return true
  endpoint.tell('owner', log, { session: session.id, differs }, differs)
  return false
}

/**
 * Tells whether a request seems to come from the owner of a session.
 *
 * It is asked before the hooks `preValidation` and `preHandler` have run. These may find the user only then, and `user` may throw before;
 * such a request does not count as the owner's. `ownsSession` decides later.
 */
export function seemsOwner (endpoint: Endpoint, request: FastifyRequest, session: AnySession): boolean {
  try {
    const { options } = endpoint
    return differenceOf(session, userKeyOf(request, options), originOf(request), request.ip, options) === null
  } catch {
    return false
  }
}

function differenceOf (session: AnySession, userKey: string, origin: string, ip: string, options: ResolvedOptions): 'user' | 'origin' | 'address' | null {
  if (session.userKey !== userKey) return 'user'
  if (origin !== '' && session.origin !== '' && origin !== session.origin) return 'origin'
  return options.bindAddress && session.ip !== ip ? 'address' : null
}

/**
 * The headers that an application may see.
 *
 * Cookies and credentials are not among them, because the iframe transports would make them usable from other sites.
 */
const SHOWN_HEADERS = ['host', 'origin', 'referer', 'user-agent', 'accept-language', 'dnt', 'via', 'x-client-ip', 'x-cluster-client-ip',
  'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto', 'x-real-ip', 'x-ssl'] as const

export function shownHeaders (request: FastifyRequest): Readonly<Record<string, string>> {
  const shown: Record<string, string> = {}
  for (const name of SHOWN_HEADERS) {
    const value = request.headers[name]
    if (typeof value === 'string') shown[name] = value
  }
  return shown
}
