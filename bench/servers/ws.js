import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { mode, serve } from './serve.js'

const server = createServer()
const wss = new WebSocketServer({ server, perMessageDeflate: false })
wss.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', mode === 'echo'
    ? (data, binary) => socket.send(data, { binary })
    : (data, binary) => { for (const each of wss.clients) each.send(data, { binary }) })
})
serve(server)
