import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { Session } from '../../src/index.ts'
import { connect, HTTP, newClient, POLLS, SOCKETS, STREAMS, type TestClient, TRANSPORTS } from '../support/client.ts'
import { contract } from '../support/contract.ts'
import { ask } from '../support/http.ts'
import { buildServer } from '../support/server.ts'
import { isSettled, steady, until, within } from '../support/wait.ts'

const KIB = 1024
const FRAMED = ['websocket', ...HTTP] as const

// --- slow consumers --------------------------------------------------------------------------------------------

/** Sends without looking at what `send` says, until the session has ended; returns the most that ever waited. */
async function flood (session: Session, piece: number): Promise<number> {
  let most = 0
  for (let i = 0; session.state === 'open'; i++) {
    if (i > 5000) throw new Error('the session takes whatever comes')
    session.send('x'.repeat(piece))
    most = Math.max(most, session.bufferedBytes)
    if (i % 4 === 0) await turn()
  }
  return most
}

contract('HTTP-7, SEC-S13, SEC-S14, SEC-S15: a client that does not read costs no more than the limit', async (t, transport) => {
  const server = await buildServer(t, {
    endpoint: { queue: { highWater: 64 * KIB, limit: 512 * KIB }, responseLimit: 2 ** 30, closeTimeout: 100 },
    handler: () => {}
  })
  const client = await connect(server, transport)
  client.freeze()
  const session = await server.session()
  const most = await flood(session, 16 * KIB)
  t.ok(most <= (512 + 1) * KIB, `${most} bytes waited`)
  t.match(await server.closing(), { code: 1013, reason: 'slow consumer', clean: false })
  t.equal(session.bufferedBytes, 0)
  server.clock.advance(10_100)
  // Small answers to polls are in the hands of the kernel, and the connection is an idle one.
  if (!transport.endsWith('polling')) await until(() => server.sockets.size === 0, 'nothing of it is left')
})

contract('SEC-S15: without a receiver the queue has the same limit', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { responseLimit: 1 }, handler: () => {} })
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  await within(client.ended, 'the end of the response')
  await until(() => session.output.receiver === null && session.bufferedBytes === 0, 'the session has no receiver')
  const piece = 'x'.repeat(100 * KIB)
  for (let i = 0; i < 10; i++) t.equal(session.send(piece), false, `message ${i} alone is above the high-water mark`)
  t.equal(session.state, 'open')
  session.send(piece)
  t.match(await server.closing(), { code: 1013, reason: 'slow consumer', undelivered: 11 })
  client.receive()
  t.equal(await client.frame(), 'c[1013,"slow consumer"]')
}, HTTP)

contract('one message is always taken when nothing waits', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { queue: { highWater: KIB, limit: 2 * KIB } }, handler: () => {} })
  const client = await connect(server, transport)
  const session = await server.session()
  const large = 'x'.repeat(300 * KIB)
  await until(() => session.bufferedBytes === 0, 'o has left')
  t.equal(session.send(large), false)
  t.strictSame(await client.messages(1), [large])
  t.equal(session.state, 'open')
})

contract('SEC-S22: what counts is what waits after encoding', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { responseLimit: 1, queue: { highWater: 100, limit: 1000 } }, handler: () => {} })
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  await within(client.ended, 'the end of the response')
  await until(() => session.output.receiver === null && session.bufferedBytes === 0, 'the session has no receiver')
  t.equal(session.send('\uffff'), true)
  t.equal(session.bufferedBytes, 8, 'two quotes and one character of six bytes')
  t.equal(session.send('\uffff'.repeat(200)), false)
  t.match(await server.closing(), { code: 1013 })
}, HTTP)

contract('queue.overflow: a message above the limit is dropped, and the session goes on', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { responseLimit: 1, queue: { highWater: 100, limit: 1000, overflow: 'drop' } }, handler: () => {} })
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  await within(client.ended, 'the end of the response')
  await until(() => session.output.receiver === null && session.bufferedBytes === 0, 'the session has no receiver')
  session.send('a')
  t.equal(session.send('x'.repeat(1000)), false)
  t.equal(session.send('b'), true)
  client.receive()
  t.strictSame(await client.messages(2), ['a', 'b'])
}, HTTP)

contract('SEC-S16, sendTimeout: a client that takes nothing for ten seconds is slow, whatever waits', async (t, transport) => {
  const server = await buildServer(t, {
    endpoint: { queue: { highWater: 64 * KIB, limit: 64 * KIB * KIB }, responseLimit: 2 ** 30, closeTimeout: 100, heartbeat: 60_000 },
    handler: () => {}
  })
  const client = await connect(server, transport)
  client.freeze()
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the receiver waits')
  for (let i = 0; i < 16; i++) {
    session.send('x'.repeat(KIB * KIB))
    await turn()
  }
  await steady(() => session.bufferedBytes)
  t.ok(session.bufferedBytes > 0)
  server.clock.advance(9_900)
  t.equal(server.closings.all.length, 0)
  // What the kernel took at first counts as progress when the first ten seconds are over.
  server.clock.advance(10_250)
  t.match(await server.closing(), { code: 1013, reason: 'slow consumer', clean: false })
  await until(() => server.sockets.size === 0, 'nothing of it is left')
}, [...SOCKETS, ...STREAMS])

