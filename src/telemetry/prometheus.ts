import type { Attributes, HistogramPoint, Metric, NumberPoint } from './metric.ts'

/** The content types of the two formats. */
export const CONTENT_TYPES = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8'
} as const

/** The format of an exposition: the text format 0.0.4 of Prometheus, or OpenMetrics 1.0. */
export type Format = keyof typeof CONTENT_TYPES

/** The endings that the units have in names. Things that are counted have none. */
const UNITS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' }

/** One sample of a family: the ending of its name, its labels and its value. */
export interface Sample {
  readonly suffix: string
  readonly labels: Attributes
  readonly value: number
}

/** One instrument by the rules of Prometheus. */
export interface PrometheusFamily {
  /** The name without the ending `_total` of a counter. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** Makes the name of an instrument by the mechanical rule: dots become underscores, and the unit stands at the end. */
export function prometheusName ({ name, unit }: Pick<Metric, 'name' | 'unit'>): string {
  const base = name.replaceAll('.', '_')
  const ending = UNITS[unit]
  return ending === undefined || base.endsWith(`_${ending}`) ? base : `${base}_${ending}`
}

/** Makes the families of all metrics. Metrics with one name, of several products, become one family. */
export function prometheusFamilies (metrics: Iterable<Metric>): PrometheusFamily[] {
  const families = new Map<string, PrometheusFamily & { samples: Sample[] }>()
  for (const metric of metrics) {
    const name = prometheusName(metric)
    const { kind, description: help, bounds = [], points } = metric
    let family = families.get(name)
    if (family === undefined) families.set(name, family = { name, type: kind === 'upDownCounter' ? 'gauge' : kind, help, samples: [] })
    for (const point of points) family.samples.push(...samplesOf(point, kind === 'counter' ? '_total' : '', bounds))
  }
  return [...families.values()]
}

/** Writes all metrics in a text format. */
export function prometheusText (metrics: Iterable<Metric>, format: Format = 'text'): string {
  let text = ''
  for (const { name, type, help, samples } of prometheusFamilies(metrics)) {
    if (samples.length === 0) continue
    // The text format names a counter with its ending, and OpenMetrics without it.
    const family = type === 'counter' && format === 'text' ? `${name}_total` : name
    text += `# HELP ${family} ${escapeHelp(help)}\n# TYPE ${family} ${type}\n`
    for (const { suffix, labels, value } of samples) text += `${name}${suffix}${labelsText(labels, format)} ${numberText(value)}\n`
  }
  return format === 'openMetrics' ? `${text}# EOF\n` : text
}

function samplesOf (point: NumberPoint | HistogramPoint, suffix: string, bounds: readonly number[]): Sample[] {
  const labels = labelsOf(point.attributes)
  if ('value' in point) return [{ suffix, labels, value: point.value }]
  let below = 0
  const buckets = point.buckets.map((count, at) => {
    below += count
    return { suffix: '_bucket', labels: { ...labels, le: bounds[at] ?? Infinity }, value: below }
  })
  return [...buckets, { suffix: '_sum', labels, value: point.sum }, { suffix: '_count', labels, value: point.count }]
}

function labelsOf (attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name.replaceAll('.', '_'), value]))
}

function labelsText (labels: Attributes, format: Format): string {
  const texts = Object.entries(labels).map(([name, value]) => {
    const text = name === 'le' ? boundText(value as number, format) : String(value)
    return `${name}="${escapeLabel(text)}"`
  })
  return texts.length === 0 ? '' : `{${texts.join(',')}}`
}

/** Writes the bound of a bucket. OpenMetrics has one form for each number, and a whole number has `.0` there. */
function boundText (bound: number, format: Format): string {
  return Number.isInteger(bound) && format === 'openMetrics' ? `${bound}.0` : numberText(bound)
}

function numberText (value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

function escapeHelp (text: string): string { return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n') }

function escapeLabel (text: string): string { return escapeHelp(text).replaceAll('"', '\\"') }
