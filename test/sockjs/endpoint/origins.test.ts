import cors from '@fastify/cors'
import t from 'tap'
import type { EndpointOptions } from '../../../src/index.ts'
import { connect, HTTP, newId, TRANSPORTS, type TransportName } from '../../support/client.ts'
import { contract } from '../../support/contract.ts'
import { knock, UPGRADE, welcome } from '../../support/doors.ts'
import { type Answer, ask } from '../../support/http.ts'
import { buildServer, type TestServer } from '../../support/server.ts'
import { until } from '../../support/wait.ts'

type Origins = EndpointOptions['origins']

interface Row {
  readonly name: string
  readonly origins: Origins
  /** Origins that may connect, and such that may not. */
  readonly yes: readonly string[]
  readonly no: readonly string[]
}

const ROWS: readonly Row[] = [
  { name: 'no option', origins: undefined, yes: ['OWN'], no: ['http://evil.example', 'null', 'http://127.0.0.1', 'http://127.0.0.1:1', 'https://HOST', 'http://HOST.evil.example', 'x'] },
  { name: 'an empty list', origins: [], yes: ['OWN'], no: ['http://evil.example', 'null'] },
  {
    name: 'a list',
    origins: ['https://app.example', 'http://local.example:8080'],
    yes: ['OWN', 'https://app.example', 'HTTPS://APP.example', 'http://local.example:8080'],
    no: ['http://app.example', 'https://app.example:8443', 'https://app.example.evil', 'https://evil.example', 'https://xapp.example', 'null', 'https://appxexample']
  },
  {
    name: 'a list with *',
    origins: ['https://*.app.example', 'http://local.example:*'],
    yes: ['https://a.app.example', 'https://a.b.app.example', 'http://local.example:1234'],
    no: ['https://app.example', 'https://evil.example/.app.example', 'https://evil.example?.app.example', 'https://evil.example@.app.example', 'http://local.example:', 'http://a.app.example', 'null']
  },
  {
    name: 'an expression',
    origins: [/^https:\/\/(a|b)\.example$/, /^https:\/\/g\.example$/g],
    yes: ['https://a.example', 'https://b.example', 'https://g.example', 'https://g.example'],
    no: ['https://c.example', 'null', 'x'.repeat(10_000)]
  },
  {
    name: 'a function',
    origins: async (origin, request) => origin === `https://${String(request.headers['x-tenant'])}.example`,
    yes: ['OWN', 'https://blue.example'],
    no: ['https://red.example', 'null']
  },
  { name: 'functions in a list', origins: [() => false, (origin) => origin.endsWith('.example')], yes: ['https://blue.example'], no: ['https://blue.test'] },
  { name: 'a function that returns no boolean', origins: (() => 'yes') as never, yes: ['OWN'], no: ['https://blue.example'] },
  { name: 'null in a list', origins: ['null'], yes: ['null', 'OWN'], no: ['https://evil.example'] },
  { name: '*', origins: '*', yes: ['OWN', 'https://anything.example', 'null', 'test'], no: [] }
]

const ALL_ON = { jsonp: true, htmlfile: true, iframe: true } as const

function originFor (server: TestServer, origin: string): string {
  return origin === 'OWN' ? `http://127.0.0.1:${server.port}` : origin.replace('HOST', `127.0.0.1:${server.port}`)
}

contract('SEC-S38, CORS-10, CORS-13: who may connect', async (t, transport) => {
  for (const { name, origins, yes, no } of ROWS) {
    const server = await buildServer(t, { plugin: { origins: origins! }, endpoint: { transports: ALL_ON } })
    for (const [list, allowed] of [[yes, true], [no, false]] as const) {
      for (const each of list) {
        const origin = originFor(server, each)
        const answer = await knock({ port: server.port, transport, headers: { origin, 'x-tenant': 'blue' } })
        t.equal(answer.status, allowed ? welcome(transport) : 403, `${name}: ${origin.slice(0, 60)}`)
        if (!allowed) t.notOk(answer.headers['access-control-allow-origin'])
        if (transport.startsWith('websocket')) continue
        t.equal(answer.headers.vary, 'Origin', 'CORS-7')
        if (allowed) t.match(answer.headers, { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }, 'CORS-1')
      }
    }
    t.equal(server.sessions.all.length, yes.length, 'no session came of a refused origin')
    await server.stop()
  }
})

