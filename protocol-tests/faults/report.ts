import type { Score } from './score.ts'

const shown = 6

function some (ids: readonly string[]): string {
  return ids.length <= shown ? ids.join(', ') : `${ids.slice(0, shown).join(', ')} and ${ids.length - shown} more`
}

function conclusion ({ caught, total, percent, missed }: Score): string {
  return `${caught} of ${total} faults are caught: ${percent} %${missed.length > 0 ? `; missed: ${missed.join(', ')}` : ''}`
}

/** `complete` says that every fault has been run, so that the cases that never failed can be named. */
export function human (score: Score, complete: boolean): string {
  const lines = score.faults.flatMap(({ id, row, breaks, caught, silent, also, error }) => [
    `${caught.length > 0 ? 'caught' : 'MISSED'}  ${id} (${row}): ${breaks}`,
    ...(caught.length > 0 ? [`        by ${some(caught)}`] : []),
    ...(silent.length > 0 ? [`        expected and silent: ${some(silent)}`] : []),
    ...(also.length > 0 ? [`        fails as well: ${some(also)}`] : []),
    ...(error === undefined ? [] : [`        could not be run: ${error}`])
  ])
  lines.push('', conclusion(score))
  if (score.control.length > 0) lines.push(`These cases fail against the correct server, and count for nothing: ${score.control.join(', ')}`)
  if (complete) {
    lines.push(score.unseen.length === 0
      ? `Each of the ${score.cases} cases has been seen to fail.`
      : `${score.unseen.length} of ${score.cases} cases were never seen to fail: ${score.unseen.join(', ')}`)
  }
  return lines.join('\n') + '\n'
}

/** The table for the documentation. */
export function markdown (score: Score): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
  const rows = score.faults.map(({ id, row, breaks, caught }) =>
    `| ${id} | ${row} | ${cell(breaks)} | ${caught.length > 0 ? some(caught) : '**missed**'} |`)
  return ['| fault | row | what is broken | caught by |', '|---|---|---|---|', ...rows, '', `${conclusion(score)}.`, ''].join('\n')
}

/** One line that is written over itself, and nothing where there is no terminal. */
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
