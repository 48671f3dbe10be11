import { isPromise } from '../../../core/promise.ts'
import type { ClientCommand, Frame } from '../../codec/index.ts'
import type { ClientDestination } from '../../destinations.ts'
import { StompError } from '../../errors.ts'
import type { StompSession } from '../stomp-session.ts'
import type { ClientMessage, MessageHandler } from '../transactions.ts'
import { confirm } from './frame.ts'
import { type SendHead, sendHeadOf } from './send-head.ts'

/** [STOMP 1.2, SEND] Sends a message to the broker, to a route or to a user. */
export function send (session: StompSession, frame: Frame<ClientCommand>): void | Promise<void> {
  const head = sendHeadOf(session, frame)
  const allowed = session.host.application.checkSend(session, frame, head.destination)
  return isPromise(allowed) ? allowed.then(() => accept(session, frame, head)) : accept(session, frame, head)
}

function accept (session: StompSession, frame: Frame<ClientCommand>, { destination, headers, receipt, transaction }: SendHead): void | Promise<void> {
  // The session may have been closed while hooks and rules were asked.
  if (session.state !== 'connected') return
  // Inside a transaction, too: COMMIT must not find out half-way (STOMP-T3).
  const handler = handlerOf(session, destination)
  // The application may get the headers, for example with the answer to its question. The broker changes none.
  const message: ClientMessage = { destination: destination.name, headers: handler === null ? headers : headers.copy(), body: frame.body, receipt }
  if (transaction !== undefined) return collect(session, frame, transaction, message, handler)
  if (handler === null) return confirm(session, frame, session.host.taps.after(session.connection!.publish(message), message))
  const work = handler(message)
  // Frames behind it wait, so that the application handles one message of a session at a time.
  return isPromise(work) ? Promise.resolve(work).then(() => confirm(session, frame)) : confirm(session, frame)
}

/** Finds the handler of a message, `null` for the broker. A destination that is not served is refused. */
function handlerOf (session: StompSession, destination: ClientDestination): MessageHandler | null {
  const { application, broker } = session.host
  if (destination.owner === 'broker') {
    if (broker.accepts(destination.name, 'send')) return null
  } else {
    const handler = application.handlerFor(session, destination)
    if (handler !== null) return handler
  }
  throw new StompError('STOMP_UNKNOWN_DESTINATION')
}

/** Keeps the message, because no other client may see it before COMMIT (STOMP-T3). */
function collect (session: StompSession, frame: Frame<ClientCommand>, id: string, message: ClientMessage, handler: MessageHandler | null): void {
  const transaction = session.transactions.get(id)
  session.transactions.add(transaction, { type: 'send', message, handler }, sizeOf(frame))
  confirmStep(session, frame, transaction.receipts)
}

/** Counts all that a frame keeps in memory, because a thousand large heads are not smaller than a large body. */
export function sizeOf ({ headers, body }: Frame<ClientCommand>): number {
  let size = body.length
  for (const [name, value] of headers) size += name.length + value.length
  return size
}

/** Confirms a step of a transaction. By default, its receipt waits for the end of the transaction (STOMP-T5). */
export function confirmStep (session: StompSession, frame: Frame<ClientCommand>, waiting: string[]): void {
  const receipt = frame.headers.get('receipt')
  if (session.host.settings.transactionReceipts === 'immediate') confirm(session, frame)
  else if (receipt !== undefined) waiting.push(receipt)
}
