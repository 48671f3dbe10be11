import t from 'tap'
import { connect, newId } from '../../support/client.ts'
import { ask, TcpPeer } from '../../support/http.ts'
import { buildServer, type TestServer } from '../../support/server.ts'
import { until } from '../../support/wait.ts'

t.test('SEC-S74: pipelined polls are answered in order', async (t) => {
  const server = await buildServer(t)
  const id = newId()
  const peer = server.own(new TcpPeer(server.port))
  const poll = `POST /echo/000/${id}/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`
  const send = (body: string): string => `POST /echo/000/${id}/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  peer.write(poll)
  await peer.see('o\n')
  peer.write(send('["a"]') + send('["b","c"]') + send('x') + poll)
  await peer.see('a["a","b","c"]\n')
  t.strictSame(peer.text.split('HTTP/1.1 ').slice(1).map((answer) => answer.slice(0, 3)), ['200', '204', '204', '500', '200'])
  peer.clear()
  // The second poll stands behind the first on one connection, and both are answered.
  peer.write(poll + poll)
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the first poll waits')
  session.send('d')
  await peer.see('a["d"]\n')
  await until(() => peer.text.split('HTTP/1.1 200').length === 3 || session.output.receiver !== null, 'the second is served')
  t.equal(server.closings.all.length, 0)
})

t.test('R19: a response that waits behind another on its connection is not slow', async (t) => {
  for (const [url, frame] of [['xhr', 'a["late"]\n'], ['xhr_streaming', 'o\na["late"]\n']] as const) {
    const server = await buildServer(t, { handler: () => {} })
    const [front, back] = [newId(), newId()]
    const post = (id: string, route: string): string => `POST /echo/000/${id}/${route} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`
    if (url === 'xhr') t.equal((await ask({ port: server.port, method: 'POST', path: `/echo/000/${back}/xhr` })).body, 'o\n')
    const peer = server.own(new TcpPeer(server.port))
    peer.write(post(front, 'xhr_streaming') + post(back, url))
    await until(() => server.endpoint.sessions.size === 2, 'both sessions')
    const sessions = [...server.endpoint.sessions]
    await until(() => sessions.every(({ output }) => output.receiver !== null), 'both have a receiver')
    const [behind, first] = url === 'xhr' ? sessions : sessions.toReversed()
    behind!.send('late')
    await until(() => behind!.output.receiver === null || behind!.output.receiver.buffered > 9, 'it was written')
    for (let i = 0; i < 20; i++) server.clock.advance(5_000)
    // A poll that was answered leaves its session without a receiver, and the disconnect delay counts.
    const ended = url === 'xhr' ? [{ code: 1002, reason: 'Connection timed out' }] : []
    t.match(server.closings.all, ended, 'for a hundred seconds')
    t.equal(server.closings.all.length, ended.length)
    t.notMatch(peer.text, /late/)
    first!.close()
    await peer.see('late')
    t.ok(peer.text.includes(frame.split('\n').at(-2)!))
    await until(() => server.closings.all.length === ended.length + 1, 'the stream in front has closed')
    t.match(server.closings.all.at(-1), { code: 1000, clean: true })
    await until(() => server.endpoint.lingering.size === 0, 'nothing waits')
  }
})

/** A stream with polls and streams pipelined behind it on one connection. */
async function pipeline (server: TestServer, routes: readonly string[]): Promise<TcpPeer> {
  const post = (route: string): string => `POST /echo/000/${newId()}/${route} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`
  const peer = server.own(new TcpPeer(server.port))
  peer.write(['xhr_streaming', ...routes].map(post).join(''))
  await until(() => server.endpoint.stats().opened === routes.length + 1, 'all sessions')
  return peer
}

t.test('R19: sessions behind another response end at once with their connection', async (t) => {
  for (const reset of [false, true]) {
    const server = await buildServer(t, { handler: (session) => { session.on('message', () => {}) } })
    const peer = await pipeline(server, [...Array.from({ length: 40 }, () => 'xhr'), 'xhr_streaming', 'xhr_streaming'])
    const [socket] = server.sockets
    t.ok(socket!.listenerCount('close') <= 6, `${socket!.listenerCount('close')} listeners`)
    t.equal(server.endpoint.lingering.size, 40, 'polls that were answered wait for their turn')
    if (reset) peer.reset()
    else peer.abort()
    await until(() => server.endpoint.sessions.size === 0, 'the end of all sessions')
    t.strictSame([...new Set(server.closings.all.map(({ reason }) => reason))], ['Connection interrupted'])
    t.equal(server.closings.all.length, 43)
    t.equal(server.endpoint.lingering.size, 0)
    t.equal(server.endpoint.registration.bufferedBytes, 0)
    server.clock.advance(5_100)
    t.equal(server.clock.pending, 0, 'nothing is left of them')
  }
})

t.test('R19: a connection that pipelines polls behind a stream holds no detached session longer than another client', async (t) => {
  const server = await buildServer(t, { plugin: { maxDetachedSessions: 20 }, handler: (session) => { session.on('message', () => {}) } })
  const knock = (): Promise<{ status: number }> => ask({ port: server.port, method: 'POST', path: `/echo/000/${newId()}/xhr` })
  await pipeline(server, Array.from({ length: 20 }, () => 'xhr'))
  t.equal((await knock()).status, 503, 'all places are taken')
  server.clock.advance(5_100)
  t.equal(server.endpoint.sessions.size, 1, 'the stream')
  for (let i = 0; i < 20; i++) t.equal((await knock()).status, 200)
  for (let i = 0; i < 5; i++) server.clock.advance(10_000)
  t.equal(server.endpoint.sessions.size, 1)
  t.equal(server.endpoint.lingering.size, 20, 'their responses still wait')
  const [stream] = server.endpoint.sessions
  stream!.close()
  await until(() => server.endpoint.lingering.size === 0, 'they have left')
})

t.test('R19: a response behind another is over when it is dropped', async (t) => {
  const server = await buildServer(t, {
    handler: (session) => { session.on('message', () => {}) },
    after: (app) => app.get('/never', () => new Promise(() => {}))
  })
  const peer = server.own(new TcpPeer(server.port))
  peer.write(`GET /never HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo/000/${newId()}/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
  await until(() => server.endpoint.lingering.size === 1, 'the poll was answered')
  server.endpoint.destroyConnections()
  t.equal(server.endpoint.busy, false)
  t.equal(server.closings.all.length, 1)
})

