import { readFileSync } from 'node:fs'
import t from 'tap'
import { StompError } from '../../../src/stomp.ts'
import { deferred } from '../../support/wait.ts'
import { buildStomp, headersOf, refused, text } from '../support.ts'

const { version: ours } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }

t.test('STOMP-C1, SPRING-D6: STOMP is CONNECT', async (t) => {
  const server = await buildStomp(t)
  for (const command of ['CONNECT', 'STOMP'] as const) {
    const client = await server.open()
    t.equal((await client.frame(command, { 'accept-version': '1.2' }).next()).command, 'CONNECTED')
    await client.subscribe('a', '/topic/a')
  }
})

t.test('STOMP-C2: the highest version that both know', async (t) => {
  const server = await buildStomp(t)
  const rows = [
    [undefined, '1.0'], ['1.0', '1.0'], ['1.1', '1.1'], ['1.2', '1.2'], ['1.2,1.1,1.0', '1.2'], ['1.0,1.1,1.2', '1.2'], ['1.1,1.0', '1.1'],
    ['1.0,1.1,1.5,9', '1.1'], [' 1.0 , 1.1 ', '1.1'], ['abc,1.0', '1.0']
  ] as const
  for (const [asked, version] of rows) {
    const client = await server.open({ version })
    const answer = await client.frame('CONNECT', asked === undefined ? {} : { 'accept-version': asked }).next()
    t.equal(answer.headers.get('version'), version, `${asked}`)
  }
})

t.test('STOMP-C3, SPRING-D5: no version in common', async (t) => {
  const server = await buildStomp(t)
  for (const asked of ['9', '1.3', '', '2.0,10', '1,2']) {
    const client = (await server.open()).frame('CONNECT', { 'accept-version': asked })
    const error = await refused(t, client, 'STOMP_NO_COMMON_VERSION')
    t.equal(error.headers.get('version'), '1.0,1.1,1.2')
  }
})

t.test('STOMP-C4, SPRING-D1: CONNECTED says version, session, server and heart-beat, in every version', async (t) => {
  const server = await buildStomp(t)
  const ids = new Set<string>()
  for (const version of ['1.0', '1.1', '1.2'] as const) {
    const { connected } = await server.connect({ version })
    t.strictSame([...connected!.headers.keys()], ['version', 'session', 'server', 'heart-beat'])
    t.match(headersOf(connected!), { version, session: /^[A-Za-z0-9_-]{16,}$/, server: `fastify-sockjs/${ours}`, 'heart-beat': '0,0' })
    t.equal(connected!.body.length, 0)
    ids.add(connected!.headers.get('session')!)
  }
  t.equal(ids.size, 3, 'every session has an id of its own')
})

t.test('SPRING-D2: CONNECTED names the user, if there is one', async (t) => {
  const server = await buildStomp(t)
  t.equal((await server.connect({ user: { name: 'kim' } })).connected!.headers.get('user-name'), 'kim')
  t.equal((await server.connect({ user: 'kim' })).connected!.headers.get('user-name'), 'kim')
  t.notOk((await server.connect()).connected!.headers.has('user-name'))
})

t.test('SEC-S57: a user name cannot add headers to CONNECTED', async (t) => {
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.addHook('onConnect', (_frame, session) => { session.user = { name: 'kim\nversion:0\n\nMESSAGE\0' } })
  })
  const { connected } = await server.connect()
  t.strictSame([...connected!.headers.keys()], ['version', 'session', 'server', 'heart-beat', 'user-name'])
  t.equal(connected!.headers.get('version'), '1.2')
})

t.test('STOMP-C5, STOMP-C6: any host or none, unless the option names them', async (t) => {
  const lenient = await buildStomp(t)
  for (const host of [{}, { host: '' }, { host: 'nowhere.example' }]) {
    const client = (await lenient.open()).frame('CONNECT', { 'accept-version': '1.2', ...host })
    t.equal((await client.next()).command, 'CONNECTED')
  }
  const strict = await buildStomp(t, { stomp: { hosts: ['a.example', 'b.example'] } })
  for (const host of ['a.example', 'b.example']) {
    t.equal((await (await strict.open()).hello({ host })).command, 'CONNECTED')
  }
  for (const host of [{}, { host: '' }, { host: 'c.example' }]) {
    const client = (await strict.open()).frame('CONNECT', { 'accept-version': '1.2', ...host })
    await refused(t, client, 'STOMP_UNKNOWN_HOST')
  }
})

