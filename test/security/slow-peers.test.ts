import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { connect, newId, POLLS, STREAMS, type TestClient, type TransportName } from '../support/client.ts'
import { ask, handshake, TcpPeer } from '../support/http.ts'
import { scaled, survived } from '../support/scale.ts'
import type { Inside, Target } from '../support/target.ts'
import { AWKWARD, SURROGATES } from '../support/texts.ts'
import { until } from '../support/wait.ts'
import { StompPeer } from './stomp-peer.ts'
import { Suite } from './suite.ts'

const suite = new Suite('slow-peers')
const MIB = 1024 * 1024

/** How the next session with this transport ends. */
async function closing (target: Target, transport: string): Promise<Inside['closings'][number]> {
  let found: Inside['closings'][number] | undefined
  await until(async () => {
    found ??= (await target.ask('closings')).find((closing) => closing.transport === transport)
    return found !== undefined
  }, `the end of a session over ${transport}`, 20_000)
  return found!
}

async function afterHeartbeats (client: TestClient): Promise<string> {
  for (;;) {
    const frame = await client.frame()
    if (frame !== 'h') return frame
  }
}

/** Clients that stop to read, one above the limit of its queue, one below it: the same close for both. */
async function slowReader (t: Test, target: Target, transport: TransportName): Promise<void> {
  for (const path of ['/push', '/flood']) {
    await target.ask('closings')
    const client = await connect(target, transport, { path })
    client.freeze()
    client.send('go').catch(() => {})
    t.match(await closing(target, transport), { code: 1013, reason: 'slow consumer' }, `${transport}${path}`)
    client.abort()
  }
  const { heap, outside } = await target.ask('memory')
  t.ok(heap + outside < 200 * MIB, `${Math.round((heap + outside) / MIB)} MiB`)
}

suite.attack('S13', async (t, target) => {
  for (const transport of STREAMS) await slowReader(t, target, transport)
})

suite.attack('S13', async (t, target) => {
  // Each may hold 64 MiB, all together sixteen.
  const clients = await Promise.all(Array.from({ length: 4 }, () => connect(target, 'xhr-streaming', { path: '/push' })))
  for (const client of clients) {
    client.freeze()
    client.send('go').catch(() => {})
  }
  t.match(await closing(target, 'xhr-streaming'), { code: 1013 })
  t.ok((await target.ask('sessions')).bufferedBytes <= 16 * MIB)
  for (const client of clients) client.abort()
}, 'small')

suite.attack('S14', async (t, target) => {
  for (const transport of ['websocket', 'websocket-raw'] as const) await slowReader(t, target, transport)
})

suite.attack('S15', async (t, target) => {
  for (const transport of POLLS) {
    await target.ask('closings')
    const client = await connect(target, transport, { path: '/push', comeBack: false })
    await client.ended
    client.send('go').catch(() => {})
    t.match(await closing(target, transport), { code: 1013, reason: 'slow consumer' }, transport)
    client.abort()
  }
})

