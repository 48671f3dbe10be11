import { connect, newId } from '../support/client.ts'
import { ask, handshake, maskedFrame, TcpPeer } from '../support/http.ts'
import { scaled, survived } from '../support/scale.ts'
import { until } from '../support/wait.ts'
import { StompPeer } from './stomp-peer.ts'
import { Suite } from './suite.ts'

const suite = new Suite('processor')

suite.attack('S31', async (t, target) => {
  const hostile: Readonly<Record<string, string>> = {
    'Sec-WebSocket-Extensions': 'a, '.repeat(5000) + 'a',
    'Sec-WebSocket-Protocol': 'a ,'.repeat(5000) + ' a',
    'sec-websocket-extensions': 'b;c="' + '\\c'.repeat(7000),
    Origin: 'http://' + '-.'.repeat(7000),
    Cookie: 'JSESSIONID=' + ';'.repeat(14_000),
    Connection: 'Upgrade,' + ' ,'.repeat(7000)
  }
  const before = await target.ask('cpu')
  for (const [name, value] of Object.entries(hostile)) {
    for (const path of ['/echo/websocket', '/listed/0/i/websocket', '/deflate/websocket', '/cookie/0/i/websocket']) {
      for (const text of [value, value.repeat(5)]) {
        const peer = target.own(new TcpPeer(target.port))
        peer.write(handshake(path, { [name]: text }))
        t.match(await peer.see('\r\n'), /^HTTP\/1\.1 (101|4\d\d) /, `${path} ${name} ${text.length}`)
        peer.abort()
      }
    }
  }
  const each = (await target.ask('cpu') - before) / 48
  t.ok(each < 500, `${each.toFixed(1)} ms of processor time for each`)
})

suite.attack('S32', async (t, target) => {
  // There are none to evaluate: the header is carried nowhere and costs nothing.
  for (const selector of ['x LIKE \'' + '%_'.repeat(3000) + '\'', '('.repeat(7000), 'T(java.lang.Runtime).getRuntime()', 'NOT '.repeat(1500) + 'TRUE']) {
    const peer = await StompPeer.connect(target)
    peer.say(`SUBSCRIBE\nid:1\ndestination:/topic/selected\nselector:${selector.replaceAll(':', '\\c')}\nreceipt:r\n\n\0`)
    t.match(await peer.next(), /^(RECEIPT|ERROR)\n/, selector.slice(0, 20))
    peer.abort()
  }
})

suite.attack('S33', async (t, target) => {
  for (const pattern of ['/topic/**/*/**', '/topic/' + '*/'.repeat(20) + '**', '/topic/' + '**/'.repeat(80)]) {
    const peer = await StompPeer.connect(target)
    peer.say(`SUBSCRIBE\nid:1\ndestination:${pattern}\n\n\0`)
    t.match((await peer.refused()).error, /^ERROR\n/, pattern.slice(0, 20))
  }
  const connections = scaled(4, 400)
  const peers = []
  for (let i = 0; i < connections; i++) {
    const peer = await StompPeer.connect(target)
    peers.push(peer)
    for (let k = 0; k < 128; k++) {
      const pattern = Array.from({ length: 8 }, (_, bit) => (k >> bit) & 1 ? '*' : 'a').join('/')
      peer.say(`SUBSCRIBE\nid:${k}\ndestination:/topic/${i}/${pattern}\n\n\0`)
    }
    t.match(await peer.settled(), /^(RECEIPT|ERROR)/)
  }
  const sender = await StompPeer.connect(target)
  sender.say('SEND\ndestination:/topic/0/a/a/a/a/a/a/a/a\nreceipt:r\n\n\0')
  t.match(await sender.next(), /^RECEIPT/)
  for (const peer of [...peers, sender]) peer.abort()
  survived(`${connections * 128} patterns`)
})

