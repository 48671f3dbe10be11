import { BARE, OWN_TRANSPORTS } from './catalogue.js'

/**
 * Opens a session by sockjs-client, by the client of this package, or by a bare WebSocket. `on` has a function for each event:
 * `candidates(names)`, `attempt(name)`, `refusal({ code, reason })` (optional: a transport failed before the session opened),
 * `open(transport, protocol)`, `frame(direction, text)`, `message(text)` and, once, `close({ code, reason })`.
 * Returns the two actions: `send(text)` and `close()`.
 */
export function openConnection ({ SockJS, url, transport, protocols }, on) {
  if (transport === BARE) return openBare(url, protocols ?? [], on)
  // Only the client of this package has this function.
  return SockJS.reconnecting === undefined ? openSockjs(SockJS, url, transport, on) : openOwn(SockJS, url, transport, on)
}

function openSockjs (SockJS, url, transport, on) {
  const sock = new SockJS(url, null, transport === 'auto' ? {} : { transports: [transport] })
  watch(sock, on)
  sock.onopen = () => on.open(sock.transport, '')
  sock.onmessage = ({ data }) => on.message(data)
  sock.onclose = ({ code, reason }) => on.close({ code, reason })
  return {
    send (text) {
      on.frame('out', JSON.stringify([text]))
      sock.send(text)
    },
    close: () => sock.close()
  }
}

/**
 * Reports the attempts and the frames of sockjs-client, which itself reports only the transport that works. It wraps
 * three inner methods of sockjs-client. If another version lacks one of them, the page shows no attempts and no frames.
 */
function watch (sock, on) {
  const { _connect: connect, _transportMessage: receive, _transportClose: lose } = sock
  if ([connect, receive, lose].some((method) => typeof method !== 'function')) return
  let listed = false
  sock._connect = function () {
    if (!listed) on.candidates(this._transports.map(({ transportName }) => transportName))
    listed = true
    connect.call(this)
    if (this._transport) on.attempt(this._transport.transportName)
  }
  sock._transportMessage = function (frame) {
    on.frame('in', frame)
    receive.call(this, frame)
  }
  sock._transportClose = function (code, reason) {
    if (this.readyState === 0) on.refusal?.({ code, reason })
    lose.call(this, code, reason)
  }
}

/** The client of this package tells its failed attempts by an option. It does not show its frames. */
function openOwn (SockJS, url, transport, on) {
  const transports = transport === 'auto' ? OWN_TRANSPORTS : [transport]
  on.candidates(transports)
  const sock = new SockJS(url, null, {
    transports,
    onattempt ({ transport, code, reason }) {
      on.attempt(transport)
      on.refusal?.({ code, reason })
    }
  })
  sock.onopen = () => {
    on.attempt(sock.transport)
    on.open(sock.transport, '')
  }
  sock.onmessage = ({ data }) => on.message(data)
  sock.onclose = ({ code, reason }) => on.close({ code, reason })
  return { send: (text) => sock.send(text), close: () => sock.close() }
}

function openBare (url, protocols, on) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/websocket`, protocols)
  on.candidates([BARE])
  on.attempt(BARE)
  socket.onopen = () => on.open(BARE, socket.protocol)
  socket.onmessage = ({ data }) => {
    const text = typeof data === 'string' ? data : `${data.size} bytes`
    on.frame('in', text)
    on.message(text)
  }
  socket.onclose = ({ code, reason }) => on.close({ code, reason })
  return {
    send (text) {
      on.frame('out', text)
      socket.send(text)
    },
    close: () => socket.close(1000)
  }
}