contract('SEC-S16: a poll whose client does not read its answer ends after ten seconds', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { queue: { limit: 64 * KIB * KIB } }, handler: () => {} })
  const client = await connect(server, transport)
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the poll waits')
  client.freeze()
  session.send('x'.repeat(32 * KIB * KIB))
  await until(() => session.output.receiver === null, 'the poll was answered')
  t.ok(session.bufferedBytes > 0, 'what has not left still counts')
  server.clock.advance(10_100)
  t.match(await server.closing(), { code: 1002, clean: false })
  await until(() => server.sockets.size === 0, 'nothing of it is left')
}, POLLS)

// --- back-pressure inwards -------------------------------------------------------------------------------------

contract('a paused session delays the answers of its senders', async (t, transport) => {
  let arrived = 0
  const server = await buildServer(t, {
    before: (app) => { app.addHook('onRequest', async (request) => { if (request.url.endsWith('send')) arrived++ }) },
    handler (session) { session.on('message', (message) => { if (message === 'pause') session.pause() }) }
  })
  const client = await connect(server, transport)
  const session = await server.session()
  const heard: string[] = []
  session.on('message', (message) => heard.push(message))
  const sends = [client.send('pause', 'one')]
  await until(() => heard.length === 1, 'the session is paused')
  sends.push(client.send('two'))
  await until(() => arrived === 2, 'both requests are there')
  for (let i = 0; i < 3; i++) await ask({ port: server.port, path: '/echo/info' })
  for (const send of sends) t.notOk(await isSettled(send), 'nobody is answered')
  t.strictSame(heard, ['pause'])
  session.resume()
  for (const send of sends) t.match(await within(send, 'the answer'), { status: transport === 'jsonp-polling' ? 200 : 204 })
  await until(() => heard.length === 3, 'all is there')
  t.strictSame(heard.toSorted(), ['one', 'pause', 'two'])
}, HTTP)

contract('senders that wait are set free when the session ends', async (t, transport) => {
  const server = await buildServer(t, { handler (session) { session.pause() } })
  const client = await connect(server, transport)
  const session = await server.session()
  const send = client.send('one')
  for (let i = 0; i < 3; i++) await ask({ port: server.port, path: '/echo/info' })
  t.notOk(await isSettled(send))
  session.close()
  await within(send, 'an answer')
  await within(client.closed, 'the close frame')
}, HTTP)

contract('a paused session does not read its WebSocket', async (t, transport) => {
  const server = await buildServer(t, { handler (session) { session.pause() } })
  const client = await connect(server, transport)
  const session = await server.session()
  const socket = [...server.sockets][0]!
  const piece = 'x'.repeat(512 * KIB)
  for (let i = 0; i < 64; i++) await client.send(piece)
  await steady(() => socket.bytesRead)
  t.ok(socket.bytesRead < 32 * KIB * KIB, `${socket.bytesRead} bytes were read`)
  let heard = 0
  session.on('message', ({ length }) => { heard += length })
  t.equal(heard, 0)
  session.resume()
  await until(() => heard === 32 * KIB * KIB, 'all of it')
}, SOCKETS)

contract('iteration pauses while the client does not read: an echo loop cannot drown', async (t, transport) => {
  let read = 0
  const server = await buildServer(t, {
    endpoint: { queue: { highWater: 64 * KIB, limit: 512 * KIB }, responseLimit: 2 ** 30 },
    async handler (session) {
      for await (const message of session) {
        read++
        session.send(message)
      }
    }
  })
  const client = await connect(server, transport)
  const session = await server.session()
  client.freeze()
  const message = (i: number): string => `${i} `.padEnd(64 * KIB, 'x')
  // The kernel takes much of a stream. Of a poll, it takes one response.
  const count = transport.endsWith('polling') ? 40 : 400
  const sends: Promise<unknown>[] = []
  let sent = 0
  const sending = (async () => {
    for (; sent < count; sent++) {
      const send = client.send(message(sent))
      sends.push(send)
      // One send at a time, as the clients do.
      await send
    }
  })()
  let most = 0
  await steady(() => {
    most = Math.max(most, session.bufferedBytes)
    return read + most
  })
  t.ok(most < 256 * KIB, `${most} bytes wait`)
  t.ok(read < count, `${read} of ${count} messages were read`)
  t.equal(session.state, 'open')
  client.thaw()
  const echoed = await client.messages(count)
  t.ok(echoed.every((text, i) => text === message(i)), 'then all comes, in order')
  await within(sending, 'the last answer')
})

contract('drained() resolves when the client has read', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { queue: { highWater: 64 * KIB, limit: 64 * KIB * KIB }, responseLimit: 2 ** 30 }, handler: () => {} })
  const client = await connect(server, transport)
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the receiver waits')
  await within(session.drained(), 'nothing waits')
  client.freeze()
  let count = 0
  // On a busy machine the kernel may take a while to fill its own buffers.
  while (session.bufferedBytes < 128 * KIB) {
    for (let i = 0; i < 100; i++) session.send('x'.repeat(100 * KIB))
    count += 100
    await steady(() => session.bufferedBytes)
  }
  const drained = session.drained()
  t.notOk(await isSettled(drained))
  client.thaw()
  await within(drained, 'drained()')
  t.ok(session.bufferedBytes < 64 * KIB)
  t.equal((await client.messages(count)).length, count)
})

