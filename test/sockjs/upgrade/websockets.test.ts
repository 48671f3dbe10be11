import type { Socket } from 'node:net'
import { constants, inflateRawSync } from 'node:zlib'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import type { Session } from '../../../src/index.ts'
import { SockjsFrame } from '../../../src/sockjs/protocol/frame.ts'
import { formsOf } from '../../../src/sockjs/protocol/index.ts'
import { connect, SOCKETS, TRANSPORTS } from '../../support/client.ts'
import { contract } from '../../support/contract.ts'
import { UPGRADE } from '../../support/doors.ts'
import { ask, handshake, maskedFrame, TcpPeer } from '../../support/http.ts'
import { buildServer, echo, type TestServer } from '../../support/server.ts'
import { until, within } from '../../support/wait.ts'
import { talk } from '../../support/websocket.ts'

// --- together with the application's own @fastify/websocket ------------------------------------------------------

function ownRoute (app: FastifyInstance, path: string): void {
  app.get(path, { websocket: true }, (socket) => {
    socket.on('message', (data: Buffer) => { socket.send('own ' + data.toString()) })
  })
}

const NEIGHBOURS: Readonly<Record<string, (build: (parts: object) => Promise<TestServer>) => Promise<TestServer>>> = {
  before: (build) => build({
    async before (app: FastifyInstance) {
      await app.register(fastifyWebsocket)
      ownRoute(app, '/own')
    }
  }),
  'before, with options': (build) => build({
    async before (app: FastifyInstance) {
      await app.register(fastifyWebsocket, { options: { maxPayload: 8 * 1024 * 1024, handleProtocols: () => 'theirs' } })
      ownRoute(app, '/own')
    }
  }),
  after: (build) => build({
    async after (app: FastifyInstance) {
      await app.register(fastifyWebsocket)
      ownRoute(app, '/own')
    }
  }),
  'in a sibling scope before': (build) => build({
    async before (app: FastifyInstance) {
      await app.register(async (child) => {
        await child.register(fastifyWebsocket)
        ownRoute(child, '/own')
      })
    }
  }),
  'in a sibling scope after': (build) => build({
    async after (app: FastifyInstance) {
      await app.register(async (child) => {
        await child.register(fastifyWebsocket)
        ownRoute(child, '/own')
      })
    }
  })
}

for (const [place, build] of Object.entries(NEIGHBOURS)) {
  t.test(`@fastify/websocket, registered by the application ${place}`, async (t) => {
    const lines: string[] = []
    const server = await build((parts) => buildServer(t, {
      ...parts,
      endpoint: { protocols: ['chat'] },
      fastify: { requestTimeout: 30_000, logger: { level: 'warn', stream: { write: (line: string) => { lines.push(line) } } } }
    }))
    for (const transport of TRANSPORTS) {
      const client = await connect(server, transport)
      await client.send('hello')
      t.strictSame(await client.messages(1), ['hello'], transport)
      client.abort()
    }
    t.match(await talk(server.port, '/own', { say: 'hello' }), { answer: 'own hello' })
    t.equal((await talk(server.port, '/own', { protocols: ['theirs'], say: 'hello' })).protocol, 'theirs')
    const ours = new WebSocket(`ws://127.0.0.1:${server.port}/echo/websocket`, ['superchat', 'CHAT'])
    await within(new Promise((resolve) => ours.on('open', resolve)), 'a WebSocket of ours')
    t.equal(ours.protocol, 'CHAT', 'our choice of a subprotocol is ours')
    ours.terminate()
    // What is refused outside of our prefixes is the business of the other listener; in a scope of its own it forgets the socket.
    if (!place.includes('sibling')) t.equal((await ask({ port: server.port, path: '/nowhere', headers: UPGRADE })).status, 404)
    const refused = await ask({ port: server.port, path: '/echo/info', headers: UPGRADE })
    t.equal(refused.status, 400, 'PIT-6')
    const open = new WebSocket(`ws://127.0.0.1:${server.port}/own`)
    await within(new Promise((resolve) => open.on('open', resolve)), 'a WebSocket of the application')
    const live = await connect(server, 'websocket')
    const closed = new Promise<number>((resolve) => open.on('close', resolve))
    await server.close()
    t.match(await live.closed, { code: 1001 })
    await within(closed, 'the end of the other')
    await until(() => server.sockets.size === 0, 'no descriptor is left')
    t.strictSame(lines, [], 'nothing to warn about')
  })
}

