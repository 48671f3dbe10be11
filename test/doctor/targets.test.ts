import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createSecureServer as createSecureHttp2 } from 'node:http2'
import { createServer as createSecure } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import sockjsNode from 'sockjs'
import t, { type Test } from 'tap'
import { boundOf, diagnose, doctorReporters, products, UsageError } from '../../protocol-tests/index.ts'
import { buildDemo } from '../../examples/demo/src/demo.ts'
import sockjs from '../../src/index.ts'
import { freePort } from '../support/free-port.ts'
import { TLS } from '../support/tls/index.ts'
import { TYPESCRIPT } from '../support/typescript.ts'
import { startDeaf } from './deaf-server.ts'
import { FaultProxy } from './fault-proxy.ts'
import { startStomp } from './stomp-server.ts'
import { codesOf, startEcho } from './support.ts'

const MAIN = fileURLToPath(new URL('../../protocol-tests/doctor/main.ts', import.meta.url))

interface Outcome { readonly code: number | null, readonly stdout: string, readonly stderr: string }

/** Runs the command to its end. */
function run (...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [TYPESCRIPT, MAIN, ...args], (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }))
  })
}

async function listen (t: Test, server: Server, scheme = 'http'): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => { sockets.add(socket.on('error', () => {})) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const serve = (t: Test, answer: RequestListener): Promise<string> => listen(t, createServer(answer))

const raw = (t: Test, greet: (socket: Socket) => void): Promise<string> => listen(t, createTcp((socket) => {
  socket.on('error', () => {})
  greet(socket)
}))

/** Writes on until the connection ends. */
function flood (socket: Socket, text: string): void {
  const timer = setInterval(() => { if (!socket.destroyed) socket.write(text) }, 1)
  socket.on('close', () => clearInterval(timer))
}

t.test('targets that are no SockJS server get a verdict each, in time', async (t) => {
  const page = '<!doctype html><title>It works</title>'
  const header = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
  const deaf = await startDeaf(t)
  const targets: readonly [name: string, url: string, code: string, says: RegExp][] = [
    ['a firewall', `http://${deaf}`, 'unreachable', /not accepted/],
    ['a firewall, and https', `https://${deaf}`, 'unreachable', /not accepted/],
    ['an address that no packet may have', 'http://255.255.255.255', 'unreachable', /GET \/info/],
    ['nothing', `http://127.0.0.1:${await freePort()}`, 'refused', /ECONNREFUSED/],
    ['an unknown name', 'http://no-such-host.invalid', 'name-unknown', /no-such-host\.invalid/],
    ['a web server', await serve(t, (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page)), 'no-service', /200 and a web page, "It works"/],
    ['a web server that knows no /info', await serve(t, (_request, response) => response.writeHead(404).end('<h1>Not Found</h1>')), 'no-service', /404 "<h1>Not Found<\/h1>"[^]*new SockJS\(\)/],
    ['JSON that is another', await serve(t, (_request, response) => response.end('{"hello":"world"}')), 'no-service', /hello/],
    ['a redirect', await serve(t, (_request, response) => response.writeHead(301, { location: 'https://app.example/info' }).end()), 'redirect', /301, to "https:\/\/app\.example\/info"/],
    ['no answer', await raw(t, () => {}), 'silent', /nothing came within 4 s/],
    ['the end of the connection', await raw(t, (socket) => socket.end()), 'cut', /closed/],
    ['a reset', await raw(t, (socket) => socket.resetAndDestroy()), 'cut', /GET \/info/],
    ['a mail server', await raw(t, (socket) => socket.end('220 smtp.example ESMTP\r\n')), 'not-http', /220 smtp/],
    ['random bytes', await raw(t, (socket) => socket.end(Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 167) % 256)))), 'cut', /closed/],
    ['a body without end', await raw(t, (socket) => { socket.write(`${header}\r\n`); flood(socket, 'x'.repeat(65_536)) }), 'endless', /more than 1048576 bytes/],
    ['headers without end', await raw(t, (socket) => { socket.write(header); flood(socket, 'X-Header: x\r\n'.repeat(8192)) }), 'endless', /more than/],
    ['a body that drips', await raw(t, (socket) => { socket.write(`${header}\r\n`); flood(socket, ' ') }), 'silent', /nothing came|not finished/],
    ['a body that is too short', await raw(t, (socket) => socket.end(`${header}Content-Length: 100\r\n\r\n{}`)), 'cut', /closed/],
    ['TLS where the URL says http', await listen(t, createSecure({ ...TLS }) as unknown as Server), 'cut', /https\?/],
    ['http where the URL says https', (await serve(t, (_request, response) => response.end())).replace('http', 'https'), 'tls-failed', /127\.0\.0\.1/]
  ]
  const diagnoses = await Promise.all(targets.map(([, url]) => diagnose(url, { idle: 0 })))
  for (const [i, [name, url, code, says]] of targets.entries()) {
    const diagnosis = diagnoses[i]!
    t.same(codesOf(diagnosis), [code], name, { checks: diagnosis.checks })
    const { ok, verdict, service, milliseconds, atMost, checks } = diagnosis
    t.match({ ok, verdict, service }, { ok: false, verdict: 'error', service: undefined }, name)
    t.match(checks[0]!.findings[0]?.detail, says, name)
    t.ok(milliseconds <= atMost, `${name}: ${milliseconds} of ${atMost}`)
    for (const write of Object.values(doctorReporters)) {
      const text = write(diagnosis)
      t.ok(text.includes(code) && text.includes(url), `${name}: a report`)
      t.notMatch(text, /\n\s+at |node:internal/, `${name}: no stack`)
    }
  }
})

