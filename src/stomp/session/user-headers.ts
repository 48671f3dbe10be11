import { FrameHeaders } from '../codec/index.ts'

/** The headers that belong to one hop, and the headers that only the server may set (STOMP-M4, STOMP-M5, SEC-S50). */
const RESERVED: ReadonlySet<string> = new Set(['destination', 'receipt', 'transaction', 'content-length', 'message-id', 'subscription', 'ack',
  'redelivered', 'login', 'passcode', 'authorization', 'user-name', 'x-epoch', 'x-offset', 'x-recovered', 'x-position'])

/** The headers of a SEND that its MESSAGE repeats. */
export function userHeaders (headers: Iterable<readonly [name: string, value: unknown]>): FrameHeaders {
  const kept = new FrameHeaders()
  for (const [name, value] of headers) if (!isReserved(name)) kept.add(name, String(value))
  return kept
}

function isReserved (name: string): boolean {
  return RESERVED.has(name) || RESERVED.has(name.toLowerCase())
}
