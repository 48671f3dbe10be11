import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import sockjs from '../../../src/index.ts'
import stomp, { memoryBroker, type StompPluginOptions } from '../../../src/stomp.ts'
import { buildStomp, codeOf, refused } from '../support.ts'

// --- at boot ---------------------------------------------------------------------------------------------------------------

t.test('the plugin comes after fastify-sockjs, and once', async (t) => {
  const app = Fastify()
  t.equal(await codeOf(() => app.register(stomp, { path: '/stomp', broker: memoryBroker() })), 'FST_STOMP_NEEDS_SOCKJS')
  const twice = Fastify()
  await twice.register(sockjs)
  await twice.register(stomp, { path: '/stomp', broker: memoryBroker() })
  t.equal(await codeOf(() => twice.register(stomp, { path: '/other', broker: memoryBroker() })), 'FST_STOMP_ALREADY_REGISTERED')
})

const INVALID = 'FST_STOMP_INVALID_OPTION'
const CONFLICT = 'FST_STOMP_PREFIX_CONFLICT'

/** Options that cannot be, with the code and a word of the message. */
const BAD: readonly (readonly [options: object, code: string, message: RegExp])[] = [
  [{ path: undefined }, INVALID, /path/], [{ path: [] }, INVALID, /path/], [{ path: '' }, INVALID, /path/], [{ path: '/' }, INVALID, /path/],
  [{ path: 'stomp' }, INVALID, /path/],
  [{ path: '/stomp/' }, INVALID, /path/], [{ path: ['/a', '/b?'] }, INVALID, /path/], [{ path: 1 }, INVALID, /path/],
  [{ broker: null }, INVALID, /broker/], [{ broker: {} }, INVALID, /broker/],
  [{ nonsense: 1 }, INVALID, /nonsense/], [{ applicationPrefix: [] }, INVALID, /applicationPrefix/],
  [{ applicationPrefix: 'app' }, INVALID, /applicationPrefix/], [{ applicationPrefix: '/app/' }, INVALID, /applicationPrefix/],
  [{ applicationPrefix: ['/app', '/app/v2'] }, CONFLICT, /\/app/], [{ applicationPrefix: ['/app', '/app'] }, CONFLICT, /\/app/],
  [{ applicationPrefix: '/topic' }, CONFLICT, /\/topic/],
  [{ applicationPrefix: '/topic/app' }, CONFLICT, /\/topic\/app/], [{ applicationPrefix: '/user' }, CONFLICT, /\/user/],
  [{ applicationPrefix: '/user/app' }, CONFLICT, /\/user/],
  [{ limits: { nonsense: 1 } }, INVALID, /limits\.nonsense/], [{ limits: { body: 0 } }, INVALID, /limits\.body/],
  [{ limits: { body: -1 } }, INVALID, /limits\.body/],
  [{ limits: { body: 1.5 } }, INVALID, /limits\.body/], [{ limits: { body: '64' } }, INVALID, /limits\.body/],
  [{ limits: { body: Infinity } }, INVALID, /limits\.body/],
  [{ heartBeat: { offer: [1] } }, INVALID, /heartBeat\.offer/], [{ heartBeat: { offer: [-1, 0] } }, INVALID, /heartBeat\.offer/],
  [{ heartBeat: { offer: '1,1' } }, INVALID, /heartBeat\.offer/],
  [{ heartBeat: { minimum: -1 } }, INVALID, /heartBeat\.minimum/], [{ heartBeat: { tolerance: 0.5 } }, INVALID, /heartBeat\.tolerance/],
  [{ heartBeat: { toleranceFloor: NaN } }, INVALID, /heartBeat\.toleranceFloor/],
  [{ heartBeat: { offers: [0, 0] } }, INVALID, /heartBeat\.offers/],
  [{ clientSend: 'none' }, INVALID, /clientSend/], [{ messages: 'blob' }, INVALID, /messages/],
  [{ transactionReceipts: 'never' }, INVALID, /transactionReceipts/],
  [{ strictSubprotocol: 'yes' }, INVALID, /strictSubprotocol/], [{ hosts: 'a.example' }, INVALID, /hosts/],
  [{ tcp: { port: -1 } }, INVALID, /tcp\.port/], [{ tcp: { port: '61613' } }, INVALID, /tcp\.port/], [{ tcp: {} }, INVALID, /tcp\.port/],
  [{ rules: [{}] }, INVALID, /rules/], [{ rules: [{ allow: 'all', deny: 'all' }] }, INVALID, /rules/],
  [{ rules: [{ allow: 'some' }] }, INVALID, /rules/], [{ rules: [{ allow: 'all', destination: 'topic/a' }] }, INVALID, /rules/]
]

