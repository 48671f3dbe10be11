import type { ClientCommand, Frame } from '../../codec/index.ts'
import { type ClientDestination, isLongerThan } from '../../destinations.ts'
import { StompError } from '../../errors.ts'
import type { StompSession } from '../stomp-session.ts'
import { required } from './frame.ts'

/** Parses the destination that SEND and SUBSCRIBE must name (STOMP-L1). All that follows works with the parsed value. */
export function destinationOf (session: StompSession, frame: Frame<ClientCommand>): ClientDestination {
  const name = required(frame, 'destination')
  if (session.destination?.name === name) return session.destination
  const { destinations, settings: { limits } } = session.host
  if (isLongerThan(name, limits.destination)) throw new StompError('STOMP_DESTINATION_TOO_LONG', `at most ${limits.destination} octets`)
  const destination = destinations.parse(name)
  // A subscriber that sends nothing keeps nothing.
  if (frame.command === 'SEND') session.destination = destination
  return destination
}
