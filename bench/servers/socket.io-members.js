// Sockets for members only: a middleware checks the JWT.
import { createServer } from 'node:http'
import { createVerifier } from 'fast-jwt'
import { Server } from 'socket.io'
import { SECRET } from '../token.js'
import { serve } from './serve.js'

const server = createServer()
const io = new Server(server, { serveClient: false })
const verify = createVerifier({ key: SECRET })
io.use((socket, next) => {
  try {
    const { sub, tenant } = verify(socket.handshake.headers.authorization?.slice('Bearer '.length))
    socket.data = { user: sub, tenant }
    next()
  } catch (error) {
    next(error)
  }
})
io.on('connection', (socket) => socket.on('message', (message) => socket.emit('message', message)))
serve(server)
