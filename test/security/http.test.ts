import { gzipSync } from 'node:zlib'
import { connect, newId, type TestClient, TRANSPORTS } from '../support/client.ts'
import { ask, handshake, maskedFrame, TcpPeer } from '../support/http.ts'
import { scaled, survived } from '../support/scale.ts'
import { until } from '../support/wait.ts'
import { hiddenBehind, smuggled, smuggledBehindUpgrades } from './smuggled.ts'
import { Suite } from './suite.ts'

const suite = new Suite('http')

suite.attack('S72', async (t, target) => {
  for (const [what, text] of Object.entries(smuggled())) {
    const peer = target.own(new TcpPeer(target.port))
    peer.write(text)
    const answer = await peer.end()
    t.match(answer, /^HTTP\/1\.1 [45]\d\d /, what)
    t.notMatch(answer, /entropy/, 'what follows is not answered')
  }
  for (const path of ['/echo/info', '/echo/0/i/xhr', '/nowhere', '/echo/a.b/i/websocket']) {
    const peer = target.own(new TcpPeer(target.port))
    peer.write(hiddenBehind(handshake(path)))
    const answer = await peer.end()
    t.match(answer, /^HTTP\/1\.1 40[04] /, path)
    t.notMatch(answer, /entropy/, 'nor what follows a refused upgrade')
  }
  for (const [what, text] of Object.entries(smuggledBehindUpgrades())) {
    const peer = target.own(new TcpPeer(target.port))
    peer.write(text)
    t.notMatch(await peer.see('\r\n\r\n'), /^HTTP\/1\.1 101 /, what)
    // The server ends the connection, or keeps it for a next request and has dropped the bytes.
    peer.socket.end()
    t.equal((await peer.end()).match(/entropy/g)?.length ?? 0, what === 'h2c without a body' ? 1 : 0, `${what}: the hidden request is not answered`)
  }
  const upgraded = target.own(new TcpPeer(target.port))
  upgraded.write(hiddenBehind(handshake('/echo/websocket')))
  const answer = await upgraded.end()
  t.match(answer, /^HTTP\/1\.1 101 /)
  t.notMatch(answer, /entropy/, 'after 101 all bytes are frames')
})

const H2C = 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'

suite.attack('S73', async (t, target) => {
  const raw = handshake('/echo/websocket')
  const odd: Readonly<Record<string, readonly [text: string, answer: RegExp]>> = {
    'h2c for a WebSocket': [raw.replace('Upgrade: websocket', H2C), /^HTTP\/1\.1 400 /],
    'h2c for a page': [handshake('/echo/info').replace('Upgrade: websocket', H2C), /^HTTP\/1\.1 200 /],
    'h2c with a body': [`POST /echo/0/${newId()}/xhr HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n${H2C}\r\nContent-Length: 5\r\n\r\nhello`, /^HTTP\/1\.1 200 /],
    'HTTP/1.0': [raw.replace('HTTP/1.1', 'HTTP/1.0'), /^HTTP\/1\.1 (101|4\d\d) /],
    'no key': [raw.replace(/Sec-WebSocket-Key.*\r\n/, ''), /^HTTP\/1\.1 400 /],
    'a short key': [handshake('/echo/websocket', { 'Sec-WebSocket-Key': 'abc' }), /^HTTP\/1\.1 400 /],
    'version 99': [handshake('/echo/websocket', { 'Sec-WebSocket-Version': '99' }), /^HTTP\/1\.1 426 [^]*Sec-WebSocket-Version: 13, 8/i],
    'version 7': [handshake('/echo/websocket', { 'Sec-WebSocket-Version': '7' }), /^HTTP\/1\.1 426 /],
    'hixie-76': ['GET /echo/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://x\r\nSec-WebSocket-Key1: 18x 6]8vM;54 *(5:  {   U1]8  z [  8\r\nSec-WebSocket-Key2: 1_ tx7X d  <  nw  334J702) 7]o}` 0\r\n\r\nTm[K T2u', /^HTTP\/1\.1 426 /]
  }
  for (const [what, [text, expected]] of Object.entries(odd)) {
    const peer = target.own(new TcpPeer(target.port))
    peer.write(text)
    t.match(await peer.see('\r\n\r\n'), expected, what)
    peer.abort()
  }
  for (const length of ['8'.repeat(400), '\x80' + '\xff'.repeat(400)]) {
    // CVE-2026-54466: a draft's frame whose length never ends.
    const peer = target.own(new TcpPeer(target.port))
    peer.write(Buffer.from('GET /drafts/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://x\r\n\r\n'))
    await peer.see('\r\n\r\n')
    peer.write(Buffer.from('\x80' + length, 'latin1'))
    await target.verdict(t)
    peer.abort()
  }
})

