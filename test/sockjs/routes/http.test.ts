import type { Readable } from 'node:stream'
import compress from '@fastify/compress'
import t from 'tap'
import { WebSocket } from 'ws'
import { connect, HTTP, newClient, newId, STREAMS, TRANSPORTS } from '../../support/client.ts'
import { contract } from '../../support/contract.ts'
import { knock } from '../../support/doors.ts'
import { ask, chunksOf, handshake, startRequest, TcpPeer } from '../../support/http.ts'
import { buildServer, echo } from '../../support/server.ts'
import { TLS } from '../../support/tls/index.ts'
import { until, within } from '../../support/wait.ts'

const NOCACHE = 'no-store, no-cache, no-transform, must-revalidate, max-age=0'
const JS = 'application/javascript; charset=UTF-8'
const PRELUDE = 'h'.repeat(2048) + '\n'

/** Each HTTP transport's first response: type, chunks up to `o`, and the frame `a["x"]`. */
const FIRST: Readonly<Record<typeof HTTP[number], { type: string, chunks: readonly (string | RegExp)[], message: string }>> = {
  'xhr-streaming': { type: JS, chunks: [PRELUDE, 'o\n'], message: 'a["x"]\n' },
  eventsource: { type: 'text/event-stream', chunks: ['\r\n', 'data: o\r\n\r\n'], message: 'data: a["x"]\r\n\r\n' },
  htmlfile: {
    type: 'text/html; charset=UTF-8',
    chunks: [/^<!doctype html>\n<html><head>\n[\s\S]{1000,}\r\n\r\n$/, '<script>\np("o");\n</script>\r\n'],
    message: '<script>\np("a[\\"x\\"]");\n</script>\r\n'
  },
  'xhr-polling': { type: JS, chunks: ['o\n'], message: 'a["x"]\n' },
  'jsonp-polling': { type: JS, chunks: ['/**/cb("o");\r\n'], message: '/**/cb("a[\\"x\\"]");\r\n' }
}

const PATHS = {
  'xhr-streaming': ['POST', 'xhr_streaming'],
  eventsource: ['GET', 'eventsource'],
  htmlfile: ['GET', 'htmlfile?c=cb'],
  'xhr-polling': ['POST', 'xhr'],
  'jsonp-polling': ['GET', 'jsonp?c=cb']
} as const

contract('HTTP-4, XHR-STREAM-3 to -5, ES-2, ES-3, HTMLFILE-2 to -4: what a receiver gets, chunk by chunk', async (t, transport) => {
  const server = await buildServer(t)
  const kind = transport as typeof HTTP[number]
  const [method, url] = PATHS[kind]
  const path = `/echo/000/${newId()}/${url}`
  const streams = !transport.endsWith('polling')
  const started = startRequest({ port: server.port, path, method })
  const response = await started.response
  t.equal(response.statusCode, 200)
  t.equal(response.headers['content-type'], FIRST[kind].type)
  t.equal(response.headers['cache-control'], NOCACHE)
  t.equal(response.headers['transfer-encoding'], streams ? 'chunked' : undefined)
  t.equal(response.headers['x-accel-buffering'], streams ? 'no' : undefined, 'XHR-STREAM-11')
  t.equal(response.headers['x-content-type-options'], kind === 'htmlfile' || kind === 'jsonp-polling' ? 'nosniff' : undefined, 'JSONP-10, HTMLFILE-13')
  t.notOk(response.headers['set-cookie'] ?? response.headers.expires ?? response.headers['last-modified'])
  const chunks = chunksOf(response)
  for (const chunk of FIRST[kind].chunks) {
    const got = await chunks.next('a chunk')
    t.ok(typeof chunk === 'string' ? got === chunk : chunk.test(got), JSON.stringify(got.slice(0, 40)))
  }
  const session = await server.session()
  session.send('x')
  if (streams) {
    t.equal(await chunks.next('the message'), FIRST[kind].message)
  } else {
    t.equal((await ask({ port: server.port, path, method })).body, FIRST[kind].message)
  }
  started.request.destroy()
}, HTTP)

