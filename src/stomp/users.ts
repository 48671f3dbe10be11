import { Publication } from './broker/publication.ts'
import type { Body, FrameHeaders } from './codec/index.ts'
import type { StompSession } from './session/stomp-session.ts'

/** A user with its sessions in this process. */
export interface UserEntry {
  /** The name that `session.user` has. */
  readonly name: string
  /** The sessions of the user, one at least. */
  readonly sessions: ReadonlySet<StompSession>
}

/** What the registry says of one subscription. */
export interface SubscriptionEntry {
  /** Whose it is. */
  readonly session: StompSession
  /** The name of the user; `null` for an anonymous client. */
  readonly user: string | null
  /** The id that the client gave it. */
  readonly id: string | undefined
  /** As the client wrote it. */
  readonly destination: string
}

/** Where messages for users arrive: `/user/queue/x` for each session, whoever it belongs to. */
export const USER_PREFIX = '/user'

/**
 * Who is here. Messages for users go straight to the sessions that subscribed `/user/…`: there is no destination that
 * another client could name, guess or match with a wildcard (SEC-S64, SEC-S66).
 */
export class Users implements Iterable<UserEntry> {
  readonly #sessions = new Set<StompSession>()
  /** The name under which each session was entered: its user may change later. */
  readonly #nameOf = new Map<StompSession, string>()
  readonly #byName = new Map<string, Set<StompSession>>()
  #messages = 0

  /** All connected sessions, anonymous ones too. */
  get sessions (): ReadonlySet<StompSession> { return this.#sessions }

  /** How many users are here. */
  get size (): number { return this.#byName.size }

  /** Whether a user is here. */
  has (name: string): boolean { return this.#byName.has(name) }

  /** A user, if one of that name is here. */
  get (name: string): UserEntry | undefined {
    const sessions = this.#byName.get(name)
    return sessions === undefined ? undefined : { name, sessions }
  }

  /** All users that are here. */
  * [Symbol.iterator] (): IterableIterator<UserEntry> {
    for (const [name, sessions] of this.#byName) yield { name, sessions }
  }

  /** The subscriptions of all sessions, or those to one destination, as their clients wrote it. */
  subscriptions (filter: { destination?: string } = {}): SubscriptionEntry[] {
    const found: SubscriptionEntry[] = []
    for (const session of this.#sessions) {
      for (const { id, destination } of session.subscriptions) {
        if (filter.destination !== undefined && filter.destination !== destination) continue
        found.push({ session, user: session.user?.name ?? null, id, destination })
      }
    }
    return found
  }

  /** @internal */
  add (session: StompSession): void {
    this.#sessions.add(session)
    const name = session.user?.name
    if (name === undefined) return
    this.#nameOf.set(session, name)
    const sessions = this.#byName.get(name)
    if (sessions === undefined) this.#byName.set(name, new Set([session]))
    else sessions.add(session)
  }

  /** @internal */
  remove (session: StompSession): void {
    this.#sessions.delete(session)
    const name = this.#nameOf.get(session)
    if (name === undefined) return
    this.#nameOf.delete(session)
    const sessions = this.#byName.get(name)
    sessions?.delete(session)
    if (sessions?.size === 0) this.#byName.delete(name)
  }

  /** @internal Gives a message to the subscriptions of these sessions; returns how many sessions got it. */
  deliver (sessions: Iterable<StompSession>, destination: string, headers: FrameHeaders, body: Body): number {
    const publication = new Publication(destination, `user-${++this.#messages}`, headers, body)
    let count = 0
    for (const session of sessions) if (deliverTo(session, publication)) count++
    return count
  }
}

function deliverTo (session: StompSession, publication: Publication): boolean {
  let delivered = false
  for (const subscription of session.subscriptions) {
    if (subscription.source !== 'user' || subscription.destination !== publication.destination) continue
    session.deliver({ key: subscription.key, publication, handle: null, redelivered: false })
    delivered = true
  }
  return delivered
}

/** The user and the rest of a destination such as `/user/kim/queue/alerts`; names are percent-encoded (SPRING-F7). */
export function parseUserDestination (destination: string): { name: string, rest: string } | null {
  const match = /^\/user\/([^/]+)(\/.+)$/.exec(destination)
  if (match === null) return null
  try {
    const name = decodeURIComponent(match[1]!)
    // One spelling for each name, or rules that name it could be gone around.
    return match[1] === encodeURIComponent(name) || match[1] === escapeSlashes(name) ? { name, rest: match[2]! } : null
  } catch {
    return null
  }
}

/** The shorter spelling: only what would end the segment is escaped. */
function escapeSlashes (name: string): string {
  return name.replaceAll('%', '%25').replaceAll('/', '%2F')
}
