import Fastify from 'fastify'
import t, { type Test } from 'tap'
import sockjs from '../../src/index.ts'
import stomp, { memoryBroker } from '../../src/stomp.ts'
import { FrameParser, isFrameError } from '../../src/stomp/codec/index.ts'
import { TcpPeer } from '../support/http.ts'
import { until } from '../support/wait.ts'
import { buildStomp, StompSocket, type StompTestOptions, type StompTestServer } from './support.ts'

const CONNECT = 'CONNECT\naccept-version:1.2\nhost:x\n\n\0'
const SEND = 'SEND\ndestination:/topic/a\n'

async function build (t: Test, options: StompTestOptions = {}): Promise<StompTestServer> {
  const server = await buildStomp(t, { ...options, listen: true, stomp: { ...options.stomp, tcp: { port: 0 } } })
  await until(() => server.stomp.tcpPort !== null, 'the port')
  return server
}

function peer (t: Test, server: StompTestServer): TcpPeer {
  const made = new TcpPeer(server.stomp.tcpPort!)
  t.teardown(() => made.abort())
  return made
}

async function connect (t: Test, server: StompTestServer): Promise<TcpPeer> {
  const client = peer(t, server).write(CONNECT)
  await client.see('\n\n\0\n')
  client.clear()
  return client
}

async function listening (t: Test, server: StompTestServer): Promise<TcpPeer> {
  const client = (await connect(t, server)).write('SUBSCRIBE\nid:a\ndestination:/topic/a\nreceipt:s\n\n\0')
  await client.see('RECEIPT\nreceipt-id:s\n\n\0\n')
  client.clear()
  return client
}

t.test('TCP is off unless asked for', async (t) => {
  const server = await buildStomp(t, { listen: true })
  t.equal(server.stomp.tcpPort, null)
})

t.test('TCP: a port that is taken fails the start', async (t) => {
  const server = await build(t)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sockjs)
  await app.register(stomp, { path: '/stomp', broker: memoryBroker(), tcp: { port: server.stomp.tcpPort! } })
  await t.rejects(app.listen({ port: 0, host: '127.0.0.1' }), { code: 'EADDRINUSE' })
})

t.test('STOMP-C1, STOMP-C4, STOMP-F4: the same session as everywhere', async (t) => {
  const server = await build(t)
  const client = peer(t, server).write('\n\r\n' + CONNECT.replace('CONNECT', 'STOMP'))
  t.match(await client.see('\n\n\0\n'), /^CONNECTED\nversion:1\.2\nsession:[\w-]+\nserver:fastify-sockjs\/[\w.-]+\nheart-beat:0,0\n\n\0\n$/)
  const [session] = server.stomp.sessions
  t.match(session, { transport: 'tcp', ip: /127\.0\.0\.1/, user: null })
})

t.test('STOMP-F10: one octet at a time, and everything at once', async (t) => {
  const server = await build(t)
  const client = await listening(t, server)
  const frame = Buffer.from(`${SEND}x:tür\ncontent-length:7\n\n😀\0\0\0\0`)
  for (const octet of frame) client.write(Buffer.of(octet))
  await client.see('\n\n' + Buffer.from('😀\0\0\0\0').toString('latin1'))
  client.clear()
  client.write(Buffer.concat([frame, Buffer.from('\n'), frame, frame, Buffer.from(`${SEND}\nlast\0`)]))
  const seen = await client.see('last\0')
  t.equal(seen.split('MESSAGE\n').length - 1, 4)
})

t.test('STOMP-W6: octets are octets in both directions', async (t) => {
  const server = await build(t)
  const client = await listening(t, server)
  const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  client.write(Buffer.concat([Buffer.from(`${SEND}content-length:256\n\n`), all, Buffer.of(0)]))
  await client.see('\n\n' + all.toString('latin1') + '\0')
})

t.test('STOMP-D1, STOMP-C11, STOMP-X1: RECEIPT and ERROR leave before the end', async (t) => {
  const server = await build(t)
  for (const [frames, last] of [
    ['DISCONNECT\nreceipt:bye\n\n\0', /^RECEIPT\nreceipt-id:bye\n\n\0\n$/], ['DISCONNECT\n\n\0', /^$/],
    ['FOO\nreceipt:r\n\n\0', /^ERROR\n[^]*\nreceipt-id:r\n[^]*\0\n$/],
    [`${SEND}\nx\0`.repeat(1000) + 'DISCONNECT\nreceipt:bye\n\n\0' + `${SEND}\nx\0`, /^RECEIPT\nreceipt-id:bye\n\n\0\n$/]
  ] as const) {
    const client = (await connect(t, server)).write(frames)
    t.match(await client.end(), last)
    client.socket.end()
    await client.gone()
  }
  const early = peer(t, server).write('SEND\ndestination:/topic/a\n\nx\0')
  t.match(await early.end(), /^ERROR\n[^]*\ncode:STOMP_NOT_CONNECTED\n/)
})

t.test('STOMP-D2: what came before the client\'s end is processed', async (t) => {
  const ends: unknown[] = []
  const server = await build(t, { routes: (app) => app.stomp.addHook('onDisconnect', (_session, { code }) => { ends.push(code) }) })
  const watcher = await (await server.connect()).subscribe('a', '/topic/a')
  const orderly = await connect(t, server)
  orderly.socket.end(`${SEND}\n1\0BEGIN\ntransaction:t\n\n\0${SEND}transaction:t\n\nnever\0${SEND}\n2\0${SEND}\nunfinished`)
  t.equal(await orderly.end(), '')
  const abrupt = await connect(t, server)
  abrupt.write(`${SEND}\n3\0`)
  await until(() => watcher.inner.waiting.length === 3, 'the last message')
  abrupt.reset()
  await until(() => ends.length === 2, 'both ends')
  t.strictSame(ends, [1000, 1002])
  t.strictSame(await watcher.bodies(), ['1', '2', '3'])
})

