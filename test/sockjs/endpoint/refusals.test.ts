import { connect as netConnect } from 'node:net'
import t, { type Test } from 'tap'
import type { EndpointOptions } from '../../../src/index.ts'
import { connect, HTTP, newId, TRANSPORTS } from '../../support/client.ts'
import { knock } from '../../support/doors.ts'
import { ask } from '../../support/http.ts'
import { buildServer, type ServerOptions, type TestServer } from '../../support/server.ts'
import { until } from '../../support/wait.ts'

/** A line that tells of a refusal. */
interface Line {
  readonly level: number
  readonly msg: string
  readonly refused: string
  readonly endpoint?: string
  readonly origin?: string
  readonly ownOrigin?: string
  readonly [fact: string]: unknown
}

const WARN = 40
const INFO = 30

async function logging (t: Test, options: ServerOptions = {}): Promise<{ server: TestServer, lines: Line[] }> {
  const lines: Line[] = []
  const stream = {
    write (text: string) {
      const line = JSON.parse(text) as Line
      if (line.refused !== undefined) lines.push(line)
    }
  }
  const server = await buildServer(t, { ...options, fastify: { ...options.fastify, logger: { level: 'info', stream } } })
  return { server, lines }
}

const ALL_ON: EndpointOptions = { transports: { jsonp: true, htmlfile: true } }

t.test('U1: a refused origin is told once a minute: what came, what the server is, and the option', async (t) => {
  const { server, lines } = await logging(t, { plugin: { origins: ['https://app.example'] }, endpoint: ALL_ON })
  const origin = 'https://evil.example'
  for (const transport of TRANSPORTS) t.equal((await knock({ port: server.port, transport, headers: { origin } })).status, 403, transport)
  t.equal((await ask({ port: server.port, path: '/echo/info', headers: { origin } })).status, 403)
  t.equal((await ask({ port: server.port, method: 'OPTIONS', path: '/echo/info', headers: { origin } })).status, 403)
  t.equal(lines.length, 1)
  t.match(lines[0], { level: WARN, endpoint: '/echo', origin, ownOrigin: `http://127.0.0.1:${server.port}`, option: 'origins', msg: /option origins.*docs\/troubleshooting\.md/ })
  t.match(lines[0]!.reqId, String)

  await knock({ port: server.port, transport: 'websocket', headers: { origin: 'https://other.example' } })
  t.equal(lines.length, 2, 'another origin has a line of its own')
  server.clock.advance(59_000)
  await knock({ port: server.port, transport: 'websocket', headers: { origin } })
  t.equal(lines.length, 2)
  server.clock.advance(2000)
  for (let i = 0; i < 3; i++) await knock({ port: server.port, transport: 'websocket', headers: { origin } })
  t.equal(lines.length, 3, 'after a minute it is told again')
})

t.test('U1: behind a proxy that ends TLS the line says trustProxy', async (t) => {
  for (const transport of ['websocket', 'xhr-polling'] as const) {
    const { server, lines } = await logging(t, { plugin: { origins: [] } })
    const headers = { host: 'a.example', origin: 'https://a.example', 'x-forwarded-proto': 'https' }
    t.equal((await knock({ port: server.port, transport, headers })).status, 403)
    t.match(lines, [{ refused: 'scheme', origin: 'https://a.example', ownOrigin: 'http://a.example', msg: /trustProxy/ }])
    await server.stop()
  }
  const { server, lines } = await logging(t, { plugin: { origins: [] }, fastify: { trustProxy: true } })
  await knock({ port: server.port, transport: 'websocket', headers: { host: 'a.example', origin: 'http://a.example', 'x-forwarded-proto': 'https' } })
  t.match(lines, [{ refused: 'origin', ownOrigin: 'https://a.example' }], 'an http page of an https server is another origin')
  await knock({ port: server.port, transport: 'xhr-polling', headers: { 'sec-fetch-site': 'cross-site' } })
  t.match(lines[1], { refused: 'no origin', site: 'cross-site' })
})

t.test('U1: a thousand origins of an attacker take bounded room, and lines stay short', async (t) => {
  const { server, lines } = await logging(t, { plugin: { origins: [] } })
  for (let i = 0; i < 1000; i++) {
    const origin = `https://${i}${'x'.repeat(400)}.example\u00e9`
    t.equal((await ask({ port: server.port, path: '/echo/info', headers: { origin, host: 'h'.repeat(300) } })).status, 403)
  }
  t.equal(lines.length, 101)
  t.match(lines.pop(), { untold: true }, 'the last line says that further ones are missing')
  for (const { origin, ownOrigin } of lines) t.ok(origin!.length <= 121 && ownOrigin!.length <= 121)
  await ask({ port: server.port, path: '/echo/info', headers: { origin: 'x'.repeat(10_000) } })
  t.equal(lines.length, 100)
  server.clock.advance(61_000)
  await ask({ port: server.port, path: '/echo/info', headers: { origin: 'x'.repeat(10_000) } })
  t.equal(lines.length, 101)
})

