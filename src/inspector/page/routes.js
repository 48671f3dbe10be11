import { el } from './dom.js'
import { count, latency, short } from './format.js'
import { plainTable } from './plain-table.js'

/** The time over which rates and percentiles are worked out, in milliseconds. */
const OVER = 60_000

/** The time below which a share of the values lies, in seconds: linear within its bucket, `null` without values. */
export function percentile (buckets, bounds, share) {
  const total = buckets.reduce((sum, value) => sum + value, 0)
  if (total === 0) return null
  let left = total * share
  for (const [i, value] of buckets.entries()) {
    if (value > 0 && left <= value) {
      const low = bounds[i - 1] ?? 0
      // The last bucket has no bound above.
      const high = bounds[i] ?? low
      return low + (high - low) * left / value
    }
    left -= value
  }
  return bounds.at(-1) ?? null
}

/** The view of the message routes: the rate and the times of each, over the last minute. */
export function routesView () {
  const table = plainTable({
    title: 'Message routes',
    empty: 'No message has reached a route of the application.',
    note: 'Rates and percentiles are those of the last minute, since the page was opened. The percentiles come from buckets, so that they are close and not exact.',
    columns: [
      { label: 'Route', read: ({ template }) => template },
      { label: 'Kind', read: ({ kind }) => kind },
      { label: 'Rate', numeric: true, read: ({ rate }) => rate === null ? '–' : `${short(rate)}/s` },
      { label: 'p50', numeric: true, read: ({ p50 }) => latency(p50) },
      { label: 'p99', numeric: true, read: ({ p99 }) => latency(p99) },
      { label: 'Messages', numeric: true, read: ({ count: all }) => count(all) },
      { label: 'Errors', numeric: true, read: ({ errors }) => count(errors) }
    ]
  })
  return {
    element: el('div', { class: 'stack' }, table.element),
    show (history, _now, { routeBounds }) {
      const { last } = history
      if (last === null) return
      const [first, until] = history.pair(OVER) ?? [null, last]
      const rows = Object.entries(last.numbers.routes).map(([name, times]) => {
        const before = first?.numbers.routes[name]
        const buckets = first === null ? times.buckets.map(() => 0) : times.buckets.map((value, i) => Math.max(0, value - (before?.buckets[i] ?? 0)))
        const at = name.indexOf(' ')
        return {
          kind: name.slice(0, at),
          template: name.slice(at + 1),
          rate: first === null ? null : Math.max(0, times.count - (before?.count ?? 0)) / Math.max(1, until.time - first.time) * 1000,
          p50: percentile(buckets, routeBounds, 0.5),
          p99: percentile(buckets, routeBounds, 0.99),
          count: times.count,
          errors: times.errors
        }
      })
      table.show(rows.sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0) || a.template.localeCompare(b.template)))
    }
  }
}
