import http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { test, type Test } from 'tap'
import { newId } from '../support/client.ts'
import { ask } from '../support/http.ts'
import { leave, type LinkOptions, readToken, RESUMABLE, type ResumableTransport, TestLink } from '../support/resuming-client.ts'
import { buildServer, type ServerOptions, type TestServer } from '../support/server.ts'
import { until } from '../support/wait.ts'

const RESUME = { endpoint: { resume: { within: 20_000, limit: 100_000 } }, nodes: 1 } as const satisfies ServerOptions

function connect (server: TestServer, transport: ResumableTransport, resume: string, more: Partial<LinkOptions> = {}): TestLink {
  const link = TestLink.open(transport, { port: server.port, resume, ...more })
  server.own({ abort: () => link.cut() })
  return link
}

/** Opens a session that can be resumed. */
async function begin (t: Test, server: TestServer, transport: ResumableTransport, more: Partial<LinkOptions> = {}): Promise<{ link: TestLink, token: string }> {
  const link = connect(server, transport, '1', more)
  t.equal(await link.next(), 'o')
  const { token, count } = readToken(await link.next())
  t.match(token, /^[\w-]{22}$/)
  t.equal(count, 0)
  return { link, token }
}

/** Cuts the connection of a session, and waits until the server knows. */
async function cut (server: TestServer, link: TestLink): Promise<void> {
  const [session] = [...server.endpoint.sessions]
  link.cut()
  await until(() => {
    // Between two polls there is nothing to cut.
    if (session!.output.receiver === null && !session!.suspended) server.clock.advance(5_100)
    return session!.suspended
  }, 'the session is suspended')
}

for (const from of RESUMABLE) {
  for (const to of RESUMABLE) {
    test(`a session goes on: ${from} to ${to}`, async (t) => {
      const server = await buildServer(t, { ...RESUME, handler: () => {} })
      const { link, token } = await begin(t, server, from)
      const session = await server.session()
      const events: string[] = []
      session.on('message', (message) => { events.push(message) })
      session.on('suspend', () => { events.push('(suspend)') })
      session.on('resume', () => { events.push('(resume)') })
      await link.send('in 1', 'in 2')
      session.send('out 1')
      t.equal(await link.next(), 'a["out 1"]')
      await until(() => events.length === 2, 'the messages are here')
      const { id } = session
      await cut(server, link)
      session.send('out 2')
      const second = connect(server, to, `${token}.1`)
      t.equal(await second.next(), 'o')
      const next = readToken(await second.next())
      t.equal(next.count, 2)
      t.not(next.token, token)
      t.equal(await second.next(), 'a["out 2"]')
      await second.send('in 3')
      session.send('out 3')
      t.equal(await second.next(), 'a["out 3"]')
      await until(() => events.length === 5, 'the third message is here')
      t.strictSame(events, ['in 1', 'in 2', '(suspend)', '(resume)', 'in 3'])
      t.equal(session.id, id)
      t.equal(session.transport, to)
      t.equal(server.sessions.all.length, 1)
      t.strictSame(server.endpoint.stats().transports, { [to]: 1 })
      // The first token ends with the first confirmation.
      await second.confirm(3)
      await until(() => session.bufferedBytes === 0, 'the confirmation is here')
      const third = connect(server, to, `${token}.3`)
      await until(() => third.ended, 'the refusal')
      t.strictSame(third.frames.all, to === 'xhr-polling' ? ['r[]'] : ['o', 'r[]', 'c[1002,"Session cannot be resumed"]'])
      t.equal(session.state, 'open')
      t.notOk(session.suspended)
    })
  }
}