contract('drained() resolves too when the session ends', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { queue: { highWater: 1 }, responseLimit: 2 ** 30 }, handler: () => {} })
  const client = await connect(server, transport)
  const session = await server.session()
  client.freeze()
  session.send('x'.repeat(32 * KIB * KIB))
  const drained = session.drained()
  session.terminate()
  await within(drained, 'drained()')
  t.equal(session.send('x'), false)
})

// --- many clients ----------------------------------------------------------------------------------------------

t.test('a broadcast is encoded once, whatever the transports', async (t) => {
  const server = await buildServer(t, { nodes: 1 })
  const clients: TestClient[] = []
  for (const transport of FRAMED) for (let i = 0; i < 5; i++) clients.push(await connect(server, transport))
  await until(() => [...server.endpoint.sessions].every((session) => session.output.receiver !== null), 'all receivers wait')
  const text = 'é "quoted" </script>'
  const stringify = t.capture(JSON, 'stringify', JSON.stringify)
  t.equal(server.endpoint.broadcast(text), clients.length)
  for (const client of clients) t.strictSame(await client.messages(1), [text], client.transport)
  const calls = stringify().map(({ args }) => args[0])
  t.equal(calls.filter((value) => value === text).length, 1, 'as an element of an array')
  const frame = 'a[' + JSON.stringify(text) + ']'
  t.equal(calls.filter((value) => value === frame).length, 1 + 5, 'as a script for htmlfile once, and for each callback of jsonp')
})

t.test('a broadcast leaves out whom it should, and reaches only open sessions', async (t) => {
  const server = await buildServer(t, { nodes: 1 })
  const [one, two] = [await connect(server, 'websocket'), await connect(server, 'xhr-streaming')]
  const [first, second] = [await server.session(), await server.session()]
  t.equal(server.endpoint.broadcast('for two', { except: first }), 1)
  t.equal(server.endpoint.broadcast(server.app.sockjs.prepare('for one'), { except: second }), 1)
  t.strictSame(await one.messages(1), ['for one'])
  t.strictSame(await two.messages(1), ['for two'])
  second.close()
  t.equal(server.endpoint.broadcast('for the rest'), 1)
  t.strictSame(await one.messages(1), ['for the rest'])
  t.equal(server.endpoint.broadcast(new Uint8Array(1)), 0, 'bytes are for raw WebSockets that take them')
  server.endpoint.close(3000, 'all out')
  t.match(await within(one.closed, 'the close frame'), { code: 3000, reason: 'all out' })
  t.match(await within(two.closed, 'the close frame'), { code: 1000 })
})

contract('prepared messages mix with others in one frame', async (t, transport) => {
  const server = await buildServer(t, { nodes: 1 })
  const client = await connect(server, transport)
  const session = await server.session()
  const prepared = server.endpoint.prepare('é')
  for (const message of ['a', prepared, 'b', prepared, prepared]) session.send(message)
  t.strictSame(await client.messages(5), ['a', 'é', 'b', 'é', 'é'])
  for (const message of [prepared, prepared]) session.send(message)
  t.strictSame(await client.messages(2), ['é', 'é'])
})

t.test('SEC-S13: above the bound of the process the largest queue is closed', async (t) => {
  const server = await buildServer(t, { nodes: 1, plugin: { maxBufferedBytes: 300_000 }, endpoint: { responseLimit: 1 }, handler: () => {} })
  const sessions: Session[] = []
  for (const transport of HTTP) {
    const client = newClient(server, transport, { comeBack: false })
    await client.open()
    await within(client.ended, 'the end of the response')
    sessions.push(await server.session())
  }
  await until(() => sessions.every((session) => session.bufferedBytes === 0), 'nothing waits')
  for (const [i, session] of sessions.entries()) session.send('x'.repeat(40_000 + i * 10_000))
  t.strictSame(sessions.map(({ state }) => state), ['open', 'open', 'open', 'open', 'closed'])
  t.match(await server.closing(), { code: 1013, undelivered: 1 })
  t.equal(server.endpoint.stats().bufferedBytes, 40_002 + 50_002 + 60_002 + 70_002)
})

t.test('stats() counts what is there', async (t) => {
  const server = await buildServer(t, { nodes: 1 })
  for (const transport of TRANSPORTS) await connect(server, transport)
  t.match(server.endpoint.stats(), { sessions: 7, opened: 7, transports: Object.fromEntries(TRANSPORTS.map((name) => [name, 1])) })
  for (const session of [...server.endpoint.sessions]) session.terminate()
  t.match(server.endpoint.stats(), { sessions: 0, opened: 7, transports: {}, bufferedBytes: 0, closed: { terminated: 7, timeout: 0 } })
  t.equal(server.endpoint.sessions.size, 0)
})
