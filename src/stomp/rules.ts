import { type Hints, plainObject } from '../core/check.ts'
import { unknownName } from '../core/suggestion.ts'
import type { FrameHeaders } from './codec/index.ts'
import { StompError, stompErrors } from './errors.ts'
import type { StompSession } from './session/stomp-session.ts'

/** What a client wants to do. */
export type RuleType = 'connect' | 'subscribe' | 'send'

/** What a rule decides about. */
export interface RuleSubject {
  /** What the client wants to do. */
  readonly type: RuleType
  /** The empty string for `connect`. */
  readonly destination: string
  /** The headers of its frame. */
  readonly headers: FrameHeaders
}

/** Who may: everybody, whoever has a user, or as the function says. */
export type Permission = 'all' | 'authenticated' | ((session: StompSession, subject: RuleSubject) => boolean | Promise<boolean>)

/**
 * One rule. The first that fits decides; when there are rules and none fits, the answer is no. `destination` is a pattern:
 * `*` stands for one segment, `**` at the end for the rest.
 */
export interface Rule {
  /** Default: any. */
  readonly type?: RuleType
  /** Default: any, but for a SEND to `/user/<name>/…`, which must be named. */
  readonly destination?: string | readonly string[]
  /** Who may. */
  readonly allow?: Permission
  /** Nobody may. */
  readonly deny?: 'all'
}

interface CompiledRule {
  readonly type: RuleType | undefined
  readonly patterns: readonly string[][] | null
  readonly allow: Permission | null
}

export class Rules {
  readonly #rules: readonly CompiledRule[]
  readonly #separator: '/' | '.'

  /** @throws FST_STOMP_INVALID_OPTION */
  constructor (rules: readonly Rule[], separator: '/' | '.') {
    this.#separator = separator
    this.#rules = rules.map((rule) => this.#compile(rule))
  }

  /** Whether nothing was said, so that everything is allowed. */
  get empty (): boolean { return this.#rules.length === 0 }

  /** @throws StompError STOMP_ACCESS_REFUSED */
  async check (session: StompSession, subject: RuleSubject): Promise<void> {
    if (this.empty) return
    const segments = segmentsOf(subject.destination, this.#separator)
    for (const rule of this.#rules) {
      if (rule.type !== undefined && rule.type !== subject.type) continue
      if (!fits(rule, subject, segments)) continue
      if (rule.allow !== null && await permits(rule.allow, session, subject)) return
      break
    }
    throw new StompError('STOMP_ACCESS_REFUSED')
  }

  #compile (rule: Rule): CompiledRule {
    const wrong = plainObject(rule)
    if (wrong !== null) throw invalid(`a rule ${wrong}`)
    const { type, allow, deny, destination } = rule
    const unknown = Object.keys(rule).find((name) => !FIELDS.has(name))
    if (unknown !== undefined) throw invalid(`a rule has no field ${unknown}: it ${unknownName(unknown, FIELDS, FIELD_HINTS)}`)
    // A rule that can never fit would deny nothing.
    if (type === 'connect' && destination !== undefined) throw invalid('a rule of type connect has no destination')
    if (Array.isArray(destination) && destination.length === 0) throw invalid('a rule with a list of destinations names at least one')
    if (type !== undefined && !TYPES.has(type)) throw invalid('type must be connect, subscribe or send')
    if ((allow === undefined) === (deny === undefined)) throw invalid('each rule has either allow or deny')
    if (deny !== undefined && deny !== 'all') throw invalid('deny must be \'all\'')
    if (allow !== undefined && allow !== 'all' && allow !== 'authenticated' && typeof allow !== 'function') {
      throw invalid('allow must be \'all\', \'authenticated\' or a function')
    }
    const patterns = destination === undefined ? null : [destination].flat().map((pattern) => this.#pattern(pattern))
    return { type, patterns, allow: allow ?? null }
  }

  #pattern (pattern: unknown): string[] {
    if (typeof pattern !== 'string' || !pattern.startsWith('/')) throw invalid('a destination must be text that begins with /')
    const segments = segmentsOf(pattern, this.#separator)
    const wrong = segments.find((segment, i) => (segment === '**' && i < segments.length - 1) || (/[*?{}]/.test(segment) && segment !== '*' && segment !== '**'))
    if (segments.slice(1).includes('')) throw invalid(`${pattern}: a segment is empty, so that no destination fits`)
    if (wrong !== undefined) throw invalid(`${pattern}: * stands for a whole segment, and ** for the rest at the end`)
    return segments
  }
}

const FIELDS: ReadonlySet<string> = new Set<keyof Rule>(['type', 'destination', 'allow', 'deny'])
const FIELD_HINTS: Hints = { destinations: 'write destination, with a list', path: 'write destination', user: 'write allow, with a function', roles: 'write allow, with a function' }
const TYPES: ReadonlySet<string> = new Set<RuleType>(['connect', 'subscribe', 'send'])

function invalid (problem: string): Error {
  return new stompErrors.InvalidOption('rules', problem)
}

/** As brokers part a destination: the prefix stands between slashes, whatever the separator behind it. */
function segmentsOf (destination: string, separator: '/' | '.'): string[] {
  if (separator === '/') return destination.split('/')
  const end = destination.indexOf('/', 1)
  return end < 0 ? [destination] : [destination.slice(0, end), ...destination.slice(end + 1).split(separator)]
}

/** SEC-S64: a subscription with wildcards is allowed only where the rule grants all of it, and denied where it touches any. */
function fits (rule: CompiledRule, subject: RuleSubject, segments: readonly string[]): boolean {
  // To reach other users is never meant by a rule that names no destination.
  if (rule.patterns === null) return rule.allow === null || subject.type !== 'send' || !subject.destination.startsWith('/user/')
  if (subject.type === 'connect') return false
  const relation = subject.type === 'send' ? matches : rule.allow === null ? overlaps : covers
  return rule.patterns.some((pattern) => relation(pattern, segments))
}

/** Whether a pattern matches a destination; what looks like a wildcard in a SEND is text. */
function matches (pattern: readonly string[], destination: readonly string[]): boolean {
  for (const [i, segment] of pattern.entries()) {
    if (segment === '**') return true
    if (i >= destination.length || (segment !== '*' && segment !== destination[i])) return false
  }
  return pattern.length === destination.length
}

/** Whether everything that `wanted` can match is matched by `granted`. */
export function covers (granted: readonly string[], wanted: readonly string[]): boolean {
  for (let i = 0; i < granted.length; i++) {
    const segment = granted[i]
    if (segment === '**') return true
    if (i >= wanted.length || wanted[i] === '**') return false
    if (segment !== '*' && segment !== wanted[i]) return false
  }
  return granted.length === wanted.length
}

/** Whether something can match both. */
export function overlaps (a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] === '**' || b[i] === '**') return true
    if (a[i] === undefined || b[i] === undefined) return false
    if (a[i] !== b[i] && a[i] !== '*' && b[i] !== '*') return false
  }
  return true
}

async function permits (permission: Permission, session: StompSession, subject: RuleSubject): Promise<boolean> {
  if (permission === 'all') return true
  if (permission === 'authenticated') return session.user !== null
  return await permission(session, subject) === true
}