for (const transport of RESUMABLE) {
  test(`${transport}: sockjs-client and a client that does not ask get sessions as before`, async (t) => {
    const server = await buildServer(t, RESUME)
    const link = TestLink.open(transport, { port: server.port })
    server.own({ abort: () => link.cut() })
    t.equal(await link.next(), 'o')
    await link.send('one')
    t.equal(await link.next(), 'a["one"]')
    link.cut()
    if (transport === 'xhr-polling') server.clock.advance(5_100)
    t.equal((await server.closing()).code, 1002)
  })

  test(`${transport}: without the option the parameter has no effect`, async (t) => {
    const server = await buildServer(t, { nodes: 1 })
    const link = connect(server, transport, '1')
    t.equal(await link.next(), 'o')
    await link.send('one')
    t.equal(await link.next(), 'a["one"]')
  })

  test(`${transport}: of two tabs with one token one lives`, async (t) => {
    const server = await buildServer(t, { ...RESUME, handler: () => {} })
    const { link, token } = await begin(t, server, transport)
    const session = await server.session()
    const copy = connect(server, transport, `${token}.0`)
    t.equal(await copy.next(), 'o')
    t.match(await copy.next(), /^r\["/)
    await copy.confirm(0)
    await until(() => link.ended, 'the first tab is told')
    const back = connect(server, transport, `${token}.0`)
    await until(() => back.ended, 'the first tab cannot come back')
    t.ok(back.frames.all.includes('r[]'))
    session.send('one')
    t.equal(await copy.next(), 'a["one"]')
    t.equal(server.endpoint.sessions.size, 1)
  })

  test(`${transport}: a suspended session ends as soon as its client, and no other, claims messages that are not kept any more`, async (t) => {
    const server = await buildServer(t, { endpoint: { resume: { within: 20_000, limit: 200 }, user: (request) => request.headers['x-user'] }, handler: () => {}, nodes: 1 })
    const { link, token } = await begin(t, server, transport, { headers: { 'x-user': 'kim' } })
    const session = await server.session()
    for (let i = 0; i < 8; i++) {
      session.send(`${i}`.padEnd(98, '.'))
      await link.next()
    }
    await cut(server, link)
    const stranger = connect(server, transport, `${token}.1`, { headers: { 'x-user': 'lee' } })
    await until(() => stranger.ended, 'the refusal')
    t.ok(session.suspended)
    const dreamer = connect(server, transport, `${token}.9`, { headers: { 'x-user': 'kim' } })
    await until(() => dreamer.ended, 'the refusal of a count that cannot be')
    t.ok(session.suspended)
    const owner = connect(server, transport, `${token}.1`, { headers: { 'x-user': 'kim' } })
    await until(() => owner.ended, 'the refusal')
    t.ok(owner.frames.all.includes('r[]'))
    t.match(await server.closing(), { clean: false, undelivered: 8 })
    t.equal(server.endpoint.sessions.size, 0)
  })

  test(`${transport}: the token of another user is unknown`, async (t) => {
    const server = await buildServer(t, { endpoint: { ...RESUME.endpoint, user: (request) => request.headers['x-user'] }, nodes: 1 })
    const { link, token } = await begin(t, server, transport, { headers: { 'x-user': 'kim' } })
    await cut(server, link)
    const stranger = connect(server, transport, `${token}.0`, { headers: { 'x-user': 'lee' } })
    await until(() => stranger.ended, 'the refusal')
    t.ok(stranger.frames.all.includes('r[]'))
    const owner = connect(server, transport, `${token}.0`, { headers: { 'x-user': 'kim' } })
    t.equal(await owner.next(), 'o')
    t.match(await owner.next(), /^r\["/)
  })
}

test('info tells how long a session can be resumed', async (t) => {
  const server = await buildServer(t, RESUME)
  t.match(JSON.parse((await ask({ port: server.port, path: '/echo/info' })).body), { resume: 20_000 })
  const without = await buildServer(t, { nodes: 1 })
  t.notOk('resume' in JSON.parse((await ask({ port: without.port, path: '/echo/info' })).body))
})

for (const transport of ['xhr-streaming', 'eventsource', 'xhr-polling'] as const) {
  test(`${transport}: no send of the old connection is taken behind the new one`, async (t) => {
    const server = await buildServer(t, { ...RESUME, handler: () => {} })
    const id = newId()
    const { link, token } = await begin(t, server, transport, { id })
    const session = await server.session()
    const heard: string[] = []
    session.on('message', (message) => { heard.push(message) })
    // The head of this request finds the session, and its body comes when the client has resumed.
    const { request, response } = slowSend(server, id)
    request.write('["late"')
    await delay(50)
    await cut(server, link)
    const second = connect(server, transport, `${token}.0`)
    t.equal(await second.next(), 'o')
    t.equal(readToken(await second.next()).count, 0)
    request.end(']')
    t.equal(await response, 404)
    t.equal((await ask({ port: server.port, method: 'POST', path: `/echo/000/${id}/xhr_send`, body: '["later"]' })).status, 404)
    await second.send('again')
    await until(() => heard.length > 0, 'a message')
    t.strictSame(heard, ['again'])
  })

  test(`${transport}: a send that the application holds back is not taken twice`, async (t) => {
    const server = await buildServer(t, { ...RESUME, handler: () => {} })
    const id = newId()
    const { link, token } = await begin(t, server, transport, { id })
    const session = await server.session()
    session.pause()
    const held = link.send('held').then((status) => status, () => 0)
    await delay(50)
    await cut(server, link)
    const second = connect(server, transport, `${token}.0`)
    t.equal(await second.next(), 'o')
    const { count } = readToken(await second.next())
    const heard: string[] = []
    session.on('message', (message) => { heard.push(message) })
    session.resume()
    await held
    if (count === 0) await second.send('held')
    await second.send('next')
    await until(() => heard.includes('next'), 'the next message')
    t.strictSame(heard, ['held', 'next'])
  })

  test(`${transport}: a client that leaves by its last send ends the session at once`, async (t) => {
    const server = await buildServer(t, { ...RESUME, handler: () => {} })
    const { link } = await begin(t, server, transport)
    const session = await server.session()
    const heard: string[] = []
    session.on('message', (message) => { heard.push(message) })
    t.equal(await leave(link, 'bye'), 204)
    t.strictSame(await server.closing(), { code: 1000, reason: 'Normal closure', clean: true, undelivered: 0 })
    t.strictSame(heard, ['bye'])
  })
}

test('a request with the old id gets 404 while the session is suspended', async (t) => {
  const server = await buildServer(t, RESUME)
  const id = newId()
  const { link } = await begin(t, server, 'xhr-polling', { id })
  await cut(server, link)
  for (const route of ['xhr', 'xhr_send']) {
    t.equal((await ask({ port: server.port, method: 'POST', path: `/echo/000/${id}/${route}`, body: '["x"]' })).status, 404)
  }
  t.ok([...server.endpoint.sessions][0]!.suspended)
})

test('10,000 wrong tokens make no session, call no code of the application, and give one line a minute', async (t) => {
  const lines: string[] = []
  const asked: string[] = []
  const server = await buildServer(t, {
    nodes: 1,
    fastify: { logger: { level: 'info', stream: { write: (line: string) => { lines.push(line) } } } },
    endpoint: { ...RESUME.endpoint, user: (request) => { asked.push(request.url) }, session: (request) => { asked.push(request.url) } }
  })
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 })
  t.teardown(() => agent.destroy())
  const token = 'AAECAwQFBgcICQoLDA0ODw'
  const one = (at: number) => ask({ port: server.port, agent, method: 'POST', path: `/echo/000/${at}/xhr?resume=${token}.${at}` })
  for (let from = 0; from < 10_000; from += 100) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => one(from + at)))
    if (!answers.every(({ status, body }) => status === 200 && body === 'r[]\n')) t.fail('another answer')
  }
  t.strictSame(asked, [])
  t.equal(server.sessions.all.length, 0)
  t.equal(server.endpoint.remembersSessions, false)
  const told = lines.filter((line) => line.includes('"refused":"resume"'))
  t.equal(told.length, 1)
  t.notOk(lines.some((line) => line.includes(token)))
})

