import type { TransportName } from '../protocol/index.ts'

/** The failure of a transport, as a client of this package names it. */
export type ClaimedFailure = 'unsupported' | 'timeout' | 'status' | 'closed'

/** The transport that a client left, and the reason. */
export interface FallbackClaim {
  readonly from: TransportName
  readonly reason: ClaimedFailure
}

/** The transports that a client can leave. */
const LEFT: ReadonlySet<string> = new Set<TransportName>(['websocket', 'xhr-streaming', 'eventsource', 'htmlfile', 'xhr-polling', 'jsonp-polling'])

/** The most transports in one claim. */
const MOST = 8

/** The code of a transport without `o` in time. */
const LATE = 2007

/**
 * Reads the query parameter `fallback`: the failed transports in their order, each with a code (PROTOCOL.md, URLs).
 *
 * A transport that opened a session here was counted when it opened. So the one that the client left is the last that may have opened. A transport
 * that the platform does not have, or that got an error status, never did.
 *
 * @returns `null` if the value says nothing, or has a form that no client of this package sends.
 */
export function readClaim (query: unknown): FallbackClaim | null {
  const { fallback } = (query ?? {}) as Record<string, unknown>
  if (typeof fallback !== 'string' || fallback === '') return null
  const failures = fallback.split(',', MOST + 1).map((failure) => /^([a-z-]{1,20}):(\d{1,4})$/.exec(failure))
  if (failures.length > MOST || failures.some((failure) => failure === null || !LEFT.has(failure[1]!))) return null
  const left = failures.findLast((failure, i) => i === 0 || Number(failure![2]) >= 1000)!
  return { from: left[1] as TransportName, reason: reasonOf(Number(left[2])) }
}

function reasonOf (code: number): ClaimedFailure {
  if (code === 0) return 'unsupported'
  if (code === LATE) return 'timeout'
  return code < 1000 ? 'status' : 'closed'
}
