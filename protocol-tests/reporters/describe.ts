import type { Failure, Report, Result, Verdict } from '../types.ts'

/** A failure over several lines: what was looked at, what should have come, what came. */
export function describeFailure ({ what, expected, received }: Failure, indent = '    '): string {
  const lines = [what]
  if (expected !== undefined) lines.push(...labelled('expected', expected))
  if (received !== undefined) lines.push(...labelled('received', received))
  return lines.map((line) => indent + line).join('\n')
}

function labelled (label: string, text: string): string[] {
  const lines = text.replace(/\n$/, '').split('\n')
  return lines.map((line, index) => `${index === 0 ? `${label}:` : ' '.repeat(label.length + 1)} ${line}`)
}

export function seconds (milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

/** Counts in words: `381 passed, 2 failed, 5 deviations, 12 not applicable, 3 not run`. */
export function describeTotals ({ totals }: Report): string {
  const parts = [`${totals.passed} passed`]
  if (totals.failed > 0) parts.push(`${totals.failed} failed`)
  if (totals.deviation > 0) parts.push(`${totals.deviation} ${totals.deviation === 1 ? 'deviation' : 'deviations'}`)
  if (totals['not applicable'] > 0) parts.push(`${totals['not applicable']} not applicable`)
  if (totals['not run'] > 0) parts.push(`${totals['not run']} not run`)
  return parts.join(', ')
}

/** Whether this result fails the run. */
export function fails (result: Result, strict: boolean): boolean {
  return result.verdict === 'failed' || (strict && result.verdict === 'deviation')
}

/** Verdicts without a judgement: the case gives a reason. */
export const unjudged = ['not applicable', 'not run'] as const

/** Results that share a verdict and a reason are told together. */
export function idsByReason ({ results }: Report, wanted: Verdict): Map<string, string[]> {
  const reasons = new Map<string, string[]>()
  for (const { verdict, reason = '', id } of results) {
    if (verdict === wanted) reasons.set(reason, [...reasons.get(reason) ?? [], id])
  }
  return reasons
}

export const countOf = ({ length }: readonly string[]): string => `${length} ${length === 1 ? 'case' : 'cases'}`

/** Why a run did not come to its end; undefined where it did. */
export function describeLoss ({ lost, unreachable, stoppedDuring, results }: Report): string | undefined {
  if (!lost) return undefined
  if (unreachable !== undefined) return `No case was run: ${unreachable}.`
  const cut = results.filter(({ verdict }) => verdict === 'not run').length
  const rest = `${cut} ${cut === 1 ? 'case was' : 'cases were'} not run.`
  return stoppedDuring === undefined
    ? `The server stopped answering before the end of the run. ${rest}`
    : `The server stopped answering before the end of the run, during ${stoppedDuring}. ${rest} To try that case alone: --only ${stoppedDuring}`
}
