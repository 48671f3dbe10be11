import { catalogue } from '../catalogue.ts'
import { parseTarget } from '../client/target.ts'
import type { Target } from '../client/target.ts'
import { endpoint } from '../stomp/site.ts'
import { offersNothing, surveyStomp } from '../stomp/survey.ts'
import type { Survey } from '../stomp/survey.ts'
import type { CatalogueEntry, Options, Report } from '../types.ts'
import { UnreachableError, UsageError } from './errors.ts'
import { judge, resultOf, summarise } from './judge.ts'
import { stoppedServer } from './lost.ts'
import type { Attempt } from './lost.ts'
import { findEndpoints, isService, waitForServer } from './probe.ts'
import { schedule } from './schedule.ts'
import { select } from './select.ts'

export const defaults = { timeout: 5000, concurrency: 24, wait: 5000 } as const

/** Longer timers fire at once. */
const longest = 2 ** 31 - 1

/**
 * Judges the URL and the options, and chooses the cases.
 *
 * @throws UsageError
 */
export function checkRun (url: string, options: Options): { target: Target, selected: CatalogueEntry[] } {
  const target = parseTarget(url)
  if (target === undefined) throw new UsageError(`"${url}" is not an http or https URL`)
  const { search, hash, username, password } = new URL(url)
  if ([search, hash, username, password].some((part) => part !== '')) throw new UsageError(`"${url}" must have no query, no fragment and no credentials`)
  const { timeout = defaults.timeout, wait = defaults.wait, concurrency = defaults.concurrency } = options
  if (!(timeout > 0 && timeout <= longest)) throw new UsageError(`the time-out must be a number of milliseconds above zero, not ${timeout}`)
  if (!(wait >= 0 && wait <= longest)) throw new UsageError(`the time to wait must be a number of milliseconds, not ${wait}`)
  if (!(Number.isInteger(concurrency) && concurrency > 0)) throw new UsageError(`the concurrency must be a whole number above zero, not ${concurrency}`)
  return { target, selected: select(catalogue, options) }
}

export async function runConformance (url: string, options: Options = {}): Promise<Report> {
  const { target, selected } = checkRun(url, options)
  const timeout = options.timeout ?? defaults.timeout
  const names = options.endpoints ?? {}
  const started = Date.now()

  const head = { url, started: new Date(started).toISOString(), strict: options.strict ?? false }
  /** No case can be run: the report says so of each, for the file that was asked for. */
  const nothingRun = (error: UnreachableError, missing: string[] = [], leftOut: Report['leftOut'] = []): UnreachableError => {
    const results = selected.map((entry) => resultOf(entry, 'not run', { milliseconds: 0, reason: error.message }))
    error.report = summarise({ ...head, milliseconds: Date.now() - started, lost: true, unreachable: error.message, missing, leftOut, results })
    return error
  }

  const circumstances = await waitForServer(target, options.wait ?? defaults.wait)
    .then(async () => await explore(selected, { target, names, timeout }, options))
    .catch((error: unknown) => { throw error instanceof UnreachableError ? nothingRun(error) : error })
  const leftOut = await absentSuites(selected, circumstances, url)
  if (leftOut.length === new Set(selected.map(({ suite }) => suite)).size) {
    throw nothingRun(new UnreachableError(leftOut.map(({ reason }) => reason).join('\n')), circumstances.missing, leftOut)
  }
  const entries = options.suite === 'all' ? selected : selected.filter(({ suite }) => !leftOut.some((one) => one.suite === suite))

  const attempts = new Map<string, Attempt>()
  const running = new Set<string>()
  await schedule(entries, options.concurrency ?? defaults.concurrency, async (entry) => {
    running.add(entry.id)
    const attempt = await judge(entry, { ...circumstances, site: circumstances.survey?.site, lacking: (each) => lacking(each, circumstances) })
    attempts.set(entry.id, attempt)
    if (attempt.result.failure !== undefined && !circumstances.gone) {
      attempt.orphaned = await isGone(target, patience)
      circumstances.gone ||= attempt.orphaned
    }
    running.delete(entry.id)
    options.onProgress?.({ done: attempts.size, total: entries.length, running: [...running], last: attempt.result })
  })
  const lost = circumstances.gone || await isGone(target, 0)
  const inOrder = entries.flatMap((entry) => attempts.get(entry.id) ?? [])
  return summarise({
    ...head,
    milliseconds: Date.now() - started,
    lost,
    missing: circumstances.missing,
    leftOut: options.suite === 'all' ? [] : leftOut,
    ...(lost ? stoppedServer(inOrder) : { results: inOrder.map(({ result }) => result) })
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
  /** Something of SockJS is there. */
  sockjs: boolean
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
  const [endpoints, survey] = await Promise.all([
    findEndpoints(target, names, entries, timeout),
    stomp.length === 0 ? undefined : surveyStomp(question, options.stomp ?? {}, stomp)
  ])
  return { ...question, ...endpoints, survey, gone: false }
}

/** Suites for which the server has nothing at all. */
async function absentSuites (entries: readonly CatalogueEntry[], circumstances: Circumstances, url: string): Promise<Report['leftOut']> {
  const { missing, sockjs, names, survey } = circumstances
  const absent: Report['leftOut'] = []
  const wanting = entries.filter(({ suite }) => suite === 'sockjs')
  const nothingNeeded = wanting.every(({ needs }) => needs.some((endpoint) => missing.includes(endpoint)))
  if (wanting.length > 0 && (nothingNeeded || !sockjs)) {
    const wanted = [...new Set(wanting.flatMap(({ needs }) => needs))].sort().map((endpoint) => names[endpoint] ?? endpoint).join(', ')
    const found = nothingNeeded
      ? 'has none of the endpoints that the chosen cases need'
      : 'answers, but not as SockJS does, at any of the endpoints that the chosen cases need'
    absent.push({ suite: 'sockjs', reason: `${sockjs ? '' : 'no SockJS server here: '}${url} ${found}: ${wanted}${await hint(circumstances)}` })
  }
  if (survey !== undefined && offersNothing(survey)) {
    absent.push({ suite: 'stomp', reason: `${url} has no STOMP at ${names[endpoint] ?? endpoint}, neither over WebSocket nor over SockJS` })
  }
  return absent
}

/** People give the URL that their page gives to sockjs-client. */
async function hint ({ target, timeout }: Circumstances): Promise<string> {
  if (!await isService(target, timeout)) return ''
  const at = target.base.lastIndexOf('/')
  return `. ${target.origin}${target.base} is itself a SockJS service: give ${target.origin}${target.base.slice(0, at)} and --endpoint echo=${target.base.slice(at)}`
}

/** Why a case cannot be run against this server. */
function lacking (entry: CatalogueEntry, { missing, survey }: Circumstances): string | undefined {
  const endpoints = entry.needs.filter((endpoint) => missing.includes(endpoint))
  if (endpoints.length > 0) return `the server has no ${endpoints.join(', ')}`
  return entry.requires.map((name) => survey?.absent.get(name)).find((reason) => reason !== undefined)
}
