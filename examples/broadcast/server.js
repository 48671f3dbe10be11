// Sends each message to all clients. After `npm run build`: node examples/broadcast/server.js
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'

const app = Fastify({ logger: true })
await app.register(sockjs)

const room = app.sockjs('/room', (session) => {
  const name = session.id.slice(0, 4)
  room.broadcast(`${name} is here, ${room.sessions.size} in the room`)
  session.on('message', (text) => room.broadcast(`${name}: ${text}`))
  session.on('close', () => room.broadcast(`${name} has left`))
})

app.get('/', (_request, reply) => reply.type('text/html').send(`<!doctype html>
<title>Broadcast</title>
<body>
<form><input aria-label="Message" autofocus> <button>Send</button></form>
<ul></ul>
<script src="/room/sockjs.min.js"></script>
<script>
  const socket = new SockJS('/room')
  const show = (text) => document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: text }))
  socket.onmessage = ({ data }) => show(data)
  socket.onclose = ({ code, reason }) => show('closed: ' + code + ' ' + reason)
  document.querySelector('form').onsubmit = (event) => {
    event.preventDefault()
    socket.send(document.querySelector('input').value)
    event.target.reset()
  }
</script>`))

await app.listen({ port: Number(process.env.PORT ?? 3000) })
