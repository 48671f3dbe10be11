import { catalogue } from '../catalogue.ts'
import type { Fault, Outcome } from './types.ts'

export interface Score {
  faults: (Outcome & { row: string, breaks: string })[]
  caught: number
  total: number
  percent: number
  /** Ids of the faults that no case noticed. */
  missed: string[]
  /** Ids of the cases that no fault made fail. */
  unseen: string[]
  cases: number
  /** Cases that fail against the correct server too. */
  control: string[]
}

/** A fault is caught when a case that should notice it fails, and passes with the correct server. */
export function scoreOf (faults: readonly Fault[], outcomes: readonly Outcome[], control: readonly string[], suites: readonly string[]): Score {
  const sound = (id: string): boolean => !control.includes(id)
  const judged = outcomes.flatMap((outcome) => faults.filter(({ id }) => id === outcome.id).map(({ row, breaks }) =>
    ({ ...outcome, caught: outcome.caught.filter(sound), also: outcome.also.filter(sound), row, breaks })))
  const seen = new Set(judged.flatMap(({ caught }) => caught))
  const cases = catalogue.filter(({ suite }) => suites.includes(suite))
  const missed = judged.filter(({ caught }) => caught.length === 0).map(({ id }) => id)
  const caught = judged.length - missed.length
  return {
    faults: judged,
    caught,
    total: judged.length,
    percent: Math.floor(caught / judged.length * 1000) / 10,
    missed,
    unseen: cases.filter(({ id }) => !seen.has(id)).map(({ id }) => id),
    cases: cases.length,
    control: [...control]
  }
}
