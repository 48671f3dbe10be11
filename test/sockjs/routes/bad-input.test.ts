import { setTimeout as delay } from 'node:timers/promises'
import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { connect, HTTP, newClient, newId, type TestClient, TRANSPORTS } from '../../support/client.ts'
import { contract } from '../../support/contract.ts'
import { knock, UPGRADE } from '../../support/doors.ts'
import { type Answer, ask, handshake, maskedFrame, startRequest, TcpPeer } from '../../support/http.ts'
import { buildServer, type TestServer } from '../../support/server.ts'
import { until, within } from '../../support/wait.ts'

const MIB = 1024 * 1024

/** One session of each transport that must live through whatever happens beside it. */
async function bystanders (server: TestServer): Promise<(t: Test) => Promise<void>> {
  const clients: TestClient[] = []
  for (const transport of TRANSPORTS) {
    clients.push(await connect(server, transport))
    await server.session()
  }
  return async (t) => {
    for (const client of clients) {
      await client.send('unharmed')
      t.strictSame(await client.messages(1), ['unharmed'], client.transport)
    }
  }
}

contract('SEC-S18: a body of 64 MiB is refused as soon as it says so, and cut when it does not', async (t, transport) => {
  const server = await buildServer(t)
  const check = await bystanders(server)
  const id = newId()
  const client = await connect(server, transport, { id })
  const path = `/echo/000/${id}/${transport === 'jsonp-polling' ? 'jsonp_send' : 'xhr_send'}`
  const announced = server.own(new TcpPeer(server.port))
  announced.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${64 * MIB}\r\n\r\n["`)
  t.match(await announced.see('\r\n\r\n'), /^HTTP\/1\.1 413 /, 'by its length')
  const chunked = server.own(new TcpPeer(server.port))
  chunked.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`)
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MIB, 'x'), Buffer.from('\r\n')])
  await until(() => chunked.socket.localPort !== undefined, 'the connection')
  const socket = [...server.sockets].find(({ remotePort }) => remotePort === chunked.socket.localPort)!
  for (let i = 0; i < 64 && !chunked.ended && chunked.text === ''; i++) {
    chunked.write(chunk)
    await delay(1)
  }
  // What is still under way when the server closes may reset the connection before the answer was read.
  t.match(await chunked.end(), /^(HTTP\/1\.1 413 |$)/, 'by its bytes')
  t.ok(socket.bytesRead < 16 * MIB, `${socket.bytesRead} bytes were read`)
  await client.send('goes on')
  t.strictSame(await client.messages(1), ['goes on'], 'XHR-SEND-10')
  await check(t)
}, HTTP)

contract('PIT-5: a body in one-byte packets is a body', async (t, transport) => {
  const server = await buildServer(t)
  const id = newId()
  const client = await connect(server, transport, { id })
  const jsonp = transport === 'jsonp-polling'
  const body = Buffer.from('["é😀","b"]')
  const peer = server.own(new TcpPeer(server.port))
  peer.socket.setNoDelay(true)
  peer.write(`POST /echo/000/${id}/${jsonp ? 'jsonp_send' : 'xhr_send'} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`)
  for (const byte of body) {
    await new Promise((resolve) => peer.socket.write(Buffer.from([byte]), resolve))
    await delay(0)
  }
  t.match(await peer.see('\r\n\r\n'), jsonp ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 204 /)
  t.strictSame(await client.messages(2), ['é😀', 'b'])
}, HTTP)

t.test('XHR-SEND-2, XHR-SEND-3, SEC-S75: the content type says nothing', async (t) => {
  const server = await buildServer(t)
  const id = newId()
  const client = await connect(server, 'xhr-polling', { id })
  const types = ['text/plain', 'T', 'application/json', 'application/xml', '', 'application/json; charset=utf-8', 'text/xml; charset=utf-8', 'text/xml',
    'application/octet-stream', 'application/x-www-form-urlencoded', 'TEXT/PLAIN\t', 'a/b/c;;', 'multipart/form-data; boundary=x', 'application/json\ta', undefined]
  for (const [i, type] of types.entries()) {
    const answer = await ask({ port: server.port, path: `/echo/000/${id}/xhr_send`, method: 'POST', headers: type === undefined ? {} : { 'content-type': type }, body: `["${i}"]` })
    t.equal(answer.status, 204, String(type))
    t.equal(answer.headers['content-type'], 'text/plain; charset=UTF-8')
  }
  t.strictSame(await client.messages(types.length), types.map((_type, i) => String(i)))
})

t.test('R19: the hooks of the application see the content type that came, before, during and after the body', async (t) => {
  const seen: [string, string | undefined, string | undefined][] = []
  const note = (name: string) => async (request: FastifyRequest): Promise<void> => {
    if (request.url.endsWith('_send')) seen.push([name, request.headers['content-type'], request.raw.headers['content-type']])
  }
  const NAMES = ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'onSend', 'onResponse'] as const
  const server = await buildServer(t, {
    before: (app) => { for (const name of NAMES) app.addHook(name as 'onRequest', note(name)) },
    endpoint: Object.fromEntries([...NAMES, 'onError'].map((name) => [name, note(`${name} of the endpoint`)])),
    handler: (session) => session.on('message', (message) => { if (message === 'hold') session.pause() })
  })
  const id = newId()
  await connect(server, 'xhr-streaming', { id })
  const session = await server.session()
  const send = (type: string | undefined, body: string): Promise<Answer> =>
    ask({ port: server.port, path: `/echo/000/${id}/xhr_send`, method: 'POST', headers: type === undefined ? {} : { 'content-type': type }, body })
  for (const type of [undefined, 'T', 'text/plain', 'application/json; charset=utf-8', 'a/b/c;;']) {
    seen.length = 0
    t.equal((await send(type, '["x"]')).status, 204)
    await until(() => seen.length === 12, `every hook, for ${type}`)
    t.ok(seen.every(([, shown, raw]) => shown === type && raw === type), JSON.stringify([type, seen]))
    seen.length = 0
    t.equal((await send(type, 'x'.repeat(5 * 1024 * 1024))).status, 413)
    await until(() => seen.some(([name]) => name.startsWith('onResponse')), 'the refusal')
    t.ok(seen.every(([name, shown, raw]) => name.startsWith('onError') || (shown === type && raw === type)), JSON.stringify([type, seen]))
  }
  seen.length = 0
  const held = [send('T', '["hold"]'), send('T', '["one"]')]
  await until(() => seen.length >= 8, 'the second waits, or both do')
  session.resume()
  for (const answer of held) t.equal((await answer).status, 204)
  t.ok(seen.every(([, shown]) => shown === 'T'), 'of a sender that was held back too')
})

t.test('JSONP-3 to JSONP-8, JSONP-18: what a form may say', async (t) => {
  const server = await buildServer(t)
  const id = newId()
  const client = await connect(server, 'jsonp-polling', { id })
  const form = 'application/x-www-form-urlencoded'
  const rows: readonly (readonly [string, string, number, RegExp])[] = [
    [form, 'd=%5B%22x%22%5D', 200, /^ok$/], [form + '; charset=UTF-8', 'd=%5B%22a+b%22%5D', 200, /^ok$/], ['text/plain', '["%61bc"]', 200, /^ok$/],
    [form, 'd=%5B%5D', 200, /^ok$/], [form, 'd=%5B%22x', 500, /Broken JSON encoding\./], [form, '', 500, /Payload expected\./], [form, 'd=', 500, /Payload expected\./],
    [form, 'p=p', 500, /Payload expected\./], [form, 'd={}', 500, /Payload expected\./], [form, 'd=[1]', 500, /Payload expected\./], ['text/plain', 'd=["x"]', 500, /Broken JSON encoding\./]
  ]
  for (const [type, body, status, text] of rows) {
    const answer = await ask({ port: server.port, path: `/echo/000/${id}/jsonp_send`, method: 'POST', headers: { 'content-type': type }, body })
    t.equal(answer.status, status, `${type} ${body}`)
    t.match(answer.body, text)
    t.equal(answer.headers['content-type'], 'text/plain; charset=UTF-8')
    t.match(answer.headers['cache-control'], /no-store/)
  }
  t.strictSame(await client.messages(3), ['x', 'a b', '%61bc'])
})

t.test('bodies that are no UTF-8, compressed, or for nobody', async (t) => {
  const server = await buildServer(t)
  const id = newId()
  const client = await connect(server, 'xhr-polling', { id })
  const send = (body: string | Buffer, headers: Record<string, string> = {}, to = id) =>
    ask({ port: server.port, path: `/echo/000/${to}/xhr_send`, method: 'POST', headers, body })
  t.match(await send(Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d])), { status: 500, body: 'Broken JSON encoding.\n' })
  t.match(await send(Buffer.from([0xef, 0xbb, 0xbf, 0x5b, 0x22, 0x61, 0x22, 0x5d])), { status: 500, body: 'Broken JSON encoding.\n' }, 'ENC-10')
  for (const encoding of ['gzip', 'br', 'deflate', 'x']) t.equal((await send('["x"]', { 'content-encoding': encoding })).status, 415, 'SEC-S76')
  t.equal((await send('["fine"]', { 'content-encoding': 'identity' })).status, 204)
  t.equal((await send('nonsense', {}, 'nobody')).status, 404, 'XHR-SEND-7')
  t.equal((await send('["x"]', {}, '__proto__')).status, 404)
  t.strictSame(await client.messages(1), ['fine'])
})

t.test('XHR-SEND-7: who sends to nobody is refused before the body is there', async (t) => {
  const server = await buildServer(t)
  const peer = server.own(new TcpPeer(server.port))
  peer.write('POST /echo/000/nobody/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n')
  t.match(await peer.see('Not found.\n'), /^HTTP\/1\.1 404 /)
})

contract('HTMLFILE-5, -6, -9, -11, JSONP-5, -11 to -14: callbacks', async (t, transport) => {
  const server = await buildServer(t)
  const route = transport === 'htmlfile' ? 'htmlfile' : 'jsonp'
  const get = (query: string) => startRequest({ port: server.port, path: `/echo/000/${newId()}/${route}${query}` })
  for (const [query, text] of [
    ['', 'required'], ['?', 'required'], ['?c=', 'required'], ['?x=1', 'required'], ['?c=%20', 'invalid'], ['?c=*', 'invalid'], ['?c=abc(', 'invalid'], ['?c=abc%28', 'invalid'],
    ['?c=a&c=b', 'invalid'], [`?c=${'x'.repeat(33)}`, 'invalid'], ['?c=%3Cscript%3E', 'invalid'], ['?c=a%0d%0ab', 'invalid'], ['?c=a%E2%80%A8', 'invalid'], ['?c=.a', 'invalid'], ['?c[]=a', 'required']
  ] as const) {
    const answer = await ask({ port: server.port, path: `/echo/000/${newId()}/${route}${query}` })
    t.equal(answer.status, 500, query)
    t.equal(answer.body, text === 'required' ? '"callback" parameter required\n' : 'invalid "callback" parameter\n')
    t.match(answer.headers, { 'content-type': 'text/plain; charset=UTF-8', 'cache-control': /no-store/ })
  }
  t.equal(server.sessions.all.length, 0, 'HTMLFILE-11')
  for (const query of ['?c=%63allback', '?callback=callback', '?c=a.b-c_9', `?c=${'x'.repeat(32)}`, '?x=1&c=_jp.abc']) {
    const { request, response } = get(query)
    t.equal((await within(response, 'a response')).statusCode, 200, query)
    request.destroy()
  }
}, ['htmlfile', 'jsonp-polling'])

t.test('URL-2, URL-6, URL-7, GREETING-2: URLs that are none', async (t) => {
  const server = await buildServer(t)
  for (const path of ['///xhr', '/a./a/xhr', '/a/a./xhr', '/././xhr', '//xhr', '////xhr', '/a', '/a.html', '//', '///', '/a/a', '/a/a/', '/a/', '/s/i/jsonp;Setup.pl',
    '/s/i/xhr/', '/s/i/XHR', '/s/i/unknown', '/a%2Fb/i/xhr', '/s/i%2fj/xhr', '/s/%2e/xhr', '/s/..%2f/xhr', '/s/i%00/xhr', '/s/%zz/xhr', '/s/%ff/xhr', '/infos', '/info/', '/INFO']) {
    for (const method of ['GET', 'POST']) {
      const answer = await ask({ port: server.port, method, path: '/echo' + path })
      t.ok(answer.status === 404 || (answer.status === 400 && path.includes('%')), `${method} ${path}: ${answer.status}`)
      if (answer.status === 404) t.match(answer.headers['cache-control'], /no-store/, 'URL-14')
    }
  }
  t.equal(server.sessions.all.length, 0)
})

contract('SEC-S03, SEC-S11: connections cut in the middle of everything', async (t, transport) => {
  const server = await buildServer(t)
  const check = await bystanders(server)
  const before = server.endpoint.sessions.size
  const route = { 'xhr-streaming': 'xhr_streaming', 'xhr-polling': 'xhr', 'jsonp-polling': 'jsonp?c=cb', htmlfile: 'htmlfile?c=cb' }[transport as string] ?? transport
  const opening = (id: string): string => transport.startsWith('websocket')
    ? handshake(transport === 'websocket' ? `/echo/0/${id}/websocket` : '/echo/websocket')
    : `${transport.startsWith('xhr') ? 'POST' : 'GET'} /echo/0/${id}/${route} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`
  for (let cut = 0; cut < 40; cut++) {
    const id = newId()
    const all = Buffer.concat([
      Buffer.from(opening(id)),
      transport.startsWith('websocket')
        ? maskedFrame(0x81, '["some message"]')
        : Buffer.from(`POST /echo/0/${id}/${transport === 'jsonp-polling' ? 'jsonp_send' : 'xhr_send'} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n["some`)
    ])
    const peer = new TcpPeer(server.port)
    await until(() => peer.socket.readyState === 'open', 'the connection')
    const part = all.subarray(0, Math.ceil(all.length * (cut + 1) / 40))
    peer.write(part)
    if (cut % 3 === 0 && part.includes('\r\n\r\n')) await peer.see('\r\n\r\n')
    else if (cut % 3 === 1) await delay(1)
    if (cut % 2 === 0) peer.reset()
    else peer.abort()
  }
  server.clock.advance(5100)
  await until(() => {
    server.clock.advance(100)
    return server.endpoint.sessions.size === before
  }, 'their sessions are gone')
  await check(t)
}, ['websocket', 'websocket-raw', 'xhr-streaming', 'eventsource', 'htmlfile'])

