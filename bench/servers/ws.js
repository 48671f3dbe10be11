import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { stat } from './stat.js'

const server = createServer((_request, response) => response.end(JSON.stringify(stat())))
new WebSocketServer({ server, perMessageDeflate: false })
  .on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(`http://127.0.0.1:${server.address().port}`))
