import type { CarrierName } from './client/stomp-carriers.ts'
import type { Transport } from './client/transports.ts'
import type { Context } from './runner/context.ts'
import type { Feature, Foundation, StompOptions } from './stomp/site.ts'

/**
 * Where a rule comes from. S: the official suite, or a MUST of the STOMP specification. Q: the suite's separate test of
 * HTTP quirks. C: known clients need it, or a SHOULD of the STOMP specification. P: the prose of the protocol.
 * D: a decision of this project.
 */
export type Level = 'S' | 'Q' | 'C' | 'P' | 'D'

export interface Case {
  /** The row of the rule, and a suffix where a row has several cases: `CORS-1.info`. */
  id: string
  /** What must hold, in one line. */
  title: string
  level: Level
  /** Endpoints that the case talks to, as the demo server names them; `/echo` unless it says otherwise. */
  needs?: readonly string[]
  transport?: Transport | CarrierName
  /** What the server must have besides. */
  requires?: readonly (Feature | Foundation)[]
  /** Other rows that this case shows too. */
  also?: readonly string[]
  /** Milliseconds that the case spends waiting for the server's own timers; added to the time limit. */
  patience?: number
  /** No other case may use the same endpoints meanwhile. */
  alone?: boolean
  run: (context: Context) => Promise<void>
}

export interface Section {
  /** Name of the file, and of the group in reports. */
  name: string
  title: string
  /** The test of the official suite, or the heading of the specification, that S rows of this section stand in. */
  source: string
  /** The transport of every case of the section that names none. */
  transport?: Transport
  cases: readonly Case[]
}

export interface Suite {
  name: string
  title: string
  sections: readonly Section[]
  notBlackBox: readonly NotBlackBox[]
  /** What each level's rules are quoted from; S rows add the section's source. */
  clauses: Readonly<Record<Level, string>>
}

/** A rule that cannot be seen from outside, with the reason. */
export interface NotBlackBox {
  row: string
  rule: string
  reason: string
}

/** A case with everything that its section and suite say about it. */
export interface CatalogueEntry extends Case {
  suite: string
  section: string
  clause: string
  needs: readonly string[]
  requires: readonly (Feature | Foundation)[]
}

/** `not run`: the server was not there, or stopped answering before the case had its answer. */
export type Verdict = 'passed' | 'failed' | 'deviation' | 'not applicable' | 'not run'

export interface Failure {
  what: string
  expected?: string
  received?: string
}

export interface Result {
  id: string
  title: string
  suite: string
  section: string
  clause: string
  level: Level
  transport?: Transport | CarrierName
  verdict: Verdict
  /** Why the case is not applicable, or was not run. */
  reason?: string
  failure?: Failure
  milliseconds: number
}

export interface Report {
  url: string
  started: string
  milliseconds: number
  strict: boolean
  ok: boolean
  totals: Record<Verdict, number>
  /** The server stopped answering before the end, or never answered. */
  lost: boolean
  /** Why no case was run: no server answers, or none that any case could judge. */
  unreachable?: string
  /** The case that wrote to the server last before it stopped answering; it stands first in `results`. */
  stoppedDuring?: string
  /** Endpoints that the server lacks. */
  missing: string[]
  /** Suites that were not run, for the server has nothing that they could judge. */
  leftOut: { suite: string, reason: string }[]
  results: Result[]
}

export interface Progress {
  done: number
  total: number
  running: readonly string[]
  last: Result
}

export interface Options {
  only?: readonly string[]
  skip?: readonly string[]
  transports?: readonly (Transport | CarrierName)[]
  /** Which suites to run: by default those for which the server has something. */
  suite?: 'sockjs' | 'stomp' | 'all'
  /** The STOMP server behind the endpoint `/stomp`. */
  stomp?: StompOptions
  /** Milliseconds that one case may take, its patience not counted; 5,000 by default. */
  timeout?: number
  /** Cases that run at the same time; 24 by default. */
  concurrency?: number
  /** Milliseconds to wait for a server that is starting; 5,000 by default. */
  wait?: number
  /** P and D rows fail the run too. */
  strict?: boolean
  /** Other names for endpoints: `{ '/echo': '/my/echo' }`. */
  endpoints?: Readonly<Record<string, string>>
  onProgress?: (progress: Progress) => void
}