t.test('a proxy that lies gets a verdict', async (t) => {
  const info = '{"websocket":true,"origins":["*:*"],"cookie_needed":false,"entropy":1}'
  const liars: readonly [name: string, url: string, codes: readonly string[]][] = [
    ['the info is right, and all else a page', await serve(t, (request, response) => response.end(request.url!.endsWith('/info') ? info : '<html>x</html>')),
      ['info-cached', 'nothing-works', 'poll-refused', 'stream-buffered', 'ws-page']],
    ['the info is right, and all else is silence', await serve(t, (request, response) => { if (request.url!.endsWith('/info')) response.end(info) }),
      ['info-cached', 'nothing-works', 'poll-held', 'stream-buffered', 'ws-silent']],
    ['the info is right once, and no more JSON', await (async () => {
      let count = 0
      return await serve(t, (_request, response) => response.end(++count <= 2 ? info : 'null'))
    })(), ['info-not-json', 'nothing-works', 'poll-refused', 'stream-buffered', 'ws-upgrade-stripped']],
    ['everything is 503', await serve(t, (request, response) => request.url!.length < 20 && request.url!.endsWith('echo/info') ? response.end(info) : response.writeHead(503).end()),
      ['info-cached', 'nothing-works', 'poll-refused', 'stream-refused', 'ws-gateway']]
  ]
  const diagnoses = await Promise.all(liars.map(([, url]) => diagnose(`${url}/echo`, { idle: 1000 })))
  for (const [i, [name, , codes]] of liars.entries()) {
    t.same(codesOf(diagnoses[i]!), codes, name, { checks: diagnoses[i]!.checks })
    t.ok(diagnoses[i]!.milliseconds <= diagnoses[i]!.atMost, name)
  }
})

t.test('no false alarm on a bare server: ours, the demo server, sockjs-node', async (t) => {
  const demo = await buildDemo({ logLevel: 'silent' })
  t.teardown(() => demo.close())
  const node = createServer()
  const service = sockjsNode.createServer({ prefix: '/echo', log () {} })
  service.on('connection', (connection) => { connection.on('data', (text: string) => connection.write(text)) })
  service.installHandlers(node)
  const demoUrl = await demo.listen({ port: 0, host: '127.0.0.1' })
  const targets: readonly [name: string, url: string, options: object][] = [
    ['ours', `http://127.0.0.1:${await startEcho(t)}/echo`, {}],
    ['ours, by the site', `http://127.0.0.1:${await startEcho(t)}`, {}],
    ['the demo server with STOMP', demoUrl, { stomp: true }],
    ['an endpoint of STOMP', `${demoUrl}/stomp`, { stomp: true }],
    ['an endpoint that echoes nothing', `${demoUrl}/ticker`, {}],
    ['sockjs-node', `${await listen(t, node)}/echo`, {}]
  ]
  for (const [name, url, options] of targets) {
    const diagnosis = await diagnose(url, { idle: 1500, ...options })
    t.same(codesOf(diagnosis), [], name, { checks: diagnosis.checks })
    t.match(diagnosis, { ok: true, verdict: 'healthy', totals: { error: 0, warning: 0, note: 0 } })
    t.match(diagnosis.service, url, name)
    if (name.startsWith('an endpoint')) t.match(diagnosis.checks[1]!.seen.join(), /no messages are sent: the path does not end with "echo"/)
  }
})

t.test('the certificate is judged as browsers do', async (t) => {
  const app = Fastify({ https: TLS })
  t.teardown(() => app.close())
  await app.register(sockjs, { doctor: true })
  app.sockjs('/echo', async (session) => { for await (const text of session) session.send(text) })
  const diagnosis = await diagnose(`${await app.listen({ port: 0, host: '127.0.0.1' })}/echo`, { idle: 1000 })
  t.same(codesOf(diagnosis), ['tls-certificate'], 'and everything else is examined', { checks: diagnosis.checks })
})

