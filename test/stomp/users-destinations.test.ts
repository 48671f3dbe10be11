import t from 'tap'
import { destination, memoryBroker } from '../../src/stomp.ts'
import { buildStomp, codeOf, headersOf, refused, type StompTestClient } from './support.ts'

/** Which of the clients got something, and what. */
async function who (clients: Readonly<Record<string, StompTestClient>>): Promise<Record<string, string[]>> {
  const got: Record<string, string[]> = {}
  for (const [name, client] of Object.entries(clients)) {
    const bodies = await client.bodies()
    if (bodies.length > 0) got[name] = bodies
  }
  return got
}

t.test('SPRING-F1, SPRING-F3, SPRING-F6: publishToUser reaches every session of the user that subscribes, and nobody else', async (t) => {
  const server = await buildStomp(t)
  const clients = {
    kim1: await (await server.connect({ user: { name: 'kim' } })).subscribe('a', '/user/queue/alerts'),
    kim2: await (await server.connect({ user: { name: 'kim' } })).subscribe('b', '/user/queue/alerts'),
    kim3: await (await server.connect({ user: { name: 'kim' } })).subscribe('c', '/user/queue/other'),
    lee: await (await server.connect({ user: { name: 'lee' } })).subscribe('d', '/user/queue/alerts'),
    nobody: await (await server.connect()).subscribe('e', '/user/queue/alerts')
  }
  t.strictSame(server.stomp.publishToUser('kim', '/queue/alerts', 'x'), { sessions: 2 })
  t.strictSame(await who(clients), { kim1: ['x'], kim2: ['x'] })
  t.strictSame(server.stomp.publishToUser('kim', '/user/queue/other', 'y', { headers: { foo: 'bar' } }), { sessions: 1 }, 'with the prefix it is the same')
  const [message] = await clients.kim3.arrived()
  t.match(headersOf(message!), { subscription: 'c', destination: '/user/queue/other', foo: 'bar', 'message-id': /^[A-Za-z0-9_-]+$/ })
  t.strictSame(server.stomp.publishToUser('nobody', '/queue/alerts', 'x'), { sessions: 0 })
  t.equal(await codeOf(() => server.stomp.publishToUser('', '/queue/alerts', 'x')), 'FST_STOMP_INVALID_OPTION')
  t.strictSame(server.stomp.publishToUser('lee', destination<string>('/queue/:what')({ what: 'alerts' }), 'z'), { sessions: 1 })
  t.strictSame(await who(clients), { lee: ['z'] })
  t.equal(await codeOf(() => server.stomp.publishToUser('kim', '/queue/alerts', undefined)), 'FST_STOMP_INVALID_BODY')
})

t.test('SPRING-F2: with another separator', async (t) => {
  const server = await buildStomp(t, { stomp: { broker: memoryBroker({ separator: '.' }) } })
  const clients = {
    kim: await (await server.connect({ user: 'kim' })).subscribe('a', '/user/queue/call.me'),
    lee: await (await server.connect({ user: 'lee' })).subscribe('a', '/user/queue/call.me')
  }
  t.strictSame(server.stomp.publishToUser('kim', '/queue/call.me', 'x'), { sessions: 1 })
  t.strictSame(await who(clients), { kim: ['x'] })
})

t.test('SPRING-F4: a session without a user has its own queues all the same', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/me', { sendToUser: '/queue/me' }, ({ session }) => session.id) })
  const clients = { one: await (await server.connect()).subscribe('a', '/user/queue/me'), two: await (await server.connect()).subscribe('a', '/user/queue/me') }
  await clients.one.send('/app/me')
  t.strictSame(await who(clients), { one: [clients.one.connected!.headers.get('session')!] })
})

