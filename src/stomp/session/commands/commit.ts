import { isPromise } from '../../../core/promise.ts'
import type { Operation } from '../../broker/broker.ts'
import type { ClientCommand, Frame } from '../../codec/index.ts'
import type { IncomingMessage } from '../host.ts'
import type { StompSession } from '../stomp-session.ts'
import type { Transaction } from '../transactions.ts'

/**
 * [STOMP 1.2, COMMIT] The broker gets everything at once (STOMP-T3); messages for the application's own routes follow,
 * in order.
 */
export function commit (session: StompSession, frame: Frame<ClientCommand>): void | Promise<void> {
  const transaction = session.transactions.take(session.required(frame, 'transaction'))
  const { operations, messages } = sort(session, transaction)
  const receipts = [...transaction.receipts]
  const own = frame.headers.get('receipt')
  if (own !== undefined) receipts.push(own)
  // First: a message that NACK gives back may come again at once, under the same id.
  for (const step of transaction.steps) if (step.type !== 'send') session.subscriptions.settle(step.claim)
  const work = session.connection!.commit(operations)
  if (messages.length === 0) return session.confirmAll(receipts, work)
  // What the broker refuses while the routes still run is told afterwards, by the promise that `confirmAll` gets.
  if (isPromise(work)) work.then(undefined, () => {})
  return handleAll(session, messages).then(() => session.confirmAll(receipts, work))
}

function sort (session: StompSession, transaction: Transaction): { operations: Operation[], messages: IncomingMessage[] } {
  const operations: Operation[] = []
  const messages: IncomingMessage[] = []
  for (const step of transaction.steps) {
    if (step.type !== 'send') operations.push({ type: step.type, handles: step.claim.handles })
    else if (session.host.application.ownerOf(step.message.destination) === 'broker') operations.push({ type: 'publish', message: step.message })
    else messages.push(step.message)
  }
  return { operations, messages }
}

async function handleAll (session: StompSession, messages: readonly IncomingMessage[]): Promise<void> {
  const { application } = session.host
  for (const message of messages) {
    if (session.state !== 'connected') return
    if (application.ownerOf(message.destination) === 'user') await application.sendToUser(message)
    else await application.handle(message)
  }
}
