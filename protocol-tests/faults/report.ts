import { catalogue } from '../catalogue.ts'
import { faultSuites } from './index.ts'
import type { Score } from './score.ts'

/** The facts about a whole run. */
interface Run {
  /** True if every fault was run. Then the report names the cases that never failed. */
  complete: boolean
  milliseconds: number
}

const shown = 6

/** The names of cases, by id. A case that runs over several carriers has one name. */
const nameOf = new Map(catalogue.map(({ id, suite, transport }) =>
  [id, suite === 'stomp' && id.endsWith(`.${transport ?? ''}`) ? id.slice(0, -`.${transport ?? ''}`.length) : id]))

function some (ids: readonly string[]): string {
  const names = [...new Set(ids.map((id) => nameOf.get(id) ?? id))]
  return names.length <= shown ? names.join(', ') : `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`
}

function conclusions (score: Score, { complete }: Run): string[] {
  const { caught, total, percent, missed, control, unseen, cases } = score
  const lines = [`${caught} of ${total} faults are caught: ${percent} %${missed.length > 0 ? `; missed: ${missed.join(', ')}` : ''}.`]
  if (control.length > 0) lines.push(`These cases fail against the correct server, and count for nothing: ${control.join(', ')}.`)
  if (complete) {
    lines.push(unseen.length === 0
      ? `Each of the ${cases} cases has been seen to fail.`
      : `${unseen.length} of ${cases} cases were never seen to fail: ${unseen.join(', ')}.`)
  }
  return lines
}

function human (score: Score, run: Run): string {
  const lines = score.faults.flatMap(({ id, row, breaks, caught, silent, also, error }) => [
    `${caught.length > 0 ? 'caught' : 'MISSED'}  ${id} (${row}): ${breaks}`,
    ...(caught.length > 0 ? [`        by ${some(caught)}`] : []),
    ...(silent.length > 0 ? [`        expected and silent: ${some(silent)}`] : []),
    ...(also.length > 0 ? [`        fails as well: ${some(also)}`] : []),
    ...(error === undefined ? [] : [`        could not be run: ${error}`])
  ])
  return [...lines, '', ...conclusions(score, run), `in ${Math.round(run.milliseconds / 1000)} s`, ''].join('\n')
}

/** Writes docs/conformance-faults.md. */
function markdown (score: Score, run: Run): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
  const tables = faultSuites.flatMap(({ title, faults }) => {
    const rows = score.faults.filter(({ id }) => faults.some((fault) => fault.id === id)).map(({ id, row, breaks, caught }) =>
      `| ${id} | ${row} | ${cell(breaks)} | ${caught.length > 0 ? some(caught) : '**missed**'} |`)
    return rows.length === 0 ? [] : [`## ${title}`, '', '| fault | rule | fault in the server | caught by |', '|---|---|---|---|', ...rows, '']
  })
  return ['# Faults', '', 'This is the output of `npm run faults -- --reporter markdown`. Each fault breaks one rule in a correct server. It is caught if a case that must',
    'notice it fails. [Conformance](conformance.md#whether-the-cases-can-fail) explains the method.', '', ...conclusions(score, run), '', ...tables].join('\n')
}

export const reporters = {
  human,
  markdown,
  json: (score: Score, { milliseconds }: Run): string => JSON.stringify({ ...score, milliseconds }, null, 2) + '\n'
} as const

/** Shows the progress in one line, which each step overwrites. Without a terminal it writes nothing. */
export function progress (terminal: NodeJS.WriteStream, total: number): { show: (id: string, caught: boolean, running: readonly string[]) => void, clear: () => void } {
  const clear = (): void => { if (terminal.isTTY) terminal.write('\r\u001b[K') }
  let done = 0
  return {
    clear,
    show (id, caught, running) {
      done += 1
      if (!terminal.isTTY) return
      const line = `[${done}/${total}] ${caught ? '✓' : '✗'} ${id}  ${running.length > 0 ? `running ${running.join(', ')}` : ''}`
      terminal.write(`\r\u001b[K${line.slice(0, (terminal.columns ?? 80) - 1)}`)
    }
  }
}