t.test('options that cannot hold beside the @fastify/websocket of the application are refused', async (t) => {
  const build = (options: object, endpoint: object): Promise<TestServer> => buildServer(t, {
    before: async (app) => { await app.register(fastifyWebsocket, { options }) },
    endpoint
  })
  await t.rejects(build({}, { websocket: { compression: true } }), { code: 'FST_SOCKJS_FOREIGN_WEBSOCKET_SERVER' })
  await t.rejects(build({ maxPayload: 1000 }, { maxMessageSize: 1001 }), { code: 'FST_SOCKJS_FOREIGN_WEBSOCKET_SERVER' })
  await build({ maxPayload: 1000 }, { maxMessageSize: 1000 })
})

contract('maxMessageSize holds also on a server that takes more', async (t, transport) => {
  const server = await buildServer(t, {
    before: async (app) => { await app.register(fastifyWebsocket, { options: { maxPayload: 8 * 1024 * 1024 } }) },
    endpoint: { maxMessageSize: 1000 }
  })
  const client = await connect(server, transport)
  await client.send('x'.repeat(1001))
  t.match(await server.closing(), { code: 1009 })
}, SOCKETS)

// --- what an upgrade is answered -----------------------------------------------------------------------------------

t.test('WS-11: the handshake, byte by byte', async (t) => {
  const server = await buildServer(t)
  const peer = server.own(new TcpPeer(server.port))
  peer.write(handshake('/echo/0/i/websocket'))
  const text = await peer.see('\x81\x01o')
  const head = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n').map((line) => line.toLowerCase())
  t.match(head[0], /^http\/1\.1 101 /)
  t.match(text, /\r\nSec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n/)
  t.ok(head.includes('upgrade: websocket'))
  t.ok(head.includes('connection: upgrade'))
  t.notOk(head.some((line) => /^(content-length|transfer-encoding|sec-websocket-(protocol|extensions)|set-cookie)/.test(line)))
})

/** Requests that ask for an upgrade, and what they get. */
const UPGRADES: readonly (readonly [string, string, Record<string, string>, number])[] = [
  ['version 13', '/echo/0/i/websocket', {}, 101],
  ['version 8', '/echo/0/i/websocket', { 'Sec-WebSocket-Version': '8' }, 101],
  ['raw', '/echo/websocket', {}, 101],
  ['a query', '/echo/websocket?token=1', {}, 101],
  ['other spelling', '/echo/websocket', { Upgrade: 'WebSocket', Connection: 'keep-alive, Upgrade' }, 101],
  ['version 7', '/echo/0/i/websocket', { 'Sec-WebSocket-Version': '7' }, 426],
  ['version 99', '/echo/websocket', { 'Sec-WebSocket-Version': '99' }, 426],
  ['no version', '/echo/websocket', { 'Sec-WebSocket-Version': '' }, 426],
  ['no key', '/echo/websocket', { 'Sec-WebSocket-Key': '' }, 400],
  ['a short key', '/echo/websocket', { 'Sec-WebSocket-Key': 'abc' }, 400],
  ['another protocol', '/echo/websocket', { Upgrade: 'tls' }, 400],
  ...['', '/', '/info', '/iframe.html', '/0/i/xhr', '/0/i/xhr_send', '/0/i/xhr_streaming', '/0/i/eventsource', '/0/i/htmlfile', '/0/i/jsonp', '/0/i/jsonp_send']
    .map((path) => ['PIT-6 ' + path, '/echo' + path, {}, 400] as const),
  ...['/nothing', '/0/i/nothing', '/0/i.i/websocket', '//websocket', '/0/i/websocket/', '/0/%2e/websocket']
    .map((path) => ['URL-2 ' + path, '/echo' + path, {}, 404] as const),
  ['an escape that is none, as over HTTP', '/echo/%zz/i/websocket', {}, 400],
  ['outside', '/nowhere', {}, 404]
]

