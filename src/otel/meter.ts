import { type BatchObservableCallback, type Histogram, type Meter, type MetricOptions, type Observable, ValueType } from '@opentelemetry/api'
import { type InstrumentKind, type InstrumentName, instrumentOf, INSTRUMENTS } from '../telemetry/instruments.ts'
import type { NumberPoint } from '../telemetry/metric.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Guard } from './guard.ts'

/** The observable instrument of OpenTelemetry for each kind that is read. */
const OBSERVABLES: Readonly<Record<Exclude<InstrumentKind, 'histogram'>, (meter: Meter, name: string, options: MetricOptions) => Observable>> = {
  counter: (meter, name, options) => meter.createObservableCounter(name, options),
  upDownCounter: (meter, name, options) => meter.createObservableUpDownCounter(name, options),
  gauge: (meter, name, options) => meter.createObservableGauge(name, options)
}

/** Gives the instruments of this package to OpenTelemetry: numbers when it asks, and the values of histograms as they come. */
export class Metering {
  readonly #meter: Meter
  readonly #sources: readonly Telemetry[]
  readonly #guard: Guard
  readonly #observables = new Map<string, Observable>()
  readonly #histograms = new Map<string, Histogram>()
  readonly #observe: BatchObservableCallback = (result) => {
    for (const source of this.#sources) {
      for (const { name, points } of source.metrics()) {
        const observable = this.#observables.get(name)
        if (observable === undefined) continue
        for (const { attributes, value } of points as readonly NumberPoint[]) result.observe(observable, value, attributes)
      }
    }
  }

  constructor (meter: Meter, sources: readonly Telemetry[], guard: Guard) {
    this.#meter = meter
    this.#sources = sources
    this.#guard = guard
  }

  start (): void {
    for (const name of Object.keys(INSTRUMENTS) as InstrumentName[]) this.#guard.try('metric', () => this.#add(name))
    this.#guard.try('metric', () => this.#meter.addBatchObservableCallback(this.#observe, [...this.#observables.values()]))
    for (const source of this.#sources) {
      source.listener = (name, value, attributes) => { this.#guard.try('metric', () => this.#histograms.get(name)?.record(value, attributes)) }
    }
  }

  stop (): void {
    for (const source of this.#sources) source.listener = null
    this.#guard.try('metric', () => this.#meter.removeBatchObservableCallback(this.#observe, [...this.#observables.values()]))
  }

  #add (name: InstrumentName): void {
    const { kind, unit, description, bounds } = instrumentOf(name)
    if (kind === 'histogram') this.#histograms.set(name, this.#meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: [...bounds!] } }))
    else this.#observables.set(name, OBSERVABLES[kind](this.#meter, name, { unit, description, valueType: ValueType.INT }))
  }
}