t.test('every option is checked at boot, and the error says which', async (t) => {
  for (const [options, code, message] of BAD) {
    const app = Fastify()
    await app.register(sockjs)
    const given = { path: '/stomp', broker: memoryBroker(), ...options } as StompPluginOptions
    const error = await Promise.resolve(app.register(stomp, given)).then(() => undefined, (error: Error & { code: string }) => error)
    t.equal(error?.code, code, JSON.stringify(options))
    t.match(error?.message, message)
  }
})

t.test('SPRING-G16: routes that cannot be are refused at boot, by code', async (t) => {
  await buildStomp(t, {
    async routes ({ stomp }) {
      const noop = (): void => {}
      const rows: readonly (readonly [string, () => unknown])[] = [
        ['FST_STOMP_INVALID_ROUTE', () => stomp.message('chat', noop)], ['FST_STOMP_INVALID_ROUTE', () => stomp.message('', noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.message('/a/', noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.message('/a//b', noop)], ['FST_STOMP_INVALID_ROUTE', () => stomp.message('/a*', noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.message('/a b', noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.message('/%61', noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.message('/a', undefined as unknown as () => void)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.message('/a', {}, 1 as unknown as typeof noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.message('/a', { nonsense: 1 } as never, noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.message('/a', { sendTo: 'topic/a' }, noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.message('/a/:x', { sendTo: '/topic/:y' }, noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.message('/a', { sendToUser: ['/queue/a', '/queue/:y'] }, noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.subscribe('/a', { sendTo: '/topic/a' } as never, noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.subscribe('a', noop)],
        ['FST_STOMP_INVALID_ROUTE', () => stomp.subscribe('/a', undefined as unknown as () => void)],
        [INVALID, () => stomp.addHook('onNothing' as never, noop as never)], [INVALID, () => stomp.addHook('onConnect', 1 as never)]
      ]
      for (const [i, [code, add]] of rows.entries()) t.equal(await codeOf(add), code, `${i}`)
      stomp.message('/taken/:x', noop)
      t.equal(await codeOf(() => stomp.message('/taken/:x', noop)), 'FST_STOMP_DUPLICATE_ROUTE')
      t.equal(await codeOf(() => stomp.message('/taken/:y', noop)), 'FST_STOMP_DUPLICATE_ROUTE', 'another name, the same route')
      stomp.subscribe('/taken/:x', noop)
      t.equal(await codeOf(() => stomp.subscribe('/taken/:x', noop)), 'FST_STOMP_DUPLICATE_ROUTE')
    }
  })
})

t.test('a schema that cannot be compiled fails the boot', async (t) => {
  const app = Fastify()
  await app.register(sockjs)
  await app.register(stomp, { path: '/stomp', broker: memoryBroker() })
  app.stomp.message('/a', { schema: { body: { type: 'nonsense' } } }, () => {})
  t.equal(await codeOf(() => app.ready()), 'FST_STOMP_INVALID_ROUTE')
})

t.test('a route that comes after the start is refused, or has its schema', async (t) => {
  const server = await buildStomp(t)
  let called = 0
  const code = await codeOf(() => server.stomp.message('/late', { schema: { body: { type: 'object', required: ['a'] } } }, () => { called++ }))
  if (code === undefined) await (await server.connect()).ask('SEND', { destination: '/app/late' }, '{}')
  t.equal(called, 0)
})

// --- finding a route ---------------------------------------------------------------------------------------------------------

/** Routes that tell which of them was called, with what. */
function telling (seen: unknown[], ...paths: string[]) {
  return (app: FastifyInstance): void => {
    for (const path of paths) app.stomp.message(path, ({ params, destination }) => { seen.push([path, params, destination]) })
  }
}

t.test('SPRING-G16: the most specific route wins', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, { routes: telling(seen, '/:a/:b', '/chat/:room', '/chat/lobby', '/:a/lobby', '/chat') })
  const client = await server.connect()
  for (const rest of ['/chat', '/chat/lobby', '/chat/x', '/x/lobby', '/x/y']) await client.send('/app' + rest)
  t.strictSame(seen, [
    ['/chat', {}, '/app/chat'], ['/chat/lobby', {}, '/app/chat/lobby'], ['/chat/:room', { room: 'x' }, '/app/chat/x'],
    ['/:a/lobby', { a: 'x' }, '/app/x/lobby'], ['/:a/:b', { a: 'x', b: 'y' }, '/app/x/y']
  ])
})

t.test('SPRING-G1: a parameter is a segment as it was written', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, { routes: telling(seen, '/:x') })
  const client = await server.connect()
  const values = ['a', '日本', 'a%2Fb', 'a?b#c;d', 'a b', '%zz', '..', 'a:b', '__proto__', 'constructor', '*', 'a'.repeat(240)]
  for (const value of values) await client.send('/app/' + value)
  t.strictSame(seen.map((entry) => (entry as [string, { x: string }])[1].x), values)
  for (const destination of [
    '/app/', '/app/a/b', '/app//a', '/app/a/'
  ]) {
    await refused(t, (await server.connect()).frame('SEND', { destination }), 'STOMP_UNKNOWN_DESTINATION')
  }
})

t.test('SPRING-G5: with the separator of the broker', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    stomp: { broker: memoryBroker({ separator: '.' }), applicationPrefix: '/app1' },
    routes: telling(seen, '/pre/:x', '/foo')
  })
  const client = await server.connect()
  for (const destination of ['/app1/pre.foo', '/app1.pre.foo', '/app1/foo', '/app1.foo', '/app1/pre.a/b']) await client.send(destination)
  t.strictSame(seen, [
    ['/pre/:x', { x: 'foo' }, '/app1/pre.foo'], ['/pre/:x', { x: 'foo' }, '/app1.pre.foo'], ['/foo', {}, '/app1/foo'], ['/foo', {}, '/app1.foo'],
    ['/pre/:x', { x: 'a/b' }, '/app1/pre.a/b']
  ])
})

t.test('several application prefixes, and one path below several of them', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    stomp: { applicationPrefix: ['/app', '/api/v2', '/apps'], path: ['/stomp', '/other'] },
    routes: telling(seen, '/a', '/v2/a')
  })
  const client = await server.connect()
  for (const destination of ['/app/a', '/api/v2/a', '/apps/a', '/app/v2/a']) await client.send(destination)
  t.strictSame(seen.map((entry) => (entry as string[])[0]), ['/a', '/a', '/a', '/v2/a'])
  await refused(t, client.frame('SEND', { destination: '/api/a' }), 'STOMP_UNKNOWN_DESTINATION')
})

// --- schemas -----------------------------------------------------------------------------------------------------------------

const CHAT = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string', maxLength: 5 }, loud: { type: 'boolean', default: false } },
  additionalProperties: false
}

