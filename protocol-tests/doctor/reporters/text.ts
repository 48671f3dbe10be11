import { liveLine } from '../../reporters/human.ts'
import { seconds } from '../../reporters/describe.ts'
import type { CheckResult, Diagnosis, DoctorProgress, Verdict } from '../types.ts'
import { conclusion, describeTotals, findingsOf, nameOf, remediesOf } from './order.ts'
import type { Told } from './order.ts'

export const marks: Readonly<Record<Verdict, string>> = { healthy: '✓', error: '✗', warning: '!', note: 'i', 'not tried': '-' }

const idWidth = 10
const labelWidth = 16

/** Lines behind a label, the later ones below the first. */
function labelled (label: string, text: string, indent: number): string[] {
  return text.split('\n').map((line, index) => `${' '.repeat(indent)}${(index === 0 ? label : '').padEnd(labelWidth)}${line}`)
}

function describeCheck ({ id, title, verdict, reason, seen }: CheckResult): string[] {
  const head = `${marks[verdict]} ${id.padEnd(idWidth)} ${title}`
  if (verdict === 'not tried') return [`${head}: not tried, ${reason ?? ''}`]
  return [head, ...seen.map((line) => `${' '.repeat(idWidth + 3)}${line}`)]
}

function describeFinding (finding: Told, diagnosis: Diagnosis, wanted: readonly string[]): string[] {
  const { severity, code, title, detail, check } = finding
  const { shown, others } = remediesOf(finding, diagnosis, wanted)
  return [
    `${marks[severity]} ${severity.toUpperCase()} ${code} (${check.id})`,
    `  ${title}`,
    ...labelled('seen', detail, 4),
    ...shown.flatMap(([product, lines]) => labelled(nameOf(product), lines, 4)),
    ...(others.length > 0 ? labelled('', `other proxies: --proxy ${others.join(',')}`, 4) : []),
    ''
  ]
}

/** The report for a terminal: what was seen, what is wrong with the lines that mend it, and the verdict at the end. */
export function text (diagnosis: Diagnosis, wanted: readonly string[] = []): string {
  const { url, service, milliseconds, checks } = diagnosis
  const told = findingsOf(diagnosis)
  return [
    ...checks.flatMap(describeCheck),
    '',
    ...told.flatMap((finding) => describeFinding(finding, diagnosis, wanted)),
    `${service ?? url}: ${describeTotals(diagnosis)} in ${seconds(milliseconds)}`,
    conclusion(diagnosis),
    ''
  ].join('\n')
}

/** Progress: one line that is written over itself, or a line for each check where there is no terminal. */
export function doctorProgress (terminal: NodeJS.WriteStream): { show: (progress: DoctorProgress) => void, clear: () => void } {
  const line = liveLine(terminal)
  let last: DoctorProgress | undefined
  const begun = Date.now()
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
      if (!terminal.isTTY && progress.last !== undefined) terminal.write(`[${progress.done}/${progress.total}] ${progress.last.id}: ${progress.last.verdict}\n`)
    }
  }
}
