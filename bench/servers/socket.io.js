import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { HEARTBEAT, mode, serve } from './serve.js'

const server = createServer()
const io = new Server(server, { pingInterval: HEARTBEAT, serveClient: false })
io.on('connection', (socket) => {
  socket.on('message', mode === 'echo'
    ? (message) => socket.emit('message', message)
    : (message) => io.emit('message', message))
})
serve(server)
