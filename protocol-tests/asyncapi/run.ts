/** Judges an application's own API by its document. */
import { parseTarget } from '../client/target.ts'
import { Context } from '../runner/context.ts'
import { UnreachableError, UsageError } from '../runner/errors.ts'
import { judge, resultOf, summarise } from '../runner/judge.ts'
import type { JudgeCircumstances } from '../runner/judge.ts'
import { stoppedServer } from '../runner/lost.ts'
import type { Attempt } from '../runner/lost.ts'
import { waitForServer } from '../runner/probe.ts'
import { defaults } from '../runner/run.ts'
import { schedule } from '../runner/schedule.ts'
import { select } from '../runner/select.ts'
import { endpoint } from '../stomp/site.ts'
import type { CatalogueEntry, Options, Report } from '../types.ts'
import { checkDocument, loadDocument } from './document.ts'
import type { AsyncApi } from './document.ts'
import { connect } from './kit.ts'
import type { Access } from './kit.ts'
import { casesOf, planOf } from './plan.ts'

/** Options for the API of an application. */
export interface ApiOptions extends Omit<Options, 'suite' | 'transports' | 'endpoints'> {
  /** The path of STOMP; by default that of the document. */
  readonly stompEndpoint?: string
  /** Further headers of CONNECT, such as a token. */
  readonly connectHeaders?: Readonly<Record<string, string>>
}

/**
 * Runs the cases of a document against a server.
 *
 * @param document the document, its file or its URL
 * @throws UsageError, UnreachableError
 */
export async function runAsyncApi (url: string, document: string | AsyncApi, options: ApiOptions = {}): Promise<Report> {
  const target = parseTarget(url)
  if (target === undefined) throw new UsageError(`"${url}" is not an http or https URL`)
  const { timeout = defaults.timeout, stomp = {} } = options
  const api = typeof document === 'string' ? await loadDocument(document, timeout) : checkDocument(document)
  const { login, passcode, host = target.host } = stomp
  const plan = planOf(api, {
    ...wayOf(api),
    host,
    login: { ...login === undefined ? {} : { login }, ...passcode === undefined ? {} : { passcode }, ...options.connectHeaders }
  })
  const entries = select(casesOf(plan), options)
  const started = Date.now()
  const head = { url, started: new Date(started).toISOString(), strict: options.strict ?? false, missing: [], leftOut: [] }
  const circumstances: JudgeCircumstances & { gone: boolean } = {
    target, names: { [endpoint]: options.stompEndpoint ?? pathOf(api, target.base) }, timeout, site: undefined, gone: false, lacking: () => undefined
  }
  try {
    await waitForServer(target, options.wait ?? defaults.wait)
    await expectEntry(circumstances, plan.access)
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error
    const results = entries.map((entry) => resultOf(entry, 'not run', { milliseconds: 0, reason: error.message }))
    error.report = summarise({ ...head, milliseconds: Date.now() - started, lost: true, unreachable: error.message, results })
    throw error
  }
  const attempts = new Map<CatalogueEntry, Attempt>()
  const running = new Set<string>()
  await schedule(entries, options.concurrency ?? defaults.concurrency, async (entry) => {
    running.add(entry.id)
    const attempt = await judge(entry, circumstances)
    attempts.set(entry, attempt)
    if (attempt.result.failure !== undefined && !circumstances.gone) {
      attempt.orphaned = await waitForServer(target, 1000).then(() => false, () => true)
      circumstances.gone ||= attempt.orphaned
    }
    running.delete(entry.id)
    options.onProgress?.({ done: attempts.size, total: entries.length, running: [...running], last: attempt.result })
  })
  const inOrder = entries.flatMap((entry) => attempts.get(entry) ?? [])
  const lost = circumstances.gone
  return summarise({ ...head, milliseconds: Date.now() - started, lost, ...(lost ? stoppedServer(inOrder) : { results: inOrder.map(({ result }) => result) }) })
}

/** The way that the document has: a plain WebSocket, or SockJS where there is none. */
function wayOf ({ servers = {} }: AsyncApi): Pick<Access, 'carrier'> {
  const transports = Object.values(servers).map(({ protocol, 'x-stomp-transport': transport }) => transport ?? (protocol === 'ws' || protocol === 'wss' ? 'websocket' : 'other'))
  return { carrier: !transports.includes('websocket') && transports.includes('sockjs') ? 'sockjs' : 'websocket' }
}

/** The path of STOMP below the URL that was given. */
function pathOf ({ servers = {} }: AsyncApi, base: string): string {
  const server = Object.values(servers).find(({ protocol, 'x-stomp-transport': transport }) => transport === 'websocket' || protocol === 'ws' || protocol === 'wss') ??
    Object.values(servers).find(({ 'x-stomp-transport': transport }) => transport === 'sockjs')
  const path = server?.pathname ?? endpoint
  return base !== '' && path.startsWith(`${base}/`) ? path.slice(base.length) : path
}

/** A client that logs in as the options say must get in, or no case could say anything. */
async function expectEntry ({ target, names, timeout }: JudgeCircumstances, access: Access): Promise<void> {
  const t = new Context(target, names)
  const timer = setTimeout(() => t.expire(timeout), timeout)
  try {
    await connect(t, access)
  } catch (error) {
    const login = Object.keys(access.login).length === 0 ? 'without a login; --login, --passcode and --connect-header give one' : 'with this login'
    const reason = (error instanceof Error ? error.message : String(error)).replaceAll(/␊?\n/g, ' ').trim()
    throw new UnreachableError(`no STOMP client gets in at ${target.origin}${t.path(endpoint)} ${login} (${reason})`)
  } finally {
    clearTimeout(timer)
    t.close()
  }
}
