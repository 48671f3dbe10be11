import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import t from 'tap'
import { connect, HTTP, TRANSPORTS, type TransportName, type Wire } from '../../support/client.ts'
import { ask, TcpPeer } from '../../support/http.ts'
import { buildServer, type ServerOptions, type TestServer } from '../../support/server.ts'
import { TLS } from '../../support/tls/index.ts'
import { type OtherAnswers, sameAnswers } from '../../support/url-forms.ts'
import { isSettled, within } from '../../support/wait.ts'
import { ONE_PAGE, type Visit, wholeSession } from '../../support/whole-session.ts'

/** Options of Fastify, and the way of a client to such a server. */
interface Row extends Visit {
  readonly fastify: NonNullable<ServerOptions['fastify']>
  readonly endpoint?: ServerOptions['endpoint']
  readonly wire?: Wire
  /** URLs that are answered otherwise than with Fastify's defaults. */
  readonly answers?: OtherAnswers
}

const FORWARDED = '203.0.113.7'

/** Every form of `trustProxy` that trusts 127.0.0.1. */
const TRUST: Readonly<Record<string, unknown>> = {
  true: true,
  'an address': '127.0.0.1',
  'a range': '127.0.0.0/8',
  'a list in a text': '10.0.0.1,127.0.0.1',
  'a list': ['10.0.0.0/8', '127.0.0.1'],
  'a function': (address: string) => address === '127.0.0.1'
}

/** Fastify 5.12 takes `disableRequestLogging` in its log controller, and warns of it elsewhere. */
function logging (disableRequestLogging: boolean | ((request: FastifyRequest) => boolean)): Row['fastify'] {
  return { logController: new LogController({ disableRequestLogging }), logger: { level: 'trace', stream: { write () {} } } }
}

/** A strategy of the application's own: the tenant is a header. */
const TENANT = {
  name: 'tenant',
  storage () {
    const byTenant = new Map<unknown, never>()
    return { get: (tenant: unknown) => byTenant.get(tenant) ?? null, set: (tenant: unknown, handler: unknown) => { byTenant.set(tenant, handler as never) } }
  },
  deriveConstraint: ({ headers }: http.IncomingMessage) => String(headers['x-tenant']),
  validate () {},
  mustMatchWhenDerived: false
}

const HTTP2_ONLY = { transports: HTTP as readonly TransportName[] }

