import type { ClientCommand, Frame } from '../../codec/index.ts'
import { StompError } from '../../errors.ts'
import type { StompSession } from '../stomp-session.ts'
import type { Subscription } from '../subscriptions.ts'
import { confirm, required } from './frame.ts'
import { confirmStep, sizeOf } from './send.ts'

/** [STOMP 1.2, ACK] Acknowledges deliveries. */
export function ack (session: StompSession, frame: Frame<ClientCommand>): void {
  acknowledge(session, frame, 'ack')
}

/** [STOMP 1.2, NACK] Refuses deliveries. In `client` mode it covers the earlier ones too (STOMP-A3). */
export function nack (session: StompSession, frame: Frame<ClientCommand>): void {
  acknowledge(session, frame, 'nack')
}

function acknowledge (session: StompSession, frame: Frame<ClientCommand>, type: 'ack' | 'nack'): void {
  const { subscription, key } = delivery(session, frame)
  const id = frame.headers.get('transaction')
  const transaction = id === undefined ? null : session.transactions.get(id)
  const claim = session.subscriptions.claim(subscription, key, transaction)
  if (transaction === null) return confirm(session, frame, session.connection![type](claim.handles))
  session.transactions.add(transaction, { type, claim }, sizeOf(frame))
  confirmStep(session, frame, transaction.receipts)
}

/** Finds the delivery. Each version names it in its own way (STOMP-A2). */
function delivery (session: StompSession, frame: Frame<ClientCommand>): { subscription: Subscription, key: string } {
  const { subscriptions, version } = session
  const key = required(frame, version === '1.2' ? 'id' : 'message-id')
  const subscription = version === '1.2'
    ? subscriptions.ofAckId(key)
    : version === '1.1' ? subscriptions.find(required(frame, 'subscription')) : holder(session, frame, key)
  if (subscription === undefined) throw new StompError('STOMP_UNKNOWN_MESSAGE')
  return { subscription, key }
}

/** Finds the subscription in STOMP 1.0, which names the message. A client that gave its subscription an id may name that too. */
function holder (session: StompSession, frame: Frame<ClientCommand>, messageId: string): Subscription | undefined {
  const id = frame.headers.get('subscription')
  return id === undefined ? session.subscriptions.holding(messageId) : session.subscriptions.find(id)
}
