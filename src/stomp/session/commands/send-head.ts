import type { ClientCommand, Frame, FrameHeaders } from '../../codec/index.ts'
import type { ClientDestination } from '../../destinations.ts'
import type { StompSession } from '../stomp-session.ts'
import { userHeaders } from '../user-headers.ts'
import { destinationOf } from './destination.ts'

/** The facts in the head of a SEND. Frames whose heads have the same text share one, so that nothing may change it. */
export interface SendHead {
  readonly destination: ClientDestination
  /** The headers that the MESSAGE repeats. */
  readonly headers: FrameHeaders
  readonly receipt: string | undefined
  readonly transaction: string | undefined
}

/** Reads the head of a SEND, or finds it as it was read in a frame before. */
export function sendHeadOf (session: StompSession, frame: Frame<ClientCommand>): SendHead {
  return (frame.headers.facts ??= readSendHead(session, frame)) as SendHead
}

function readSendHead (session: StompSession, frame: Frame<ClientCommand>): SendHead {
  const { headers } = frame
  return {
    destination: destinationOf(session, frame),
    headers: userHeaders(headers),
    receipt: headers.get('receipt'),
    transaction: headers.get('transaction')
  }
}
