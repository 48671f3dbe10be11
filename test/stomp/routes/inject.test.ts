import Fastify from 'fastify'
import t from 'tap'
import sockjs from '../../../src/index.ts'
import stomp, { memoryBroker, StompError } from '../../../src/stomp.ts'
import { isSettled } from '../../support/wait.ts'
import { buildStomp, codeOf } from '../support.ts'

// `app.stomp.inject()` as those use it who test their own routes.

t.test('inject starts the application by itself, as Fastify\'s own does', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sockjs)
  await app.register(stomp, { path: '/stomp', broker: memoryBroker() })
  app.stomp.message('/greet', { sendTo: '/topic/a' }, ({ body }) => ({ hello: body }))
  const client = await app.stomp.inject()
  const id = await client.subscribe('/topic/a')
  await client.send('/app/greet', { name: 'kim' })
  const message = await client.next('MESSAGE')
  t.equal(message.headers.get('subscription'), id)
  t.strictSame(JSON.parse(message.body.text), { hello: { name: 'kim' } })
  await client.send('/app/greet', 'text')
  t.strictSame(await client.nextJson(), { hello: 'text' })
  t.not(await client.subscribe('/topic/a'), id)
  t.equal(await client.subscribe('/topic/b', { id: 'mine' }), 'mine')
  await client.disconnect()
  t.match(await client.closed, { code: 1000 })
})

t.test('inject: user, headers and version of CONNECT; or no CONNECT at all', async (t) => {
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.addHook('onConnect', ({ login }, session) => { if (login !== undefined) session.user = { name: login } })
      app.stomp.message('/me', { sendToSender: '/queue/me' }, ({ session, user }) => [user?.name, session.version])
    }
  })
  for (const [options, expected] of [
    [{ user: 'kim' }, ['kim', '1.2']], [{ user: { name: 'kim' }, version: '1.0' }, ['kim', '1.0']], [{ headers: { login: 'lee' } }, ['lee', '1.2']], [{}, [null, '1.2']]
  ] as const) {
    const client = await server.stomp.inject(options)
    await client.subscribe('/user/queue/me')
    await client.send('/app/me', '')
    t.strictSame(await client.nextJson(), expected)
    client.abort()
    t.equal((await client.closed).code, 1006)
  }
  const silent = await server.stomp.inject({ connect: false })
  t.equal(server.stomp.sessions.size, 0)
  silent.raw('CONNECT\naccept-version:1.2\n\n\0')
  t.equal((await silent.next()).command, 'CONNECTED')
})

t.test('inject: what is refused is thrown, with the code of the ERROR', async (t) => {
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.addHook('onConnect', ({ login }) => { if (login === 'eve') throw new StompError('STOMP_AUTHENTICATION_FAILED') })
  })
  t.equal(await codeOf(() => server.stomp.inject({ headers: { login: 'eve' } })), 'STOMP_AUTHENTICATION_FAILED')
  const client = await server.stomp.inject()
  await client.subscribe('/topic/a')
  t.equal(await codeOf(() => client.send('/nowhere', 'x')), 'STOMP_UNKNOWN_DESTINATION')
  t.equal((await client.closed).code, 1002)
  t.equal(await codeOf(() => client.send('/topic/a', 'x')), 'FST_STOMP_INJECT_CLOSED')
  t.equal(await codeOf(() => client.next()), 'FST_STOMP_INJECT_CLOSED')
})

t.test('inject: next waits for a kind of frame, as long as it is told, and leaves the others', async (t) => {
  const server = await buildStomp(t)
  const client = await server.stomp.inject()
  await client.subscribe('/topic/a')
  t.equal(await codeOf(() => client.next(undefined, 20)), 'FST_STOMP_INJECT_TIMEOUT')
  const waiting = client.next('RECEIPT')
  await server.stomp.publish('/topic/a', 'x')
  client.frame('BEGIN', { transaction: 't', receipt: 'r' })
  t.equal((await waiting).headers.get('receipt-id'), 'r')
  t.strictSame(client.waiting.map(({ command }) => command), ['MESSAGE'])
  t.equal((await client.next()).body.text, 'x')
  const never = client.next('MESSAGE')
  t.notOk(await isSettled(never))
  client.abort()
  await t.rejects(never, { code: 'FST_STOMP_INJECT_CLOSED' })
})

t.test('inject: an ERROR that comes after a confirmed frame is not swallowed by it', async (t) => {
  const server = await buildStomp(t)
  const client = await server.stomp.inject()
  await client.send('/topic/a', 'x')
  await client.subscribe('/topic/a')
  client.raw('FOO\n\n\0')
  t.equal((await client.next('ERROR')).headers.get('code'), 'STOMP_UNKNOWN_COMMAND')
})
