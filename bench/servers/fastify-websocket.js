import Fastify from 'fastify'
import websocket from '@fastify/websocket'
import { mode, ready } from './serve.js'

const app = Fastify()
await app.register(websocket, { options: { perMessageDeflate: false } })
app.get('/', { websocket: true }, (socket) => {
  socket.on('error', () => {})
  socket.on('message', mode === 'echo'
    ? (data, binary) => socket.send(data, { binary })
    : (data, binary) => { for (const each of app.websocketServer.clients) each.send(data, { binary }) })
})
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
ready(app.server.address().port)
