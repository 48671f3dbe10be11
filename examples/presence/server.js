// Shows the users who are connected, and the number of all windows. After `npm run build`: node examples/presence/server.js
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import Fastify from 'fastify'
import sockjs from 'fastify-sockjs'
import stomp, { memoryBroker, StompError } from 'fastify-sockjs/stomp'

const app = Fastify({ logger: true })
await app.register(sockjs)
await app.register(stomp, {
  path: '/stomp',
  broker: memoryBroker(),
  clientSend: 'application-only',
  // A user is here while one of its windows subscribes to /topic/here. A subscriber of /topic/$presence/here learns who is.
  presence: [{ pattern: '/topic/here' }]
})

app.stomp.addHook('onConnect', ({ login = '' }, session) => {
  if (!/^[\p{L}\p{N} ]{1,24}$/u.test(login)) throw new StompError('STOMP_AUTHENTICATION_FAILED', 'a name has 1 to 24 letters')
  session.user = { name: login }
})

// A nudge for one user, in all of the user's windows.
app.stomp.message('/nudge', {
  schema: { body: { type: 'object', required: ['to'], properties: { to: { type: 'string' } } } }
}, ({ body, user }) => { app.stomp.publishToUser(body.to, '/queue/nudges', { from: user.name }) })

// The users and their windows. With an engine, they are those of all nodes.
app.get('/presence', () => app.stomp.cluster.count())

const stompjs = await readFile(createRequire(import.meta.url).resolve('@stomp/stompjs'))
app.get('/stomp.js', (_request, reply) => reply.type('text/javascript').send(stompjs))
app.get('/', (_request, reply) => reply.type('text/html').send(`<!doctype html>
<title>Presence</title>
<meta name="viewport" content="width=device-width">
<style>body { font: 1.1rem system-ui; margin: 3rem auto; max-width: 24rem; padding: 0 1rem } li { margin: .5rem 0 } button, input { font: inherit; padding: .3rem .8rem }</style>
<h1>Who is here</h1>
<form><input aria-label="Your name" placeholder="Your name" required maxlength="24"> <button>Come in</button></form>
<p role="status"></p>
<ul></ul>
<script src="/stomp.js"></script>
<script>
  const say = (text) => { document.querySelector('[role=status]').textContent = text }
  document.querySelector('form').onsubmit = (event) => {
    event.preventDefault()
    event.target.hidden = true
    const client = new StompJs.Client({
      brokerURL: location.origin.replace('http', 'ws') + '/stomp',
      connectHeaders: { login: event.target.querySelector('input').value }
    })
    let people = new Set()
    const change = ({ body }) => {
      const { type, users, user } = JSON.parse(body)
      if (type === 'list') people = new Set(users)
      else if (type === 'join') people.add(user)
      else people.delete(user)
      show()
    }
    const show = () => document.querySelector('ul').replaceChildren(...[...people].sort().map((name) => {
      const button = document.createElement('button')
      button.textContent = 'nudge'
      button.onclick = () => client.publish({ destination: '/app/nudge', body: JSON.stringify({ to: name }) })
      const line = document.createElement('li')
      line.append(name + ' ', button)
      return line
    }))
    client.onConnect = () => {
      client.subscribe('/topic/$presence/here', change)
      client.subscribe('/topic/here', () => {})
      client.subscribe('/user/queue/nudges', ({ body }) => say(JSON.parse(body).from + ' nudged you'))
    }
    client.onStompError = ({ headers }) => {
      client.deactivate()
      say(headers.message)
      event.target.hidden = false
    }
    client.activate()
  }
</script>`))

await app.listen({ port: Number(process.env.PORT ?? 3000) })