const ROWS: Readonly<Record<string, Row>> = {
  defaults: { fastify: {} },

  // --- where a URL leads -----------------------------------------------------------------------------------------
  'U2 rewriteUrl': {
    fastify: { rewriteUrl: ({ url }) => url!.replace('/public/', '/') },
    path: '/public/echo',
    answers: { 'a prefix before the prefix': 404 }
  },
  'U2 caseSensitive: false': { fastify: { routerOptions: { caseSensitive: false } }, answers: { 'another case in the prefix': 200 } },
  ignoreDuplicateSlashes: {
    fastify: { routerOptions: { ignoreDuplicateSlashes: true } },
    answers: { 'two slashes before the prefix': 200, 'two slashes behind the prefix': 200 }
  },
  ignoreTrailingSlash: { fastify: { routerOptions: { ignoreTrailingSlash: true } }, answers: { 'a slash at the end': 200 } },
  'maxParamLength: 5': { fastify: { routerOptions: { maxParamLength: 5 } } },
  useSemicolonDelimiter: { fastify: { routerOptions: { useSemicolonDelimiter: true } as object }, answers: { 'a semicolon at the end': 200 } },
  'R8 constraints by host': { fastify: {}, endpoint: { constraints: { host: 'app.example' } }, headers: { host: 'app.example' } },
  exposeHeadRoutes: { fastify: { exposeHeadRoutes: false } },
  'constraints of the application': {
    fastify: { routerOptions: { constraints: { tenant: TENANT } } }, endpoint: { constraints: { tenant: 'blue' } }, headers: { 'x-tenant': 'blue' }
  },
  querystringParser: { fastify: { routerOptions: { querystringParser: (text) => Object.fromEntries(new URLSearchParams(text)) } } },
  'frameworkErrors that answers': {
    fastify: { frameworkErrors: (_error: unknown, _request: unknown, reply: FastifyReply) => { reply.code(404).send('no such page') } } as never, answers: { 'a broken escape in the prefix': 404 }
  },

  // --- the protocols of the server ------------------------------------------------------------------------------------
  https: { fastify: { https: TLS }, wire: { ca: TLS.cert } },
  'http2 and HTTP/1, spoken to in HTTP/2': {
    fastify: { http2: true, https: { ...TLS, allowHTTP1: true } }, wire: { ca: TLS.cert, http2: true }, ...HTTP2_ONLY
  },
  'http2 and HTTP/1, spoken to in HTTP/1': { fastify: { http2: true, https: { ...TLS, allowHTTP1: true } }, wire: { ca: TLS.cert } },
  'http2 alone': { fastify: { http2: true, https: TLS }, wire: { ca: TLS.cert, http2: true }, ...HTTP2_ONLY },
  'http2 without TLS': { fastify: { http2: true }, wire: { http2: true }, ...HTTP2_ONLY },
  serverFactory: { fastify: { serverFactory: (handler) => http.createServer({ keepAliveTimeout: 1000 }, handler) } },

  // --- who the client is -----------------------------------------------------------------------------------------
  ...Object.fromEntries(Object.entries(TRUST).map(([form, trustProxy]) => [`trustProxy as ${form}`, {
    fastify: { trustProxy } as Row['fastify'], headers: { 'x-forwarded-for': FORWARDED }, ip: FORWARDED
  }])),
  // Fastify cannot tell a proxy from a client by their number alone, and trusts neither.
  'trustProxy as a number': { fastify: { trustProxy: 1 as never }, headers: { 'x-forwarded-for': FORWARDED } },
  ...Object.fromEntries(['https', 'wss'].map((scheme) => [`U8 trustProxy, and a proxy that ends TLS and says ${scheme}`, {
    fastify: { trustProxy: '127.0.0.1' },
    endpoint: { origins: [] },
    headers: { host: 'app.example', 'x-forwarded-proto': scheme, 'x-forwarded-for': FORWARDED },
    ip: FORWARDED
  }])),
  'trustProxy that trusts another proxy': { fastify: { trustProxy: '10.0.0.0/8' }, headers: { 'x-forwarded-for': FORWARDED } },

  // --- connections, and how the server ends ----------------------------------------------------------------------
  maxRequestsPerSocket: { fastify: { maxRequestsPerSocket: 2 } },
  'forceCloseConnections: idle': { fastify: { forceCloseConnections: 'idle' } },
  'forceCloseConnections: true': { fastify: { forceCloseConnections: true } },
  'forceCloseConnections: false': { fastify: { forceCloseConnections: false } },
  'return503OnClosing: false': { fastify: { return503OnClosing: false } },

  // --- bodies and logs ----------------------------------------------------------------------------
  'bodyLimit: 1': { fastify: { bodyLimit: 1 } },
  'onProtoPoisoning: ignore': { fastify: { onProtoPoisoning: 'ignore', onConstructorPoisoning: 'ignore' } },
  'onProtoPoisoning: remove': { fastify: { onProtoPoisoning: 'remove', onConstructorPoisoning: 'remove' } },
  disableRequestLogging: { fastify: logging(true) },
  'disableRequestLogging as a function': { fastify: logging((request) => request.url.endsWith('/info')) }
}

for (const [name, { fastify, endpoint = {}, wire = {}, answers = {}, ...visit }] of Object.entries(ROWS)) {
  t.test(name, async (t) => {
    const build = (): Promise<TestServer> => buildServer(t, { fastify, endpoint, wire, plugin: ONE_PAGE })
    if ((visit.transports ?? TRANSPORTS).includes('websocket')) {
      await t.test('HTTP and WebSocket give one answer', async (t) => sameAnswers(t, await build(), { ...visit, answers }))
    }
    await wholeSession(t, await build(), visit)
  })
}

