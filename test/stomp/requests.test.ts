import t from 'tap'
import { StompNodes } from './nodes.ts'
import { buildStomp, codeOf, type StompTestClient } from './support.ts'

const idOf = (client: StompTestClient): string => client.connected!.headers.get('session')!

/** Reads the address for the answer to the next question. */
async function questioned (client: StompTestClient): Promise<{ replyTo: string, body: string }> {
  const { headers, body } = await client.message()
  return { replyTo: headers.get('reply-to')!, body: body.text }
}

t.test('request: the server asks a client, and gets its answer', async (t) => {
  const server = await buildStomp(t)
  const { stomp, clock } = server
  const client = await server.connect()
  await client.ask('SUBSCRIBE', { id: '1', destination: '/user/queue/confirm' })
  const [session] = stomp.sessions
  const timers = clock.pending
  const asked = stomp.request(session!, '/queue/confirm', { sure: true }, { headers: { lang: 'en' } })
  const { headers, body } = await client.message()
  t.same(JSON.parse(body.text), { sure: true })
  t.match(headers.get('reply-to'), /^\/app\/\$answer\/[\w-]{22}$/)
  t.equal(headers.get('correlation-id'), headers.get('reply-to')!.slice(-22))
  t.match({ lang: headers.get('lang'), destination: headers.get('destination') }, { lang: 'en', destination: '/user/queue/confirm' })
  t.equal((await client.ask('SEND', { destination: headers.get('reply-to')!, 'content-type': 'application/json' }, '{"yes":1}')).command, 'RECEIPT')
  t.same(await asked, { yes: 1 })
  t.equal((await client.ask('SEND', { destination: headers.get('reply-to')! }, '2')).command, 'RECEIPT', 'a second answer is late, and no mistake')
  for (const [sent, type, value] of [['yes', 'text/plain', 'yes'], ['', undefined, undefined], ['"x"', undefined, 'x']] as const) {
    const again = stomp.request(idOf(client), '/user/queue/confirm', 1)
    const { replyTo } = await questioned(client)
    await client.ask('SEND', { destination: replyTo, ...(type === undefined ? {} : { 'content-type': type }) }, sent)
    t.equal(await again, value)
  }
  t.equal(clock.pending, timers, 'no timer stays')
})

t.test('request: several questions wait beside each other, and each gets its own answer', async (t) => {
  const server = await buildStomp(t)
  const client = await server.connect()
  await client.ask('SUBSCRIBE', { id: '1', destination: '/user/queue/a' })
  const asked = ['one', 'two', 'three'].map((text) => server.stomp.request(idOf(client), '/queue/a', text))
  const questions = [await questioned(client), await questioned(client), await questioned(client)]
  t.equal(new Set(questions.map(({ replyTo }) => replyTo)).size, 3)
  for (const { replyTo, body } of questions.toReversed()) await client.ask('SEND', { destination: replyTo }, JSON.stringify(body))
  t.same(await Promise.all(asked), ['one', 'two', 'three'])
})

t.test('request: no other client can answer, and no rule has to allow the answer', async (t) => {
  const sent: string[] = []
  const server = await buildStomp(t, {
    stomp: { clientSend: 'application-only', rules: [{ type: 'connect', allow: 'all' }, { type: 'subscribe', allow: 'all' }] },
    routes ({ stomp }) { stomp.addHook('preSend', (_session, { destination }) => { sent.push(destination) }) }
  })
  const [asked, stranger] = [await server.connect({ user: 'kim' }), await server.connect({ user: 'kim' })]
  for (const client of [asked, stranger]) await client.ask('SUBSCRIBE', { id: '1', destination: '/user/queue/a' })
  const answer = server.stomp.request(idOf(asked), '/queue/a', 1)
  const { replyTo } = await questioned(asked)
  t.equal((await stranger.ask('SEND', { destination: replyTo }, '"wrong"')).command, 'RECEIPT')
  t.match(server.log.join(''), /an answer came for which nothing waits/)
  await asked.ask('SEND', { destination: replyTo }, '"right"')
  t.equal(await answer, 'right')
  t.same(sent, [replyTo, replyTo], 'the hook sees the frames')
  t.equal((await asked.ask('SEND', { destination: '/app/other' }, '1')).headers.get('code'), 'STOMP_ACCESS_REFUSED', 'the rules hold for the rest')
})

t.test('request: an answer in a transaction comes with its COMMIT', async (t) => {
  const server = await buildStomp(t)
  const client = await server.connect()
  await client.ask('SUBSCRIBE', { id: '1', destination: '/user/queue/a' })
  const answer = server.stomp.request(idOf(client), '/queue/a', 1)
  const { replyTo } = await questioned(client)
  client.frame('BEGIN', { transaction: 't' }).frame('SEND', { destination: replyTo, transaction: 't' }, '1').frame('COMMIT', { transaction: 't' })
  t.equal(await answer, 1)
})