t.test('requests that are broken get 400, and the process lives', async (t) => {
  const server = await buildServer(t)
  const check = await bystanders(server)
  for (const text of [
    'nonsense\r\n\r\n', 'GET\r\n\r\n', 'GET /echo HTTP/9.9\r\n\r\n', 'POST /echo/0/i/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    'POST /echo/0/i/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /echo/0/i/xhr_send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'GET /echo HTTP/1.1\r\n\r\n',
    'GET /echo/0/i/websocket HTTP/1.1\r\nHost: x\r\nUpgrade websocket\r\n\r\n', `GET /echo HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(70_000)}\r\n\r\n`
  ]) {
    const peer = new TcpPeer(server.port)
    peer.write(text)
    t.match(await peer.see('\r\n'), /^HTTP\/1\.1 (4\d\d|505) /, text.slice(0, 40))
    peer.abort()
  }
  await check(t)
})

t.test('SEC-S72: an upgrade with a body, or over HTTP/1.0', async (t) => {
  const server = await buildServer(t)
  const check = await bystanders(server)
  for (const text of [
    handshake('/echo/websocket', { 'Content-Length': '5' }) + 'hello',
    handshake('/echo/websocket').replace('HTTP/1.1', 'HTTP/1.0'),
    handshake('/echo/websocket', { 'Transfer-Encoding': 'chunked' }) + '0\r\n\r\n'
  ]) {
    const peer = new TcpPeer(server.port)
    peer.write(text)
    t.match(await peer.see('\r\n'), /^HTTP\/1\.1 (101|4\d\d) /, text.slice(0, 40))
    peer.abort()
  }
  await check(t)
})

