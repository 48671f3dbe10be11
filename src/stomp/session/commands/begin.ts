import type { ClientCommand, Frame } from '../../codec/index.ts'
import type { StompSession } from '../stomp-session.ts'

/** [STOMP 1.2, BEGIN] */
export function begin (session: StompSession, frame: Frame<ClientCommand>): void {
  session.transactions.begin(session.required(frame, 'transaction'))
  session.confirm(frame)
}
