import type { ClientCommand, Frame } from '../../codec/index.ts'
import type { StompSession } from '../stomp-session.ts'
import { required } from './frame.ts'

/** [STOMP 1.2, ABORT] Sends nothing. The deliveries that the transaction had acknowledged wait again (STOMP-A6). */
export function abort (session: StompSession, frame: Frame<ClientCommand>): void {
  const transaction = session.transactions.take(required(frame, 'transaction'))
  for (const step of transaction.steps) if (step.type !== 'send') session.subscriptions.release(step.claim)
  const own = frame.headers.get('receipt')
  session.receipts.after(undefined, own === undefined ? transaction.receipts : [...transaction.receipts, own])
}
