import type { ClientCommand, Frame } from '../../codec/index.ts'
import { StompError } from '../../errors.ts'
import type { StompSession } from '../stomp-session.ts'

/** The destination that SEND and SUBSCRIBE must name (STOMP-L1). */
export function destinationOf (session: StompSession, frame: Frame<ClientCommand>): string {
  const destination = session.required(frame, 'destination')
  const { limits } = session.host
  if (Buffer.byteLength(destination) > limits.destination) throw new StompError('STOMP_DESTINATION_TOO_LONG', `at most ${limits.destination} octets`)
  return destination
}
