import t from 'tap'
import { Agent } from 'node:http'
import { ask } from '../support/http.ts'
import { UPGRADE } from '../support/doors.ts'
import { until } from '../support/wait.ts'
import { buildStomp, StompSocket, type StompTestServer } from './support.ts'

const SUBSCRIBE = 'SUBSCRIBE\nid:a\ndestination:/topic/a\n\n\0'
const SEND = 'SEND\ndestination:/topic/a\n'

/** A socket that has subscribed `/topic/a`. */
async function listening (socket: StompSocket): Promise<StompSocket> {
  await socket.connect()
  await socket.send(SUBSCRIBE).settled()
  return socket
}

const bodyOf = (message: string): string => message.slice(message.indexOf('\n\n') + 2, -1)

t.test('STOMP-W1, SPRING-A2, SPRING-B6, SPRING-B8: one URL for SockJS and WebSocket; the highest subprotocol wins, as it was spelled', async (t) => {
  const server = await buildStomp(t, { listen: true })
  t.equal((await ask({ port: server.port, path: '/stomp' })).body, 'Welcome to SockJS!\n')
  const rows = [
    [['v10.stomp', 'v11.stomp', 'v12.stomp'], 'v12.stomp'], [['v12.stomp', 'v11.stomp', 'v10.stomp'], 'v12.stomp'],
    [['v10.stomp', 'v11.stomp'], 'v11.stomp'], [['v10.stomp'], 'v10.stomp'],
    [['graphql', 'v11.stomp'], 'v11.stomp'], [['V12.STOMP'], 'V12.STOMP'], [['v10.stomp', 'V11.Stomp'], 'V11.Stomp']
  ] as const
  for (const path of ['/stomp', '/stomp/', '/stomp/websocket']) {
    for (const [offered, chosen] of rows) {
      const socket = new StompSocket(t, server, { path, protocols: [...offered] })
      await socket.opened
      t.equal(socket.ws.protocol, chosen, `${path} of ${offered.join()}`)
      socket.ws.terminate()
    }
  }
})

t.test('STOMP-W2, SPRING-B7: no subprotocol is fine; foreign ones are not echoed', async (t) => {
  const server = await buildStomp(t, { listen: true })
  const socket = new StompSocket(t, server, { protocols: [] })
  t.match(await socket.connect(), /^CONNECTED\n/)
  t.equal(socket.ws.protocol, '')
  const answer = await ask({ port: server.port, path: '/stomp', headers: { ...UPGRADE, 'sec-websocket-protocol': 'graphql, wss' } })
  t.equal(answer.status, 101)
  t.equal(answer.headers['sec-websocket-protocol'], undefined)
})

t.test('STOMP-W2: strictSubprotocol refuses foreign ones', async (t) => {
  let hooked = 0
  const server = await buildStomp(t, { listen: true, stomp: { strictSubprotocol: true, endpoint: { preHandler: async () => { hooked++ } } } })
  for (const path of ['/stomp', '/stomp/websocket', '/stomp/0/i/websocket']) {
    for (const [offered, status] of [['graphql, wss', 400], ['v13.stomp', 400], ['graphql, v11.stomp', 101], ['V12.STOMP', 101], [undefined, 101]] as const) {
      const headers = { ...UPGRADE, ...(offered === undefined ? {} : { 'sec-websocket-protocol': offered }) }
      t.equal((await ask({ port: server.port, path, headers })).status, status, `${path} of ${offered}`)
    }
  }
  t.ok(hooked > 0, 'the hooks of the endpoint run too')
  t.equal((await ask({ port: server.port, path: '/stomp/0/i/xhr', method: 'POST' })).body, 'o\n')
})