t.test('SPRING-G1, SPRING-G2: params, headers and body are validated, coerced and completed as Fastify does', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/n/:n', {
        schema: {
          params: { type: 'object', properties: { n: { type: 'integer', minimum: 1 } } },
          headers: { type: 'object', required: ['x-key'], properties: { 'x-key': { type: 'integer' }, 'x-mode': { type: 'string', default: 'plain' } } },
          body: CHAT
        }
      }, ({ params, headers, body }) => { seen.push([params, headers['x-key'], headers['x-mode'], body]) })
    }
  })
  const client = await server.connect()
  await client.sendJson('/app/n/7', { text: 'hi' }, { 'x-key': '42' })
  t.strictSame(seen, [[{ n: 7 }, 42, 'plain', { text: 'hi', loud: false }]])
  const rows: readonly (readonly [string, unknown, Record<string, string>, RegExp])[] = [
    ['/app/n/0', { text: 'hi' }, { 'x-key': '1' }, /params.*>= 1/], ['/app/n/x', { text: 'hi' }, { 'x-key': '1' }, /params.*integer/],
    ['/app/n/1', { text: 'hi' }, {}, /headers.*x-key/],
    ['/app/n/1', {}, { 'x-key': '1' }, /body.*text/], ['/app/n/1', { text: 'too long' }, { 'x-key': '1' }, /body.*5 characters/],
    ['/app/n/1', null, { 'x-key': '1' }, /body/]
  ]
  for (const [destination, value, headers, message] of rows) {
    const frame = (await server.connect()).frame('SEND', { destination, 'content-type': 'application/json', ...headers, receipt: 'r-1' }, JSON.stringify(value))
    await refused(t, frame, 'STOMP_HANDLER_FAILED', message, 'r-1')
  }
  t.equal(seen.length, 1)
  t.strictSame(server.failures, [], 'a client\'s mistake is no failure of ours')
})

t.test('schemas: $ref to the shared schemas of the scope, also those added later', async (t) => {
  const server = await buildStomp(t, {
    async routes (app) {
      app.stomp.message('/late', { schema: { body: { $ref: 'chat#' } } }, () => {})
      app.addSchema({ $id: 'chat', ...CHAT })
      await app.register(async (child) => {
        child.addSchema({ $id: 'own', type: 'object', required: ['own'] })
        child.stomp.message('/child', { schema: { body: { allOf: [{ $ref: 'own#' }] } } }, () => {})
      }, { prefix: '/ignored' })
    }
  })
  const client = await server.connect()
  await client.sendJson('/app/late', { text: 'hi' })
  await client.sendJson('/app/child', { own: 1 })
  await refused(t, client.frame('SEND', { destination: '/app/child', 'content-type': 'application/json' }, '{}'), 'STOMP_HANDLER_FAILED', /own/)
  await refused(t, (await server.connect()).frame('SEND', { destination: '/app/late' }, '{}'), 'STOMP_HANDLER_FAILED', /text/)
})

