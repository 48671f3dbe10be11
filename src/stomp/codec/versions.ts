import { type FrameError, frameError } from './errors.ts'

/** A version of STOMP that this package speaks. */
export type Version = '1.0' | '1.1' | '1.2'

/** The versions in the order of preference, the highest first. */
export const VERSIONS: readonly Version[] = ['1.2', '1.1', '1.0']

/**
 * Chooses the highest version that both sides have. A client without the header means 1.0. Unknown entries and spaces
 * around entries do not count (STOMP-C2, STOMP-C3).
 */
export function negotiateVersion (acceptVersion: string | undefined): Version | FrameError {
  const asked = (acceptVersion ?? '1.0').split(',').map((entry) => entry.trim())
  const common = VERSIONS.find((version) => asked.includes(version))
  return common ?? frameError('STOMP_NO_COMMON_VERSION')
}

/** A `heart-beat` header: the intervals that its sender offers and asks for, in milliseconds. 0 is none. */
export interface HeartBeat {
  readonly outgoing: number
  readonly incoming: number
}

const NO_HEART_BEAT: HeartBeat = Object.freeze({ outgoing: 0, incoming: 0 })
const HEART_BEAT = /^(\d{1,15}),(\d{1,15})$/

/** Reads two non-negative integers, `0,0` if the header is absent (STOMP 1.2, Heart-beating; STOMP-H1). */
export function parseHeartBeat (value: string | undefined): HeartBeat | FrameError {
  if (value === undefined) return NO_HEART_BEAT
  const match = HEART_BEAT.exec(value)
  if (match === null) return frameError('STOMP_BAD_HEART_BEAT')
  return { outgoing: Number(match[1]), incoming: Number(match[2]) }
}

/** Works out the intervals from both headers. `outgoing` is that of our own heart-beats (STOMP-H2). */
export function negotiateHeartBeat (ours: HeartBeat, theirs: HeartBeat): HeartBeat {
  return {
    outgoing: interval(ours.outgoing, theirs.incoming),
    incoming: interval(theirs.outgoing, ours.incoming)
  }
}

function interval (offered: number, wanted: number): number {
  return offered === 0 || wanted === 0 ? 0 : Math.max(offered, wanted)
}