contract('HTTP-2: HTTP/1.0 gets a stream without chunks, up to the end of the connection', async (t, transport) => {
  const server = await buildServer(t, { handler: (session) => session.close(3000, 'Go away!') })
  const kind = transport as typeof HTTP[number]
  const [method, url] = PATHS[kind]
  const peer = server.own(new TcpPeer(server.port))
  peer.write(`${method} /echo/000/${newId()}/${url} HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n`)
  const text = await peer.end()
  t.match(text, /^HTTP\/1\.1 200 OK\r\n/)
  t.notMatch(text, /\r\n(content-length|transfer-encoding):/i)
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  const [prelude, open] = FIRST[kind].chunks
  if (typeof prelude === 'string') t.ok(body.startsWith(prelude + String(open)))
  t.ok(body.includes('Go away!'))
}, STREAMS)

t.test('HTTP-1, HTTP-3: a greeting over HTTP/1.0 and 1.1, twice on one connection', async (t) => {
  const server = await buildServer(t)
  for (const version of ['1.0', '1.1']) {
    const peer = server.own(new TcpPeer(server.port))
    const request = `GET /echo HTTP/${version}\r\nHost: localhost\r\nConnection: Keep-Alive\r\n\r\n`
    const text = await peer.write(request).see('Welcome to SockJS!\n')
    t.notMatch(text, /transfer-encoding/i)
    t.match(text, /\r\ncontent-length: 19\r\n/i)
    if (/\r\nconnection: close/i.test(text)) continue
    peer.clear()
    await peer.write(request).see('Welcome to SockJS!\n')
  }
})

t.test('HTTP-6, URL-13: methods that a URL does not have', async (t) => {
  const server = await buildServer(t)
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['', ['GET', 'HEAD']], ['/', ['GET', 'HEAD']], ['/info', ['GET', 'HEAD', 'OPTIONS']], ['/iframe.html', ['GET', 'HEAD']], ['/websocket', ['GET']],
    ['/a/b/websocket', ['GET']], ['/a/b/xhr', ['POST', 'OPTIONS']], ['/a/b/xhr_send', ['POST', 'OPTIONS']], ['/a/b/xhr_streaming', ['POST', 'OPTIONS']],
    ['/a/b/eventsource', ['GET', 'OPTIONS']], ['/a/b/htmlfile', ['GET']], ['/a/b/jsonp', ['GET']], ['/a/b/jsonp_send', ['POST']]
  ]
  for (const [path, allowed] of rows) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
      if (allowed.includes(method)) continue
      const answer = await ask({ port: server.port, method, path: '/echo' + path })
      t.equal(answer.status, 405, `${method} ${path}`)
      t.strictSame(answer.headers.allow!.split(', ').sort(), [...allowed].sort())
      t.notOk(answer.headers['content-type'])
      t.equal(answer.body, '')
    }
  }
  for (const [method, status] of [['PROPFIND', 404], ['QUERY', 404]] as const) {
    const answer = await ask({ port: server.port, method, path: '/echo/a/b/xhr' }).catch(() => ({ status: 400 }))
    t.ok([400, status, 405].includes(answer.status), method)
  }
  t.equal(server.sessions.all.length, 0)
})

t.test('GREETING-3, INFO-14, IFRAME-12: HEAD is GET without a body', async (t) => {
  const server = await buildServer(t)
  for (const path of ['', '/', '/info', '/iframe.html']) {
    const head = await ask({ port: server.port, method: 'HEAD', path: '/echo' + path })
    const get = await ask({ port: server.port, path: '/echo' + path })
    t.equal(head.status, 200)
    t.equal(head.body, '')
    t.equal(head.headers['content-type'], get.headers['content-type'])
    t.equal(head.headers.etag, get.headers.etag)
  }
})