t.test('STOMP-W3: CONNECT decides about the version, not the subprotocol', async (t) => {
  const server = await buildStomp(t, { listen: true })
  for (const [protocol, asked, version] of [['v10.stomp', '1.2', '1.2'], ['v12.stomp', '1.0', '1.0'], ['v11.stomp', '1.0,1.1,1.2', '1.2']] as const) {
    t.match(await new StompSocket(t, server, { protocols: [protocol] }).connect('', asked), new RegExp(`\nversion:${version}\n`))
  }
})

t.test('STOMP-W4, SPRING-D20: a frame over several messages, several frames in one, text and bytes mixed', async (t) => {
  const server = await buildStomp(t, { listen: true })
  const socket = await listening(new StompSocket(t, server))
  const frame = `${SEND}x:tür\n\ngrüße 😀\0`
  const octets = Buffer.from(frame)
  socket.send(frame.slice(0, 10)).send(frame.slice(10, 30)).send(frame.slice(30))
  for (let at = 0; at < octets.length; at += 7) socket.send(octets.subarray(at, at + 7))
  socket.send(frame.slice(0, 20)).send(Buffer.from(frame.slice(20)))
  socket.send(Buffer.from(frame.slice(0, 20))).send(frame.slice(20))
  socket.send(frame + '\n' + frame + '\n\n').send(Buffer.from(frame + frame))
  for (let i = 0; i < 8; i++) t.equal(bodyOf(await socket.next()), 'grüße 😀', `${i}`)
  await socket.settled()
  t.equal(socket.messages.waiting, 0)
})

t.test('STOMP-W4: a surrogate pair that a client cuts in two is lost before it gets here', async (t) => {
  const server = await buildStomp(t, { listen: true })
  const socket = await listening(new StompSocket(t, server))
  socket.send(`${SEND}\na\ud83d`).send('\ude00b\0')
  t.equal(bodyOf(await socket.next()), 'a\ufffd\ufffdb')
})

t.test('STOMP-W5: one frame in a message, from its first octet to its NUL, also when many leave at once', async (t) => {
  const server = await buildStomp(t, { listen: true })
  const socket = await listening(new StompSocket(t, server))
  const bodies = ['1', 'ü', 'x'.repeat(60_000), '', '5']
  for (const body of bodies) server.stomp.publish('/topic/a', body)
  for (const body of bodies) {
    const message = await socket.next()
    t.match(message, /^MESSAGE\n[^\0]*\0$/)
    t.equal(bodyOf(message), body)
  }
})

t.test('STOMP-W6, SPRING-D18: auto, text and binary', async (t) => {
  const octets = Uint8Array.of(0xff, 0x00, 0xfe)
  /** Whether [CONNECTED, a text, bytes that are UTF-8, other bytes] come as binary messages, to clients that send text and bytes. */
  const rows = [
    ['auto', 'text', [false, false, false, true]], ['auto', 'bytes', [true, true, true, true]], ['text', 'text', [false, false, false, false]],
    ['text', 'bytes', [false, false, false, false]],
    ['binary', 'text', [true, true, true, true]], ['binary', 'bytes', [true, true, true, true]]
  ] as const
  for (const [messages, sends, binary] of rows) {
    const server = await buildStomp(t, { listen: true, stomp: { messages } })
    const socket = new StompSocket(t, server)
    await socket.opened
    const say = (frame: string): StompSocket => socket.send(sends === 'text' ? frame : Buffer.from(frame))
    await say('CONNECT\naccept-version:1.2\nheart-beat:0,1000\n\n\0' + SUBSCRIBE).settled()
    for (const value of [
      'text', Buffer.from('utf8'), octets
    ]) {
      await server.stomp.publish('/topic/a', value, { headers: { 'content-type': 'application/octet-stream' } })
    }
    await socket.settled()
    t.strictSame(socket.messages.all.map(({ isBinary }) => isBinary), binary, `${messages} to a client that sends ${sends}`)
    const last = socket.messages.all[3]!
    if (messages === 'text') t.match(last.text, /\ncontent-transfer-encoding:base64\n[^]*\n\n\/wD\+\0$/)
    else t.ok(last.bytes.subarray(-4).equals(Buffer.of(...octets, 0)))
    server.clock.advance(1_000)
    await socket.settled()
    t.match(socket.messages.all[4], { text: '\n', isBinary: binary[1] }, 'a beat too')
    await server.app.close()
  }
})

