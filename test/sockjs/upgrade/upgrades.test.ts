import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import sockjs from '../../../src/index.ts'
import { EndpointPaths } from '../../../src/sockjs/upgrade/endpoint-paths.ts'
import { connect, newId, TRANSPORTS } from '../../support/client.ts'
import { contract } from '../../support/contract.ts'
import { UPGRADE } from '../../support/doors.ts'
import { ask, handshake, TcpPeer } from '../../support/http.ts'
import { buildServer, echo, type TestServer } from '../../support/server.ts'
import { TLS } from '../../support/tls/index.ts'
import { until, within } from '../../support/wait.ts'

/** Node decides before its parser lets the connection go; older versions have the request put back. */
const DECIDES = 'shouldUpgradeCallback' in createServer()

/** Sends one text on a WebSocket and gives the answer; rejects with the status of a refusal. */
async function talk (port: number, path: string, headers: Record<string, string> = {}): Promise<string> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
  try {
    return await within(new Promise<string>((resolve, reject) => {
      ws.on('open', () => ws.send('hello'))
      ws.on('message', (data) => resolve((data as Buffer).toString()))
      ws.on('unexpected-response', (_request, response) => reject(new Error(`status ${response.statusCode}`)))
      ws.on('error', reject)
      ws.on('close', (code) => reject(new Error(`closed with ${code}`)))
    }), `an answer of ${path}`)
  } finally {
    ws.removeAllListeners()
    ws.on('error', () => {})
    ws.terminate()
  }
}

/** Writes bytes on a connection and waits for its end. */
async function exchange (port: number, text: string): Promise<string> {
  return await new TcpPeer(port).write(text).end()
}

/** Somebody else's WebSockets on the same server. */
function foreign (app: { server: unknown }, path: string): WebSocketServer {
  const server = new WebSocketServer({ server: app.server as Server, path })
  server.on('connection', (ws) => { ws.on('message', (data: Buffer) => { ws.send('foreign ' + data.toString()) }) })
  return server
}

// --- where an upgrade goes ---------------------------------------------------------------------------------------

const ROUTERS: Readonly<Record<string, readonly [fastify: Record<string, unknown>, path: string]>> = {
  'a rewritten URL': [{ rewriteUrl: ({ url }: { url: string }) => url.replace(/^\/v1(?=\/)/, '') }, '/v1/echo'],
  'another case': [{ routerOptions: { caseSensitive: false } }, '/ECHO'],
  'duplicate slashes': [{ routerOptions: { ignoreDuplicateSlashes: true } }, '//echo/'],
  'an escaped letter': [{}, '/%65cho'],
  'short parameters': [{ routerOptions: { maxParamLength: 5 } }, '/echo'],
  'trailing slashes': [{ routerOptions: { ignoreTrailingSlash: true } }, '/echo']
}

for (const [what, [fastify, path]] of Object.entries(ROUTERS)) {
  for (const company of ['alone', 'beside another listener']) {
    t.test(`U2: ${what}, ${company}: every transport goes where Fastify routes it`, async (t) => {
      const server = await buildServer(t, { fastify })
      if (company !== 'alone') foreign(server.app, '/other')
      for (const transport of TRANSPORTS) {
        const client = await connect(server, transport, { path })
        await client.send(what)
        t.strictSame(await client.messages(1), [what], transport)
        client.abort()
      }
      t.equal(server.sessions.all.length, TRANSPORTS.length)
      t.equal((await ask({ port: server.port, path: path + '/nothing', headers: UPGRADE })).status, 404)
      if (company !== 'alone') t.equal(await talk(server.port, '/other'), 'foreign hello')
    })
  }
}

t.test('U2: rewriteUrl sees the URL of the client, once for each routing', async (t) => {
  const seen: string[] = []
  const rewriteUrl = (request: { url?: string }): string => {
    seen.push(request.url!)
    return '/echo' + request.url!
  }
  const server = await buildServer(t, { fastify: { rewriteUrl: rewriteUrl as never } })
  t.equal(await talk(server.port, '/websocket'), 'hello')
  t.strictSame([...new Set(seen)], ['/websocket'], 'never its own result')
})

