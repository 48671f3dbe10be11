import t from 'tap'
import { refusal, StompError } from '../../../src/stomp.ts'
import { until } from '../../support/wait.ts'
import { buildStomp, refused, type StompTestOptions } from '../support.ts'

class Teapot extends Error {
  readonly statusCode = 418
  readonly code = 'TEAPOT'
}

const routes: StompTestOptions['routes'] = (app) => {
  app.stomp.message('/secret', () => { throw new Error('secret of /etc/shadow') })
  app.stomp.message('/rejects', async () => { throw new Error('secret of /etc/shadow') })
  app.stomp.message('/teapot', () => { throw new Teapot('I am: a\nteapot') })
  app.stomp.message('/stomp', () => { throw new StompError('STOMP_ACCESS_REFUSED', 'by the route') })
  // eslint-disable-next-line no-throw-literal
  app.stomp.message('/text', () => { throw 'a text' })
  app.stomp.message('/broker', () => { throw refusal('STOMP_BROKER_TIMEOUT', 'Kafka', false, new Error('secret of /etc/shadow')) })
  app.stomp.message('/cause', () => { throw new Error('outside', { cause: new Teapot('inside') }) })
  app.stomp.message('/pre', { preHandler: [() => {}, async () => { throw new Teapot('not you') }] }, () => 'never')
  app.stomp.message('/valid', { schema: { body: { type: 'object', required: ['a'] } } }, () => 'never')
  app.stomp.message('/json', () => 'never')
  app.stomp.message('/undeliverable', ({ reply }) => { reply.to('/nowhere/a'); return 'never' })
  app.stomp.message('/unsayable', { sendTo: '/topic/a' }, () => () => {})
  app.stomp.message('/stream', { sendTo: '/topic/a' }, async function * () {
    yield 'first'
    throw new Teapot('dry')
  })
  app.stomp.subscribe('/secret', () => { throw new Error('secret of /etc/shadow') })
  app.stomp.subscribe('/teapot', async () => { throw new Teapot('not for you') })
  app.stomp.subscribe('/stream', async function * () {
    yield 'first'
    throw new Teapot('dry')
  })
}

const PROCESSED = 'The message could not be processed'

/** What each route's failure is called: for the client with `/user/queue/errors`, and in the ERROR frame. */
const ROWS: readonly (readonly [path: string, body: string, error: string, status: number, message: RegExp, code?: string])[] = [
  ['secret', '', 'STOMP_HANDLER_FAILED', 500, new RegExp(`^${PROCESSED}$`)], ['rejects', '', 'STOMP_HANDLER_FAILED', 500, new RegExp(`^${PROCESSED}$`)],
  ['teapot', '', 'TEAPOT', 418, /I am:? +a\s+teapot/], ['text', '', 'STOMP_HANDLER_FAILED', 500, new RegExp(`^${PROCESSED}$`)],
  ['cause', '', 'STOMP_HANDLER_FAILED', 500, new RegExp(`^${PROCESSED}$`)],
  ['broker', '', 'STOMP_BROKER_TIMEOUT', 500, /in time \(Kafka\)/, 'STOMP_BROKER_TIMEOUT'],
  ['pre', '', 'TEAPOT', 418, /not you/], ['valid', '{}', 'FST_STOMP_VALIDATION', 400, /body.*'a'/], ['json', '{', 'FST_STOMP_INVALID_BODY', 400, /not JSON/],
  ['undeliverable', '', 'FST_STOMP_INVALID_DESTINATION', 400, /\/nowhere\/a/], ['unsayable', '', 'FST_STOMP_INVALID_BODY', 400, /JSON/]
]

t.test('SPRING-G3, SPRING-G4, STOMP-R3: an error goes to /user/queue/errors where that is subscribed; the SEND was processed, and gets its RECEIPT', async (t) => {
  const server = await buildStomp(t, { routes })
  const client = await (await server.connect({ user: 'kim' })).subscribe('errors', '/user/queue/errors')
  const other = await (await server.connect({ user: 'kim' })).subscribe('errors', '/user/queue/errors')
  for (const [path, body, error, statusCode, message] of ROWS) {
    await client.send('/app/' + path, body)
    const [frame] = await client.arrived()
    t.equal(frame!.headers.get('destination'), '/user/queue/errors')
    t.equal(frame!.headers.get('subscription'), 'errors')
    const told = JSON.parse(frame!.body.text) as { message: string }
    t.match(told, { error, statusCode, destination: '/app/' + path, message }, path)
    t.notMatch(frame!.body.text, /shadow|stack|at .*:\d+/, 'STOMP-X2')
  }
  t.strictSame(await other.bodies(), [], 'the other session of that user did not fail')
})