t.test('STOMP-W7, STOMP-D1, STOMP-C11, STOMP-X1, SPRING-D12, SPRING-D13: close codes, and what is flushed before', async (t) => {
  const server = await buildStomp(t, { listen: true })
  const rows = [
    ['DISCONNECT\nreceipt:bye\n\n\0', /^RECEIPT\nreceipt-id:bye\n\n\0$/, 1000], ['DISCONNECT\n\n\0', null, 1000],
    ['FOO\nreceipt:r\n\n\0', /^ERROR\n[^]*\nreceipt-id:r\n/, 1002],
    ['SEND\n\n\0DISCONNECT\nreceipt:x\n\n\0', /^ERROR\n/, 1002]
  ] as const
  for (const path of ['/stomp', '/stomp/websocket']) {
    for (const [frames, last, code] of rows) {
      const socket = new StompSocket(t, server, { path })
      await socket.connect()
      socket.send(frames)
      t.equal((await socket.closed).code, code, frames)
      t.equal(socket.texts.length, last === null ? 1 : 2)
      if (last !== null) t.match(socket.texts[1], last)
    }
  }
  const early = new StompSocket(t, server)
  await early.opened
  t.match(await early.send('SEND\ndestination:/topic/a\n\n\0').next(), /^ERROR\n/)
  t.equal((await early.closed).code, 1002)
})

t.test('STOMP-W7: too big is 1009', async (t) => {
  const server = await buildStomp(t, { listen: true, stomp: { limits: { body: 100, head: 200 } } })
  const socket = new StompSocket(t, server)
  await socket.connect()
  socket.send('x'.repeat(20_000))
  t.equal((await socket.closed).code, 1009)
})

t.test('STOMP-W7, SPRING-D22: a server that stops says 1001 to all', async (t) => {
  const ends: unknown[] = []
  const server = await buildStomp(t, {
    listen: true,
    routes: (app) => app.stomp.addHook('onDisconnect', (_session, { code, reason }) => { ends.push([code, reason]) })
  })
  const sockets = [new StompSocket(t, server), new StompSocket(t, server, { path: '/stomp/websocket' })]
  for (const socket of sockets) await socket.connect()
  const injected = await server.connect()
  await server.app.close()
  for (const socket of sockets) t.match(await socket.closed, { code: 1001, reason: 'Server shutting down' })
  t.equal((await injected.closed).code, 1001)
  t.strictSame(ends, Array.from({ length: 3 }, () => [1001, 'Server shutting down']), 'the broker stops after the sessions')
})

t.test('STOMP-W8: permessage-deflate is an option', async (t) => {
  for (const [endpoint, on] of [[{}, false], [{ websocket: { compression: { threshold: 100 } } }, true]] as const) {
    const server = await buildStomp(t, { listen: true, stomp: { endpoint } })
    const socket = await listening(new StompSocket(t, server, { perMessageDeflate: true }))
    t.equal(socket.ws.extensions.includes('permessage-deflate'), on)
    socket.send(`${SEND}\n${'é'.repeat(5000)}\0`).send(`${SEND}\nsmall\0`)
    t.equal(bodyOf(await socket.next()), 'é'.repeat(5000))
    t.equal(bodyOf(await socket.next()), 'small')
  }
})

t.test('STOMP-W9: pings and pongs are no heart-beats', async (t) => {
  const server = await buildStomp(t, { listen: true })
  const socket = new StompSocket(t, server)
  await socket.connect('heart-beat:1000,0\n')
  for (let i = 0; i < 3; i++) {
    server.clock.advance(600)
    await socket.settled()
  }
  server.clock.advance(300)
  t.match(await socket.next(), /\ncode:STOMP_HEART_BEAT_LOST\n/)
})

