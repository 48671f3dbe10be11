import { type Check, expected, oneOf } from '../core/check.ts'
import { refusal } from './refusals.ts'

export type Separator = '/' | '.'

/**
 * The kind of a destination.
 *
 * - `topic`: each message goes to all subscribers;
 * - `queue`: each message goes to one of the subscribers;
 * - `temporary`: a queue of one connection, by the name that its owner uses;
 * - `reply`: the same queue, by the address that other clients use;
 * - `dead`: the queue of the messages that no consumer could handle.
 */
export type DestinationKind = 'topic' | 'queue' | 'temporary' | 'reply' | 'dead'

/** The prefixes with their kinds. The first one that fits counts. */
export type Prefixes = readonly (readonly [prefix: string, kind: DestinationKind])[]

export interface Destination {
  readonly kind: DestinationKind
  /** The destination as the client wrote it, because MESSAGE repeats it unchanged (STOMP-M1). */
  readonly name: string
  /** The prefix, and the segments behind it. */
  readonly segments: readonly string[]
}

export interface DestinationRules {
  readonly prefixes: Prefixes
  readonly separator: Separator
  /** The most octets of a destination. */
  readonly maxLength: number
  /** The most segments behind the prefix (SEC-S33). */
  readonly maxSegments: number
  /** The most `*` in one pattern. */
  readonly maxWildcards: number
}

/** The wildcards: `*` is one segment, `**` the rest, also an empty one. Each is a wildcard only as a whole segment. */
const ONE = '*'
const REST = '**'

/** Finds the kind of a destination, `undefined` where no prefix fits. A prefix fits whole segments only. */
export function kindOf (name: string, prefixes: Prefixes): DestinationKind | undefined {
  return match(name, prefixes)?.[1]
}

function match (name: string, prefixes: Prefixes): Prefixes[number] | undefined {
  for (const entry of prefixes) {
    const [prefix, kind] = entry
    if (!name.startsWith(prefix)) continue
    if (kind === 'dead' ? name.length === prefix.length : name.charCodeAt(prefix.length) === 0x2f) return entry
  }
  return undefined
}

/** Parses a destination, or throws a refusal. Empty segments are refused, so that a destination has one name (SEC-S64). */
export function parseDestination (name: string, rules: DestinationRules): Destination {
  if (isLongerThan(name, rules.maxLength)) throw refusal('STOMP_DESTINATION_TOO_LONG', `at most ${rules.maxLength} octets`)
  const found = match(name, rules.prefixes)
  if (found === undefined) throw refusal('STOMP_UNKNOWN_DESTINATION')
  const [prefix, kind] = found
  if (kind === 'dead') return { kind, name, segments: [prefix] }
  const segments = name.slice(prefix.length + 1).split(rules.separator, rules.maxSegments + 1)
  if (segments.length > rules.maxSegments) throw refusal('STOMP_INVALID_DESTINATION', `at most ${rules.maxSegments} segments`)
  if (segments.includes('')) throw refusal('STOMP_INVALID_DESTINATION', 'a segment is empty')
  segments.unshift(prefix)
  return { kind, name, segments }
}

/** Compares the length in UTF-8. A UTF-16 unit has three octets at most, so that a short name needs no count. */
function isLongerThan (text: string, octets: number): boolean {
  return text.length > octets || (text.length * 3 > octets && Buffer.byteLength(text) > octets)
}

export function hasWildcard (segments: readonly string[]): boolean {
  return segments.includes(ONE) || segments.includes(REST)
}

/**
 * Refuses a `**` that is not at the end, and too many `*`.
 *
 * Without that bound, the number of patterns that fit one destination is 2 to the power of its segments (SEC-S33).
 */
export function checkPattern (segments: readonly string[], { maxWildcards }: DestinationRules): void {
  const wildcards = segments.reduce((count, segment) => segment === ONE ? count + 1 : count, 0)
  if (wildcards > maxWildcards) throw refusal('STOMP_INVALID_DESTINATION', `at most ${maxWildcards} times *`)
  const rest = segments.indexOf(REST)
  if (rest !== -1 && rest !== segments.length - 1) throw refusal('STOMP_INVALID_DESTINATION', '** may stand only at the end')
}

/** Tells whether one pattern fits. The trie finds the patterns that fit among many. */
export function matchesPattern (pattern: readonly string[], segments: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === REST) return true
    if (i >= segments.length || (pattern[i] !== ONE && pattern[i] !== segments[i])) return false
  }
  return pattern.length === segments.length
}

/** Checks of the options that tell how destinations are written. */
export const separator = oneOf('/', '.')
export const prefix = expected((value) => typeof value === 'string' && /^(\/[^/*]+)+$/.test(value), 'a text that begins with /, does not end with it, and holds no *')
export const prefixes: Check = (value) => {
  const given = [value].flat()
  return given.length === 0 ? 'must name one prefix at least' : given.map(prefix).find((wrong) => wrong !== null) ?? null
}