t.test('WS-15, SEC-S01, SEC-S73: every upgrade is answered, and what is refused is closed', async (t) => {
  const server = await buildServer(t)
  for (const [name, path, headers, status] of UPGRADES) {
    const peer = new TcpPeer(server.port)
    peer.write(handshake(path, headers))
    const text = await peer.see('\r\n\r\n')
    t.equal(Number(text.split(' ')[1]), status, name)
    if (status === 101) peer.abort()
    else await peer.end()
    if (status === 426) t.match(text, /Sec-WebSocket-Version: 13, 8\r\n/i)
    if (status === 404 && path.startsWith('/echo')) t.match(text, /Cache-Control: no-store/i, 'URL-14')
    await until(() => server.sockets.size === 0, 'no descriptor is left')
  }
})

t.test('SEC-S72: nothing that follows a refused upgrade is taken for a request', async (t) => {
  const urls: string[] = []
  const server = await buildServer(t, { before: (app) => { app.addHook('onRequest', async ({ url }) => { urls.push(url) }) } })
  for (const path of ['/echo/info', '/echo/nothing', '/nowhere', '/echo/0/i/xhr']) {
    const peer = new TcpPeer(server.port)
    peer.write(handshake(path) + 'GET /echo/smuggled HTTP/1.1\r\nHost: x\r\n\r\n')
    const text = await peer.end()
    t.equal(text.split('HTTP/1.1 ').length, 2, `one answer for ${path}`)
  }
  t.notOk(urls.includes('/echo/smuggled'))
})

t.test('WS-14: other methods with an upgrade', async (t) => {
  const server = await buildServer(t)
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
    const peer = new TcpPeer(server.port)
    peer.write(handshake('/echo/0/i/websocket').replace('GET', method))
    const text = await peer.end()
    t.match(text, /^HTTP\/1\.1 405 /, method)
    t.match(text, /\r\nallow: GET\r\n/i)
    t.notMatch(text, /content-type/i)
    t.ok(text.endsWith('\r\n\r\n'))
  }
})

t.test('WS-12, WS-13, RAW-6, WS-17: no upgrade, and no WebSocket', async (t) => {
  const server = await buildServer(t, { after: (app) => { app.sockjs('/off', { transports: { websocket: false } }, echo) } })
  for (const path of ['/0/i/websocket', '/websocket']) {
    t.equal((await ask({ port: server.port, path: '/echo' + path })).status, 400)
    t.equal((await ask({ port: server.port, path: '/echo' + path, headers: { upgrade: 'WebSocket', connection: 'close' } })).status, 400)
    t.equal((await ask({ port: server.port, path: '/echo' + path, method: 'POST' })).status, 405)
    t.equal((await ask({ port: server.port, path: '/off' + path })).status, 404)
    t.equal((await ask({ port: server.port, path: '/off' + path, headers: UPGRADE })).status, 404)
  }
  t.match(JSON.parse((await ask({ port: server.port, path: '/off/info' })).body), { websocket: false })
})

t.test('rawAtBase: the path of the endpoint is a WebSocket too', async (t) => {
  const server = await buildServer(t, { endpoint: { rawAtBase: true } })
  for (const path of ['/echo', '/echo/', '/echo/websocket']) t.equal((await talk(server.port, path, { say: 'hello' })).answer, 'hello', path)
  t.equal((await ask({ port: server.port, path: '/echo' })).body, 'Welcome to SockJS!\n')
})

contract('SEC-S02: a reset right after an upgrade hurts nobody', async (t) => {
  const server = await buildServer(t)
  const bystander = await connect(server, 'websocket')
  for (const path of ['/echo/0/i/websocket', '/echo/websocket', '/echo/info', '/echo/0/i/xhr', '/nowhere']) {
    for (const delay of [0, 1, 10]) {
      const peer = new TcpPeer(server.port)
      await until(() => peer.socket.readyState === 'open', 'the connection')
      peer.write(handshake(path))
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
      peer.reset()
    }
  }
  await until(() => server.sockets.size === 1, 'all are gone')
  await bystander.send('unharmed')
  t.strictSame(await bystander.messages(1), ['unharmed'])
}, ['websocket'])

