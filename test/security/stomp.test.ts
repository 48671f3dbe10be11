import { randomBytes, randomInt } from 'node:crypto'
import { createConnection } from 'node:net'
import { scaled, survived } from '../support/scale.ts'
import type { Target } from '../support/target.ts'
import { StompPeer } from './stomp-peer.ts'
import { Suite } from './suite.ts'

const suite = new Suite('stomp')

async function subscribed (target: Target, destination: string, headers = ''): Promise<StompPeer> {
  const peer = await StompPeer.connect(target, headers)
  return peer.say(`SUBSCRIBE\nid:1\ndestination:${destination}\n\n\0`)
}

suite.attack('S64', async (t, target) => {
  const kim = await subscribed(target, '/user/queue/echo', 'login:kim\n')
  t.match(await kim.settled(), /RECEIPT/)
  const spies: StompPeer[] = []
  for (const destination of ['/topic/**', '/user/**', '/user/*/queue/echo', '/**', '*', '**', '/queue/**', '/queue/*', '/user/kim/queue/echo', '/%75ser/queue/echo', '/user//queue/echo',
    '//user/queue/echo', '/USER/**', '/./user/queue/echo', '/user/../user/kim/queue/echo', '/temp-queue/**', '/reply-queue/**']) {
    spies.push(await subscribed(target, destination, 'login:eve\n'))
  }
  kim.say('SEND\ndestination:/app/echo\ncontent-type:application/json\n\n"hers"\0')
  t.match(await kim.see('MESSAGE'), /hers/)
  for (const spy of spies) if (spy.ws.readyState === 1) await spy.settled()
  for (const spy of spies) {
    t.notOk(spy.frames.all.some((frame) => frame.includes('hers')), 'nobody else has seen it')
    spy.abort()
  }
  kim.abort()
})

suite.attack('S64', async (t, target) => {
  for (const destination of ['/topic/**', '/topic/*', '/topic/public*', '/topic/secret', '/topic/./public/a', '/Topic/public/a', '/user/**', '/user/other/queue/echo']) {
    const { error } = await (await subscribed(target, destination)).refused()
    t.match(error, /code:STOMP_(ACCESS_REFUSED|UNKNOWN_DESTINATION|INVALID_DESTINATION)/, destination)
  }
  for (const destination of ['/topic/public/a', '/topic/public/**', '/topic/public/*', '/user/queue/echo']) {
    const peer = await subscribed(target, destination)
    t.match(await peer.settled(), /RECEIPT/, `${destination} is granted`)
    peer.abort()
  }
}, 'ruled')

suite.attack('S65', async (t, target) => {
  const peer = await subscribed(target, '/topic/open')
  t.match(await peer.say('SEND\ndestination:/topic/open\n\nhello\0').see('MESSAGE'), /hello/, 'allowed by default, as the documentation says')
  peer.abort()
})

suite.attack('S65', async (t, target) => {
  for (const destination of ['/topic/public/a', '/queue/x', '/user/kim/queue/echo']) {
    const { error } = await (await StompPeer.connect(target)).say(`SEND\ndestination:${destination}\n\n\0`).refused()
    t.match(error, /code:STOMP_(ACCESS_REFUSED|UNKNOWN_DESTINATION)/, destination)
  }
}, 'ruled')

suite.attack('S66', async (t, target) => {
  const victim = await StompPeer.connect(target, 'login:kim\n')
  victim.say('SUBSCRIBE\nid:1\ndestination:/user/queue/echo\n\n\0')
  await victim.settled()
  const session = /session:([^\n]+)/.exec(victim.frames.all[0]!)![1]!
  t.ok(Buffer.from(session, 'base64url').length >= 16, '128 random bits')
  for (const destination of ['/user/kim/queue/echo', `/queue/echo-user${session}`, `/queue/echo-${session}`, `/user/${session}/queue/echo`, '/queue/echo-user0']) {
    const eve = await StompPeer.connect(target, 'login:eve\n')
    eve.say(`SUBSCRIBE\nid:1\ndestination:${destination}\n\n\0`, `SEND\ndestination:${destination}\n\nforged\0`)
    await eve.settled()
    eve.abort()
  }
  victim.say('SEND\ndestination:/app/echo\ncontent-type:application/json\n\n"own"\0')
  t.match(await victim.see('MESSAGE'), /own/)
  t.notOk(victim.frames.all.some((frame) => frame.includes('forged')))
  victim.abort()
})

const SEND = 'SEND\ndestination:/topic/x\n'