t.test('a server that answers one TLS handshake and no more', async (t) => {
  const secure = createSecure({ ...TLS })
  let count = 0
  const url = await raw(t, (socket) => { if (++count === 1) secure.emit('connection', socket) })
  t.same(codesOf(await diagnose(url.replace('http', 'https'), { idle: 0 })), ['tls-certificate', 'unreachable'])
})

t.test('a server that speaks HTTP/2 alone', async (t) => {
  const url = await listen(t, createSecureHttp2({ ...TLS, allowHTTP1: false }) as unknown as Server, 'https')
  const codes = codesOf(await diagnose(url, { idle: 0 }))
  t.ok(codes.includes('http1-refused'), codes.join())
})

t.test('a server that speaks HTTP/1.0', async (t) => {
  const url = await raw(t, (socket) => socket.on('data', (data) => {
    const [, path = ''] = /^\S+ (\S+)/.exec(data.toString()) ?? []
    socket.end(path === '/echo/info' ? `HTTP/1.0 200 OK\r\n\r\n{"websocket":false,"entropy":${Math.random()}}` : 'HTTP/1.0 404 Not Found\r\n\r\n')
  }))
  t.ok(codesOf(await diagnose(`${url}/echo`, { idle: 0 })).includes('http-1.0'))
})

t.test('an address that a client can choose, and a session that a server keeps short', async (t) => {
  const answer = (address: string) => JSON.stringify({
    request: { address, port: 1, trusted: true, host: '', protocol: 'http', httpVersion: '1.0', forwarded: ['x-forwarded-for'] }, heartbeat: 1000
  })
  const url = await serve(t, (request, response) => {
    if (request.url!.endsWith('/info')) response.end(`{"websocket":false,"entropy":${Math.random()}}`)
    else if (request.url!.endsWith('/doctor')) response.end(answer(String(request.headers['x-forwarded-for'] ?? '198.51.100.7')).replace('"host":""', `"host":"${request.headers.host}"`))
    else response.writeHead(404).end()
  })
  const diagnosis = await diagnose(`${url}/echo`, { idle: 0 })
  t.match(codesOf(diagnosis), ['address-forgeable', 'http-1.0-inside'])
})

t.test('STOMP: each mistake is named', async (t) => {
  const demo = await buildDemo({ logLevel: 'silent' })
  t.teardown(() => demo.close())
  await demo.listen({ port: 0, host: '127.0.0.1' })
  const { port } = demo.server.address() as AddressInfo
  const trials: [name: string, codes: readonly string[], url: string, options: object][] = [
    ['a wrong passcode', ['stomp-refused'], `http://127.0.0.1:${port}/stomp`, { stompOptions: { login: 'guest', passcode: 'wrong' } }],
    ['no STOMP there', ['stomp-absent'], `http://127.0.0.1:${port}`, { stompEndpoint: '/nowhere' }],
    ['SockJS that is no STOMP', ['stomp-protocol-lost', 'stomp-silent'], `http://127.0.0.1:${port}`, { stompEndpoint: '/ticker' }],
    ['the subprotocol gets lost', ['stomp-protocol-lost'], `${await FaultProxy.start(t, [port], { request: (headers) => { delete headers['sec-websocket-protocol'] } })}/stomp`, {}],
    ['octets are changed', ['stomp-changed'], `${await FaultProxy.start(t, [port], { mangles: ['漢', '汉'] })}/stomp`, {}]
  ]
  for (const omission of ['receipt', 'message', 'error', 'heart-beat'] as const) {
    const code = { receipt: 'stomp-no-receipt', message: 'stomp-not-delivered', error: 'stomp-no-error', 'heart-beat': 'stomp-no-heart-beat' }[omission]
    trials.push([`a server without ${omission}`, [code], await startStomp(t, omission), {}])
  }
  for (const [name, codes, url, options] of trials) {
    const { checks } = await diagnose(url, { idle: 0, stomp: true, ...options })
    t.same(checks.find(({ id }) => id === 'stomp')!.findings.map(({ code }) => code).sort(), codes, name, { checks })
  }
})