contract('a browser that sends no Origin says where it comes from in Sec-Fetch-Site', async (t, transport) => {
  const server = await buildServer(t, { plugin: { origins: ['https://app.example'] }, endpoint: { transports: ALL_ON } })
  const withoutOrigin = transport === 'htmlfile' || transport === 'jsonp-polling'
  for (const [site, allowed] of [[undefined, true], ['same-origin', true], ['none', true], ['same-site', withoutOrigin], ['cross-site', withoutOrigin]] as const) {
    const headers: Record<string, string> = site === undefined ? {} : { 'sec-fetch-site': site }
    t.equal((await knock({ port: server.port, transport, headers })).status, allowed ? welcome(transport) : 403, site ?? 'nothing')
  }
  const listed = { 'sec-fetch-site': 'cross-site', origin: 'https://app.example' }
  t.equal((await knock({ port: server.port, transport, headers: listed })).status, welcome(transport))
})

t.test('HTMLFILE-12, JSONP-19: what carries no origin is served to any, or when switched on', async (t) => {
  for (const [origins, transports, status] of [
    ['*', {}, 200], [[], {}, 404], [['https://a.example'], {}, 404], [[], { jsonp: true, htmlfile: true }, 200], ['*', { jsonp: false, htmlfile: false }, 404]
  ] as const) {
    const server = await buildServer(t, { plugin: { origins, transports } })
    for (const transport of ['htmlfile', 'jsonp-polling'] as const) {
      t.equal((await knock({ port: server.port, transport })).status, status, `${transport} with ${JSON.stringify([origins, transports])}`)
    }
    await server.stop()
  }
})

t.test('SEC-S42: later requests are checked too', async (t) => {
  const server = await buildServer(t, { plugin: { origins: ['https://app.example'] } })
  const id = newId()
  const client = await connect(server, 'xhr-polling', { id, headers: { origin: 'https://app.example' } })
  const post = (headers: Record<string, string>) => ask({ port: server.port, path: `/echo/000/${id}/xhr_send`, method: 'POST', headers, body: '["x"]' })
  t.equal((await post({ origin: 'https://evil.example', 'content-type': 'text/plain' })).status, 403)
  t.equal((await post({ 'sec-fetch-site': 'cross-site' })).status, 403)
  t.equal((await post({ origin: `http://127.0.0.1:${server.port}` })).status, 404, 'SESSION-17: another origin than the one that opened it')
  t.equal((await post({})).status, 204, 'compared only when both have one')
  await client.send('y')
  t.strictSame(await client.messages(2), ['x', 'y'])
})

t.test('the order is 404, 405, 403', async (t) => {
  const server = await buildServer(t, { plugin: { origins: [] } })
  const headers = { origin: 'https://evil.example' }
  const status = async (method: string, path: string): Promise<number> => (await ask({ port: server.port, method, path: '/echo' + path, headers })).status
  t.equal(await status('GET', '/a/b/nothing'), 404, 'URL-6')
  t.equal(await status('POST', '/info'), 405)
  t.equal(await status('GET', '/info'), 403)
  t.equal(await status('OPTIONS', '/info'), 403, 'CORS-10')
  t.equal(await status('POST', '/a/b/xhr_send'), 403)
  t.equal(await status('GET', ''), 200)
})

t.test('SEC-S41: allowedHosts', async (t) => {
  const server = await buildServer(t, { endpoint: { allowedHosts: ['good.example'] } })
  for (const transport of TRANSPORTS) {
    for (const [host, status] of [['evil.example', 403], ['good.example', welcome(transport)], ['good.example:8080', welcome(transport)]] as const) {
      t.equal((await knock({ port: server.port, transport, headers: { host } })).status, status, `${host} over ${transport}`)
    }
  }
})

t.test('SEC-S48, same origin behind a proxy: as Fastify trusts it', async (t) => {
  const headers = { host: 'inner:1', origin: 'https://outer.example', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'outer.example' }
  for (const [trustProxy, allowed] of [[true, true], [false, false]] as const) {
    const server = await buildServer(t, { fastify: { trustProxy }, plugin: { origins: [] } })
    for (const transport of ['websocket', 'xhr-polling', 'eventsource'] as const) {
      t.equal((await knock({ port: server.port, transport, headers })).status, allowed ? welcome(transport) : 403)
    }
    const port80 = { host: 'inner:80', origin: 'http://inner' }
    t.equal((await knock({ port: server.port, transport: 'xhr-polling', headers: port80 })).status, 200, 'the default port may be left out')
    await server.stop()
  }
})

