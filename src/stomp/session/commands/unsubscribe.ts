import type { ClientCommand, Frame } from '../../codec/index.ts'
import { StompError } from '../../errors.ts'
import type { StompSession } from '../stomp-session.ts'

/** [STOMP 1.2, UNSUBSCRIBE] By id; 1.0 may name the destination instead (STOMP-S5). */
export function unsubscribe (session: StompSession, frame: Frame<ClientCommand>): void {
  const { headers } = frame
  const id = session.version === '1.0' ? headers.get('id') : session.required(frame, 'id')
  if (id === undefined) session.required(frame, 'destination')
  const subscription = session.subscriptions.named(id, headers.get('destination'))
  if (subscription === undefined) return endImplicit(session, frame, id)
  session.subscriptions.remove(subscription)
  subscription.feed?.stop()
  // Before the hooks: what they publish must not come here.
  const work = subscription.source === 'broker' ? session.connection!.unsubscribe(subscription.key) : undefined
  session.host.application.unsubscribed(session, subscription)
  session.confirm(frame, work)
}

/** A subscription that a `reply-to` has made is known to the broker alone until its first answer comes. */
function endImplicit (session: StompSession, frame: Frame<ClientCommand>, id: string | undefined): void {
  if (id === undefined || !session.host.broker.isPrivate(id)) throw new StompError('STOMP_UNKNOWN_SUBSCRIPTION')
  session.confirm(frame, session.connection!.unsubscribe(id))
}
