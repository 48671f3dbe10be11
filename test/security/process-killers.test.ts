import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { connect, HTTP, newClient, newId, TRANSPORTS } from '../support/client.ts'
import { ask, handshake, maskedFrame, TcpPeer } from '../support/http.ts'
import { scaled, survived } from '../support/scale.ts'
import type { SocketTestClient } from '../support/socket-client.ts'
import type { Target } from '../support/target.ts'
import { until, within } from '../support/wait.ts'
import { Suite } from './suite.ts'

const suite = new Suite('process-killers')

const NOT_WEBSOCKET = ['/echo', '/echo/info', '/echo/iframe.html', '/echo/sockjs.min.js', '/echo/0/i/xhr', '/echo/0/i/xhr_send', '/echo/0/i/xhr_streaming',
  '/echo/0/i/eventsource', '/any/0/i/htmlfile?c=x', '/any/0/i/jsonp?c=x', '/echo/chunking_test', '/', '/nowhere', '/echo/../x']
const WEBSOCKET = ['/echo/0/i/websocket', '/echo/websocket', '/stomp']

/** Sends bytes and cuts the connection with RST, `wait` milliseconds later. */
async function cut (target: Target, bytes: string | Buffer, wait: number): Promise<void> {
  const peer = new TcpPeer(target.port)
  await new Promise((resolve) => peer.socket.write(bytes, resolve))
  if (wait > 0) await delay(wait)
  peer.reset()
}

suite.attack('S01', async (t, target) => {
  for (const path of NOT_WEBSOCKET) {
    const peer = target.own(new TcpPeer(target.port))
    peer.write(handshake(path))
    t.match(await peer.see('\r\n\r\n'), /^HTTP\/1\.1 40[04] [^]*Connection: close/i, path)
    await peer.end()
    for (const upgrade of ['h2c', 'x']) {
      // Ignored: the answer is that of a plain GET, and a stream goes on until its client leaves.
      const plain = target.own(new TcpPeer(target.port))
      plain.write(handshake(path, { Upgrade: upgrade }))
      t.match(await plain.see('\r\n\r\n'), /^HTTP\/1\.1 (200|40[045]) /, `${path} ${upgrade}`)
      plain.abort()
    }
  }
})

suite.attack('S02', async (_t, target) => {
  for (const path of [...WEBSOCKET, ...NOT_WEBSOCKET]) {
    await Promise.all([0, 1, 10, 150].map((wait) => cut(target, handshake(path), wait)))
  }
})

suite.attack('S03', async (_t, target) => {
  const clients = scaled(150, 500)
  const body = (id: string): string => `POST /echo/0/${id}/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n["some`
  const scripts = (id: string): Buffer[] => [
    Buffer.concat([Buffer.from(handshake('/echo/websocket')), maskedFrame(0x81, 'x'.repeat(300))]),
    Buffer.concat([Buffer.from(handshake(`/echo/0/${id}/websocket`)), maskedFrame(0x81, '["some message"]')]),
    Buffer.from(`POST /echo/0/${id}/xhr_streaming HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n` + body(id)),
    Buffer.from(`GET /echo/0/${id}/eventsource HTTP/1.1\r\nHost: x\r\n\r\n` + body(id))
  ]
  for (let i = 0; i < clients; i += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, k) => {
      const script = scripts(newId())[k % 4]!
      return cut(target, script.subarray(0, 1 + randomInt(script.length)), k % 3)
    }))
  }
  survived(`${clients} clients that were cut at a random byte`)
})

const NO_STRINGS = ['[1]', '[null]', '[{}]', '[[]]', 'null', '5', '{}', ' [1]', '["a",{"toString":1}]', '{"length":1,"0":"x"}', '[', 'nonsense', '["x"']

