/** One line of the table at the end. */
export interface Row {
  readonly bar: string
  readonly engine: string
  readonly transport: string
  readonly figure: string
  readonly wanted: string
  readonly ok: boolean
  readonly seconds: number
}

/** Writes a row as a line, with the whole figure. The figure of an error has more lines. */
export function lineOf ({ bar, engine, transport, figure, wanted, seconds, ok }: Row): string {
  return `${ok ? 'ok    ' : 'NOT OK'} ${bar}, ${engine}${transport === '' ? '' : `, ${transport}`}: ${figure}${ok ? '' : `; wanted: ${wanted}`} (${seconds.toFixed(1)} s)`
}

const HEAD = ['bar', 'engine', 'transport', 'figure', 'wanted', 's', 'ok']

/** Writes rows as a table of Markdown. */
export function tableOf (rows: readonly Row[]): string {
  const cells = [HEAD, HEAD.map(() => '---'), ...rows.map((row) =>
    [row.bar, row.engine, row.transport, row.figure.split('\n')[0]!, row.wanted, row.seconds.toFixed(0), row.ok ? 'ok' : 'NOT OK'])]
  const widths = HEAD.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)))
  return cells.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i]!, cell === '---' ? '-' : ' ')).join(' | ')} |`).join('\n')
}