t.test('R2, R6: 20,000 pipelined sends to a session that is held back end it with 1008, and disturb nobody else', async (t) => {
  const server = await buildServer(t, { handler (session) { session.pause() } })
  const id = newId()
  const flooded = server.own(new TcpPeer(server.port)).write(`POST /echo/000/${id}/xhr_streaming HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
  await flooded.see('o\n')
  const neighbour = await connect(server, 'xhr-streaming')
  const known = new Set(server.sockets)
  const peer = server.own(new TcpPeer(server.port))
  await until(() => server.sockets.size > known.size, 'the connection')
  const socket = [...server.sockets].find((socket) => !known.has(socket))!
  const send = `POST /echo/000/${id}/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n["a"]`
  peer.write(send.repeat(100))
  let answered = 0
  server.app.server.on('request', () => { answered++ })
  await until(() => server.endpoint.registration.bufferedBytes >= 100 * 8192, 'a hundred wait, and count')
  t.ok(socket.listenerCount('close') <= 5, `${socket.listenerCount('close')} listeners`)
  t.equal(server.closings.all.length, 0)
  for (let i = 0; i < 199; i++) peer.write(send.repeat(100))
  t.match(await server.closing(), { code: 1008, reason: 'Too many messages', clean: false })
  t.equal(server.endpoint.registration.bufferedBytes, 0)
  await flooded.see('c[1008,"Too many messages"]')
  const statuses = (await peer.end()).split('HTTP/1.1 ').slice(1).map((answer) => answer.slice(0, 3))
  t.strictSame(statuses, [...Array.from({ length: 128 }, () => '204'), '503'])
  t.ok(answered < 10_000, `${answered} of them were looked at`)
  t.equal(server.closings.all.length, 1)
  const [, session] = [await server.session(), await server.session()]
  session.send('still there')
  t.strictSame(await neighbour.messages(1), ['still there'])
})
