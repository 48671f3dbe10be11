import { type CloseEvent, type Session } from '../../src/index.ts'
import { connect, HTTP, newClient, newId, SOCKETS, TRANSPORTS } from '../support/client.ts'
import { contract } from '../support/contract.ts'
import { ask } from '../support/http.ts'
import { buildServer, type TestServer } from '../support/server.ts'
import { SocketTestClient } from '../support/socket-client.ts'
import { isSettled, until, within } from '../support/wait.ts'

const FRAMED = ['websocket', ...HTTP] as const

/** Waits until an event that must not come again would have come: the server has answered other requests since. */
async function settle (server: TestServer): Promise<void> {
  for (let i = 0; i < 3; i++) await ask({ port: server.port, path: '/echo/info' })
}

contract('SESSION-11, SESSION-13, SESSION-14: close() without arguments, twice', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const session = await server.session()
  session.close()
  t.equal(session.state, 'closing')
  session.close(3000, 'too late')
  t.equal(session.send('too late'), false)
  t.strictSame(await within(client.closed, 'the close frame'), { code: 1000, reason: 'Normal closure' })
  await within(client.ended, 'the end')
  t.strictSame(await server.closing(), { code: 1000, reason: 'Normal closure', clean: true, undelivered: 0 })
  t.equal(session.state, 'closed')
  session.close(3001, 'later still')
  session.terminate()
  await settle(server)
  t.equal(server.closings.all.length, 1)
  t.equal(client.frames.all.filter((frame) => frame.startsWith('c')).length, 1)
})

contract('SESSION-12: messages sent before close() arrive before the close frame', async (t, transport) => {
  const server = await buildServer(t, {
    handler (session) {
      session.send('one')
      session.send('two')
      session.close(3001, 'bye "é"')
    }
  })
  const client = await connect(server, transport)
  t.strictSame(await client.messages(2), ['one', 'two'])
  t.strictSame(await within(client.closed, 'the close frame'), { code: 3001, reason: 'bye "é"' })
  t.match(await server.closing(), { code: 3001, reason: 'bye "é"', clean: true, undelivered: 0 })
})

contract('WS-5, RAW-3: every code reaches the client, on the wire where it may stand there', async (t, transport) => {
  const server = await buildServer(t)
  const codes = [1000, 1001, 1003, 1004, 1005, 1006, 1011, 1015, 1016, 2000, 2999, 3000, 4999]
  const onWire = new Set([1000, 1001, 1003, 1011, 3000, 4999])
  for (const code of codes) {
    const client = await connect(server, transport)
    const session = await server.session()
    session.close(code, 'because')
    const closed = await within(client.closed, 'the close frame')
    const wire = { code: onWire.has(code) ? code : 1000, reason: 'because' }
    t.strictSame(closed, transport === 'websocket-raw' ? wire : { code, reason: 'because' })
    if (client instanceof SocketTestClient) t.strictSame(await within(client.socketClosed, 'the close of the WebSocket'), wire)
    t.match(await server.closing(), { code, reason: 'because', clean: true })
  }
})

contract('SEC-S63: a reason has room for 123 bytes', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const session = await server.session()
  session.close(3000, 'é'.repeat(200))
  t.strictSame(await within(client.closed, 'the close frame'), { code: 3000, reason: 'é'.repeat(61) })
})

contract('close() refuses what is no code and no reason', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const session = await server.session()
  for (const code of [999, 5000, 0, -1, 1000.5, NaN, '1000', null]) {
    t.throws(() => session.close(code as never), { code: 'FST_SOCKJS_INVALID_CLOSE' }, String(code))
  }
  t.throws(() => session.close(1000, 5 as never), { code: 'FST_SOCKJS_INVALID_CLOSE' })
  session.send('unharmed')
  t.strictSame(await client.messages(1), ['unharmed'])
}, ['websocket', 'xhr-polling'])

contract('SESSION-4: receivers that come later get the same close frame', async (t, transport) => {
  const server = await buildServer(t, { handler: (session) => session.close(3000, 'Go away!') })
  const client = await connect(server, transport, { comeBack: false })
  const open = ['o', 'c[3000,"Go away!"]']
  if (transport === 'xhr-polling' || transport === 'jsonp-polling') client.receive()
  for (let i = 0; i < 3; i++) {
    await within(client.ended, 'the end of the response')
    client.receive()
  }
  await within(client.ended, 'the end of the response')
  t.strictSame(client.frames.all, [...open, open[1], open[1], open[1]], 'SESSION-5')
  server.clock.advance(5000)
  client.receive()
  await within(client.ended, 'the end of the response')
  t.equal(client.frames.all.at(-1) === open[1], !(transport.endsWith('polling')), 'then the id is forgotten')
  t.equal(client.frames.all.filter((frame) => frame === 'o').length, 2)
}, HTTP)

