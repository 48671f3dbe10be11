import type { ClientCommand, Frame } from '../../codec/index.ts'
import { StompError } from '../../errors.ts'
import type { IncomingMessage } from '../host.ts'
import type { StompSession } from '../stomp-session.ts'
import { userHeaders } from '../user-headers.ts'
import { destinationOf } from './destination.ts'

/** [STOMP 1.2, SEND] */
export function send (session: StompSession, frame: Frame<ClientCommand>): void | Promise<void> {
  const destination = destinationOf(session, frame)
  const allowed = session.host.application.checkSend(session, frame)
  return allowed instanceof Promise ? allowed.then(() => accept(session, frame, destination)) : accept(session, frame, destination)
}

function accept (session: StompSession, frame: Frame<ClientCommand>, destination: string): void | Promise<void> {
  // It may have been closed while hooks and rules were asked.
  if (session.state !== 'connected') return
  const message: IncomingMessage = { session, destination, headers: userHeaders(frame.headers), body: frame.body, receipt: frame.headers.get('receipt') }
  const owner = session.host.application.ownerOf(destination)
  if (owner === 'broker' && !session.host.broker.accepts(destination, 'send')) throw new StompError('STOMP_UNKNOWN_DESTINATION')
  // Also in a transaction: COMMIT must not find out half-way (STOMP-T3).
  if (owner === 'application' && !session.host.application.serves(destination)) throw new StompError('STOMP_UNKNOWN_DESTINATION')
  const transaction = frame.headers.get('transaction')
  if (transaction !== undefined) return collect(session, frame, transaction, message)
  if (owner === 'broker') return session.confirm(frame, session.connection!.publish(message))
  const work = owner === 'user' ? session.host.application.sendToUser(message) : session.host.application.handle(message)
  // Frames behind it wait: the application sees one message of a session at a time.
  return work instanceof Promise ? work.then(() => session.confirm(frame)) : session.confirm(frame)
}

/** STOMP-T3: nothing of it is seen before COMMIT. */
function collect (session: StompSession, frame: Frame<ClientCommand>, id: string, message: IncomingMessage): void {
  const transaction = session.transactions.get(id)
  session.transactions.add(transaction, { type: 'send', message }, sizeOf(frame))
  confirmStep(session, frame, transaction.receipts)
}

/** All that a frame keeps in memory: a thousand large heads are no less than a large body. */
export function sizeOf ({ headers, body }: Frame<ClientCommand>): number {
  let size = body.length
  for (const [name, value] of headers) size += name.length + value.length
  return size
}

/** STOMP-T5: by default the receipt of a step waits for the end of its transaction. */
export function confirmStep (session: StompSession, frame: Frame<ClientCommand>, waiting: string[]): void {
  const receipt = frame.headers.get('receipt')
  if (session.host.transactionReceipts === 'immediate') session.confirm(frame)
  else if (receipt !== undefined) waiting.push(receipt)
}