contract('SEC-S07: broken frames end the connection, and nothing else', async (t, transport) => {
  const server = await buildServer(t)
  const bystander = await connect(server, transport)
  await server.session()
  const path = transport === 'websocket' ? '/echo/0/i/websocket' : '/echo/websocket'
  const frames: readonly (readonly [string, string, number])[] = [
    ['RSV1', 'c18000000000', 1002], ['RSV2', 'a200', 1002], ['an unmasked frame', '810161', 1002], ['opcode 3', '838000000000', 1002],
    ['opcode 11', '8b8000000000', 1002], ['a fragmented ping', '098000000000', 1002], ['a ping of 126 bytes', '89fe007e00000000' + '00'.repeat(126), 1002],
    ['a continuation of nothing', '808000000000', 1002], ['a text inside of a text', '01800000000081800000000', 1002],
    ['no UTF-8', '818100000000ff', 1007], ['close with one byte', '88810000000003', 1002], ['close with 1005', '88820000000003ed', 1002],
    ['a length of 2^63', '81ff800000000000000000000000', 1009]
  ]
  for (const [name, hex, code] of frames) {
    const peer = new TcpPeer(server.port)
    // In one packet with the handshake: it arrives before anybody listens.
    peer.write(Buffer.concat([Buffer.from(handshake(path)), Buffer.from(hex.length % 2 ? hex + '0' : hex, 'hex')]))
    const event = await server.closing()
    t.equal(event.code, code, name)
    t.equal(event.clean, false)
    t.match(await peer.see('\x88'), new RegExp('\\x88[\\s\\S]' + String.fromCharCode(code >> 8) + '\\x' + (code & 255).toString(16)), 'the close frame on the wire')
    peer.abort()
  }
  await bystander.send('unharmed')
  t.strictSame(await bystander.messages(1), ['unharmed'])
}, SOCKETS)

t.test('SEC-S20: fragments are put together, and one too many ends the connection', async (t) => {
  const server = await buildServer(t)
  const peer = server.own(new TcpPeer(server.port))
  peer.write(handshake('/echo/websocket'))
  await peer.see('\r\n\r\n')
  peer.write(Buffer.concat([maskedFrame(0x01, 'a'), maskedFrame(0x89, 'ping'), maskedFrame(0x00, 'b'), maskedFrame(0x80, 'c')]))
  await peer.see('\x8a\x04ping\x81\x03abc')
  peer.write(Buffer.concat([maskedFrame(0x01, 'a'), ...Array.from({ length: 20_000 }, () => maskedFrame(0x00, 'b'))]))
  t.match(await server.closing(), { code: 1008, clean: false })
})

t.test('SEC-S08: two thousand headers before the upgrade', async (t) => {
  const server = await buildServer(t)
  const peer = new TcpPeer(server.port)
  const [line, ...rest] = handshake('/echo/websocket').split('\r\n')
  peer.write([line, ...Array.from({ length: 2001 }, () => 'a: 1'), ...rest].join('\r\n'))
  t.match(await peer.end(), /^HTTP\/1\.1 [45]\d\d /)
  t.equal((await talk(server.port, '/echo/websocket', { say: 'hello' })).answer, 'hello')
})

// --- subprotocols, compression, injection ---------------------------------------------------------------------------

