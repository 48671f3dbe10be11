import type { SockJSTransport } from '../options.ts'
import { openEventSource } from './eventsource.ts'
import { fetching } from './streams.ts'
import type { OpenTransport } from './transport.ts'
import { openWebSocket } from './websocket.ts'

/** The transports, in the order in which they are tried. */
export const TRANSPORTS: readonly (readonly [name: SockJSTransport, open: OpenTransport])[] = [
  ['websocket', openWebSocket],
  ['xhr-streaming', fetching('POST', '/xhr_streaming', true)],
  ['eventsource', openEventSource],
  ['xhr-polling', fetching('POST', '/xhr', false)]
]
