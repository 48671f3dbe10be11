import { catalogue } from '../catalogue.ts'
import { parseTarget } from '../client/target.ts'
import type { Target } from '../client/target.ts'
import type { CatalogueEntry, Failure, Options, Report, Result, Verdict } from '../types.ts'
import { Context } from './context.ts'
import { UnreachableError, UsageError } from './errors.ts'
import { Mismatch, NotApplicable } from './expect.ts'
import { missingEndpoints, waitForServer } from './probe.ts'
import { schedule } from './schedule.ts'
import { select } from './select.ts'

export const defaults = { timeout: 5000, concurrency: 24, wait: 5000 } as const

const mandatory = new Set(['S', 'Q', 'C'])

export async function runConformance (url: string, options: Options = {}): Promise<Report> {
  const target = parseTarget(url)
  if (target === undefined) throw new UsageError(`"${url}" is not an http or https URL`)
  const timeout = options.timeout ?? defaults.timeout
  const names = options.endpoints ?? {}
  const entries = select(catalogue, options)
  const started = Date.now()

  await waitForServer(target, options.wait ?? defaults.wait)
  const missing = await missingEndpoints(target, names, entries, timeout)
  if (entries.every((entry) => lacking(entry, missing).length > 0)) {
    throw new UnreachableError(`${url} has none of the endpoints that the chosen cases need: ${missing.map((endpoint) => names[endpoint] ?? endpoint).join(', ')}`)
  }

  const results = new Map<string, Result>()
  const running = new Set<string>()
  await schedule(entries, options.concurrency ?? defaults.concurrency, async (entry) => {
    running.add(entry.id)
    const last = await judge(entry, target, { names, missing, timeout })
    running.delete(entry.id)
    results.set(entry.id, last)
    options.onProgress?.({ done: results.size, total: entries.length, running: [...running], last })
  })
  const lost = await waitForServer(target, 0).then(() => false, () => true)
  const ordered = entries.flatMap((entry) => results.get(entry.id) ?? [])
  return summarise({ url, started: new Date(started).toISOString(), milliseconds: Date.now() - started, strict: options.strict ?? false, lost, missing, results: ordered })
}

function lacking (entry: CatalogueEntry, missing: readonly string[]): string[] {
  return entry.needs.filter((endpoint) => missing.includes(endpoint))
}

interface Circumstances {
  names: Readonly<Record<string, string>>
  missing: readonly string[]
  timeout: number
}

async function judge (entry: CatalogueEntry, target: Target, { names, missing, timeout }: Circumstances): Promise<Result> {
  const started = Date.now()
  const conclude = (verdict: Verdict, details: Partial<Result> = {}): Result => {
    const { id, title, suite, section, clause, level, transport } = entry
    const base = { id, title, suite, section, clause, level, verdict, milliseconds: Date.now() - started }
    return { ...base, ...(transport === undefined ? {} : { transport }), ...details }
  }
  const absent = lacking(entry, missing)
  if (absent.length > 0) return conclude('not applicable', { reason: `the server has no ${absent.join(', ')}` })
  try {
    await within(entry, new Context(target, names), timeout + (entry.patience ?? 0))
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

function summarise (report: Omit<Report, 'ok' | 'totals'>): Report {
  const totals: Record<Verdict, number> = { passed: 0, failed: 0, deviation: 0, 'not applicable': 0 }
  for (const { verdict } of report.results) totals[verdict] += 1
  const ok = !report.lost && totals.failed === 0 && (!report.strict || totals.deviation === 0)
  return { ...report, ok, totals }
}
