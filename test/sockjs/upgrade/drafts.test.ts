import t from 'tap'
import { TcpPeer } from '../../support/http.ts'
import { buildServer, echo } from '../../support/server.ts'
import { until } from '../../support/wait.ts'

const HIXIE = (path: string, keys: boolean): string => [
  `GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade', 'Upgrade: WebSocket', 'Origin: http://localhost',
  ...(keys ? ['Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5', 'Sec-WebSocket-Key2: 12998 5 Y3 1  .P00'] : []), '', ''
].join('\r\n')

t.test('HIXIE-1, HIXIE-2: draft 76, its body after the head', async (t) => {
  const server = await buildServer(t, { endpoint: { allowDrafts: true } })
  const peer = server.own(new TcpPeer(server.port))
  peer.write(HIXIE('/echo/0/i/websocket', true))
  const head = await peer.see('\r\n\r\n')
  t.match(head, /^HTTP\/1\.1 101 /)
  t.match(head, /\r\nSec-WebSocket-Location: ws:\/\/localhost\/echo\/0\/i\/websocket\r\n/)
  t.match(head, /\r\nSec-WebSocket-Origin: http:\/\/localhost\r\n/)
  t.notMatch(head, /content-length/i)
  peer.clear()
  peer.write('aaaaaaaa')
  await peer.see('\xca\x34\x00\xd8\xa5\x08\x47\x97\x2c\xd5\x71\x5a\xba\xbf\x43\x7b\x00o\xff')
  peer.write(Buffer.from('\x00["a","b"]\xff', 'latin1'))
  await peer.see('\x00a["a","b"]\xff')
  ;(await server.session()).close(3000, 'Go away!')
  await peer.see('\x00c[3000,"Go away!"]\xff\xff\x00')
  peer.write(Buffer.from([0xff, 0x00]))
  await peer.end()
  t.match(await server.closing(), { code: 3000, clean: true })
})

t.test('HIXIE-3: draft 75, and both on the raw WebSocket', async (t) => {
  const server = await buildServer(t, { endpoint: { allowDrafts: true } })
  const peer = server.own(new TcpPeer(server.port))
  peer.write(HIXIE('/echo/0/i/websocket', false))
  await peer.see('\x00o\xff')
  peer.write(Buffer.concat([Buffer.from([0]), Buffer.from('["é😀"]'), Buffer.from([0xff])]))
  await peer.see('\x00a["' + Buffer.from('é😀').toString('latin1') + '"]\xff')
  server.clock.advance(25_050)
  await peer.see('\x00h\xff')
  peer.abort()
  t.match(await server.closing(), { code: 1002, clean: false })
  for (const keys of [true, false]) {
    const raw = server.own(new TcpPeer(server.port))
    raw.write(HIXIE('/echo/websocket', keys) + (keys ? 'aaaaaaaa' : ''))
    await raw.see('\r\n\r\n')
    raw.write(Buffer.from('\x00plain\xff', 'latin1'))
    await raw.see('\x00plain\xff')
    // Draft 75 has no closing handshake: its clients just go.
    if (keys) raw.write(Buffer.from([0xff, 0x00]))
    else raw.socket.end()
    await raw.end()
    t.match(await server.closing(), keys ? { code: 1000, clean: true } : { code: 1002, clean: false })
  }
})

t.test('SEC-S73: drafts without the option, and a handshake that is none', async (t) => {
  const server = await buildServer(t, { after: (app) => { app.sockjs('/drafts', { allowDrafts: true, maxMessageSize: 100 }, echo) } })
  const peer = new TcpPeer(server.port)
  peer.write(HIXIE('/echo/0/i/websocket', true) + 'aaaaaaaa')
  t.match(await peer.end(), /^HTTP\/1\.1 426 /)
  const broken = new TcpPeer(server.port)
  broken.write(HIXIE('/drafts/0/i/websocket', true).replace('4 @1  46546xW%0l 1 5', 'nothing') + 'aaaaaaaa')
  await broken.end()
  const long = new TcpPeer(server.port)
  long.write(HIXIE('/drafts/websocket', false))
  await long.see('\r\n\r\n')
  long.write(Buffer.from('\x00' + 'x'.repeat(100_000) + '\xff', 'latin1'))
  await long.end()
  t.notOk(long.text.includes('x'.repeat(101)), 'nothing of it comes back')
  await until(() => server.sockets.size === 0, 'no descriptor is left')
  t.equal(server.app.sockjs.endpoints.get('/drafts')!.sessions.size, 0)
})

t.test('R20: drafts: what came before the end in the same segment is read, and its answer leaves before the closing handshake', async (t) => {
  const server = await buildServer(t, { endpoint: { allowDrafts: true, maxMessageSize: 100 } })
  const ends = [
    { name: 'the closing handshake', bytes: '\xff\x00', code: 1000, clean: true },
    { name: 'a message that is too long', bytes: '\x00' + 'x'.repeat(1_000) + '\xff', code: 1009, clean: false },
    { name: 'broken framing', bytes: '\x00["x\xff', code: 3000, clean: false }
  ]
  for (const { name, bytes, code, clean } of ends) {
    const peer = server.own(new TcpPeer(server.port))
    peer.write(HIXIE('/echo/0/i/websocket', true) + 'aaaaaaaa')
    await peer.see('\x00o\xff')
    peer.clear()
    peer.write(Buffer.from(`\x00["a"]\xff\x00["b"]\xff${bytes}\x00["too late"]\xff`, 'latin1'))
    t.match(await server.closing(), { code, clean, undelivered: 0 }, name)
    const text = await peer.end()
    t.match(text, /^\x00a\["a"(,|\]\xff\x00a\[)"b"\]\xff\xff\x00$/, name)
  }
})
