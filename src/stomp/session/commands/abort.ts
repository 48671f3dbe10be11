import type { ClientCommand, Frame } from '../../codec/index.ts'
import type { StompSession } from '../stomp-session.ts'

/** [STOMP 1.2, ABORT] Nothing was sent; what it had acknowledged waits again (STOMP-A6). */
export function abort (session: StompSession, frame: Frame<ClientCommand>): void {
  const transaction = session.transactions.take(session.required(frame, 'transaction'))
  for (const step of transaction.steps) if (step.type !== 'send') session.subscriptions.release(step.claim)
  const own = frame.headers.get('receipt')
  session.confirmAll(own === undefined ? transaction.receipts : [...transaction.receipts, own])
}