t.test('IFRAME-1 to IFRAME-13: the iframe page and the script it loads', async (t) => {
  const server = await buildServer(t, {
    after (app) {
      app.sockjs('/cdn', { clientUrl: 'https://cdn.example/"><script>?a=1&b=2' }, echo)
      app.sockjs('/same', { origins: [] }, echo)
      app.sockjs('/list', { origins: ['https://a.example'] }, echo)
      app.sockjs('/list-on', { origins: ['https://a.example', /x/], transports: { iframe: true } }, echo)
    }
  })
  const get = (path: string, headers: Record<string, string> = {}) => ask({ port: server.port, path, headers })
  const page = await get('/echo/iframe.html')
  t.match(page.headers, { 'content-type': /^text\/html; charset=UTF-8$/i, 'cache-control': /public.*max-age=31536000/, etag: /^"[^"]+"$/, expires: /GMT/ })
  t.notOk(page.headers['set-cookie'] ?? page.headers['last-modified'] ?? page.headers['x-frame-options'] ?? page.headers['content-security-policy'])
  const etag = page.headers.etag!
  for (const name of ['iframe-a', 'iframe-', 'iframe-0.1.2', 'iframe-0.1.2abc-dirty.2144', 'iframe']) {
    for (const query of ['', '?t=5']) {
      const other = await get(`/echo/${name}.html${query}`)
      t.strictSame([other.status, other.body, other.headers.etag], [200, page.body, etag], name + query)
    }
  }
  for (const name of ['iframe.htm', 'iframe', 'IFRAME.HTML', 'IFRAME', 'iframe.HTML', 'iframe.xml', 'iframe-/.html', 'iframe.html/']) {
    const other = await get('/echo/' + name)
    t.equal(other.status, 404, name)
    t.equal(other.headers['cache-control'], NOCACHE, 'URL-14')
  }
  for (const tag of [etag, `W/${etag}`, '*', `"x", ${etag}`, `"x",W/${etag} , "y"`]) {
    const answer = await get('/echo/iframe.html', { 'if-none-match': tag })
    t.strictSame([answer.status, answer.body, answer.headers['content-type']], [304, '', undefined], `IFRAME-6, IFRAME-7 ${tag}`)
  }
  t.equal((await get('/echo/iframe.html', { 'if-none-match': '"other"' })).status, 200)

  const script = /<script src="([^"]+)"><\/script>/.exec(page.body)![1]!
  t.match(script, /^\/echo\/sockjs-\d+\.\d+\.\d+\.min\.js$/)
  const client = await get(script)
  t.match(client, { status: 200, headers: { 'content-type': 'application/javascript; charset=UTF-8', 'cache-control': /immutable/ } })
  t.ok(client.body.includes('bootstrap_iframe'))
  t.equal((await get(script, { 'if-none-match': client.headers.etag! })).status, 304)
  t.equal((await get('/echo/sockjs-0.0.1.min.js')).status, 404)

  t.ok((await get('/cdn/iframe.html')).body.includes('<script src="https://cdn.example/&quot;&gt;&lt;script&gt;?a=1&amp;b=2"></script>'), 'IFRAME-8')
  t.match((await get('/same/iframe.html')).headers, { 'x-frame-options': 'SAMEORIGIN', 'content-security-policy': 'frame-ancestors \'self\'' })
  t.equal((await get('/list/iframe.html')).status, 404)
  const framed = await get('/list-on/iframe.html')
  t.equal(framed.headers['content-security-policy'], 'frame-ancestors \'self\' https://a.example')
  t.notOk(framed.headers['x-frame-options'])
})

