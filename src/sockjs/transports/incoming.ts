import type { Message } from '../../stream/message-stream.ts'
import { CLOSE, type CloseReason, decodeMessage } from '../protocol/index.ts'

/** What arrives on WebSockets may be at most this large, and bytes are welcome or not. */
export interface IncomingRules {
  /** Bytes of one decoded message. */
  readonly maxMessageSize: number
  readonly binary: boolean
}

/** Whether a message has more bytes than it may; most need no counting. */
export function isTooBig (message: Message, maxBytes: number): boolean {
  if (typeof message !== 'string') return message.byteLength > maxBytes
  return message.length * 3 > maxBytes && Buffer.byteLength(message) > maxBytes
}

/** Reads a WebSocket message with SockJS framing. Returns the messages in it, or why the connection must close. */
export function readFramed (data: Buffer | string, isBinary: boolean, rules: IncomingRules): readonly Message[] | CloseReason {
  if (isBinary) return CLOSE.binary
  const text = data.toString()
  if (text === '') return []
  const messages = decodeMessage(text)
  if (typeof messages === 'string') return CLOSE.framing
  for (const message of messages) if (isTooBig(message, rules.maxMessageSize)) return CLOSE.tooBig
  return messages
}

/** Reads a message of a raw WebSocket. */
export function readRaw (data: Buffer | string, isBinary: boolean, rules: IncomingRules): readonly Message[] | CloseReason {
  if (isBinary && !rules.binary) return CLOSE.binary
  const message = isBinary ? data : data.toString()
  return isTooBig(message, rules.maxMessageSize) ? CLOSE.tooBig : [message]
}
