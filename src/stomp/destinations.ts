import { type Check, expected, oneOf } from '../core/check.ts'
import { shown } from '../core/suggestion.ts'
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

/** The owner of a destination: the routes, the sessions of users, the broker, or the presence of topics. */
export type Owner = 'application' | 'user' | 'broker' | 'presence'

/** The prefix of the destinations at which messages for users arrive: `/user/queue/x` for each session. */
export const USER_PREFIX = '/user'

/** The second segment of the destinations that tell who is present in a topic: `/topic/$presence/rooms/7` for `/topic/rooms/7`. */
const PRESENCE = '/$presence'

/** A destination that a client names. The session parses it once, where the frame arrives. */
export class ClientDestination {
  readonly owner: Owner
  /** The destination as the client wrote it. */
  readonly name: string
  readonly #prefix: string
  readonly #separator: Separator
  #segments: readonly string[] | undefined

  /** `prefix` is the application prefix, or empty where the application does not own the destination. */
  constructor (owner: Owner, name: string, prefix: string, separator: Separator) {
    this.owner = owner
    this.name = name
    this.#prefix = prefix
    this.#separator = separator
  }

  /** The segments, the prefix included. They are split when they are first asked for, because most frames need none. */
  get segments (): readonly string[] {
    this.#segments ??= split(this.name, this.#prefix, this.#separator)
    return this.#segments
  }