t.test('COOKIE-1 to COOKIE-6, WS-25: JSESSIONID', async (t) => {
  const server = await buildServer(t, {
    endpoint: { sessionCookie: true },
    after (app) {
      app.sockjs('/off', echo)
      app.sockjs('/own', { sessionCookie: (_request, reply) => { reply.header('set-cookie', 'route=n1') } }, echo)
    }
  })
  for (const transport of TRANSPORTS) {
    for (const [cookie, value] of [
      ['', 'dummy'], ['JSESSIONID=abcdef', 'abcdef'], ['a=b; JSESSIONID=a-b_c.9; c=d', 'a-b_c.9'], ['JSESSIONID=a b', 'dummy'], ['JSESSIONID=', 'dummy'],
      ['XJSESSIONID=x', 'dummy'], ['JSESSIONID="x"', 'dummy'], [`JSESSIONID=${'x'.repeat(129)}`, 'dummy'], ['JSESSIONID=a\tb', 'dummy']
    ] as const) {
      const { headers } = await knock({ port: server.port, transport, headers: { cookie } })
      t.strictSame(headers['set-cookie'], [`JSESSIONID=${value}; path=/`], `${transport} with ${cookie.slice(0, 30)}`)
    }
    t.notOk((await knock({ port: server.port, transport, path: '/off' })).headers['set-cookie'])
    t.strictSame((await knock({ port: server.port, transport, path: '/own' })).headers['set-cookie'], ['route=n1'])
  }
  for (const path of ['', '/info', '/iframe.html']) t.notOk((await ask({ port: server.port, path: '/echo' + path })).headers['set-cookie'], 'COOKIE-4')
})

t.test('INFO-2, INFO-3, INFO-9: info', async (t) => {
  const server = await buildServer(t, {
    after (app) {
      app.sockjs('/base', { baseUrl: async (request) => `https://${request.hostname}/base` }, echo)
      app.sockjs('/fixed', { baseUrl: 'https://node1.example/fixed' }, echo)
    }
  })
  const info = async (path: string) => JSON.parse((await ask({ port: server.port, path: path + '/info' })).body) as Record<string, unknown>
  const seen = new Set<unknown>()
  for (let i = 0; i < 20; i++) {
    const { entropy, ...rest } = await info('/echo')
    t.strictSame(rest, { websocket: true, origins: ['*:*'], cookie_needed: false })
    t.ok(Number.isInteger(entropy) && (entropy as number) >= 0 && (entropy as number) < 2 ** 32)
    seen.add(entropy)
  }
  t.ok(seen.size > 18)
  const steps = [...seen].map(Number)
  t.ok(new Set(steps.slice(1).map((value, i) => value - steps[i]!)).size > 15, 'INFO-4: no counter')
  t.match(await info('/base'), { base_url: 'https://127.0.0.1/base' })
  t.match(await info('/fixed'), { base_url: 'https://node1.example/fixed' })
})

contract('URL-1, URL-3, URL-4, URL-8, URL-9: ids and queries', async (t, transport) => {
  const server = await buildServer(t)
  for (const id of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '_', '1', 'a%20b', 'i%C3%A9', 'Case', 'case', '%25', '-', '~!$&\'()*+,=:@']) {
    t.equal((await knock({ port: server.port, transport, id })).status, transport === 'websocket' ? 101 : 200, id)
  }
  await until(() => server.sessions.all.length === 14, 'all are sessions of their own')
  const id = newId()
  const client = newClient(server, transport, { id })
  await client.open()
  if (transport === 'websocket') return
  const route = transport === 'jsonp-polling' ? 'jsonp_send' : 'xhr_send'
  const sent = await ask({ port: server.port, method: 'POST', path: `/echo/another/${id}/${route}?t=123&i=%zz`, body: '["x"]' })
  t.ok(sent.status < 300, 'the server segment does not count')
  t.strictSame(await client.messages(1), ['x'])
}, ['websocket', ...HTTP])