suite.attack('S04', async (t, target) => {
  for (const payload of NO_STRINGS) {
    const socket = await connect(target, 'websocket') as SocketTestClient
    await socket.sendText(payload)
    t.match(await within(socket.socketClosed, 'the close'), { code: 3000, reason: 'Broken framing.' }, payload)
    t.strictSame(socket.frames.all, ['o'], 'WS-7: no close frame of SockJS')
  }
  for (const transport of ['xhr-streaming', 'jsonp-polling'] as const) {
    const client = await connect(target, transport, { path: '/any' })
    for (const payload of NO_STRINGS) {
      const { status, body } = await client.sendText(payload)
      t.equal(status, 500)
      t.match(body, /^(Broken JSON encoding\.|Payload expected\.)\n$/, payload)
    }
    await client.send('a string')
    t.strictSame(await client.messages(1), ['a string'], 'and the session goes on')
    client.abort()
  }
})

suite.attack('S05', async (t, target) => {
  for (const size of [0, 1, 64 * 1024]) {
    const bytes = Buffer.alloc(size, 7)
    for (const transport of ['websocket', 'websocket-raw'] as const) {
      const client = await connect(target, transport) as SocketTestClient
      client.ws.send(bytes, { binary: true })
      t.match(await within(client.socketClosed, 'the close'), { code: 1003 }, `${transport} ${size}`)
    }
    const client = await connect(target, 'websocket-raw', { path: '/binary' }) as SocketTestClient
    client.ws.send(bytes, { binary: true })
    t.equal(await client.frame(), 'binary ' + bytes.toString('hex'), 'where bytes are welcome')
    client.abort()
  }
})

suite.attack('S06', async (t, target) => {
  const client = await connect(target, 'xhr-streaming')
  for (const [depth, status] of [[1e5, 500], [1e6, 500], [8e6, 413]] as const) {
    // Who sends far too much may be cut before it has read the answer.
    const answer = await client.sendText('['.repeat(depth)).then((got) => got.status, () => 413)
    t.equal(answer, status, `${depth} deep`)
  }
  client.abort()
  for (const [depth, code] of [[1e5, 3000], [8e6, 1009]] as const) {
    const socket = await connect(target, 'websocket') as SocketTestClient
    await socket.sendText('['.repeat(depth))
    t.match(await within(socket.socketClosed, 'the close'), { code }, `${depth} deep`)
  }
})

/** What no WebSocket may send, as bytes (RFC 6455, section 5). */
const MALFORMED: Readonly<Record<string, Buffer>> = {
  'a reserved bit without a mask': Buffer.from('a200', 'hex'),
  'no mask': Buffer.from('810161', 'hex'),
  'an opcode that means nothing': maskedFrame(0x83, 'x'),
  'a control frame of 126 bytes': maskedFrame(0x89, 'x'.repeat(126)),
  'a control frame in fragments': maskedFrame(0x09, 'x'),
  'a continuation of nothing': maskedFrame(0x80, 'x'),
  'a close code that may not travel': maskedFrame(0x88, Buffer.from([0x03, 0xee])),
  'a close frame of one byte': maskedFrame(0x88, 'x'),
  'text that is no UTF-8': maskedFrame(0x81, Buffer.from([0xff, 0xfe])),
  'a length with the highest bit set': Buffer.from('81ffffffffffffffffff00000000', 'hex')
}

suite.attack('S07', async (t, target) => {
  for (const [what, bytes] of Object.entries(MALFORMED)) {
    for (const path of WEBSOCKET) {
      for (const headers of [{}, { 'Sec-WebSocket-Protocol': 'v12.stomp' }]) {
        const peer = target.own(new TcpPeer(target.port))
        peer.write(Buffer.concat([Buffer.from(handshake(path, headers)), bytes]))
        t.match(await peer.end(), /^HTTP\/1\.1 101 /, `${path}: ${what}`)
      }
    }
  }
})

suite.attack('S08', async (t, target) => {
  for (const path of WEBSOCKET) {
    const peer = target.own(new TcpPeer(target.port))
    peer.write(handshake(path).replace('Upgrade:', 'a:1\r\n'.repeat(2001) + 'Upgrade:'))
    t.match(await peer.see('\r\n\r\n'), /^HTTP\/1\.1 (101|4\d\d) /, path)
    peer.abort()
  }
})