t.test('SPRING-F8: the id of a session is no user name', async (t) => {
  const server = await buildStomp(t, { stomp: { rules: [{ type: 'send', destination: '/user/**', allow: 'all' }, { allow: 'all' }] } })
  const anonymous = await (await server.connect()).subscribe('a', '/user/queue/a')
  const id = anonymous.connected!.headers.get('session')!
  t.strictSame(server.stomp.publishToUser(id, '/queue/a', 'x'), { sessions: 0 })
  await (await server.connect()).send(`/user/${id}/queue/a`, 'forged')
  t.strictSame(await anonymous.bodies(), [])
})

t.test('SPRING-F6, SEC-S66: a client cannot send to users, unless a rule says so', async (t) => {
  const plain = await buildStomp(t)
  const victim = await (await plain.connect({ user: 'kim' })).subscribe('a', '/user/queue/a')
  for (const destination of ['/user/kim/queue/a', '/user/queue/a', '/user/lee/queue/a', '/user//queue/a']) {
    await refused(t, (await plain.connect({ user: 'lee' })).frame('SEND', { destination, receipt: 'r' }, 'forged'), 'STOMP_ACCESS_REFUSED', /./, 'r')
  }
  t.strictSame(await victim.bodies(), [])

  const ruled = await buildStomp(t, {
    stomp: {
      rules: [{ type: 'send', destination: '/user/*/queue/chat', allow: 'authenticated' }, { type: 'subscribe', allow: 'all' }, { type: 'connect', allow: 'all' }]
    }
  })
  const clients = {
    kim1: await (await ruled.connect({ user: 'kim' })).subscribe('a', '/user/queue/chat'),
    kim2: await (await ruled.connect({ user: 'kim' })).subscribe('a', '/user/queue/chat'),
    lee: await (await ruled.connect({ user: 'lee' })).subscribe('a', '/user/queue/chat')
  }
  await clients.lee.send('/user/kim/queue/chat', 'hello', { foo: 'bar', 'user-name': 'admin' })
  const [message] = await clients.kim1.arrived()
  t.match(headersOf(message!), { destination: '/user/queue/chat', foo: 'bar' })
  t.notOk(message!.headers.has('user-name'))
  t.strictSame(await who(clients), { kim2: ['hello'] })
  await clients.lee.send('/user/gone/queue/chat', 'nobody is there')
  await refused(t, (await ruled.connect()).frame('SEND', { destination: '/user/kim/queue/chat' }), 'STOMP_ACCESS_REFUSED')
  await refused(t, clients.lee.frame('SEND', { destination: '/user/kim/queue/other' }), 'STOMP_ACCESS_REFUSED')
})

t.test('SPRING-F6, SEC-S66: a rule that names no destination does not mean other users', async (t) => {
  const server = await buildStomp(t, { stomp: { rules: [{ allow: 'all' }] } })
  const kim = await (await server.connect({ user: 'kim' })).subscribe('a', '/user/queue/a')
  await refused(t, (await server.connect()).frame('SEND', { destination: '/user/kim/queue/a' }, 'forged'), 'STOMP_ACCESS_REFUSED')
  t.strictSame(await kim.bodies(), [])
})

t.test('publishToSession: one session, by itself or its id', async (t) => {
  const server = await buildStomp(t)
  const clients = {
    one: await (await server.connect()).subscribe('a', '/user/queue/a'),
    two: await (await server.connect({ user: 'kim' })).subscribe('a', '/user/queue/a'),
    three: await server.connect({ user: 'kim' })
  }
  const [one, two, three] = server.stomp.sessions
  t.strictSame(server.stomp.publishToSession(one!, '/queue/a', 1), { sessions: 1 })
  t.strictSame(server.stomp.publishToSession(two!.id, '/queue/a', 2), { sessions: 1 })
  t.strictSame(server.stomp.publishToSession(three!, '/queue/a', 3), { sessions: 0 })
  t.strictSame(server.stomp.publishToSession('unknown', '/queue/a', 4), { sessions: 0 })
  t.strictSame(await who(clients), { one: ['1'], two: ['2'] })
})