t.test('the message of an error names the receipt of the frame that failed', async (t) => {
  const server = await buildStomp(t, { routes })
  const client = await (await server.connect()).subscribe('errors', '/user/queue/errors')
  const receiptOf = async (): Promise<string | undefined> => (await client.inner.next('MESSAGE')).headers.get('receipt-id')
  client.frame('SEND', { destination: '/app/teapot', receipt: 'r-1' })
  t.equal(await receiptOf(), 'r-1')
  client.frame('SUBSCRIBE', { destination: '/app/teapot', id: 's', receipt: 'r-2' })
  t.equal(await receiptOf(), 'r-2')
  client.frame('SEND', { destination: '/app/teapot' })
  t.equal(await receiptOf(), undefined)
})

t.test('SPRING-G3, SPRING-G4, STOMP-R3: without it, ERROR with the receipt-id and the close', async (t) => {
  const server = await buildStomp(t, { routes })
  for (const [path, body, , , message, code = 'STOMP_HANDLER_FAILED'] of ROWS) {
    const client = (await server.connect()).frame('SEND', { destination: '/app/' + path, receipt: 'r-1' }, body)
    await refused(t, client, code, message.source.startsWith('^') ? new RegExp(`^${PROCESSED}$`) : /./, 'r-1')
  }
  await refused(t, (await server.connect()).frame('SEND', { destination: '/app/stomp', receipt: 'r-1' }), 'STOMP_ACCESS_REFUSED', /by the route/, 'r-1')
  t.notMatch(server.log.filter((line) => line.includes('"level":50')).join(''), /TEAPOT/, 'what is below 500 is no failure of ours')
})

t.test('SPRING-G4: errors of subscribe routes', async (t) => {
  const server = await buildStomp(t, { routes })
  const client = await (await server.connect()).subscribe('errors', '/user/queue/errors')
  await client.subscribe('t', '/app/teapot')
  t.match(await client.json(), { error: 'TEAPOT', statusCode: 418, message: 'not for you', destination: '/app/teapot' })
  await client.subscribe('s', '/app/stream')
  t.equal((await client.message()).body.text, 'first')
  t.match(await client.json(), { error: 'TEAPOT', message: 'dry' })
  const bare = (await server.connect()).frame('SUBSCRIBE', { id: 's', destination: '/app/secret' })
  await refused(t, bare, 'STOMP_HANDLER_FAILED', new RegExp(`^${PROCESSED}$`))
})

t.test('a stream of answers that breaks', async (t) => {
  const server = await buildStomp(t, { routes })
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  client.frame('SEND', { destination: '/app/stream' })
  t.equal((await client.message()).body.text, 'first')
  await refused(t, client, 'STOMP_HANDLER_FAILED', /dry/)
})

t.test('SPRING-G4: one error handler decides what the client is told', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    async routes (app) {
      await routes!(app)
      app.stomp.setErrorHandler((error, { session, destination }) => {
        seen.push([error.message, session.user?.name, destination])
        return destination === '/app/teapot' ? { tea: error.code } : undefined
      })
    }
  })
  const client = await (await server.connect({ user: 'kim' })).subscribe('errors', '/user/queue/errors')
  await client.send('/app/teapot')
  t.strictSame(await client.json(), { tea: 'TEAPOT' })
  await client.send('/app/pre')
  t.match(await client.json(), { error: 'TEAPOT', message: 'not you' }, 'undefined leaves it to the default')
  t.strictSame(seen, [['I am: a\nteapot', 'kim', '/app/teapot'], ['not you', 'kim', '/app/pre']])
})

t.test('an error handler that fails itself ends that session, and no other', async (t) => {
  const server = await buildStomp(t, {
    async routes (app) {
      await routes!(app)
      app.stomp.setErrorHandler(() => { throw new Error('the handler of errors') })
    }
  })
  const other = await server.connect()
  const client = await (await server.connect()).subscribe('errors', '/user/queue/errors')
  await refused(t, client.frame('SEND', { destination: '/app/teapot', receipt: 'r' }), 'STOMP_INTERNAL', /./, 'r')
  const subscriber = (await server.connect()).frame('SUBSCRIBE', { id: 'a', destination: '/app/teapot' })
  await refused(t, subscriber, 'STOMP_INTERNAL')
  await other.subscribe('a', '/topic/a')
})

t.test('an error that comes when the client has gone hurts nobody', async (t) => {
  let fail: (error: Error) => void = () => {}
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/wait', () => new Promise((_resolve, reject) => { fail = reject })) })
  const client = (await server.connect()).frame('SEND', { destination: '/app/wait' })
  await until(() => server.stomp.sessions.size === 1, 'the session')
  client.inner.abort()
  await client.closed
  fail(new Error('too late'))
  await until(() => server.stomp.sessions.size === 0, 'the session is gone')
  await (await server.connect()).subscribe('a', '/topic/a')
})

