import { type Hints, plainObject } from '../core/check.ts'
import { shown, unknownName } from '../core/suggestion.ts'
import type { FrameHeaders } from './codec/index.ts'
import { type ClientDestination, covers, type DestinationParser, matchesPattern, overlaps, patternProblem } from './destinations.ts'
import { StompError, stompErrors } from './errors.ts'
import type { StompSession } from './session/stomp-session.ts'

/** The action of a client that a rule allows or denies. */
export type RuleType = 'connect' | 'subscribe' | 'send'

/** The subject of a rule: the action of a client. */
export interface RuleSubject {
  /** The action. */
  readonly type: RuleType
  /** The destination, which is the empty string for `connect`. */
  readonly destination: string
  /** The headers of the frame. */
  readonly headers: FrameHeaders
}

/** The clients that a rule allows: all, all with a user, or each for which the function returns true. */
export type Permission = 'all' | 'authenticated' | ((session: StompSession, subject: RuleSubject) => boolean | Promise<boolean>)

/**
 * One rule. The first rule that fits decides. Where there are rules and none fits, the client is refused. `destination` is a pattern:
 * `*` stands for one segment, `**` at the end for the rest.
 */
export interface Rule {
  /** The action. Default: any. */
  readonly type?: RuleType
  /** The destinations. Default: any, except for a SEND to a user, `/user/<name>/`, which the rule must name. */
  readonly destination?: string | readonly string[]
  /** The clients that the rule allows. */
  readonly allow?: Permission
  /** Denies all clients. */
  readonly deny?: 'all'
}

interface CompiledRule {
  readonly type: RuleType | undefined
  readonly patterns: readonly (readonly string[])[] | null
  readonly allow: Permission | null
}

/** The clients that rules allow at a destination. `custom` is decided while the application runs. */
export type Access = 'all' | 'authenticated' | 'custom' | 'none'

export class Rules {
  readonly #rules: readonly CompiledRule[]
  readonly #destinations: DestinationParser

  /** @throws FST_STOMP_INVALID_OPTION */
  constructor (rules: readonly Rule[], destinations: DestinationParser) {
    this.#destinations = destinations
    this.#rules = rules.map((rule) => this.#compile(rule))
  }

  /** True where the application has no rules, so that everything is allowed. */
  get empty (): boolean { return this.#rules.length === 0 }

  /**
   * Asks the rules about a frame. CONNECT has no destination.
   *
   * @throws StompError STOMP_ACCESS_REFUSED
   */
  async check (session: StompSession, type: RuleType, headers: FrameHeaders, destination: ClientDestination | null): Promise<void> {
    if (this.empty) return
    const subject: RuleSubject = { type, destination: destination?.name ?? '', headers }
    for (const rule of this.#rules) {
      if (rule.type !== undefined && rule.type !== type) continue
      if (!fits(rule, type, destination)) continue
      if (rule.allow !== null && await permits(rule.allow, session, subject)) return
      break
    }
    throw new StompError('STOMP_ACCESS_REFUSED')
  }

  /** Tells which clients may do something at all destinations that fit a pattern. CONNECT has no pattern. */
  accessTo (type: RuleType, pattern: readonly string[] | null): Access {
    if (this.empty) return 'all'
    for (const rule of this.#rules) {
      if (rule.type !== undefined && rule.type !== type) continue
      if (rule.patterns !== null) {
        if (pattern === null || !rule.patterns.some((each) => overlaps(each, pattern))) continue
        // The rule fits some of the destinations, so that their parameters decide.
        if (!rule.patterns.some((each) => covers(each, pattern))) return 'custom'
      }
      if (rule.allow === null) return 'none'
      return typeof rule.allow === 'function' ? 'custom' : rule.allow
    }
    return 'none'
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
    if (type !== undefined && !TYPES.has(type)) throw invalid(`type must be connect, subscribe or send, not ${shown(type)}`)
    if ((allow === undefined) === (deny === undefined)) throw invalid('each rule has either allow or deny')
    if (deny !== undefined && deny !== 'all') throw invalid(`deny must be 'all', not ${shown(deny)}`)
    if (allow !== undefined && allow !== 'all' && allow !== 'authenticated' && typeof allow !== 'function') {
      throw invalid(`allow must be 'all', 'authenticated' or a function, not ${shown(allow)}`)
    }
    const patterns = destination === undefined ? null : [destination].flat().map((pattern) => this.#pattern(pattern))
    return { type, patterns, allow: allow ?? null }
  }

  #pattern (pattern: string): readonly string[] {
    const wrong = patternProblem(pattern, this.#destinations)
    if (wrong !== null) throw invalid(wrong)
    return this.#destinations.parse(pattern).segments
  }
}

const FIELDS: ReadonlySet<string> = new Set<keyof Rule>(['type', 'destination', 'allow', 'deny'])
const FIELD_HINTS: Hints = { destinations: 'write destination, with a list', path: 'write destination', user: 'write allow, with a function', roles: 'write allow, with a function' }
const TYPES: ReadonlySet<string> = new Set<RuleType>(['connect', 'subscribe', 'send'])

function invalid (problem: string): Error {
  return new stompErrors.InvalidOption('rules', problem)
}

/**
 * Tells whether a rule fits a frame. A subscription with wildcards is allowed only where the rule grants all of it, and denied where
 * it touches any part (SEC-S64). In a SEND, wildcards are text.
 */
function fits ({ patterns, allow }: CompiledRule, type: RuleType, destination: ClientDestination | null): boolean {
  // A rule that names no destination never allows a client to reach other users.
  if (patterns === null) return allow === null || type !== 'send' || destination?.owner !== 'user'
  if (destination === null) return false
  const relation = type === 'send' ? matchesPattern : allow === null ? overlaps : covers
  return patterns.some((pattern) => relation(pattern, destination.segments))
}

async function permits (permission: Permission, session: StompSession, subject: RuleSubject): Promise<boolean> {
  if (permission === 'all') return true
  if (permission === 'authenticated') return session.user !== null
  // Later messages share the headers of a SEND, and a function of the application may change them.
  const own = subject.type === 'send' ? { ...subject, headers: subject.headers.copy() } : subject
  return await permission(session, own) === true
}
