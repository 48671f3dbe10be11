import { PreparedMessage } from '../../stream/prepared-message.ts'
import { formsOf, type Outgoing } from '../protocol/index.ts'

/**
 * The memory of a kept message beside its encoded text, in bytes: its object, and its place in a list.
 *
 * Without it, empty messages could pile up without limit.
 */
export const OVERHEAD = 32

/** Returns the encoded length of a message of a SockJS session. */
export function sizeOf (message: Outgoing): number {
  return message instanceof PreparedMessage ? formsOf(message).quotedBytes : Buffer.byteLength(message as string)
}
