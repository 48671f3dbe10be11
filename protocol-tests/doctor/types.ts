import type { StompOptions } from '../stomp/site.ts'
import type { Remedies } from './remedies.ts'

/** Error: some clients get no session, or lose messages. Warning: they get a worse transport, or none under load. Note: good to know. */
export type Severity = 'error' | 'warning' | 'note'

export const severities: readonly Severity[] = ['error', 'warning', 'note']

/** The worst finding of a check, or that it found nothing, or that it had nothing to examine. */
export type Verdict = 'healthy' | Severity | 'not tried'

export interface Finding {
  readonly code: string
  readonly severity: Severity
  /** What is wrong, in one sentence. */
  readonly title: string
  /** What was seen this time. */
  readonly detail: string
  /** The configuration lines that mend it, by product. */
  readonly remedies: Remedies
}

export interface CheckResult {
  readonly id: string
  readonly title: string
  readonly verdict: Verdict
  /** Why it was not tried. */
  readonly reason?: string
  readonly seen: readonly string[]
  readonly findings: readonly Finding[]
  readonly milliseconds: number
  /** The most milliseconds that the check may take. */
  readonly atMost: number
}

export interface Diagnosis {
  readonly url: string
  /** The SockJS service that was examined, as a URL; undefined where none was found. */
  readonly service?: string
  /** The product that names itself in its responses: its lines come first. */
  readonly product?: string
  readonly started: string
  readonly milliseconds: number
  /** The most milliseconds that the whole may take. */
  readonly atMost: number
  readonly verdict: Verdict
  /** No error and no warning. */
  readonly ok: boolean
  readonly totals: Readonly<Record<Severity, number>>
  readonly checks: readonly CheckResult[]
}

export interface DoctorProgress {
  readonly done: number
  readonly total: number
  readonly running: readonly string[]
  /** The check that has just ended. */
  readonly last?: CheckResult
  readonly milliseconds: number
  readonly atMost: number
}

export interface DoctorOptions {
  /** The origin of the pages, such as `https://app.example`; by default that of the URL. */
  readonly origin?: string
  /** Milliseconds for which silent connections are watched; 30,000 by default, 0 for not at all. */
  readonly idle?: number
  /** Examine STOMP too. */
  readonly stomp?: boolean
  /** The path of STOMP; by default the URL itself if it is a service, else `/stomp`. */
  readonly stompEndpoint?: string
  readonly stompOptions?: StompOptions
  /** Messages may be sent, because the service sends them back: by default only if its path ends with `echo`. */
  readonly echo?: boolean
  readonly onProgress?: (progress: DoctorProgress) => void
}
