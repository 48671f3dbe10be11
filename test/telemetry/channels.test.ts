import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import * as channels from '../../src/telemetry/channels.ts'
import { MemoryNetwork } from '../../src/index.ts'
import { memoryBroker } from '../../src/stomp.ts'
import { buildStomp } from '../stomp/support.ts'
import { newClient } from '../support/client.ts'
import { buildServer } from '../support/server.ts'
import { deferred, until } from '../support/wait.ts'

/** Collects the events of channels until the end of a test. */
function listen (t: Test, ...names: string[]): [name: string, event: Record<string, unknown>][] {
  const seen: [string, Record<string, unknown>][] = []
  for (const name of names) {
    const listener = (event: unknown, from: string | symbol): void => { seen.push([String(from), event as Record<string, unknown>]) }
    subscribe(`fastify-sockjs.${name}`, listener)
    t.teardown(() => unsubscribe(`fastify-sockjs.${name}`, listener))
  }
  return seen
}

/** Collects what the five channels of a kind of route tell: the name of each, and the event as it is then. */
function follow (t: Test, kind: string): { moments: string[], events: Record<string, unknown>[] } {
  const moments: string[] = []
  const events: Record<string, unknown>[] = []
  const listener = (moment: string) => (event: unknown): void => {
    moments.push(moment)
    events.push(event as Record<string, unknown>)
  }
  const listeners = { start: listener('start'), end: listener('end'), asyncStart: listener('asyncStart'), asyncEnd: listener('asyncEnd'), error: listener('error') }
  tracingChannel(`fastify-sockjs.stomp.${kind}`).subscribe(listeners)
  t.teardown(() => tracingChannel(`fastify-sockjs.stomp.${kind}`).unsubscribe(listeners))
  return { moments, events }
}

t.test('the channels of STOMP tell of clients, subscriptions and errors, without secrets', async (t) => {
  const seen = listen(t, 'stomp.connect', 'stomp.subscribe', 'stomp.error')
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.addHook('onConnect', ({ login, passcode }, session) => {
        if (passcode === 'wrong') throw Object.assign(new Error('no'), { statusCode: 401 })
        session.user = login === undefined ? null : { name: login }
      })
      app.stomp.message('/fails', () => { throw Object.assign(new Error('not now'), { statusCode: 409, code: 'E_NOT_NOW' }) })
      app.stomp.message('/breaks', () => { throw new Error('secret of the application') })
    }
  })
  const secrets = { passcode: 'wrong', authorization: 'Bearer token' }
  const refused = await server.open()
  await refused.hello(secrets)
  const client = await server.connect({ headers: { login: 'kim', passcode: 'right-secret' } })
  const session = client.connected!.headers.get('session')!
  await client.subscribe('e', '/user/queue/errors')
  await client.send('/app/fails', '{}')
  await client.send('/app/breaks', '{}')
  client.frame('SEND', { destination: '/nowhere', passcode: 'later-secret' }, 'body-secret')
  await client.closed
  const anonymous = await server.connect({ version: '1.1' })
  t.same(seen.map(([name, event]) => [name.slice('fastify-sockjs.stomp.'.length), event]), [
    ['error', { session: seen[0]![1].session, code: 'STOMP_ACCESS_REFUSED', destination: undefined, ends: true }],
    ['connect', { session, version: '1.2', transport: 'websocket-raw', user: 'kim' }],
    ['subscribe', { session, id: 'e', destination: '/user/queue/errors' }],
    ['error', { session, code: 'E_NOT_NOW', destination: '/app/fails', ends: false }],
    ['error', { session, code: 'STOMP_HANDLER_FAILED', destination: '/app/breaks', ends: false }],
    ['error', { session, code: 'STOMP_UNKNOWN_DESTINATION', destination: '/nowhere', ends: true }],
    ['connect', { session: anonymous.connected!.headers.get('session'), version: '1.1', transport: 'websocket-raw', user: null }]
  ])
  for (const secret of ['wrong', 'Bearer', 'right-secret', 'later-secret', 'body-secret', 'secret of']) t.notOk(JSON.stringify(seen).includes(secret), `no ${secret}`)
})

