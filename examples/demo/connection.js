import { BARE } from './catalogue.js'

/**
 * Opens a session by sockjs-client or by a bare WebSocket. `on` has a function for everything that happens:
 * `candidates(names)`, `attempt(name)`, `open(transport, protocol)`, `frame(direction, text)`, `message(text)` and, once,
 * `close({ code, reason })`. Returns what can be done with it: `send(text)` and `close()`.
 */
export function openConnection ({ SockJS, url, transport, protocols }, on) {
  return transport === BARE ? openBare(url, protocols ?? [], on) : openSockjs(SockJS, url, transport, on)
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
 * sockjs-client reports which transport it got, but neither those it tried before nor the frames. Two of its inner
 * methods do; where another version lacks them, the page shows less.
 */
function watch (sock, on) {
  const { _connect: connect, _transportMessage: receive } = sock
  if (typeof connect !== 'function' || typeof receive !== 'function') return
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
