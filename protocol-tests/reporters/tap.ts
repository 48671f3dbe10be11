import type { Report } from '../types.ts'
import { describeFailure, describeLoss, describeTotals, fails, seconds } from './describe.ts'

const escape = (text: string): string => text.replaceAll('#', '\\#')

export function tap (report: Report): string {
  const lines = ['TAP version 14', `1..${report.results.length}`]
  report.results.forEach((result, index) => {
    const unjudged = result.verdict === 'not applicable' || result.verdict === 'not run'
    const directive = unjudged
      ? ` # SKIP ${result.verdict}: ${result.reason ?? ''}`
      : result.verdict === 'deviation' && !report.strict ? ' # TODO deviation' : ''
    const ok = result.verdict === 'passed' || unjudged
    lines.push(`${ok ? 'ok' : 'not ok'} ${index + 1} - ${escape(`${result.id} ${result.title}`)}${directive}`)
    if (result.failure !== undefined) {
      lines.push('  ---', `  severity: ${fails(result, report.strict) ? 'fail' : 'todo'}`, `  clause: ${JSON.stringify(result.clause)}`, '  message: |', describeFailure(result.failure, '    '), '  ...')
    }
  })
  lines.push(`# ${describeTotals(report)} in ${seconds(report.milliseconds)}`)
  // A run that was cut off must not count as passed because its cases were skipped.
  const loss = describeLoss(report)
  if (loss !== undefined) lines.push(`Bail out! ${loss.replaceAll('\n', ' ')}`)
  return lines.join('\n') + '\n'
}