const unreadable = new Proxy({}, {
  get () { throw new Error('get') },
  has () { throw new Error('has') },
  getPrototypeOf () { throw new Error('getPrototypeOf') }
})

/** What application code can throw beside an error of the usual form. */
const HOSTILE: Readonly<Record<string, () => unknown>> = {
  code: () => Object.assign(new Error('no'), { statusCode: 403, code: 'constructor' }),
  prototype: () => Object.assign(new Error('no'), { statusCode: 401, code: '__proto__' }),
  number: () => Object.assign(new Error('no'), { statusCode: 403, code: 1n }),
  message: () => Object.assign(new Error('no'), { statusCode: 400, message: { a: 1 } }),
  denied: () => Object.assign(new Error('no'), { statusCode: 403, message: Object.create(null) as unknown }),
  symbol: () => Object.assign(new Error('no'), { statusCode: Symbol('status'), message: Symbol('message') }),
  nan: () => Object.assign(new Error('no'), { statusCode: NaN }),
  null: () => null,
  undefined: () => undefined,
  bare: () => Object.create(null) as unknown,
  alone: () => Symbol('alone'),
  text: () => ({ toString () { throw new Error('toString') } }),
  getter: () => Object.defineProperty(new Error('no'), 'statusCode', { get () { throw new Error('getter') } }),
  logged: () => Object.defineProperty(new Error('no'), 'more', { enumerable: true, get () { throw new Error('getter') } }),
  told: () => Object.defineProperty(Object.assign(new Error('no'), { statusCode: 403 }), 'more', { enumerable: true, get () { throw new Error('getter') } }),
  stomp: () => Object.assign(new StompError('STOMP_ACCESS_REFUSED'), { code: {}, message: {} }),
  unreadable: () => unreadable
}

t.test('STOMP-R3: whatever application code throws, its client gets an ERROR, and the process and the other sessions go on', async (t) => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => { unhandled.push(error) }
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  const server = await buildStomp(t, {
    routes ({ stomp }) {
      for (const [name, make] of Object.entries(HOSTILE)) {
        const rejects = async (): Promise<never> => { throw make() }
        const breaks = async function * (): AsyncGenerator<number> { yield 1; throw make() }
        stomp.subscribe(`/handler/${name}`, rejects)
        stomp.subscribe(`/stream/${name}`, breaks)
        stomp.message(`/handler/${name}`, rejects)
        stomp.message(`/stream/${name}`, { sendTo: '/topic/a' }, breaks)
        stomp.message(`/late/${name}`, { sendTo: '/topic/a' }, async function * () {
          try { yield 1; yield 2 } finally { throw make() } // eslint-disable-line no-unsafe-finally -- the fault under test
        })
      }
      stomp.addHook('preSend', (_session, { headers }) => {
        const name = headers.get('hook')
        if (name !== undefined) throw HOSTILE[name]!()
      })
      stomp.addHook('onError', () => { throw unreadable })
    }
  })
  const bystander = await server.connect()
  for (const name of Object.keys(HOSTILE)) {
    for (const frame of [
      ['SUBSCRIBE', { id: 'a', destination: `/app/handler/${name}` }], ['SUBSCRIBE', { id: 'a', destination: `/app/stream/${name}` }],
      ['SEND', { destination: `/app/handler/${name}` }], ['SEND', { destination: `/app/stream/${name}` }], ['SEND', { destination: '/topic/a', hook: name }]
    ] as const) {
      const client = (await server.connect()).frame(frame[0], frame[1])
      t.equal((await client.inner.next('ERROR', 3000)).command, 'ERROR', `${name} ${JSON.stringify(frame)}`)
      t.equal((await client.closed).code, 1002)
    }
    const gone = (await server.connect()).frame('SEND', { destination: `/app/late/${name}` })
    gone.inner.abort()
    await gone.closed
  }
  await bystander.send('/topic/a')
  t.strictSame(unhandled, [])
})

t.test('STOMP-R3: an error handler can throw whatever it likes, and hears the error where /user/queue/errors is subscribed', async (t) => {
  const server = await buildStomp(t, {
    routes ({ stomp }) {
      stomp.message('/fail/:name', ({ params }) => { throw HOSTILE[params['name']!]!() })
      stomp.setErrorHandler((error) => { t.type(error, Error); throw unreadable })
    }
  })
  for (const name of Object.keys(HOSTILE)) {
    const client = await (await server.connect()).subscribe('e', '/user/queue/errors')
    await refused(t, client.frame('SEND', { destination: `/app/fail/${name}`, receipt: 'r' }), 'STOMP_INTERNAL', /./, 'r')
  }
})