t.test('SPRING-F5, SPRING-F7: names of users are percent-encoded in a destination, so that they may hold anything', async (t) => {
  const server = await buildStomp(t, { stomp: { rules: [{ type: 'send', destination: '/user/**', allow: 'all' }, { allow: 'all' }] } })
  const names = ['http://joe.openid.example.org/', 'a/b', 'ü 日本', '%2F', 'kim', '..', '*', '__proto__', 'constructor']
  const clients = new Map<string, StompTestClient>()
  for (const name of names) clients.set(name, await (await server.connect({ user: { name } })).subscribe('a', '/user/queue/a'))
  const sender = await server.connect()
  for (const name of names) {
    await sender.send(`/user/${encodeURIComponent(name)}/queue/a`, name)
    for (const other of names) t.strictSame(await clients.get(other)!.bodies(), other === name ? [name] : [], `${name} to ${other}`)
  }
  await sender.send('/user/a/b/queue/a', 'not a/b')
  t.strictSame(await clients.get('a/b')!.bodies(), [], 'the name is one segment')
  t.strictSame(server.stomp.publishToUser('a/b', '/queue/a', 'x'), { sessions: 1 }, 'the server says names as they are')
})

t.test('SPRING-F9: what begins like /user is no user destination', async (t) => {
  const server = await buildStomp(t)
  for (const destination of ['/user', '/users/queue/a', '/userqueue/a', 'user/queue/a', '/User/queue/a']) {
    await refused(t, (await server.connect()).frame('SUBSCRIBE', { id: 'a', destination }), 'STOMP_UNKNOWN_DESTINATION')
  }
})

t.test('SPRING-F14, SEC-S64, SEC-S66: no wildcard and no guess reaches what belongs to others', async (t) => {
  const server = await buildStomp(t, { stomp: { broker: memoryBroker({ queueWildcards: true }) } })
  const kim = await (await server.connect({ user: 'kim' })).subscribe('a', '/user/queue/a')
  const session = kim.connected!.headers.get('session')!
  const spy = await server.connect({ user: 'lee' })
  const guesses = [
    '/queue/*', '/queue/**', '/topic/**', '/queue/a', '/queue/a-user' + session, '/queue/a-userkim', '/user/kim/queue/a', `/user/${session}/queue/a`,
    '/topic/user/kim/queue/a', '/queue/user/kim/queue/a', '/user/queue/A'
  ]
  for (const [i, destination] of guesses.entries()) await spy.subscribe(String(i), destination)
  for (let i = 0; i < 3; i++) server.stomp.publishToUser('kim', '/queue/a', i)
  t.strictSame(await kim.bodies(), ['0', '1', '2'])
  t.strictSame(await spy.bodies(), [])
  for (const destination of ['/user/**', '/user/*', '/user/*/queue/a', '/user/queue/*', '/user/queue/**', '/user/kim/**']) {
    const client = (await server.connect({ user: 'lee' })).frame('SUBSCRIBE', { id: 'a', destination, receipt: 'r' })
    await refused(t, client, 'STOMP_ACCESS_REFUSED', /./, 'r')
  }
  for (const destination of ['/**', '/*/queue/a', '*', '**']) {
    await refused(t, (await server.connect()).frame('SUBSCRIBE', { id: 'a', destination }), 'STOMP_UNKNOWN_DESTINATION')
  }
})