t.test('U2: a rewriteUrl that returns no text harms its own request alone', async (t) => {
  const server = await buildServer(t, { fastify: { rewriteUrl: (({ url }: { url: string }) => url.includes('odd') ? undefined : url) as never } })
  for (const company of ['alone', 'beside another listener']) {
    if (company !== 'alone') foreign(server.app, '/other')
    for (const path of ['/echo/odd', '/odd', '/echo/websocket?odd']) {
      const peer = server.own(new TcpPeer(server.port))
      peer.write(handshake(path))
      t.notMatch(await peer.end(), /^HTTP\/1\.1 2/, path)
    }
    t.equal(await talk(server.port, '/echo/websocket'), 'hello')
  }
})

t.test('U2: ignoreTrailingSlash and ignoreDuplicateSlashes hold below the endpoint too', async (t) => {
  const server = await buildServer(t, { fastify: { routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true } } })
  for (const path of ['/echo/info/', '/echo//info', '//echo/info//']) t.equal((await ask({ port: server.port, path })).status, 200, path)
  for (const path of ['/echo/websocket/', '/echo//websocket', '/echo/0//i/websocket/']) {
    t.equal((await ask({ port: server.port, path, headers: UPGRADE })).status, 101, path)
  }
})

t.test('U2: a more specific route of the application keeps its URL, upgrades included', async (t) => {
  const server = await buildServer(t, { after: (app) => { app.get('/echo/own', async () => 'mine') } })
  t.match(await ask({ port: server.port, path: '/echo/own' }), { status: 200, body: 'mine' })
  t.match(await ask({ port: server.port, path: '/echo/own', headers: UPGRADE }), { status: 200, body: 'mine' })
  await until(() => server.sockets.size === 0, 'no descriptor is left')
})