t.test('STOMP-C7, STOMP-E3: the hook sees login, passcode and every other header as they were sent', async (t) => {
  const seen: object[] = []
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.addHook('onConnect', (frame, session) => {
      seen.push({ login: frame.login, passcode: frame.passcode, authorization: frame.authorization, x: frame.headers.get('x') })
      if (frame.passcode !== 'a\\cb') throw new StompError('STOMP_AUTHENTICATION_FAILED')
      session.user = { name: frame.login! }
    })
  })
  const client = (await server.open()).raw('CONNECT\naccept-version:1.2\nlogin:kim\npasscode:a\\cb\nauthorization:Bearer x\nx:a:b\n\n\0')
  t.equal((await client.next()).headers.get('user-name'), 'kim')
  t.strictSame(seen, [{ login: 'kim', passcode: 'a\\cb', authorization: 'Bearer x', x: 'a:b' }])
  const [session] = server.stomp.sessions
  t.equal(session!.connectHeaders.get('login'), 'kim')
  t.notOk(session!.connectHeaders.has('passcode'), 'secrets are not kept')
  t.notOk(session!.connectHeaders.has('authorization'))

  const wrong = (await server.open()).frame('CONNECT', { 'accept-version': '1.2', login: 'kim', passcode: 'wrong' })
  await refused(t, wrong, 'STOMP_AUTHENTICATION_FAILED')
})

t.test('STOMP-C7, SPRING-D9: a hook refuses with an error of any kind; what follows in the same message is ignored', async (t) => {
  const published: string[] = []
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.addHook('onConnect', async ({ login }) => {
        if (login === 'status') throw Object.assign(new Error('Pay: first\nplease'), { statusCode: 402, code: 'PAYMENT' })
        if (login === 'broken') throw new Error('secret of /etc/passwd')
        if (login === 'server') throw Object.assign(new Error('secret too'), { statusCode: 503 })
      })
      app.stomp.addHook('preSend', (_session, { destination }) => { published.push(destination) })
    }
  })
  const rows = [
    ['status', 'PAYMENT', /^Pay +first please$/], ['broken', 'STOMP_INTERNAL', /^Internal server error$/],
    ['server', 'STOMP_INTERNAL', /^Internal server error$/]
  ] as const
  for (const [login, code, message] of rows) {
    const behind = 'SEND\ndestination:/topic/a\n\n\0SUBSCRIBE\nid:a\ndestination:/topic/a\n\n\0'
    const client = (await server.open()).raw(`CONNECT\naccept-version:1.2\nlogin:${login}\n\n\0${behind}`)
    const error = await refused(t, client, code, message)
    t.notMatch(text(error), /secret|passwd|at .*\.ts/, 'STOMP-X2')
  }
  t.strictSame(published, [])
  t.equal(server.stomp.sessions.size, 0)
})

t.test('STOMP-C8, SPRING-D7: nothing goes before CONNECT', async (t) => {
  const server = await buildStomp(t)
  const observer = await (await server.connect()).subscribe('all', '/topic/**')
  const frames = [
    'SEND\ndestination:/topic/a\n\nx\0', 'SUBSCRIBE\nid:a\ndestination:/topic/a\n\n\0', 'UNSUBSCRIBE\nid:a\n\n\0', 'ACK\nid:a\n\n\0', 'NACK\nid:a\n\n\0',
    'BEGIN\ntransaction:a\n\n\0', 'COMMIT\ntransaction:a\n\n\0', 'ABORT\ntransaction:a\n\n\0', 'DISCONNECT\n\n\0'
  ]
  for (const frame of frames) {
    await refused(t, (await server.open()).raw(frame + 'CONNECT\naccept-version:1.2\n\n\0'), 'STOMP_NOT_CONNECTED')
  }
  await refused(t, (await server.open()).raw('SEND\ndestination:/topic/a\nreceipt:r-1\n\nx\0'), 'STOMP_NOT_CONNECTED', /./, 'r-1')
  t.strictSame(await observer.bodies(), [])
})

t.test('STOMP-C8, SPRING-D8: a second CONNECT', async (t) => {
  const server = await buildStomp(t)
  for (const command of ['CONNECT', 'STOMP']) {
    const client = await server.connect()
    await refused(t, client.raw(`${command}\naccept-version:1.2\n\n\0`), 'STOMP_ALREADY_CONNECTED')
  }
  t.equal(server.stomp.sessions.size, 0)
})

t.test('STOMP-C8: a second CONNECT while the first is being judged waits its turn, and is refused', async (t) => {
  const gate = deferred<void>()
  const server = await buildStomp(t, { routes: (app) => app.stomp.addHook('onConnect', () => gate.promise) })
  const client = (await server.open()).raw('CONNECT\naccept-version:1.2\n\n\0CONNECT\naccept-version:1.2\n\n\0')
  gate.resolve()
  t.equal((await client.next()).command, 'CONNECTED')
  await refused(t, client, 'STOMP_ALREADY_CONNECTED')
})

t.test('STOMP-C9, SEC-S24, SPRING-D21: CONNECT must come within 10 s', async (t) => {
  const server = await buildStomp(t)
  const silent = await server.open()
  const talking = await server.open()
  const late = await server.open()
  server.clock.advance(9_900)
  talking.raw('\n\nCONNECT\naccept-version:1.2\n')
  t.equal((await late.hello()).command, 'CONNECTED')
  server.clock.advance(150)
  await refused(t, silent, 'STOMP_CONNECT_TIMEOUT')
  await refused(t, talking, 'STOMP_CONNECT_TIMEOUT', /./)
  server.clock.advance(100_000)
  await late.subscribe('a', '/topic/a')
})

