import type { Facts } from './facts.ts'
import type { RemedyName } from './remedies.ts'
import type { Severity } from './types.ts'
import type { Visit } from './visit.ts'

export interface FindingRow {
  readonly severity: Severity
  /** What is wrong, in one sentence that says what clients notice. */
  readonly title: string
  readonly remedy?: RemedyName
}

/** Where a check writes what it saw and what is wrong. */
export interface Notes<Code extends string> {
  saw: (text: string) => void
  find: (code: Code, detail: string) => void
}

export interface Check<Code extends string = string> {
  readonly id: string
  readonly title: string
  readonly needs: readonly Need[]
  /** The most milliseconds that it takes. */
  readonly atMost: (facts: Pick<Facts, 'options'>) => number
  readonly findings: Readonly<Record<Code, FindingRow>>
  run: (visit: Visit, notes: Notes<Code>) => Promise<void>
}

/** Types the codes of a check by its rows. */
export function check<Code extends string> (row: Check<Code>): Check {
  return row as unknown as Check
}

/** What a check needs, and why it is not tried where that is missing. */
export const needs = {
  service: ({ path }: Facts) => path === undefined ? 'there is no SockJS service to examine' : undefined,
  websocket: ({ info }: Facts) => info?.websocket === false ? '/info says that WebSocket is off' : undefined,
  idle: ({ options }: Facts) => options.idle === 0 ? 'switched off by --idle 0' : undefined,
  stomp: ({ options }: Facts) => options.stomp === true ? undefined : 'asked for by --stomp'
} as const satisfies Record<string, (facts: Facts) => string | undefined>

export type Need = keyof typeof needs

/** What any check finds where it cannot be finished. */
export const common = {
  'not-finished': { severity: 'error', title: 'A check could not be finished, because the answers broke off or made no sense.' }
} as const satisfies Record<string, FindingRow>
