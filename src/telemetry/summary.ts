import type { InstrumentName } from './instruments.ts'
import type { Metric, MetricPoint } from './metric.ts'

/** One number of a summary, or one number for each value of an attribute. */
interface Row {
  /** The path in the summary: a group and a name, or a name alone. */
  readonly at: readonly [string] | readonly [group: string, name: string]
  readonly instrument: InstrumentName
  /** Splits the number by the values of this attribute. Values without a number are left out. */
  readonly by?: string
  /** Counts only the points with this value of `network.io.direction`. */
  readonly direction?: 'receive' | 'transmit'
  /** Gives the value of the attribute `by` whose point is 1, in place of numbers. */
  readonly state?: true
}

const ROWS: readonly Row[] = [
  { at: ['sessions'], instrument: 'sockjs.server.active_sessions', by: 'sockjs.transport' },
  { at: ['opened'], instrument: 'sockjs.server.sessions.opened' },
  { at: ['closed'], instrument: 'sockjs.server.session.duration', by: 'sockjs.session.status' },
  { at: ['refused'], instrument: 'sockjs.server.sessions.refused', by: 'sockjs.refusal.reason' },
  { at: ['messages', 'received'], instrument: 'sockjs.server.messages', direction: 'receive' },
  { at: ['messages', 'sent'], instrument: 'sockjs.server.messages', direction: 'transmit' },
  { at: ['bytes', 'received'], instrument: 'sockjs.server.io', direction: 'receive' },
  { at: ['bytes', 'sent'], instrument: 'sockjs.server.io', direction: 'transmit' },
  { at: ['stomp', 'sessions'], instrument: 'stomp.server.sessions' },
  { at: ['stomp', 'subscriptions'], instrument: 'stomp.server.subscriptions', by: 'stomp.subscription.kind' },
  { at: ['stomp', 'broker'], instrument: 'stomp.broker.state', by: 'stomp.broker.state', state: true },
  { at: ['otherNodes'], instrument: 'sockjs.cluster.nodes' }
]

/** Few numbers about everything, for one line of a log. A part that is not registered has none. */
export type Summary = Readonly<Record<string, unknown>>

/** Sums the metrics of all products up. Endpoints count together. */
export function summaryOf (metrics: Iterable<Metric>): Summary {
  const points = new Map<string, MetricPoint[]>()
  for (const { name, points: more } of metrics) points.set(name, [...points.get(name) ?? [], ...more])
  const summary: Record<string, unknown> = {}
  for (const row of ROWS) {
    const found = points.get(row.instrument)
    if (found === undefined) continue
    const [group, name] = row.at
    if (name === undefined) summary[group] = valueOf(row, found)
    else summary[group] = { ...summary[group] as object, [name]: valueOf(row, found) }
  }
  return summary
}

function valueOf ({ by, direction, state }: Row, all: readonly MetricPoint[]): unknown {
  const points = direction === undefined ? all : all.filter(({ attributes }) => attributes['network.io.direction'] === direction)
  if (by === undefined) return points.reduce((sum, point) => sum + numberOf(point), 0)
  const sums: Record<string, number> = {}
  for (const point of points) {
    const number = numberOf(point)
    if (number > 0) sums[String(point.attributes[by])] = (sums[String(point.attributes[by])] ?? 0) + number
  }
  return state === true ? Object.keys(sums).join(', ') : sums
}

function numberOf (point: MetricPoint): number { return 'value' in point ? point.value : point.count }
