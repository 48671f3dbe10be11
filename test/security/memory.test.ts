import { setTimeout as delay } from 'node:timers/promises'
import { deflateRawSync } from 'node:zlib'
import { connect, newId, type TestClient, TRANSPORTS } from '../support/client.ts'
import { knock, welcome } from '../support/doors.ts'
import { ask, handshake, maskedFrame, TcpPeer } from '../support/http.ts'
import { scaled, survived } from '../support/scale.ts'
import type { SocketTestClient } from '../support/socket-client.ts'
import type { Target } from '../support/target.ts'
import { until, within } from '../support/wait.ts'
import { StompPeer } from './stomp-peer.ts'
import { Suite } from './suite.ts'

const suite = new Suite('memory')
const MIB = 1024 * 1024

/** Does something `count` times, some of them at once. */
async function times (count: number, atOnce: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, async () => {
    while (next < count) await work(next++)
  }))
}

function gone (target: Target): Promise<void> {
  return until(async () => (await target.ask('sessions')).open === 0, 'all sessions are gone', 30_000)
}

suite.attack('S17', async (t, target) => {
  const count = scaled(400, 19_000)
  const before = await target.ask('memory')
  let refused = 0
  await times(count, 50, async () => {
    const { status, headers } = await ask({ port: target.port, method: 'POST', path: `/echo/0/${newId()}/xhr` })
    if (status === 200) return
    refused++
    t.match({ status, retry: headers['retry-after'] }, { status: 503, retry: '5' })
  })
  const after = await target.ask('memory')
  const each = Math.round((after.heap - before.heap) / count)
  survived(`${count} session ids, ${refused} refused above the bound of sessions without a receiver, ${each} bytes each`)
  await gone(target)
})

suite.attack('S17', async (t, target) => {
  const clients: TestClient[] = []
  for (let i = 0; i < 15; i++) clients.push(await connect(target, 'websocket'))
  for (const transport of TRANSPORTS) {
    const { status, headers, body } = await knock({ port: target.port, transport })
    t.match({ status, retry: headers['retry-after'], body }, { status: 503, retry: '5', body: 'Too many sessions.\n' }, `${transport}, of one address`)
  }
  t.ok((await target.ask('log')).filter(({ level }) => level >= 40).length <= 1, 'and nobody is warned of it')
  for (const client of clients) client.abort()
  await gone(target)
  for (let i = 0; i < 5; i++) await ask({ port: target.port, method: 'POST', path: `/echo/0/${newId()}/xhr` })
  t.match(await ask({ port: target.port, method: 'POST', path: `/echo/0/${newId()}/xhr` }), { status: 503 }, 'without a receiver')
  t.equal((await knock({ port: target.port, transport: 'websocket' })).status, welcome('websocket'), 'which a WebSocket has')
}, 'small')

suite.attack('S18', async (t, target) => {
  const id = newId()
  const client = await connect(target, 'xhr-streaming', { id })
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MIB, 'x'), Buffer.from('\r\n')])
  for (const size of [8, 32, 64]) {
    const head = `POST /echo/0/${id}/xhr_send HTTP/1.1\r\nHost: x\r\n`
    const announced = target.own(new TcpPeer(target.port))
    announced.write(`${head}Content-Length: ${size * MIB}\r\n\r\n["`)
    t.match(await announced.see('\r\n\r\n'), /^HTTP\/1\.1 413 /, `${size} MiB by its length`)
    const chunked = target.own(new TcpPeer(target.port))
    chunked.write(`${head}Transfer-Encoding: chunked\r\n\r\n`)
    for (let i = 0; i < size && !chunked.ended; i++) await new Promise((resolve) => chunked.socket.write(chunk, resolve))
    t.match(await chunked.end(), /^(HTTP\/1\.1 413 |$)/, `${size} MiB by its bytes`)
  }
  await client.send('goes on')
  t.strictSame(await client.messages(1), ['goes on'])
  client.abort()
})

suite.attack('S19', async (t, target) => {
  for (const transport of ['websocket', 'websocket-raw'] as const) {
    const client = await connect(target, transport) as SocketTestClient
    await client.send('x'.repeat(MIB))
    t.equal((await client.messages(1))[0]!.length, MIB, `${transport}: 1 MiB is a message`)
    await client.send('x'.repeat(MIB + 1))
    t.match(await within(client.socketClosed, 'the close'), { code: 1009 }, 'one byte more is none')
    const peer = target.own(new TcpPeer(target.port))
    peer.write(handshake(transport === 'websocket' ? '/echo/0/i/websocket' : '/echo/websocket'))
    await peer.see('\r\n\r\n')
    peer.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x06, 0x40, 0, 0, 0, 0, 0, 0]))
    t.match((await peer.end()).slice(-30), '\x88\x02\x03\xf1', '100 MiB are refused by their length')
  }
  const stomp = await StompPeer.connect(target)
  stomp.say(`SEND\ndestination:/topic/x\n\n${'x'.repeat(64 * 1024 + 1)}\0`)
  const { error, code } = await stomp.refused()
  t.match(error, /code:STOMP_BODY_TOO_LONG/)
  t.equal(code, 1002)
})

