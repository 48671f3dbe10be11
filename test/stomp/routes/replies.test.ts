import t from 'tap'
import { destination, memoryBroker } from '../../../src/stomp.ts'
import { deferred, until } from '../../support/wait.ts'
import { buildStomp, codeOf, headersOf, refused, type StompTestClient } from '../support.ts'

/** What came, as subscription and JSON. */
const got = async (client: StompTestClient): Promise<[string | undefined, unknown][]> =>
  (await client.arrived()).map(({ headers, body }) => [headers.get('subscription'), JSON.parse(body.text) as unknown])

// --- where a value goes -------------------------------------------------------------------------------------------------------

t.test('SPRING-G6: the value that a handler returns, at once or later', async (t) => {
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/now', { sendTo: '/topic/a' }, () => 'now')
      app.stomp.message('/later', { sendTo: '/topic/a' }, async () => { await new Promise((resolve) => { setImmediate(resolve) }); return { later: true } })
      app.stomp.message('/bytes', { sendTo: '/topic/a' }, () => Uint8Array.of(1, 2))
    }
  })
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  for (const path of ['now', 'later', 'bytes']) await client.send('/app/' + path)
  const [now, later, bytes] = await client.arrived()
  t.strictSame([now!.body.text, now!.headers.get('content-type')], ['now', 'text/plain;charset=UTF-8'])
  t.strictSame([later!.body.text, later!.headers.get('content-type')], ['{"later":true}', 'application/json;charset=UTF-8'])
  t.strictSame([[...bytes!.body.bytes], bytes!.headers.get('content-type')], [[1, 2], 'application/octet-stream'])
})

t.test('SPRING-G7, SPRING-G10: several targets, filled with the parameters', async (t) => {
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.message('/chat/:room/:id', { sendTo: ['/topic/chat/:room', '/topic/all/:room.:id'] }, () => 1)
  })
  const client = await (await server.connect()).subscribe('a', '/topic/chat/lobby')
  await client.subscribe('b', '/topic/all/lobby.7')
  await client.send('/app/chat/lobby/7')
  t.strictSame(await got(client), [['a', 1], ['b', 1]])
})

t.test('SPRING-G8: a value without a target goes to reply-to, and without that is reported once as lost', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/echo', ({ body }) => body) })
  const client = await (await server.connect()).subscribe('a', '/topic/answers')
  await client.subscribe('all', '/topic/**')
  await client.sendJson('/app/echo', 1, { 'reply-to': '/topic/answers' })
  t.strictSame((await got(client)).sort(), [['a', 1], ['all', 1]])
  for (let i = 0; i < 3; i++) await client.sendJson('/app/echo', 2)
  t.strictSame(await got(client), [])
  t.equal(server.log.filter((line) => line.includes('nowhere to go')).length, 1)
})

t.test('an answer at reply-to repeats the correlation-id, and no other answer does', async (t) => {
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/echo', ({ body }) => body)
      app.stomp.message('/own', ({ body, reply }) => { reply.headers({ 'correlation-id': 'own' }); return body })
      app.stomp.message('/topic', { sendTo: '/topic/a' }, ({ body }) => body)
    }
  })
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  for (const path of ['echo', 'own', 'topic']) await client.sendJson(`/app/${path}`, 1, { 'reply-to': '/temp-queue/x', 'correlation-id': 'c-1' })
  t.strictSame((await client.arrived()).map(({ headers }) => [headers.get('subscription'), headers.get('correlation-id')]),
    [['/temp-queue/x', 'c-1'], ['/temp-queue/x', 'own'], ['a', undefined]])
})