contract('https and wss', async (t, transport) => {
  const server = await buildServer(t, { fastify: { https: TLS }, endpoint: { sessionCookie: true }, plugin: { origins: [], transports: { jsonp: true, htmlfile: true } } })
  const secure = { port: server.port, ca: TLS.cert }
  const origin = `https://127.0.0.1:${server.port}`
  const cookie = 'JSESSIONID=dummy; path=/; HttpOnly; SameSite=None; Secure'
  if (transport.startsWith('websocket')) {
    const framed = transport === 'websocket'
    const ws = new WebSocket(`wss://127.0.0.1:${server.port}/echo${framed ? '/0/i' : ''}/websocket`, { ca: TLS.cert, origin })
    const texts: string[] = []
    ws.on('upgrade', ({ headers }) => t.strictSame(headers['set-cookie'], [cookie]))
    ws.on('message', (data) => texts.push((data as Buffer).toString()))
    await within(new Promise<void>((resolve, reject) => {
      ws.on('open', resolve)
      ws.on('error', reject)
    }), 'a WebSocket')
    ws.send(framed ? '["é"]' : 'é')
    await until(() => texts.at(-1) === (framed ? 'a["é"]' : 'é'), 'the echo')
    ws.terminate()
    return
  }
  const kind = transport as typeof HTTP[number]
  const [method, url] = PATHS[kind]
  const path = `/echo/000/${newId()}/${url}`
  const { request, response: coming } = startRequest({ ...secure, path, method, headers: { origin } })
  const response = await within(coming, 'a response')
  t.equal(response.statusCode, 200)
  t.strictSame(response.headers['set-cookie'], [cookie], 'COOKIE-2')
  const chunks = chunksOf(response)
  await chunks.next('the first chunk')
  t.equal((await server.session()).ip, '127.0.0.1')
  request.destroy()
  const foreign = await ask({ ...secure, path: '/echo/info', headers: { origin: `http://127.0.0.1:${server.port}` } })
  t.equal(foreign.status, 403, 'http is another origin')
})

t.test('inject() works for polls, and for streams with payloadAsStream', async (t) => {
  const server = await buildServer(t)
  const { app } = server
  const greeting = await app.inject('/echo')
  t.equal(greeting.body, 'Welcome to SockJS!\n')
  t.equal((await app.inject({ method: 'POST', url: '/echo/0/inj/xhr' })).body, 'o\n')
  t.equal((await app.inject({ method: 'POST', url: '/echo/0/inj/xhr_send', payload: '["x"]', headers: { 'content-type': 'text/plain' } })).statusCode, 204)
  t.equal((await app.inject({ method: 'POST', url: '/echo/0/inj/xhr' })).body, 'a["x"]\n')
  await server.session()
  for (const transport of STREAMS) {
    const [method, url] = PATHS[transport]
    const response = await app.inject({ method, url: `/echo/0/inj-${transport}/${url}`, payloadAsStream: true })
    t.equal(response.statusCode, 200)
    t.equal(response.headers['content-type'], FIRST[transport].type)
    const stream: Readable = response.stream()
    let text = ''
    stream.on('data', (chunk: Buffer) => { text += chunk.toString() })
    await until(() => text.includes(String(FIRST[transport].chunks[1])), 'o')
    const session = await server.session()
    session.send('x')
    await until(() => text.includes(FIRST[transport].message), 'the message')
    const ended = new Promise((resolve) => stream.on('end', resolve))
    session.close()
    await within(ended, 'the end of the stream')
  }
})

contract('@fastify/compress leaves the streams alone', async (t, transport) => {
  const server = await buildServer(t, { before: async (app) => { await app.register(compress, { global: true, threshold: 0 }) } })
  const client = await connect(server, transport, { headers: { 'accept-encoding': 'gzip, br' } })
  await client.send('through')
  t.strictSame(await client.messages(1), ['through'])
}, HTTP)

