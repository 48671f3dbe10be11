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

/** One subscription in the registry. */
export interface SubscriptionEntry {
  /** The session that subscribed. */
  readonly session: StompSession
  /** The name of the user, `null` for an anonymous client. */
  readonly user: string | null
  /** The id that the client gave. */
  readonly id: string | undefined
  /** The destination as the client wrote it. */
  readonly destination: string
}

/**
 * The users that are connected, with their sessions. Messages for users go straight to the sessions that subscribed below `/user`, so
 * that no other client can name, guess or match their destination with a wildcard (SEC-S64, SEC-S66).
 */
export class Users implements Iterable<UserEntry> {
  readonly #sessions = new Set<StompSession>()
  /** The name under which each session was entered. Its user may change later. */
  readonly #nameOf = new Map<StompSession, string>()
  readonly #byName = new Map<string, Set<StompSession>>()
  readonly #byId = new Map<string, StompSession>()
  #messages = 0

  /** All connected sessions, anonymous ones too. */
  get sessions (): ReadonlySet<StompSession> { return this.#sessions }

  /** The number of users that are connected. */
  get size (): number { return this.#byName.size }

  /** Tells whether a user is connected. */
  has (name: string): boolean { return this.#byName.has(name) }

  /** Finds a user that is connected. */
  get (name: string): UserEntry | undefined {
    const sessions = this.#byName.get(name)
    return sessions === undefined ? undefined : { name, sessions }
  }

  /** All users that are connected. */
  * [Symbol.iterator] (): IterableIterator<UserEntry> {
    for (const [name, sessions] of this.#byName) yield { name, sessions }
  }

  /** @internal The name of the user as which a session connected, `undefined` for an anonymous client. */
  nameOf (session: StompSession): string | undefined { return this.#nameOf.get(session) }

  /** @internal Finds a connected session by its id. */
  session (id: string): StompSession | undefined { return this.#byId.get(id) }

  /** Lists the subscriptions of all sessions, or the subscriptions to one destination as clients wrote it. */
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
    this.#byId.set(session.id, session)
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
    this.#byId.delete(session.id)
    const name = this.#nameOf.get(session)
    if (name === undefined) return
    this.#nameOf.delete(session)
    const sessions = this.#byName.get(name)
    sessions?.delete(session)
    if (sessions?.size === 0) this.#byName.delete(name)
  }

  /** @internal Gives a message to the subscriptions of these sessions. Returns the number of sessions that got it. */
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
    session.deliveries.deliver({ key: subscription.key, publication, handle: null, redelivered: false })
    delivered = true
  }
  return delivered
}
