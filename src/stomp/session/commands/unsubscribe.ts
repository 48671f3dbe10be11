import type { ClientCommand, Frame } from '../../codec/index.ts'
import { StompError } from '../../errors.ts'
import type { StompSession } from '../stomp-session.ts'

/** [STOMP 1.2, UNSUBSCRIBE] By id; 1.0 may name the destination instead (STOMP-S5). */
export function unsubscribe (session: StompSession, frame: Frame<ClientCommand>): void {
  const { headers } = frame
  const id = session.version === '1.0' ? headers.get('id') : session.required(frame, 'id')
  if (id === undefined) session.required(frame, 'destination')
  const subscription = session.subscriptions.named(id, headers.get('destination'))
  if (subscription === undefined) throw new StompError('STOMP_UNKNOWN_SUBSCRIPTION')
  session.subscriptions.remove(subscription)
  subscription.feed?.stop()
  session.host.application.unsubscribed(session, subscription)
  session.confirm(frame, subscription.source === 'broker' ? session.connection!.unsubscribe(subscription.key) : undefined)
}
