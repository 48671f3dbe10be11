// A bare WebSocket for members only: a hook checks the JWT.
import jwt from '@fastify/jwt'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import { SECRET } from '../token.js'
import { ready } from './serve.js'

const app = Fastify()
await app.register(jwt, { secret: SECRET })
await app.register(websocket, { options: { perMessageDeflate: false } })
app.get('/', { websocket: true, onRequest: (request) => request.jwtVerify() }, (socket, { user }) => {
  socket.on('error', () => {})
  socket.on('message', (data, binary) => { if (user.sub !== undefined) socket.send(data, { binary }) })
})
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
ready(app.server.address().port)
