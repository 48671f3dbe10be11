import type { ClientCommand, Frame } from '../../codec/index.ts'
import type { StompSession } from '../stomp-session.ts'

/** [STOMP 1.2, DISCONNECT] The frames before it are completed, its RECEIPT is flushed, then the close (STOMP-D1). */
export async function disconnect (session: StompSession, frame: Frame<ClientCommand>): Promise<void> {
  await session.settled()
  if (session.state !== 'connected') return
  session.confirm(frame)
  session.close()
}