t.test('prefixTrailingSlash is refused: an endpoint answers both spellings', async (t) => {
  await t.rejects(buildServer(t, { endpoint: { prefixTrailingSlash: 'slash' } as object }), { code: 'FST_SOCKJS_INVALID_OPTION' })
  const { port } = await buildServer(t)
  for (const path of ['/echo', '/echo/']) t.match(await ask({ port, path }), { status: 200, body: 'Welcome to SockJS!\n' })
})

/** Waits until one connection ends by the timeout. Every older silent connection has had it by then. */
const SEEN_TO_END: Readonly<Record<string, (server: TestServer) => Promise<unknown>>> = {
  'an idle connection': ({ port }) => new TcpPeer(port).end(),
  'a request without an end': ({ port }) => new TcpPeer(port).write('GET /echo/info HTTP/1.1\r\n').end(),
  'a connection between two requests': ({ port }) => new TcpPeer(port).write('GET /echo/info HTTP/1.1\r\nHost: x\r\n\r\n').end(),
  'a handler without an answer': ({ port }) => ask({ port, path: '/never' }),
  'an idle connection of HTTP/2': ({ port }) => within(once(http2.connect(`http://127.0.0.1:${port}`), 'close'), 'the end of a connection')
}

interface Timeout extends Pick<Row, 'fastify' | 'wire' | 'transports'> {
  readonly seen: keyof typeof SEEN_TO_END
}

/** Timeouts of the server in milliseconds. They are short for a session that waits, and long for a request on a busy machine. */
const TIMEOUTS: Readonly<Record<string, Timeout>> = {
  connectionTimeout: { fastify: { connectionTimeout: 2000 }, seen: 'an idle connection' },
  requestTimeout: { fastify: { requestTimeout: 2000, http: { headersTimeout: 2000, connectionsCheckingInterval: 20 } }, seen: 'a request without an end' },
  keepAliveTimeout: { fastify: { keepAliveTimeout: 1000 }, seen: 'a connection between two requests' },
  handlerTimeout: { fastify: { handlerTimeout: 2000 }, seen: 'a handler without an answer' },
  http2SessionTimeout: { fastify: { http2: true, http2SessionTimeout: 2000 }, wire: { http2: true }, ...HTTP2_ONLY, seen: 'an idle connection of HTTP/2' }
}

t.test('SEC-S23: a session that waits outlives the timeouts of the server', async (t) => {
  await Promise.all(Object.entries(TIMEOUTS).map(async ([name, { fastify, wire = {}, transports = TRANSPORTS, seen }]) => {
    const server = await buildServer(t, { fastify, wire, after: (app) => { app.get('/never', () => new Promise(() => {})) } })
    const clients = await Promise.all(transports.map((transport) => connect(server, transport)))
    await SEEN_TO_END[seen]!(server)
    for (const client of clients) {
      await client.send('still here')
      t.strictSame(await client.messages(1), ['still here'], `${name}: ${client.transport}`)
    }
    t.strictSame(server.closings.all, [], name)
  }))
})

t.test('SEC-S23: a sender that is held back outlives connectionTimeout', async (t) => {
  const server = await buildServer(t, { fastify: { connectionTimeout: 2000 }, handler: (session) => session.pause() })
  const client = await connect(server, 'xhr-streaming')
  const session = await server.session()
  const sent = client.send('x'.repeat(100_000))
  await SEEN_TO_END['an idle connection']!(server)
  t.notOk(await isSettled(sent), 'no answer while the application reads nothing')
  session.on('message', () => {})
  session.resume()
  t.match(await sent, { status: 204 })
})

t.test('handlerTimeout refuses a sender that is held back, and delivers nothing of it', async (t) => {
  const server = await buildServer(t, { fastify: { handlerTimeout: 500 }, handler: (session) => session.pause() })
  const client = await connect(server, 'xhr-streaming')
  const session = await server.session()
  t.match(await client.send('too late'), { status: 503 })
  const heard: string[] = []
  session.on('message', (message) => heard.push(message))
  session.resume()
  t.match(await client.send('in time'), { status: 204 })
  t.strictSame(heard, ['in time'])
})
