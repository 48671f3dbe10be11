import type { Message } from '../../stream/message-stream.ts'
import { decodeMessage, type PlainTexts } from '../protocol/index.ts'
import type { MessageFault } from '../session/index.ts'

/** The rules for the messages that arrive. */
export interface IncomingRules {
  /** Bytes of one decoded message. */
  readonly maxMessageSize: number
  /** The texts that need no escape, as far as they are known. */
  readonly plain: PlainTexts
  /** True if a raw WebSocket accepts bytes. */
  readonly binary: boolean
}

/** Tells whether a message has more bytes than it may. Most messages need no counting. */
export function isTooBig (message: Message, maxBytes: number): boolean {
  if (typeof message !== 'string') return message.byteLength > maxBytes
  return message.length * 3 > maxBytes && Buffer.byteLength(message) > maxBytes
}

/** Reads a WebSocket message with SockJS framing. Returns the messages in it, or the fault for which the connection must close. */
export function readFramed (data: Buffer | string, isBinary: boolean, rules: IncomingRules): readonly Message[] | MessageFault {
  if (isBinary) return 'binary'
  const text = data.toString()
  if (text === '') return []
  const messages = decodeMessage(text, rules.plain)
  if (typeof messages === 'string') return 'framing'
  for (const message of messages) if (isTooBig(message, rules.maxMessageSize)) return 'tooBig'
  return messages
}

/** Reads a message of a raw WebSocket. */
export function readRaw (data: Buffer | string, isBinary: boolean, rules: IncomingRules): readonly Message[] | MessageFault {
  if (isBinary && !rules.binary) return 'binary'
  const message = isBinary ? data : data.toString()
  return isTooBig(message, rules.maxMessageSize) ? 'tooBig' : [message]
}
