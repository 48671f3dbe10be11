import { spawnSync } from 'node:child_process'
import t from 'tap'
import { connect, newId, SOCKETS, STREAMS, TRANSPORTS } from '../../support/client.ts'
import { contract } from '../../support/contract.ts'
import { knock, welcome } from '../../support/doors.ts'
import { ask, handshake, TcpPeer } from '../../support/http.ts'
import { buildServer, type TestServer } from '../../support/server.ts'
import { RealClient } from '../../support/real-client.ts'
import { SocketTestClient } from '../../support/socket-client.ts'
import { TYPESCRIPT } from '../../support/typescript.ts'
import { isSettled, until, within } from '../../support/wait.ts'

contract('SESSION-23: app.close() ends every session with 1001', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the receiver waits')
  session.send('last words')
  await server.close()
  t.strictSame(await client.messages(1), ['last words'])
  t.match(await server.closing(), { code: 1001, reason: 'Server shutting down' })
  if (!transport.endsWith('polling')) t.strictSame(await client.closed, { code: 1001, reason: 'Server shutting down' })
  if (client instanceof SocketTestClient) t.match(await client.socketClosed, { code: 1001 })
  await until(() => server.sockets.size === 0, 'no descriptor is left')
  t.equal(server.closings.all.length, 1)
})

contract('a poll that waits gets the close frame', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the poll waits')
  await server.close()
  t.strictSame(await client.closed, { code: 1001, reason: 'Server shutting down' })
  t.match(await server.closing(), { code: 1001, clean: true })
}, ['xhr-polling', 'jsonp-polling'])

/** `app.close()` under way: it waits for a peer that does not read, until `finish` cuts it. */
async function closing (server: TestServer): Promise<{ closed: Promise<unknown>, finish: () => void }> {
  const holder = new TcpPeer(server.port)
  holder.write(handshake('/echo/websocket'))
  await holder.see('\r\n\r\n')
  const closed = server.app.close() as unknown as Promise<unknown>
  await holder.see('\x88')
  return { closed, finish: () => holder.abort() }
}

contract('while the server closes, new sessions get 503', async (t, transport) => {
  for (const return503OnClosing of [true, false]) {
    const server = await buildServer(t, { fastify: { return503OnClosing }, endpoint: { closeTimeout: 60_000 }, plugin: { drainTimeout: 60_000 } })
    // Connections that are open already: the server takes no new ones.
    const peer = server.own(new TcpPeer(server.port))
    peer.write('GET /echo/info HTTP/1.1\r\nHost: x\r\n\r\n')
    await peer.see('entropy')
    peer.clear()
    const { closed, finish } = await closing(server)
    const lines: Record<string, string> = {
      websocket: handshake('/echo/0/i/websocket'),
      'websocket-raw': handshake('/echo/websocket'),
      'xhr-streaming': 'POST /echo/0/i/xhr_streaming HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
      'xhr-polling': 'POST /echo/0/i/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
      eventsource: 'GET /echo/0/i/eventsource HTTP/1.1\r\nHost: x\r\n\r\n',
      htmlfile: 'GET /echo/0/i/htmlfile?c=cb HTTP/1.1\r\nHost: x\r\n\r\n',
      'jsonp-polling': 'GET /echo/0/i/jsonp?c=cb HTTP/1.1\r\nHost: x\r\n\r\n'
    }
    peer.write(lines[transport]!)
    t.match(await peer.see('\r\n\r\n'), /^HTTP\/1\.1 503 /)
    t.equal(server.sessions.all.length, 1)
    t.notOk(await isSettled(closed))
    finish()
    await within(closed, 'app.close()')
  }
})

contract('SEC-S78: a peer that never reads cannot hold app.close()', async (t, transport) => {
  const server = await buildServer(t, {
    plugin: { drainTimeout: 200 },
    endpoint: { responseLimit: 2 ** 30, queue: { limit: 64 * 1024 * 1024 } },
    handler: () => {}
  })
  const client = await connect(server, transport)
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the receiver waits')
  client.freeze()
  // More than the kernel takes, and no more: the encoding is most of what this costs.
  session.send('x'.repeat(16 * 1024 * 1024))
  await until(() => session.bufferedBytes > 0, 'something waits')
  await server.close()
  t.match(await server.closing(), { code: 1001 })
  t.equal(server.closings.all.length, 1)
  await until(() => server.sockets.size === 0, 'no descriptor is left')
})