t.test('WS-19: subprotocols', async (t) => {
  const protocols: string[] = []
  const handler = (session: Session): Promise<void> => {
    protocols.push(session.protocol)
    return echo(session)
  }
  const server = await buildServer(t, { endpoint: { protocols: ['v12.stomp', 'chat'] }, handler, after: (app) => { app.sockjs('/none', handler) } })
  const rows: readonly (readonly [string, string, string | undefined])[] = [
    ['/echo/websocket', 'chat, superchat', 'chat'],
    ['/echo/0/i/websocket', 'superchat, chat', 'chat'],
    ['/echo/websocket', 'chat, V12.STOMP', 'V12.STOMP'],
    ['/echo/websocket', 'other', undefined],
    ['/echo/websocket', '', undefined],
    ['/none/websocket', 'chat', undefined]
  ]
  for (const [path, offered, chosen] of rows) {
    const peer = new TcpPeer(server.port)
    peer.write(handshake(path, offered === '' ? {} : { 'Sec-WebSocket-Protocol': offered }))
    const text = await peer.see('\r\n\r\n')
    t.match(text, /^HTTP\/1\.1 101 /)
    t.equal(/\r\nsec-websocket-protocol: (.*)\r\n/i.exec(text)?.[1], chosen, `${path} of ${offered}`)
    await until(() => protocols.length > 0, 'the session')
    t.equal(protocols.pop(), chosen ?? '')
    peer.abort()
  }
})

t.test('WS-20, SEC-S21: permessage-deflate is an option', async (t) => {
  const server = await buildServer(t, {
    endpoint: { websocket: { compression: true }, maxMessageSize: 100_000 }, after: (app) => { app.sockjs('/off', echo) }
  })
  for (const [path, on] of [['/off', false], ['/echo', true]] as const) {
    for (const rest of ['/websocket', '/0/i/websocket']) {
      const ws = new WebSocket(`ws://127.0.0.1:${server.port}${path}${rest}`, { perMessageDeflate: true })
      const framed = rest !== '/websocket'
      const texts: string[] = []
      ws.on('message', (data) => {
        const text = (data as Buffer).toString()
        if (!framed) texts.push(text)
        else if (text !== 'o') texts.push(...JSON.parse(text.slice(1)) as string[])
      })
      await within(new Promise((resolve) => ws.on('open', resolve)), 'a WebSocket')
      t.equal(ws.extensions.includes('permessage-deflate'), on)
      const messages = ['small', 'é'.repeat(5000), '']
      for (const message of messages) ws.send(framed ? JSON.stringify([message]) : message)
      await until(() => texts.length === messages.length, 'all echoes')
      t.strictSame(texts, messages, 'in order, small ones too')
      const closed = new Promise<number>((resolve) => ws.on('close', resolve))
      if (on) {
        // A megabyte in a kilobyte: what counts is what comes out.
        ws.send(framed ? JSON.stringify(['x'.repeat(1_000_000)]) : 'x'.repeat(1_000_000))
        t.equal(await within(closed, 'the close'), 1009, 'SEC-S21')
      } else {
        ws.terminate()
      }
    }
  }
})

contract('a broadcast, a heartbeat and a close reach a compressed WebSocket too', async (t) => {
  const server = await buildServer(t, { endpoint: { websocket: { compression: { threshold: 1 } } } })
  const ws = server.own(Object.assign(new WebSocket(`ws://127.0.0.1:${server.port}/echo/0/i/websocket`), { abort () { ws.terminate() } }))
  const texts: string[] = []
  let pings = 0
  ws.on('message', (data) => texts.push((data as Buffer).toString()))
  ws.on('ping', () => { pings++ })
  const closed = new Promise<number>((resolve) => ws.on('close', resolve))
  await until(() => texts.length === 1, 'o')
  server.endpoint.broadcast('to all, at some length')
  await until(() => texts.length === 2, 'the message')
  server.clock.advance(25_050)
  await until(() => texts.length === 3 && pings === 1, 'the heartbeat')
  ;(await server.session()).close(3000, 'done')
  t.equal(await within(closed, 'the close'), 3000)
  t.strictSame(texts, ['o', 'a["to all, at some length"]', 'h', 'c[3000,"done"]'])
}, ['websocket'])

/** The client's words in which it can take messages that were compressed for many (RFC 7692, section 7.1). */
const OFFERS: Readonly<Record<string, { readonly offer: string, readonly shared: boolean }>> = {
  'a browser': { offer: 'permessage-deflate; client_max_window_bits', shared: true },
  'no window is kept': { offer: 'permessage-deflate; server_no_context_takeover', shared: true },
  'a smaller window': { offer: 'permessage-deflate; server_max_window_bits=10', shared: false }
}

