import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import { stat } from './stat.js'

const app = Fastify()
await app.register(sockjs, { origins: '*' })
app.sockjs('/echo', (session) => { session.on('message', (message) => session.send(message)) })
app.get('/stat', stat)
console.log(await app.listen({ port: 0, backlog: 4096 }))
