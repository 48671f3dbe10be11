import { connect, newId, type TransportName } from '../support/client.ts'
import { knock, UPGRADE, welcome } from '../support/doors.ts'
import { ask, TcpPeer } from '../support/http.ts'
import { until } from '../support/wait.ts'
import { StompPeer } from './stomp-peer.ts'
import { Suite } from './suite.ts'

const suite = new Suite('identity')

/** The doors that a default server has: jsonp and htmlfile are closed. */
const DOORS: readonly TransportName[] = ['websocket', 'websocket-raw', 'xhr-streaming', 'eventsource', 'xhr-polling']
const EVIL = 'https://evil.example'

suite.attack('S38', async (t, target) => {
  const { port } = target
  for (const transport of DOORS) {
    for (const path of ['/echo', '/listed', '/stomp']) {
      for (const origin of [EVIL, `http://127.0.0.1:${port}.evil.example`, `http://127.0.0.1:${port + 1}`, `https://127.0.0.1:${port}`, 'null', 'https://good.example.evil']) {
        const { status, headers } = await knock({ port, transport, path, headers: { origin } })
        t.match({ status, allowed: headers['access-control-allow-origin'] }, { status: 403, allowed: undefined }, `${transport} ${path} ${origin}`)
      }
      t.equal((await knock({ port, transport, path, headers: { origin: `http://127.0.0.1:${port}` } })).status, welcome(transport), 'its own pages may')
    }
    t.equal((await knock({ port, transport, path: '/listed', headers: { origin: 'https://good.example' } })).status, welcome(transport))
    t.equal((await knock({ port, transport, path: '/any', headers: { origin: EVIL } })).status, welcome(transport), 'where everybody may')
  }
  for (const transport of ['jsonp-polling', 'htmlfile'] as const) {
    t.equal((await knock({ port, transport })).status, 404, `${transport} carries no origin and is off`)
  }
})

suite.attack('S39', async (t, target) => {
  const headers = { origin: EVIL, 'access-control-request-headers': 'x-odd, authorization' }
  for (const [path, method] of [['/info', 'GET'], ['/0/i/xhr', 'OPTIONS'], ['/0/i/xhr_send', 'OPTIONS']] as const) {
    const own = await ask({ port: target.port, path: '/echo' + path, method, headers })
    t.equal(own.status, 403)
    t.match(own.headers, { vary: /Origin/ })
    for (const name of Object.keys(own.headers)) t.notMatch(name, /^access-control-/, `${method} ${path}: ${name}`)
    const listed = await ask({ port: target.port, path: '/listed' + path, method, headers: { ...headers, origin: 'https://good.example' } })
    t.match(listed.headers, { 'access-control-allow-origin': 'https://good.example', 'access-control-allow-credentials': 'true' })
    if (method === 'OPTIONS') t.equal(listed.headers['access-control-allow-headers'], 'x-odd, authorization', 'U9: an accepted page may send any header')
    const any = await ask({ port: target.port, path: '/any' + path, method, headers })
    t.match(any.headers, { 'access-control-allow-origin': EVIL, 'access-control-allow-credentials': 'true' }, 'by the explicit choice')
  }
})

suite.attack('S40', async (t, target) => {
  for (const transport of DOORS) {
    for (const path of ['/echo', '/listed']) {
      t.equal((await knock({ port: target.port, transport, path, headers: { origin: 'null' } })).status, 403, `${path} ${transport}`)
    }
    t.equal((await knock({ port: target.port, transport, path: '/any', headers: { origin: 'null' } })).status, welcome(transport))
  }
})

suite.attack('S41', async (t, target) => {
  for (const transport of DOORS) {
    for (const host of ['evil.example', 'evil.example:80', '127.0.0.1.evil.example']) {
      const { status, body } = await knock({ port: target.port, transport, path: '/hosts', headers: { host } })
      t.match({ status, body }, { status: 403, body: 'Host not allowed.\n' }, `${transport} ${host}`)
    }
    t.equal((await knock({ port: target.port, transport, path: '/hosts' })).status, welcome(transport))
  }
})