for (const [name, { offer, shared }] of Object.entries(OFFERS)) {
  t.test(`SEC-S21: a broadcast is compressed once for all: ${name}`, async (t) => {
    const server = await buildServer(t, { endpoint: { websocket: { compression: true } } })
    for (const [path, text] of [['/echo/0/i/websocket', `a["${'x'.repeat(2000)}"]`], ['/echo/websocket', 'x'.repeat(2000)]] as const) {
      const peers = [1, 2].map(() => server.own(new TcpPeer(server.port)))
      for (const peer of peers) peer.write(handshake(path, { 'Sec-WebSocket-Extensions': offer }))
      for (const peer of peers) await peer.see(text.startsWith('a') ? '\x81\x01o' : '\r\n\r\n')
      await until(() => server.endpoint.sessions.size === 2, 'both sessions')
      for (const peer of peers) peer.clear()
      const prepared = server.endpoint.prepare('x'.repeat(2000))
      let encodings = 0
      // The forms of a message are made by this function alone, and kept.
      const forms = formsOf(prepared)
      const { form } = forms.frame
      forms.frame.form = function <T> (index: number, make: (frame: SockjsFrame) => T): T {
        return form.call(this, index, (frame) => { encodings++; return make(frame) }) as T
      }
      server.endpoint.broadcast(prepared)
      for (const peer of peers) {
        await until(() => peer.bytes.length > 2 && peer.bytes.length >= peer.bytes[1]! + 2, 'a frame')
        const frame = peer.bytes
        t.equal(frame[0], 0xc1, 'a compressed text')
        t.equal(frame.length, frame[1]! + 2, 'one frame')
        t.equal(inflateRawSync(Buffer.concat([frame.subarray(2), Buffer.from([0, 0, 0xff, 0xff])]), { finishFlush: constants.Z_SYNC_FLUSH }).toString(), text)
      }
      if (path === '/echo/0/i/websocket') t.equal(encodings, shared ? 1 : 0)
      for (const peer of peers) peer.abort()
      await until(() => server.endpoint.sessions.size === 0, 'the ends')
    }
  })
}

t.test('SEC-S21: broadcasts that are too long for one frame are compressed once for all, in as few frames as possible', async (t) => {
  const server = await buildServer(t, { endpoint: { websocket: { compression: true } } })
  const clients = [0, 1].map((i) => {
    const ws = server.own(Object.assign(new WebSocket(`ws://127.0.0.1:${server.port}/echo/0/i${i}/websocket`), { abort () { ws.terminate() } }))
    const frames: string[] = []
    ws.on('message', (data) => frames.push((data as Buffer).toString()))
    return { ws, frames }
  })
  await until(() => clients.every(({ frames }) => frames.length === 1), 'o')
  /** Broadcasts texts in one turn. Returns their numbers in each frame, and how often a frame was encoded for a way of its own. */
  const broadcast = async (texts: readonly string[]): Promise<{ counts: number[], encodings: number }> => {
    for (const { frames } of clients) frames.length = 0
    const prepared = texts.map((text) => server.endpoint.prepare(text))
    let encodings = 0
    const watched = (frame: SockjsFrame): SockjsFrame => Object.assign(frame, {
      form: <T> (index: number, make: (frame: SockjsFrame) => T): T => SockjsFrame.prototype.form.call(frame, index, (each) => { encodings++; return make(each) }) as T
    })
    for (const forms of prepared.map(formsOf)) {
      watched(forms.frame)
      const { batch } = forms
      forms.batch = (messages, make) => batch.call(forms, messages, () => watched(make()))
    }
    for (const message of prepared) server.endpoint.broadcast(message)
    const parts = ({ frames }: { frames: string[] }): string[][] => frames.map((frame) => JSON.parse(frame.slice(1)) as string[])
    await until(() => clients.every((client) => parts(client).flat().length === texts.length), 'all messages')
    for (const client of clients) t.ok(parts(client).flat().every((text, i) => text === texts[i]), 'in order')
    return { counts: parts(clients[0]!).map(({ length }) => length), encodings }
  }
  const large = (length: number): string[] => Array.from({ length }, (_, i) => `${i}`.padEnd(30_000, 'x'))
  t.strictSame(await broadcast(large(2)), { counts: [2], encodings: 1 })
  t.strictSame(await broadcast(large(5)), { counts: [2, 2, 1], encodings: 3 })
  t.strictSame(await broadcast([...large(1), 'y'.repeat(70_000), ...large(1)]), { counts: [1, 1, 1], encodings: 1 }, 'from the long one on, ws keeps the order')
  t.strictSame(await broadcast(large(9)), { counts: [9], encodings: 0 }, 'too much for the event loop')
  const before = clients.map(({ ws }) => (ws as unknown as { _socket: Socket })._socket.bytesRead)
  const small = await broadcast(Array.from({ length: 1000 }, (_, i) => `${i}`.padEnd(100, 'x')))
  t.equal(small.counts.length, 2)
  t.ok(clients.every(({ ws }, i) => (ws as unknown as { _socket: Socket })._socket.bytesRead - before[i]! < 20_000), 'small messages are compressed together')
  // The messages of one session alone stay in one frame.
  for (const { frames } of clients) frames.length = 0
  const session = await server.session()
  for (const text of large(3)) session.send(text)
  await until(() => clients.some(({ frames }) => frames.length === 1), 'one frame')
  t.ok(clients.some(({ frames }) => frames[0] === `a${JSON.stringify(large(3))}`))
})