t.test('request: the errors have codes', async (t) => {
  const server = await buildStomp(t)
  const { stomp, clock } = server
  const client = await server.connect()
  const id = idOf(client)
  await client.ask('SUBSCRIBE', { id: '1', destination: '/user/queue/a' })
  const timers = clock.pending
  const codes: [string, () => Promise<unknown>][] = [
    ['FST_STOMP_REQUEST_GONE', () => stomp.request('unknown', '/queue/a', 1)],
    ['FST_STOMP_REQUEST_UNHEARD', () => stomp.request(id, '/queue/b', 1)],
    ['FST_STOMP_INVALID_OPTION', () => stomp.request('', '/queue/a', 1)],
    ['FST_STOMP_INVALID_OPTION', () => stomp.request(id, '/queue/a', 1, { timeout: 0 })],
    ['FST_STOMP_INVALID_OPTION', () => stomp.request(id, '/queue/a', 1, { signal: {} as never })],
    ['FST_STOMP_INVALID_OPTION', () => stomp.request(id, '/queue/a', 1, { patience: 1 } as never)],
    ['FST_STOMP_INVALID_DESTINATION', () => stomp.request(id, 'queue', 1)],
    ['FST_STOMP_INVALID_BODY', () => stomp.request(id, '/queue/a', 1n)]
  ]
  for (const [code, ask] of codes) t.equal(await codeOf(ask), code)
  await t.rejects(stomp.request(id, '/queue/b', 1), { statusCode: 409, message: `session ${id} does not subscribe to /user/queue/b` })
  t.equal(clock.pending, timers)

  const late = stomp.request(id, '/queue/a', 1, { timeout: 300 })
  const { replyTo } = await questioned(client)
  clock.advance(400)
  await t.rejects(late, { code: 'FST_STOMP_REQUEST_TIMEOUT', statusCode: 504, message: `session ${id} has not answered within 300 ms` })
  t.equal((await client.ask('SEND', { destination: replyTo }, '1')).command, 'RECEIPT', 'a late answer is no mistake of the client')

  const refused = stomp.request(id, '/queue/a', 1)
  await client.ask('SEND', { destination: (await questioned(client)).replyTo, error: 'not now\nnot ever' })
  await t.rejects(refused, { code: 'FST_STOMP_REQUEST_REFUSED', message: /^the client has refused: not now.not ever$/ })
  const invalid = stomp.request(id, '/queue/a', 1)
  await client.ask('SEND', { destination: (await questioned(client)).replyTo, 'content-type': 'application/json' }, '{')
  await t.rejects(invalid, { code: 'FST_STOMP_REQUEST_INVALID', message: 'the answer of the client: the body is not JSON' })

  const controller = new AbortController()
  const aborted = stomp.request(id, '/queue/a', 1, { signal: controller.signal })
  await questioned(client)
  controller.abort(new Error('enough'))
  await t.rejects(aborted, { message: 'enough' })
  await t.rejects(stomp.request(id, '/queue/a', 1, { signal: controller.signal }), { message: 'enough' }, 'the client is not asked')

  const gone = [stomp.request(id, '/queue/a', 1), stomp.request(id, '/queue/a', 2)]
  client.inner.abort()
  for (const each of gone) await t.rejects(each, { code: 'FST_STOMP_REQUEST_GONE', statusCode: 410 })
  t.equal(clock.pending, 0, 'nothing waits any more')
})

t.test('request: a route cannot stand at the addresses of answers', async (t) => {
  await t.rejects(buildStomp(t, { routes ({ stomp }) { stomp.message('/$answer/:id', () => {}) } }), { code: 'FST_STOMP_INVALID_ROUTE', message: /\$answer belongs to the answers/ })
})

t.test('request: a session on another node is asked by its id', async (t) => {
  const nodes = await StompNodes.start(t, 3)
  const [one, two] = nodes.servers
  const client = await (await two!.connect()).subscribe('a', '/user/queue/a')
  const asked = one!.stomp.request(idOf(client), '/queue/a', { n: 1 }, { headers: { foo: 'bar' } })
  await nodes.settle()
  const [question] = await client.arrived()
  t.same([question!.body.text, question!.headers.get('foo')], ['{"n":1}', 'bar'])
  await client.ask('SEND', { destination: question!.headers.get('reply-to')!, 'content-type': 'application/octet-stream' }, Uint8Array.of(1, 0xff))
  await nodes.settle()
  t.same(await asked, Uint8Array.of(1, 0xff))

  t.equal(await codeOf(() => nodes.passUntil(one!.stomp.request(idOf(client), '/queue/b', 1))), 'FST_STOMP_REQUEST_UNHEARD')
  t.equal(await codeOf(() => nodes.passUntil(one!.stomp.request('unknown', '/queue/a', 1))), 'FST_STOMP_REQUEST_GONE')
  t.equal(await codeOf(() => nodes.passUntil(one!.stomp.request(idOf(client), '/queue/a', 1, { timeout: 1_000 }))), 'FST_STOMP_REQUEST_TIMEOUT')
  const controller = new AbortController()
  const aborted = one!.stomp.request(idOf(client), '/queue/a', 1, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await t.rejects(aborted, { message: 'enough' })
  const gone = one!.stomp.request(idOf(client), '/queue/a', 1)
  await nodes.settle()
  client.inner.abort()
  t.equal(await codeOf(() => nodes.passUntil(gone)), 'FST_STOMP_REQUEST_GONE')
  nodes.cut(0)
  t.equal(await codeOf(() => nodes.passUntil(one!.stomp.request('unknown', '/queue/a', 1))), 'FST_STOMP_REQUEST_UNREACHABLE')
})

t.test('request: a node that dies while it asks leaves the outcome open', async (t) => {
  const nodes = await StompNodes.start(t, 2)
  const [one, two] = nodes.servers
  const client = await (await two!.connect()).subscribe('a', '/user/queue/a')
  const asked = one!.stomp.request(idOf(client), '/queue/a', 1, { timeout: 60_000 })
  await nodes.settle()
  nodes.kill(1)
  t.equal(await codeOf(() => nodes.passUntil(asked)), 'FST_STOMP_REQUEST_UNREACHABLE')
})