contract('SESSION-3: a second receiver gets 2010, and the first is not disturbed', async (t, transport) => {
  const server = await buildServer(t)
  const id = newId()
  const first = await connect(server, transport, { id })
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the receiver waits')
  const others = await Promise.all(Array.from({ length: 5 }, async () => {
    const other = newClient(server, transport, { id, comeBack: false })
    other.receive()
    t.equal(await other.frame(), 'c[2010,"Another connection still open"]', 'SEC-S44')
    await within(other.ended, 'the end of the second receiver')
    return other
  }))
  t.equal(others.length, 5)
  await first.send('undisturbed')
  t.strictSame(await first.messages(1), ['undisturbed'])
  t.equal(server.closings.all.length, 0)
}, HTTP)

contract('SESSION-19: WebSockets with one id are sessions of their own', async (t, transport) => {
  const server = await buildServer(t)
  const id = newId()
  const clients = [await connect(server, transport, { id }), await connect(server, transport, { id })]
  for (const [i, client] of clients.entries()) await client.send(`to ${i}`)
  t.strictSame(await clients[0]!.messages(1), ['to 0'])
  t.strictSame(await clients[1]!.messages(1), ['to 1'])
  t.equal((await ask({ port: server.port, path: `/echo/000/${id}/xhr_send`, method: 'POST', body: '["x"]' })).status, 404)
}, SOCKETS)

contract('SESSION-6, SESSION-7, SESSION-8: an abort is seen at once', async (t, transport) => {
  const id = newId()
  const server = await buildServer(t)
  const client = await connect(server, transport, { id })
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the receiver waits')
  const reading = session[Symbol.asyncIterator]().next()
  client.abort()
  t.strictSame(await server.closing(), { code: 1002, reason: 'Connection interrupted', clean: false, undelivered: 0 })
  t.strictSame(await within(reading, 'the end of the iteration'), { value: undefined, done: true })
  if (!transport.startsWith('websocket')) {
    for (let i = 0; i < 2; i++) {
      const again = newClient(server, transport, { id, comeBack: false })
      again.receive()
      t.equal(await again.frame(), 'c[1002,"Connection interrupted"]')
      await within(again.ended, 'the end of the receiver')
      t.equal((await again.send('too late')).status, transport === 'jsonp-polling' ? 200 : 204)
    }
    server.clock.advance(5000)
    await connect(server, transport, { id })
    t.equal(server.sessions.all.length, 2, 'then the id is forgotten, and free')
  }
  t.equal(server.closings.all.length, 1)
})

contract('SESSION-8: the application learns how much was undelivered', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  await within(client.ended, 'the end of the poll')
  session.send('one')
  session.send('two')
  session.terminate()
  t.strictSame(await server.closing(), { code: 1002, reason: 'Connection interrupted', clean: false, undelivered: 2 })
}, ['xhr-polling', 'jsonp-polling'])

contract('SESSION-9, SESSION-10: without a receiver the session ends after the disconnect delay', async (t, transport) => {
  const id = newId()
  const server = await buildServer(t, { endpoint: { responseLimit: 1, disconnectDelay: 2000 } })
  const client = await connect(server, transport, { id, comeBack: false })
  const session = await server.session()
  await within(client.ended, 'the end of the first response')
  await until(() => session.output.receiver === null, 'the session has no receiver')
  server.clock.advance(1500)
  client.receive()
  await until(() => session.output.receiver !== null, 'the receiver is back')
  session.send('here')
  t.strictSame(await client.messages(1), ['here'])
  await within(client.ended, 'the end of the second response')
  server.clock.advance(1950)
  t.equal(session.state, 'open', 'the delay counts from the last receiver')
  session.send('nobody takes this')
  server.clock.advance(100)
  t.strictSame(await server.closing(), { code: 1002, reason: 'Connection timed out', clean: false, undelivered: 1 })
  t.equal((await client.send('too late')).status, 404)
  await connect(server, transport, { id, comeBack: false })
  t.equal(server.sessions.all.length, 2, 'SESSION-20: the next receiver opens a new session')
}, HTTP)

contract('K2: the disconnect delay begins when the client has its whole response', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { queue: { limit: 64 * 1024 * 1024 }, responseLimit: 1 }, handler: () => {} })
  const client = await connect(server, transport)
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the receiver waits')
  client.comeBack = false
  client.freeze()
  const large = 'x'.repeat(32 * 1024 * 1024)
  session.send(large)
  await until(() => session.output.receiver === null, 'the response has ended')
  server.clock.advance(9_000)
  t.equal(session.state, 'open', 'the client still reads')
  client.thaw()
  t.strictSame(await client.messages(1), [large])
  await until(() => session.bufferedBytes === 0, 'all has left')
  server.clock.advance(4_900)
  t.equal(session.state, 'open')
  server.clock.advance(200)
  t.match(await server.closing(), { code: 1002, reason: 'Connection timed out', undelivered: 0 })
}, HTTP)

