import type { Clock } from '../../../core/clock.ts'
import type { FrameHeaders } from '../../codec/index.ts'
import { refusal } from '../../refusals.ts'

/** The headers in which a publisher says how long a message may wait in a queue. */
const LIFETIMES = ['ttl', 'expiration'] as const
const DEADLINE = 'expires'

/** The longest lifetime, in milliseconds. A longer one means no expiry. */
const FOR_EVER = 2 ** 48

/**
 * Reads the time on the clock at which a message expires, `Infinity` for never. `ttl` and `expiration` are milliseconds,
 * and `expires` is a date in milliseconds since 1970. 0 means no expiry, and the earliest expiry counts.
 */
export function expiryOf (headers: FrameHeaders, clock: Clock, fallback: number): number {
  const now = clock.now()
  let expires = Infinity
  let said = false
  for (const name of LIFETIMES) {
    const lifetime = millisecondsOf(headers, name)
    if (lifetime === undefined) continue
    said = true
    if (lifetime > 0) expires = Math.min(expires, now + lifetime)
  }
  const date = millisecondsOf(headers, DEADLINE)
  if (date !== undefined) {
    said = true
    if (date > 0) expires = Math.min(expires, now + date - clock.date())
  }
  return said || fallback === 0 ? expires : now + fallback
}

function millisecondsOf (headers: FrameHeaders, name: string): number | undefined {
  const value = headers.get(name)
  if (value === undefined) return undefined
  if (!/^\d{1,20}$/.test(value)) throw refusal('STOMP_INVALID_HEADER', `${name} must be a number of milliseconds`)
  const milliseconds = Number(value)
  return milliseconds > FOR_EVER ? 0 : milliseconds
}
