import t from 'tap'
import { runInNewContext } from 'node:vm'
import { memoryBroker, type StompFacade } from '../../../src/stomp.ts'
import { until } from '../../support/wait.ts'
import { buildStomp, codeOf, refused } from '../support.ts'

const noop = (): void => {}
const INVALID_ROUTE = 'FST_STOMP_INVALID_ROUTE'

/** The error of a call that must throw, or reject. */
async function errorOf (action: () => unknown): Promise<Error & { code?: string }> {
  try {
    await action()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

/** Routes that cannot do what they say, with a word of the form that is meant. */
const ROUTES: readonly (readonly [row: string, add: (stomp: StompFacade) => unknown, message: RegExp])[] = [
  ['R5', (stomp) => stomp.message('/a', { sendTo: '/nowhere/y' }, noop), /sendTo names \/nowhere\/y, to which the server cannot send/],
  ['R5', (stomp) => stomp.message('/a', { sendTo: '/topic/' }, noop), /\/topic\/ has an empty segment/],
  ['R5', (stomp) => stomp.message('/a', { sendTo: '/topic/a//b' }, noop), /empty segment/],
  ['R5', (stomp) => stomp.message('/a', { sendTo: '/user/' }, noop), /empty segment/],
  ['R5', (stomp) => stomp.message('/a', { sendTo: '/topic/*' }, noop), /is a pattern/],
  ['R5', (stomp) => stomp.message('/a', { sendToUser: '/nowhere//x' }, noop), /empty segment/],
  ['R5', (stomp) => stomp.message('/a', { sendToSender: '/queue/**' }, noop), /is a pattern/],
  ['R5', (stomp) => stomp.message('/a', { sendTo: ['/topic/a', '/nowhere/y'] }, noop), /\/nowhere\/y/],
  ['R5', (stomp) => stomp.message('/a', { sendTo: '/app/b' }, noop), /\/app\/b/],
  ['R5', (stomp) => stomp.message('/a', { sendTo: '/dlq' }, noop), /\/dlq/],
  ['R5', (stomp) => stomp.message('/a', { sendTo: '/topicx/:b' }, noop), /:b/],
  ['R5', (stomp) => stomp.message('/a', { sendTo: [] as string[], sendToUser: 5 as never }, noop), /sendToUser must be a text that begins with \/.*not 5/],
  ['U22', (stomp) => stomp.message('/rooms/{room}', noop), /:name, not \{name\}: "\/rooms\/:room"/],
  ['U22', (stomp) => stomp.subscribe('/rooms/{room}/x', noop), /"\/rooms\/:room\/x"/],
  ['U22', (stomp) => stomp.message('/a/<id>', noop), /:name, not <name>: "\/a\/:id"/],
  ['U22', (stomp) => stomp.message('/r/:a/:a', noop), /names :a twice/],
  ['U22', (stomp) => stomp.subscribe('/r/x-:a', noop), /a whole segment of the path, not a part of "x-:a"/],
  ['U22', (stomp) => stomp.message('/r/x.y-:a', noop), /a whole segment of the path, not a part of "y-:a"/],
  ['R5', (stomp) => stomp.message('/r', { sendTo: '/temp-queue/x' }, noop), /sendTo names \/temp-queue\/x, to which the server cannot send/],
  ['R12', (stomp) => stomp.message('/a', { schema: { body: null } } as never, noop), /schema\.body must be a schema.*not null/],
  ['R12', (stomp) => stomp.message('/a', { schema: { body: [] } } as never, noop), /schema\.body.*not a list/],
  ['R12', (stomp) => stomp.subscribe('/a', { schema: { params: null } } as never, noop), /schema\.params.*not null/],
  ['U22', (stomp) => stomp.message('/app/x', noop), /written without \/app: "\/x"/],
  ['U22', (stomp) => stomp.message('/app', noop), /written without \/app/],
  ['U22', (stomp) => stomp.subscribe('/app/x/:y', noop), /"\/x\/:y"/],
  ['U22', (stomp) => stomp.message('/a', { schema: { querystring: {} } } as never, noop), /schema\.querystring is not known; a destination has no query/],
  ['U22', (stomp) => stomp.message('/a', { schema: { response: {} } } as never, noop), /schema\.response is not known/],
  ['U22', (stomp) => stomp.message('/a', { schema: { header: {} } } as never, noop), /schema\.header is not known; did you mean headers\?/],
  ['U22', (stomp) => stomp.message('/a', { schema: true } as never, noop), /option schema must be an object, not true/],
  ['U22', (stomp) => stomp.subscribe('/a', { schema: { body: {} } } as never, noop), /a SUBSCRIBE has no body/],
  ['U22', (stomp) => stomp.message('/a', noop as never, { sendTo: '/topic/a' } as never), /the options stand before the handler/],
  ['U22', (stomp) => stomp.subscribe('/a', noop as never, {} as never), /app\.stomp\.subscribe\(path, options, handler\)/],
  ['U23', (stomp) => stomp.message('/a', { sendto: '/topic/a' } as never, noop), /option sendto is not known; did you mean sendTo\?/],
  ['U23', (stomp) => stomp.message('/a', { onRequest: noop } as never, noop), /write preHandler/],
  ['K7', (stomp) => stomp.message('/a', null as never, noop), /the options must be an object, not null/],
  ['K7', (stomp) => stomp.message('/a', [] as never, noop), /the options must be an object/],
  ['K7', (stomp) => stomp.message('/a', { preHandler: 'auth' } as never, noop), /preHandler must be a function or a list of functions/],
  ['K7', (stomp) => stomp.message('/a', { preHandler: [noop, null] } as never, noop), /preHandler/],
  ['K7', (stomp) => stomp.message({ path: '/a' } as never, noop), /must be a text/],
  ['K7', (stomp) => stomp.message('/a', 'x' as never, noop), /the options must be an object, not "x"/]
]

t.test('R5, U22, U23, K7: a route that could not do what it says is refused at boot, with the form that is meant', async (t) => {
  await buildStomp(t, {
    async routes ({ stomp }) {
      for (const [row, add, message] of ROUTES) {
        const error = await errorOf(() => add(stomp))
        t.equal(error.code, INVALID_ROUTE, `${row} ${error.message}`)
        t.match(error.message, message, row)
      }
    }
  })
})

t.test('R5, U22: what looks similar and is right is taken', async (t) => {
  await buildStomp(t, {
    routes ({ stomp }) {
      stomp.message('/a/:x', { sendTo: ['/topic/:x', '/queue/b', '/user/queue/c', '/reply-queue/x'] }, noop)
      stomp.message('/apple/x', noop)
      stomp.message('/rooms.:room', noop)
      stomp.message('/:kind.:name', noop)
      stomp.message('/b', { schema: { params: {}, headers: {}, body: {} }, preHandler: [] }, noop)
    }
  })
  t.pass('nothing was refused')
})

t.test('U22: with dots between segments, a path has slashes', async (t) => {
  await buildStomp(t, {
    stomp: { broker: memoryBroker({ separator: '.' }) },
    async routes ({ stomp }) {
      const error = await errorOf(() => stomp.message('/rooms.:room', noop))
      t.match([error.code, error.message], [INVALID_ROUTE, /"\/rooms\/:room"/])
      stomp.message('/rooms/:room', { sendTo: '/topic/rooms.:room' }, noop)
    }
  })
})

t.test('R12: a text as a schema is refused at boot by the compiler of Fastify', async (t) => {
  const routes = ({ stomp }: { stomp: StompFacade }): void => stomp.message('/text', { schema: { body: 'x' } }, noop)
  const error = await errorOf(() => buildStomp(t, { routes }))
  t.equal(error.code, INVALID_ROUTE)
  t.match(error.message, /schema of body.*must be object or boolean/)
})

t.test('a route that comes after the start is there only if its schemas compile', async (t) => {
  const server = await buildStomp(t)
  const { stomp } = server
  for (const add of [
    () => stomp.message('/late', { schema: { body: { type: 'nothing' } } }, noop),
    () => stomp.subscribe('/late', { schema: { params: { type: 'nothing' } } }, noop)
  ]) t.equal((await errorOf(add)).code, INVALID_ROUTE)
  await refused(t, (await server.connect()).frame('SEND', { destination: '/app/late' }), 'STOMP_UNKNOWN_DESTINATION')
  await refused(t, (await server.connect()).frame('SUBSCRIBE', { id: 'a', destination: '/app/late' }), 'STOMP_UNKNOWN_DESTINATION')
  stomp.message('/late', { schema: { body: { type: 'object' } } }, noop)
  stomp.subscribe('/late', noop)
  const client = await (await server.connect()).subscribe('a', '/app/late')
  await client.sendJson('/app/late', {})
  await refused(t, client.frame('SEND', { destination: '/app/late' }, '1'), 'STOMP_HANDLER_FAILED')
})

t.test('R12: `{}` and `true` accept everything, `false` nothing', async (t) => {
  const server = await buildStomp(t, {
    routes ({ stomp }) {
      for (const [path, body] of [['/object', {}], ['/true', true], ['/false', false]] as const) {
        stomp.message(path, { schema: { body }, sendToSender: '/queue/a' }, ({ body }) => ({ body }))
      }
    }
  })
  const client = await server.connect()
  await client.subscribe('a', '/user/queue/a')
  for (const path of ['object', 'true']) {
    for (const body of [[1, [2]], {}, { a: 1 }, 'text', 1, null, true]) {
      await client.sendJson(`/app/${path}`, body)
      t.strictSame(await client.json(), { body }, `${path} ${JSON.stringify(body)}`)
    }
  }
  client.frame('SEND', { destination: '/app/false' }, '1')
  await refused(t, client, 'STOMP_HANDLER_FAILED')
})

t.test('R12: the bare properties of an object are no schema, as in Fastify 5', async (t) => {
  const error = await errorOf(() => buildStomp(t, { routes: ({ stomp }) => stomp.message('/a', { schema: { body: { text: { type: 'string' } } } }, noop) }))
  t.match([error.code, error.message], [INVALID_ROUTE, /schema of body.*write a whole schema/])
})

const circle: Record<string, unknown> = {}
circle['self'] = circle

/** Values that JSON cannot say, or would say wrongly. */
const NO_BODY: readonly (readonly [value: unknown, message: RegExp])[] = [
  [1n, /BigInt/i], [{ a: 1n }, /BigInt/i], [circle, /circular/i], [undefined, /undefined has no JSON form/], [noop, /a function/], [Symbol('s'), /Symbol/],
  [{ toJSON () { throw new Error('no') } }, /no/], [NaN, /NaN/], [Infinity, /Infinity/], [Promise.resolve(1), /a promise, which must be awaited/],
  [{ then: (resolve: (value: number) => void) => resolve(1) }, /a promise/], [new Map([[1, 2]]), /class Map/], [new Set([1]), /class Set/],
  [new Error('x'), /class Error/], [/x/, /class RegExp/], [new WeakRef({}), /class WeakRef/], [new Blob(['x']), /class Blob/],
  [[1].values(), /an iterator/], [(async function * () { yield 1 })(), /an iterator/], [(function * () { yield 1 })(), /an iterator/],
  [new Date(NaN), /an object has no JSON form/], [Object(NaN), /an object has no JSON form/], [{ toJSON: () => NaN }, /no JSON form/],
  [new Proxy({}, { get () { throw new Error('trap') } }), /no JSON form: trap/]
]

t.test('R11: what has no JSON form is refused by a code, wherever the application sends it', async (t) => {
  const server = await buildStomp(t, {
    routes ({ stomp }) {
      stomp.message('/return/:n', { sendToSender: '/queue/a' }, ({ params }) => [NO_BODY[Number(params['n'])]![0]])
      stomp.subscribe('/return', () => ({ a: 1n }))
    }
  })
  const client = await server.connect()
  await client.subscribe('errors', '/user/queue/errors')
  for (const [value, message] of NO_BODY) {
    const rows: readonly (() => unknown)[] = [
      () => server.stomp.publish('/topic/p', value), () => server.stomp.publishToUser('kim', '/queue/p', value), () => server.stomp.publishToSession('x', '/queue/p', value)
    ]
    for (const action of rows) {
      const error = await errorOf(action)
      t.equal(error.code, 'FST_STOMP_INVALID_BODY', String(message))
      t.match(error.message, message)
    }
  }
  await client.sendJson('/app/return/0', null)
  t.match(await client.json(), { error: 'FST_STOMP_INVALID_BODY' })
  await client.subscribe('s', '/app/return')
  t.match(await client.json(), { error: 'FST_STOMP_INVALID_BODY' })
  t.equal(server.failures.length, 2, 'K3: what the application cannot say is in the log')
})

t.test('R11: every kind of bytes goes as bytes', async (t) => {
  const server = await buildStomp(t)
  const client = await server.connect()
  await client.subscribe('a', '/topic/a')
  const bytes = Uint8Array.of(1, 2, 3, 4)
  for (const value of [bytes, Buffer.from(bytes), bytes.buffer, new DataView(bytes.buffer), new Uint16Array(bytes.buffer)]) {
    await server.stomp.publish('/topic/a', value)
    t.strictSame([...(await client.message()).body.bytes], [1, 2, 3, 4])
  }
})

const OPTION = 'FST_STOMP_INVALID_OPTION'
const DESTINATION = 'FST_STOMP_INVALID_DESTINATION'

t.test('K7: every function of app.stomp refuses what it cannot mean', async (t) => {
  const server = await buildStomp(t)
  const { stomp } = server
  const kim = await server.connect({ user: 'kim' })
  const rows: readonly (readonly [code: string, call: () => unknown])[] = [
    [DESTINATION, () => stomp.publish(undefined as never, 1)], [DESTINATION, () => stomp.publish(null as never, 1)], [DESTINATION, () => stomp.publish({} as never, 1)],
    [DESTINATION, () => stomp.publish('', 1)], [DESTINATION, () => stomp.publish('/user/kim/queue/a', 1)], [DESTINATION, () => stomp.publish('/app/a', 1)],
    [OPTION, () => stomp.publish('/topic/a', 1, { header: {} } as never)], [OPTION, () => stomp.publish('/topic/a', 1, null as never)],
    [OPTION, () => stomp.publish('/topic/a', 1, { headers: 'x' } as never)], [OPTION, () => stomp.publish('/topic/a', 1, { headers: { '': 'x' } })],
    [OPTION, () => stomp.publish('/topic/a', 1, { headers: { a: {} } } as never)], [OPTION, () => stomp.publish('/topic/a', 1, { headers: { a: null } } as never)],
    [OPTION, () => stomp.publishToUser(undefined as never, '/queue/a', 1)], [OPTION, () => stomp.publishToUser('', '/queue/a', 1)],
    [OPTION, () => stomp.publishToUser({ name: 'kim' } as never, '/queue/a', 1)], [DESTINATION, () => stomp.publishToUser('kim', 'queue/a', 1)],
    [DESTINATION, () => stomp.publishToUser('kim', undefined as never, 1)],
    [OPTION, () => stomp.publishToSession(undefined as never, '/queue/a', 1)], [OPTION, () => stomp.publishToSession('', '/queue/a', 1)],
    [OPTION, () => stomp.publishToSession({} as never, '/queue/a', 1)],
    [OPTION, () => stomp.close(undefined as never)], [OPTION, () => stomp.close({})], [OPTION, () => stomp.close({ user: undefined } as never)],
    [OPTION, () => stomp.close({ user: 'kim', session: undefined } as never)], [OPTION, () => stomp.close({ user: 'kim', sesion: 'x' } as never)],
    [OPTION, () => stomp.close({ user: '' })], [OPTION, () => stomp.close({ user: null } as never)], [OPTION, () => stomp.close({ all: false } as never)],
    [OPTION, () => stomp.close({ all: true, user: 'kim' })],
    ['FST_SOCKJS_INVALID_CLOSE', () => stomp.close({ user: 'kim' }, 999)], ['FST_SOCKJS_INVALID_CLOSE', () => stomp.close({ user: 'nobody' }, NaN)],
    ['FST_SOCKJS_INVALID_CLOSE', () => stomp.close({ all: true }, 4000, 1 as never)],
    [OPTION, () => stomp.subscriptions({ destinations: '/topic/a' } as never)], [OPTION, () => stomp.subscriptions(null as never)],
    [OPTION, () => stomp.setErrorHandler('x' as never)], [OPTION, () => stomp.setErrorHandler(undefined as never)],
    [OPTION, () => stomp.addHook('onMessage' as never, noop as never)]
  ]
  for (const [code, call] of rows) t.equal(await codeOf(call), code, String(call))
  t.strictSame([stomp.users.has('kim'), stomp.sessions.size], [true, 1], 'nothing was closed')
  await kim.ok('BEGIN', { transaction: 'alive' })
})

t.test('K7: a header that is undefined is left out, and numbers are texts', async (t) => {
  const server = await buildStomp(t)
  const client = await server.connect()
  await client.subscribe('a', '/topic/a')
  await server.stomp.publish('/topic/a', 'x', { headers: { gone: undefined, count: 7, on: true } as never })
  const { headers } = await client.message()
  t.strictSame([headers.has('gone'), headers.get('count'), headers.get('on')], [false, '7', 'true'])
})

t.test('R10: stompSession.close(999) throws, and nothing has changed', async (t) => {
  const server = await buildStomp(t)
  const kim = await server.connect({ user: 'kim' })
  await kim.subscribe('a', '/topic/a')
  const [session] = server.stomp.sessions
  for (const [code, reason] of [[999, ''], [5000, ''], [NaN, ''], [1000.5, ''], ['1000', ''], [4000, 7]] as const) {
    t.equal(await codeOf(() => session!.close(code as never, reason as never)), 'FST_SOCKJS_INVALID_CLOSE', String(code))
  }
  t.strictSame([session!.state, server.stomp.users.has('kim'), server.stomp.sessions.size], ['connected', true, 1])
  await server.stomp.publish('/topic/a', 'still here')
  t.equal((await kim.message()).body.text, 'still here')
  session!.close(4000, 'now')
  t.match(await kim.closed, { code: 4000, reason: 'now' })
  t.equal(server.stomp.users.has('kim'), false)
  t.doesNotThrow(() => session!.close(999), 'a session that has closed stays as it is')
})

t.test('K7: a user that is undefined by mistake is not taken for one that is authenticated', async (t) => {
  const server = await buildStomp(t, {
    stomp: { rules: [{ type: 'connect', allow: 'authenticated' }, { allow: 'all' }] },
    routes: ({ stomp }) => stomp.addHook('onConnect', ({ login }, session) => {
      session.user = ({ none: undefined, empty: { name: '' }, number: { name: 7 }, text: 'kim', list: ['kim'], null: null, right: { name: 'kim' } } as Record<string, unknown>)[login!] as never
    })
  })
  for (const [login, command, code] of [
    ['none', 'ERROR', 'STOMP_INTERNAL'], ['empty', 'ERROR', 'STOMP_INTERNAL'], ['number', 'ERROR', 'STOMP_INTERNAL'], ['text', 'ERROR', 'STOMP_INTERNAL'],
    ['list', 'ERROR', 'STOMP_INTERNAL'], ['null', 'ERROR', 'STOMP_ACCESS_REFUSED'], ['right', 'CONNECTED', undefined]
  ] as const) {
    const answer = await (await server.open()).hello({ login })
    t.strictSame([answer.command, answer.headers.get('code')], [command, code], login)
  }
})

t.test('R19: a hook that returns a promise of another making may reject, and the log says so', async (t) => {
  const server = await buildStomp(t, {
    routes ({ stomp }) {
      stomp.addHook('onConnected', () => runInNewContext('Promise.reject(new Error("foreign realm"))') as Promise<void>)
      stomp.addHook('onSubscribed', () => ({ then: (_resolve: unknown, reject: (error: Error) => void) => reject(new Error('foreign thenable')) }))
    }
  })
  const client = await server.connect()
  await client.subscribe('a', '/topic/a')
  await until(() => server.failures.length === 2, 'both are in the log')
  t.match(server.log.join(''), /foreign realm[^]*foreign thenable/)
  await client.ok('BEGIN', { transaction: 'alive' })
})

/** Options of the plugin, with the words of the form that is meant. */
const PLUGIN_OPTIONS: readonly (readonly [row: string, options: object, message: RegExp])[] = [
  ['U23', { origins: ['https://a.example'] }, /option origins: is not known; it is an option of the endpoint: endpoint: \{ origins: … \}/],
  ['U23', { allowedOrigins: '*' }, /endpoint: \{ origins: … \}/], ['U23', { session: noop }, /endpoint: \{ session: … \}/],
  ['U23', { heartbeat: 1000 }, /heartBeat/], ['U23', { heart_beat: {} }, /did you mean heartBeat\?/], ['U23', { aplicationPrefix: '/x' }, /did you mean applicationPrefix\?/],
  ['U23', { subscriptions: 5 }, /limits: \{ subscriptions: … \}/], ['U23', { port: 61613 }, /tcp: \{ port: … \}/], ['U23', { prefixes: {} }, /memoryBroker/],
  ['U23', { limits: { bodySize: 5 } }, /limits\.bodySize/], ['U23', { limits: { subscription: 5 } }, /did you mean subscriptions\?/],
  ['U22', { endpoint: { protocols: ['x'] } }, /protocols, which an endpoint of STOMP sets itself/], ['U22', { endpoint: { binary: false } }, /binary/],
  ['K7', { endpoint: [] }, /endpoint: must be an object/], ['K7', { endpoint: null }, /endpoint/], ['K7', { rules: {} }, /rules: must be a list/],
  ['K7', { rules: [null] }, /a rule must be an object, not null/], ['K7', { rules: [{ type: 'connect', destination: '/topic/a', deny: 'all' }] }, /connect has no destination/],
  ['K7', { rules: [{ destination: [], deny: 'all' }] }, /names at least one/], ['K7', { rules: [{ destination: '/topic/', deny: 'all' }] }, /a segment is empty/],
  ['K7', { rules: [{ destination: '/topic//a', deny: 'all' }] }, /a segment is empty/], ['U23', { rules: [{ destinations: ['/topic/a'], allow: 'all' }] }, /write destination, with a list/],
  ['K7', { hosts: [] }, /at least one virtual host/], ['K7', { hosts: [''] }, /hosts/], ['K7', { limits: null }, /limits: must be an object/],
  ['K7', { limits: { connectTimeout: 2 ** 31 } }, /limits\.connectTimeout/], ['K7', { limits: { body: NaN } }, /limits\.body: must be an integer .* not NaN/],
  ['K7', { heartBeat: { tolerance: Infinity } }, /heartBeat\.tolerance/], ['K7', { heartBeat: { tolerance: NaN } }, /heartBeat\.tolerance/],
  ['K7', { heartBeat: { offer: [1e12, 0] } }, /heartBeat\.offer/], ['K7', { heartBeat: null }, /heartBeat/], ['K7', { heartBeat: 1000 }, /heartBeat/],
  ['K7', { rate: null }, /rate/], ['K7', { rate: {} }, /rate\.perSecond/], ['K7', { rate: { perSecond: Infinity } }, /rate\.perSecond/],
  ['K7', { rate: { perSecond: 1, burst: 0 } }, /rate\.burst/], ['K7', { rate: { perSecond: -1 } }, /rate\.perSecond/], ['K7', { rate: 5 }, /rate/],
  ['K7', { tcp: null }, /tcp/], ['K7', { tcp: 61613 }, /tcp: must be an object/], ['K7', { tcp: { port: NaN } }, /tcp\.port/], ['K7', { tcp: { port: 0, host: '' } }, /tcp\.host/],
  ['K7', { tcp: { port: 0, tls: true } }, /tcp\.tls/], ['K7', { strictSubprotocol: 1 }, /true or false, not 1/], ['K7', { messages: '' }, /messages/],
  ['K7', { broker: 'memory' }, /broker/], ['K7', { broker: memoryBroker }, /broker/]
]

t.test('U22, U23, K7: options of the plugin that could not do what they say are refused, with the form that is meant', async (t) => {
  for (const [row, options, message] of PLUGIN_OPTIONS) {
    const error = await errorOf(() => buildStomp(t, { stomp: options }))
    t.equal(error.code, OPTION, `${row} ${JSON.stringify(options)} ${error.message}`)
    t.match(error.message, message, row)
  }
})

t.test('U23, K7: options of memoryBroker()', async (t) => {
  const rows: readonly (readonly [options: unknown, message: RegExp])[] = [
    [null, /must be an object/], [{ maxQueue: 1 }, /did you mean maxQueues\?/], [{ prefetch: NaN }, /prefetch: must be an integer/], [{ prefetch: '5' }, /not "5"/],
    [{ maxBytes: Infinity }, /maxBytes/], [{ maxQueues: 0 }, /maxQueues/], [{ ttl: -1 }, /ttl/], [{ separator: '' }, /separator/], [{ prefixes: { topic: '' } }, /topic/],
    [{ prefixes: { topic: [] } }, /topic/], [{ history: {} }, /history/], [{ history: [{}] }, /history\[0\]\.pattern/], [{ history: [null] }, /history: has a wrong entry: number 1/],
    [{ history: [{ pattern: '/topic/a', messages: NaN }] }, /messages/], [{ queueWildcards: 'no' }, /queueWildcards/]
  ]
  for (const [options, message] of rows) {
    const error = await errorOf(() => memoryBroker(options as never))
    t.equal(error.code, OPTION, `${JSON.stringify(options)}`)
    t.match(error.message, message)
  }
})

t.test('K7: inject() and its client refuse what they cannot mean', async (t) => {
  const { stomp } = await buildStomp(t)
  for (const options of [null, { version: '1.3' }, { headers: 'x' }, { connect: 'no' }, { users: 'kim' }]) {
    t.equal(await codeOf(() => stomp.inject(options as never)), OPTION, JSON.stringify(options))
  }
  const client = await stomp.inject()
  for (const timeout of [NaN, 0, -1, Infinity, '5']) t.equal(await codeOf(() => client.next('MESSAGE', timeout as never)), OPTION, String(timeout))
})

t.test('K7: an expiry whose text cannot be made is refused by its code', async (t) => {
  const server = await buildStomp(t)
  await server.connect()
  const [session] = server.stomp.sessions
  for (const value of [Object.create(null), { toString () { throw new Error('no') } }, Symbol('s')]) {
    t.equal(await codeOf(() => { session!.expiresAt = value as never }), 'FST_STOMP_INVALID_EXPIRY')
  }
})
