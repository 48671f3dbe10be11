import type { ClientCommand, Frame } from '../../codec/index.ts'
import type { StompSession } from '../stomp-session.ts'
import { confirm, required } from './frame.ts'

/** [STOMP 1.2, BEGIN] Opens a transaction. */
export function begin (session: StompSession, frame: Frame<ClientCommand>): void {
  session.transactions.begin(required(frame, 'transaction'))
  confirm(session, frame)
}
