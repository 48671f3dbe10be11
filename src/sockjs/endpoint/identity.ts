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
  return keyOfUser(user, options)
}

/** Returns the text that identifies a user. It is empty for an anonymous client. */
export function keyOfUser (user: unknown, options: ResolvedOptions): string {
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
  return isOwner(endpoint, session, principalOf(endpoint, request), request.log)
}

/** Tells whether a client may act on a session, and logs the refusal. */
export function isOwner (endpoint: Endpoint, session: AnySession, principal: Principal, log?: FastifyBaseLogger): boolean {
  const differs = differenceOf(session, principal, endpoint.options)
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
    return differenceOf(session, principalOf(endpoint, request), endpoint.options) === null
  } catch {
    return false
  }
}

/** Finds the fact by which a client differs from that of a session, or `null`. */
export function differenceOf (session: AnySession, { userKey, origin, ip }: Principal, options: ResolvedOptions): 'user' | 'origin' | 'address' | null {
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

/** The facts about the client of a request by which the node that owns a session judges it (SESSION-17). */
export interface Principal {
  readonly userKey: string
  readonly origin: string
  readonly ip: string
}

/** Returns the facts about the client of a request. They can travel to another node. */
export function principalOf ({ options }: Endpoint, request: FastifyRequest): Principal {
  return { userKey: userKeyOf(request, options), origin: originOf(request), ip: request.ip }
}
