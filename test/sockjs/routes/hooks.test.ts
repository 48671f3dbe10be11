import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
// Declares `request.user`.
import type {} from '@fastify/jwt'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import type { EndpointOptions } from '../../../src/index.ts'
import { connect, newClient, newId, SOCKETS, TRANSPORTS } from '../../support/client.ts'
import { contract } from '../../support/contract.ts'
import { knock, UPGRADE, welcome } from '../../support/doors.ts'
import { ask, handshake, TcpPeer } from '../../support/http.ts'
import { buildServer, echo } from '../../support/server.ts'
import { until, within } from '../../support/wait.ts'

const STAGES = ['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const

/** Two ways of saying no. */
const REFUSALS: Readonly<Record<string, (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>>> = {
  'that answers': async (request, reply) => request.headers['x-ok'] ? undefined : reply.code(401).send('who are you?'),
  'that throws': async (request) => {
    if (!request.headers['x-ok']) throw Object.assign(new Error('who are you?'), { statusCode: 401 })
  }
}

contract('a refusing hook of the scope refuses the session, and leaves nothing behind', async (t, transport) => {
  for (const stage of STAGES) {
    for (const [name, refuse] of Object.entries(REFUSALS)) {
      const server = await buildServer(t, { before: (app) => { app.addHook(stage as 'onRequest', refuse) } })
      const refused = await knock({ port: server.port, transport })
      t.equal(refused.status, 401, `${stage} ${name}`)
      t.match(refused.body, /who are you/)
      t.equal(server.sessions.all.length, 0)
      await until(() => server.sockets.size === 0, 'no descriptor is left')
      const welcomed = await connect(server, transport, { headers: { 'x-ok': '1' } })
      await welcomed.send('in')
      t.strictSame(await welcomed.messages(1), ['in'])
      welcomed.abort()
      await server.close()
    }
  }
})

contract('so does a hook of the endpoint itself', async (t, transport) => {
  for (const stage of STAGES) {
    const server = await buildServer(t, { endpoint: { [stage]: REFUSALS['that answers'] } as EndpointOptions })
    t.equal((await knock({ port: server.port, transport })).status, 401, stage)
    t.equal((await knock({ port: server.port, transport, headers: { 'x-ok': '1' } })).status, welcome(transport))
    await server.stop()
  }
})

contract('so does the session option, once per session', async (t, transport) => {
  let calls = 0
  const server = await buildServer(t, {
    endpoint: {
      async session (request) {
        calls++
        if (!request.headers['x-ok']) throw Object.assign(new Error('no'), { statusCode: 403 })
        return { user: { id: 'kim' }, attributes: { tenant: request.headers['x-ok'] } }
      }
    }
  })
  const refused = await knock({ port: server.port, transport })
  t.equal(refused.status, 403)
  t.equal(server.sessions.all.length, 0)
  await until(() => server.sockets.size === 0, 'no descriptor is left')
  const client = await connect(server, transport, { headers: { 'x-ok': 'blue' } })
  const session = await server.session()
  t.strictSame(session.user, { id: 'kim' })
  t.strictSame(session.attributes, { tenant: 'blue' })
  for (let i = 0; i < 3; i++) {
    await client.send(`${i}`)
    await client.messages(1)
  }
  t.equal(calls, 2)
})

contract('a refusing hook refuses sends and later receivers too', async (t, transport) => {
  let open = true
  const server = await buildServer(t, {
    before: (app) => { app.addHook('onRequest', async (_request, reply) => open ? undefined : reply.code(401).send('no more')) }
  })
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  const heard: string[] = []
  session.on('message', (message) => heard.push(message))
  open = false
  t.match(await client.send('sneaked in'), { status: 401, body: 'no more' })
  await within(client.ended, 'the end of the response').catch(() => {})
  client.receive()
  await t.rejects(client.frame(), { message: 'status 401' })
  t.strictSame(heard, [])
}, ['xhr-polling', 'jsonp-polling'])

contract('what hooks put on the request reaches the handler, the session option and the session', async (t, transport) => {
  const seen: unknown[] = []
  const server = await buildServer(t, {
    before (app) {
      app.decorateRequest('user', null as never)
      app.addHook('onRequest', async (request) => { request.user = { id: '7', name: 'kim' } })
    },
    endpoint: { session: async (request) => { seen.push(request.user) } },
    handler (session, request) {
      seen.push(request.user, session.user)
      session.send((request.user as { name: string }).name)
    }
  })
  const client = await connect(server, transport)
  t.strictSame(await client.messages(1), ['kim'])
  t.strictSame(seen, Array(3).fill({ id: '7', name: 'kim' }))
})

contract('what a session knows of its client', async (t, transport) => {
  const id = newId()
  const server = await buildServer(t)
  const client = newClient(server, transport, {
    id, headers: { cookie: 'secret=1', authorization: 'secret', 'x-forwarded-for': '10.0.0.1', 'user-agent': 'test' }
  })
  await client.open()
  const session = await server.session()
  t.equal(session.ip, '127.0.0.1', 'SEC-S48')
  t.equal(session.prefix, '/echo')
  t.match(session.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  t.notOk(JSON.stringify([session.url, session.headers, session.id]).includes(id), 'SESSION-21')
  t.match(session.headers, { 'x-forwarded-for': '10.0.0.1', 'user-agent': 'test' })
  t.notMatch(session.headers, { cookie: String })
  t.notMatch(session.headers, { authorization: String })
})

/** Every URL of an endpoint, with what it answers. */
const EVERYTHING = [
  ['GET', '', 200], ['GET', '/', 200], ['HEAD', '', 200], ['GET', '/info', 200], ['HEAD', '/info', 200], ['OPTIONS', '/info', 204],
  ['POST', '/info', 405], ['GET', '/iframe.html', 200], ['GET', '/nothing', 404], ['GET', '/a/b/nothing', 404], ['PUT', '/a/b/xhr', 405],
  ['OPTIONS', '/a/b/xhr', 204], ['POST', '/a/b/xhr_send', 404], ['POST', '/a/b/jsonp_send', 404], ['GET', '/a/b/jsonp', 500],
  ['POST', '/a/ID/xhr', 200], ['POST', '/a/ID/xhr_send', 204], ['GET', '/a/b/websocket', 400], ['GET', '/websocket', 400]
] as const

t.test('the hooks of the scope run on every request, as in Fastify', async (t) => {
  const log: string[] = []
  const note = (name: string) => async () => { log.push(name) }
  const server = await buildServer(t, {
    before (app) {
      app.addHook('onRequest', note('onRequest'))
      app.addHook('onSend', note('onSend'))
      app.addHook('onResponse', note('onResponse'))
    },
    endpoint: { onRequest: note('own onRequest'), onSend: note('own onSend'), onResponse: note('own onResponse') }
  })
  const id = newId()
  for (const [method, url, status] of EVERYTHING) {
    log.length = 0
    const answer = await ask({ port: server.port, method, path: '/echo' + url.replace('ID', id), body: url.endsWith('/xhr_send') ? '["x"]' : '' })
    t.equal(answer.status, status, `${method} ${url}`)
    await until(() => log.includes('own onResponse'), 'onResponse has run')
    t.strictSame(log.filter((name) => !name.startsWith('own')), ['onRequest', 'onSend', 'onResponse'], `${method} ${url}`)
    t.equal(log.filter((name) => name === 'own onSend').length, 1)
  }
})

contract('onResponse runs once, when the connection of a receiver is over', async (t, transport) => {
  let responses = 0
  const server = await buildServer(t, { before: (app) => { app.addHook('onResponse', async () => { responses++ }) } })
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  session.close()
  client.receive()
  await within(client.ended, 'the end')
  const most = transport.endsWith('polling') ? 2 : 1
  // A WebSocket has no response; the connection is handed over before.
  if (!transport.startsWith('websocket')) await until(() => responses >= most, 'onResponse has run')
  t.ok(responses <= 2)
})

t.test('headers that hooks set are on every answer', async (t) => {
  const server = await buildServer(t, {
    async before (app) {
      await app.register(helmet)
      await app.register(cookie)
      await app.register(cors, { origin: 'https://app.example', credentials: true, exposedHeaders: ['x-early'] })
      app.addHook('onRequest', async (_request, reply) => {
        reply.header('x-early', 'yes')
        reply.setCookie('late', 'set', { path: '/' })
      })
      app.addHook('onSend', async (_request, reply, payload) => {
        reply.header('x-late', 'yes')
        return payload
      })
    }
  })
  const headers = { origin: 'https://app.example' }
  const check = (name: string, answer: { status: number, headers: Record<string, unknown> }, status: number): void => {
    t.equal(answer.status, status, name)
    if (status !== 405 && name !== 'iframe') t.equal(answer.headers.vary, 'Origin', `Vary of ${name}`)
    t.match(answer.headers, {
      'x-early': 'yes',
      'x-late': 'yes',
      'set-cookie': ['late=set; Path=/'],
      'x-dns-prefetch-control': 'off',
      'access-control-allow-origin': /^https:\/\/app\.example$/,
      'access-control-allow-credentials': /^true$/,
      'access-control-expose-headers': 'x-early'
    }, name)
  }
  for (const transport of TRANSPORTS) {
    if (transport.startsWith('websocket')) continue
    const answer = await knock({ port: server.port, transport, headers })
    check(transport, answer, 200)
    t.match(answer.headers, { 'cache-control': /no-transform/ })
  }
  const id = newId()
  const options = { port: server.port, method: 'POST', headers }
  check('xhr', await ask({ ...options, path: `/echo/0/${id}/xhr` }), 200)
  check('204', await ask({ ...options, path: `/echo/0/${id}/xhr_send`, body: '["x"]' }), 204)
  check('500', await ask({ ...options, path: `/echo/0/${id}/xhr_send`, body: 'x' }), 500)
  check('404', await ask({ ...options, path: '/echo/0/unknown/xhr_send', body: '["x"]' }), 404)
  check('405', await ask({ ...options, path: '/echo/info' }), 405)
  check('info', await ask({ port: server.port, headers, path: '/echo/info' }), 200)
  const iframe = await ask({ port: server.port, headers, path: '/echo/iframe.html' })
  check('iframe', iframe, 200)
  t.notOk(iframe.headers['x-frame-options'] ?? iframe.headers['content-security-policy'], 'IFRAME-10: but the page can be framed')
})

t.test('U10: with helmet, the pages that may connect load scripts and frames', async (t) => {
  const listed = ['https://app.example:443', 'https://*.other.example', /^https:\/\/x$/, 'null'] as const
  const rows = [
    ['*', 'cross-origin', undefined, undefined],
    [listed, 'cross-origin', undefined, "frame-ancestors 'self' https://app.example https://*.other.example"],
    [async () => true, 'cross-origin', 'SAMEORIGIN', "frame-ancestors 'self'"],
    [[], 'same-origin', 'SAMEORIGIN', "frame-ancestors 'self'"]
  ] as const
  for (const [origins, resources, frames, policy] of rows) {
    const server = await buildServer(t, {
      before: async (app) => { await app.register(helmet) },
      plugin: { origins },
      endpoint: { transports: { jsonp: true, htmlfile: true, iframe: true } }
    })
    const name = String(origins)
    for (const path of ['/sockjs.min.js', '/iframe.html']) {
      t.equal((await ask({ port: server.port, path: '/echo' + path })).headers['cross-origin-resource-policy'], resources, `${path} with ${name}`)
    }
    for (const transport of ['jsonp-polling', 'htmlfile'] as const) {
      t.equal((await knock({ port: server.port, transport })).headers['cross-origin-resource-policy'], resources, `${transport} with ${name}`)
    }
    const id = newId()
    const jsonp = { port: server.port, path: `/echo/0/${id}/jsonp?c=cb` }
    await ask(jsonp)
    const framed = [
      await ask({ port: server.port, path: '/echo/iframe.html' }), await knock({ port: server.port, transport: 'htmlfile' }),
      await ask({ port: server.port, path: `/echo/0/${id}/jsonp_send`, method: 'POST', body: '["x"]' })
    ]
    for (const { headers } of framed) {
      t.equal(headers['x-frame-options'], frames, name)
      t.equal(headers['content-security-policy'], policy, name)
    }
    const { headers } = await ask({ port: server.port, path: '/echo/info' })
    t.match(headers, { 'x-frame-options': 'SAMEORIGIN', 'cross-origin-resource-policy': 'same-origin' }, 'what is neither script nor frame keeps what the hook has set')
    await server.stop()
  }
})

contract('WS-25: cookies that hooks set before the answer are on the 101', async (t, transport) => {
  const server = await buildServer(t, {
    before: (app) => { app.addHook('onRequest', async (_request, reply) => { reply.header('set-cookie', 'a=1').header('set-cookie', 'b=2') }) }
  })
  t.strictSame((await knock({ port: server.port, transport })).headers['set-cookie'], ['a=1', 'b=2'])
}, SOCKETS)

t.test('an onSend hook that throws is answered by Fastify, and leaves no session', async (t) => {
  const server = await buildServer(t, {
    before: (app) => { app.addHook('onSend', async (request) => { if (request.headers['x-fail']) throw new Error('secret') }) }
  })
  for (const transport of TRANSPORTS) {
    if (transport.startsWith('websocket')) continue
    t.equal((await knock({ port: server.port, transport, headers: { 'x-fail': '1' } })).status, 500, transport)
  }
  t.equal(server.endpoint.sessions.size, 0)
  server.clock.advance(5100)
  t.equal(server.clock.pending, 0, 'after the disconnect delay nothing is left')
  t.equal((await knock({ port: server.port, transport: 'xhr-polling' })).status, 200)
})

contract('a client that leaves while a hook still thinks leaves nothing behind', async (t, transport) => {
  const server = await buildServer(t, {
    before: (app) => { app.addHook('onRequest', async () => { await new Promise((resolve) => setTimeout(resolve, 30)) }) }
  })
  for (const leave of ['reset', 'abort'] as const) {
    const peer = new TcpPeer(server.port)
    const urls: Record<string, string> = { websocket: 'websocket', eventsource: 'eventsource', htmlfile: 'htmlfile?c=cb', 'jsonp-polling': 'jsonp?c=cb' }
    const url = urls[transport]
    peer.write(transport === 'websocket-raw'
      ? handshake('/echo/websocket')
      : transport === 'websocket'
        ? handshake('/echo/0/i/websocket')
        : url !== undefined
          ? `GET /echo/0/${leave}/${url} HTTP/1.1\r\nHost: x\r\n\r\n`
          : `POST /echo/0/${leave}/${transport === 'xhr-polling' ? 'xhr' : 'xhr_streaming'} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
    await until(() => server.sockets.size === 1, 'the request is there')
    await new Promise((resolve) => setTimeout(resolve, 5))
    peer[leave]()
    await until(() => server.sockets.size === 0, 'the connection is gone')
  }
  await new Promise((resolve) => setTimeout(resolve, 60))
  server.clock.advance(5100)
  t.equal(server.endpoint.sessions.size, 0)
  await until(() => server.clock.pending === 0, 'no timer is left')
  t.equal((await knock({ port: server.port, transport })).status, welcome(transport))
})

t.test('scopes: hooks, prefixes and decorations stay where they are', async (t) => {
  const ran: string[] = []
  const server = await buildServer(t, {
    async after (app: FastifyInstance) {
      await app.register(async (child) => {
        child.addHook('onRequest', async () => { ran.push('child') })
        child.sockjs('/room', echo)
        child.sockjs('/a.b', echo)
      }, { prefix: '/v1' })
      await app.register(async (child) => {
        child.addHook('onRequest', async (request) => { ran.push(`tenant ${(request.params as { tenant: string }).tenant}`) })
        child.sockjs('/room', (session, request) => { session.send((request.params as { tenant: string }).tenant) })
      }, { prefix: '/t/:tenant' })
      app.sockjs('/room', echo)
      app.sockjs('/room/inner', echo)
    }
  })
  t.strictSame([...server.app.sockjs.endpoints.keys()].sort(), ['/echo', '/room', '/room/inner', '/t/:tenant/room', '/v1/a.b', '/v1/room'])
  for (const transport of TRANSPORTS) {
    for (const path of ['/room', '/v1/room', '/v1/a.b', '/room/inner']) {
      ran.length = 0
      const client = await connect(server, transport, { path })
      await client.send(path)
      t.strictSame(await client.messages(1), [path], `${path} over ${transport}`)
      t.equal(new Set(ran).has('child'), path.startsWith('/v1'))
      client.abort()
    }
    ran.length = 0
    const client = await connect(server, transport, { path: '/t/blue/room' })
    t.strictSame(await client.messages(1), ['blue'], 'parameters of the prefix are there')
    t.strictSame([...new Set(ran)], ['tenant blue'])
    client.abort()
  }
  t.equal((await ask({ port: server.port, path: '/v1/aXb' })).status, 404, 'URL-10')
  t.equal((await ask({ port: server.port, path: '/v1' })).status, 404)
  t.equal((await ask({ port: server.port, path: '/rooms' })).status, 404)
  t.equal((await ask({ port: server.port, path: '/v1/rooms', headers: UPGRADE })).status, 404, 'an upgrade to nowhere')
})

t.test('URL-11, SEC-S45: an id belongs to its endpoint', async (t) => {
  const server = await buildServer(t, { after: (app) => { app.sockjs('/other', echo) } })
  const id = newId()
  const client = await connect(server, 'xhr-polling', { id })
  t.equal((await ask({ port: server.port, method: 'POST', path: `/other/000/${id}/xhr_send`, body: '["x"]' })).status, 404)
  const other = await connect(server, 'xhr-polling', { id, path: '/other' })
  await other.send('other')
  t.strictSame(await other.messages(1), ['other'])
  await client.send('first')
  t.strictSame(await client.messages(1), ['first'])
})

contract('two servers in one process share nothing', async (t, transport) => {
  const [one, two] = [await buildServer(t), await buildServer(t)]
  const id = newId()
  const [first, second] = [await connect(one, transport, { id }), await connect(two, transport, { id })]
  one.endpoint.broadcast('for one')
  two.endpoint.broadcast('for two')
  t.strictSame(await first.messages(1), ['for one'])
  t.strictSame(await second.messages(1), ['for two'])
  await one.stop()
  await second.send('alive')
  t.strictSame(await second.messages(1), ['alive'])
}, [...SOCKETS, 'xhr-streaming', 'xhr-polling'])

t.test('logLevel of an endpoint is that of its requests', async (t) => {
  const lines: string[] = []
  const server = await buildServer(t, {
    fastify: { logger: { level: 'info', stream: { write: (line: string) => { lines.push(line) } } } },
    endpoint: { logLevel: 'silent' },
    after: (app) => { app.sockjs('/loud', echo) }
  })
  lines.length = 0
  await ask({ port: server.port, path: '/echo/info' })
  t.strictSame(lines, [])
  await ask({ port: server.port, path: '/loud/info' })
  await until(() => lines.length === 2, 'the lines of one request')
})

t.test('SEC-S23: timeouts of the server for requests do not cut what waits', async (t) => {
  // Short for what waits, and long for a request that a busy machine holds up.
  const timeout = 3000
  const server = await buildServer(t, {
    fastify: { requestTimeout: timeout, keepAliveTimeout: timeout, http: { headersTimeout: timeout, connectionsCheckingInterval: 20 } }
  })
  const clients = await Promise.all(TRANSPORTS.map((transport) => connect(server, transport)))
  // A later request that they do cut.
  await server.own(new TcpPeer(server.port)).write('GET /echo/info HTTP/1.1\r\n').end()
  for (const client of clients) {
    await client.send('still here')
    t.strictSame(await client.messages(1), ['still here'], client.transport)
  }
})