contract('nor can one that does not answer the close', async (t, transport) => {
  const server = await buildServer(t, { plugin: { drainTimeout: 200 }, endpoint: { allowDrafts: true } })
  const path = transport === 'websocket' ? '/echo/0/i/websocket' : '/echo/websocket'
  const draft = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://x\r\n\r\n`
  for (const opening of [handshake(path), draft]) {
    const peer = server.own(new TcpPeer(server.port))
    peer.write(opening)
    await peer.see('\r\n\r\n')
    await server.session()
  }
  await server.close()
  t.strictSame(server.closings.all.map(({ code }) => code), [1001, 1001])
  await until(() => server.sockets.size === 0, 'no descriptor is left')
}, SOCKETS)

contract('app.close() waits for a client that is away as long as its session does, and not for a closed session that is remembered', async (t, transport) => {
  const server = await buildServer(t, { plugin: { drainTimeout: 60_000 }, endpoint: { responseLimit: 1 } })
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  await within(client.ended, 'the end of the response')
  await until(() => session.output.receiver === null && session.bufferedBytes === 0, 'the session has no receiver')
  session.send('never taken')
  const closed = server.app.close() as unknown as Promise<unknown>
  await until(() => session.state === 'closing', 'the server closes')
  server.clock.advance(4_950)
  t.equal(session.state, 'closing')
  server.clock.advance(100)
  // Were it to wait on, it would wait a minute.
  await within(closed, 'app.close()')
  t.equal(session.state, 'closed')
  t.match(server.closings.all, [{ code: 1001, clean: false, undelivered: 1 }])
}, [...STREAMS, 'xhr-polling', 'jsonp-polling'])

contract('U17: app.close() waits for clients that are between two responses, and no longer', async (t, transport) => {
  const server = await buildServer(t, { plugin: { drainTimeout: 60_000 }, endpoint: { responseLimit: 1 } })
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server, transport, { comeBack: false })))
  await Promise.all(clients.map((client) => within(client.ended, 'the end of the response')))
  const sessions = server.sessions.all
  await until(() => sessions.every(({ output }) => output.receiver === null), 'no session has a receiver')
  for (const session of sessions) session.send('last words')
  const closed = server.app.close() as unknown as Promise<unknown>
  await until(() => sessions.every(({ state }) => state === 'closing'), 'the server closes')
  t.equal((await ask({ port: server.port, path: '/echo/info' })).status, 503)
  const last = clients.pop()!
  for (const client of clients) {
    t.equal((await client.send('too late')).status, transport === 'jsonp-polling' ? 200 : 204, 'a send fails no client')
    client.receive()
    t.strictSame(await client.messages(1), ['last words'])
    client.receive()
    t.strictSame(await within(client.closed, 'the close frame'), { code: 1001, reason: 'Server shutting down' })
  }
  t.notOk(await isSettled(closed), 'one client is away')
  last.receive()
  t.strictSame(await last.messages(1), ['last words'])
  last.receive()
  t.match(await within(last.closed, 'the close frame'), { code: 1001 })
  await within(closed, 'app.close()')
  t.strictSame(server.closings.all, clients.concat(last).map(() => ({ code: 1001, reason: 'Server shutting down', clean: true, undelivered: 0 })))
  await until(() => server.sockets.size === 0, 'no descriptor is left')
}, [...STREAMS, 'xhr-polling', 'jsonp-polling'])

