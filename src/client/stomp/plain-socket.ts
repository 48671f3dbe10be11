import { Emitter } from '../emitter.ts'
import type { SockJSEventMap } from '../events.ts'
import { platform } from '../platform.ts'
import type { SessionLike } from '../reconnecting.ts'
import { CLOSED, CLOSING, CONNECTING, OPEN } from '../session.ts'

/** The subprotocols of STOMP. [STOMP over WebSocket] */
const PROTOCOLS: readonly string[] = ['v12.stomp', 'v11.stomp', 'v10.stomp']

/** Opens a WebSocket without SockJS, for brokers such as RabbitMQ: a value for the option `socket`. Bytes are decoded as UTF-8. */
export function plainSocket (url: string | URL): SessionLike {
  const socket = new platform.WebSocket(`${url}`, PROTOCOLS)
  socket.binaryType = 'arraybuffer'
  let decoder: InstanceType<typeof platform.TextDecoder> | undefined
  const session = Object.assign(new Emitter<SockJSEventMap>(), {
    url: `${url}`,
    readyState: CONNECTING,
    send: (text: unknown) => socket.send(`${text}`),
    close (code = 1000, reason = 'Normal closure') {
      if (session.readyState > OPEN) return
      session.readyState = CLOSING
      socket.close(code, reason)
      // The end comes at once, because a connection that is gone would not answer.
      setTimeout(end, 0, code, reason, true)
    }
  })

  function end (code: number, reason: string, wasClean: boolean): void {
    if (session.readyState === CLOSED) return
    session.readyState = CLOSED
    session.emit('close', { code, reason, wasClean })
  }

  socket.onopen = () => {
    if (session.readyState) return
    session.readyState = OPEN
    session.emit('open')
  }
  socket.onmessage = ({ data }) => {
    if (session.readyState !== OPEN) return
    session.emit('message', { data: typeof data === 'string' ? data : (decoder ??= new platform.TextDecoder()).decode(data, { stream: true }) })
  }
  socket.onclose = ({ code, reason }) => end(code, reason, code !== 1006)
  // The event `close` follows. `ws` throws the error if nothing listens to it.
  socket.onerror = () => {}
  return session
}
