import type { AnySession } from '../sockjs/session/index.ts'
import type { StompSession } from '../stomp/session/stomp-session.ts'
import type { Row, Table } from './rows.ts'
import { type SeenSession, type ServerParts, speaksStomp } from './server-parts.ts'

/** The most subscriptions that the details of a session list. */
const MOST_SUBSCRIPTIONS = 200

/** The table of all open sessions of this node. */
export function sessionTable (parts: ServerParts, node: string): Table<SeenSession> {
  const stomp = parts.stompSessions()
  const now = parts.clock.now()
  const userOf = ({ session }: SeenSession): string => nameOf(session, stomp.get(session))
  const subscriptionsOf = ({ session }: SeenSession): number => stomp.get(session)?.subscriptions.size ?? 0
  return {
    items: parts.sessions(),
    columns: {
      endpoint: ({ endpoint }) => endpoint.path,
      state: stateOf,
      transport: ({ session }) => session.transport,
      user: userOf,
      ip: ({ session }) => session.ip,
      age: ({ session }) => now - session.openedAt,
      buffered: ({ session }) => session.bufferedBytes,
      subscriptions: subscriptionsOf
    },
    texts: (seen) => [seen.endpoint.path, stateOf(seen), seen.session.transport, userOf(seen), seen.session.ip, seen.session.knownId ?? ''],
    row: (seen): Row => ({
      id: seen.session.id,
      node,
      endpoint: seen.endpoint.path,
      state: stateOf(seen),
      transport: seen.session.transport,
      user: userOf(seen),
      ip: seen.session.ip,
      age: now - seen.session.openedAt,
      buffered: seen.session.bufferedBytes,
      subscriptions: subscriptionsOf(seen)
    })
  }
}

/** The state of a session for people. A suspended session has lost its connection, and its client may resume it. */
function stateOf ({ session }: SeenSession): string {
  if (session.suspended) return 'suspended'
  return session.output.receiver === null ? 'between requests' : session.state
}

/** The field that the default key of a user names before its value. */
const FIELD = /^(?:id|sub|name|username):/

/** The user of a session: that of STOMP, else the key of the user that opened it. It is empty for an anonymous client. */
function nameOf (session: AnySession, stomp: StompSession | undefined): string { return stomp?.user?.name ?? session.userKey.replace(FIELD, '') }

/** One subscription in the details of a session. */
export interface ShownSubscription {
  readonly destination: string
  readonly ack: string
  /** The messages that wait for their acknowledgement. */
  readonly unacknowledged: number
}

/** The details of one session. The query of its URL, most headers and the attributes may hold secrets, so that they are not among them. */
export interface SessionDetails extends Row {
  readonly closing: boolean
  readonly path: string
  readonly agent: string
  readonly origin: string
  readonly protocol: string
  readonly held: boolean
}

/** The details of a STOMP session. */
export interface StompDetails {
  readonly id: string
  readonly state: string
  readonly version: string
  /** Milliseconds until the session expires; `null` if it does not. */
  readonly expiresIn: number | null
  readonly unacknowledged: number
  readonly count: number
  readonly subscriptions: readonly ShownSubscription[]
}

export function sessionDetails (parts: ServerParts, seen: SeenSession, node: string): { readonly facts: SessionDetails, readonly stomp: StompDetails | null, readonly speaksStomp: boolean } {
  const { session, endpoint } = seen
  const facts = {
    ...sessionTable(parts, node).row(seen),
    closing: session.state === 'closing',
    path: session.url.split('?', 1)[0]!,
    agent: session.headers['user-agent'] ?? '',
    origin: session.origin,
    protocol: session.protocol,
    held: session.held
  }
  const stomp = parts.stompSessions().get(session)
  return { facts, stomp: stomp === undefined ? null : stompDetails(stomp, parts), speaksStomp: speaksStomp(endpoint) }
}

function stompDetails ({ id, state, version, expiresAt, subscriptions }: StompSession, { clock }: ServerParts): StompDetails {
  const shown = [...subscriptions].slice(0, MOST_SUBSCRIPTIONS)
  return {
    id,
    state,
    version,
    expiresIn: expiresAt === undefined ? null : expiresAt - clock.date(),
    unacknowledged: subscriptions.unacknowledged,
    count: subscriptions.size,
    subscriptions: shown.map(({ destination, ack, unacknowledged }) => ({ destination, ack, unacknowledged: unacknowledged.size }))
  }
}
