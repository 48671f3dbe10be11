import type { Counter } from '../telemetry/counter.ts'
import { errorType } from '../telemetry/error-type.ts'
import type { Histogram } from '../telemetry/histogram.ts'
import type { AttributesOf } from '../telemetry/instruments.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { RouteKind } from '../telemetry/tracing.ts'

/** The times of one route of the application. */
export class RouteTimes {
  readonly #telemetry: Telemetry
  readonly #attributes: AttributesOf<'messaging.process.duration'>
  readonly #success: Histogram

  constructor (telemetry: Telemetry, kind: RouteKind, template: string) {
    this.#telemetry = telemetry
    this.#attributes = { 'messaging.system': 'stomp', 'messaging.operation.name': 'process', 'messaging.destination.template': template, 'stomp.route.kind': kind }
    this.#success = telemetry.histogram('messaging.process.duration', this.#attributes)
  }

  /** Counts a call that has taken so many milliseconds. */
  succeeded (milliseconds: number): void { this.#success.record(milliseconds / 1000) }

  /** Counts a call that has failed after so many milliseconds. */
  failed (milliseconds: number, code: string | undefined): void {
    this.#telemetry.histogram('messaging.process.duration', { ...this.#attributes, 'error.type': errorType(code) }).record(milliseconds / 1000)
  }
}

/** The numbers of one registration of the STOMP layer. */
export class StompTelemetry {
  /** The instruments. Brokers and bridges report to it too. */
  readonly telemetry: Telemetry
  framesIn = 0
  framesOut = 0
  readonly #recovered: Counter
  readonly #notRecovered: Counter

  constructor (telemetry: Telemetry) {
    this.telemetry = telemetry
    this.#recovered = telemetry.counter('stomp.server.recoveries', { 'stomp.recovered': true })
    this.#notRecovered = telemetry.counter('stomp.server.recoveries', { 'stomp.recovered': false })
    telemetry.observe('stomp.server.frames', () => [
      { attributes: { 'network.io.direction': 'receive' }, value: this.framesIn },
      { attributes: { 'network.io.direction': 'transmit' }, value: this.framesOut }
    ])
  }

  /** Counts an error that a client got. */
  error (code: string | undefined): void { this.telemetry.counter('stomp.server.errors', { 'error.type': errorType(code) }).value++ }

  /** Counts a subscription that asked for the messages since a position. */
  recovered (all: boolean): void { (all ? this.#recovered : this.#notRecovered).value++ }

  /** Makes the times of a route. `template` is the destination with the names of its parameters. */
  route (kind: RouteKind, template: string): RouteTimes { return new RouteTimes(this.telemetry, kind, template) }
}
