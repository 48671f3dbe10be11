import type { ClientCommand, Frame } from '../../codec/index.ts'
import { StompError } from '../../errors.ts'
import type { StompSession } from '../stomp-session.ts'
import type { Subscription } from '../subscriptions.ts'
import { confirmStep, sizeOf } from './send.ts'

/** [STOMP 1.2, ACK] */
export function ack (session: StompSession, frame: Frame<ClientCommand>): void {
  acknowledge(session, frame, 'ack')
}

/** [STOMP 1.2, NACK] In `client` mode it covers the earlier ones too (STOMP-A3). */
export function nack (session: StompSession, frame: Frame<ClientCommand>): void {
  acknowledge(session, frame, 'nack')
}

function acknowledge (session: StompSession, frame: Frame<ClientCommand>, type: 'ack' | 'nack'): void {
  const { subscription, key } = delivery(session, frame)
  const id = frame.headers.get('transaction')
  const transaction = id === undefined ? null : session.transactions.get(id)
  const claim = session.subscriptions.claim(subscription, key, transaction)
  if (transaction === null) return session.confirm(frame, session.connection![type](claim.handles))
  session.transactions.add(transaction, { type, claim }, sizeOf(frame))
  confirmStep(session, frame, transaction.receipts)
}

/** STOMP-A2: each version names a delivery in its own way. */
function delivery (session: StompSession, frame: Frame<ClientCommand>): { subscription: Subscription, key: string } {
  const { subscriptions, version } = session
  const key = session.required(frame, version === '1.2' ? 'id' : 'message-id')
  const subscription = version === '1.2'
    ? subscriptions.ofAckId(key)
    : version === '1.1' ? subscriptions.find(session.required(frame, 'subscription')) : holder(session, frame, key)
  if (subscription === undefined) throw new StompError('STOMP_UNKNOWN_MESSAGE')
  return { subscription, key }
}

/** STOMP 1.0 names the message; a client that gave its subscription an id may name that too. */
function holder (session: StompSession, frame: Frame<ClientCommand>, messageId: string): Subscription | undefined {
  const id = frame.headers.get('subscription')
  return id === undefined ? session.subscriptions.holding(messageId) : session.subscriptions.find(id)
}
