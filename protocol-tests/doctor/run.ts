import { UsageError } from '../runner/errors.ts'
import { parseTarget } from '../client/target.ts'
import type { Target } from '../client/target.ts'
import { checks, stages } from './checks/index.ts'
import { common, needs } from './check.ts'
import type { Check, FindingRow, Notes } from './check.ts'
import { defaultIdle, newFacts } from './facts.ts'
import type { Facts } from './facts.ts'
import { placed } from './placed.ts'
import { remedies } from './remedies.ts'
import { severities } from './types.ts'
import type { CheckResult, Diagnosis, DoctorOptions, Finding, Verdict } from './types.ts'
import { attempt, byTheWall, Visit } from './visit.ts'

/** The time that a check has to give up when its own is over. */
const grace = 250

/** A watch of more than an hour is a mistake. */
const longestIdle = 3_600_000

/**
 * Judges the URL and the options.
 *
 * @throws UsageError
 */
export function checkVisit (url: string, options: DoctorOptions): Target {
  const target = parseTarget(url)
  if (target === undefined) throw new UsageError(`"${url}" is not an http or https URL`)
  const { search, hash, username, password } = new URL(url)
  if ([search, hash, username, password].some((part) => part !== '')) throw new UsageError(`"${url}" must have no query, no fragment and no credentials`)
  const { origin, idle = defaultIdle } = options
  if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).origin !== origin)) throw new UsageError(`"${origin}" is not an origin such as https://app.example`)
  if (!(idle >= 0 && idle <= longestIdle)) throw new UsageError(`the time to watch silent connections must be between 0 and ${longestIdle / 1000} seconds`)
  return target
}

/** The most milliseconds that the whole may take: the stages one after the other, each as long as its longest check. */
export function boundOf (options: DoctorOptions): number {
  const facts = { options: { ...options, idle: options.idle ?? defaultIdle } }
  const tried = ({ id, atMost }: Check): number => (id === 'idle' && facts.options.idle === 0) || (id === 'stomp' && options.stomp !== true) ? 0 : atMost(facts) + grace
  return stages.reduce((sum, stage) => sum + Math.max(...stage.map(tried)), 0)
}

/**
 * Examines what stands between clients and a SockJS server.
 *
 * It never rejects for what the server does, and never takes longer than `boundOf` says.
 *
 * @throws UsageError
 */
export async function diagnose (url: string, options: DoctorOptions = {}): Promise<Diagnosis> {
  const facts = newFacts(checkVisit(url, options), options)
  const atMost = boundOf(options)
  const started = Date.now()
  const results = new Map<string, CheckResult>()
  const running = new Set<string>()
  const tell = (last?: CheckResult): void => options.onProgress?.({
    done: results.size, total: checks.length, running: [...running], milliseconds: Date.now() - started, atMost, ...(last === undefined ? {} : { last })
  })
  for (const stage of stages) {
    await Promise.all(stage.map(async (check) => {
      running.add(check.id)
      tell()
      const result = await examine(check, facts)
      running.delete(check.id)
      results.set(check.id, result)
      tell(result)
    }))
  }
  const inOrder = checks.flatMap(({ id }) => results.get(id) ?? [])
  return summarise(url, facts, { started: new Date(started).toISOString(), milliseconds: Date.now() - started, atMost }, inOrder)
}

async function examine (check: Check, facts: Facts): Promise<CheckResult> {
  const started = performance.now()
  const seen: string[] = []
  const findings: Finding[] = []
  const { id, title } = check
  const atMost = check.atMost(facts)
  const reason = check.needs.map((need) => needs[need](facts)).find((text) => text !== undefined)
  if (reason !== undefined) return { id, title, verdict: 'not tried', reason, seen, findings, milliseconds: 0, atMost }
  let open = true
  const notes: Notes<string> = {
    saw (text) { if (open) seen.push(text) },
    find (code, detail) {
      const row: FindingRow = check.findings[code] ?? common[code as keyof typeof common]
      if (open) findings.push({ code, severity: row.severity, title: row.title, detail, remedies: row.remedy === undefined ? {} : placed(remedies[row.remedy], facts) })
    }
  }
  const visit = new Visit(facts)
  const outcome = await attempt(check.run(visit, notes), atMost, byTheWall)
  // Nothing that still waits may write on.
  if (outcome.trouble !== undefined) notes.find('not-finished', outcome.trouble === 'slow' ? `not finished within ${atMost / 1000} s` : outcome.problem)
  open = false
  visit.context.close()
  return { id, title, verdict: worst(findings), seen, findings: merged(findings), milliseconds: Math.round(performance.now() - started), atMost }
}

function worst (findings: readonly Finding[]): Verdict {
  return severities.find((severity) => findings.some((finding) => finding.severity === severity)) ?? 'healthy'
}

/** Details that differ only in the name before the colon become one: `xhr-streaming, eventsource: …`. */
function joined (details: readonly string[]): string {
  const names = new Map<string, string[]>()
  for (const detail of details) {
    const [, name = '', rest = detail] = /^([a-z-]+): (.*)$/s.exec(detail) ?? []
    names.set(rest, [...names.get(rest) ?? [], name])
  }
  return [...names].map(([rest, [first = '', ...others]]) => first === '' ? rest : `${[first, ...others].join(', ')}: ${rest}`).join('\n')
}

/** One finding for each code: three streams that are held back have one cause. */
function merged (findings: readonly Finding[]): Finding[] {
  const codes = [...new Set(findings.map(({ code }) => code))]
  return codes.flatMap((code) => {
    const [first, ...others] = findings.filter((finding) => finding.code === code)
    return first === undefined ? [] : [{ ...first, detail: joined([first, ...others].map(({ detail }) => detail)) }]
  })
}

function summarise (url: string, { path, target, product }: Facts, times: Pick<Diagnosis, 'started' | 'milliseconds' | 'atMost'>, results: readonly CheckResult[]): Diagnosis {
  const findings = results.flatMap((result) => result.findings)
  const count = (wanted: string): number => findings.filter(({ severity }) => severity === wanted).length
  const totals = { error: count('error'), warning: count('warning'), note: count('note') }
  return {
    url,
    ...(path === undefined ? {} : { service: target.origin + path }),
    ...(product === undefined ? {} : { product }),
    ...times,
    verdict: worst(findings),
    ok: totals.error === 0 && totals.warning === 0,
    totals,
    checks: results
  }
}
