import Fastify from 'fastify'
import t from 'tap'
import sockjs from '../../../src/index.ts'
import { connect, newId, TRANSPORTS } from '../../support/client.ts'
import { contract } from '../../support/contract.ts'
import { UPGRADE } from '../../support/doors.ts'
import { ask, handshake, TcpPeer } from '../../support/http.ts'
import { buildServer, echo } from '../../support/server.ts'
import { exchange, foreign, talk } from '../../support/upgrades.ts'
import { until } from '../../support/wait.ts'

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
