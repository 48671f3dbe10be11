import type { Record } from './talk.ts'

/** The sums over the records of many sessions. */
export interface Figures {
  readonly sessions: number
  readonly complete: number
  readonly told: number
  readonly hanging: number
  readonly duplicates: number
  readonly gaps: number
  readonly unanswered: number
  /** The ends that clients were told of, each with its number of sessions. */
  readonly codes: string
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

export function figuresOf (records: readonly Record[]): Figures {
  const count = (outcome: Record['outcome']): number => records.filter((record) => record.outcome === outcome).length
  const told = new Map<string, number>()
  for (const { outcome, code, reason } of records) if (outcome === 'told') told.set(`${code} ${reason}`, (told.get(`${code} ${reason}`) ?? 0) + 1)
  return {
    sessions: records.length,
    complete: count('complete'),
    told: count('told'),
    hanging: count('hanging'),
    duplicates: sum(records.map(({ duplicates }) => duplicates)),
    gaps: sum(records.map(({ gaps }) => gaps)),
    unanswered: sum(records.map(({ unanswered }) => unanswered)),
    codes: [...told].map(([end, times]) => `${times} x ${end}`).join(', ')
  }
}

/** Writes the figures for the table. */
export function shown ({ sessions, complete, told, hanging, duplicates, gaps, unanswered, codes }: Figures): string {
  const troubles = [told > 0 && `told: ${codes}`, hanging > 0 && `${hanging} hang`, duplicates > 0 && `${duplicates} duplicates`, gaps > 0 && `${gaps} gaps`, unanswered > 0 && `${unanswered} requests without an answer`].filter(Boolean)
  return [`${complete} of ${sessions} complete`, ...troubles].join('; ')
}