t.test('SPRING-G11: to the sender alone, to the sender\'s user, and together with others', async (t) => {
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/mine', { sendToSender: '/queue/x' }, () => 'mine')
      app.stomp.message('/ours', { sendToUser: '/queue/x' }, () => 'ours')
      app.stomp.message('/both', { sendTo: '/topic/x', sendToSender: '/queue/x' }, () => 'both')
      app.stomp.message('/choice', ({ reply }) => reply.toUser('/queue/x').to('/topic/x').send('choice'))
      app.stomp.message('/only', ({ reply }) => { reply.toUser('/queue/x', { only: 'sender' }); return 'only' })
    }
  })
  const clients = []
  for (const user of ['kim', 'kim', 'lee', undefined, undefined]) {
    const client = await (await server.connect({ user })).subscribe('u', '/user/queue/x')
    clients.push(await client.subscribe('t', '/topic/x'))
  }
  const [kim, , , nobody] = clients
  const rows: readonly (readonly [StompTestClient, string, readonly string[]])[] = [
    [kim!, 'mine', ['u', '', '', '', '']], [kim!, 'ours', ['u', 'u', '', '', '']], [kim!, 'both', ['tu', 't', 't', 't', 't']],
    [kim!, 'choice', ['tu', 'tu', 't', 't', 't']], [kim!, 'only', ['u', '', '', '', '']], [nobody!, 'mine', ['', '', '', 'u', '']],
    [nobody!, 'ours', ['', '', '', 'u', '']]
  ]
  for (const [sender, path, expected] of rows) {
    await sender.send('/app/' + path)
    const seen = []
    for (const client of clients) seen.push((await client.arrived()).map(({ headers }) => headers.get('subscription')).sort().join(''))
    t.strictSame(seen, expected, path)
  }
})

t.test('SPRING-G12: nothing is sent for undefined and null', async (t) => {
  const server = await buildStomp(t, {
    routes (app) {
      for (const [path, value] of [
        ['/undefined', undefined], ['/null', null], ['/zero', 0], ['/empty', ''], ['/false', false]
      ] as const) {
        app.stomp.message(path, { sendTo: '/topic/a' }, () => value)
      }
    }
  })
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  for (const path of ['undefined', 'null', 'zero', 'empty', 'false']) await client.send('/app/' + path)
  t.strictSame(await client.bodies(), ['0', '', 'false'])
})

t.test('SPRING-G14: of the headers only those that the handler chose', async (t) => {
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/a', { sendTo: '/topic/a' }, ({ headers, reply }) => {
        reply.headers({ kept: headers['x']!, subscription: 'forged' })
        return 1
      })
    }
  })
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  await client.send('/app/a', '1', { x: 'y', z: 'z' })
  const message = await client.message()
  t.strictSame([...message.headers.keys()].sort(), ['content-length', 'content-type', 'destination', 'kept', 'message-id', 'subscription'])
  t.match(headersOf(message), { kept: 'y', subscription: 'a' })
})

t.test('reply.to: destinations computed at run time, several values, typed destinations', async (t) => {
  const room = destination<{ text: string }>('/topic/chat/:room')
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/say', { sendTo: '/topic/never' }, async ({ body, reply }) => {
        reply.to('/topic/chat/room/' + String(body)).to(room({ room: 5 }))
        await reply.send('first')
        await reply.send('second')
        return 'last'
      })
      app.stomp.message('/wrong', ({ reply }) => reply.to('/nowhere/x').send(1))
    }
  })
  const client = await (await server.connect()).subscribe('a', '/topic/**')
  await client.sendJson('/app/say', 'x')
  t.strictSame((await client.arrived()).map(({ headers, body }) => [headers.get('destination'), body.text]),
    ['first', 'second', 'last'].flatMap((text) => [['/topic/chat/room/x', text], ['/topic/chat/5', text]]))
  t.strictSame(room({ room: 'a' }), { path: '/topic/chat/a' })
  t.equal(await codeOf(() => room()), 'FST_STOMP_INVALID_DESTINATION')
  t.equal(await codeOf(() => room({ room: '' })), 'FST_STOMP_INVALID_DESTINATION')
  await server.stomp.publish(room({ room: 1 }), { text: 'typed' })
  t.strictSame(await client.json(), { text: 'typed' })
  await refused(t, client.frame('SEND', { destination: '/app/wrong', receipt: 'r' }), 'STOMP_HANDLER_FAILED', /./, 'r')
})