t.test('U8: X-Forwarded-Proto wss counts as https, and lists name the page\'s scheme and host', async (t) => {
  const rows: readonly (readonly [Record<string, string>, string, boolean])[] = [
    [{ 'x-forwarded-proto': 'wss' }, 'https://a.example', true], [{ 'x-forwarded-proto': 'WSS' }, 'https://a.example', true], [{ 'x-forwarded-proto': 'HTTPS' }, 'https://a.example', true],
    [{ 'x-forwarded-proto': 'ws' }, 'http://a.example', true], [{ 'x-forwarded-proto': 'ws' }, 'https://a.example', false], [{ 'x-forwarded-proto': 'wss' }, 'http://a.example', false],
    [{ 'x-forwarded-proto': 'https,http' }, 'https://a.example', true], [{ 'x-forwarded-proto': 'https, http' }, 'https://a.example', true], [{ 'x-forwarded-proto': 'https, http' }, 'http://a.example', false],
    [{ 'x-forwarded-proto': 'wss,ws' }, 'https://a.example', true], [{ 'x-forwarded-proto': 'http, https' }, 'https://a.example', true], [{ 'x-forwarded-proto': 'http,http' }, 'http://a.example', true],
    [{ 'x-forwarded-proto': 'ftp' }, 'ftp://a.example', true], [{ 'x-forwarded-proto': '__proto__' }, 'https://a.example', false], [{ 'x-forwarded-proto': 'constructor' }, 'http://a.example', false],
    [{ 'x-forwarded-proto': 'https' + ',http'.repeat(1000) }, 'https://a.example', false],
    [{ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'b.example, a.internal' }, 'https://b.example', true], [{ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'b.example:443' }, 'https://b.example', true],
    [{ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'b.example, a.internal' }, 'https://evil.example', false], [{ 'x-forwarded-proto': 'wss', 'x-forwarded-host': 'b.example:8443' }, 'https://b.example:8443', true]
  ]
  for (const trustProxy of [true, '127.0.0.1', (address: string) => address === '127.0.0.1', false, '10.0.0.1'] as const) {
    const trusted = trustProxy !== false && trustProxy !== '10.0.0.1'
    const server = await buildServer(t, { fastify: { trustProxy: trustProxy as true }, plugin: { origins: [] }, endpoint: { sessionCookie: true } })
    for (const [forwarded, origin, allowed] of rows) {
      for (const transport of ['websocket', 'xhr-polling', 'eventsource'] as const) {
        const { status, headers } = await knock({ port: server.port, transport, headers: { host: 'a.example', origin, 'x-forwarded-for': '10.1.1.1', ...forwarded } })
        const right = trusted ? allowed : origin === 'http://a.example'
        t.equal(status, right ? welcome(transport) : 403, `${JSON.stringify(forwarded).slice(0, 70)} ${origin} by ${transport}, trustProxy ${String(trustProxy)}`)
        if (status === 200) t.equal(/Secure/.test(String(headers['set-cookie'])), origin.startsWith('https'), 'COOKIE-3')
      }
    }
    await server.stop()
  }
  const server = await buildServer(t, { fastify: { trustProxy: true }, plugin: { origins: [] } })
  const headers = { host: 'a.example', origin: 'https://a.example', 'x-forwarded-proto': 'https,http' }
  t.equal((await knock({ port: server.port, transport: 'websocket', headers })).status, 101, 'without X-Forwarded-For')
})

t.test('version 8 of WebSocket has a header of its own for the origin', async (t) => {
  const server = await buildServer(t, { plugin: { origins: ['https://app.example'] } })
  for (const [origin, status] of [['https://app.example', 101], ['https://evil.example', 403]] as const) {
    const headers = { 'sec-websocket-version': '8', 'sec-websocket-origin': origin }
    t.equal((await knock({ port: server.port, transport: 'websocket', headers })).status, status)
  }
})

// --- CORS ----------------------------------------------------------------------------------------------------------