t.test('the tracing channels of a message route tell of its run, also where it fails', async (t) => {
  const { moments, events } = follow(t, 'message-route')
  const gate = deferred<void>()
  const server = await buildStomp(t, {
    routes ({ stomp }) {
      stomp.message('/rooms/:room', { sendTo: '/topic/rooms' }, async () => { await gate.promise; return 'x' })
      stomp.message('/breaks', () => { throw new Error('broken') })
    }
  })
  const client = await server.connect()
  await client.subscribe('e', '/user/queue/errors')
  client.frame('SEND', { destination: '/app/rooms/7', receipt: 'r' }, '{}')
  await until(() => moments.length === 2, 'the start and the end of the call')
  t.same(moments, ['start', 'end'])
  gate.resolve()
  t.equal((await client.next()).headers.get('receipt-id'), 'r')
  t.same(moments, ['start', 'end', 'asyncStart', 'asyncEnd'])
  t.match(events[0], { route: '/app/rooms/:room', destination: '/app/rooms/7', session: client.connected!.headers.get('session') })
  t.ok(events.every((event) => event === events[0]), 'all channels of one run get the same event')
  await client.send('/app/breaks', '{}')
  t.same(moments.slice(4), ['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  t.match(events[4], { route: '/app/breaks', error: { message: 'broken' } })
})

t.test('the tracing channels of a subscribe route carry a store to its handler and its stream', async (t) => {
  const { moments, events } = follow(t, 'subscribe-route')
  const store = new AsyncLocalStorage<string>()
  const { start } = tracingChannel('fastify-sockjs.stomp.subscribe-route')
  start.bindStore(store as never, ((event: { destination: string }) => `store of ${event.destination}`) as never)
  t.teardown(() => start.unbindStore(store as never))
  const server = await buildStomp(t, {
    routes ({ stomp }) {
      stomp.subscribe('/one', () => store.getStore())
      stomp.subscribe('/many/:id', async function * () { yield store.getStore(); yield store.getStore() })
      stomp.subscribe('/no', () => { throw Object.assign(new Error('no'), { statusCode: 400 }) })
    }
  })
  const client = await server.connect()
  await client.subscribe('e', '/user/queue/errors')
  await client.subscribe('one', '/app/one')
  t.equal((await client.message()).body.text, 'store of /app/one')
  await client.subscribe('many', '/app/many/1')
  t.same([(await client.message()).body.text, (await client.message()).body.text], ['store of /app/many/1', 'store of /app/many/1'])
  client.frame('SUBSCRIBE', { id: 'no', destination: '/app/no' })
  t.match(await client.json(), { statusCode: 400 })
  t.same(moments, ['start', 'end', 'asyncStart', 'asyncEnd', 'start', 'end', 'asyncStart', 'asyncEnd', 'start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  t.same([...new Set(events.map(({ route }) => route))], ['/app/one', '/app/many/:id', '/app/no'])
})

t.test('a subscriber that throws reaches neither the client nor the route; Node reports it as an uncaught exception', async (t) => {
  const caught: unknown[] = []
  const onUncaught = (error: unknown): void => { caught.push(error) }
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', onUncaught)
  t.teardown(() => {
    process.removeListener('uncaughtException', onUncaught)
    for (const other of others) process.on('uncaughtException', other)
  })
  const fail = (): never => { throw new Error('a subscriber') }
  subscribe('fastify-sockjs.stomp.connect', fail)
  t.teardown(() => unsubscribe('fastify-sockjs.stomp.connect', fail))
  const routes = tracingChannel('fastify-sockjs.stomp.message-route')
  routes.subscribe({ start: fail } as never)
  t.teardown(() => routes.unsubscribe({ start: fail } as never))
  const server = await buildStomp(t, { routes: ({ stomp }) => stomp.message('/m', { sendToSender: '/queue/m' }, () => 'x') })
  const client = await server.connect()
  await client.subscribe('m', '/user/queue/m')
  client.frame('SEND', { destination: '/app/m' }, '{}')
  t.equal((await client.message()).body.text, 'x')
  await until(() => caught.length === 2, 'Node has told of both')
  t.ok(caught.every((error) => (error as Error).message === 'a subscriber'))
})

t.test('the channels of sessions tell of their begin and their end, and never the id of the client', async (t) => {
  const seen = listen(t, 'session.open', 'session.close')
  const server = await buildServer(t, { nodes: 1, handler: (session) => { session.on('message', () => session.close(4001, 'enough')) } })
  const client = await newClient(server, 'xhr-streaming', { id: 'id-of-the-client' }).open()
  const { id } = await server.session()
  await client.send('x')
  t.match(await client.closed, { code: 4001 })
  const about = { endpoint: '/echo', session: id, transport: 'xhr-streaming' }
  t.same(seen, [
    ['fastify-sockjs.session.open', about],
    ['fastify-sockjs.session.close', { ...about, status: 'normal_closure', code: 4001, reason: 'enough', clean: true, undelivered: 0 }]
  ])
  t.notOk(JSON.stringify(seen).includes('id-of-the-client'))
})

t.test('the channel of refusals tells why a request got no session', async (t) => {
  const seen = listen(t, 'session.refuse')
  const server = await buildServer(t, { nodes: 1, plugin: { maxSessions: 1, origins: ['https://good.example'] } })
  await newClient(server, 'xhr-streaming').open()
  const post = async (headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(`http://127.0.0.1:${server.port}/echo/000/other-id/xhr`, { method: 'POST', headers })).status
  t.same([await post(), await post({ origin: 'https://evil.example' })], [503, 403])
  t.same(seen, [
    ['fastify-sockjs.session.refuse', { endpoint: '/echo', reason: 'max_sessions' }],
    ['fastify-sockjs.session.refuse', { endpoint: '/echo', reason: 'origin' }]
  ])
})

t.test('the channel of the engine tells of its states', async (t) => {
  const seen = listen(t, 'engine.state')
  const network = new MemoryNetwork()
  const engine = network.engine()
  const server = await buildServer(t, { nodes: 1, plugin: { engine, node: 'a' } })
  t.same(seen[0], ['fastify-sockjs.engine.state', { node: 'a', engine: 'memory', state: 'available', reason: seen[0]![1].reason }])
  await server.stop()
  t.match(seen.at(-1), ['fastify-sockjs.engine.state', { node: 'a', state: 'stopped' }])
})

t.test('the channel of the broker tells of its states', async (t) => {
  const seen = listen(t, 'broker.state')
  const broker = memoryBroker()
  const listeners: ((state: 'available' | 'blocked', reason: string) => void)[] = []
  broker.onState = (listener) => { listeners.push(listener) }
  await buildStomp(t, { stomp: { broker } })
  for (const listener of listeners) listener('blocked', 'an alarm')
  t.same(seen, [['fastify-sockjs.broker.state', { state: 'blocked', reason: 'an alarm' }]])
})

t.test('docs/observability.md lists all channels', async (t) => {
  const page = readFileSync(new URL('../../docs/observability.md', import.meta.url), 'utf8')
  const listed = [...page.matchAll(/^\| `(fastify-sockjs\.[a-z.]+)` \|/gm)].map(([, name]) => name)
  t.same(listed.sort(), Object.values(channels).map((each) => (each as unknown as { name: string }).name).sort())
  for (const kind of ['message', 'subscribe']) t.ok(page.includes(`\`fastify-sockjs.stomp.${kind}-route\``), kind)
})

t.test('without subscribers no event is made', async (t) => {
  for (const name of ['stomp.connect', 'stomp.subscribe', 'stomp.error', 'broker.state']) t.equal(channel(`fastify-sockjs.${name}`).hasSubscribers, false, name)
  const server = await buildStomp(t, { routes: ({ stomp }) => stomp.message('/m', () => {}) })
  const client = await server.connect()
  const { tracing } = server.app.stomp.sessions.values().next().value!.host
  t.same([tracing.follows('message'), tracing.follows('subscribe')], [false, false])
  let runs = 0
  const run = tracing.run.bind(tracing)
  tracing.run = (...args) => { runs++; return run(...args) }
  await client.send('/app/m', '{}')
  t.equal(runs, 0, 'a route runs as if nothing could follow it')
  follow(t, 'message-route')
  await client.send('/app/m', '{}')
  t.equal(runs, 1)
})