suite.attack('S34', async (t, target) => {
  // As much as comes within `bodyTimeout` also on a busy machine.
  const size = scaled(20_000, 200_000)
  const id = newId()
  const client = await connect(target, 'xhr-streaming', { id })
  const message = 'x'.repeat(size)
  const body = JSON.stringify([message])
  const before = await target.ask('cpu')
  for (const bytes of [
    Buffer.from(`POST /echo/0/${id}/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    Buffer.concat([Buffer.from(handshake('/echo/websocket')), maskedFrame(0x81, message)])
  ]) {
    const peer = target.own(new TcpPeer(target.port))
    peer.socket.setNoDelay(true)
    for (let i = 0; i < bytes.length && !peer.ended; i++) {
      if (i % 100 === 99) await new Promise((resolve) => peer.socket.write(bytes.subarray(i, i + 1), resolve))
      else peer.socket.write(bytes.subarray(i, i + 1))
    }
    // A WebSocket may close in good order instead: so many pieces are no message (S20).
    const expected = bytes.includes('Upgrade') ? /xxx|\x88\x02\x03\xf0/ : / 204 /
    await until(() => expected.test(peer.text), `${expected} comes back`, 90_000)
    peer.abort()
  }
  t.equal((await client.messages(1))[0], message)
  const used = await target.ask('cpu') - before
  t.ok(used < scaled(20_000, 120_000), `${Math.round(used)} ms of processor time`)
  client.abort()
  survived(`${size} bytes in writes of one byte, ${Math.round(used)} ms of processor time`)
})

suite.attack('S35', async (t, target) => {
  const endless: Readonly<Record<string, string>> = {
    'a command': 'X',
    'a header line': 'SEND\nx:y',
    'a head': 'SEND\n' + 'x:y\n',
    'a body': 'SEND\ndestination:/topic/x\n\nxxxxxxxx'
  }
  for (const [what, text] of Object.entries(endless)) {
    const peer = await StompPeer.connect(target)
    peer.say(text)
    for (let i = 0; i < 200 && peer.ws.readyState === 1; i++) peer.say((what === 'a head' ? 'x:y\n' : 'x').repeat(1000))
    t.match((await peer.refused()).error, /code:STOMP_[A-Z_]*(TOO_LONG|TOO_MANY_HEADERS|UNKNOWN_COMMAND)/, `${what} without an end`)
  }
  const feeds = scaled(20_000, 1e6)
  const peer = await StompPeer.connect(target)
  for (let i = 0; i < feeds && peer.ws.readyState === 1; i += 500) peer.say('\n'.repeat(500))
  t.match((await peer.refused()).error, /code:STOMP_TOO_MANY_EOLS/)
})

suite.attack('S36', async (t, target) => {
  await target.ask('log')
  const id = newId()
  const bad: readonly (readonly [method: string, path: string, body?: string])[] = [
    ['GET', '/echo/../../etc'], ['GET', '/echo/a.b/c/xhr'], ['PUT', '/echo/0/i/xhr'], ['POST', '/echo/0/nobody/xhr_send', '["x"]'], ['GET', '/any/0/i/jsonp'],
    ['POST', `/echo/0/${id}/xhr_send`, 'nonsense'], ['GET', '/echo/websocket']
  ]
  const client = await connect(target, 'xhr-streaming', { id })
  const count = scaled(210, 100_000)
  for (let i = 0; i < count; i += bad.length) {
    await Promise.all(bad.map(([method, path, body]) => ask({ port: target.port, method, path, ...(body === undefined ? {} : { body }) })))
  }
  const lines = await target.ask('log')
  const own = lines.filter(({ msg }) => msg !== 'incoming request' && msg !== 'request completed')
  t.ok(own.length <= count, `${own.length} lines beside Fastify's own two for ${count} requests`)
  const warnings = lines.filter(({ level }) => level >= 40)
  t.ok(warnings.length <= 5, `${warnings.length} warnings: one for each thing and minute`)
  t.strictSame(new Set(warnings.map(({ refused }) => refused)), new Set(['upgrade']), 'about the requests that a proxy may have changed')
  client.abort()
  survived(`${count} bad requests, ${own.length} lines of our own`)
})

suite.attack('S37', async (t, target) => {
  const subscribers = scaled(30, 300)
  const messages = scaled(200, 1000)
  const listeners = []
  for (let i = 0; i < subscribers; i++) {
    const peer = await StompPeer.connect(target)
    peer.say('SUBSCRIBE\nid:1\ndestination:/topic/wide\nreceipt:r\n\n\0')
    await peer.see('RECEIPT')
    listeners.push(peer)
  }
  const sender = await StompPeer.connect(target)
  const delays: number[] = []
  for (let i = 0; i < messages; i++) {
    sender.say(`SEND\ndestination:/topic/wide\n\n${i}\0`)
    if (i % 20 !== 19) continue
    const begun = performance.now()
    await ask({ port: target.port, path: '/echo/info' })
    delays.push(performance.now() - begun)
  }
  for (const listener of listeners) for (let i = 0; i < messages; i++) await listener.see('MESSAGE')
  delays.sort((a, b) => a - b)
  t.pass(`/info took ${Math.round(delays.at(-1)!)} ms at most meanwhile`)
  survived(`${messages} messages to ${subscribers} subscribers; /info took ${Math.round(delays[Math.floor(delays.length / 2)]!)} ms, at most ${Math.round(delays.at(-1)!)}`)
  for (const peer of [...listeners, sender]) peer.abort()
})

suite.attack('S37', async (t, target) => {
  const names = ['login:eve\n', 'login:eve\n', '']
  const [one, two, other] = await Promise.all(names.map((headers) => StompPeer.connect(target, headers)))
  // The two connections of one user have one bucket, which no flood outruns.
  for (let i = 0; i < 200; i++) for (const peer of [one!, two!]) peer.say('SEND\ndestination:/app/echo\n\n1\0')
  for (const peer of [one!, two!]) {
    const { error, code } = await peer.refused()
    t.match(error, /code:STOMP_RATE_EXCEEDED/)
    t.equal(code, 1002)
  }
  other!.say('SUBSCRIBE\nid:1\ndestination:/user/queue/echo\n\n\0', 'SEND\ndestination:/app/echo\n\n1\0')
  t.match(await other!.see('MESSAGE'), /\n\n1\0$/, 'nobody else notices')
}, 'ruled')

suite.finish()