t.test('schemas: setValidatorCompiler of the scope, in each of the ways in which compilers answer', async (t) => {
  const asked: unknown[] = []
  const server = await buildStomp(t, {
    async routes (app) {
      await app.register(async (child) => {
        child.setValidatorCompiler(({ schema, method, url, httpPart }) => {
          asked.push([schema, method, url, httpPart])
          const fits = (value: unknown): boolean => (value as { text?: string } | undefined)?.text === schema
          return (value: unknown) => fits(value) ? { value: { seen: value } } : { error: new Error(`not ${String(schema)}`) }
        })
        child.stomp.message('/custom', { schema: { body: 'magic' }, sendTo: '/topic/a' }, ({ body }) => body)
      })
      await app.register(async (child) => {
        child.setValidatorCompiler(() => (value: unknown) => value === undefined)
        child.stomp.message('/boolean', { schema: { body: {} } }, () => {})
      })
      app.stomp.message('/plain', { schema: { body: CHAT } }, () => {})
    }
  })
  t.strictSame(asked, [['magic', 'SEND', '/custom', 'body']])
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  await client.sendJson('/app/custom', { text: 'magic' })
  t.strictSame(await client.json(), { seen: { text: 'magic' } })
  await client.sendJson('/app/plain', { text: 'hi' })
  await client.send('/app/boolean')
  await refused(t, client.frame('SEND', { destination: '/app/custom' }, '{}'), 'STOMP_HANDLER_FAILED', /not magic/)
  await refused(t, (await server.connect()).frame('SEND', { destination: '/app/boolean' }, '{}'), 'STOMP_HANDLER_FAILED', /body/)
})

t.test('schemas: the ajv options of the instance', async (t) => {
  const server = await buildStomp(t, {
    fastify: { ajv: { customOptions: { coerceTypes: false, removeAdditional: false } } },
    routes: (app) => app.stomp.message('/n/:n', { schema: { params: { type: 'object', properties: { n: { type: 'integer' } } } } }, () => {})
  })
  await refused(t, (await server.connect()).frame('SEND', { destination: '/app/n/7' }), 'STOMP_HANDLER_FAILED', /params.*integer/)
})

t.test('preHandlers run in order, behind the validation and before the handler', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/many', {
        schema: { body: CHAT },
        preHandler: [({ body }) => { seen.push(['first', body]) }, async ({ session }) => { session.attributes['seen'] = await Promise.resolve(true) }]
      }, ({ session }) => { seen.push(['handler', session.attributes['seen']]) })
      app.stomp.message('/one', { preHandler: ({ user, destination }) => { seen.push([user, destination]) } }, () => { seen.push('handler') })
    }
  })
  const client = await server.connect({ user: 'kim' })
  await client.sendJson('/app/many', { text: 'hi' })
  await client.send('/app/one')
  t.strictSame(seen, [['first', { text: 'hi', loud: false }], ['handler', true], [{ name: 'kim' }, '/app/one'], 'handler'])
  await refused(t, client.frame('SEND', { destination: '/app/many' }, '{}'), 'STOMP_HANDLER_FAILED', /text/)
  t.equal(seen.length, 4, 'what is invalid gets no further')
})

// --- bodies ------------------------------------------------------------------------------------------------------------------

t.test('a body is read as its content-type says, as JSON without one', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/a', ({ body }) => { seen.push(body instanceof Uint8Array ? [...body] : body) }) })
  const client = await server.connect()
  const rows = [
    [undefined, '{"a":1}'], ['application/json', '[1]'], ['application/json;charset=utf-8', '"x"'], ['Application/VND.x+JSON', 'null'],
    ['text/plain', '{"a":1}'], ['text/html;x', ''], ['application/octet-stream', 'abc'], ['', 'x'], [undefined, '']
  ] as const
  for (const [type, body] of rows) await client.send('/app/a', body, type === undefined ? {} : { 'content-type': type })
  t.strictSame(seen, [{ a: 1 }, [1], 'x', null, '{"a":1}', '', [97, 98, 99], [120], undefined])
})

t.test('SEC-S60: a body that is no JSON, or reaches for a prototype', async (t) => {
  let called = 0
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/a', () => { called++ }) })
  for (const body of ['{', '{"__proto__":{"x":1}}', '{"a":{"__proto__":null}}', '{"constructor":{"prototype":{"x":1}}}', '[1,]']) {
    await refused(t, (await server.connect()).frame('SEND', { destination: '/app/a', receipt: 'r-1' }, body), 'STOMP_HANDLER_FAILED', /not JSON/, 'r-1')
  }
  t.equal(called, 0)
  t.equal(({} as { x?: number }).x, undefined)
})