t.test('R7: a request target in absolute form (RFC 9112, 3.2.2)', async (t) => {
  const lines: string[] = []
  const server = await buildServer(t, {
    fastify: { requestTimeout: 30_000, logger: { level: 'info', stream: { write: (line: string) => { lines.push(line) } } } }
  })
  const id = newId()
  t.match(await exchange(server.port, 'GET http://h/echo/info?t=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 200 [^]*"websocket":true/)
  t.match(await exchange(server.port, 'GET http://h/echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 200 [^]*Welcome to SockJS!/)
  t.match(await exchange(server.port, `POST http://h/echo/0/${id}/xhr HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`), /o\n/)
  t.match(await exchange(server.port, `POST https://h:8080/echo/0/${id}/xhr_send HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\n["x"]`), /^HTTP\/1\.1 204 /)
  for (const company of ['alone', 'beside another listener']) {
    if (company !== 'alone') foreign(server.app, '/other')
    const peer = server.own(new TcpPeer(server.port))
    peer.write(handshake(`http://h/echo/0/${id}/websocket`))
    t.match(await peer.see('\x81\x01o'), /^HTTP\/1\.1 101 /, company)
    peer.abort()
  }
  t.match(await exchange(server.port, handshake('http://h/echo/0/i/xhr')), /^HTTP\/1\.1 400 /)
  t.notOk(lines.some((line) => line.includes(id)), 'SEC-S43: no id in the log')
})

t.test('U3: / in a scope with a prefix is the prefix itself', async (t) => {
  const server = await buildServer(t, {
    after: async (app) => {
      await app.register(async (scope) => { scope.sockjs('/', echo) }, { prefix: '/chat' })
      await app.register(async (scope) => { scope.sockjs('/room', echo) }, { prefix: '/slash/' })
    }
  })
  t.strictSame([...server.app.sockjs.endpoints.keys()].sort(), ['/chat', '/echo', '/slash/room'])
  for (const path of ['/chat', '/slash/room']) {
    for (const transport of TRANSPORTS) {
      const client = await connect(server, transport, { path })
      await client.send('hello')
      t.strictSame(await client.messages(1), ['hello'], `${path} ${transport}`)
      client.abort()
    }
    for (const greeting of [path, path + '/']) t.equal((await ask({ port: server.port, path: greeting })).body, 'Welcome to SockJS!\n', greeting)
  }
  const root = Fastify()
  await root.register(sockjs)
  t.throws(() => root.sockjs('/', echo), { code: 'FST_SOCKJS_INVALID_PATH' })
  await root.register(async (scope) => {
    scope.sockjs('/', echo)
    t.throws(() => scope.sockjs('/', echo), { code: 'FST_SOCKJS_DUPLICATE_ENDPOINT' })
    t.throws(() => root.sockjs('/chat', echo), { code: 'FST_SOCKJS_DUPLICATE_ENDPOINT' })
    t.throws(() => scope.sockjs('/a/', echo), { code: 'FST_SOCKJS_INVALID_PATH' })
  }, { prefix: '/chat' })
  await root.close()
})

contract('R8: one path with different constraints is two endpoints', async (t, transport) => {
  const answer = (name: string) => async (session: { send (text: string): boolean } & AsyncIterable<unknown>): Promise<void> => {
    for await (const message of session) session.send(`${name} ${String(message)}`)
  }
  const server = await buildServer(t, {
    after (app) {
      app.sockjs('/host', { constraints: { host: 'a.example' } }, answer('a'))
      app.sockjs('/host', { constraints: { host: 'b.example' } }, answer('b'))
      app.sockjs('/host', { constraints: { host: /^c\./ } }, answer('c'))
      t.throws(() => app.sockjs('/host', { constraints: { host: 'b.example' } }, echo), { code: 'FST_SOCKJS_DUPLICATE_ENDPOINT' })
    }
  })
  const { endpoints } = server.app.sockjs
  t.strictSame([...endpoints.keys()], ['/echo', '/host', '/host host="b.example"', '/host host=/^c\\./'])
  t.ok([...endpoints.values()].slice(1).every(({ path }) => path === '/host'))
  const id = newId()
  for (const name of ['a', 'b', 'c']) {
    const client = await connect(server, transport, { path: '/host', id, headers: { host: `${name}.example` } })
    await client.send('hello')
    t.strictSame(await client.messages(1), [`${name} hello`], 'the same id of a client is another session at each')
    client.abort()
  }
  t.equal((await ask({ port: server.port, path: '/host/info', headers: { host: 'd.example' } })).status, 404)
  t.equal((await ask({ port: server.port, path: '/host/websocket', headers: { ...UPGRADE, host: 'd.example' } })).status, 404)
}, TRANSPORTS)

// --- upgrades that nobody wants ------------------------------------------------------------------------------------

const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n'

interface Plain {
  readonly method?: string
  readonly path: string
  readonly headers?: string
  readonly body?: string
}

function h2c ({ method = 'GET', path, headers = '', body = '' }: Plain): string {
  const length = method === 'GET' || /^(content-length|transfer-encoding)/im.test(headers) ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
  return `${method} ${path} HTTP/1.1\r\nHost: x\r\n${H2C}${headers}${length}\r\n${body}`
}

interface Seen { readonly method: string, readonly url: string, readonly body: unknown, readonly upgrade: string | undefined }

/** A server with routes of the application beside `/echo`, and all that reached a route. */
async function withRoutes (t: Parameters<typeof buildServer>[0], options: object = {}): Promise<{ server: TestServer, seen: Seen[] }> {
  const seen: Seen[] = []
  const hello = async ({ method, url, body, headers }: FastifyRequest): Promise<string> => {
    seen.push({ method, url, body, upgrade: headers.upgrade })
    return 'hello'
  }
  const server = await buildServer(t, {
    ...options,
    after (app) {
      app.get('/hello', hello)
      app.post('/hello', hello)
      app.get('/large', async () => 'x'.repeat(10_000_000))
    }
  })
  return { server, seen }
}

/** The whole answer to a request that ends its connection. */
async function answerOf ({ port }: TestServer, text: string): Promise<string> {
  return await exchange(port, text.replace('Connection: Upgrade,', 'Connection: close, Upgrade,'))
}

t.test('U4: what curl --http2 and the HTTP client of Java send', async (t) => {
  const { server } = await withRoutes(t)
  for (const path of ['/echo/info', '/hello']) {
    const peer = server.own(new TcpPeer(server.port))
    peer.write(h2c({ path }))
    t.match(await peer.see(path === '/hello' ? 'hello' : '"websocket":true'), /^HTTP\/1\.1 200 /)
    t.equal(peer.text.includes('Connection: close'), !DECIDES, 'the connection stays where Node decides')
  }
})

t.test('U4, SEC-S73: Upgrade: h2c is ignored, on routes of ours and of the application', async (t) => {
  const { server, seen } = await withRoutes(t)
  t.match(await answerOf(server, h2c({ path: '/echo/info' })), /^HTTP\/1\.1 200 [^]*"websocket":true/)
  t.match(await answerOf(server, h2c({ path: '/echo' })), /^HTTP\/1\.1 200 [^]*Welcome to SockJS!/)
  t.match(await answerOf(server, h2c({ path: '/hello' })), /^HTTP\/1\.1 200 [^]*hello$/)
  t.match(await answerOf(server, h2c({ method: 'POST', path: '/hello', headers: 'Content-Type: application/json\r\n', body: '{"a":1}' })), /^HTTP\/1\.1 200 [^]*hello$/)
  t.match(await answerOf(server, h2c({ path: '/nowhere' })), /^HTTP\/1\.1 404 /)
  t.match(await answerOf(server, h2c({ path: '/echo/websocket' })), /^HTTP\/1\.1 400 /, 'WS-12')
  t.match(await answerOf(server, h2c({ method: 'OPTIONS', path: '/echo/0/i/xhr_send' })), /^HTTP\/1\.1 204 /)
  t.match(await answerOf(server, h2c({ method: 'HEAD', path: '/echo' })), /^HTTP\/1\.1 200 /)
  t.strictSame(seen.map(({ method, body }) => [method, body]), [['GET', undefined], ['POST', { a: 1 }]])
  t.equal((await answerOf(server, h2c({ path: '/large' }))).length > 10_000_000, true, 'a response of any size')
})

t.test('U4: a session of a client that asks for h2c with every request', async (t) => {
  const { server } = await withRoutes(t)
  const path = `/echo/0/${newId()}`
  t.match(await answerOf(server, h2c({ method: 'POST', path: path + '/xhr' })), /o\n$/)
  t.match(await answerOf(server, h2c({ method: 'POST', path: path + '/xhr_send', body: '["a","é"]' })), /^HTTP\/1\.1 204 /)
  t.match(await answerOf(server, h2c({ method: 'POST', path: path + '/xhr' })), /a\["a","\xc3\xa9"\]\n$/)
  const chunked = h2c({ method: 'POST', path: path + '/xhr_send', headers: 'Transfer-Encoding: chunked\r\n', body: '5\r\n["b",\r\n4\r\n"c"]\r\n0\r\n\r\n' })
  t.match(await answerOf(server, chunked), /^HTTP\/1\.1 204 /, 'a body in chunks')
  t.match(await answerOf(server, h2c({ method: 'POST', path: path + '/xhr' })), /a\["b","c"\]\n$/)
  const late = server.own(new TcpPeer(server.port))
  const text = h2c({ method: 'POST', path: path + '/xhr_send', body: '["late"]' })
  for (const byte of text) {
    await new Promise((resolve) => late.socket.write(byte, resolve))
  }
  t.match(await late.see('\r\n\r\n'), /^HTTP\/1\.1 204 /, 'a body that comes byte by byte')
  t.match(await answerOf(server, h2c({ method: 'POST', path: path + '/xhr' })), /a\["late"\]\n$/)
  const streaming = server.own(new TcpPeer(server.port))
  streaming.write(h2c({ method: 'POST', path: `/echo/0/${newId()}/xhr_streaming` }))
  await streaming.see('o\n')
  ;(await server.session()).close()
})

for (const [what, fastify] of Object.entries({ https: { https: TLS }, 'http2 with HTTP/1 allowed': { http2: true, https: { ...TLS, allowHTTP1: true } } })) {
  t.test(`U4: an upgrade that nobody wants, over ${what}`, async (t) => {
    const { server, seen } = await withRoutes(t, { fastify })
    const common = { port: server.port, ca: TLS.cert, headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA' } }
    for (let i = 0; i < 3; i++) {
      t.match(await ask({ ...common, path: '/echo/info' }), { status: 200, body: /"websocket":true/ })
      t.match(await ask({ ...common, path: '/hello', method: 'POST', body: 'x'.repeat(100_000), headers: { ...common.headers, 'content-type': 'text/plain' } }), { status: 200, body: 'hello' })
    }
    t.equal(seen.filter(({ body }) => (body as string).length === 100_000).length, 3)
    t.equal((await ask({ port: server.port, ca: TLS.cert, path: '/echo/websocket', headers: UPGRADE })).status, 101)
    t.match(await ask({ port: server.port, ca: TLS.cert, path: '/hello', headers: UPGRADE }), { status: 200, body: 'hello' })
  })
}

t.test('U4: a thousand requests for h2c leave nothing behind', async (t) => {
  const { server, seen } = await withRoutes(t)
  for (let i = 0; i < 50; i++) {
    await Promise.all(Array.from({ length: 20 }, () => answerOf(server, h2c({ method: 'POST', path: '/hello', headers: 'Content-Type: text/plain\r\n', body: 'x'.repeat(100) }))))
  }
  t.equal(seen.length, 1000)
  await until(() => server.sockets.size === 0, 'no descriptor is left')
})

t.test('U4, SEC-S02: the peer resets in the middle of an ignored upgrade', async (t) => {
  const { server } = await withRoutes(t)
  const text = h2c({ method: 'POST', path: '/hello', headers: 'Content-Type: text/plain\r\nContent-Length: 100\r\n', body: 'x'.repeat(50) })
  for (let cut = 1; cut <= text.length; cut += 7) {
    const peer = new TcpPeer(server.port)
    await until(() => peer.socket.readyState === 'open', 'the connection')
    peer.write(text.slice(0, cut))
    if (cut % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
    peer.reset()
  }
  await until(() => server.sockets.size === 0, 'all are gone')
  t.match(await answerOf(server, h2c({ path: '/hello' })), /hello$/)
})

t.test('SEC-S72: what is put back cannot smuggle a request', async (t) => {
  const { server, seen } = await withRoutes(t)
  const hidden = 'GET /hello?hidden HTTP/1.1\r\nHost: x\r\n\r\n'
  const post = (headers: string, body = ''): string => h2c({ method: 'POST', path: '/hello', headers: 'Content-Type: text/plain\r\n' + headers, body })
  const rows: Readonly<Record<string, string>> = {
    'two lengths': post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello' + hidden),
    'the same length twice': post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello' + hidden),
    'a length and chunks': post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n' + hidden),
    'chunks and a length': post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n' + hidden),
    'chunks that are not last': post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n' + hidden),
    'a folded header': post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n' + hidden),
    'a folded connection': `POST /hello HTTP/1.1\r\nHost: x\r\nConnection: Upgrade,\r\n Transfer-Encoding\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n${hidden}`,
    'a length that is none': post('Content-Length: +5\r\n', 'hello' + hidden),
    'a space before the colon': post('Content-Length : 5\r\n', 'hello' + hidden),
    'bare line feeds': post('Content-Length: 5\nX: 1\r\n', 'hello' + hidden),
    // Where Node decides itself, it tells of no error in a body whose head has an Upgrade: the request waits for its timeout, as on any server.
    ...(DECIDES ? {} : { 'a chunk size that lies': post('Transfer-Encoding: chunked\r\n', '3\r\nhello\r\n0\r\n\r\n' + hidden) }),
    'behind two thousand headers': `POST /hello HTTP/1.1\r\nHost: x\r\n${H2C}${'a: 1\r\n'.repeat(2000)}Content-Length: 5\r\n\r\nhello${hidden}`
  }
  for (const [what, text] of Object.entries(rows)) {
    const answer = await exchange(server.port, text)
    t.match(answer, /^HTTP\/1\.1 4\d\d /, what)
    t.equal(answer.split('HTTP/1.1 ').length, 2, `${what}: one answer`)
  }
  t.notOk(seen.some(({ url }) => url.includes('hidden')))
  t.strictSame(seen, [], 'none of them reached a route')
})

t.test('SEC-S72: bytes behind an ignored upgrade', async (t) => {
  const { server, seen } = await withRoutes(t)
  const hidden = 'GET /hello?hidden HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  for (const [what, text] of Object.entries({
    'an h2c request without a body': h2c({ path: '/hello' }),
    'an h2c request with a body': h2c({ method: 'POST', path: '/hello', headers: 'Content-Type: text/plain\r\n', body: 'hello' }),
    'a handshake for a plain route': handshake('/hello')
  })) {
    seen.length = 0
    const answer = await answerOf(server, text + hidden)
    t.notOk(seen.some(({ url }) => url.includes('hidden')), what)
    t.equal(answer.split('HTTP/1.1 ').length, 2, `${what}: one answer`)
  }
})

t.test('an upgrade behind a response that is still under way', async (t) => {
  let release = (): void => {}
  const server = await buildServer(t, {
    after: (app) => { app.get('/slow', async () => { await new Promise<void>((resolve) => { release = resolve }); return 'slow' }) }
  })
  for (const text of [h2c({ path: '/echo/info' }), handshake('/echo/websocket'), handshake('/nowhere')]) {
    const peer = new TcpPeer(server.port)
    peer.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n' + text)
    if (DECIDES && text.includes('h2c')) {
      await until(() => { release(); return peer.text.includes('"websocket":true') }, 'both answers')
      peer.abort()
    } else {
      t.notMatch(await peer.end(), / 101 /)
      release()
    }
    await until(() => server.sockets.size === 0, 'no descriptor is left')
  }
  t.equal(await talk(server.port, '/echo/websocket'), 'hello')
})

t.test('U4: a WebSocket handshake for a plain route of the application is a plain request', async (t) => {
  const { server } = await withRoutes(t)
  t.match(await exchange(server.port, handshake('/hello')), /^HTTP\/1\.1 200 [^]*hello$/)
  t.equal((await exchange(server.port, handshake('/large'))).length > 10_000_000, true)
  t.match(await exchange(server.port, handshake('/echo/websocket', { Connection: 'close, Upgrade', 'Content-Length': '5' }) + 'hello'), /^HTTP\/1\.1 4\d\d /, 'and so is one with a body')
})

// --- listeners of others -------------------------------------------------------------------------------------------

const ARRIVALS: Readonly<Record<string, (add: (app: FastifyInstance) => void) => [options: object, later: (server: TestServer) => void]>> = {
  'before the plugin': (add) => [{ before: add }, () => {}],
  'after the endpoint': (add) => [{ after: add }, () => {}],
  'after listen()': (add) => [{}, ({ app }) => add(app)]
}

for (const [when, arrive] of Object.entries(ARRIVALS)) {
  t.test(`U5: a ws server that comes ${when} gets its upgrades, and never ours`, async (t) => {
    const others: WebSocketServer[] = []
    const urls: string[] = []
    const [options, later] = arrive((app) => {
      others.push(foreign(app, '/other'))
      app.server.on('upgrade', ({ url }) => { urls.push(url!) })
    })
    const hooks: string[] = []
    const server = await buildServer(t, {
      ...options,
      before (app: FastifyInstance) {
        app.addHook('onRequest', async ({ url }) => { hooks.push(url) })
        ;(options as { before?: (app: FastifyInstance) => void }).before?.(app)
      }
    })
    // Sessions and listeners that were there before the other came.
    const early = await connect(server, 'websocket')
    later(server)
    t.equal(await talk(server.port, '/other'), 'foreign hello')
    for (const transport of TRANSPORTS) {
      const client = await connect(server, transport)
      await client.send('hello')
      t.strictSame(await client.messages(1), ['hello'], transport)
      client.abort()
    }
    await early.send('still here')
    t.strictSame(await early.messages(1), ['still here'])
    for (const path of ['/echo/info', '/echo/nothing', '/echo/0/i/xhr']) t.ok((await ask({ port: server.port, path, headers: UPGRADE })).status >= 400, path)
    t.match(await answerOf(server, h2c({ path: '/echo/info' })), /^HTTP\/1\.1 200 /, 'h2c below our prefix')
    t.strictSame([...new Set(urls)], ['/other'], 'the others have seen their own')
    t.notOk(hooks.includes('/other'), 'and no hook has')
    for (const other of others) other.close()
    t.equal(await talk(server.port, '/echo/websocket'), 'hello')
  })
}

t.test('U5: a thousand listeners come and go, and the gate stays', async (t) => {
  const server = await buildServer(t)
  const mine = server.app.server.listenerCount('upgrade')
  for (let i = 0; i < 1000; i++) foreign(server.app, '/other').close()
  t.equal(server.app.server.listenerCount('upgrade'), mine)
  t.equal(await talk(server.port, '/echo/websocket'), 'hello')
  t.equal((await ask({ port: server.port, path: '/other', headers: UPGRADE })).status, 404, 'without a listener, Fastify answers')
})

t.test('U5: a listener of others stands on the server as if it were alone there, and what it throws changes nothing', async (t) => {
  const server = await buildServer(t)
  const counts: number[] = []
  const listener = (_request: unknown, socket: Socket): void => {
    counts.push(server.app.server.listenerCount('upgrade'))
    socket.destroy()
    throw new Error('of the other')
  }
  server.app.server.on('upgrade', listener as never)
  t.throws(() => server.app.server.emit('upgrade', { url: '/other', method: 'GET', headers: {} }, connectTcp(server.port, '127.0.0.1'), Buffer.alloc(0)), { message: 'of the other' })
  t.strictSame(counts, [1])
  server.app.server.removeListener('upgrade', listener as never)
  t.equal(server.app.server.listenerCount('upgrade'), 1)
  t.equal(await talk(server.port, '/echo/websocket'), 'hello')
})

t.test('U5: hooks that refuse do not reach the clients of others', async (t) => {
  const server = await buildServer(t, { before: (app) => { app.addHook('onRequest', async (_request, reply) => reply.code(401).send('no')) } })
  foreign(server.app, '/other')
  t.equal(await talk(server.port, '/other'), 'foreign hello')
  await t.rejects(talk(server.port, '/echo/websocket'), { message: 'status 401' })
  await until(() => server.sockets.size === 0, 'no descriptor is left')
})

// --- servers that outlive their application -----------------------------------------------------------------------

t.test('U6: an endpoint leaves the gate when its application closes', async (t) => {
  let handler: RequestListener = () => {}
  const server = createServer((request, response) => handler(request, response))
  const { emit } = server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  const build = async (name: string): Promise<FastifyInstance> => {
    const app = Fastify({ serverFactory: (listener) => { handler = listener as RequestListener; return server } }) as unknown as FastifyInstance
    await app.register(sockjs, { origins: '*' })
    app.sockjs('/echo', async (session) => { for await (const message of session) session.send(`${name} ${String(message)}`) })
    await app.ready()
    return app
  }
  for (const name of ['first', 'second', 'third']) {
    const app = await build(name)
    t.equal(await talk(port, '/echo/websocket'), `${name} hello`)
    await within(app.close(), 'app.close()')
    t.equal(server.listenerCount('upgrade'), 0, 'nothing of the application stays')
    t.equal(server.emit, emit)
  }
  const [older, newer] = [await build('older'), await build('newer')]
  t.equal(await talk(port, '/echo/websocket'), 'newer hello', 'WebSockets go where HTTP goes')
  await older.close()
  t.equal(await talk(port, '/echo/websocket'), 'newer hello')
  await newer.close()
})

t.test('U6: the gate leaves a server on which others have come after it', async (t) => {
  const server = createServer()
  const app = Fastify({ serverFactory: (listener) => server.on('request', listener as RequestListener) as never }) as unknown as FastifyInstance
  await app.register(sockjs)
  app.sockjs('/echo', echo)
  await app.ready()
  const calls: unknown[] = []
  const { emit } = server
  server.emit = function (this: Server, event: string, ...args: unknown[]) {
    calls.push(event)
    return Reflect.apply(emit, this, [event, ...args]) as boolean
  } as Server['emit']
  await app.close()
  server.once('anything', () => calls.push('heard'))
  server.emit('anything')
  t.strictSame(calls.slice(-2), ['anything', 'heard'], 'an emit of theirs over ours goes on to work')
})

t.test('a server on two addresses: the second one has the same gate', async (t) => {
  const app = Fastify()
  await app.register(sockjs, { origins: '*' })
  app.sockjs('/echo', echo)
  app.get('/hello', async () => 'hello')
  await app.listen({ port: 0, host: 'localhost' })
  t.teardown(() => app.close())
  for (const { address, port, family } of app.addresses() as AddressInfo[]) {
    const ws = new WebSocket(`ws://${family === 'IPv6' ? `[${address}]` : address}:${port}/echo/websocket`)
    await within(new Promise((resolve, reject) => { ws.on('open', resolve); ws.on('error', reject) }), `a WebSocket at ${address}`)
    ws.terminate()
    const socket: Socket = connectTcp(port, address)
    let text = ''
    socket.on('data', (chunk) => { text += chunk.toString() })
    socket.write(h2c({ method: 'POST', path: '/echo/0/i/xhr', headers: 'Connection: close\r\n' }))
    await until(() => text.includes('o\n'), 'the answer')
    t.match(text, /^HTTP\/1\.1 200 /)
    socket.destroy()
  }
})

t.test('the spelling of paths, by the options of Fastify in both places where applications write them', (t) => {
  const owns = (initialConfig: object, url: string): boolean => {
    const paths = new EndpointPaths({ initialConfig, server: createServer(), addHook () {} } as never)
    paths.add('/echo')
    return paths.owns({ url } as never)
  }
  t.notOk(owns({ caseSensitive: true }, '/ECHO/info'))
  t.ok(owns({ caseSensitive: false }, '/ECHO/info'))
  t.ok(owns({ caseSensitive: true, routerOptions: { caseSensitive: false } }, '/ECHO/info'))
  t.notOk(owns({}, '/echoes'))
  t.notOk(owns({}, '/%zz'))
  t.end()
})
