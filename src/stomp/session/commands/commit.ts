import { isPromise } from '../../../core/promise.ts'
import type { TransactionStep } from '../../broker/broker.ts'
import type { ClientCommand, Frame } from '../../codec/index.ts'
import type { StompSession } from '../stomp-session.ts'
import type { ClientMessage, MessageHandler, Transaction } from '../transactions.ts'
import { required } from './frame.ts'

/** [STOMP 1.2, COMMIT] Gives everything to the broker at once (STOMP-T3). Messages for the routes of the application follow in order. */
export function commit (session: StompSession, frame: Frame<ClientCommand>): void | Promise<void> {
  const transaction = session.transactions.take(required(frame, 'transaction'))
  const { forBroker, handled } = sort(transaction)
  const receipts = [...transaction.receipts]
  const own = frame.headers.get('receipt')
  if (own !== undefined) receipts.push(own)
  // The deliveries are settled first, because a message that NACK gives back may come again at once, under the same id.
  for (const step of transaction.steps) if (step.type !== 'send') session.subscriptions.settle(step.claim)
  const messages = forBroker.flatMap((step) => step.type === 'publish' ? [step.message] : [])
  const work = session.host.taps.afterAll(session.connection!.commit(forBroker), messages)
  if (handled.length === 0) return session.receipts.after(work, receipts)
  // A refusal of the broker that comes while the routes still run is told afterwards, by the promise that the receipts get.
  if (isPromise(work)) work.then(undefined, () => {})
  return handleAll(session, handled).then(() => session.receipts.after(work, receipts))
}

/** A message for a route or for a user, with its handler. */
type Handled = readonly [handler: MessageHandler, message: ClientMessage]

function sort ({ steps }: Transaction): { forBroker: TransactionStep[], handled: Handled[] } {
  const forBroker: TransactionStep[] = []
  const handled: Handled[] = []
  for (const step of steps) {
    if (step.type !== 'send') forBroker.push({ type: step.type, handles: step.claim.handles })
    else if (step.handler === null) forBroker.push({ type: 'publish', message: step.message })
    else handled.push([step.handler, step.message])
  }
  return { forBroker, handled }
}

async function handleAll (session: StompSession, handled: readonly Handled[]): Promise<void> {
  for (const [handler, message] of handled) {
    if (session.state !== 'connected') return
    await handler(message)
  }
}