for (const [method, transports] of [['write', STREAMS], ['end', ['xhr-polling', 'jsonp-polling']]] as const) {
  contract(`a hook that has taken \`${method}\` of a response over sees every message`, async (t, transport) => {
    const seen: string[] = []
    const server = await buildServer(t, {
      before (app) {
        app.addHook('onRequest', (_request, { raw }, done) => {
          const original = raw[method].bind(raw) as (piece?: unknown, encoding?: unknown) => boolean
          raw[method] = ((piece?: unknown, encoding?: unknown) => {
            seen.push(String(piece))
            return original(piece, encoding)
          }) as never
          done()
        })
      }
    })
    const client = await connect(server, transport)
    await client.send('äöü')
    t.strictSame(await client.messages(1), ['äöü'])
    t.equal(seen.filter((text) => text.includes('äöü')).length, 1)
  }, transports)
}

t.test('SEC-S43, SESSION-21: the ids of clients are in no line of the log', async (t) => {
  const lines: string[] = []
  const server = await buildServer(t, {
    fastify: { logger: { level: 'trace', stream: { write: (line: string) => { lines.push(line) } } } },
    handler (session) {
      session.on('message', (message) => {
        if (message === 'throw') throw new Error('as asked')
        session.send(message)
      })
    },
    before (app) {
      app.addHook('onRequest', async (request) => {
        request.log.info('in a hook')
        if (request.headers['x-fail']) throw new Error('in a hook')
      })
    },
    after: async (app) => {
      await app.register(async (child) => { child.sockjs('/room', echo) }, { prefix: '/a-long-name/:tenant' })
    }
  })
  const secret = 'SECRETid'
  let n = 0
  const id = (): string => secret + n++
  for (const transport of TRANSPORTS) {
    for (const end of ['close', 'abort', 'throw', 'terminate'] as const) {
      const client = await connect(server, transport, { id: id() })
      const session = await server.session()
      await client.send('x')
      await client.messages(1)
      if (end === 'close') session.close()
      else if (end === 'terminate') session.terminate()
      else if (end === 'throw') await client.send('throw')
      else client.abort()
      if (end === 'abort' && transport.endsWith('polling')) continue
      await until(() => session.state === 'closed', `${transport} ${end}`)
    }
    await knock({ port: server.port, transport, id: id(), headers: { 'x-fail': '1' } })
    if (transport === 'websocket-raw') continue
    await knock({ port: server.port, transport, id: id(), path: '/a-long-name/b/room' })
    await knock({ port: server.port, transport, id: id() + '.' })
    await knock({ port: server.port, transport, id: id().repeat(50) })
  }
  const port = server.port
  for (const path of [`/0/${id()}/xhr_send`, `/0/${id()}/jsonp_send`, `/0/${id()}/nothing`, `/${id()}/0/websocket`, `/0/${id()}/xhr/more`, `/0/${id()}/xhr?x=1`, `//${id()}/xhr`]) {
    for (const method of ['GET', 'POST', 'PUT']) await ask({ port, method, path: '/echo' + path, body: method === 'GET' ? '' : 'x' })
    const peer = new TcpPeer(port)
    peer.write(handshake('/echo' + path))
    await peer.see('\r\n')
    peer.abort()
  }
  const broken = new TcpPeer(port)
  broken.write(`POST /echo/0/${id()}/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n`)
  await broken.end()
  const half = new TcpPeer(port)
  half.write(`POST /echo/0/${id()}/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab`)
  half.reset()
  server.clock.advance(5100)
  await server.stop()
  const guilty = lines.filter((line) => line.includes(secret))
  t.strictSame([...new Set(guilty.map((line) => line.replace(/SECRETid\d+/g, 'ID').replace(/.*"url"/, '"url"').replace(/,"host.*/, '')))], [])
  t.ok(lines.some((line) => line.includes('/echo/:server/:session/xhr')), 'the lines are there')
  t.ok(lines.some((line) => /"session":"[0-9a-f-]{36}"/.test(line)), 'and name our own ids')
})
