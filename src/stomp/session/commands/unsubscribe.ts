import type { ClientCommand, Frame } from '../../codec/index.ts'
import { StompError } from '../../errors.ts'
import type { StompSession } from '../stomp-session.ts'
import { confirm, required } from './frame.ts'

/** [STOMP 1.2, UNSUBSCRIBE] Ends a subscription by its id. A client of 1.0 may name the destination instead (STOMP-S5). */
export function unsubscribe (session: StompSession, frame: Frame<ClientCommand>): void {
  const { headers } = frame
  const id = session.version === '1.0' ? headers.get('id') : required(frame, 'id')
  if (id === undefined) required(frame, 'destination')
  const subscription = session.subscriptions.named(id, headers.get('destination'))
  if (subscription === undefined) return endImplicit(session, frame, id)
  session.subscriptions.remove(subscription)
  subscription.feed?.stop()
  // The broker ends it before the hooks run, because messages that they publish must not come here.
  const work = subscription.source === 'broker' ? session.connection!.unsubscribe(subscription.key) : undefined
  if (subscription.registered) session.host.observer.unsubscribed(session, subscription)
  confirm(session, frame, work)
}

/** Ends a subscription that a `reply-to` has made. Only the broker knows it until its first answer comes. */
function endImplicit (session: StompSession, frame: Frame<ClientCommand>, id: string | undefined): void {
  if (id === undefined || !session.host.broker.isPrivate(id)) throw new StompError('STOMP_UNKNOWN_SUBSCRIPTION')
  confirm(session, frame, session.connection!.unsubscribe(id))
}
