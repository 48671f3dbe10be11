import { catalogue } from '../catalogue.ts'
import { parseTarget } from '../client/target.ts'
import type { Target } from '../client/target.ts'
import { endpoint } from '../stomp/site.ts'
import { offersNothing, surveyStomp } from '../stomp/survey.ts'
import type { Survey } from '../stomp/survey.ts'
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
  const selected = select(catalogue, options)
  const started = Date.now()

  await waitForServer(target, options.wait ?? defaults.wait)
  const circumstances = await explore(selected, { target, names, timeout }, options)
  const leftOut = absentSuites(selected, circumstances, url)
  if (leftOut.length === new Set(selected.map(({ suite }) => suite)).size) {
    throw new UnreachableError(leftOut.map(({ reason }) => reason).join('\n'))
  }
  const entries = options.suite === 'all' ? selected : selected.filter(({ suite }) => !leftOut.some((one) => one.suite === suite))

  const results = new Map<string, Result>()
  const running = new Set<string>()
  await schedule(entries, options.concurrency ?? defaults.concurrency, async (entry) => {
    running.add(entry.id)
    const last = await judge(entry, circumstances)
    if (last.failure !== undefined && !circumstances.gone) circumstances.gone = await isGone(target, patience)
    running.delete(entry.id)
    results.set(entry.id, last)
    options.onProgress?.({ done: results.size, total: entries.length, running: [...running], last })
  })
  const lost = circumstances.gone || await isGone(target, 0)
  return summarise({
    url,
    started: new Date(started).toISOString(),
    milliseconds: Date.now() - started,
    strict: options.strict ?? false,
    lost,
    missing: circumstances.missing,
    leftOut: options.suite === 'all' ? [] : leftOut,
    results: entries.flatMap((entry) => results.get(entry.id) ?? [])
  })
}

interface Question {
  target: Target
  names: Readonly<Record<string, string>>
  timeout: number
}

interface Circumstances extends Question {
  /** Endpoints that the server does not have. */
  missing: string[]
  survey: Survey | undefined
  /** The server has stopped answering, and nothing more is asked of it. */
  gone: boolean
}

/** What failed may have ended the server, or met it at a bad moment. */
const patience = 1000

async function isGone (target: Target, milliseconds: number): Promise<boolean> {
  return await waitForServer(target, milliseconds).then(() => false, () => true)
}

async function explore (entries: readonly CatalogueEntry[], question: Question, options: Options): Promise<Circumstances> {
  const { target, names, timeout } = question
  const stomp = entries.filter(({ suite }) => suite === 'stomp')
  const [missing, survey] = await Promise.all([
    missingEndpoints(target, names, entries, timeout),
    stomp.length === 0 ? undefined : surveyStomp(question, options.stomp ?? {}, stomp)
  ])
  return { ...question, missing, survey, gone: false }
}

/** Suites for which the server has nothing at all. */
function absentSuites (entries: readonly CatalogueEntry[], { missing, names, survey }: Circumstances, url: string): { suite: string, reason: string }[] {
  const absent: { suite: string, reason: string }[] = []
  const sockjs = entries.filter(({ suite }) => suite === 'sockjs')
  if (sockjs.length > 0 && sockjs.every(({ needs }) => needs.some((endpoint) => missing.includes(endpoint)))) {
    const wanted = missing.map((endpoint) => names[endpoint] ?? endpoint).join(', ')
    absent.push({ suite: 'sockjs', reason: `${url} has none of the endpoints that the chosen cases need: ${wanted}` })
  }
  if (survey !== undefined && offersNothing(survey)) {
    absent.push({ suite: 'stomp', reason: `${url} has no STOMP at ${names[endpoint] ?? endpoint}, neither over WebSocket nor over SockJS` })
  }
  return absent
}

/** Why a case cannot be run against this server. */
function lacking (entry: CatalogueEntry, { missing, survey, gone }: Circumstances): string | undefined {
  if (gone) return 'the server had stopped answering'
  const endpoints = entry.needs.filter((endpoint) => missing.includes(endpoint))
  if (endpoints.length > 0) return `the server has no ${endpoints.join(', ')}`
  return entry.requires.map((name) => survey?.absent.get(name)).find((reason) => reason !== undefined)
}

async function judge (entry: CatalogueEntry, circumstances: Circumstances): Promise<Result> {
  const started = Date.now()
  const conclude = (verdict: Verdict, details: Partial<Result> = {}): Result => {
    const { id, title, suite, section, clause, level, transport } = entry
    const base = { id, title, suite, section, clause, level, verdict, milliseconds: Date.now() - started }
    return { ...base, ...(transport === undefined ? {} : { transport }), ...details }
  }
  const reason = lacking(entry, circumstances)
  if (reason !== undefined) return conclude('not applicable', { reason })
  const { target, names, survey, timeout } = circumstances
  try {
    await within(entry, new Context(target, names, survey?.site), timeout + (entry.patience ?? 0))
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