t.test('the reports: JSON has its shape, HTML escapes everything that the server sent', async (t) => {
  const attack = '<script>alert("1")</script><img src=x onerror=alert(1)>'
  const url = await serve(t, (request, response) => {
    response.setHeader('Server', attack)
    response.setHeader('Content-Type', attack)
    if (request.url!.endsWith('/info')) response.end('{"websocket":true,"entropy":7}')
    else response.writeHead(400).end(`${attack}\u001b[31m\u202e`)
  })
  const diagnosis = await diagnose(`${url}/echo`, { idle: 0 })
  const html = doctorReporters.html(diagnosis)
  t.notMatch(html, /<script|<img/)
  t.match(html, /&lt;script&gt;alert/)
  t.match(html, /Content-Security-Policy/)
  t.notMatch(doctorReporters.text(diagnosis), /[\u001b\u202e]/, 'nothing moves the cursor of a terminal')
  const report = JSON.parse(doctorReporters.json(diagnosis))
  t.match(report, { url: `${url}/echo`, service: `${url}/echo`, started: /^\d{4}-/, milliseconds: Number, atMost: Number, verdict: 'error', ok: false, totals: { error: Number, warning: Number, note: Number } })
  t.same(report.checks.map(({ id }: { id: string }) => id), ['reach', 'info', 'identity', 'websocket', 'streams', 'polling', 'stickiness', 'idle', 'stomp', 'picks'])
  for (const check of report.checks) {
    t.match(check, { id: String, title: String, verdict: /^(healthy|error|warning|note|not tried)$/, seen: Array, findings: Array, milliseconds: Number, atMost: Number })
    for (const finding of check.findings) {
      t.match(finding, { code: /^[a-z0-9.-]+$/, severity: /^(error|warning|note)$/, title: /\.$/, detail: String, remedies: Object })
      for (const product of Object.keys(finding.remedies)) t.ok(Object.hasOwn(products, product))
    }
  }
})

t.test('the command: exit codes, progress, files, mistakes', async (t) => {
  const url = `http://127.0.0.1:${await startEcho(t)}/echo`
  const proxy = await FaultProxy.start(t, [Number(new URL(url).port)], { upgrade: 'strip', response: (headers) => { headers['server'] = 'nginx/1.22.1' } })
  const page = join(t.testdir({}), 'report.html')
  const [healthy, ill, json, nothing, ...wrong] = await Promise.all([
    run(url, '--idle', '0'),
    run(`${proxy}/echo`, '--idle', '0', '--html', page),
    run(url, '--idle', '0', '--json', '--no-echo'),
    run(`http://127.0.0.1:${await freePort()}`),
    run(), run('ftp://app.example'), run(url, '--origin', 'app.example'), run(url, '--idle', 'long'), run(url, '--idle', '7200'), run(url, '--proxy', 'squid'), run(url, '--html', '/nowhere/report.html'), run(`${url}?a`)
  ])
  t.match(healthy, { code: 0, stdout: /Healthy: nothing stands between/, stderr: /at most \d+ s\n\[1\/10\] reach: healthy/ })
  t.match(ill, { code: 1, stdout: /WARNING ws-upgrade-stripped[^]*nginx +proxy_http_version 1\.1;[^]*other proxies +--proxy haproxy/ })
  t.match(readFileSync(page, 'utf8'), /Traefik/, 'the page has the lines for all')
  t.match(JSON.parse(json!.stdout), { ok: true })
  t.match(json!.stdout, /no messages are sent: switched off/)
  t.match(nothing, { code: 1, stdout: /ERROR refused/ })
  for (const { code, stdout, stderr } of wrong) {
    t.equal(code, 2, stderr)
    t.equal(stdout, '')
    t.notMatch(stderr, /\n {4}at /)
  }
})

t.test('mistakes in a program', async (t) => {
  await t.rejects(diagnose('app.example'), UsageError)
  await t.rejects(diagnose('http://app.example', { origin: 'https://app.example/path' }), UsageError)
  await t.rejects(diagnose('http://app.example', { idle: -1 }), UsageError)
  t.ok(boundOf({ idle: 130_000 }) > boundOf({}) && boundOf({}) > boundOf({ idle: 0 }), 'the bound follows --idle')
})

t.test('docs/doctor-findings.md is the list of the checks', async (t) => {
  const { code, stdout } = await run('--list')
  t.equal(code, 0)
  t.equal(readFileSync(new URL('../../docs/doctor-findings.md', import.meta.url), 'utf8'), stdout, 'write it with: node protocol-tests/bin/sockjs-doctor.js --list > docs/doctor-findings.md')
})

t.test('every code of the list is tried by a test of this folder', async (t) => {
  const page = readFileSync(new URL('../../docs/doctor-findings.md', import.meta.url), 'utf8')
  const tests = ['faults.test.ts', 'targets.test.ts', 'picks.test.ts', 'minute.test.ts'].map((file) => readFileSync(new URL(file, import.meta.url), 'utf8')).join('')
  const codes = [...page.matchAll(/^\| `([a-z0-9.-]+)` \|/gm)].map(([, code]) => code!)
  t.ok(codes.length > 50)
  t.same(codes.filter((code) => !tests.includes(`'${code}'`)), [])
})