t.test('h2c: a plain answer or a refusal, never a connection that hangs', async (t) => {
  const server = await buildServer(t)
  for (const path of ['/echo/info', '/echo/0/i/xhr', '/nowhere']) {
    const peer = server.own(new TcpPeer(server.port))
    peer.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n`)
    t.match(await peer.see('\r\n\r\n'), /^HTTP\/1\.1 [245]\d\d /)
  }
})

contract('SEC-S46, PIT-3: ids that are names of properties', async (t, transport) => {
  const server = await buildServer(t)
  for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    const client = await connect(server, transport, { id })
    await client.send(id)
    t.strictSame(await client.messages(1), [id])
  }
})

contract('SEC-S25, SEC-S26: many sessions come and go, and nothing stays', async (t, transport) => {
  const server = await buildServer(t)
  for (let round = 0; round < 5; round++) {
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server, transport)))
    await Promise.all(clients.map((client, i) => client.send(`${i}`)))
    await Promise.all(clients.map((client) => client.messages(1)))
    for (const client of clients) client.abort()
    await until(() => server.sockets.size === 0, 'the connections are gone')
    await until(() => {
      server.clock.advance(5100)
      return server.endpoint.sessions.size === 0
    }, 'the sessions are gone')
  }
  await until(() => {
    server.clock.advance(5100)
    return server.clock.pending === 0
  }, 'no timer is left')
  t.equal(server.closings.all.length, 100, 'each closed once')
  t.equal(server.endpoint.stats().bufferedBytes, 0)
  t.equal(server.endpoint.registration.bufferedBytes, 0)
  t.equal(server.app.server.listenerCount('upgrade'), 1)
})

contract('a handler that does everything at once', async (t, transport) => {
  const server = await buildServer(t, {
    handler (session) {
      session.send('a')
      session.close(3000, 'done')
      session.send('b')
      session.pause()
      session.terminate()
      session.resume()
      session.close()
      throw new Error('and that')
    }
  })
  const client = newClient(server, transport, { comeBack: false })
  client.receive()
  await server.closing()
  await within(client.ended, 'the end')
  t.equal(server.closings.all.length, 1)
})

t.test('a response that something else has answered already opens nothing', async (t) => {
  const server = await buildServer(t, {
    before (app) {
      app.addHook('onRequest', async (request, reply) => {
        if (!request.headers['x-steal']) return
        reply.hijack()
        ;(reply.raw as ServerResponse).end('stolen')
      })
    }
  })
  for (const transport of HTTP) {
    t.match(await knock({ port: server.port, transport, headers: { 'x-steal': '1' } }), { status: 200 })
  }
  t.equal(server.sessions.all.length, 0)
  t.equal((await ask({ port: server.port, path: '/echo/websocket', headers: { ...UPGRADE, 'x-steal': '1' } })).body, 'stolen')
})