const PREFLIGHTS = [
  ['/info', 'OPTIONS, GET'], ['/a/b/xhr', 'OPTIONS, POST'], ['/a/b/xhr_send', 'OPTIONS, POST'], ['/a/b/xhr_streaming', 'OPTIONS, POST'], ['/a/b/eventsource', 'OPTIONS, GET']
] as const

t.test('INFO-5, XHR-1, XHR-STREAM-1, CORS-6, CORS-8: preflights', async (t) => {
  const server = await buildServer(t)
  for (const [path, methods] of PREFLIGHTS) {
    for (const origin of ['test', 'null']) {
      const answer = await ask({
        port: server.port, method: 'OPTIONS', path: '/echo' + path, headers: { origin, 'access-control-request-headers': 'a, b, c' }
      })
      t.equal(answer.status, 204)
      t.equal(answer.body, '')
      const { headers } = answer
      t.match(headers, {
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-allow-headers': 'a, b, c',
        'access-control-max-age': '31536000',
        'cache-control': /public.*max-age=31536000/,
        expires: /GMT$/
      }, path)
      for (const method of methods.split(', ')) t.ok(headers['access-control-allow-methods']!.split(/, */).includes(method))
      t.notOk(headers['last-modified'])
      t.match(headers.vary, /Origin/i)
    }
    const plain = await ask({ port: server.port, method: 'OPTIONS', path: '/echo' + path, headers: { 'access-control-request-headers': '' } })
    t.match(plain.headers, { 'access-control-allow-origin': '*' }, 'CORS-2')
    t.notOk(plain.headers['access-control-allow-credentials'] ?? plain.headers['access-control-allow-headers'])
  }
  for (const path of ['', '/iframe.html', '/a/b/htmlfile', '/a/b/jsonp', '/a/b/jsonp_send', '/a/b/websocket', '/websocket']) {
    const answer = await ask({ port: server.port, method: 'OPTIONS', path: '/echo' + path, headers: { origin: 'test' } })
    t.equal(answer.status, 405, `CORS-9 ${path}`)
    t.match(answer.headers.allow, path === '/a/b/jsonp_send' ? 'POST' : 'GET')
  }
})

t.test('U9, SEC-S39: a page of an accepted origin may send any header, and no other page', async (t) => {
  const tracing = 'content-type,traceparent,sentry-trace,baggage'
  for (const origins of [['https://app.example'], ['https://*.example'], [/^https:\/\/app\.example$/], async (origin: string) => origin === 'https://app.example', '*'] as const) {
    const server = await buildServer(t, { plugin: { origins } })
    for (const [path] of PREFLIGHTS) {
      const preflight = (origin: string, asked: string) => ask({
        port: server.port, method: 'OPTIONS', path: '/echo' + path, headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': asked }
      })
      const answer = await preflight('https://app.example', tracing)
      t.equal(answer.status, 204)
      t.match(answer.headers, { 'access-control-allow-headers': tracing, 'access-control-allow-origin': 'https://app.example', 'access-control-allow-credentials': 'true' }, path)
      t.match(answer.headers.vary, /Origin.*Access-Control-Request-Headers/, 'a cache keeps the answers apart')
      t.equal((await preflight('https://app.example', 'x'.repeat(5000))).headers['access-control-allow-headers'], 'content-type')
      t.equal((await preflight('https://app.example', 'a\u00e9;b')).headers['access-control-allow-headers'], 'content-type')
      if (origins === '*') continue
      const refused = await preflight('https://evil.test', tracing)
      t.equal(refused.status, 403)
      t.notOk(refused.headers['access-control-allow-headers'] ?? refused.headers['access-control-allow-origin'])
    }
    await server.stop()
  }
})

t.test('U9: the server\'s own pages may send any header too', async (t) => {
  const server = await buildServer(t, { plugin: { origins: [] } })
  const headers = { origin: `http://127.0.0.1:${server.port}`, 'access-control-request-headers': 'traceparent' }
  t.equal((await ask({ port: server.port, method: 'OPTIONS', path: '/echo/info', headers })).headers['access-control-allow-headers'], 'traceparent')
})