contract('messages that are compressed by ws, once for all, and not at all keep their order', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { websocket: { compression: true }, queue: { highWater: 1_000_000, limit: 10_000_000 } }, handler: () => {} })
  const raw = transport === 'websocket-raw'
  const ws = server.own(Object.assign(new WebSocket(`ws://127.0.0.1:${server.port}/echo${raw ? '' : '/0/i'}/websocket`), { abort () { ws.terminate() } }))
  const got: string[] = []
  ws.on('message', (data) => {
    const text = (data as Buffer).toString()
    if (raw) got.push(text)
    else if (text !== 'o') got.push(...JSON.parse(text.slice(1)) as string[])
  })
  const session = await server.session()
  const sent: string[] = []
  for (let i = 0; i < 60; i++) {
    const message = `${i} ${'x'.repeat([10, 5000, 100_000][i % 3]!)}`
    sent.push(message)
    // Each third message, of each length, goes to all.
    if (Math.floor(i / 3) % 2 === 0) server.endpoint.broadcast(message)
    else session.send(message)
    if (i % 5 === 0) await new Promise(setImmediate)
  }
  await until(() => got.length === sent.length, 'all messages')
  t.ok(got.every((message, i) => message === sent[i]), 'in order')
}, ['websocket', 'websocket-raw'])

t.test('injectWS of the application', async (t) => {
  const server = await buildServer(t, { before: async (app) => { await app.register(fastifyWebsocket) } })
  const texts: string[] = []
  const ws = await server.app.injectWS('/echo/0/i/websocket', {}, {
    onInit (socket) { socket.on('message', (data: Buffer) => texts.push(data.toString())) }
  })
  await until(() => texts.length === 1, 'o')
  ws.send('["hello"]')
  await until(() => texts.length === 2, 'the echo')
  t.strictSame(texts, ['o', 'a["hello"]'])
  ws.terminate()
})

t.test('the answer to a handshake and the first frames leave in one write', async (t) => {
  const server = await buildServer(t, { handler: (session) => { session.send('hello') } })
  const writes: string[] = []
  server.app.server.on('connection', (socket: Socket) => {
    for (const name of ['_write', '_writev'] as const) {
      const write = socket[name] as (...args: unknown[]) => void
      Object.assign(socket, {
        [name]: (...args: unknown[]) => {
          writes.push(name)
          Reflect.apply(write, socket, args)
        }
      })
    }
  })
  const peer = new TcpPeer(server.port).write(handshake('/echo/000/abc/websocket'))
  await until(() => peer.text.endsWith('a["hello"]'), 'the greeting')
  t.match(peer.text, /^HTTP\/1\.1 101 .*\r\n\r\n\x81\x01o\x81\x0aa\["hello"\]$/s)
  t.strictSame(writes, ['_writev'])
})
