import type { HistogramPoint, Attributes } from './metric.ts'

/** Gets every value of every histogram, for an exporter that keeps its own. */
export type RecordListener = (instrument: string, value: number, attributes: Attributes) => void

/** The part of a telemetry that its histograms report to. */
export interface RecordTarget {
  /** The listener, or `null` if there is none. */
  readonly listener: RecordListener | null
}

/** The values of a histogram for one set of attributes. */
export class Histogram {
  readonly attributes: Attributes
  readonly #name: string
  readonly #bounds: readonly number[]
  readonly #target: RecordTarget
  readonly #buckets: Float64Array
  #count = 0
  #sum = 0

  constructor (name: string, bounds: readonly number[], attributes: Attributes, target: RecordTarget) {
    this.attributes = attributes
    this.#name = name
    this.#bounds = bounds
    this.#target = target
    this.#buckets = new Float64Array(bounds.length + 1)
  }

  /** Counts a value, in the unit of the instrument. */
  record (value: number): void {
    const bounds = this.#bounds
    let at = 0
    while (at < bounds.length && value > bounds[at]!) at++
    this.#buckets[at]!++
    this.#count++
    this.#sum += value
    const { listener } = this.#target
    if (listener !== null) listener(this.#name, value, this.attributes)
  }

  /** The number of all values. */
  get count (): number { return this.#count }

  point (): HistogramPoint {
    return { attributes: this.attributes, count: this.#count, sum: this.#sum, buckets: [...this.#buckets] }
  }
}