t.test('U1: an accepted origin is told of nowhere', async (t) => {
  const { server, lines } = await logging(t, { plugin: { origins: ['https://app.example'] }, endpoint: ALL_ON })
  for (const transport of TRANSPORTS) {
    for (const origin of ['https://app.example', `http://127.0.0.1:${server.port}`]) await knock({ port: server.port, transport, headers: { origin } })
  }
  t.strictSame(lines, [])
})

t.test('K3: a host that is not allowed', async (t) => {
  const { server, lines } = await logging(t, { endpoint: { allowedHosts: ['good.example'] } })
  for (let i = 0; i < 3; i++) t.equal((await knock({ port: server.port, transport: 'websocket', headers: { host: 'evil.example:81' } })).status, 403)
  t.match(lines, [{ level: WARN, refused: 'hostname', host: 'evil.example:81', msg: /allowedHosts/ }])
  t.equal(lines.length, 1)
})

t.test('K3: a WebSocket whose upgrade a proxy has removed', async (t) => {
  const { server, lines } = await logging(t)
  for (const path of ['/echo/websocket', '/echo/0/i/websocket', '/echo/websocket']) t.equal((await ask({ port: server.port, path })).status, 400)
  t.match(lines, [{ level: WARN, refused: 'upgrade', msg: /Upgrade and Connection/ }])
  t.equal(lines.length, 1)
})

t.test('K3: a WebSocket of a version that the server does not speak', async (t) => {
  const { server, lines } = await logging(t)
  const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==', 'sec-websocket-version': '7' }
  for (let i = 0; i < 3; i++) t.equal((await ask({ port: server.port, path: '/echo/websocket', headers })).status, 426)
  t.match(lines, [{ level: INFO, refused: 'version', version: '7', msg: /allowDrafts/ }])
  t.equal(lines.length, 1)
})

t.test('K3: a body that does not come to its end', async (t) => {
  const { server, lines } = await logging(t, { endpoint: { bodyTimeout: 5000 } })
  const id = newId()
  await connect(server, 'xhr-streaming', { id })
  const head = `POST /echo/000/${id}/xhr_send HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n["x`
  const sockets = Array.from({ length: 3 }, () => netConnect(server.port, '127.0.0.1'))
  const answers = sockets.map(async (socket) => {
    socket.write(head)
    let answer = ''
    for await (const chunk of socket) answer += String(chunk)
    return answer.slice(0, 12)
  })
  await until(() => server.endpoint.registration.bodies.size >= 3, 'the bodies are on their way')
  await new Promise((resolve) => setImmediate(resolve))
  server.clock.advance(5100)
  t.strictSame(await Promise.all(answers), Array.from(sockets, () => 'HTTP/1.1 408'))
  t.match(lines, [{ level: WARN, refused: 'slow body', endpoint: '/echo', msg: /bodyTimeout/ }])
  t.equal(lines.length, 1)
})

t.test('K3: a message for a session that this process does not have', async (t) => {
  const { server, lines } = await logging(t)
  for (let i = 0; i < 3; i++) t.equal((await ask({ port: server.port, method: 'POST', path: `/echo/0/${newId()}/xhr_send`, body: '["x"]' })).status, 404)
  t.match(lines, [{ level: INFO, refused: 'session', msg: /nother process/ }])
  t.equal(lines.length, 1)
})

t.test('K3: a request for the session of another client', async (t) => {
  const { server, lines } = await logging(t, { endpoint: { user: (request) => request.headers['x-user'] } })
  const id = newId()
  await connect(server, 'xhr-streaming', { id, headers: { 'x-user': 'kim' } })
  const session = await server.session()
  const send = { port: server.port, method: 'POST', path: `/echo/0/${id}/xhr_send`, headers: { 'x-user': 'lee' }, body: '["x"]' }
  t.equal((await ask(send)).status, 404)
  t.equal((await knock({ port: server.port, transport: 'xhr-streaming', id, headers: { 'x-user': 'lee' } })).status, 404)
  t.match(lines, [{ level: INFO, refused: 'owner', differs: 'user', session: session.id }])
  t.equal(lines.length, 1)
  t.notOk(JSON.stringify(lines).includes(id), 'SESSION-21: the id of the client is in no log')
})