t.test('K9: a page of the public network may reach a server of a private one, where its origin was accepted', async (t) => {
  const server = await buildServer(t, { plugin: { origins: ['https://app.example'] } })
  const preflight = (origin: string, asked: Record<string, string>) => ask({ port: server.port, method: 'OPTIONS', path: '/echo/info', headers: { origin, ...asked } })
  const asked = { 'access-control-request-private-network': 'true' }
  const answer = await preflight('https://app.example', asked)
  t.equal(answer.headers['access-control-allow-private-network'], 'true')
  t.match(answer.headers.vary, /Access-Control-Request-Private-Network/)
  t.equal((await preflight('https://app.example', {})).headers['access-control-allow-private-network'], undefined)
  t.equal((await preflight('https://evil.test', asked)).headers['access-control-allow-private-network'], undefined)
})

t.test('CORS-1, CORS-2, CORS-3: on every answer, errors included', async (t) => {
  const server = await buildServer(t)
  for (const origin of ['https://app.example', 'null', undefined]) {
    const id = newId()
    const requests: readonly (readonly [string, string, string, number])[] = [
      ['GET', '/info', '', 200], ['POST', `/a/${id}/xhr`, '', 200], ['POST', `/a/${id}/xhr_send`, '["x"]', 204], ['POST', `/a/${id}/xhr_send`, 'x', 500],
      ['POST', '/a/unknown/xhr_send', '["x"]', 404], ['POST', `/a/${id}/xhr_send`, `["${'x'.repeat(5_000_000)}"]`, 413]
    ]
    for (const [method, path, body, status] of requests) {
      const headers: Record<string, string> = origin === undefined ? {} : { origin }
      const answer: Answer = await ask({ port: server.port, method, path: '/echo' + path, body, headers })
      t.equal(answer.status, status, path.slice(0, 30))
      t.equal(answer.headers['access-control-allow-origin'], origin ?? '*')
      t.equal(answer.headers['access-control-allow-credentials'], origin === undefined ? undefined : 'true')
      t.equal(answer.headers.vary, 'Origin')
    }
  }
})

t.test('CORS-12: CORS of the application is kept, not doubled', async (t) => {
  const server = await buildServer(t, {
    before: async (app) => {
      await app.register(cors, { origin: ['https://app.example', 'https://other.example'], credentials: true })
      app.addHook('onRequest', async (_request, reply) => { reply.header('vary', 'Accept-Encoding, Origin') })
    }
  })
  for (const transport of HTTP) {
    const { headers } = await knock({ port: server.port, transport, headers: { origin: 'https://app.example' } })
    t.equal(headers['access-control-allow-origin'], 'https://app.example', transport)
    t.equal(headers['access-control-allow-credentials'], 'true')
    t.equal(headers.vary, 'Accept-Encoding, Origin')
  }
})

t.test('cors: false sends no CORS headers, and checks origins all the same', async (t) => {
  const server = await buildServer(t, { plugin: { origins: ['https://app.example'] }, endpoint: { cors: false } })
  for (const [origin, status] of [['https://app.example', 200], ['https://evil.example', 403]] as const) {
    const answer = await ask({ port: server.port, path: '/echo/info', headers: { origin } })
    t.equal(answer.status, status)
    t.notOk(answer.headers['access-control-allow-origin'])
    t.equal(answer.headers.vary, 'Origin')
  }
})

// --- whose session it is -------------------------------------------------------------------------------------------

const WHO = { user: (request: { headers: Record<string, unknown> }) => request.headers['x-user'] === undefined ? undefined : { name: request.headers['x-user'] } } as EndpointOptions

/** A send and a receive by somebody, on the session of another. */
async function statusesOf (server: TestServer, transport: TransportName, id: string, headers: Record<string, string>): Promise<number[]> {
  const jsonp = transport === 'jsonp-polling'
  const send = await ask({ port: server.port, method: 'POST', path: `/echo/000/${id}/${jsonp ? 'jsonp_send' : 'xhr_send'}`, headers, body: '["hi"]' })
  const receive = await knock({ port: server.port, transport, id, headers })
  return [send.status, receive.status]
}

