import type { SockjsFrame } from '../protocol/index.ts'

/** FIN and the opcode (RFC 6455, section 5.2). */
const TEXT = 0x81
const BINARY = 0x82
/** The bit of a compressed message (RFC 7692, section 6). */
const COMPRESSED = 0x40

/** A heartbeat of a SockJS session: the text frame `h` and an empty ping, in one write (WS-21). */
export const HEARTBEAT_AND_PING = Buffer.from([0x81, 0x01, 0x68, 0x89, 0x00])
export const PING = Buffer.from([0x89, 0x00])

/** Makes the head of an unmasked frame, as a string with one byte a character. */
function head (first: number, length: number): string {
  if (length < 126) return String.fromCharCode(first, length)
  if (length < 65536) return String.fromCharCode(first, 126, length >> 8, length & 255)
  return String.fromCharCode(first, 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255)
}

/** Makes a text frame as a string with one byte a character. The socket writes it without a buffer. */
export function asciiFrame (text: string): string {
  return head(TEXT, text.length) + text
}

function encode (first: number, data: string | Uint8Array, length: number): Buffer {
  const prefix = head(first, length)
  const frame = Buffer.allocUnsafe(prefix.length + length)
  frame.write(prefix, 0, 'latin1')
  if (typeof data === 'string') frame.write(data, prefix.length)
  else frame.set(data, prefix.length)
  return frame
}

export function frameBytes (frame: SockjsFrame): Buffer {
  return encode(TEXT, frame.text, frame.bytes)
}

/** Encodes a whole message of a raw WebSocket. Bytes become a binary frame. */
export function messageBytes (data: string | Uint8Array): Buffer {
  return typeof data === 'string' ? encode(TEXT, data, Buffer.byteLength(data)) : encode(BINARY, data, data.byteLength)
}

/** Makes the frame of a compressed message. */
export function deflatedFrame (isText: boolean, body: Uint8Array): Buffer {
  return encode((isText ? TEXT : BINARY) | COMPRESSED, body, body.byteLength)
}
