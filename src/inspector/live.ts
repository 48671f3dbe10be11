import { delay } from '../core/delay.ts'
import type { Session } from '../sockjs/session/index.ts'
import type { Inspector } from './inspector.ts'

/** The most commands of one page in each second. The page itself sends a few. */
const MOST_COMMANDS = 30

/**
 * Serves one page: each message is a command, and each gets one answer, in order.
 *
 * The next command waits until the page has read the last answer, so that a slow page holds back itself.
 */
export async function serveCommands (session: Session, inspector: Inspector): Promise<void> {
  const { clock } = inspector.parts
  let second = 0
  let count = 0
  for await (const text of session) {
    const now = clock.now()
    if (now - second >= 1_000) {
      second = now
      count = 0
    }
    if (++count > MOST_COMMANDS) await delay(clock, 1_000 - (now - second))
    session.send(JSON.stringify({ id: idOf(text), ...await inspector.answer(text) }))
    await session.drained()
  }
}

/** Finds the number by which the page knows the answer to its command. */
function idOf (text: string): number | null {
  try {
    const { id } = JSON.parse(text) as { id?: unknown }
    return typeof id === 'number' ? id : null
  } catch {
    return null
  }
}