contract('SESSION-17, SEC-S43: a session belongs to who opened it', async (t, transport) => {
  const origin = 'https://app.example'
  const cases: readonly (readonly [Record<string, string>, Record<string, string>, boolean])[] = [
    [{ 'x-user': 'kim' }, { 'x-user': 'kim' }, true],
    [{ 'x-user': 'kim' }, { 'x-user': 'lee' }, false],
    [{ 'x-user': 'kim' }, {}, false],
    [{}, { 'x-user': 'kim' }, false],
    [{}, {}, true],
    [{ origin }, { origin }, true],
    [{ origin }, { origin: 'https://other.example' }, false],
    [{ origin }, {}, true],
    [{}, { origin }, true]
  ]
  for (const [opener, other, allowed] of cases) {
    const heard: string[] = []
    const server = await buildServer(t, {
      endpoint: { ...WHO, responseLimit: 1 },
      handler (session) {
        session.on('message', (message) => {
          heard.push(message)
          session.send(message)
        })
      }
    })
    const id = newId()
    const client = await connect(server, transport, { id, headers: opener, comeBack: false })
    const session = await server.session()
    await until(() => session.output.receiver === null, 'the receiver is gone')
    t.strictSame(await statusesOf(server, transport, id, other), allowed ? [transport === 'jsonp-polling' ? 200 : 204, 200] : [404, 404], JSON.stringify([opener, other]))
    t.strictSame(heard, allowed ? ['hi'] : [])
    client.abort()
    await server.stop()
  }
}, HTTP)

contract('SESSION-18: the address counts where it is asked for', async (t, transport) => {
  for (const bindAddress of [false, true]) {
    const server = await buildServer(t, { fastify: { trustProxy: true }, endpoint: { bindAddress, responseLimit: 1 } })
    const id = newId()
    await connect(server, transport, { id, headers: { 'x-forwarded-for': '10.0.0.1' }, comeBack: false })
    const session = await server.session()
    await until(() => session.output.receiver === null, 'the receiver is gone')
    const [send, receive] = await statusesOf(server, transport, id, { 'x-forwarded-for': '10.0.0.2' })
    t.strictSame([send === 404, receive === 404], [bindAddress, bindAddress])
    t.equal((await statusesOf(server, transport, id, { 'x-forwarded-for': '10.0.0.1' }))[0], transport === 'jsonp-polling' ? 200 : 204)
    await server.stop()
  }
}, HTTP)

t.test('userKey tells users apart', async (t) => {
  const rows: readonly (readonly [unknown, unknown, boolean])[] = [
    ['kim', 'kim', true], ['kim', 'lee', false], [{ id: 1, seen: 5 }, { id: 1, seen: 6 }, true], [{ id: 1 }, { id: 2 }, false],
    [{ sub: 'a' }, { sub: 'a', exp: 1 }, true], [{ id: '', sub: 'a' }, { sub: 'a' }, true], [{ id: 5n }, { id: 5n }, true], [{ name: 'a' }, { username: 'a' }, false], [0, null, false]
  ]
  for (const [one, two, same] of rows) {
    let user = one
    const server = await buildServer(t, { endpoint: { user: () => user } })
    const client = await connect(server, 'xhr-polling')
    user = two
    t.equal((await client.send('x')).status === 204, same, String([one, two].map((user) => typeof user === 'object' && user !== null ? Object.entries(user) : user)))
    await server.stop()
  }
  for (const user of [{ email: 'a' }, {}, Promise.resolve('kim')]) {
    const server = await buildServer(t, { endpoint: { user: () => user } })
    t.equal((await knock({ port: server.port, transport: 'xhr-polling' })).status, 500, 'nothing tells such a user from others')
    await server.stop()
  }
})

contract('SESSION-16: the first request decides on the transport', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { responseLimit: 1 } })
  const id = newId()
  const client = await connect(server, transport, { id, comeBack: false })
  const session = await server.session()
  await until(() => session.output.receiver === null, 'the receiver is gone')
  for (const other of HTTP) {
    if (other === transport) continue
    t.equal((await knock({ port: server.port, transport: other, id })).status, 404, other)
  }
  const wrong = transport === 'jsonp-polling' ? 'xhr_send' : 'jsonp_send'
  t.equal((await ask({ port: server.port, method: 'POST', path: `/echo/000/${id}/${wrong}`, body: '["x"]' })).status, 404)
  client.receive()
  await client.send('mine')
  t.strictSame(await client.messages(1), ['mine'])
  t.equal((await ask({ port: server.port, path: `/echo/000/${id}/websocket`, headers: UPGRADE })).status, 101, 'a WebSocket has no id to look up')
}, HTTP)
