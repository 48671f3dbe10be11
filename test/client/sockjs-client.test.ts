import t, { type Test } from 'tap'
import { RealClient } from '../support/real-client.ts'
import { buildServer, type TestServer } from '../support/server.ts'
import { AWKWARD, SURROGATES } from '../support/texts.ts'
import { until, within } from '../support/wait.ts'

/** The transports that sockjs-client has in Node. */
const TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'] as const

async function open (server: TestServer, transport: string, path = '/echo'): Promise<RealClient> {
  const client = server.own(new RealClient(`http://127.0.0.1:${server.port}${path}`, [transport]))
  await within(client.opened.promise, `an open ${transport}`)
  return client
}

function each (name: string, test: (t: Test, transport: typeof TRANSPORTS[number]) => Promise<void>): void {
  t.test(name, async (t) => {
    for (const transport of TRANSPORTS) await t.test(transport, (t) => test(t, transport))
  })
}

each('opens the transport that it was told to', async (t, transport) => {
  const server = await buildServer(t)
  const client = await open(server, transport)
  t.equal((client.socket as unknown as { transport: string }).transport, transport)
  t.equal((await server.session()).transport, transport)
})

each('echo of awkward text', async (t, transport) => {
  const server = await buildServer(t)
  const client = await open(server, transport)
  const texts = [...Object.values(AWKWARD), SURROGATES]
  for (const text of texts) client.socket.send(text)
  t.strictSame(await client.take(texts.length), texts)
})

each('echo of a megabyte', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { maxMessageSize: 4 * 1024 * 1024 } })
  const client = await open(server, transport)
  const text = 'é0123456789abcd\n'.repeat(64 * 1024)
  client.socket.send(text)
  const [echoed] = await client.take(1)
  t.ok(echoed === text)
  client.socket.send('and after it')
  t.strictSame(await client.take(1), ['and after it'])
})

each('a thousand messages, in order', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { responseLimit: 4096 } })
  const client = await open(server, transport)
  const texts = Array.from({ length: 1000 }, (_, i) => `message ${i}`)
  for (const text of texts) client.socket.send(text)
  t.strictSame(await client.take(1000), texts)
})

each('a thousand messages from the server, in order', async (t, transport) => {
  const server = await buildServer(t, {
    endpoint: { responseLimit: 4096 },
    async handler (session) {
      for (let i = 0; i < 1000; i++) {
        session.send(`message ${i}`)
        if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
  })
  const client = await open(server, transport)
  t.strictSame(await client.take(1000), Array.from({ length: 1000 }, (_, i) => `message ${i}`))
})

each('the server closes: code and reason reach the client, after all messages', async (t, transport) => {
  const server = await buildServer(t, {
    handler (session) {
      session.send('one')
      session.send('two')
      session.close(3001, 'bye é')
    }
  })
  const client = await open(server, transport)
  t.strictSame(await within(client.closed.promise, 'the close'), { code: 3001, reason: 'bye é', wasClean: true })
  t.strictSame(client.texts.all, ['one', 'two'])
  t.match(await server.closing(), { code: 3001, clean: true, undelivered: 0 })
})

each('the client closes: the session ends, and at once', async (t, transport) => {
  const server = await buildServer(t)
  const client = await open(server, transport)
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the receiver waits')
  client.socket.close(3002, 'enough')
  t.strictSame(await within(client.closed.promise, 'the close'), { code: 3002, reason: 'enough', wasClean: true })
  t.match(await server.closing(), { code: transport === 'websocket' ? 1000 : 1002 })
})

each('a handler that throws, and a server that stops', async (t, transport) => {
  const server = await buildServer(t, {
    handler (session) { session.on('message', () => { throw new Error('as asked') }) }
  })
  const [one, two] = [await open(server, transport), await open(server, transport)]
  one.socket.send('x')
  t.match(await within(one.closed.promise, 'the close'), { code: 1011 })
  await until(() => [...server.endpoint.sessions].every((session) => session.output.receiver !== null), 'the receiver waits')
  await within(server.app.close(), 'app.close()')
  t.match(await within(two.closed.promise, 'the close'), { code: 1001, reason: 'Server shutting down' })
})

each('heartbeats reach the client', async (t, transport) => {
  const server = await buildServer(t)
  const client = await open(server, transport)
  const session = await server.session()
  // The client takes the prelude of a stream for a heartbeat as well.
  const before = client.heartbeats
  for (let i = 1; i <= 3; i++) {
    await until(() => session.output.receiver !== null, 'the receiver waits')
    server.clock.advance(25_050)
    await until(() => client.heartbeats >= before + i, `heartbeat ${i}`)
    // An echo comes after the pong: the clock must not pass its deadline before the server has read it.
    client.socket.send('alive')
    t.strictSame(await client.take(1), ['alive'])
  }
})

t.test('the client falls back from a WebSocket that is off', async (t) => {
  const server = await buildServer(t, { endpoint: { transports: { websocket: false } } })
  const client = server.own(new RealClient(`http://127.0.0.1:${server.port}/echo`, TRANSPORTS))
  await within(client.opened.promise, 'an open client')
  t.equal((client.socket as unknown as { transport: string }).transport, 'xhr-streaming')
  const none = server.own(new RealClient(`http://127.0.0.1:${server.port}/echo`, ['websocket']))
  t.match(await within(none.closed.promise, 'the close'), { code: 2000 })
})

t.test('the client follows base_url', async (t) => {
  const other = await buildServer(t)
  const server = await buildServer(t, { endpoint: { baseUrl: `http://127.0.0.1:${other.port}/echo` } })
  const client = await open(server, 'xhr-polling')
  await other.session()
  client.socket.send('there')
  t.strictSame(await client.take(1), ['there'])
  t.equal(server.sessions.all.length, 0)
})

t.test('an endpoint that refuses everything but /info, and a path that is none', async (t) => {
  const server = await buildServer(t, {
    before: (app) => { app.addHook('onRequest', async (request, reply) => request.url.endsWith('/info') ? undefined : reply.code(403).send()) }
  })
  const client = server.own(new RealClient(`http://127.0.0.1:${server.port}/echo`, ['websocket', 'xhr-polling'], { timeout: 1000 }))
  t.match(await within(client.closed.promise, 'the close'), { code: 2000, reason: 'All transports failed' })
  t.equal(server.sessions.all.length, 0)
  const nowhere = server.own(new RealClient(`http://127.0.0.1:${server.port}/nowhere`, TRANSPORTS))
  const { code } = await within(nowhere.closed.promise, 'the close')
  t.ok(code === 403 || code === 1002, String(code))
})
