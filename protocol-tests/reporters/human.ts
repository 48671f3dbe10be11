import type { Progress, Report, Result } from '../types.ts'
import { countOf, describeFailure, describeLoss, describeTotals, fails, idsByReason, seconds, unjudged } from './describe.ts'

const marks = { passed: '✓', failed: '✗', deviation: '~', 'not applicable': '-', 'not run': '·' } as const

/** More cases than these are counted and not named; those that ran when a server died are as many as ran at a time. */
const few = 24

export function describeResult (result: Result): string {
  const head = `${marks[result.verdict]} ${result.id}  ${result.title}  (${result.level}, ${result.clause})`
  return result.failure === undefined ? head : `${head}\n${describeFailure(result.failure)}`
}

/** The API of an application is told operation by operation, with each case. */
function operations (results: readonly Result[]): string[] {
  const sections = new Set(results.map(({ section }) => section))
  return [...sections].flatMap((section) => {
    const own = results.filter((result) => result.section === section)
    return [`${section}  ${section === 'document' ? '' : own[0]?.clause ?? ''}`.trimEnd(), ...own.map((result) => {
      const head = `  ${marks[result.verdict]} ${result.id.slice(section.length + 1)}  ${result.title}`
      if (result.failure !== undefined) return `${head}\n${describeFailure(result.failure, '      ')}`
      return result.reason === undefined ? head : `${head}\n      ${result.verdict}: ${result.reason}`
    }), '']
  })
}

export function human (report: Report): string {
  const api = report.results.filter(({ suite }) => suite === 'asyncapi')
  if (api.length > 0 && !report.lost) return [...operations(api), `${report.url}: ${describeTotals(report)} in ${seconds(report.milliseconds)}`, apiConclusion(report)].join('\n') + '\n'
  const told = report.results.filter(({ verdict }) => verdict === 'failed' || verdict === 'deviation')
  const lines = told.map((result) => describeResult(result))
  if (lines.length > 0) lines.push('')
  for (const verdict of unjudged) {
    for (const [reason, ids] of idsByReason(report, verdict)) lines.push(`${marks[verdict]} ${verdict}, ${reason}: ${ids.length <= few ? ids.join(', ') : countOf(ids)}`)
  }
  for (const { suite, reason } of report.leftOut) lines.push(`- the suite ${suite} was not run: ${reason}`)
  lines.push(`${report.url}: ${describeTotals(report)} in ${seconds(report.milliseconds)}`)
  if (report.totals.deviation > 0 && !report.strict) lines.push('Deviations are from decisions of this project and from prose that no suite pins; --strict makes them fail.')
  lines.push(conclusion(report))
  return lines.join('\n') + '\n'
}

function apiConclusion ({ ok, results }: Report): string {
  const failing = new Set(results.filter(({ verdict }) => verdict === 'failed').map(({ section }) => section))
  return ok ? 'The server does what its document says.' : `The server and its document differ in ${[...failing].join(', ')}.`
}

function conclusion (report: Report): string {
  const { ok, strict, results } = report
  const loss = describeLoss(report)
  if (loss !== undefined) return loss
  return ok ? 'The server conforms.' : `The server fails ${results.filter((result) => fails(result, strict)).length} of ${results.length} cases.`
}

/** One line that is written over itself, and nothing where there is no terminal. */
export function liveLine (terminal: NodeJS.WriteStream): { write: (line: string) => void, clear: () => void } {
  const put = (text: string): void => { if (terminal.isTTY) terminal.write(`\r\u001b[K${text}`) }
  return { write: (line) => put(line.slice(0, (terminal.columns ?? 80) - 1)), clear: () => put('') }
}

/** The state of a run on such a line. */
export function liveProgress (terminal: NodeJS.WriteStream): { show: (progress: Progress) => void, clear: () => void } {
  const live = liveLine(terminal)
  return {
    clear: live.clear,
    show ({ done, total, running, last }) {
      const waiting = done < total ? `waiting for ${running.slice(0, 3).join(', ')}${running.length > 3 ? ' …' : ''}` : ''
      live.write(`[${done}/${total}] ${marks[last.verdict]} ${last.id}  ${waiting}`)
    }
  }
}
