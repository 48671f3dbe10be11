import type { AttributeValue, InstrumentKind } from './instruments.ts'

/** The attributes of one point, by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>

/** One instrument with its values of this moment. */
export interface Metric {
  /** The name by the conventions of OpenTelemetry, such as `sockjs.server.active_sessions`. */
  readonly name: string
  /** The kind of the instrument. */
  readonly kind: InstrumentKind
  /** The unit by UCUM: `s`, `By`, or a thing in braces, such as `{session}`. */
  readonly unit: string
  /** One sentence about the values. */
  readonly description: string
  /** The upper bounds of the buckets of a histogram, in its unit. Other kinds have none. */
  readonly bounds?: readonly number[]
  /** The values: those of a histogram are `HistogramPoint`, all others `NumberPoint`. */
  readonly points: readonly MetricPoint[]
}

/** The value of an instrument for one set of attributes. */
export type MetricPoint = NumberPoint | HistogramPoint

/** A number. */
export interface NumberPoint {
  /** The attributes that apply to the point. */
  readonly attributes: Attributes
  /** The value, in the unit of the instrument. Counters count since the start of the server. */
  readonly value: number
}

/** The values of a histogram, counted since the start of the server. */
export interface HistogramPoint {
  /** The attributes that apply to the point. */
  readonly attributes: Attributes
  /** The number of all values. */
  readonly count: number
  /** The sum of all values, in the unit of the instrument. */
  readonly sum: number
  /** The number of values in each bucket. The last bucket has the values above the last bound. */
  readonly buckets: readonly number[]
}