test('suspended sessions count among the detached ones', async (t) => {
  const server = await buildServer(t, { ...RESUME, plugin: { maxDetachedSessions: 1 } })
  const { link } = await begin(t, server, 'websocket')
  const { link: second } = await begin(t, server, 'websocket')
  await cut(server, link)
  second.cut()
  t.equal((await server.closing()).reason, 'Connection interrupted', 'no room for a second one')
  const poll = TestLink.open('xhr-polling', { port: server.port })
  await until(() => poll.ended, 'a new session is refused')
  t.equal(server.endpoint.sessions.size, 1)
})

test('a drain and a shutdown do not wait for suspended sessions', async (t) => {
  for (const way of ['drain', 'close'] as const) {
    const server = await buildServer(t, RESUME)
    const { link } = await begin(t, server, 'xhr-streaming')
    await cut(server, link)
    if (way === 'drain') await server.app.sockjs.drain()
    else await server.app.close()
    t.equal((await server.closing()).code, 1001)
  }
})

function slowSend (server: TestServer, id: string): { request: http.ClientRequest, response: Promise<number> } {
  const request = http.request({ port: server.port, host: '127.0.0.1', method: 'POST', path: `/echo/000/${id}/xhr_send`, agent: false })
  const response = new Promise<number>((resolve, reject) => {
    request.on('response', (incoming) => {
      incoming.resume()
      resolve(incoming.statusCode!)
    })
    request.on('error', reject)
  })
  return { request, response }
}