suite.attack('S16', async (t, target) => {
  const id = newId()
  await ask({ port: target.port, method: 'POST', path: `/flood/0/${id}/xhr` })
  await ask({ port: target.port, method: 'POST', path: `/flood/0/${id}/xhr_send`, body: '["go"]' })
  const peer = target.own(new TcpPeer(target.port))
  peer.write(`POST /flood/0/${id}/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
  await peer.see('\r\n\r\n')
  peer.socket.pause()
  await target.ask('closings')
  // A little now and then is not enough to keep a response for ever.
  const trickle = setInterval(() => peer.socket.read(1), 100)
  t.match(await closing(target, 'xhr-polling'), { code: 1002 })
  clearInterval(trickle)
  t.equal((await target.ask('sessions')).bufferedBytes, 0)
  peer.abort()
})

suite.attack('S22', async (t, target) => {
  const text = '\uffff'.repeat(32 * 1024) + SURROGATES + Object.values(AWKWARD).join('')
  for (const transport of [...STREAMS, ...POLLS, 'websocket'] as const) {
    const client = await connect(target, transport, { path: '/any' })
    await client.send(text)
    t.equal((await client.messages(1))[0], text, transport)
    client.abort()
  }
})

suite.attack('S23', async (t, target) => {
  const count = scaled(150, 2000)
  const halves = ['', 'GET /echo/info HT', 'GET /echo/info HTTP/1.1\r\nHost: x\r\n', 'POST /echo/0/i/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n[', 'POST /echo/0/i/xhr HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n["']
  const stream = await connect(target, 'xhr-streaming')
  const peers = Array.from({ length: count }, (_, i) => target.own(new TcpPeer(target.port)).write(halves[1 + i % 4]!))
  await Promise.all(peers.map((peer) => peer.end()))
  t.ok(peers.every((peer) => /^(HTTP\/1\.1 4\d\d |$)/.test(peer.text)), 'each was told, or cut')
  await stream.send('still here')
  t.strictSame(await stream.messages(1), ['still here'], 'a stream is no request that does not end')
  survived(`${count} half requests`)
}, 'small')

suite.attack('S23', async (t, target) => {
  // The plugin's own deadline, on a server whose own timeouts are off.
  const id = newId()
  const stream = await connect(target, 'xhr-streaming', { path: '/quick', id })
  for (const [path, status] of [[`/quick/0/${id}/xhr_send`, 408], [`/quick/0/${newId()}/xhr`, 408]] as const) {
    for (const head of ['Content-Length: 10', 'Transfer-Encoding: chunked']) {
      const peer = target.own(new TcpPeer(target.port))
      peer.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n`)
      t.match(await peer.end(), new RegExp(`^HTTP/1\\.1 ${status} `), `${path} ${head}`)
    }
  }
  await stream.send('still here')
  t.equal(await afterHeartbeats(stream), 'a["still here"]')
  stream.abort()
  t.strictSame((await target.ask('started')).filter(({ level }) => level >= 40), [], 'R14: no warning at the start for a default of Fastify')
})

suite.attack('S24', async (t, target) => {
  const raw = await StompPeer.open(target)
  const { error, code } = await raw.refused()
  t.match(error, /code:STOMP_CONNECT_TIMEOUT/)
  t.equal(code, 1002)
  const framed = await connect(target, 'xhr-streaming', { path: '/stomp' })
  t.match(await framed.messages(1), [/code:STOMP_CONNECT_TIMEOUT/])
  t.match(await framed.closed, { code: 1002 })
}, 'small')

suite.attack('S25', async (t, target) => {
  for (const path of ['/quick/0/i/websocket', '/quick/websocket']) {
    await target.ask('closings')
    // It takes everything and never says a word, as a machine whose cable was pulled.
    const peer = target.own(new TcpPeer(target.port))
    peer.write(handshake(path))
    await peer.see('\r\n\r\n')
    t.match(await closing(target, path.endsWith('i/websocket') ? 'websocket' : 'websocket-raw'), { code: 3000, reason: 'No response from heartbeat' }, path)
    await peer.end()
  }
  const stream = await connect(target, 'eventsource', { path: '/quick' })
  stream.freeze()
  await delay(100)
  stream.abort()
  t.match(await closing(target, 'eventsource'), { code: 1002 })
})

suite.attack('S79', async (t, target) => {
  const clients = await Promise.all((['websocket', 'websocket-raw', 'xhr-streaming', 'eventsource'] as const).map((transport) => connect(target, transport, { path: '/quick' })))
  await target.ask('closings')
  await target.ask('stall')
  // Had a stall counted as silence of the peers, they would all be gone now.
  for (const client of clients) {
    await client.send('here')
    t.equal(await afterHeartbeats(client), 'a["here"]', client.transport)
    client.abort()
  }
})

suite.finish()
