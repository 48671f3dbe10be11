import { type ConnectOptions, type Library, type LibraryClient, rxStomp, stompjs, stompjs2, type Way, webstompClient } from './libraries.ts'

/** A library on one way, and what can be asked of the two. */
export interface Combination {
  readonly name: string
  /** What `/app/me` calls the transport. */
  readonly transport: string
  readonly version: '1.1' | '1.2'
  /** How bodies that are no text arrive: SockJS carries text, the older libraries read bytes in ways of their own. */
  readonly bytes: 'raw' | 'base64' | 'garbled'
  /** Bodies may hold NUL: the older libraries cut frames there before they look at content-length. */
  readonly nul: boolean
  /** Escapes header values. */
  readonly escapes: boolean
  /** Receives a body of 1 MB. */
  readonly large: boolean
  /** Waits for the RECEIPT of DISCONNECT. */
  readonly patient: boolean
  /** DISCONNECT arrives: the older libraries close on top of it, and the HTTP transports of the SockJS client then drop it. */
  readonly farewell: boolean
  connect (options: ConnectOptions): LibraryClient
}

const SOCKJS = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling']

function combine (library: Library, name: string, way: Way, traits: Partial<Combination> = {}): Combination {
  const modern = library === stompjs || library === rxStomp
  return {
    name,
    transport: way.sockjs ?? (way.tcp === true ? 'tcp' : 'websocket-raw'),
    version: library === stompjs2 ? '1.1' : '1.2',
    bytes: way.sockjs !== undefined ? 'base64' : modern ? 'raw' : 'garbled',
    nul: modern,
    escapes: modern,
    large: true,
    patient: modern,
    farewell: modern || way.sockjs === undefined || way.sockjs === 'websocket',
    connect: (options) => library(way, options),
    ...traits
  }
}

function overSockjs (library: Library, name: string): Combination[] {
  return SOCKJS.map((transport) => combine(library, `${name} over SockJS ${transport}`, { sockjs: transport }))
}

export const COMBINATIONS: readonly Combination[] = [
  combine(stompjs, '@stomp/stompjs over WebSocket', {}),
  combine(stompjs, '@stomp/stompjs over WebSocket, binary', { binary: true, path: '/stomp/websocket' }),
  combine(stompjs, '@stomp/stompjs over WebSocket, split', { split: true, path: '/gs-guide-websocket' }),
  ...overSockjs(stompjs, '@stomp/stompjs'),
  combine(rxStomp, '@stomp/rx-stomp over WebSocket', {}),
  combine(rxStomp, '@stomp/rx-stomp over WebSocket, binary', { binary: true }),
  ...overSockjs(rxStomp, '@stomp/rx-stomp'),
  combine(stompjs2, 'stompjs 2 over WebSocket', {}),
  ...overSockjs(stompjs2, 'stompjs 2'),
  // It takes each piece that TCP hands over for whole frames.
  combine(stompjs2, 'stompjs 2 over TCP', { tcp: true }, { large: false }),
  combine(webstompClient, 'webstomp-client over WebSocket', {}),
  // It spreads the octets of a message over the arguments of one call.
  combine(webstompClient, 'webstomp-client over WebSocket, binary', { binary: true }, { large: false }),
  ...overSockjs(webstompClient, 'webstomp-client')
]
