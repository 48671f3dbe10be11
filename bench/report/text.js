import { cells } from './columns.js'

export function text (result) {
  const rows = cells(result)
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  const lines = rows.map((row) => row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join('  ').trimEnd())
  return [result.name, ...lines, ''].join('\n')
}
