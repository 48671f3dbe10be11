import { createServer } from 'node:http'
import { attach } from 'engine.io'
import { HEARTBEAT, mode, serve } from './serve.js'

const sockets = new Set()
const server = createServer()
attach(server, { pingInterval: HEARTBEAT }).on('connection', (socket) => {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
  socket.on('message', mode === 'echo'
    ? (message) => socket.send(message)
    : (message) => { for (const each of sockets) each.send(message) })
})
serve(server)