t.test('an async iterable is a stream of answers, beside the next messages', async (t) => {
  const gate = deferred<void>()
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/count', { sendTo: '/topic/a' }, async function * ({ body }) {
        yield body
        await gate.promise
        yield 'end'
      })
    }
  })
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  await client.sendJson('/app/count', 1)
  await client.sendJson('/app/count', 2)
  t.strictSame(await client.bodies(), ['1', '2'])
  gate.resolve()
  t.strictSame([(await client.message()).body.text, (await client.message()).body.text], ['end', 'end'])
})

t.test('one message of a session at a time; other sessions do not wait', async (t) => {
  const gates = new Map<string, ReturnType<typeof deferred<void>>>()
  const seen: string[] = []
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.message('/a', async ({ body, user }) => {
      const gate = deferred<void>()
      gates.set(`${user!.name}${String(body)}`, gate)
      seen.push(`+${user!.name}${String(body)}`)
      await gate.promise
      seen.push(`-${user!.name}${String(body)}`)
    })
  })
  for (const user of ['kim', 'lee']) {
    const client = await server.connect({ user })
    for (const body of ['1', '2']) client.frame('SEND', { destination: '/app/a', 'content-type': 'text/plain' }, body)
  }
  for (const name of ['lee1', 'kim1', 'kim2', 'lee2']) {
    await until(() => gates.has(name), name)
    gates.get(name)!.resolve()
    await until(() => seen.includes('-' + name), name)
  }
  t.strictSame(seen.filter((entry) => entry.includes('kim')), ['+kim1', '-kim1', '+kim2', '-kim2'])
  t.ok(seen.indexOf('+lee1') < seen.indexOf('-kim1'))
})

t.test('reply-to does not count where the route has a target', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/echo', { sendTo: '/topic/a' }, ({ body }) => body) })
  const client = await (await server.connect()).subscribe('all', '/topic/**')
  await client.sendJson('/app/echo', 1, { 'reply-to': '/topic/b' })
  t.strictSame((await client.arrived()).map(({ headers }) => headers.get('destination')), ['/topic/a'])
})

// --- reply-to ------------------------------------------------------------------------------------------------------------------

t.test('reply-to:/temp-queue/x: the answer of a route comes under that id, to the sender alone', async (t) => {
  const server = await buildStomp(t, {
    stomp: { clientSend: 'application-only' },
    routes: (app) => app.stomp.message('/ask', ({ body }) => `re: ${String(body)}`)
  })
  const [client, other] = [await server.connect({ user: 'kim' }), await server.connect({ user: 'kim' })]
  await client.sendJson('/app/ask', 'a', { 'reply-to': '/temp-queue/x' })
  await other.sendJson('/app/ask', 'b', { 'reply-to': '/temp-queue/x' })
  t.strictSame((await client.arrived()).map(({ headers, body }) => [headers.get('subscription'), body.text]), [['/temp-queue/x', 're: a']])
  t.strictSame(await other.bodies(), ['re: b'])
})

t.test('reply-to:/temp-queue/x: who has subscribed it gets the answer there', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/ask', ({ body }) => `re: ${String(body)}`) })
  const client = await (await server.connect()).subscribe('mine', '/temp-queue/x')
  await client.sendJson('/app/ask', 'a', { 'reply-to': '/temp-queue/x' })
  t.strictSame((await client.arrived()).map(({ headers, body }) => [headers.get('subscription'), body.text]), [['mine', 're: a']])
})

