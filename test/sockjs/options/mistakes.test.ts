import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { MemoryNetwork } from '../../../src/engine/memory.ts'
import sockjs, { type EndpointOptions, type SockjsPluginOptions } from '../../../src/index.ts'
import { connect, newId } from '../../support/client.ts'
import { knock } from '../../support/doors.ts'
import { ask } from '../../support/http.ts'
import { buildServer, echo } from '../../support/server.ts'
import { until } from '../../support/wait.ts'

/** What people write who do not read: each is refused when it is given, in words that help. */
async function registered (t: Test, options: SockjsPluginOptions = {}): Promise<FastifyInstance> {
  const app = Fastify() as unknown as FastifyInstance
  t.teardown(() => app.close())
  await app.register(sockjs, options)
  return app
}

const WRONG_OPTIONS: readonly (readonly [object, RegExp])[] = [
  [{ heartbeat_delay: 25_000 }, /option heartbeat_delay: is not known; it is called heartbeat here/],
  [{ disconnect_delay: 5000 }, /did you mean disconnectDelay\?/],
  [{ response_limit: 5000 }, /did you mean responseLimit\?/],
  [{ base_url: 'https://a.example' }, /did you mean baseUrl\?/],
  [{ sockjs_url: '/x.js' }, /called clientUrl/],
  [{ jsessionid: true }, /called sessionCookie/],
  [{ disable_cors: true }, /cors: false/],
  [{ faye_server_options: {} }, /websocket: \{ compression/],
  [{ log: () => {} }, /logger and logLevel/],
  [{ websocket: false }, /transports: \{ websocket: false \}/],
  [{ transports: ['websocket'] }, /switches such as \{ websocket: true \}/],
  [{ transports: { 'xhr-polling': true } }, /xhr-polling is not known; did you mean xhrPolling\?/],
  [{ transports: { 'websocket-raw': true } }, /called rawWebsocket/],
  [{ transports: { 'iframe-htmlfile': true } }, /called iframe/],
  [{ jsonp: true }, /transports: \{ jsonp/],
  [{ xhrStreaming: true }, /transports: \{ xhrStreaming/],
  [{ highWater: 5 }, /queue: \{ highWater/],
  [{ queue: { highwater: 5 } }, /did you mean highWater\?/],
  [{ orgins: [] }, /did you mean origins\?/],
  [{ allowedOrigins: ['*'] }, /called origins/],
  [{ pingInterval: 5 }, /called heartbeat/],
  [{ trustProxy: true }, /Fastify\(\{ trustProxy/],
  [{ broker: {} }, /fastify-sockjs\/stomp/],
  [{ heartbeat: '25s' }, /must be an integer from 1 to 2147483647, not "25s"/],
  [{ maxMessageSize: 2 ** 40 }, /integer from 1 to/],
  [{ queue: { limit: 2 ** 40 } }, /limit must be an integer/],
  [{ queue: { highWater: 10, limit: 5 } }, /highWater \(10\) must not be above limit \(5\)/],
  [{ allowedHosts: [] }, /at least one host/],
  [{ allowedHosts: ['https://a.example'] }, /without scheme/],
  [{ allowedHosts: ['a.example:443'] }, /without scheme, port/],
  [{ allowedHosts: ['*.a.example'] }, /or \*/],
  [{ allowedHosts: ['::1'] }, /without scheme, port/],
  [{ baseUrl: '/echo' }, /absolute URL/],
  [{ baseUrl: 'https://a.example/echo/' }, /a \/ at its end/],
  [{ baseUrl: 'https://a.example/echo?x' }, /without query/],
  [{ baseUrl: 'ws://a.example/echo' }, /absolute URL/],
  [{ origins: 'https://a.example' }, /must be a list: write \["https:\/\/a\.example"\]/],
  [{ origins: 'a.example' }, /must be a list/],
  [{ origins: ['*', 'https://a.example'] }, /number 1 must stand alone/],
  [{ origins: ['https://a.example/'] }, /number 1 has more than .* write "https:\/\/a\.example"/],
  // eslint-disable-next-line no-sparse-arrays
  [{ origins: [, 'https://a.example'] }, /number 1 must be/],
  // eslint-disable-next-line no-sparse-arrays
  [{ protocols: [, 'chat'] }, /number 1 must be/],
  [Object.create({ origins: '*' }), /option origins: is inherited/],
  [Object.create({ onRequest: () => {} }), /option onRequest: is inherited/],
  [{ transports: { websocket: false, xhrStreaming: false, xhrPolling: false, eventsource: false } }, /at least one transport/]
]

t.test('U7, U21, U23, K7: options that would not do what they say are refused at the start', async (t) => {
  const app = await registered(t)
  for (const [options, message] of WRONG_OPTIONS) {
    t.throws(() => app.sockjs('/echo', options as EndpointOptions, echo), { code: 'FST_SOCKJS_INVALID_OPTION', message }, String(message))
  }
  t.throws(() => app.sockjs('/echo', { prefix: '/x' } as EndpointOptions, echo), { message: /first argument/ })
  t.throws(() => app.sockjs('/echo', { maxSessions: 5 } as EndpointOptions, echo), { message: /all endpoints share it: app\.register\(sockjs, \{ maxSessions/ })
  t.throws(() => app.sockjs('/echo', { clock: { now: () => 0 } } as EndpointOptions, echo), { code: 'FST_SOCKJS_INVALID_OPTION' })
  await t.rejects(async () => { await Fastify().register(sockjs, { onRequest: () => {} } as SockjsPluginOptions) }, { message: /each endpoint has its own: app\.sockjs\(path, \{ onRequest/ })
  await t.rejects(async () => { await Fastify().register(sockjs, { clock: { now: () => 0 } } as never) }, { message: /clock must be|option clock: must be a clock/ })
  t.equal(app.sockjs.endpoints.size, 0)
})

t.test('a node with a wrong name, or without an engine, is refused', async (t) => {
  const engine = new MemoryNetwork().engine()
  for (const node of ['', 'a b', 'ä', 'x'.repeat(65), 'a\n', 7]) {
    await t.rejects(registered(t, { engine, node: node as string }),
      { code: 'FST_SOCKJS_INVALID_OPTION', message: /^option node: must be a text of 1 to 64 letters, digits, dots, _ or -, not \S/ })
  }
  await t.rejects(registered(t, { node: 'web-1' }), { message: 'option node: names a node of a cluster, which needs the option engine' })
  await t.rejects(registered(t, { engine: {} as never }), { message: /^option engine: must be an engine such as natsEngine/ })
  for (const node of ['a', 'web-1.eu_west', 'x'.repeat(64)]) t.equal((await registered(t, { engine: new MemoryNetwork().engine(), node })).sockjs.node?.name, node)
})

t.test('K7: an endpoint of the path alone, as a raw WebSocket, is one', async (t) => {
  const app = await registered(t)
  app.sockjs('/raw', { rawAtBase: true, transports: { websocket: false, xhrStreaming: false, xhrPolling: false, eventsource: false } }, echo)
  app.sockjs('/base', { baseUrl: 'https://a.example:8443/echo', allowedHosts: ['a.example', '[::1]', 'A.example', '127.0.0.1'] }, echo)
  await app.ready()
})

t.test('U21: origins: [\'*\'] is taken as \'*\'', async (t) => {
  const server = await buildServer(t, { plugin: { origins: ['*'] } })
  for (const transport of ['websocket', 'xhr-polling', 'jsonp-polling', 'htmlfile'] as const) {
    t.not((await knock({ port: server.port, transport, headers: { origin: 'https://any.example' } })).status, 403, transport)
  }
  t.match((await ask({ port: server.port, path: '/echo/info' })).headers, { 'access-control-allow-origin': '*' })
  t.equal(server.endpoint.options.origins, '*')
})

t.test('U22: arguments in another order are refused with the form that is meant', async (t) => {
  const app = await registered(t)
  const sockjs = app.sockjs as unknown as (...args: unknown[]) => void
  const form = /call app\.sockjs\(path, handler\) or app\.sockjs\(path, options, handler\)/
  for (const [args, code] of [
    [['/echo', echo, {}], 'FST_SOCKJS_INVALID_HANDLER'], [['/echo', echo, echo], 'FST_SOCKJS_INVALID_HANDLER'], [['/echo', echo, null], 'FST_SOCKJS_INVALID_HANDLER'],
    [['/echo'], 'FST_SOCKJS_INVALID_HANDLER'], [['/echo', {}], 'FST_SOCKJS_INVALID_HANDLER'], [['/echo', {}, {}], 'FST_SOCKJS_INVALID_HANDLER']
  ] as const) t.throws(() => sockjs(...args), { code, message: form }, String(args))
  for (const args of [[echo, '/echo'], [{ path: '/echo' }, echo], [{}, '/echo', echo], []]) {
    t.throws(() => sockjs(...args), { code: 'FST_SOCKJS_INVALID_PATH', message: /must be a text that begins with \// })
  }
  t.throws(() => sockjs({ toString: () => { throw new Error('called') } }, echo), { code: 'FST_SOCKJS_INVALID_PATH' })
  t.equal(app.sockjs.endpoints.size, 0)
})

t.test('U24: it is too late for an endpoint', async (t) => {
  const app = await registered(t)
  let scope!: FastifyInstance
  await app.register(async (child) => { scope = child })
  app.addHook('onReady', async () => {
    t.throws(() => app.sockjs('/late', echo), { code: 'FST_SOCKJS_TOO_LATE', message: /endpoint \/late: .*before app\.ready\(\) and app\.listen\(\)/ })
  })
  await app.ready()
  for (const late of [app, scope]) t.throws(() => late.sockjs('/late', echo), { code: 'FST_SOCKJS_TOO_LATE' })
  t.equal(app.sockjs.endpoints.size, 0)
})

t.test('U20: a message that is no string says JSON.stringify', async (t) => {
  const server = await buildServer(t)
  for (const transport of ['websocket', 'websocket-raw', 'xhr-polling'] as const) {
    await connect(server, transport)
    const session = await server.session()
    for (const [value, name] of [[{ a: 1 }, 'an object'], [5, '5'], [undefined, 'undefined'], [null, 'null'], [[1], 'a list of 1'], [new Uint8Array(1), 'bytes'],
      [Object.assign(() => {}, { toString () { throw new Error('from toString') } }), 'a function']] as const) {
      t.throws(() => session.send(value as never), { code: 'FST_SOCKJS_INVALID_MESSAGE', message: new RegExp(`not ${name}; send JSON\\.stringify\\(value\\)`) }, `${name} by ${transport}`)
    }
    t.ok(session.send('unharmed'))
  }
  for (const value of [{ a: 1 }, 5, undefined, null, [1]]) {
    t.throws(() => server.endpoint.broadcast(value as never), { code: 'FST_SOCKJS_INVALID_MESSAGE', message: /JSON\.stringify/ })
    t.throws(() => server.endpoint.prepare(value as never), { code: 'FST_SOCKJS_INVALID_MESSAGE' })
    t.throws(() => server.app.sockjs.prepare(value as never), { code: 'FST_SOCKJS_INVALID_MESSAGE' })
  }
})

t.test('K7: broadcast and close of an endpoint check before they begin', async (t) => {
  const server = await buildServer(t)
  for (const code of [999, NaN, 5000, '1000', null]) {
    t.throws(() => server.endpoint.close(code as never), { code: 'FST_SOCKJS_INVALID_CLOSE' }, `no session, ${String(code)}`)
  }
  const client = await connect(server, 'websocket')
  const session = await server.session()
  for (const options of [session, null, 5, { exept: session }, { except: 'id' }]) {
    t.throws(() => server.endpoint.broadcast('x', options as never), { code: 'FST_SOCKJS_INVALID_OPTION', message: /except/ })
  }
  t.throws(() => server.endpoint.close(1000, 5 as never), { code: 'FST_SOCKJS_INVALID_CLOSE' })
  t.equal(server.endpoint.broadcast('x', { except: session }), 0)
  t.equal(server.endpoint.broadcast('y', { except: undefined } as never), 1)
  t.strictSame(await client.messages(1), ['y'])
  for (const options of [{ rate: NaN }, { rate: 0 }, { rate: 2 }, { deadline: Infinity }, { delay: -1 }, { code: 1000 }, { deadlin: 5 }, null, 5]) {
    await t.rejects(server.app.sockjs.drain(options as never), { code: 'FST_SOCKJS_INVALID_OPTION' })
  }
  t.notOk(server.app.sockjs.draining)
  t.equal(session.state, 'open')
})

t.test('K7: a function that returns nonsense opens no session', async (t) => {
  const answers: readonly (readonly [string, EndpointOptions, number])[] = [
    ...[false, true, null, 'kim', 5, [], { id: 5 }, { User: 'kim' }, Object.create({ user: 'kim' })].map((setup) => ['session', { session: () => setup } as EndpointOptions, 500] as const),
    ...[{}, undefined, { user: undefined }, { user: 'kim', attributes: {} }].map((setup) => ['session', { session: async () => setup } as EndpointOptions, 200] as const),
    ...['', undefined, null, NaN, {}, true, Promise.resolve('kim')].map((key) => ['userKey', { user: () => 'kim', userKey: () => key } as EndpointOptions, 500] as const),
    ...['kim', 5, 5n].map((key) => ['userKey', { user: () => 'kim', userKey: () => key } as EndpointOptions, 200] as const),
    ...[true, NaN, Symbol('s'), () => {}, {}, { id: {} }, { id: NaN }, { id: true }, { id: Object.create(null) }, { then () {} }].map((user) => ['user', { user: () => user } as EndpointOptions, 500] as const),
    ...[undefined, null, '', false, 'kim', 5, { id: { toString: () => 'oid' } }].map((user) => ['user', { user: () => user } as EndpointOptions, 200] as const),
    ['sessionCookie', { sessionCookie: () => { throw new Error('thrown') } }, 500],
    ['sessionCookie', { sessionCookie: async () => { throw new Error('rejected') } }, 500],
    ['origins', { origins: () => { throw new Error('thrown') } }, 500],
    ['userKey', { user: () => 'kim', userKey: () => { throw new Error('thrown') } }, 500],
    ['user', { user: () => { throw new Error('thrown') } }, 500]
  ]
  for (const [name, endpoint, status] of answers) {
    const server = await buildServer(t, { endpoint })
    for (const transport of ['xhr-polling', 'websocket'] as const) {
      const answer = await knock({ port: server.port, transport, headers: { origin: 'https://a.example' } })
      t.equal(answer.status, status === 200 && transport === 'websocket' ? 101 : status, `${name} by ${transport}`)
    }
    if (status === 500) t.equal(server.sessions.all.length, 0)
    await server.stop()
  }
  for (const [url, status] of [[undefined, 200], ['https://a.example/echo', 200], ['/echo', 500], [null, 500], [5, 500], [{}, 500], ['', 500]] as const) {
    const server = await buildServer(t, { endpoint: { baseUrl: () => url as never } })
    t.equal((await ask({ port: server.port, path: '/echo/info' })).status, status, `baseUrl ${String(url)}`)
    await server.stop()
  }
})

t.test('K7: a user who has no key in the middle of a session reaches nothing', async (t) => {
  let key: unknown = 'kim'
  const server = await buildServer(t, { endpoint: { user: () => 'kim', userKey: () => key as string } })
  const id = newId()
  const client = await connect(server, 'xhr-streaming', { id })
  key = ''
  t.equal((await client.send('x')).status, 500)
  key = 'kim'
  t.equal((await client.send('y')).status, 204)
  t.strictSame(await client.messages(1), ['y'])
})

t.test('U20: what an application throws names the endpoint', async (t) => {
  const lines: { level: number, msg: string, endpoint?: string }[] = []
  const server = await buildServer(t, {
    fastify: { logger: { level: 'error', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } },
    endpoint: { onSessionError: () => { throw new Error('again') } },
    handler: () => { throw new Error('as asked') }
  })
  await connect(server, 'websocket')
  await until(() => lines.length === 2, 'both lines')
  t.match(lines[0], { endpoint: '/echo', msg: /the application failed.*\/echo/ })
  t.match(lines[1], { msg: /onSessionError.*\/echo/ })
})
