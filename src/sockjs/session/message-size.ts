import { PreparedMessage } from '../../stream/prepared-message.ts'
import { formsOf, type Outgoing } from '../protocol/index.ts'

/** Returns the encoded length of a message of a SockJS session. */
export function sizeOf (message: Outgoing): number {
  return message instanceof PreparedMessage ? formsOf(message).quotedBytes : Buffer.byteLength(message as string)
}