  /** The topic whose presence this destination tells, `null` for any other destination. */
  get topic (): ClientDestination | null {
    return this.owner === 'presence' ? new ClientDestination('broker', topicOf(this.name, this.#separator)!, '', this.#separator) : null
  }

  /** The segments after the application prefix. */
  get rest (): readonly string[] {
    return this.segments.slice(this.#separator === '/' ? this.#prefix.split('/').length : 1)
  }
}

/** Splits a destination. With the separator `.`, the prefix stands between slashes and is one segment. */
function split (name: string, prefix: string, separator: Separator): string[] {
  if (separator === '/') return name.split('/')
  const end = prefix === '' ? name.indexOf('/', 1) : prefix.length
  return end < 0 ? [name] : [name.slice(0, end), ...name.slice(end + 1).split(separator)]
}

/** Parses the destinations of clients. A destination has one owner, because prefixes cannot overlap. */
export class DestinationParser {
  readonly #prefixes: readonly string[]
  readonly #separator: Separator

  /** `prefixes` are those of the application. The separator is that of the broker. */
  constructor (prefixes: readonly string[], separator: Separator) {
    this.#prefixes = prefixes
    this.#separator = separator
  }

  parse (name: string): ClientDestination {
    for (const prefix of this.#prefixes) {
      const next = name[prefix.length]
      if ((next === '/' || next === this.#separator) && name.startsWith(prefix)) return new ClientDestination('application', name, prefix, this.#separator)
    }
    return new ClientDestination(isUserDestination(name) ? 'user' : topicOf(name, this.#separator) === null ? 'broker' : 'presence', name, '', this.#separator)
  }
}

/** Finds the topic of a destination that tells the presence, `null` for any other destination. */
function topicOf (name: string, separator: Separator): string | null {
  const at = name.indexOf('/', 1)
  if (at < 0 || !name.startsWith(PRESENCE, at)) return null
  const rest = at + PRESENCE.length
  return rest === name.length || name[rest] === separator ? `${name.slice(0, at)}/${name.slice(rest + 1)}` : null
}

/** Tells whether a destination is below `/user`. */
export function isUserDestination (name: string): boolean { return name.startsWith(USER_PREFIX + '/') }

const NAMED_USER = new RegExp(`^${USER_PREFIX}/([^/]+)(/.+)$`)

/** Reads the user and the rest of a destination such as `/user/kim/queue/alerts`. Names are percent-encoded (SPRING-F7). */
export function parseUserDestination (destination: string): { name: string, rest: string } | null {
  const match = NAMED_USER.exec(destination)
  if (match === null) return null
  try {
    const name = decodeURIComponent(match[1]!)
    // Each name has one spelling, or a client could go around a rule that names it.
    return match[1] === encodeURIComponent(name) || match[1] === escapeSlashes(name) ? { name, rest: match[2]! } : null
  } catch {
    return null
  }
}

/** Writes the shorter spelling of a name, which escapes only the characters that would end the segment. */
function escapeSlashes (name: string): string {
  return name.replaceAll('%', '%25').replaceAll('/', '%2F')
}

/** A destination of a broker, parsed by its rules. */
export interface Destination {
  readonly kind: DestinationKind
  /** The destination as the client wrote it, because MESSAGE repeats it unchanged (STOMP-M1). */
  readonly name: string
  /** The prefix, and the segments after it. */
  readonly segments: readonly string[]
}

export interface DestinationRules {
  readonly prefixes: Prefixes
  readonly separator: Separator
  /** The most octets of a destination. */
  readonly maxLength: number
  /** The most segments after the prefix (SEC-S33). */
  readonly maxSegments: number
  /** The most `*` in one pattern. */
  readonly maxWildcards: number
}

/** The wildcards: `*` is one segment, `**` the rest, also an empty one. Each is a wildcard only as a whole segment. */
const ONE = '*'
const REST = '**'

/** Finds the kind of a destination, `undefined` if no prefix fits. A prefix fits whole segments only. */
export function destinationKind (name: string, prefixes: Prefixes): DestinationKind | undefined {
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
  if (kind === 'dead') return new ParsedDestination(kind, name, prefix, rules.separator)
  const count = countSegments(name, prefix.length + 1, rules.separator)
  if (count > rules.maxSegments) throw refusal('STOMP_INVALID_DESTINATION', `at most ${rules.maxSegments} segments`)
  if (count === 0) throw refusal('STOMP_INVALID_DESTINATION', 'a segment is empty')
  return new ParsedDestination(kind, name, prefix, rules.separator)
}

/** Counts the segments from an index on. Returns 0 if one of them is empty. */
function countSegments (name: string, from: number, separator: Separator): number {
  let count = 1
  let start = from
  for (let at = name.indexOf(separator, start); at !== -1; at = name.indexOf(separator, start)) {
    if (at === start) return 0
    count++
    start = at + 1
  }
  return start === name.length ? 0 : count
}

class ParsedDestination implements Destination {
  readonly kind: DestinationKind
  readonly name: string
  readonly #prefix: string
  readonly #separator: Separator
  #segments: readonly string[] | undefined

  constructor (kind: DestinationKind, name: string, prefix: string, separator: Separator) {
    this.kind = kind
    this.name = name
    this.#prefix = prefix
    this.#separator = separator
  }

  /** The segments, split when they are first asked for. A message for a topic needs the name only. */
  get segments (): readonly string[] {
    this.#segments ??= this.kind === 'dead' ? [this.#prefix] : [this.#prefix, ...this.name.slice(this.#prefix.length + 1).split(this.#separator)]
    return this.#segments
  }
}

/** Compares the length in UTF-8. A UTF-16 unit has three octets at most, so that a short name needs no count. */
export function isLongerThan (text: string, octets: number): boolean {
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

/** Finds the problem of a pattern that the application gives, `null` if it is good. */
export function patternProblem (pattern: unknown, destinations: DestinationParser): string | null {
  if (typeof pattern !== 'string' || !pattern.startsWith('/')) return `a destination must be a text that begins with /, not ${shown(pattern)}`
  const { segments } = destinations.parse(pattern)
  if (segments.slice(1).includes('')) return `${pattern}: a segment is empty, so that no destination fits`
  const wrong = segments.find((segment, i) => (segment === REST && i < segments.length - 1) || (/[*?{}]/.test(segment) && segment !== ONE && segment !== REST))
  return wrong === undefined ? null : `${pattern}: * stands for a whole segment, and ** for the rest at the end`
}

/** Tells whether one pattern fits. The trie finds the patterns that fit among many. */
export function matchesPattern (pattern: readonly string[], segments: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === REST) return true
    if (i >= segments.length || (pattern[i] !== ONE && pattern[i] !== segments[i])) return false
  }
  return pattern.length === segments.length
}

/** Tells whether `granted` matches everything that `wanted` can match. Both may hold wildcards (SEC-S64). */
export function covers (granted: readonly string[], wanted: readonly string[]): boolean {
  for (let i = 0; i < granted.length; i++) {
    const segment = granted[i]
    if (segment === REST) return true
    if (i >= wanted.length || wanted[i] === REST) return false
    if (segment !== ONE && segment !== wanted[i]) return false
  }
  return granted.length === wanted.length
}

/** Tells whether a destination exists that both patterns match. */
export function overlaps (a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] === REST || b[i] === REST) return true
    if (a[i] === undefined || b[i] === undefined) return false
    if (a[i] !== b[i] && a[i] !== ONE && b[i] !== ONE) return false
  }
  return true
}

/** Checks of the options that tell how destinations are written. */
export const separator = oneOf('/', '.')
export const prefix = expected((value) => typeof value === 'string' && /^(\/[^/*]+)+$/.test(value), 'a text that begins with /, does not end with it, and holds no *')
export const prefixes: Check = (value) => {
  const given = [value].flat()
  return given.length === 0 ? 'must name one prefix at least' : given.map(prefix).find((wrong) => wrong !== null) ?? null
}
