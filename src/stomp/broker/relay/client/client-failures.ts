import type { Clock } from '../../../../core/clock.ts'
import type { BrokerError } from '../../../refusals.ts'
import type { BrokerLog } from '../../broker.ts'
import { failureFields, failureText } from '../link/failures.ts'

/** The milliseconds within which one line about a kind of failure is enough. */
const QUIET = 60_000

/**
 * Logs failures of the broker connections of clients. One line a minute for each kind of error is enough, because ten
 * thousand clients may lose their connections at once.
 */
export class ClientFailures {
  readonly #clock: Clock
  readonly #log: BrokerLog
  /** Times of the next lines and numbers of failures without a line, by code. The codes are few. */
  readonly #byCode = new Map<string, { due: number, unsaid: number }>()

  constructor (clock: Clock, log: BrokerLog) {
    this.#clock = clock
    this.#log = log
  }

  tell (error: BrokerError, user: string): void {
    const now = this.#clock.now()
    const kind = this.#byCode.get(error.code)
    if (kind !== undefined && now < kind.due) {
      kind.unsaid++
      return
    }
    const others = kind?.unsaid ?? 0
    this.#byCode.set(error.code, { due: now + QUIET, unsaid: 0 })
    this.#log.warn({ ...failureFields(error), user, others }, `the broker connection of a client failed: ${failureText(error)}; ${others} more since the last line`)
  }
}
