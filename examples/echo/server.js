// Sends each message back to its client. After `npm run build`: node examples/echo/server.js
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'

const app = Fastify({ logger: true })
await app.register(sockjs)

app.sockjs('/echo', async (session) => {
  for await (const message of session) session.send(message)
})

app.get('/', (_request, reply) => reply.type('text/html').send(`<!doctype html>
<title>Echo</title>
<body>
<form><input aria-label="Message" autofocus> <button>Send</button></form>
<ul></ul>
<script src="/echo/sockjs.min.js"></script>
<script>
  const socket = new SockJS('/echo')
  const show = (text) => document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: text }))
  socket.onopen = () => show('open, by ' + socket.transport)
  socket.onmessage = ({ data }) => show(data)
  socket.onclose = ({ code, reason }) => show('closed: ' + code + ' ' + reason)
  document.querySelector('form').onsubmit = (event) => {
    event.preventDefault()
    socket.send(document.querySelector('input').value)
  }
</script>`))

await app.listen({ port: Number(process.env.PORT ?? 3000) })