async function failure (t: Test, target: Target, path: string, code: number): Promise<void> {
  for (const transport of TRANSPORTS) {
    const client = newClient(target, transport, { path, comeBack: true })
    client.receive()
    if (path.startsWith('/listener')) {
      await client.frames.next('o').catch(() => {})
      await client.send('go')
    }
    if (path === '/close-throws') client.abort()
    else t.match(await within(client.closed, 'the close'), { code }, `${path} ${transport}`)
    client.abort()
  }
}

suite.attack('S09', async (t, target) => {
  for (const path of ['/throws', '/rejects']) await failure(t, target, path, 1011)
  for (const transport of TRANSPORTS) {
    for (const path of ['/listener-throws', '/listener-rejects']) {
      const client = transport === 'websocket-raw' ? await connect(target, transport, { path }) : await connect(target, transport, { path })
      await client.send('go')
      t.match(await within(client.closed, 'the close'), { code: 1011, reason: 'Internal server error' }, `${path} ${transport}`)
    }
    const client = await connect(target, transport, { path: '/close-throws' })
    client.abort()
  }
  await until(async () => (await target.ask('sessions')).open === 0, 'all are closed', 20_000)
  const failures = (await target.ask('log')).filter(({ level }) => level >= 50)
  t.equal(failures.length, 5 * TRANSPORTS.length, 'one line for each failure')
})

suite.attack('S10', async (_t, target) => {
  const rounds = scaled(120, 2000)
  const ids = Array.from({ length: 6 }, () => newId())
  const routes = ['xhr', 'xhr_streaming', 'eventsource', 'htmlfile?c=x', 'jsonp?c=x', 'xhr_send', 'jsonp_send', 'websocket']
  for (let i = 0; i < rounds; i++) {
    const id = ids[randomInt(ids.length)]!
    const route = routes[randomInt(routes.length)]!
    const post = route.startsWith('xhr') || route === 'jsonp_send'
    const body = route.endsWith('send') ? '["x"]' : ''
    const request = route === 'websocket'
      ? handshake(`/quick/0/${id}/websocket`)
      : `${post ? 'POST' : 'GET'} /quick/0/${id}/${route} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const peer = new TcpPeer(target.port)
    peer.write(request)
    setTimeout(() => { if (randomInt(2) === 0) peer.reset(); else peer.abort() }, randomInt(900)).unref()
    if (i % 8 === 0) await delay(30)
  }
  await until(async () => (await target.ask('sessions')).open === 0, 'the sessions are gone', 20_000)
  survived(`${rounds} requests for ${ids.length} sessions in any order`)
})

suite.attack('S11', async (_t, target) => {
  const request = (transport: string, id: string): string => ({
    'xhr-streaming': `POST /asks/0/${id}/xhr_streaming HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`,
    'xhr-polling': `POST /asks/0/${id}/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`,
    eventsource: `GET /asks/0/${id}/eventsource HTTP/1.1\r\nHost: x\r\n\r\n`,
    htmlfile: `GET /asks/0/${id}/htmlfile?c=x HTTP/1.1\r\nHost: x\r\n\r\n`,
    'jsonp-polling': `GET /asks/0/${id}/jsonp?c=x HTTP/1.1\r\nHost: x\r\n\r\n`
  })[transport]!
  for (const transport of HTTP) {
    // The application is asked for 20 ms: before, in and after that.
    await Promise.all([0, 5, 15, 19, 20, 21, 22, 25, 40].map((wait) => cut(target, request(transport, newId()), wait)))
  }
})

suite.attack('S12', async (t, target) => {
  for (const id of ['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf']) {
    for (const url of [`/echo/${id}/${id}/xhr`, `/echo/000/${id}x/xhr`]) {
      const answer = await ask({ port: target.port, method: 'POST', path: url })
      t.match(answer, { status: 200, body: 'o\n' }, url)
    }
    t.equal((await ask({ port: target.port, method: 'POST', path: `/echo/0/${id}/xhr_send`, body: '["x"]' })).status, 204)
  }
})

suite.finish()
