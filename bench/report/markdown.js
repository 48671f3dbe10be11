import { cells } from './columns.js'

export function markdown (result) {
  const [titles, ...rows] = cells(result)
  const line = (row) => `| ${row.join(' | ')} |`
  return [`**${result.name}**`, '', line(titles), line(titles.map((_, i) => i === 0 ? '---' : '---:')), ...rows.map(line), ''].join('\n')
}