t.test('SEC-S29: reply-to makes no more queues than the broker allows', async (t) => {
  const server = await buildStomp(t, { stomp: { broker: memoryBroker({ maxTemporaryQueues: 4 }) }, routes: (app) => app.stomp.message('/ask', () => 'x') })
  const client = await (await server.connect()).subscribe('errors', '/user/queue/errors')
  for (let i = 0; i < 20; i++) await client.sendJson('/app/ask', i, { 'reply-to': `/temp-queue/${i}` })
  t.equal((await client.arrived()).filter(({ body }) => body.text === 'x').length, 4)
  t.ok(server.stomp.subscriptions().length <= 5)
})

t.test('request and answer between two clients: an address that only the receiver has', async (t) => {
  const server = await buildStomp(t)
  const worker = await (await server.connect()).subscribe('jobs', '/queue/jobs')
  const client = await server.connect()
  await client.send('/queue/jobs', 'job', { 'reply-to': '/temp-queue/mine', 'correlation-id': '7' })
  const job = await worker.message()
  const address = job.headers.get('reply-to')!
  t.not(address, '/temp-queue/mine')
  await worker.send(address, 'done', { 'correlation-id': job.headers.get('correlation-id')! })
  const answer = await client.message()
  t.match(headersOf(answer), { subscription: '/temp-queue/mine', 'correlation-id': '7' })
  await refused(t, (await server.connect()).frame('SUBSCRIBE', { id: 'spy', destination: address }), 'STOMP_UNKNOWN_DESTINATION')
})

t.test('SEC-S65: reply-to gives a client no right that it has not', async (t) => {
  const routes = (app: Parameters<NonNullable<Parameters<typeof buildStomp>[1]>['routes'] & {}>[0]): void => app.stomp.message('/ask', ({ body }) => body)
  const strict = await buildStomp(t, { routes, stomp: { clientSend: 'application-only' } })
  const ruled = await buildStomp(t, { routes, stomp: { rules: [{ type: 'send', destination: '/topic/secret', deny: 'all' }, { allow: 'all' }] } })
  for (const server of [strict, ruled]) {
    const watcher = await (await server.connect()).subscribe('a', '/topic/secret')
    const client = await (await server.connect()).subscribe('errors', '/user/queue/errors')
    await client.sendJson('/app/ask', 'evil', { 'reply-to': '/topic/secret' })
    t.match(await client.json(), { error: 'STOMP_ACCESS_REFUSED' })
    t.strictSame(await watcher.bodies(), [])
  }
  const kim = await (await ruled.connect({ user: 'kim' })).subscribe('u', '/user/queue/a')
  const lee = await (await ruled.connect({ user: 'lee' })).subscribe('u', '/user/queue/a')
  await lee.ask('SEND', { destination: '/app/ask', 'reply-to': '/user/kim/queue/a' }, '"forged"')
  t.strictSame(await kim.bodies(), [], 'nor to other users')
})

// --- publish -------------------------------------------------------------------------------------------------------------------

t.test('publish: strings and bytes as they are, all else as JSON; headers; and what cannot be sent', async (t) => {
  const server = await buildStomp(t)
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  const rows = [
    ['text', 'text', 'text/plain;charset=UTF-8'], [{ a: 1 }, '{"a":1}', 'application/json;charset=UTF-8'],
    [null, 'null', 'application/json;charset=UTF-8'], [Buffer.from('x'), 'x', 'application/octet-stream'], ['', '', 'text/plain;charset=UTF-8']
  ] as const
  for (const [value, body, type] of rows) {
    await server.stomp.publish('/topic/a', value)
    const message = await client.message()
    t.strictSame([message.body.text, message.headers.get('content-type')], [body, type])
  }
  await server.stomp.publish('/topic/a', '<a/>', { headers: { 'content-type': 'application/xml', foo: 'bar' } })
  t.match(headersOf(await client.message()), { 'content-type': 'application/xml', foo: 'bar' })
  t.equal(await codeOf(() => server.stomp.publish('/topic/a', undefined)), 'FST_STOMP_INVALID_BODY')
  t.equal(await codeOf(() => server.stomp.publish('/topic/a', () => {})), 'FST_STOMP_INVALID_BODY')
  for (const destination of [
    '', 'topic', '/nowhere/a', '/app/a', '/user/queue/a', '/dlq'
  ]) {
    t.equal(await codeOf(() => server.stomp.publish(destination, 1)), 'FST_STOMP_INVALID_DESTINATION', destination)
  }
  t.strictSame(await client.bodies(), [])
})