// --- slow consumers ----------------------------------------------------------------------------------------------------------------

const BLOCK = 'x'.repeat(60_000)

/** Publishes until the process itself must keep what the client does not take. */
async function fill (server: StompTestServer, full: () => boolean): Promise<void> {
  for (let i = 0; i < 2_000 && !full(); i++) {
    await server.stomp.publish('/topic/a', BLOCK)
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  if (!full()) throw new Error('the client took everything')
}

t.test('SPRING-D24: a client that does not read is closed with 1013', async (t) => {
  const ends: unknown[] = []
  const server = await buildStomp(t, {
    listen: true,
    routes: (app) => app.stomp.addHook('onDisconnect', (_session, { code, reason, clean }) => { ends.push([code, reason, clean]) })
  })
  const socket = await listening(new StompSocket(t, server))
  const other = await (await server.connect()).subscribe('a', '/topic/none')
  socket.ws.pause()
  await fill(server, () => ends.length > 0)
  t.strictSame(ends, [[1013, 'slow consumer', false]])
  t.equal(server.stomp.subscriptions({ destination: '/topic/a' }).length, 0)
  await other.send('/topic/none', 'unharmed')
  t.strictSame(await other.bodies(), ['unharmed'])
})

t.test('SPRING-D25: or what is too much is dropped', async (t) => {
  const server = await buildStomp(t, { listen: true, stomp: { endpoint: { queue: { highWater: 50_000, limit: 200_000, overflow: 'drop' } } } })
  const socket = await listening(new StompSocket(t, server))
  const [session] = server.stomp.sessions
  socket.ws.pause()
  await fill(server, () => session!.stream.bufferedBytes > 130_000)
  for (let i = 0; i < 20; i++) await server.stomp.publish('/topic/a', BLOCK)
  t.ok(session!.stream.bufferedBytes < 300_000, 'bounded')
  socket.ws.resume()
  await until(() => session!.stream.bufferedBytes === 0, 'all has left')
  await server.stomp.publish('/topic/a', 'after')
  await until(() => bodyOf(socket.texts.at(-1)!) === 'after', 'the session goes on')
})

t.test('SPRING-D26: a normal close that the client does not take ends as slow too', async (t) => {
  const ends: number[] = []
  const server = await buildStomp(t, {
    listen: true,
    stomp: { endpoint: { queue: { highWater: 50_000 } } },
    routes: (app) => app.stomp.addHook('onDisconnect', (_session, { code }) => { ends.push(code) })
  })
  const socket = await listening(new StompSocket(t, server))
  const [session] = server.stomp.sessions
  socket.ws.pause()
  await fill(server, () => session!.stream.bufferedBytes > 200_000)
  server.stomp.close({ all: true }, 1000)
  await new Promise((resolve) => { setImmediate(resolve) })
  t.strictSame(ends, [], 'what was sent before must leave first')
  server.clock.advance(10_000)
  server.clock.advance(10_100)
  t.strictSame(ends, [1013])
})

t.test('the request under a WebSocket, and its user, are there in onConnect', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    listen: true,
    stomp: { endpoint: { session: (request) => ({ user: { name: String(request.headers['x-user']) }, attributes: { tenant: 'blue' } }) } },
    routes: (app) => app.stomp.addHook('onConnect', (_frame, { user, attributes, transport, ip }, request) => {
      const { token } = request!.query as { token: string }
      seen.push([request!.headers.cookie, token, user, attributes, transport, ip])
    })
  })
  const socket = new StompSocket(t, server, { path: '/stomp/websocket?token=t1', headers: { cookie: 'a=b', 'x-user': 'kim' }, agent: new Agent() })
  t.match(await socket.connect(), /\nuser-name:kim\n/)
  t.strictSame(seen, [['a=b', 't1', { name: 'kim' }, { tenant: 'blue' }, 'websocket-raw', '127.0.0.1']])
})
