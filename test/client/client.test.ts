import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { buildClientScript } from '../../scripts/client-script.js'
import { SockJS, type FailedAttempt } from '../../src/client.ts'
import { ownClientScript } from '../../src/embedded/own-client.ts'
import type { TestServer } from '../support/server.ts'
import { AWKWARD, SURROGATES } from '../support/texts.ts'
import { until, within } from '../support/wait.ts'
import { Client, EventSource, start, startSockjsNode, TRANSPORTS, withGlobal } from './support.ts'

type Transport = typeof TRANSPORTS[number]

/** The ways to receive: the transports, and eventsource by the class of browsers. */
const WAYS = [...TRANSPORTS, 'eventsource, EventSource'] as const

function each (name: string, test: (t: Test, transport: Transport) => Promise<void>): void {
  t.test(name, async (t) => {
    for (const way of WAYS) {
      await t.test(way, async (t) => {
        if (way === 'eventsource, EventSource') withGlobal(t, 'EventSource', EventSource)
        await test(t, way.split(',')[0] as Transport)
      })
    }
  })
}

async function open (server: TestServer, transport: Transport): Promise<Client> {
  const client = server.own(new Client(`http://127.0.0.1:${server.port}/echo`, { transports: transport }))
  await within(client.opened.promise, `an open ${transport}`)
  return client
}

each('opens the transport that it was told to, and says so to both sides', async (t, transport) => {
  const server = await start(t)
  const client = await open(server, transport)
  t.equal(client.socket.transport, transport)
  t.equal(client.socket.readyState, SockJS.OPEN)
  t.equal((await server.session()).transport, transport)
})

each('echo of awkward text', async (t, transport) => {
  const server = await start(t)
  const client = await open(server, transport)
  const texts = [...Object.values(AWKWARD), SURROGATES]
  for (const text of texts) client.socket.send(text)
  t.strictSame(await client.take(texts.length), texts)
})

each('echo of a megabyte', async (t, transport) => {
  const server = await start(t, { endpoint: { maxMessageSize: 4 * 1024 * 1024 } })
  const client = await open(server, transport)
  const text = 'é0123456789abcd\n'.repeat(64 * 1024)
  client.socket.send(text)
  const [echoed] = await client.take(1)
  t.ok(echoed === text)
  client.socket.send('and after it')
  t.strictSame(await client.take(1), ['and after it'])
})

const THOUSAND = Array.from({ length: 1000 }, (_, i) => `message ${i}`)

each('a thousand messages, in order, over responses that end soon', async (t, transport) => {
  const server = await start(t, { endpoint: { responseLimit: 4096 } })
  const client = await open(server, transport)
  for (const text of THOUSAND) client.socket.send(text)
  t.strictSame(await client.take(1000), THOUSAND)
})

