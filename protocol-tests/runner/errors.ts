import type { Report } from '../types.ts'

/** The options make no sense; exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** There is nothing to judge at the URL. */
export class UnreachableError extends Error {
  override name = 'UnreachableError'
  /** The report of the run, in which no case was run. */
  report: Report | undefined
}
