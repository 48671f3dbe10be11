// The floor: a server of the runtime itself, written in C++ on the engine of uWebSockets.
/* global Bun */
import { HEARTBEAT, mode, ready } from './serve.js'

const sockets = new Set()

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: (request, server) => server.upgrade(request) ? undefined : new Response('', { status: 404 }),
  websocket: {
    // Its own pings come when a connection was silent for some time, and no option sets that time: these come as often as those of the others.
    sendPings: false,
    idleTimeout: HEARTBEAT / 1000 * 4,
    perMessageDeflate: false,
    open (socket) {
      sockets.add(socket)
      if (mode === 'broadcast') socket.subscribe('all')
    },
    close: (socket) => { sockets.delete(socket) },
    message: mode === 'echo'
      ? (socket, message) => { socket.send(message) }
      : (_socket, message) => { server.publish('all', message) }
  }
})
setInterval(() => { for (const socket of sockets) socket.ping() }, HEARTBEAT)
ready(server.port, {
  memory () {
    Bun.gc(true)
    return process.memoryUsage()
  }
})