suite.attack('S42', async (t, target) => {
  const id = newId()
  const client = await connect(target, 'xhr-streaming', { id })
  const send = (headers: Record<string, string>) => ask({
    port: target.port, method: 'POST', path: `/echo/000/${id}/xhr_send`, headers: { 'content-type': 'text/plain', ...headers }, body: '["forged"]'
  })
  for (const headers of [{ origin: EVIL }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
    t.equal((await send(headers)).status, 403, JSON.stringify(headers))
  }
  t.equal((await send({ 'sec-fetch-site': 'same-origin' })).status, 204)
  t.strictSame(await client.messages(1), ['forged'], 'only that of its own page')
  client.abort()
})

suite.attack('S43', async (t, target) => {
  const id = newId()
  const kim = await connect(target, 'xhr-streaming', { path: '/users', id, headers: { 'x-user': 'kim' } })
  const attempt = (method: string, path: string, headers: Record<string, string>) =>
    ask({ port: target.port, method, path: `/users/000/${path}`, headers, body: '["mine"]' })
  for (const headers of [{}, { 'x-user': 'eve' }]) {
    t.equal((await attempt('POST', `${id}/xhr_send`, headers)).status, 404, 'a send of somebody else')
    t.equal((await attempt('POST', `${id}/xhr_streaming`, headers)).status, 404, 'a receiver of somebody else')
    t.equal((await attempt('POST', `${newId()}/xhr_send`, headers)).status, 404, 'a guess looks the same')
  }
  await kim.send('hers')
  t.strictSame(await kim.messages(1), ['hers'])
  const told = await connect(target, 'xhr-polling', { path: '/tell', id: 'secretid' })
  await told.send('who')
  const facts = (await told.messages(1))[0]!
  t.match(JSON.parse(facts), { id: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ })
  t.notMatch(facts, /secretid/)
  t.notMatch(JSON.stringify(await target.ask('log')), /secretid/, 'nor does the log know it')
  for (const client of [kim, told]) client.abort()
})

suite.attack('S44', async (t, target) => {
  const id = newId()
  const poll = () => ask({ port: target.port, method: 'POST', path: `/echo/0/${id}/xhr` })
  t.equal((await poll()).body, 'o\n')
  const polls = Array.from({ length: 50 }, async () => (await poll()).body)
  const sent = until(async () => (await Promise.race([Promise.all(polls), new Promise((resolve) => setTimeout(resolve, 20, null))])) !== null ||
    (await ask({ port: target.port, method: 'POST', path: `/echo/0/${id}/xhr_send`, body: '["x"]' })).status !== 204, 'all polls are answered')
  const bodies = await Promise.all(polls)
  await sent
  t.equal(bodies.filter((body) => body === 'a["x"]\n').length, 1, 'one has won')
  t.equal(bodies.filter((body) => body === 'c[2010,"Another connection still open"]\n').length, 49)
})

suite.attack('S45', async (t, target) => {
  const id = newId()
  const client = await connect(target, 'xhr-streaming', { path: '/echo', id })
  t.equal((await ask({ port: target.port, method: 'POST', path: `/other/000/${id}/xhr_send`, body: '["x"]' })).status, 404)
  t.equal((await ask({ port: target.port, method: 'POST', path: `/other/000/${id}/xhr` })).body, 'o\n', 'a session of its own')
  await client.send('mine')
  t.strictSame(await client.messages(1), ['mine'])
  client.abort()
})

suite.attack('S46', async (t, target) => {
  for (const id of ['a.b', '%2e', 'a%2Eb', '%00', 'a%00', '', '..%2f', '%2F', 'x'.repeat(129), 'x'.repeat(4096), '%', '%zz', '%ff']) {
    for (const path of [`/echo/0/${id}/xhr`, `/echo/${id}/i/xhr`]) {
      const { status } = await ask({ port: target.port, method: 'POST', path })
      t.ok(status === 404 || (status === 400 && id.includes('%')), `${path.slice(0, 40)}: ${status}`)
    }
    const peer = target.own(new TcpPeer(target.port))
    peer.write(`GET /echo/0/${id}/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n${Object.entries(UPGRADE).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
    t.match(await peer.end(), /^HTTP\/1\.1 40[04] /, `a WebSocket with ${id.slice(0, 20)}`)
  }
  t.equal((await ask({ port: target.port, method: 'POST', path: `/echo/0/${'x'.repeat(128)}/xhr` })).status, 200, '128 characters are an id')
  t.equal((await ask({ port: target.port, method: 'POST', path: '/echo/0/%C3%A9/xhr' })).status, 200)
})

suite.attack('S47', async (t, target) => {
  const cookieOf = async (path: string, cookie: string): Promise<unknown> =>
    (await ask({ port: target.port, method: 'POST', path: `${path}/0/${newId()}/xhr`, headers: { cookie } })).headers['set-cookie']
  t.equal(await cookieOf('/echo', 'JSESSIONID=abc'), undefined, 'off by default')
  t.strictSame(await cookieOf('/cookie', 'JSESSIONID=abc-1.2_3'), ['JSESSIONID=abc-1.2_3; path=/'])
  for (const value of ['a b', 'a"b', 'a,b', '<script>', 'a=b', 'x'.repeat(129), '', 'a\tb', 'é', '%0d%0aX: y']) {
    t.strictSame(await cookieOf('/cookie', `JSESSIONID=${Buffer.from(value).toString('latin1')}`), ['JSESSIONID=dummy; path=/'], value.slice(0, 20))
  }
})

suite.attack('S48', async (t, target) => {
  const headers = { 'x-forwarded-for': '6.6.6.6', 'x-real-ip': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' }
  for (const transport of DOORS) {
    const client = await connect(target, transport, { path: '/tell', headers })
    await client.send('who')
    t.equal((JSON.parse((await client.messages(1))[0]!) as { ip: string }).ip, '127.0.0.1', transport)
    client.abort()
    t.equal((await knock({ port: target.port, transport, headers: { ...headers, origin: 'https://evil.example' } })).status, 403, 'nor do they make an origin the own')
  }
  const peer = target.own(new TcpPeer(target.port))
  peer.write('PROXY TCP4 6.6.6.6 127.0.0.1 1 2\r\nGET /echo/info HTTP/1.1\r\nHost: x\r\n\r\n')
  t.match(await peer.end(), /^HTTP\/1\.1 400 /, 'the PROXY protocol is not parsed')
})

suite.attack('S49', async (t, target) => {
  for (const frame of ['SUBSCRIBE\nid:1\ndestination:/topic/x\n\n\0', 'SEND\ndestination:/topic/x\n\n\0', 'DISCONNECT\n\n\0', 'ACK\nid:1\n\n\0']) {
    const { error, code } = await (await StompPeer.open(target)).say(frame).refused()
    t.match(error, /code:STOMP_NOT_CONNECTED/, frame.split('\n', 1)[0]!)
    t.equal(code, 1002)
  }
  const twice = await StompPeer.connect(target, 'login:kim\n')
  t.match((await twice.say('CONNECT\naccept-version:1.2\nhost:x\nlogin:eve\n\n\0').refused()).error, /code:STOMP_ALREADY_CONNECTED/)
  const expiring = await StompPeer.connect(target, 'x-expires:300\n')
  const { error, code } = await expiring.refused()
  t.match(error, /code:STOMP_SESSION_EXPIRED/, 'in the middle of a session')
  t.equal(code, 1002)
  const expired = await StompPeer.open(target)
  expired.say('CONNECT\naccept-version:1.2\nhost:x\nx-expires:-1000\n\n\0')
  t.match((await expired.refused()).error, /code:STOMP_SESSION_EXPIRED/, 'before it began')
})

suite.attack('S50', async (t, target) => {
  const peer = await StompPeer.connect(target, 'login:kim\n')
  peer.say('SUBSCRIBE\nid:1\ndestination:/topic/forged\n\n\0')
  for (const name of ['login', 'passcode', 'Authorization', 'authorization', 'user-name']) peer.say(`SEND\ndestination:/topic/forged\n${name}:forged\nx-kept:yes\n\nbody\0`)
  for (let i = 0; i < 5; i++) {
    const message = await peer.see('MESSAGE')
    t.match(message, /x-kept:yes/)
    t.notMatch(message, /:forged\n/)
  }
  peer.abort()
})

suite.finish()
