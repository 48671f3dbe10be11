import type { ClientCommand, Frame } from '../../codec/index.ts'
import type { StompSession } from '../stomp-session.ts'
import { confirm } from './frame.ts'

/** [STOMP 1.2, DISCONNECT] Completes the frames before it. Its RECEIPT is flushed, then the session closes (STOMP-D1). */
export async function disconnect (session: StompSession, frame: Frame<ClientCommand>): Promise<void> {
  await session.receipts.settled()
  if (session.state !== 'connected') return
  confirm(session, frame)
  session.close()
}
