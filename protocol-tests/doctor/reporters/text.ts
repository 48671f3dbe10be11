import { liveLine } from '../../reporters/human.ts'
import { seconds } from '../../reporters/describe.ts'
import type { CheckResult, Diagnosis, DoctorProgress, Verdict } from '../types.ts'
import { conclusion, describeTotals, findingsOf, nameOf, remediesOf } from './order.ts'
import type { Told } from './order.ts'

export const marks: Readonly<Record<Verdict, string>> = { healthy: '✓', error: '✗', warning: '!', note: 'i', 'not tried': '-' }

const idWidth = 11
const labelWidth = 16

/** Lines of at most so many characters, cut between words. */
function wrap (text: string, width: number): string[] {
  const lines: string[] = []
  for (const line of text.split('\n')) {
    let rest = line
    while (rest.length > width) {
      const space = rest.lastIndexOf(' ', width)
      const cut = space > 0 ? space : width
      lines.push(rest.slice(0, cut))
      rest = rest.slice(cut).trimStart()
    }
    lines.push(rest)
  }
  return lines
}

/** Lines behind a label, the later ones below the first. */
function labelled (label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `    ${(index === 0 ? label : '').padEnd(labelWidth)}${line}`)
}

function describeCheck ({ id, title, verdict, seen, findings }: CheckResult, width: number): string[] {
  const indent = ' '.repeat(idWidth + 2)
  const codes = findings.length === 0 ? '' : `: ${findings.map(({ code }) => code).join(', ')}, see below`
  return [
    `${marks[verdict]} ${id.padEnd(idWidth)}${title}${codes}`,
    ...seen.flatMap((line) => wrap(line, width - idWidth - 4).map((part, index) => `${indent}${index === 0 ? '' : '  '}${part}`))
  ]
}

/** Checks that were not tried, those with one reason on one line. */
function describeRest (checks: readonly CheckResult[], width: number): string[] {
  const reasons = [...new Set(checks.flatMap(({ reason }) => reason ?? []))]
  return reasons.flatMap((reason) => wrap(`- not tried: ${checks.filter((check) => check.reason === reason).map(({ id }) => id).join(', ')} (${reason})`, width))
}

function describeFinding (finding: Told, diagnosis: Diagnosis, wanted: readonly string[], width: number): string[] {
  const { severity, code, title, detail, check } = finding
  const { shown, others } = remediesOf(finding, diagnosis, wanted)
  return [
    `${marks[severity]} ${severity.toUpperCase()} ${code} (${check.id})`,
    ...wrap(title, width - 2).map((line) => `  ${line}`),
    ...labelled('seen', wrap(detail, width - labelWidth - 4)),
    // Lines of configuration stay whole, because they are copied.
    ...shown.flatMap(([product, lines]) => labelled(nameOf(product), lines.split('\n'))),
    ...(others.length > 0 ? labelled('other proxies', [`--proxy ${others.join(',')}`]) : []),
    ''
  ]
}

/** The report for a terminal: what was seen, what is wrong with the lines that mend it, and the verdict at the end. */
export function text (diagnosis: Diagnosis, wanted: readonly string[] = [], width = 120): string {
  const { url, service, milliseconds, checks } = diagnosis
  const tried = checks.filter(({ verdict }) => verdict !== 'not tried')
  return [
    ...tried.flatMap((check) => describeCheck(check, width)),
    ...describeRest(checks.filter((check) => !tried.includes(check)), width),
    '',
    ...findingsOf(diagnosis).flatMap((finding) => describeFinding(finding, diagnosis, wanted, width)),
    `${service ?? url}: ${describeTotals(diagnosis)} in ${seconds(milliseconds)}`,
    ...wrap(conclusion(diagnosis), width),
    ''
  ].join('\n')
}

/** Progress: one line that is written over itself, or a line for each check where there is no terminal. */
export function doctorProgress (terminal: NodeJS.WriteStream): { show: (progress: DoctorProgress) => void, clear: () => void } {
  const line = liveLine(terminal)
  const begun = Date.now()
  let last: DoctorProgress | undefined
  const draw = (): void => {
    if (last === undefined || last.running.length === 0) return
    line.write(`[${last.done}/${last.total}] ${seconds(Date.now() - begun)} of at most ${Math.round(last.atMost / 1000)} s: ${last.running.join(', ')}`)
  }
  const timer = terminal.isTTY ? setInterval(draw, 500).unref() : undefined
  return {
    clear () {
      clearInterval(timer)
      line.clear()
    },
    show (progress) {
      last = progress
      draw()
      if (terminal.isTTY || progress.last === undefined || progress.last.verdict === 'not tried') return
      terminal.write(`[${progress.done}/${progress.total}] ${progress.last.id}: ${progress.last.verdict}\n`)
    }
  }
}
