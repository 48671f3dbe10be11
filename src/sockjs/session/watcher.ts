import type { Message } from '../../stream/message-stream.ts'

/** Sees the messages of one session, without a part in them. It must not throw. */
export interface SessionWatcher {
  /** Gets a message of the client, before the application does. */
  received (message: Message): void
  /** Gets a message for the client, when the session has queued it. */
  sent (message: Message): void
}