contract('a closing session waits for its client as long as an open one', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { responseLimit: 1, disconnectDelay: 2000 } })
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  await within(client.ended, 'the end of the first response')
  await until(() => session.output.receiver === null, 'the session has no receiver')
  session.send('last words')
  session.close(3000, 'done')
  server.clock.advance(1900)
  t.equal(session.state, 'closing')
  t.equal(server.closings.all.length, 0, 'the client may still come')
  server.clock.advance(150)
  t.match(await server.closing(), { code: 3000, reason: 'done', clean: false, undelivered: 1 })
}, HTTP)

const FAILURES = {
  throws: () => { throw new Error('secret detail') },
  rejects: async () => { throw new Error('secret detail') },
  'rejects later': async (session: Session) => { throw new Error('secret detail ' + (await session[Symbol.asyncIterator]().next()).value) },
  'throws in a listener': (session: Session) => { session.on('message', () => { throw new Error('secret detail') }) },
  'rejects in a listener': (session: Session) => { session.on('message', async () => { throw new Error('secret detail') }) },
  'throws what is no error': () => { throw undefined } // eslint-disable-line no-throw-literal
}

contract('SESSION-22, SEC-S09: a handler that fails closes its session with 1011, and nothing else', async (t, transport) => {
  for (const [name, fail] of Object.entries(FAILURES)) {
    const errors: unknown[] = []
    const server = await buildServer(t, {
      endpoint: { onSessionError: (error) => { errors.push(error) } },
      handler: (session, request) => request.headers['x-fail'] === 'yes'
        ? fail(session)
        : session.on('message', (message) => { session.send(message) })
    })
    const good = await connect(server, transport)
    const bad = await connect(server, transport, { headers: { 'x-fail': 'yes' } })
    const answer = name.includes('listener') || name.includes('later') ? await bad.send('go') : null
    if (answer !== null && answer.status !== 0) t.equal(answer.status, transport === 'jsonp-polling' ? 200 : 204, 'the sender is not told')
    t.strictSame(await within(bad.closed, 'the close frame'), { code: 1011, reason: 'Internal server error' }, name)
    t.match(await server.closing(), { code: 1011, clean: true })
    t.equal(errors.length, 1)
    await good.send('alive')
    t.strictSame(await good.messages(1), ['alive'])
    await server.stop()
  }
})

contract('any other listener that throws is logged, and the session goes on', async (t, transport) => {
  const errors: unknown[] = []
  const server = await buildServer(t, {
    endpoint: {
      onSessionError (error) {
        errors.push(error)
        throw new Error('in onSessionError itself')
      }
    }
  })
  const client = await connect(server, transport)
  const session = await server.session()
  const seen: CloseEvent[] = []
  session.on('close', () => { throw new Error('first') })
  session.on('close', async () => { throw new Error('second') })
  session.on('close', (event) => { seen.push(event) })
  session.close(3000, 'done')
  await within(client.closed, 'the close frame')
  await until(() => errors.length === 2, 'both errors were reported')
  t.match(seen, [{ code: 3000, reason: 'done', clean: true, undelivered: 0 }])
})

contract('signal aborts with the close event', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const session = await server.session()
  const { signal } = session
  t.equal(signal.aborted, false)
  client.frames.end(new Error('over'))
  session.close(3000, 'done')
  await server.closing()
  t.ok(signal.aborted)
  t.match(signal.reason, { code: 3000, reason: 'done' })
  t.ok((await connect(server, transport).then(async () => {
    const second = await server.session()
    second.terminate()
    return second
  })).signal.aborted, 'also when it is asked for after the end')
})

contract('terminate() drops the connection', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the receiver waits')
  session.terminate()
  await within(client.ended, 'the end of the connection')
  t.match(await server.closing(), { code: 1002, clean: false })
  t.notOk(client.frames.all.some((frame) => frame.startsWith('c[') && !frame.startsWith('c[1006')), 'without a close frame')
})

contract('a WebSocket that the client closes ends its session with the code of the client', async (t, transport) => {
  const server = await buildServer(t)
  for (const [code, reason, seen] of [[4001, 'mine', { code: 4001, reason: 'mine' }], [undefined, undefined, { code: 1000 }]] as const) {
    const client = await connect(server, transport)
    if (!(client instanceof SocketTestClient)) throw new Error('no WebSocket')
    client.ws.close(code, reason)
    t.match(await server.closing(), { ...seen, clean: true, undelivered: 0 })
    t.equal(await within(client.socketClosed, 'the answer').then(({ code }) => code), code ?? 1005)
  }
}, SOCKETS)

contract('leaving endings aside, other sessions of the same server never notice', async (t, transport) => {
  const server = await buildServer(t, { nodes: 1 })
  const bystander = await connect(server, transport)
  for (const other of TRANSPORTS) {
    const client = await connect(server, other)
    await until(() => [...server.endpoint.sessions].every((session) => session.output.receiver !== null), 'the receiver waits')
    client.abort()
    t.match(await server.closing(), { code: 1002 })
  }
  t.notOk(await isSettled(bystander.ended))
  await bystander.send('unharmed')
  t.strictSame(await bystander.messages(1), ['unharmed'])
}, FRAMED)