t.test('K3: the bounds of the process', async (t) => {
  const rows = [
    [{ maxSessions: 1 }, 'maxSessions', ['websocket', 'xhr-polling']],
    [{ maxDetachedSessions: 1 }, 'maxDetachedSessions', ['xhr-polling', 'xhr-polling']],
    [{ maxSessionsPerAddress: 1 }, 'maxSessionsPerAddress', ['websocket', 'eventsource']]
  ] as const
  for (const [plugin, refused, [first, second]] of rows) {
    const { server, lines } = await logging(t, { plugin, endpoint: { responseLimit: 1 } })
    await connect(server, first, { comeBack: false })
    const session = await server.session()
    if (first === 'xhr-polling') await until(() => session.output.receiver === null, 'the receiver is gone')
    for (let i = 0; i < 3; i++) t.equal((await knock({ port: server.port, transport: second })).status, 503)
    t.match(lines, [{ level: WARN, refused, endpoint: '/echo', address: '127.0.0.1', msg: new RegExp(refused) }])
    t.equal(lines.length, 1)
    await server.stop()
  }
})

t.test('K3: what is too large, by every transport', async (t) => {
  const { server, lines } = await logging(t, { endpoint: { maxMessageSize: 100 } })
  const id = newId()
  await connect(server, 'xhr-streaming', { id })
  const send = (body: string) => ask({ port: server.port, method: 'POST', path: `/echo/0/${id}/xhr_send`, body })
  for (let i = 0; i < 3; i++) t.equal((await send(`["${'x'.repeat(101)}"]`)).status, 413)
  for (let i = 0; i < 3; i++) t.equal((await send(`["${'x'.repeat(1000)}"]`)).status, 413)
  t.match(lines, [{ level: WARN, refused: 'message', limit: 100 }, { level: WARN, refused: 'body', limit: 400, msg: /maxMessageSize/ }])
  t.equal(lines.length, 2)
  server.clock.advance(61_000)
  for (const transport of ['websocket', 'websocket-raw'] as const) {
    const client = await connect(server, transport)
    await client.send('x'.repeat(150))
    await client.ended
    await until(() => lines.length === 3, 'the line')
  }
  t.match(lines[2], { refused: 'message', transport: 'websocket' })
  t.equal((await ask({ port: server.port, method: 'POST', path: `/echo/0/${newId()}/xhr_send`, headers: { 'content-encoding': 'gzip' }, body: 'x' })).status, 415)
  t.match(lines[3], { refused: 'compressed' })
})

t.test('K3: clients that are slow, dead, or too much for the process', async (t) => {
  const { server, lines } = await logging(t, { plugin: { maxBufferedBytes: 5000 }, endpoint: { queue: { limit: 1000 } }, handler: () => {} })
  for (let i = 0; i < 3; i++) {
    const client = await connect(server, 'xhr-polling', { comeBack: false })
    const session = await server.session()
    await until(() => session.output.receiver === null, 'the receiver is gone')
    for (let k = 0; k < 20; k++) session.send('x'.repeat(100))
    t.equal(session.state, 'closed')
    client.abort()
  }
  t.match(lines, [{ level: WARN, refused: 'slow', transport: 'xhr-polling', msg: /queue\.limit/ }])
  t.equal(lines.length, 1)
  await connect(server, 'xhr-polling', { comeBack: false })
  const session = await server.session()
  await until(() => session.output.receiver === null, 'the receiver is gone')
  session.send('x'.repeat(6000))
  t.match(lines[1], { level: WARN, refused: 'budget', limit: 5000, session: session.id })
  t.equal(lines.length, 2)
})

t.test('K3: an ordinary life is told of nowhere', async (t) => {
  const { server, lines } = await logging(t, { endpoint: ALL_ON })
  for (const transport of TRANSPORTS) {
    const client = await connect(server, transport)
    const session = await server.session()
    await client.send('x')
    await client.messages(1)
    session.close()
    await server.closing()
    client.abort()
  }
  for (const transport of HTTP) (await connect(server, transport)).abort()
  t.strictSame(lines, [])
})

t.test('U1: invented origins silence neither another endpoint nor the fact that lines are missing', async (t) => {
  const { server, lines } = await logging(t, { plugin: { origins: [] }, after: (app) => { app.sockjs('/other', () => {}) } })
  const refuse = (path: string, origin: string): Promise<unknown> => ask({ port: server.port, path, headers: { origin } })
  for (let i = 0; i < 150; i++) await refuse('/echo/info', `https://invented-${i}.example`)
  t.equal(lines.length, 101)
  t.match(lines.at(-1), { refused: 'origin', untold: true, msg: /More than 100/ })
  await refuse('/other/info', 'https://mypage.example')
  t.match(lines.at(-1), { endpoint: '/other', origin: 'https://mypage.example' }, 'another endpoint has lines of its own')
  server.clock.advance(61_000)
  await refuse('/echo/info', 'https://invented-0.example')
  t.match(lines.at(-1), { endpoint: '/echo', untold: 50 }, 'the next line counts the missing ones')
})
