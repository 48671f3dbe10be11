import t from 'tap'
import { buildStomp, refused, StompSocket } from '../support.ts'

// STOMP 1.2, Heart-beating. What the server sends is looked at on a WebSocket, for there a beat is a message.

/** The intervals that CONNECTED names for a wish. */
async function agree (socket: StompSocket, wish: string): Promise<string> {
  return /\nheart-beat:(.*)\n/.exec(await socket.connect(`heart-beat:${wish}\n`))![1]!
}

/** The beats that have come by now. */
async function beats (socket: StompSocket): Promise<number> {
  await socket.settled()
  return socket.texts.filter((text) => text === '\n').length
}

const BAD = ['', '1', '1,', ',1', '-1,0', '0,-1', 'a,b', '1.5,1', '1,1,1', '1;1', '1e3,0', '0x1,0']

t.test('STOMP-H1: two non-negative integers, or ERROR', async (t) => {
  const server = await buildStomp(t)
  for (const value of BAD) {
    await refused(t, (await server.open()).frame('CONNECT', { 'accept-version': '1.2', 'heart-beat': value }), 'STOMP_BAD_HEART_BEAT')
  }
  t.equal((await server.connect()).connected!.headers.get('heart-beat'), '0,0', 'none is 0,0')
  t.equal((await server.connect({ headers: { 'heart-beat': '0,0' } })).connected!.headers.get('heart-beat'), '0,0')
})

t.test('STOMP-H2, STOMP-H7, SPRING-D4: CONNECTED mirrors the wish, at least 1,000', async (t) => {
  const server = await buildStomp(t)
  const rows = [
    ['10000,20000', '20000,10000'], ['0,5000', '5000,0'], ['5000,0', '0,5000'], ['500,1', '1000,1000'], ['1,0', '0,1000'], ['999,1001', '1001,1000']
  ] as const
  for (const [wish, answer] of rows) {
    t.equal((await server.connect({ headers: { 'heart-beat': wish } })).connected!.headers.get('heart-beat'), answer, wish)
  }
})

t.test('STOMP-H2, SPRING-D3: fixed values, and another minimum', async (t) => {
  const fixed = await buildStomp(t, { stomp: { heartBeat: { offer: [15_000, 15_000] } } })
  for (const wish of ['0,0', '10000,10000', '20000,20000']) {
    t.equal((await fixed.connect({ headers: { 'heart-beat': wish } })).connected!.headers.get('heart-beat'), '15000,15000')
  }
  const patient = await buildStomp(t, { stomp: { heartBeat: { minimum: 5000 } } })
  t.equal((await patient.connect({ headers: { 'heart-beat': '1,1' } })).connected!.headers.get('heart-beat'), '5000,5000')
})

t.test('STOMP-H6: 1.0 knows no heart-beats', async (t) => {
  const server = await buildStomp(t)
  const client = await server.connect({ version: '1.0', headers: { 'heart-beat': '1000,1000' } })
  t.equal(client.connected!.headers.get('heart-beat'), '0,0')
  t.equal((await server.connect({ version: '1.0', headers: { 'heart-beat': 'nonsense' } })).connected!.command, 'CONNECTED')
  server.clock.advance(1_000_000)
  await client.subscribe('a', '/topic/a')
})

t.test('STOMP-H3, STOMP-H5, STOMP-W5, SPRING-E12: a beat when the server was silent for 0.8 of the interval, and nothing else', async (t) => {
  const server = await buildStomp(t, { listen: true })
  const socket = new StompSocket(t, server)
  t.equal(await agree(socket, '0,10000'), '10000,0')
  server.clock.advance(7_950)
  t.equal(await beats(socket), 0)
  server.clock.advance(50)
  t.equal(await beats(socket), 1)
  t.strictSame(socket.texts.slice(1), ['\n'], 'one LF in a message of its own')
  for (let count = 2; count <= 4; count++) {
    server.clock.advance(8_000)
    t.equal(await beats(socket), count)
  }
  socket.send('SUBSCRIBE\nid:a\ndestination:/topic/a\n\n\0')
  await socket.settled()
  server.clock.advance(4_000)
  await server.stomp.publish('/topic/a', 'x')
  await socket.settled()
  server.clock.advance(7_950)
  t.equal(await beats(socket), 4, 'STOMP-H3: another frame put it off')
  server.clock.advance(50)
  t.equal(await beats(socket), 5)
  t.strictSame(server.failures, [])
})

