// Rooms with a token: the header of CONNECT carries it, and it names the rooms of the user. After `npm run build`: node examples/rooms-jwt/server.js
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import jwt from '@fastify/jwt'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import stomp, { memoryBroker, StompError } from 'fastify-sockjs/stomp'

const app = Fastify({ logger: true })
await app.register(jwt, { secret: process.env.JWT_SECRET ?? 'only for this example', sign: { expiresIn: '15m' } })
await app.register(sockjs)

const roomOf = (destination) => destination.split('/').at(-1)
const mayEnter = ({ user }, { destination }) => user.rooms.includes(roomOf(destination))

await app.register(stomp, {
  path: '/stomp',
  broker: memoryBroker(),
  rules: [
    { type: 'connect', allow: 'authenticated' },
    { type: 'send', destination: '/app/rooms/*', allow: mayEnter },
    { type: 'subscribe', destination: '/topic/rooms/*', allow: mayEnter },
    { type: 'subscribe', destination: '/user/queue/errors', allow: 'all' }
  ]
})

app.stomp.addHook('onConnect', ({ authorization }, session) => {
  let claims
  try {
    claims = app.jwt.verify(authorization?.replace(/^Bearer /, '') ?? '')
  } catch {
    throw new StompError('STOMP_AUTHENTICATION_FAILED')
  }
  session.user = { name: claims.sub, rooms: claims.rooms }
  // The session ends with its token.
  session.expiresAt = claims.exp * 1000
})

app.stomp.message('/rooms/:room', {
  schema: { body: { type: 'object', required: ['text'], properties: { text: { type: 'string', minLength: 1, maxLength: 500 } } } },
  sendTo: '/topic/rooms/:room'
}, ({ body, user }) => ({ from: user.name, text: body.text }))

// Login: the token names the user and the rooms that the client asked for. A real application would check a password.
app.post('/login', {
  schema: {
    body: {
      type: 'object',
      required: ['name', 'room'],
      properties: { name: { type: 'string', pattern: '^[\\p{L}\\p{N}]{1,24}$' }, room: { type: 'string', pattern: '^[a-z]{1,20}$' } }
    }
  }
}, (request) => ({ token: app.jwt.sign({ sub: request.body.name, rooms: ['lobby', request.body.room] }) }))

const stompjs = await readFile(createRequire(import.meta.url).resolve('@stomp/stompjs'))
app.get('/stomp.js', (_request, reply) => reply.type('text/javascript').send(stompjs))
app.get('/', (_request, reply) => reply.type('text/html').send(`<!doctype html>
<title>Rooms</title>
<meta name="viewport" content="width=device-width">
<style>body { font: 1.1rem system-ui; margin: 3rem auto; max-width: 26rem; padding: 0 1rem } input, button { font: inherit; padding: .3rem .8rem; margin: .2rem 0 }</style>
<h1>Rooms</h1>
<form id="door"><input name="name" aria-label="Your name" placeholder="Your name" required> <input name="room" aria-label="Room" value="kitchen" required> <button>Come in</button></form>
<form id="say" hidden><input name="text" aria-label="Message" required> <button>Send</button></form>
<p role="status"></p>
<ul></ul>
<script src="/stomp.js"></script>
<script>
  const status = document.querySelector('[role=status]')
  const door = document.querySelector('#door')
  const say = document.querySelector('#say')
  door.onsubmit = async (event) => {
    event.preventDefault()
    const { name, room } = Object.fromEntries(new FormData(door))
    async function freshToken () {
      const response = await fetch('/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, room }) })
      if (!response.ok) throw new Error((await response.json()).message)
      return (await response.json()).token
    }
    const client = new StompJs.Client({
      brokerURL: location.origin.replace('http', 'ws') + '/stomp',
      async beforeConnect () {
        try {
          client.connectHeaders = { Authorization: 'Bearer ' + await freshToken() }
        } catch (error) {
          status.textContent = error.message
          client.deactivate()
        }
      },
      onConnect () {
        door.hidden = true
        say.hidden = false
        status.textContent = 'In ' + room
        client.subscribe('/topic/rooms/' + room, ({ body }) => {
          const line = document.createElement('li')
          const { from, text } = JSON.parse(body)
          line.textContent = from + ': ' + text
          document.querySelector('ul').append(line)
        })
      },
      onStompError: ({ headers }) => { status.textContent = headers.message }
    })
    say.onsubmit = (event) => {
      event.preventDefault()
      client.publish({ destination: '/app/rooms/' + room, body: JSON.stringify({ text: say.elements.text.value }) })
      say.reset()
    }
    client.activate()
  }
</script>`))

await app.listen({ port: Number(process.env.PORT ?? 3000) })
