import { engineErrors } from '../../../engine/errors.ts'
import { BrokerError, refusal } from '../../refusals.ts'

/** Makes the refusal for an error of the engine. Any other error is thrown on as it is. */
export function refusalOf (error: unknown): unknown {
  if (error instanceof engineErrors.Full) return refusal('STOMP_QUEUE_FULL', undefined, false, error)
  if (error instanceof engineErrors.TooLarge) return refusal('STOMP_MESSAGE_TOO_LARGE', undefined, false, error)
  if (error instanceof engineErrors.Unavailable || error instanceof engineErrors.Refused) return unavailable(error)
  return error
}

/** Makes the refusal for a call that the engine cannot serve at the moment. */
export function unavailable (cause?: Error): BrokerError { return refusal('STOMP_BROKER_UNAVAILABLE', undefined, true, cause) }

/** Tells whether a refusal means that the engine is away, so that another try may help. */
export function isAway (error: unknown): boolean { return error instanceof BrokerError && error.cause instanceof engineErrors.Unavailable }
