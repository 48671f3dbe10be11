import { shown } from '../../core/suggestion.ts'
import type { Message } from '../../stream/message-stream.ts'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import { errors } from '../errors.ts'
import { type AnySession, Session } from '../session/index.ts'

/** The options of a broadcast. */
export interface BroadcastOptions {
  /** The session that does not get the message. */
  except?: AnySession
}

/**
 * Encodes a message once, so that it can be sent to many sessions.
 *
 * @throws FST_SOCKJS_INVALID_MESSAGE
 */
export function prepare (message: Message): PreparedMessage {
  if (typeof message !== 'string' && !((message as unknown) instanceof Uint8Array)) {
    throw new errors.InvalidMessage(`a message must be a string or bytes, not ${shown(message)}; give JSON.stringify(value) for any other value`)
  }
  return new PreparedMessage(message)
}

/** Refuses wrong options, because with them no session would be left out although the caller named one. */
export function checkBroadcast (options: BroadcastOptions): void {
  const right = typeof options === 'object' && options !== null && !(options instanceof Session) &&
    (options.except === undefined || options.except instanceof Session)
  if (!right) throw new errors.InvalidOption('except', `must be a session, given as broadcast(message, { except: session }), not ${shown(options?.except ?? options)}`)
  for (const name in options) if (name !== 'except') throw new errors.InvalidOption(shown(name), 'is not known; broadcast(message, { except: session }) has no other')
}
