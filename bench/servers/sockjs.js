import { createServer } from 'node:http'
import sockjs from 'sockjs'
import { HEARTBEAT, mode, serve } from './serve.js'

const connections = new Set()
const echoes = sockjs.createServer({ prefix: '/bench', heartbeat_delay: HEARTBEAT, log () {} })
echoes.on('connection', (connection) => {
  connections.add(connection)
  connection.on('close', () => connections.delete(connection))
  connection.on('data', mode === 'echo'
    ? (message) => connection.write(message)
    : (message) => { for (const each of connections) each.write(message) })
})

const server = createServer()
echoes.installHandlers(server)
serve(server)
