// The floor: a server of the runtime itself, written in C++ on the engine of uWebSockets.
/* global Bun */
import { HEARTBEAT, mode, ready } from './serve.js'

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: (request, server) => server.upgrade(request) ? undefined : new Response('', { status: 404 }),
  websocket: {
    sendPings: true,
    idleTimeout: HEARTBEAT / 1000 * 4,
    perMessageDeflate: false,
    open: (socket) => { socket.subscribe('all') },
    message: mode === 'echo'
      ? (socket, message) => { socket.send(message) }
      : (_socket, message) => { server.publish('all', message) }
  }
})
ready(server.port, {
  memory () {
    Bun.gc(true)
    return process.memoryUsage()
  }
})
