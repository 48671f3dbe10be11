import { platform } from '../platform.ts'
import type { Link, Transport } from './transport.ts'

/** Opens a WebSocket. Each of its messages is a frame. */
export function openWebSocket (link: Link): Transport {
  const socket = new platform.WebSocket(link.url('/websocket').replace('http', 'ws'))
  socket.onmessage = ({ data }) => { if (typeof data === 'string') link.frame(data) }
  socket.onclose = ({ code, reason }) => link.lost(code, reason)
  // The event `close` follows. `ws` throws the error if nothing listens to it.
  socket.onerror = () => {}
  return {
    send: (message) => socket.send(`[${message}]`),
    confirm: (text) => socket.send(text),
    // A WebSocket sends the messages that wait before it closes.
    close: (flush) => socket.close(flush ? undefined : link.code)
  }
}
