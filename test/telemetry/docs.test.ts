import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { INSTRUMENTS } from '../../src/telemetry/instruments.ts'
import { prometheusName } from '../../src/telemetry/prometheus.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test('docs/observability.md has every instrument, with its kind, unit, attributes and meaning', async (t) => {
  const rows = Object.entries(INSTRUMENTS).map(([name, { kind, unit, attributes, description }]) =>
    `| \`${name}\` | ${kind} | \`${unit}\` | ${attributes.map((attribute) => `\`${attribute}\``).join(', ')} | ${description} |`)
  t.strictSame(read('docs/observability.md').match(/^\| `[a-z_]+(?:\.[a-z_]+)+` \| (?:counter|upDownCounter|gauge|histogram) \|.*$/gm), rows)
})

/** The names of all series of Prometheus, with the labels that they have. */
const SERIES: ReadonlyMap<string, ReadonlySet<string>> = new Map(Object.entries(INSTRUMENTS).flatMap(([name, { kind, unit, attributes }]) => {
  const base = prometheusName({ name, unit })
  const labels = attributes.map((attribute) => attribute.replaceAll('.', '_'))
  if (kind === 'histogram') return [[`${base}_bucket`, new Set([...labels, 'le'])], [`${base}_sum`, new Set(labels)], [`${base}_count`, new Set(labels)]] as const
  return [[kind === 'counter' ? `${base}_total` : base, new Set(labels)]] as const
}))

/** The series and the labels of a query that no instrument has. */
function unknownIn (query: string): string[] {
  const unknown: string[] = []
  const known = new Set(['job', 'instance'])
  for (const [name] of query.matchAll(/\b(?:sockjs|stomp|messaging)_[a-z_]+(?=[{[)\s]|$)/g)) {
    const labels = SERIES.get(name)
    if (labels !== undefined) for (const label of labels) known.add(label)
    else if (!/^by$/.test(name)) unknown.push(name)
  }
  const labels = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(',').map((label) => label.trim()))
  const matched = [...query.matchAll(/\{([^}]*)\}/g)].flatMap(([, list]) => [...list!.matchAll(/([a-z_]+)(?==~?|!)/g)].map(([label]) => label))
  const isLabel = (name: string): boolean => [...labels, ...matched].includes(name)
  return [...unknown.filter((name) => !isLabel(name)), ...[...labels, ...matched].filter((label) => !known.has(label))]
}

test('every query of the dashboard and of the alerts names instruments and attributes that exist', async (t) => {
  t.strictSame(unknownIn('sum by (nonsense) (sockjs_server_nothing{job="x"})'), ['sockjs_server_nothing', 'nonsense'])
  t.strictSame(unknownIn('sum by (le) (rate(sockjs_server_ping_duration_seconds_bucket{sockjs_transport="x"}[5m]))'), [])
  const { panels } = JSON.parse(read('examples/observability/dashboard.json')) as { panels: { title: string, targets: { expr: string }[] }[] }
  t.ok(panels.length > 10)
  for (const { title, targets } of panels) for (const { expr } of targets) t.strictSame(unknownIn(expr.replaceAll('$__rate_interval', '5m')), [], `${title}: ${expr}`)
  const rules = [...read('examples/observability/alerts.yml').matchAll(/expr: >-\n +(.*)$/gm)].map(([, expr]) => expr!)
  t.ok(rules.length > 8)
  for (const expr of rules) t.strictSame(unknownIn(expr), [], expr)
})