/** A frame with a size of `n` in one respect: the largest that passes is `standard`. */
const LIMITS: Readonly<Record<string, { standard: number, frame: (n: number) => string }>> = {
  headers: { standard: 64, frame: (n) => SEND + 'x:y\n'.repeat(n - 1) + '\n\0' },
  'a header line': { standard: 8192, frame: (n) => `${SEND}x:${'y'.repeat(n - 2)}\n\n\0` },
  'the head': { standard: 32 * 1024, frame: (n) => SEND + `x:${'y'.repeat(8000)}\n`.repeat(4) + `z:${'y'.repeat(n - SEND.length - 4 * 8003 - 4)}\n\n\0` },
  'the body': { standard: 64 * 1024, frame: (n) => `${SEND}\n${'y'.repeat(n)}\0` }
}

suite.attack('S68', async (t, target) => {
  for (const [what, { standard, frame }] of Object.entries(LIMITS)) {
    const peer = await StompPeer.connect(target)
    t.match(await peer.say(frame(standard)).settled(), /RECEIPT/, `${what}: ${standard}`)
    t.match((await peer.say(frame(standard + 1)).refused()).error, /code:STOMP_[A-Z_]*TOO_(LONG|MANY)/, `${what}: ${standard + 1}`)
  }
  const unknown = await StompPeer.connect(target)
  t.match((await unknown.say('X'.repeat(33) + '\n\n\0').refused()).error, /^ERROR\n/, 'a command of 33 octets')
  const early = await StompPeer.open(target)
  t.match((await early.say(`CONNECT\naccept-version:1.2\nhost:x\nx:${'y'.repeat(7000)}\nz:${'y'.repeat(2000)}\n\n\0`).refused()).error, /code:STOMP_CONNECT_FRAME_TOO_LONG/, '8 KiB until CONNECTED')
})

/** Says bytes on a connection over TCP, and waits for its end. */
function overTcp (target: Target, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection(target.tcpPort, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.resume()
    socket.end(bytes)
  })
}

suite.attack('S69', async (t, target) => {
  const garbage = scaled(60, 2000)
  for (let i = 0; i < garbage; i += 20) {
    await Promise.all(Array.from({ length: 20 }, () => overTcp(target, randomBytes(1 + randomInt(3000)))))
  }
  const invalid = scaled(300, 100_000)
  const frames = ['NONSENSE\n\n\0', 'SEND\n\n\0', 'CONNECT\naccept-version:9\n\n\0', '\0\0\0', 'SEND\nno colon\n\n\0', 'connect\n\n\0']
  for (let i = 0; i < invalid; i += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, k) => overTcp(target, Buffer.from(frames[k % frames.length]!))))
  }
  const peer = await StompPeer.open(target)
  t.match((await peer.say('NONSENSE\n\n\0').refused()).error, /^ERROR\n/)
  survived(`${garbage} connections with random bytes, ${invalid} invalid frames`)
})

suite.attack('S71', async (t, target) => {
  const owner = await StompPeer.connect(target)
  owner.say('SUBSCRIBE\nid:1\ndestination:/queue/acks\nack:client-individual\n\n\0', 'SEND\ndestination:/queue/acks\n\none\0')
  const ack = /\nack:([^\n]+)/.exec(await owner.see('MESSAGE'))![1]!
  for (const command of ['ACK', 'NACK']) {
    const eve = await StompPeer.connect(target)
    eve.say('SUBSCRIBE\nid:1\ndestination:/queue/other\nack:client\n\n\0')
    const { error, code } = await eve.say(`${command}\nid:${ack}\n\n\0`).refused()
    t.match(error, /code:STOMP_UNKNOWN_MESSAGE/, `${command} of another session's`)
    t.equal(code, 1002)
  }
  t.match(await owner.say(`ACK\nid:${ack}\n\n\0`).settled(), /RECEIPT/, 'its own')
  t.match((await owner.say(`ACK\nid:${ack}\n\n\0`).refused()).error, /code:STOMP_UNKNOWN_MESSAGE/, 'once only')
  const storm = await StompPeer.connect(target)
  for (let i = 0; i < 200 && storm.ws.readyState === 1; i++) storm.say(`NACK\nid:${i}\n\n\0`)
  t.match((await storm.refused()).error, /code:STOMP_UNKNOWN_MESSAGE/)
  t.equal(storm.frames.all.filter((frame) => frame.startsWith('ERROR')).length, 1, 'one answer to a storm')
})

suite.finish()
