import { refusal } from './refusals.ts'

export type Separator = '/' | '.'

/** - `topic`: to all; - `queue`: to one of many; - `temporary`: a connection's own queue; - `reply`: the name that others have for it; - `dead`: what nobody could handle. */
export type DestinationKind = 'topic' | 'queue' | 'temporary' | 'reply' | 'dead'

/** Which prefix means what: the first one that fits counts. */
export type Prefixes = readonly (readonly [prefix: string, kind: DestinationKind])[]

export interface Destination {
  readonly kind: DestinationKind
  /** As the client wrote it: MESSAGE repeats it unchanged (STOMP-M1). */
  readonly name: string
  /** The prefix, and what the separator parts behind it. */
  readonly segments: readonly string[]
}

export interface DestinationRules {
  readonly prefixes: Prefixes
  readonly separator: Separator
  /** Octets. */
  readonly maxLength: number
  /** Behind the prefix (SEC-S33). */
  readonly maxSegments: number
  /** `*` in one pattern. */
  readonly maxWildcards: number
}

/** `*` is one segment, `**` the rest, none included. They are wildcards only where they are a whole segment. */
const ONE = '*'
const REST = '**'

/** The kind of a destination, or `undefined` for one that is not ours. A prefix fits whole segments only. */
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

/** Takes a destination apart, or throws a refusal. Empty segments are refused: one place has one name (SEC-S64). */
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

/** Octets of UTF-8; three for a UTF-16 unit at most, so that short names need no count. */
function isLongerThan (text: string, octets: number): boolean {
  return text.length > octets || (text.length * 3 > octets && Buffer.byteLength(text) > octets)
}

export function hasWildcard (segments: readonly string[]): boolean {
  return segments.includes(ONE) || segments.includes(REST)
}

/**
 * Refuses `**` anywhere but at the end, and too many `*`: without that bound the patterns of one destination could be
 * as many as 2 to the power of its segments (SEC-S33).
 */
export function checkPattern (segments: readonly string[], { maxWildcards }: DestinationRules): void {
  const wildcards = segments.reduce((count, segment) => segment === ONE ? count + 1 : count, 0)
  if (wildcards > maxWildcards) throw refusal('STOMP_INVALID_DESTINATION', `at most ${maxWildcards} times *`)
  const rest = segments.indexOf(REST)
  if (rest !== -1 && rest !== segments.length - 1) throw refusal('STOMP_INVALID_DESTINATION', '** may stand only at the end')
}

/** Whether one pattern fits; many at once are the trie's business. */
export function matchesPattern (pattern: readonly string[], segments: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === REST) return true
    if (i >= segments.length || (pattern[i] !== ONE && pattern[i] !== segments[i])) return false
  }
  return pattern.length === segments.length
}
