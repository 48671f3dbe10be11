const digits = (value, count) => Number.isFinite(value) ? value.toFixed(count) : ''
const us = (value) => digits(value, value < 10 ? 2 : 1)

function compared (key, count = 2) {
  return ({ comparisons: { [key]: comparison } }) => {
    if (comparison === undefined || !Number.isFinite(comparison.value)) return ''
    const { value, low, high } = comparison
    return low === high ? digits(value, count) : `${digits(value, count)} (${digits(low, count)}–${digits(high, count)})`
  }
}

/** Ratios are beside the first row's node, or nodes; the added latencies are in milliseconds. */
const COLUMNS = [
  { title: '', of: ({ name }) => name },
  { title: 'owner us', of: ({ owner }) => us(owner) },
  { title: 'edge us', of: ({ edge }) => us(edge) },
  { title: 'engine us', of: ({ engine }) => us(engine) },
  { title: 'per second', of: ({ rate }) => digits(rate, 0) },
  { title: 'messages per publication', of: ({ perPublication }) => perPublication > 1000 ? '' : digits(perPublication, 2) },
  { title: 'p50 ms', of: ({ p50 }) => digits(p50, 2) },
  { title: 'p99 ms', of: ({ p99 }) => digits(p99, 2) },
  { title: 'p99.9 ms', of: ({ p999 }) => digits(p999, 2) },
  { title: 'owner / first', of: compared('owner') },
  { title: 'edge / first', of: compared('edge') },
  { title: 'both / first', of: compared('both') },
  { title: 'added p50 ms', of: compared('p50') },
  { title: 'added p99 ms', of: compared('p99') },
  {
    title: 'goals',
    of: ({ comparisons }) => Object.entries(comparisons).filter(([, { goal }]) => goal !== undefined)
      .map(([key, { goal, verdict }]) => `${key} ${goal}: ${verdict}`).join('; ')
  }
]

/** The columns in which there is something, as rows of texts; the titles first. */
function cells ({ rows }) {
  // Rows that were measured alone have their figures by the titles of their columns.
  if (rows[0].comparisons === undefined) {
    const titles = Object.keys(rows[0])
    return [titles.with(0, ''), ...rows.map((row) => titles.map((title, i) => i === 0 ? row.name : digits(row[title], 0)))]
  }
  const columns = COLUMNS.filter(({ of }) => rows.some((row) => of(row) !== ''))
  return [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ of }) => of(row)))]
}

const headline = ({ name, unit, loads }) => `${name} (${unit}, load average ${[...new Set([Math.min(...loads), Math.max(...loads)].map((load) => load.toFixed(1)))].join('–')})`

export function markdown (result) {
  const [titles, ...rows] = cells(result)
  const line = (row) => `| ${row.join(' | ')} |`
  return [`**${headline(result)}**`, '', line(titles), line(titles.map((_, i) => i === 0 ? '---' : '---:')), ...rows.map(line), ''].join('\n')
}

export function text (result) {
  const rows = cells(result)
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  const lines = rows.map((row) => row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join('  ').trimEnd())
  return [headline(result), ...lines, ''].join('\n')
}
