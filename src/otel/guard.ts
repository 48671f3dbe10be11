import type { Clock } from '../core/clock.ts'
import { RefusalLog, type RefusalLine, type RefusalWriter } from '../core/refusal-log.ts'

const LINES: Readonly<Record<'span' | 'metric', RefusalLine>> = {
  span: { level: 'warn', text: 'OpenTelemetry failed while the server made a span. The message was handled without it.' },
  metric: { level: 'warn', text: 'OpenTelemetry failed while it took a metric. The value is lost.' }
}

/** Keeps the failures of OpenTelemetry from the server and its clients. Each kind has one line a minute in the log. */
export class Guard {
  readonly #log: RefusalWriter
  readonly #refusals: RefusalLog<'span' | 'metric'>

  constructor (clock: Clock, log: RefusalWriter) {
    this.#log = log
    this.#refusals = new RefusalLog(clock, LINES)
  }

  /** Calls a function of OpenTelemetry. Returns `undefined` where it throws. */
  try<T> (kind: 'span' | 'metric', call: () => T): T | undefined {
    try {
      return call()
    } catch (error) {
      this.#refusals.tell(this.#log, kind, '', '', { err: error })
      return undefined
    }
  }
}
