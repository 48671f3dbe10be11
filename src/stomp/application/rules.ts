import type { FrameHeaders } from '../codec/index.ts'
import { StompError, stompErrors } from '../errors.ts'
import type { StompSession } from '../session/stomp-session.ts'

/** What a client wants to do. */
export type RuleType = 'connect' | 'subscribe' | 'send'

/** What a rule decides about. */
export interface RuleSubject {
  readonly type: RuleType
  /** The empty string for `connect`. */
  readonly destination: string
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
  readonly allow?: Permission
  readonly deny?: 'all'
}

interface CompiledRule {
  readonly type: RuleType | undefined
  readonly patterns: readonly string[][] | null
  readonly allow: Permission | null
}

export class Rules {
  readonly #rules: readonly CompiledRule[]
  readonly #separator: RegExp

  /** @throws FST_STOMP_INVALID_OPTION */
  constructor (rules: readonly Rule[], separator: '/' | '.') {
    this.#separator = separator === '.' ? /[/.]/ : /\//
    this.#rules = rules.map((rule) => this.#compile(rule))
  }

  /** Whether nothing was said, so that everything is allowed. */
  get empty (): boolean { return this.#rules.length === 0 }

  /** @throws StompError STOMP_ACCESS_REFUSED */
  async check (session: StompSession, subject: RuleSubject): Promise<void> {
    if (this.empty) return
    const segments = subject.destination.split(this.#separator)
    for (const rule of this.#rules) {
      if (rule.type !== undefined && rule.type !== subject.type) continue
      if (!fits(rule, subject, segments)) continue
      if (rule.allow !== null && await permits(rule.allow, session, subject)) return
      break
    }
    throw new StompError('STOMP_ACCESS_REFUSED')
  }

  #compile (rule: Rule): CompiledRule {
    if ((rule.allow === undefined) === (rule.deny === undefined)) throw new stompErrors.InvalidOption('rules', 'each rule has either allow or deny')
    const { allow } = rule
    if (allow !== undefined && allow !== 'all' && allow !== 'authenticated' && typeof allow !== 'function') {
      throw new stompErrors.InvalidOption('rules', 'allow must be \'all\', \'authenticated\' or a function')
    }
    const given = rule.destination === undefined ? null : [rule.destination].flat()
    if (given !== null && given.some((pattern) => typeof pattern !== 'string' || !pattern.startsWith('/'))) {
      throw new stompErrors.InvalidOption('rules', 'a destination must be text that begins with /')
    }
    return { type: rule.type, patterns: given === null ? null : given.map((pattern) => pattern.split(this.#separator)), allow: allow ?? null }
  }
}

/** SEC-S64: a subscription with wildcards is allowed only where the rule grants all of it, and denied where it touches any. */
function fits (rule: CompiledRule, subject: RuleSubject, segments: readonly string[]): boolean {
  // To reach other users is never meant by a rule that names no destination.
  if (rule.patterns === null) return rule.allow === null || subject.type !== 'send' || !subject.destination.startsWith('/user/')
  if (subject.type === 'connect') return false
  const relation = rule.allow === null && subject.type === 'subscribe' ? overlaps : covers
  return rule.patterns.some((pattern) => relation(pattern, segments))
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