t.test('U17: every client that polls gets the close frame, whatever the rhythm of the messages', async (t) => {
  for (const rhythm of [10, 50, 250]) {
    const server = await buildServer(t, { systemClock: true, handler: () => {} })
    const broadcasts = setInterval(() => server.endpoint.broadcast('tick'), rhythm)
    t.teardown(() => clearInterval(broadcasts))
    const polls = Array.from({ length: 15 }, async () => {
      const id = newId()
      for (let body = ''; ;) {
        const answer = await ask({ port: server.port, method: 'POST', path: `/echo/000/${id}/xhr` })
        body = answer.body
        if (answer.status !== 200 || body.startsWith('c')) return body
      }
    })
    const clients = Array.from({ length: 15 }, () => server.own(new RealClient(`http://127.0.0.1:${server.port}/echo`, ['xhr-polling'])))
    for (const client of clients) await client.take(2)
    await server.close()
    t.strictSame(await Promise.all(polls), polls.map(() => 'c[1001,"Server shutting down"]\n'), `raw polls, every ${rhythm} ms`)
    for (const client of clients) t.match(await within(client.closed.promise, 'the end'), { code: 1001 }, `sockjs-client, every ${rhythm} ms`)
  }
})

t.test('app.close() with a crowd on every transport', async (t) => {
  const server = await buildServer(t)
  const clients = await Promise.all(TRANSPORTS.flatMap((transport) => Array.from({ length: 10 }, () => connect(server, transport))))
  await until(() => [...server.endpoint.sessions].every((session) => session.output.receiver !== null), 'all receivers wait')
  await server.close()
  t.strictSame(await Promise.all(clients.map(async (client) => (await client.closed).code)), clients.map(() => 1001))
  t.equal(server.closings.all.length, 70)
  t.ok(server.closings.all.every(({ code, undelivered }) => code === 1001 && undelivered === 0))
  t.equal(server.endpoint.sessions.size, 0)
})

t.test('senders that wait do not hold app.close()', async (t) => {
  const server = await buildServer(t, { handler: (session) => session.pause() })
  const client = await connect(server, 'xhr-streaming')
  await server.session()
  const send = client.send('one')
  for (let i = 0; i < 3; i++) await ask({ port: server.port, path: '/echo/info' })
  t.notOk(await isSettled(send))
  await server.close()
  await within(send.catch(() => {}), 'an end of the send')
})

t.test('a hook that still thinks while the server closes opens no session', async (t) => {
  let go!: () => void
  const gate = new Promise<void>((resolve) => { go = resolve })
  let waiting = 0
  const server = await buildServer(t, {
    endpoint: {
      async session () {
        waiting++
        await gate
      }
    }
  })
  const knocks = TRANSPORTS.map((transport) => knock({ port: server.port, transport, id: newId() }).then(({ status }) => status, () => 0))
  await until(() => waiting === TRANSPORTS.length, 'all are asked')
  const closed = server.app.close() as unknown as Promise<unknown>
  await until(() => server.endpoint.registration.closing, 'the server closes')
  go()
  const statuses = await within(Promise.all(knocks), 'all answers')
  await within(closed, 'app.close()')
  t.equal(server.endpoint.sessions.size, 0)
  await until(() => server.sockets.size === 0, 'no descriptor is left')
  for (const [i, status] of statuses.entries()) t.ok([0, 503, welcome(TRANSPORTS[i]!)].includes(status), `${TRANSPORTS[i]} got ${status}`)
  t.ok(server.closings.all.every(({ code }) => code === 1001))
})

t.test('a server that was never used closes too', async (t) => {
  const server = await buildServer(t)
  await server.close()
  t.equal(server.clock.pending, 0)
})

t.test('app.close() comes to its end in a process that nothing else keeps alive', async (t) => {
  const program = `
    import Fastify from 'fastify'
    import sockjs from '${new URL('../../../src/index.ts', import.meta.url).href}'
    const app = Fastify()
    await app.register(sockjs)
    app.sockjs('/echo', () => {})
    await app.inject({ method: 'POST', url: '/echo/000/a/xhr' })
    await app.close()
    console.log('closed')`
  const { stdout, status } = spawnSync(process.execPath, [TYPESCRIPT, '--input-type=module', '--eval', program], { encoding: 'utf8' })
  t.strictSame({ stdout, status }, { stdout: 'closed\n', status: 0 })
})
