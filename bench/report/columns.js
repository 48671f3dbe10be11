const digits = (value, count) => value === undefined ? '' : value.toFixed(count)

/** What a table shows of a row: the same in text and in Markdown. */
export const COLUMNS = [
  { title: () => 'server', of: ({ name }) => name },
  { title: ({ unit }) => unit, of: ({ cost }) => digits(cost, cost < 10 ? 2 : 1) },
  { title: () => 'per second', of: ({ rate }) => digits(rate, 0) },
  { title: () => 'p50 ms', of: ({ p50 }) => digits(p50, 2) },
  { title: () => 'p99 ms', of: ({ p99 }) => digits(p99, 2) },
  { title: () => 'p99.9 ms', of: ({ p999 }) => digits(p999, 2) },
  { title: () => 'back in 2 s, %', of: ({ inTime }) => digits(inTime, 0) },
  { title: () => 'ours / theirs', of: ({ ratio }) => digits(ratio, 2) },
  { title: () => 'between', of: ({ low, high }) => low === high ? '' : `${digits(low, 2)}–${digits(high, 2)}` },
  { title: () => 'goal', of: ({ goal }) => goal === undefined ? '' : String(goal) },
  { title: () => 'verdict', of: ({ verdict }) => verdict ?? '' }
]

/** The columns in which there is something, as rows of texts; the titles first. */
export function cells (result) {
  const columns = COLUMNS.filter(({ of }) => result.rows.some((row) => of(row) !== ''))
  return [columns.map(({ title }) => title(result)), ...result.rows.map((row) => columns.map(({ of }) => of(row)))]
}
