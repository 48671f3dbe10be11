import { isPromise } from '../../core/promise.ts'
import { BrokerError } from '../refusals.ts'
import type { StompHost } from './host.ts'

/** Runs an operation of the broker whose failure no client can be told: the log is told instead. */
export function unheard ({ host: { log }, id }: { readonly host: StompHost, readonly id: string }, operation: () => unknown, failure: string): void {
  const failed = (error: unknown): void => {
    // A broker that is gone says so once, and not for each session.
    if (error instanceof BrokerError) log.debug({ err: error, session: id }, failure)
    else log.error({ err: error, session: id }, failure)
  }
  try {
    const done = operation()
    if (isPromise(done)) done.then(undefined, failed)
  } catch (error) {
    failed(error)
  }
}
