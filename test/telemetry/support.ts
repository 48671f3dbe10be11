import type { Attributes, Metric, MetricPoint } from '../../src/telemetry/metric.ts'

const fits = ({ attributes }: MetricPoint, wanted: Attributes): boolean => Object.entries(wanted).every(([name, value]) => attributes[name] === value)

const numberOf = (point: MetricPoint): number => 'value' in point ? point.value : point.count

/** The points of an instrument: their attributes, with the value or the count. */
export function points (metrics: readonly Metric[], name: string): Record<string, unknown>[] {
  const metric = metrics.find((metric) => metric.name === name)
  if (metric === undefined) throw new Error(`no instrument ${name}`)
  return metric.points.map((point) => ({ ...point.attributes, ...('value' in point ? { value: point.value } : { count: point.count }) }))
}

/** The values of the points that have these attributes. */
export function pointsOf (metrics: readonly Metric[], name: string, attributes: Attributes = {}): number[] {
  const metric = metrics.find((metric) => metric.name === name)
  if (metric === undefined) throw new Error(`no instrument ${name}`)
  return metric.points.filter((point) => fits(point, attributes)).map(numberOf)
}