each('a thousand messages in several turns, in order both ways', async (t, transport) => {
  const server = await start(t, {
    endpoint: { responseLimit: 4096 },
    async handler (session) {
      for (let i = 0; i < 1000; i++) {
        session.send(THOUSAND[i]!)
        if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      for await (const message of session) session.send(`echo of ${String(message)}`)
    }
  })
  const client = await open(server, transport)
  for (const [i, text] of THOUSAND.entries()) {
    client.socket.send(text)
    if (i % 30 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  t.strictSame(await client.take(2000), [...THOUSAND, ...THOUSAND.map((text) => `echo of ${text}`)])
})

each('the same over sockjs 0.3.24, and a close of the server behind all messages', async (t, transport) => {
  const url = await startSockjsNode(t, (connection) => {
    connection.on('data', (message) => {
      if (message === 'bye') connection.close(3001, 'bye é')
      else connection.write(message)
    })
  })
  const client = new Client(url, { transports: transport })
  await within(client.opened.promise, 'an open client')
  const texts = [...Object.values(AWKWARD), ...THOUSAND]
  for (const text of texts) client.socket.send(text)
  t.strictSame(await client.take(texts.length), texts)
  client.socket.send('bye')
  t.strictSame(await within(client.closed.promise, 'the close'), { code: 3001, reason: 'bye é', wasClean: true })
})

each('the server closes: code and reason reach the client, after all messages', async (t, transport) => {
  const server = await start(t, {
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
  t.strictSame([client.socket.readyState, client.socket.transport], [SockJS.CLOSED, null])
})

each('the client closes: its last messages arrive, and the session ends at once', async (t, transport) => {
  const server = await start(t, { handler () {} })
  const client = await open(server, transport)
  const session = await server.session()
  const heard: unknown[] = []
  session.on('message', (message) => heard.push(message))
  await until(() => session.output.receiver !== null, 'the receiver waits')
  client.socket.send('one')
  client.socket.send('two')
  client.socket.close(3002, 'enough')
  t.equal(client.socket.readyState, SockJS.CLOSING)
  client.socket.send('three')
  t.strictSame(await within(client.closed.promise, 'the close'), { code: 3002, reason: 'enough', wasClean: true })
  t.match(await server.closing(), { code: transport === 'websocket' ? 1000 : 1002 })
  t.strictSame(heard, ['one', 'two'])
})

each('heartbeats reach the client', async (t, transport) => {
  const server = await start(t)
  const client = await open(server, transport)
  const session = await server.session()
  const before = client.heartbeats
  for (let i = 1; i <= 3; i++) {
    await until(() => session.output.receiver !== null, 'the receiver waits')
    server.clock.advance(25_050)
    await until(() => client.heartbeats >= before + i, `heartbeat ${i}`)
    client.socket.send('alive')
    t.strictSame(await client.take(1), ['alive'])
  }
})

each('a signal closes a session, and one that has fired opens none', async (t, transport) => {
  const server = await start(t)
  const controller = new AbortController()
  const client = server.own(new Client(`http://127.0.0.1:${server.port}/echo`, { transports: transport, signal: controller.signal }))
  await within(client.opened.promise, 'an open client')
  await server.session()
  controller.abort()
  t.strictSame(await within(client.closed.promise, 'the close'), { code: 1000, reason: 'Normal closure', wasClean: true })
  await server.closing()
  const late = server.own(new Client(`http://127.0.0.1:${server.port}/echo`, { signal: controller.signal }))
  t.match(await within(late.closed.promise, 'the close'), { code: 1000 })
  t.equal(server.sessions.all.length, 1)
})

each('a page that is hidden closes its session with 1001', async (t, transport) => {
  const page = new EventTarget()
  withGlobal(t, 'addEventListener', page.addEventListener.bind(page))
  withGlobal(t, 'removeEventListener', page.removeEventListener.bind(page))
  const server = await start(t)
  const client = await open(server, transport)
  await server.session()
  page.dispatchEvent(new Event('pagehide'))
  t.strictSame(await within(client.closed.promise, 'the close'), { code: 1001, reason: 'Page hidden', wasClean: false })
  await server.closing()
})

t.test('it falls back, says why, and tells the server', async (t) => {
  const urls: string[] = []
  const server = await start(t, {
    before: (app) => {
      app.addHook('onRequest', async (request, reply) => {
        urls.push(request.url)
        if (/xhr_streaming|websocket$/.test(request.url.split('?')[0]!)) return reply.code(403).send()
      })
    }
  })
  const attempts: FailedAttempt[] = []
  const client = server.own(new Client(`http://127.0.0.1:${server.port}/echo/?ticket=1`, { onattempt: (attempt) => attempts.push(attempt) }))
  await within(client.opened.promise, 'an open client')
  t.equal(client.socket.transport, 'eventsource')
  t.match(attempts, [{ transport: 'websocket', code: 1006 }, { transport: 'xhr-streaming', code: 403, reason: 'HTTP 403' }])
  client.socket.send('x')
  t.strictSame(await client.take(1), ['x'])
  t.match(urls, [
    /^\/echo\/info\?ticket=1$/, /websocket\?ticket=1$/, /xhr_streaming\?ticket=1&fallback=websocket:1006$/,
    /eventsource\?ticket=1&fallback=websocket:1006,xhr-streaming:403$/, /xhr_send\?ticket=1$/
  ])
  const sessions = new Set(urls.slice(1).map((url) => url.split('/')[3]))
  t.equal(sessions.size, 3, 'each attempt has a session of its own')
})

t.test('websocket: false and base_url of /info', async (t) => {
  const other = await start(t, { endpoint: { transports: { websocket: false } } })
  const server = await start(t, { endpoint: { transports: { websocket: false }, baseUrl: `http://127.0.0.1:${other.port}/echo` } })
  const attempts: FailedAttempt[] = []
  const client = server.own(new Client(`http://127.0.0.1:${server.port}/echo`, { onattempt: (attempt) => attempts.push(attempt) }))
  await within(client.opened.promise, 'an open client')
  t.equal(client.socket.transport, 'xhr-streaming')
  t.strictSame(attempts, [])
  await other.session()
  t.equal(server.sessions.all.length, 0)
  client.abort()
})

t.test('a platform without streams, without WebSocket and without crypto polls', async (t) => {
  withGlobal(t, 'Response', class {})
  withGlobal(t, 'WebSocket', undefined)
  withGlobal(t, 'crypto', undefined)
  const server = await start(t)
  const attempts: FailedAttempt[] = []
  const client = server.own(new Client(`http://127.0.0.1:${server.port}/echo`, { onattempt: (attempt) => attempts.push(attempt) }))
  await within(client.opened.promise, 'an open client')
  t.equal(client.socket.transport, 'xhr-polling')
  t.strictSame(attempts.map(({ transport, code }) => [transport, code]), [['websocket', 0], ['xhr-streaming', 0], ['eventsource', 0]])
})

t.test('headers, from an object or a function, and credentials', async (t) => {
  const seen: (string | undefined)[] = []
  const server = await start(t, {
    before: (app) => { app.addHook('onRequest', async (request) => { seen.push(request.headers.authorization) }) }
  })
  let count = 0
  for (const headers of [{ authorization: 'Bearer 0' }, async () => ({ authorization: `Bearer ${++count}` })]) {
    withGlobal(t, 'EventSource', EventSource)
    const client = server.own(new Client(`http://127.0.0.1:${server.port}/echo`, { transports: 'eventsource', headers, credentials: 'omit' }))
    await within(client.opened.promise, 'an open client')
    client.socket.send('x')
    await client.take(1)
    client.abort()
  }
  t.strictSame(seen, ['Bearer 0', 'Bearer 0', 'Bearer 0', 'Bearer 1', 'Bearer 2', 'Bearer 3'])
})

t.test('server, sessionId, and the members of the interface', async (t) => {
  const urls: string[] = []
  const server = await start(t, { before: (app) => { app.addHook('onRequest', async ({ url }) => { urls.push(url) }) } })
  const url = `http://127.0.0.1:${server.port}/echo`
  const client = server.own(new Client(url + '//', { transports: ['xhr-polling'], server: 'node-a', sessionId: () => 'my-session' }))
  const { socket } = client
  t.strictSame([socket.url, socket.protocol, socket.extensions, socket.binaryType, socket.readyState], [url, '', '', 'blob', 0])
  t.strictSame([SockJS.CONNECTING, SockJS.OPEN, SockJS.CLOSING, SockJS.CLOSED], [0, 1, 2, 3])
  t.strictSame([socket.CONNECTING, socket.OPEN, socket.CLOSING, socket.CLOSED], [0, 1, 2, 3])
  t.throws(() => socket.send('x'), { name: 'InvalidStateError' })
  t.throws(() => socket.close(1001), { name: 'InvalidAccessError' })
  t.throws(() => socket.close(3000, 'x'.repeat(124)), { name: 'SyntaxError' })
  await within(client.opened.promise, 'an open client')
  t.equal(urls[1], '/echo/node-a/my-session/xhr')
  socket.send({ toString: () => 'an object' })
  t.strictSame(await client.take(1), ['an object'])
  const other = server.own(new Client(url, { transports: ['xhr-polling'], sessionId: 5 }))
  await within(other.opened.promise, 'an open client')
  t.ok(urls.some((url) => /^\/echo\/[0-9a-v]{3}\/[0-9a-v]{5}\/xhr$/.test(url)))
  for (const wrong of ['ftp://x/echo', 'http://x/#y', 'ws://x/']) t.throws(() => new SockJS(wrong), { name: 'SyntaxError' }, wrong)
  t.throws(() => new SockJS('/echo'), TypeError, 'there is no page')
})

t.test('an address relative to a page', async (t) => {
  withGlobal(t, 'location', { href: 'https://app.example/a/b.html?c#d' })
  for (const [url, absolute] of [['/echo/', 'https://app.example/echo'], ['echo?x=1', 'https://app.example/a/echo?x=1'], ['//b.example/e', 'https://b.example/e']] as const) {
    const socket = new SockJS(url)
    t.equal(socket.url, absolute)
    socket.close()
  }
})

t.test('listeners: once, removed, and one that throws', async (t) => {
  const server = await start(t)
  const client = await open(server, 'websocket')
  const { socket } = client
  const calls: string[] = []
  const removed = (): void => { calls.push('removed') }
  socket.addEventListener('message', () => { calls.push('once') }, { once: true })
  socket.addEventListener('message', removed)
  socket.removeEventListener('message', removed)
  const thrown: unknown[] = []
  const listener = (error: unknown): void => { thrown.push(error) }
  process.on('uncaughtException', listener)
  t.teardown(() => process.off('uncaughtException', listener))
  socket.addEventListener('message', () => { throw new Error('as asked') }, { once: true })
  socket.addEventListener('message', ({ data, target }) => { calls.push(`${data} ${target === socket}`) })
  socket.send('a')
  socket.send('b')
  await client.take(2)
  await until(() => calls.length === 3, 'all calls')
  t.strictSame(calls, ['once', 'a true', 'b true'])
  await until(() => thrown.length === 1, 'the error')
  t.match(thrown, [{ message: 'as asked' }])
  t.equal(socket.dispatchEvent({ type: 'other' }), true)
})

t.test('the script: fresh, small, and served with a tag', async (t) => {
  t.equal(ownClientScript, buildClientScript(), 'npm run embed')
  const size = gzipSync(buildClientScript("export { SockJS } from './src/client.ts'\nimport { SockJS } from './src/client.ts'\nglobalThis.SockJS = SockJS"), { level: 9 }).length
  t.ok(size <= 3072, `SockJS: ${size} bytes`)
  const whole = gzipSync(ownClientScript, { level: 9 }).length
  t.ok(whole <= 5120, `SockJS, resumable and reconnecting: ${whole} bytes`)
  const server = await start(t)
  const url = `http://127.0.0.1:${server.port}/echo/client.js`
  const response = await fetch(url)
  t.strictSame([response.status, response.headers.get('content-type'), response.headers.get('cache-control'), await response.text()],
    [200, 'application/javascript; charset=UTF-8', 'public, max-age=0, must-revalidate', ownClientScript])
  const again = await fetch(url, { headers: { 'if-none-match': response.headers.get('etag')! } })
  t.equal(again.status, 304)
  t.equal((await fetch(url + '/')).status, 404)
})
