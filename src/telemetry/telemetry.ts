import { Counter } from './counter.ts'
import { Histogram, type RecordListener, type RecordTarget } from './histogram.ts'
import { type AttributesOf, type AttributeValue, type InstrumentName, instrumentOf, INSTRUMENTS, type NamesOf } from './instruments.ts'
import type { Attributes, Metric, MetricPoint, NumberPoint } from './metric.ts'

/** The most points of one instrument. Values for further attributes count as `other`. */
export const MOST_POINTS = 2_000

/** The value of every attribute of the point that takes the values beyond the bound. */
export const OTHER = 'other'

/** One value that is read when a part asks for the metrics. */
export interface Observation<Name extends InstrumentName> {
  readonly value: number
  readonly attributes?: AttributesOf<Name>
}

/** The points of one instrument. */
interface Family {
  readonly points: Map<string, Counter | Histogram>
  readonly observers: (() => Iterable<Observation<InstrumentName>>)[]
}

/**
 * The numbers of one product of one registration.
 *
 * A part finds its counters and histograms once, and then adds to them. Values that exist anyway, such as the number of sessions, are read
 * when the metrics are asked for. The memory is bounded: `MOST_POINTS` for each instrument.
 */
export class Telemetry implements RecordTarget {
  /** Gets every value of every histogram. An exporter of histograms sets it. */
  listener: RecordListener | null = null
  readonly #families = new Map<InstrumentName, Family>()
  readonly #report: (error: unknown, instrument: string) => void

  /** `report` gets an error that a part throws while its values are read. */
  constructor (report: (error: unknown, instrument: string) => void) {
    this.#report = report
  }

  /** Finds the counter for these attributes, or makes it. */
  counter<Name extends NamesOf<'counter'>> (name: Name, attributes: AttributesOf<Name>): Counter {
    return this.#point(name, attributes, (attributes) => new Counter(attributes)) as Counter
  }

  /** Finds the histogram for these attributes, or makes it. */
  histogram<Name extends NamesOf<'histogram'>> (name: Name, attributes: AttributesOf<Name>): Histogram {
    return this.#point(name, attributes, (attributes) => new Histogram(name, instrumentOf(name).bounds!, attributes, this)) as Histogram
  }

  /** Adds a function that reads values when the metrics are asked for. Values with equal attributes are added up. */
  observe<Name extends Exclude<InstrumentName, NamesOf<'histogram'>>> (name: Name, read: () => Iterable<Observation<Name>>): void {
    this.#family(name).observers.push(read as () => Iterable<Observation<InstrumentName>>)
  }

  /** Lists all instruments that some part reports, in the order of the table, with their values. */
  metrics (): Metric[] {
    const metrics: Metric[] = []
    for (const name of Object.keys(INSTRUMENTS) as InstrumentName[]) {
      const family = this.#families.get(name)
      if (family === undefined) continue
      const { kind, unit, description, bounds } = instrumentOf(name)
      metrics.push({ name, kind, unit, description, ...(bounds === undefined ? {} : { bounds }), points: this.#read(name, family) })
    }
    return metrics
  }

  #read (name: InstrumentName, { points, observers }: Family): MetricPoint[] {
    const kept = [...points.values()].map((point) => point.point())
    if (observers.length === 0) return kept
    const sums = new Map<string, { attributes: Attributes, value: number }>()
    for (const read of observers) {
      try {
        for (const { attributes = {}, value } of read()) this.#add(sums, name, attributes, value)
      } catch (error) {
        this.#report(error, name)
      }
    }
    for (const { attributes, value } of kept as NumberPoint[]) this.#add(sums, name, attributes, value)
    return [...sums.values()]
  }

  #add (sums: Map<string, { attributes: Attributes, value: number }>, name: InstrumentName, given: AttributesOf<InstrumentName>, value: number): void {
    const { key, attributes } = bounded(sums, name, given)
    const sum = sums.get(key)
    if (sum === undefined) sums.set(key, { attributes, value })
    else sum.value += value
  }

  #family (name: InstrumentName): Family {
    let family = this.#families.get(name)
    if (family === undefined) this.#families.set(name, family = { points: new Map(), observers: [] })
    return family
  }

  #point (name: InstrumentName, given: AttributesOf<InstrumentName>, make: (attributes: Attributes) => Counter | Histogram): Counter | Histogram {
    const { points } = this.#family(name)
    const { key, attributes } = bounded(points, name, given)
    let point = points.get(key)
    if (point === undefined) points.set(key, point = make(attributes))
    return point
  }
}

/** Finds the key of a point, or that of the point which takes all values beyond the bound. */
function bounded (points: ReadonlyMap<string, unknown>, name: InstrumentName, given: AttributesOf<InstrumentName>): { key: string, attributes: Attributes } {
  const names = instrumentOf(name).attributes
  const values = given as Readonly<Record<string, AttributeValue | undefined>>
  const key = JSON.stringify(names.map((name) => values[name] ?? null))
  if (points.has(key) || points.size < MOST_POINTS - 1) {
    return { key, attributes: Object.fromEntries(names.flatMap((name) => values[name] === undefined ? [] : [[name, values[name]]])) }
  }
  return { key: OTHER, attributes: Object.fromEntries(names.map((name) => [name, OTHER])) }
}