t.test('the registry: users, sessions and subscriptions', async (t) => {
  const server = await buildStomp(t)
  const { users } = server.stomp
  t.equal(users.size, 0)
  const kim1 = await (await server.connect({ user: 'kim' })).subscribe('a', '/topic/a')
  const kim2 = await (await server.connect({ user: { name: 'kim', more: 1 } })).subscribe('a', '/topic/b')
  const lee = await (await server.connect({ user: 'lee' })).subscribe('x', '/topic/a')
  const nobody = await server.connect()
  await server.open()
  t.strictSame([users.size, users.has('kim'), users.has('mia'), users.get('mia')], [2, true, false, undefined])
  t.strictSame([...users].map(({ name, sessions }) => [name, sessions.size]), [['kim', 2], ['lee', 1]])
  t.equal(server.stomp.sessions.size, 4, 'anonymous ones too, but nobody before CONNECT')
  t.strictSame(server.stomp.subscriptions().map(({ user, id, destination }) => [user, id, destination]),
    [['kim', 'a', '/topic/a'], ['kim', 'a', '/topic/b'], ['lee', 'x', '/topic/a']])
  t.strictSame(server.stomp.subscriptions({ destination: '/topic/a' }).map(({ user, session }) => [user, session.user!.name]), [['kim', 'kim'], ['lee', 'lee']])
  kim1.inner.abort()
  t.strictSame([...users].map(({ name, sessions }) => [name, sessions.size]), [['kim', 1], ['lee', 1]])
  await kim2.ok('DISCONNECT')
  await kim2.closed
  await lee.ok('UNSUBSCRIBE', { id: 'x' })
  t.strictSame([users.size, server.stomp.subscriptions().length], [1, 0])
  nobody.inner.abort()
  lee.inner.abort()
  t.strictSame([users.size, server.stomp.sessions.size], [0, 0])
})

t.test('a session stays with the user that it connected as', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/become', ({ session, body }) => { session.user = { name: body as string } }) })
  const client = await (await server.connect({ user: 'kim' })).subscribe('a', '/user/queue/a')
  await client.sendJson('/app/become', 'lee')
  client.inner.abort()
  t.strictSame([server.stomp.users.size, server.stomp.users.has('kim'), server.stomp.users.has('lee')], [0, false, false])
})

t.test('close: by user, by session, or all', async (t) => {
  const server = await buildStomp(t)
  const clients = []
  for (const user of ['kim', 'kim', 'lee', undefined]) clients.push(await server.connect({ user }))
  const [kim1, kim2, lee, nobody] = clients
  t.equal(server.stomp.close({ user: 'mia' }), 0)
  t.equal(server.stomp.close({ user: 'kim', session: lee!.connected!.headers.get('session')! }), 0, 'both must fit')
  t.equal(server.stomp.close({ user: 'kim' }), 2)
  t.strictSame([await kim1!.closed, await kim2!.closed].map(({ code }) => code), [1000, 1000])
  t.equal(server.stomp.close({ session: lee!.connected!.headers.get('session')! }, 4003, 'enough'), 1)
  t.match(await lee!.closed, { code: 4003, reason: 'enough' })
  t.strictSame(lee!.inner.waiting, [], 'no ERROR')
  t.equal(server.stomp.close({ all: true }), 1)
  await nobody!.closed
  t.equal(server.stomp.sessions.size, 0)
})

t.test('R19: a broker may answer with a promise of another make: the RECEIPT waits for it', async (t) => {
  const broker = memoryBroker()
  let settle = (_value: unknown): void => {}
  // A promise that is no instance of ours.
  const foreign = { then: (resolve: (value: unknown) => void) => { settle = resolve } }
  broker.publishToUser = () => foreign as unknown as Promise<void>
  const server = await buildStomp(t, { stomp: { broker, rules: [{ allow: 'all' }, { destination: '/user/*/queue/a', allow: 'all' }] } })
  const client = await server.connect({ user: 'kim' })
  client.frame('SEND', { destination: '/user/lee/queue/a', receipt: 'later' }, 'x')
  const order: string[] = []
  const receipt = client.inner.next().then((frame) => order.push(`${frame.command} ${frame.headers.get('receipt-id')}`))
  await new Promise((resolve) => setImmediate(resolve))
  order.push('the broker is done')
  settle(undefined)
  await receipt
  t.strictSame(order, ['the broker is done', 'RECEIPT later'])
})