suite.attack('S74', async (t, target) => {
  const routes: Readonly<Record<string, string>> = {
    '': 'GET, HEAD',
    '/info': 'GET, HEAD, OPTIONS',
    '/iframe.html': 'GET, HEAD',
    '/websocket': 'GET',
    '/0/i/websocket': 'GET',
    '/0/i/xhr': 'POST, OPTIONS',
    '/0/i/xhr_streaming': 'POST, OPTIONS',
    '/0/i/xhr_send': 'POST, OPTIONS',
    '/0/i/eventsource': 'GET, OPTIONS',
    '/0/i/htmlfile': 'GET',
    '/0/i/jsonp': 'GET',
    '/0/i/jsonp_send': 'POST'
  }
  for (const [route, allow] of Object.entries(routes)) {
    for (const method of ['HEAD', 'PUT', 'TRACE', 'DELETE', 'PATCH', 'OPTIONS', 'GET', 'POST']) {
      if (allow.split(', ').includes(method)) continue
      const { status, headers } = await ask({ port: target.port, method, path: '/any' + route })
      t.match({ status, allow: headers.allow }, { status: 405, allow }, `${method} ${route}`)
    }
  }
  const id = newId()
  const peer = target.own(new TcpPeer(target.port))
  const poll = `POST /echo/0/${id}/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`
  peer.write(poll)
  await peer.see('\no\n')
  peer.write(hiddenBehind(`POST /echo/0/${id}/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n["x"]` + poll))
  const text = await peer.see('entropy')
  t.ok(text.indexOf(' 204 ') < text.indexOf('a["x"]') && text.indexOf('a["x"]') < text.indexOf('entropy'), 'a pipeline is answered in order')
  peer.abort()
})

suite.attack('S75', async (t, target) => {
  const id = newId()
  const client = await connect(target, 'xhr-streaming', { id })
  const types = ['text/plain', 'TEXT/PLAIN', 'text/plain; charset=ISO-8859-1', 'application/json', 'application/json\t; charset=utf-8', 'application/xml', 'T', '', ';', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded']
  for (const type of types) {
    const { status } = await ask({ port: target.port, method: 'POST', path: `/echo/000/${id}/xhr_send`, headers: { 'content-type': type }, body: '["é"]' })
    t.equal(status, 204, JSON.stringify(type))
  }
  t.strictSame(await client.messages(types.length), types.map(() => 'é'))
  client.abort()
})

suite.attack('S76', async (t, target) => {
  const id = newId()
  const client = await connect(target, 'xhr-streaming', { id })
  const body = gzipSync('["x"]')
  for (const encoding of ['gzip', 'deflate', 'br', 'GZIP', 'gzip, identity']) {
    const { status } = await ask({ port: target.port, method: 'POST', path: `/echo/000/${id}/xhr_send`, headers: { 'content-encoding': encoding }, body })
    t.equal(status, 415, encoding)
  }
  client.abort()
})

suite.attack('S77', async (t, target) => {
  const dynamic: readonly (readonly [method: string, path: string])[] = [
    ['GET', '/any/info'], ['POST', '/any/0/ID/xhr'], ['POST', '/any/0/ID/xhr_send'], ['GET', '/any/0/ID2/jsonp?c=x'], ['GET', '/any/unknown'], ['GET', '/any/websocket'], ['GET', '/any/0/i/jsonp']
  ]
  const id = newId()
  for (const [method, path] of dynamic) {
    const { headers } = await ask({ port: target.port, method, path: path.replace('ID', id), ...(path.endsWith('send') ? { body: '["x"]' } : {}) })
    t.equal(headers['cache-control'], 'no-store, no-cache, no-transform, must-revalidate, max-age=0', `${method} ${path}`)
  }
  for (const path of ['/any/info', '/echo/info']) {
    for (const headers of [{}, { origin: 'https://evil.example' }]) t.match((await ask({ port: target.port, path, headers })).headers.vary, /Origin/, path)
  }
  const page = await ask({ port: target.port, path: '/any/iframe.html' })
  t.match(page.headers, { 'cache-control': 'public, max-age=31536000, immutable', etag: /^"[\w-]+"$/ })
  const again = await ask({ port: target.port, path: '/any/iframe.html', headers: { 'if-none-match': page.headers.etag! } })
  t.match(again, { status: 304, body: '' })
})

suite.attack('S78', async (t, target) => {
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(target, 'websocket')))
  const idle = target.own(new TcpPeer(target.port))
  idle.write(handshake('/push/websocket'))
  await idle.see('\r\n\r\n')
  // It asks for much, and never reads a byte of it nor of the end.
  idle.socket.pause()
  idle.write(maskedFrame(0x81, 'go'))
  await until(async () => (await target.ask('sessions')).bufferedBytes > 0, 'something waits for it')
  const begun = performance.now()
  t.equal(await target.terminate(), 0, 'the exit code')
  t.pass(`after ${Math.round(performance.now() - begun)} ms`)
  for (const client of clients) t.match(await client.closed, { code: 1001 })
}, 'small')

suite.attack('S78', async (t, target) => {
  const count = scaled(10, 400)
  const clients: TestClient[] = []
  for (const transport of TRANSPORTS) clients.push(...await Promise.all(Array.from({ length: count }, () => connect(target, transport, { path: '/any' }))))
  const begun = performance.now()
  t.equal(await target.terminate(), 0, 'the exit code')
  const took = Math.round(performance.now() - begun)
  const codes = await Promise.all(clients.map((client) => client.closed.then(({ code }) => code, () => 0)))
  t.ok(codes.every((code) => code === 1001 || code === 0))
  // Who is between two polls when the process ends finds nobody to ask.
  t.ok(codes.filter((code) => code === 1001).length >= 5 * count, `after ${took} ms all connections have got the close`)
  survived(`a shutdown with ${clients.length} clients, in ${took} ms`)
}, 'default')

suite.finish()