// --- subscribe routes -------------------------------------------------------------------------------------------------------------

t.test('SPRING-G13: the answer to a SUBSCRIBE goes to that subscription alone', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.subscribe('/history/:room', {
        schema: { params: { type: 'object', properties: { room: { type: 'string', maxLength: 5 } } }, headers: { type: 'object', properties: { last: { type: 'integer', default: 3 } } } },
        preHandler: [({ user }) => { seen.push(user) }, async () => {}]
      }, ({ params, headers, destination, signal }) => { seen.push([params, headers['last'], destination, signal.aborted]); return ['a', 'b'] })
      app.stomp.subscribe('/nothing', () => undefined)
      app.stomp.subscribe('/null', () => null)
      app.stomp.subscribe('/topic', async ({ params }) => { await app.stomp.publish('/topic/joined', params); return undefined })
    }
  })
  const other = await (await server.connect()).subscribe('a', '/topic/**')
  const client = await (await server.connect({ user: 'kim' })).subscribe('h1', '/app/history/x')
  await client.subscribe('h2', '/app/history/x', { last: '5' })
  await client.subscribe('n1', '/app/nothing')
  await client.subscribe('n2', '/app/null')
  const messages = await client.arrived()
  t.strictSame(messages.map(({ headers, body }) => [headers.get('subscription'), headers.get('destination'), body.text]),
    [['h1', '/app/history/x', '["a","b"]'], ['h2', '/app/history/x', '["a","b"]']])
  t.match(headersOf(messages[0]!), { 'content-type': 'application/json;charset=UTF-8', 'message-id': /^[A-Za-z0-9_-]+$/ })
  t.not(messages[0]!.headers.get('message-id'), messages[1]!.headers.get('message-id'))
  t.strictSame(seen.slice(1, 4), [[{ room: 'x' }, 3, '/app/history/x', false], { name: 'kim' }, [{ room: 'x' }, 5, '/app/history/x', false]])
  await client.subscribe('j', '/app/topic')
  t.strictSame(await other.bodies(), ['{}'], 'with a target of its own')
  await refused(t, client.frame('SUBSCRIBE', { id: 'x', destination: '/app/history/too-long' }), 'STOMP_HANDLER_FAILED', /params/)
})

t.test('SPRING-G13: the RECEIPT comes before the answers', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.subscribe('/a', () => 'answer') })
  const client = (await server.connect()).frame('SUBSCRIBE', { id: 'a', destination: '/app/a', receipt: 'r' })
  t.strictSame([(await client.next()).command, (await client.next()).command], ['RECEIPT', 'MESSAGE'])
})

t.test('a feed lives as long as its subscription, however that ends', async (t) => {
  const ended: string[] = []
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.subscribe('/feed/:name', async function * ({ params, signal }) {
      try {
        yield 'first'
        await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
        yield 'never'
      } finally {
        ended.push(params['name']!)
      }
    })
  })
  for (const [name, end] of [
    ['unsubscribe', (c) => c.ok('UNSUBSCRIBE', { id: 'f' })], ['disconnect', (c) => c.ok('DISCONNECT')], ['abort', (c) => c.inner.abort()],
    ['error', (c) => c.frame('ACK', { id: 'x' })]] as readonly (readonly [string, (client: StompTestClient) => unknown])[
  ]) {
    const client = await (await server.connect()).subscribe('f', '/app/feed/' + name)
    t.equal((await client.message()).body.text, 'first')
    await end(client)
    await until(() => ended.includes(name), `${name} ends it`)
    if (name === 'unsubscribe') t.strictSame(await client.bodies(), [])
  }
  t.strictSame(server.failures, [])
})
