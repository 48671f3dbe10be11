import type { InstrumentName } from '../telemetry/instruments.ts'
import type { HistogramPoint, Metric, MetricPoint, NumberPoint } from '../telemetry/metric.ts'
import type { ServerParts } from './server-parts.ts'

/** Numbers by a word, such as a transport. */
type Numbers = Readonly<Record<string, number>>

/** The times of one route. */
export interface RouteTimes {
  readonly count: number
  readonly errors: number
  readonly sum: number
  readonly buckets: readonly number[]
}

/** The numbers of one node, or of several together. Counters count since the start: the page works out the rates. */
export interface ServerNumbers {
  readonly sessions: Numbers
  readonly endpoints: Numbers
  /** The sessions without a connection, the suspended ones among them. */
  readonly detached: number
  readonly suspended: number
  readonly opened: number
  readonly messages: Numbers
  readonly bytes: Numbers
  readonly buffered: number
  readonly undelivered: number
  readonly closes: Numbers
  readonly refusals: Numbers
  readonly fallbacks: Numbers
  readonly suspensions: Numbers
  readonly stomp: { readonly sessions: number, readonly subscriptions: Numbers, readonly errors: Numbers, readonly queued: number, readonly queuedBytes: number, readonly deadLetters: Numbers }
  readonly routes: Readonly<Record<string, RouteTimes>>
}

/** The most routes that are shown. */
const MOST_ROUTES = 500

const ENDPOINT = 'sockjs.endpoint'

/** Collects the numbers that the page shows out of the metrics of a node. */
export function numbersOf (parts: ServerParts): { readonly numbers: ServerNumbers, readonly routeBounds: readonly number[] } {
  const { app, own, stomp } = parts
  const families = new Map<string, Metric>()
  for (const metric of [...app.sockjs.metrics(), ...stomp?.metrics() ?? []]) families.set(metric.name, metric)
  const pointsOf = (name: InstrumentName): readonly MetricPoint[] => (families.get(name)?.points ?? []).filter(({ attributes }) => attributes[ENDPOINT] !== own.path)
  const by = (name: InstrumentName, ...attributes: string[]): Numbers => {
    const sums: Record<string, number> = {}
    for (const point of pointsOf(name)) {
      const key = attributes.map((attribute) => String(point.attributes[attribute] ?? '')).join(' ')
      sums[key] = (sums[key] ?? 0) + valueOf(point)
    }
    return sums
  }
  const sum = (name: InstrumentName): number => pointsOf(name).reduce((total, point) => total + valueOf(point), 0)
  const routes: InstrumentName = 'messaging.process.duration'
  return {
    numbers: {
      sessions: by('sockjs.server.active_sessions', 'sockjs.transport'),
      endpoints: by('sockjs.server.active_sessions', ENDPOINT),
      detached: sum('sockjs.server.detached_sessions'),
      suspended: sum('sockjs.server.suspended_sessions'),
      opened: sum('sockjs.server.sessions.opened'),
      messages: by('sockjs.server.messages', 'network.io.direction'),
      bytes: by('sockjs.server.io', 'network.io.direction'),
      buffered: sum('sockjs.server.buffered'),
      undelivered: sum('sockjs.server.undelivered'),
      closes: by('sockjs.server.session.duration', 'sockjs.session.status'),
      refusals: by('sockjs.server.sessions.refused', 'sockjs.refusal.reason'),
      fallbacks: withoutNone(by('sockjs.server.fallbacks', 'sockjs.fallback.from', 'sockjs.fallback.to')),
      suspensions: by('sockjs.server.suspensions', 'sockjs.suspension.outcome'),
      stomp: {
        sessions: sum('stomp.server.sessions'),
        subscriptions: by('stomp.server.subscriptions', 'stomp.subscription.kind'),
        errors: by('stomp.server.errors', 'error.type'),
        queued: sum('stomp.broker.queue.messages'),
        queuedBytes: sum('stomp.broker.queue.bytes'),
        deadLetters: by('stomp.broker.dead_letters', 'stomp.dead_letter.reason')
      },
      routes: timesOf(pointsOf(routes) as readonly HistogramPoint[])
    },
    routeBounds: families.get(routes)?.bounds ?? []
  }
}

/** Leaves out the clients that got a WebSocket. */
function withoutNone (fallbacks: Numbers): Numbers { return Object.fromEntries(Object.entries(fallbacks).filter(([steps]) => !steps.startsWith('none '))) }

function valueOf (point: MetricPoint): number { return 'value' in point ? (point as NumberPoint).value : (point as HistogramPoint).count }

/** Sums the times of each route, by its kind and its template. */
function timesOf (points: readonly HistogramPoint[]): Record<string, RouteTimes> {
  const routes: Record<string, RouteTimes> = {}
  for (const { attributes, count, sum, buckets } of points) {
    const name = `${attributes['stomp.route.kind'] ?? ''} ${attributes['messaging.destination.template'] ?? ''}`
    const times = { count, errors: attributes['error.type'] === undefined ? 0 : count, sum, buckets }
    if (routes[name] === undefined && Object.keys(routes).length >= MOST_ROUTES) continue
    routes[name] = routes[name] === undefined ? times : addUp(routes[name], times)
  }
  return routes
}

/** Adds up two values of one shape: numbers, lists and objects of them. A field that only one has is taken as it is. */
export function addUp<T> (a: T, b: T): T {
  if (typeof a === 'number') return (a + (b as number)) as T
  if (Array.isArray(a)) return a.map((value, i) => addUp(value, (b as unknown[])[i] ?? 0)) as T
  const sum: Record<string, unknown> = { ...a as object }
  for (const [key, value] of Object.entries(b as object)) sum[key] = key in sum ? addUp(sum[key], value) : value
  return sum as T
}