t.test('STOMP-H2, SPRING-E13: the maximum of both wins, and no beat comes early', async (t) => {
  const server = await buildStomp(t, { listen: true, stomp: { heartBeat: { offer: [1, 1] } } })
  const socket = new StompSocket(t, server)
  t.equal(await agree(socket, '10000,10000'), '1,1')
  server.clock.advance(7_950)
  t.equal(await beats(socket), 0)
  server.clock.advance(50)
  t.equal(await beats(socket), 1)
})

t.test('STOMP-H2, SPRING-E14: one zero turns one direction off', async (t) => {
  // The pings of the transport are another matter.
  const server = await buildStomp(t, { listen: true, sockjs: { heartbeat: 1_000_000 }, stomp: { heartBeat: { offer: [0, 10_000] } } })
  const socket = new StompSocket(t, server)
  t.equal(await agree(socket, '10000,10000'), '0,10000')
  server.clock.advance(59_000)
  t.equal(await beats(socket), 0, 'nothing from the server')
  server.clock.advance(1_100)
  t.match(await socket.next(), /\ncode:STOMP_HEART_BEAT_LOST\n/)
  t.equal((await socket.closed).code, 1002, 'the client must go on')

  const mute = await server.connect({ headers: { 'heart-beat': '0,10000' } })
  server.clock.advance(1_000_000)
  await mute.subscribe('a', '/topic/a')
})

t.test('STOMP-H4, STOMP-H6, SPRING-E11: silence ends a session after 2n, from 10 s on not before 60 s', async (t) => {
  const server = await buildStomp(t)
  for (const [interval, allowed] of [
    [1_000, 2_000], [5_000, 10_000], [9_999, 19_998], [10_000, 60_000], [25_000, 60_000], [30_000, 60_000], [40_000, 80_000]
  ] as const) {
    const client = await server.connect({ headers: { 'heart-beat': `${interval},0` } })
    server.clock.advance(allowed - 50)
    await client.ok('BEGIN', { transaction: 'a' })
    server.clock.advance(allowed - 50)
    t.strictSame(client.inner.waiting, [], `${interval}: not yet`)
    server.clock.advance(150)
    await refused(t, client, 'STOMP_HEART_BEAT_LOST')
  }
})

t.test('STOMP-H4: factor and minimum are options', async (t) => {
  const server = await buildStomp(t, { stomp: { heartBeat: { tolerance: 3, toleranceFloor: 0 } } })
  for (const [interval, allowed] of [[1_000, 3_000], [20_000, 60_000]] as const) {
    const client = await server.connect({ headers: { 'heart-beat': `${interval},0` } })
    server.clock.advance(allowed - 50)
    t.strictSame(client.inner.waiting, [])
    server.clock.advance(100)
    await refused(t, client, 'STOMP_HEART_BEAT_LOST')
  }
})

t.test('STOMP-H3: any octet proves life', async (t) => {
  const server = await buildStomp(t)
  const client = await server.connect({ headers: { 'heart-beat': '1000,0' } })
  for (const octets of ['\n', '\r\n', 'SEND\n', 'destination:/topic/a\n', '\n', 'x', '\0', 'BEGIN\ntransaction:a\n\n\0']) {
    server.clock.advance(1_900)
    client.raw(octets)
  }
  await client.ok('ABORT', { transaction: 'a' })
  server.clock.advance(2_100)
  await refused(t, client, 'STOMP_HEART_BEAT_LOST')
})

