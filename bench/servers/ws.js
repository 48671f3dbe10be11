import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { WebSocketServer } from 'ws'
import { certificate } from './certificate.js'
import { mode, serve, settings } from './serve.js'

const tls = certificate()
const server = tls === null ? createServer() : createSecureServer(tls)
const wss = new WebSocketServer({ server, perMessageDeflate: settings.deflate === true })
wss.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', mode === 'echo'
    ? (data, binary) => socket.send(data, { binary })
    : (data, binary) => { for (const each of wss.clients) each.send(data, { binary }) })
})
serve(server)