suite.attack('S20', async (t, target) => {
  const connections = scaled(6, 50)
  const first = maskedFrame(0x01, 'x')
  const more = maskedFrame(0x00, 'x')
  const fragments = Buffer.concat([first, ...Array.from({ length: 20_000 }, () => more)])
  const peers = Array.from({ length: connections }, (_, i) => {
    const peer = target.own(new TcpPeer(target.port))
    return peer.write(handshake(i % 2 === 0 ? '/echo/websocket' : `/echo/0/${i}/websocket`))
  })
  await Promise.all(peers.map((peer) => peer.see('\r\n\r\n')))
  for (const peer of peers) peer.write(fragments)
  for (const peer of peers) t.match((await peer.end()).slice(-40), '\x88\x02\x03\xf0', '1008')
  survived(`20,000 fragments of one byte on each of ${connections} connections`)
})

suite.attack('S21', async (t, target) => {
  for (const [path, extension] of [['/deflate/websocket', true], ['/deflate/0/i/websocket', true], ['/echo/websocket', false]] as const) {
    const peer = target.own(new TcpPeer(target.port))
    peer.write(handshake(path, { 'Sec-WebSocket-Extensions': 'permessage-deflate' }))
    const head = await peer.see('\r\n\r\n')
    t.equal(/permessage-deflate/.test(head), extension, path)
    const bomb = deflateRawSync(Buffer.alloc(99 * MIB, 'x'), { finishFlush: 2 })
    peer.write(maskedFrame(0xc1, bomb))
    t.match((await peer.end()).slice(-40), extension ? '\x88\x02\x03\xf1' : '\x88\x02\x03\xea', extension ? '1009' : '1002')
  }
})

suite.attack('S26', async (t, target) => {
  const rounds = scaled(40, Math.ceil(100_000 / TRANSPORTS.length))
  const before = await target.ask('resources')
  for (const transport of TRANSPORTS) {
    await times(rounds, 20, async () => {
      const client = await connect(target, transport, { path: '/quick', comeBack: false })
      client.abort()
    })
  }
  await gone(target)
  await until(async () => {
    const now = await target.ask('resources')
    return ['TCPSocketWrap', 'upgrade listeners'].every((name) => (now[name] ?? 0) <= (before[name] ?? 0)) && (now.Timeout ?? 0) <= (before.Timeout ?? 0) + 1
  }, 'timers, sockets and listeners are as before', 30_000)
  survived(`${rounds} opens and closes over each of ${TRANSPORTS.length} transports`)
})

suite.attack('S27', async (_t, target) => {
  const count = scaled(300, 19_000)
  await times(count, 300, async () => {
    const peer = new TcpPeer(target.port)
    const path = `/quick/0/${newId()}/xhr`
    const poll = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`
    // The first is answered by the greeting, the second waits.
    peer.write(poll)
    await peer.see('\no\n')
    await new Promise((resolve) => peer.socket.write(poll, resolve))
    peer.reset()
  })
  await gone(target)
  survived(`${count} polls that were aborted`)
})

suite.attack('S28', async (t, target) => {
  const transactions = await StompPeer.connect(target)
  for (let i = 0; i <= 16; i++) transactions.say(`BEGIN\ntransaction:${i}\n\n\0`)
  t.match((await transactions.refused()).error, /code:STOMP_TOO_MANY_TRANSACTIONS/)
  for (const body of ['', 'x'.repeat(60_000)]) {
    const sender = await StompPeer.connect(target)
    sender.say('BEGIN\ntransaction:1\n\n\0')
    for (let i = 0; i <= (body === '' ? 1000 : 18); i++) sender.say(`SEND\ndestination:/queue/hoard\ntransaction:1\n\n${body}\0`)
    t.match((await sender.refused()).error, /code:STOMP_TRANSACTION_TOO_LARGE/)
  }
  const hoarder = await StompPeer.connect(target)
  hoarder.say('SUBSCRIBE\nid:1\ndestination:/queue/unacknowledged\nack:client\n\n\0')
  const feeder = await StompPeer.connect(target)
  for (let i = 0; i < 1100; i++) feeder.say('SEND\ndestination:/queue/unacknowledged\n\nx\0')
  await feeder.settled()
  await hoarder.settled()
  t.equal(hoarder.frames.all.filter((frame) => frame.startsWith('MESSAGE')).length, 1000, 'then the delivery stops')
  for (const peer of [hoarder, feeder]) peer.abort()
})

suite.attack('S29', async (t, target) => {
  const count = scaled(1000, 1e6)
  const peer = await StompPeer.connect(target)
  for (let i = 0; i < count && peer.ws.readyState === 1; i++) {
    peer.say(`SUBSCRIBE\nid:${i}\ndestination:/topic/${i}\n\n\0`)
    if (i % 1000 === 999) await delay(0)
  }
  t.match((await peer.refused()).error, /code:STOMP_TOO_MANY_SUBSCRIPTIONS/)
  const long = await StompPeer.connect(target)
  long.say(`SUBSCRIBE\nid:1\ndestination:/topic/${'x'.repeat(249)}\n\n\0`)
  t.match((await long.refused()).error, /code:STOMP_DESTINATION_TOO_LONG/)
})

suite.attack('S30', async (t, target) => {
  const count = scaled(5000, 1e6)
  const peer = await StompPeer.connect(target)
  for (let i = 0; i < count; i++) {
    peer.say(`SEND\ndestination:/topic/d${i}/x\n\n\0`)
    if (i % 1000 === 999) t.match(await peer.settled(), /RECEIPT/)
  }
  peer.abort()
  survived(`${count} destinations`)
})

suite.finish()