t.test('STOMP-H8: one timer a session, and none when it is over', async (t) => {
  const server = await buildStomp(t)
  const before = server.clock.pending
  const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect({ headers: { 'heart-beat': '10000,10000' } })))
  const supervisions = 20
  t.equal(server.clock.pending, before + supervisions + 20)
  for (const client of clients) client.inner.abort()
  t.equal(server.clock.pending, before)
})

// --- expiry ----------------------------------------------------------------------------------------------------------

t.test('a session ends when its time is over', async (t) => {
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.addHook('onConnect', (_frame, session) => { session.expiresAt = server.clock.date() + 30_000 })
  })
  const client = await server.connect()
  server.clock.advance(29_950)
  await client.subscribe('a', '/topic/a')
  server.clock.advance(100)
  await refused(t, client, 'STOMP_SESSION_EXPIRED')
  t.equal(server.stomp.sessions.size, 0)
})

t.test('onExpire renews a session, as often as it likes', async (t) => {
  let renewals = 0
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.addHook('onConnect', (_frame, session) => { session.expiresAt = server.clock.date() + 10_000 })
      app.stomp.addHook('onExpire', async (session) => { if (++renewals < 3) session.expiresAt = session.expiresAt! + 10_000 })
    }
  })
  const client = await server.connect()
  for (let round = 1; round < 3; round++) {
    server.clock.advance(10_050)
    await client.ok('BEGIN', { transaction: String(round) })
    t.equal(renewals, round)
  }
  server.clock.advance(10_050)
  await refused(t, client, 'STOMP_SESSION_EXPIRED')
  t.equal(renewals, 3)
})

t.test('an onExpire that throws ends the session, and expiresAt may be put off or taken back at any time', async (t) => {
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.addHook('onConnect', (_frame, session) => { session.expiresAt = server.clock.date() + 10_000 })
      app.stomp.addHook('onExpire', () => { throw new Error('the directory is down') })
      app.stomp.message('/renew', ({ session }) => { session.expiresAt = server.clock.date() + 20_000 })
      app.stomp.message('/forever', ({ session }) => { session.expiresAt = undefined })
    }
  })
  const renewed = await server.connect()
  const forever = await (await server.connect()).send('/app/forever')
  server.clock.advance(9_000)
  await renewed.send('/app/renew')
  server.clock.advance(19_900)
  await renewed.subscribe('a', '/topic/a')
  server.clock.advance(200)
  await refused(t, renewed, 'STOMP_INTERNAL')
  server.clock.advance(1_000_000)
  await forever.subscribe('a', '/topic/a')
})

t.test('R9: expiresAt refuses what is no time, and nothing of the session changes', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.addHook('onConnect', (_frame, session) => { session.expiresAt = server.clock.date() + 10_000 }) })
  const client = await server.connect()
  const session = [...server.stomp.sessions][0]!
  const { expiresAt } = session
  const wrong = [NaN, Infinity, -Infinity, Date.now() * 1_000_000, null, '', '1', `${Date.now()}`, new Date(), true, {}, [], 1n, Symbol('never')]
  for (const value of wrong) {
    t.throws(() => { session.expiresAt = value as never }, { code: 'FST_STOMP_INVALID_EXPIRY', message: /milliseconds since 1970/ }, String(value))
    t.equal(session.expiresAt, expiresAt)
  }
  server.clock.advance(10_100)
  await refused(t, client, 'STOMP_SESSION_EXPIRED')
})

t.test('R9: a hook that sets a time without exp refuses the client', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.addHook('onConnect', (_frame, session) => { session.expiresAt = (undefined as never) * 1000 }) })
  await refused(t, (await server.open()).frame('CONNECT', { 'accept-version': '1.2' }), 'STOMP_INTERNAL')
})

t.test('a session that was over before it began', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.addHook('onConnect', (_frame, session) => { session.expiresAt = 0 }) })
  const client = await server.connect()
  server.clock.advance(100)
  await refused(t, client, 'STOMP_SESSION_EXPIRED')
})
