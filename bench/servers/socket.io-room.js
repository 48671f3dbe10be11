// Rooms of socket.io beside Fastify, with the same schema, and with the validator of Fastify under its options.
import Ajv from 'ajv'
import Fastify from 'fastify'
import { Server } from 'socket.io'
import { SAID } from '../said.js'
import { ready } from './serve.js'

const app = Fastify()
const io = new Server(app.server, { serveClient: false })
const isValid = new Ajv({ coerceTypes: 'array', useDefaults: true, removeAdditional: true, allErrors: false }).compile(SAID)
io.on('connection', (socket) => {
  socket.join('bench')
  socket.on('say', (body) => { if (isValid(body)) io.to('bench').emit('message', { ...body, time: Date.now() }) })
})
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
ready(app.server.address().port)