t.test('STOMP-C9: the time that onConnect takes does not count, and the option counts', async (t) => {
  const gate = deferred<void>()
  const server = await buildStomp(t, { stomp: { limits: { connectTimeout: 500 } }, routes: (app) => app.stomp.addHook('onConnect', () => gate.promise) })
  const judged = (await server.open()).frame('CONNECT', { 'accept-version': '1.2' })
  const silent = await server.open()
  server.clock.advance(450)
  t.strictSame(silent.inner.waiting, [])
  server.clock.advance(100)
  await refused(t, silent, 'STOMP_CONNECT_TIMEOUT')
  server.clock.advance(60_000)
  gate.resolve()
  t.equal((await judged.next()).command, 'CONNECTED')
})

t.test('STOMP-C10: a receipt on CONNECT means nothing', async (t) => {
  const server = await buildStomp(t)
  const client = await server.connect({ headers: { receipt: 'r-1' } })
  t.notOk(client.connected!.headers.has('receipt-id'))
  t.strictSame(client.inner.waiting, [])
  const bad = (await server.open()).frame('CONNECT', { 'accept-version': '9', receipt: 'r-1' })
  await refused(t, bad, 'STOMP_NO_COMMON_VERSION', /./, undefined)
})

t.test('STOMP-C11: a refused connection hears why before it closes', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.addHook('onConnect', () => { throw new StompError('STOMP_ACCESS_REFUSED', 'not today') }) })
  const client = (await server.open()).frame('CONNECT', { 'accept-version': '1.2' })
  const error = await refused(t, client, 'STOMP_ACCESS_REFUSED', /^Access refused \(not today\)$/)
  t.equal(error.body.text, 'Access refused (not today).\n')
  t.match(await client.closed, { code: 1002, reason: 'Access refused (not today)' })
})

t.test('STOMP-E4: an ERROR before negotiation needs no escape', async (t) => {
  const server = await buildStomp(t)
  for (const raw of [
    'SEND\nreceipt:a\n\n\0', 'CONNECT\naccept-version:1.2\nheart-beat:x\n\n\0', 'CONNECT\nnonsense\n\n\0', 'FOO\n\n\0',
    'CONNECT\naccept-version:8\n\n\0'
  ]) {
    const error = await (await server.open()).raw(raw).next()
    t.equal(error.command, 'ERROR')
    for (const [name, value] of error.headers) t.notMatch(name + value, /[:\\\r\n]/, raw)
  }
})

t.test('SPRING-D16: the user that onConnect sets is on all that follows', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.addHook('onConnect', (_frame, session) => { session.user = { name: 'kim', role: 'admin' } })
      app.stomp.addHook('onSubscribe', (session) => { seen.push(['subscribe', session.user]) })
      app.stomp.addHook('preSend', (session) => { seen.push(['send', session.user]) })
      app.stomp.addHook('onDisconnect', (session) => { seen.push(['disconnect', session.user]) })
      app.stomp.message('/me', ({ user }) => { seen.push(['handler', user]) })
    }
  })
  const client = await server.connect({ user: { name: 'somebody else' } })
  await client.subscribe('a', '/topic/a')
  await client.send('/app/me')
  await client.ok('DISCONNECT')
  await client.closed
  const user = { name: 'kim', role: 'admin' }
  t.strictSame(seen, [['subscribe', user], ['send', user], ['handler', user], ['disconnect', user]])
})

t.test('SPRING-D19: attributes are one object for the life of a session', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.addHook('onConnect', (_frame, session) => { session.attributes['cart'] = [] })
      app.stomp.message('/add', ({ session, body }) => { (session.attributes['cart'] as unknown[]).push(body) })
      app.stomp.addHook('onDisconnect', (session) => { seen.push(session.attributes['cart']) })
    }
  })
  const client = await server.connect()
  const other = await server.connect()
  await client.sendJson('/app/add', 1)
  await other.sendJson('/app/add', 3)
  await client.sendJson('/app/add', 2)
  await client.ok('DISCONNECT')
  await client.closed
  t.strictSame(seen, [[1, 2]])
})

t.test('SPRING-C28: no passcode and no token is ever logged', async (t) => {
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.addHook('onConnect', ({ login }) => { if (login === 'bad') throw new StompError('STOMP_AUTHENTICATION_FAILED') })
  })
  const secrets = { passcode: 'hunter2hunter2', authorization: 'Bearer hunter2hunter2' }
  const client = await server.connect({ headers: { login: 'kim', ...secrets } })
  await refused(t, (await server.open()).frame('CONNECT', { 'accept-version': '1.2', login: 'bad', ...secrets }), 'STOMP_AUTHENTICATION_FAILED')
  await refused(t, (await server.open()).frame('CONNECT', { 'accept-version': '7', ...secrets }), 'STOMP_NO_COMMON_VERSION')
  await refused(t, client.frame('SEND', { passcode: 'hunter2hunter2' }), 'STOMP_HEADER_MISSING')
  t.ok(server.log.length > 0)
  t.notMatch(server.log.join(''), /hunter2/)
})
