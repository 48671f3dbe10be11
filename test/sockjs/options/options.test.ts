import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import sockjs, { type EndpointOptions, errors, type SockjsPluginOptions } from '../../../src/index.ts'
import { connect, HTTP, newClient, TRANSPORTS, type TransportName } from '../../support/client.ts'
import { contract } from '../../support/contract.ts'
import { knock, welcome } from '../../support/doors.ts'
import { ask } from '../../support/http.ts'
import { buildServer, echo } from '../../support/server.ts'
import { until, within } from '../../support/wait.ts'

async function registered (t: { teardown (handler: () => unknown): void }, options: SockjsPluginOptions = {}): Promise<FastifyInstance> {
  const app = Fastify() as unknown as FastifyInstance
  t.teardown(() => app.close())
  await app.register(sockjs, options)
  return app
}

/** Values that no option of the name takes. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  origins: ['https://a.example', 5, null, true, {}, [5], [''], [null]],
  allowedHosts: ['a', [5], ['']],
  transports: [true, [], { websocket: 1 }, { carrierPigeon: true }],
  heartbeat: [0, -1, 1.5, '25000', Infinity, NaN, 2 ** 31, null],
  disconnectDelay: [0, '5'],
  pongTimeout: [0, '5'],
  sendTimeout: [0, '5'],
  closeTimeout: [0, '5'],
  responseLimit: [0, -1, '4096', 2 ** 53],
  maxMessageSize: [0, -1, '1mb'],
  maxSessionIdLength: [7, 5000, '128'],
  queue: [5, [], { highWater: 0 }, { limit: '1' }, { overflow: 'explode' }, { size: 5 }],
  resume: [5, 'yes', [], null, { within: 0 }, { within: '5' }, { limit: -1 }, { limit: '1' }, { for: 5 }],
  clientUrl: ['sockjs.js', 'javascript:alert(1)', 5, ''],
  baseUrl: [5, ''],
  sessionCookie: ['yes', 1],
  cors: ['yes', 1],
  protocols: ['chat', [''], ['a b'], [5], ['a,b']],
  binary: ['yes', 1],
  websocket: [true, { compression: 5 }, { deflate: true }],
  allowDrafts: [1],
  rawAtBase: [1],
  doctor: [1, 'yes'],
  fallbackWarning: [true, -0.1, 1.1, 25, NaN, '25 %'],
  session: [{}, 'user'],
  user: ['user'],
  userKey: ['id'],
  bindAddress: [1],
  onSessionError: ['log'],
  unknown: [1],
  __proto__x: [1],
  toString: ['x'],
  constructor: ['x']
}

const WRONG_FOR_PROCESS: Readonly<Record<string, readonly unknown[]>> = {
  maxBufferedBytes: [0, '1'],
  maxSessions: [0, -1, 1.5],
  maxDetachedSessions: [0, -1],
  maxSessionsPerAddress: [-1, '1'],
  maxLookupsPerAddress: [-1, '1'],
  drainTimeout: [0, '3s'],
  clock: [5, null]
}

t.test('FST_SOCKJS_INVALID_OPTION: options are checked when they are given', async (t) => {
  const app = await registered(t)
  for (const [name, values] of Object.entries(WRONG)) {
    for (const value of values) {
      const options = { [name]: value } as EndpointOptions
      t.throws(() => app.sockjs('/echo', options, echo), { code: 'FST_SOCKJS_INVALID_OPTION', message: new RegExp(`option ${name}`) }, `${name}: ${String(value)}`)
      await t.rejects(async () => { await Fastify().register(sockjs, options) }, { code: 'FST_SOCKJS_INVALID_OPTION' }, `registered with ${name}`)
    }
  }
  for (const [name, values] of Object.entries(WRONG_FOR_PROCESS)) {
    for (const value of values) {
      await t.rejects(async () => { await Fastify().register(sockjs, { [name]: value }) }, { code: 'FST_SOCKJS_INVALID_OPTION' }, `${name}: ${String(value)}`)
    }
    t.throws(() => app.sockjs('/echo', { [name]: 1 } as EndpointOptions, echo), { code: 'FST_SOCKJS_INVALID_OPTION' }, `${name} is not for an endpoint`)
  }
  t.throws(() => app.sockjs('/echo', { queue: { highWater: 10, limit: 5 } }, echo), { code: 'FST_SOCKJS_INVALID_OPTION', message: /highWater/ })
  t.equal(app.sockjs.endpoints.size, 0, 'nothing of it is left')
  app.sockjs('/echo', { heartbeat: undefined, queue: { limit: undefined } } as never, echo)
  await app.ready()
})

t.test('FST_SOCKJS_INVALID_PATH', async (t) => {
  const app = await registered(t)
  for (const path of ['', '/', 'echo', '/echo/', '/a/:id', '/*', '/a?', '/a#b', '/a b', '//a', '/a//b', '/%41', undefined, null, 5, {}]) {
    t.throws(() => app.sockjs(path as string, echo), { code: 'FST_SOCKJS_INVALID_PATH' }, String(path))
  }
})

t.test('FST_SOCKJS_INVALID_HANDLER', async (t) => {
  const app = await registered(t)
  t.throws(() => app.sockjs('/echo', {} as never), { code: 'FST_SOCKJS_INVALID_HANDLER' })
  t.throws(() => app.sockjs('/echo', {}, 'echo' as never), { code: 'FST_SOCKJS_INVALID_HANDLER' })
  for (const wrong of [null, 5, 'x', []]) {
    t.throws(() => app.sockjs('/echo', wrong as never, echo), { code: 'FST_SOCKJS_INVALID_OPTION' }, `options ${JSON.stringify(wrong)}`)
  }
})

t.test('FST_SOCKJS_DUPLICATE_ENDPOINT', async (t) => {
  const app = await registered(t)
  app.sockjs('/v1/echo', echo)
  t.throws(() => app.sockjs('/v1/echo', echo), { code: 'FST_SOCKJS_DUPLICATE_ENDPOINT' })
  await t.rejects(async () => {
    await app.register(async (child) => { child.sockjs('/echo', echo) }, { prefix: '/v1' })
  }, { code: 'FST_SOCKJS_DUPLICATE_ENDPOINT' })
})

t.test('FST_SOCKJS_ALREADY_REGISTERED', async (t) => {
  const app = await registered(t)
  await t.rejects(async () => { await app.register(sockjs) }, { code: 'FST_SOCKJS_ALREADY_REGISTERED' })
  await t.rejects(async () => { await app.register(async (child) => { await child.register(sockjs) }) }, { code: 'FST_SOCKJS_ALREADY_REGISTERED' })
  const two = Fastify()
  t.teardown(() => two.close())
  await two.register(async (child) => {
    await child.register(sockjs)
    child.sockjs('/one', echo)
  })
  await two.register(async (child) => {
    await child.register(sockjs)
    child.sockjs('/two', echo)
  })
  await two.ready()
  t.equal((await two.inject('/one')).body, 'Welcome to SockJS!\n')
  t.equal((await two.inject('/two')).body, 'Welcome to SockJS!\n', 'two scopes beside each other may have one each')
})

t.test('every error has its code, and is an error of Fastify', async (t) => {
  for (const Constructor of Object.values(errors)) {
    const error = new Constructor('a', 'b')
    t.match(error.code, /^FST_SOCKJS_[A-Z_]+$/)
    t.ok(error instanceof Error)
    t.equal(error.statusCode, 500)
  }
})

t.test('FST_SOCKJS_INVALID_LISTENER', async (t) => {
  const server = await buildServer(t)
  await connect(server, 'websocket')
  const session = await server.session()
  t.throws(() => session.on('message', 'x' as never), { code: 'FST_SOCKJS_INVALID_LISTENER' })
  t.throws(() => session.on('error' as never, () => {}), { code: 'FST_SOCKJS_INVALID_LISTENER' })
  t.throws(() => session.on('__proto__' as never, () => {}), { code: 'FST_SOCKJS_INVALID_LISTENER' })
})

t.test('an endpoint cannot be added to a server that listens', async (t) => {
  const server = await buildServer(t)
  t.throws(() => server.app.sockjs('/late', echo), { code: 'FST_SOCKJS_TOO_LATE' })
  t.notOk(server.app.sockjs.endpoints.has('/late'))
  t.equal((await ask({ port: server.port, path: '/late/info' })).status, 404)
  const client = await connect(server, 'websocket')
  await client.send('unharmed')
  t.strictSame(await client.messages(1), ['unharmed'])
})

t.test('an endpoint has its own options, else those of the registration', async (t) => {
  const server = await buildServer(t, {
    plugin: { sessionCookie: true, queue: { highWater: 100 }, transports: { eventsource: false } },
    endpoint: { queue: { limit: 1000 }, transports: { xhrPolling: false } },
    after: (app) => { app.sockjs('/other', { sessionCookie: false }, echo) }
  })
  t.match(JSON.parse((await ask({ port: server.port, path: '/echo/info' })).body), { cookie_needed: true })
  t.match(JSON.parse((await ask({ port: server.port, path: '/other/info' })).body), { cookie_needed: false })
  const statuses = async (path: string): Promise<number[]> => Promise.all((['eventsource', 'xhr-polling', 'xhr-streaming'] as const)
    .map(async (transport) => (await knock({ port: server.port, transport, path })).status))
  t.strictSame(await statuses('/echo'), [404, 404, 200])
  t.strictSame(await statuses('/other'), [404, 200, 200])
  t.match(server.endpoint.options.queue, { highWater: 100, limit: 1000 })
})

const SWITCHES: Readonly<Record<TransportName, string>> = {
  websocket: 'websocket',
  'websocket-raw': 'rawWebsocket',
  'xhr-streaming': 'xhrStreaming',
  'xhr-polling': 'xhrPolling',
  eventsource: 'eventsource',
  htmlfile: 'htmlfile',
  'jsonp-polling': 'jsonp'
}

contract('a transport that is off is not there', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { transports: { [SWITCHES[transport]]: false } } })
  for (const other of TRANSPORTS) {
    const { status, headers } = await knock({ port: server.port, transport: other })
    const off = other === transport || (transport === 'websocket' && other === 'websocket-raw')
    t.equal(status, off ? 404 : welcome(other), other)
    if (off) t.match(headers['cache-control'], /no-store/, 'URL-14')
  }
})

contract('SEC-S17: over the number of sessions there is 503', async (t, transport) => {
  const server = await buildServer(t, { plugin: { maxSessions: 2 } })
  const clients = [await connect(server, transport), await connect(server, transport)]
  for (const client of clients) await server.session().then((session) => until(() => session.output.receiver !== null, client.transport))
  const refused = await knock({ port: server.port, transport })
  t.equal(refused.status, 503)
  t.match(refused.headers['retry-after'], /^[1-9]\d*$/)
  await clients[0]!.send('still served')
  t.strictSame(await clients[0]!.messages(1), ['still served'])
  clients[1]!.abort()
  await server.closing()
  server.clock.advance(5100)
  t.equal((await knock({ port: server.port, transport })).status, welcome(transport), 'there is room again')
})

contract('SEC-S17: sessions without a receiver have a number of their own', async (t, transport) => {
  const server = await buildServer(t, { plugin: { maxDetachedSessions: 2 }, endpoint: { responseLimit: 1 } })
  for (let i = 0; i < 2; i++) {
    const client = newClient(server, transport, { comeBack: false })
    await client.open()
    const session = await server.session()
    await within(client.ended, 'the end of the response')
    await until(() => session.output.receiver === null, 'the receiver is gone')
  }
  for (const other of HTTP) t.equal((await knock({ port: server.port, transport: other })).status, 503, other)
  t.equal((await knock({ port: server.port, transport: 'websocket' })).status, 101, 'a WebSocket is never without a receiver')
  server.clock.advance(5100)
  t.equal((await knock({ port: server.port, transport })).status, 200)
}, HTTP)

contract('SEC-S17: so have those of one address', async (t, transport) => {
  const server = await buildServer(t, { plugin: { maxSessionsPerAddress: 1 }, fastify: { trustProxy: true } })
  const client = await connect(server, transport, { headers: { 'x-forwarded-for': '10.0.0.1' } })
  await server.session()
  const from = (address: string) => knock({ port: server.port, transport, headers: { 'x-forwarded-for': address } })
  t.equal((await from('10.0.0.1')).status, 503)
  t.equal((await from('10.0.0.2')).status, welcome(transport))
  await until(() => server.closings.all.length > 0 || transport.endsWith('polling'), 'the second is gone')
  client.abort()
  server.clock.advance(5100)
  await until(() => server.endpoint.sessions.size === 0, 'all are gone')
  server.clock.advance(5100)
  t.equal((await from('10.0.0.1')).status, welcome(transport))
})

contract('URL-12, SEC-S46: ids have a length', async (t, transport) => {
  const server = await buildServer(t, { after: (app) => { app.sockjs('/short', { maxSessionIdLength: 10 }, echo) } })
  for (const [path, length, status] of [['/echo', 128, 200], ['/echo', 129, 404], ['/echo', 4096, 404], ['/short', 10, 200], ['/short', 11, 404]] as const) {
    t.equal((await knock({ port: server.port, transport, path, id: 'i'.repeat(length) })).status, status === 200 ? welcome(transport) : status)
  }
}, ['websocket', ...HTTP])

t.test('resume of an endpoint completes that of the registration', async (t) => {
  const rows: [SockjsPluginOptions['resume'], EndpointOptions['resume'], unknown][] = [
    [undefined, undefined, false],
    [undefined, true, { within: 60_000, limit: 1_048_576 }],
    [true, undefined, { within: 60_000, limit: 1_048_576 }],
    [true, false, false],
    [{ within: 5 }, undefined, { within: 5, limit: 1_048_576 }],
    [{ within: 5 }, { limit: 7 }, { within: 5, limit: 7 }],
    [{ within: 5 }, true, { within: 5, limit: 1_048_576 }],
    [false, { within: 5 }, { within: 5, limit: 1_048_576 }]
  ]
  for (const [plugin, endpoint, expected] of rows) {
    const app = await registered(t, plugin === undefined ? {} : { resume: plugin })
    t.strictSame(app.sockjs('/echo', endpoint === undefined ? {} : { resume: endpoint }, echo).options.resume, expected, JSON.stringify([plugin, endpoint]))
  }
})
