import type { Target } from '../client/target.ts'
import type { StompSite } from '../stomp/site.ts'
import type { CatalogueEntry, Failure, Report, Result, Verdict } from '../types.ts'
import { Context } from './context.ts'
import { Mismatch, NotApplicable } from './expect.ts'
import type { Attempt } from './lost.ts'

const mandatory = new Set(['S', 'Q', 'C'])

/** What a case runs in. */
export interface JudgeCircumstances {
  readonly target: Target
  readonly names: Readonly<Record<string, string>>
  readonly timeout: number
  readonly site: StompSite | undefined
  /** The server has stopped answering, and nothing more is asked of it. */
  readonly gone: boolean
  /** Why a case cannot be run against this server. */
  readonly lacking: (entry: CatalogueEntry) => string | undefined
}

export function resultOf ({ id, title, suite, section, clause, level, transport }: CatalogueEntry, verdict: Verdict, details: Partial<Result> & Pick<Result, 'milliseconds'>): Result {
  return { id, title, suite, section, clause, level, verdict, ...(transport === undefined ? {} : { transport }), ...details }
}

/** Runs one case, and says what came of it. */
export async function judge (entry: CatalogueEntry, circumstances: JudgeCircumstances): Promise<Attempt> {
  const { target, names, site, timeout, gone } = circumstances
  const started = Date.now()
  const context = new Context(target, names, site)
  const conclude = (verdict: Verdict, details: Partial<Result> = {}): Attempt => ({
    result: resultOf(entry, verdict, { milliseconds: Date.now() - started, ...details }),
    writes: context.writes,
    finished: performance.now(),
    orphaned: false
  })
  if (gone) return conclude('not run', { reason: 'the server had stopped answering' })
  const reason = circumstances.lacking(entry)
  if (reason !== undefined) return conclude('not applicable', { reason })
  try {
    await within(entry, context, timeout + (entry.patience ?? 0))
    return conclude('passed')
  } catch (error) {
    if (error instanceof NotApplicable) return conclude('not applicable', { reason: error.message })
    return conclude(mandatory.has(entry.level) ? 'failed' : 'deviation', { failure: failureOf(error) })
  }
}

/** A case that hangs is given up; its connections tell their readers first, so that the report says what was missing. */
async function within (entry: CatalogueEntry, context: Context, limit: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  try {
    await Promise.race([
      entry.run(context),
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          context.expire(limit)
          timer = setTimeout(reject, 100, new Error(`not finished within ${limit} ms`))
        }, limit)
      })
    ])
  } finally {
    clearTimeout(timer)
    context.close()
  }
}

function failureOf (error: unknown): Failure {
  if (error instanceof Mismatch) return { what: error.what, expected: error.expected, received: error.received }
  return { what: error instanceof Error ? error.message : String(error) }
}

export function summarise (report: Omit<Report, 'ok' | 'totals'>): Report {
  const totals: Record<Verdict, number> = { passed: 0, failed: 0, deviation: 0, 'not applicable': 0, 'not run': 0 }
  for (const { verdict } of report.results) totals[verdict] += 1
  const ok = !report.lost && totals.failed === 0 && (!report.strict || totals.deviation === 0)
  return { ...report, ok, totals }
}
