import type { FastifyBaseLogger } from 'fastify'
import { isPromise } from '../../core/promise.ts'
import { BrokerError } from '../refusals.ts'

/** Runs an operation of the broker whose failure cannot be told to the client, and logs the failure. */
export function logFailure (log: FastifyBaseLogger, session: string, operation: () => unknown, failure: string): void {
  const failed = (error: unknown): void => {
    // A broker that is gone says so once, and not for each session.
    if (error instanceof BrokerError) log.debug({ err: error, session }, failure)
    else log.error({ err: error, session }, failure)
  }
  try {
    const done = operation()
    if (isPromise(done)) done.then(undefined, failed)
  } catch (error) {
    failed(error)
  }
}