t.test('STOMP-C9, STOMP-H3, STOMP-H4: time', async (t) => {
  const server = await build(t)
  const silent = peer(t, server)
  await until(() => server.app.sockjs.endpoints.get('/stomp')!.sessions.size === 1, 'the session')
  server.clock.advance(10_050)
  t.match(await silent.end(), /\ncode:STOMP_CONNECT_TIMEOUT\n/)
  const client = peer(t, server).write(CONNECT.replace('host:x', 'heart-beat:1000,1000'))
  await client.see('\nheart-beat:1000,1000\n\n\0')
  client.clear()
  server.clock.advance(800)
  await client.see('\n')
  t.equal(client.text, '\n')
  server.clock.advance(1_300)
  t.match(await client.end(), /^\n+ERROR\n[^]*\ncode:STOMP_HEART_BEAT_LOST\n/)
})

t.test('STOMP-L1: limits', async (t) => {
  const server = await build(t)
  const client = await connect(t, server)
  client.write(`${SEND}content-length:65537\nreceipt:r\n\n`)
  t.match(await client.end(), /^ERROR\nmessage:The body is longer than 65536 octets\n[^]*\nreceipt-id:r\n/)
  const garbage = peer(t, server).write(Buffer.alloc(100_000, 0xff))
  t.match(await garbage.end(), /^ERROR\n/)
})

t.test('SPRING-D22: a server that stops ends its connections, and listens no more', async (t) => {
  const server = await build(t)
  const client = await listening(t, server)
  const port = server.stomp.tcpPort!
  await server.app.close()
  t.equal(await client.end(), '')
  const late = new TcpPeer(port)
  await late.gone()
  t.equal(late.text, '')
})

t.test('back-pressure: a client is held back while a route works', async (t) => {
  let open: () => void = () => {}
  const gate = new Promise<void>((resolve) => { open = resolve })
  let count = 0
  const server = await build(t, { routes: (app) => app.stomp.message('/slow', async () => { await gate; count++ }) })
  const client = await connect(t, server)
  const frame = `SEND\ndestination:/app/slow\ncontent-type:text/plain\n\n${'x'.repeat(50_000)}\0`
  for (let i = 0; i < 400; i++) client.write(frame)
  client.write('BEGIN\ntransaction:t\nreceipt:last\n\n\0')
  await until(() => client.socket.writableLength > 1_000_000, 'the socket is full')
  t.equal(count, 0)
  open()
  await client.see('receipt-id:last\n')
  t.equal(count, 400)
})

// --- U29 -----------------------------------------------------------------------------------------------------------------------

t.test('U29: a line feed stands behind the NUL of every frame over TCP, and is no part of a body', async (t) => {
  const server = await build(t)
  const client = await listening(t, server)
  const bodies = ['one', 'two\0with NUL', '', 'ends with NUL\0', 'x'.repeat(60_000)]
  for (const body of bodies) await server.stomp.publish('/topic/a', body)
  client.write('BEGIN\ntransaction:t\nreceipt:r\n\n\0')
  const seen = await client.see('RECEIPT\nreceipt-id:r\n\n\0\n')
  const parser = new FrameParser({ from: 'server', version: '1.2' })
  parser.push(client.bytes)
  const frames = [...parser].map((frame) => isFrameError(frame) ? frame.code : frame)
  t.strictSame(frames.map((frame) => typeof frame === 'string' ? frame : frame.body.text), [...bodies, ''])
  t.strictSame(frames.slice(0, -1).map((frame) => typeof frame === 'string' ? frame : frame.headers.get('content-length')), bodies.map((body) => String(body.length)))
  t.equal(parser.eols, frames.length, 'one line feed for each frame')
  t.notMatch(seen, /\0\n\n/)
})

t.test('U29: as the extension of PHP reads: a frame with content-length ends with NUL and line feed', async (t) => {
  const server = await build(t)
  const client = await listening(t, server)
  await Promise.all(Array.from({ length: 1000 }, (_, i) => server.stomp.publish('/topic/a', `message ${i}`)))
  await client.see('message 999\0\n')
  let rest = client.text
  for (let i = 0; i < 1000; i++) {
    const head = rest.slice(0, rest.indexOf('\n\n'))
    const end = head.length + 2 + Number(/content-length:(\d+)/.exec(head)![1])
    if (!head.startsWith('MESSAGE\n') || rest.slice(end, end + 2) !== '\0\n') return t.fail(`frame ${i}: ${JSON.stringify(rest.slice(0, 200))}`)
    rest = rest.slice(end + 2)
  }
  t.equal(rest, '')
})

t.test('U29: heart-beats stay one line feed, and over WebSocket nothing stands behind the NUL', async (t) => {
  const server = await build(t)
  const beating = peer(t, server).write('CONNECT\naccept-version:1.2\nheart-beat:0,1000\n\n\0')
  await beating.see('\n\n\0\n')
  beating.clear()
  server.clock.advance(900)
  t.equal(await beating.see('\n'), '\n')
  const socket = new StompSocket(t, server)
  t.match(await socket.connect(), /\n\n\0$/)
  socket.send('SUBSCRIBE\nid:a\ndestination:/topic/a\nreceipt:s\n\n\0')
  t.match(await socket.next(), /\n\n\0$/)
  await server.stomp.publish('/topic/a', 'x')
  t.match(await socket.next(), /x\0$/)
})
