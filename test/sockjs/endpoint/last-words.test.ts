import type { Test } from 'tap'
import { setImmediate as turn } from 'node:timers/promises'
import type { Session } from '../../../src/index.ts'
import { connect, SOCKETS } from '../../support/client.ts'
import { contract } from '../../support/contract.ts'
import { handshake, maskedFrame, TcpPeer } from '../../support/http.ts'
import { buildServer, echo, type TestServer } from '../../support/server.ts'
import { steady, until } from '../../support/wait.ts'

/** The two ways in which an application reads. */
const READERS: Readonly<Record<string, (session: Session) => unknown>> = {
  'for await': echo,
  'on(message)': (session) => session.on('message', (message) => { session.send(message) })
}

/** A frame of the server. */
interface ServerFrame {
  readonly opcode: number
  readonly payload: string
}

/** Takes the frames behind the head of a 101 apart. */
function framesOf (bytes: Buffer): ServerFrame[] {
  const frames: ServerFrame[] = []
  for (let at = bytes.indexOf('\r\n\r\n') + 4; at < bytes.length;) {
    const long = bytes[at + 1] === 126
    const start = at + (long ? 4 : 2)
    const end = start + (long ? bytes.readUInt16BE(at + 2) : bytes[at + 1]!)
    frames.push({ opcode: bytes[at]! & 15, payload: bytes.toString('latin1', start, end) })
    at = end
  }
  return frames
}

const CLOSE = 8

function pathOf (transport: string): string {
  return transport === 'websocket' ? '/echo/0/i/websocket' : '/echo/websocket'
}

async function open (server: TestServer, transport: string): Promise<{ peer: TcpPeer, session: Session }> {
  const peer = server.own(new TcpPeer(server.port)).write(handshake(pathOf(transport)))
  await peer.see(transport === 'websocket' ? '\x81\x01o' : '\r\n\r\n')
  return { peer, session: await server.session() }
}

/** A session whose client does not read, and for which 200 messages of 256 KiB were sent. */
async function openWithBacklog (t: Test, transport: string): Promise<{ server: TestServer, peer: TcpPeer, session: Session }> {
  const server = await buildServer(t, { handler: () => {}, endpoint: { queue: { limit: 2 ** 26 } } })
  const { peer, session } = await open(server, transport)
  peer.socket.pause()
  for (let i = 0; i < 200; i++) {
    session.send('x'.repeat(256 * 1024))
    await turn()
  }
  await until(() => session.bufferedBytes > 1_000_000, 'something waits')
  return { server, peer, session }
}

/** A message as a client writes it on a transport. */
function text (transport: string, message: string): Buffer {
  return maskedFrame(0x81, transport === 'websocket' ? JSON.stringify([message]) : message)
}

/** The texts of the server, without the frames of SockJS around them. */
function textsOf (frames: readonly ServerFrame[]): string[] {
  return frames.filter(({ opcode }) => opcode === 1).flatMap(({ payload }) =>
    payload.startsWith('a[') ? JSON.parse(payload.slice(1)) as string[] : payload === 'o' ? [] : [payload])
}

const ENDS: readonly { name: string, bytes: Buffer, code: number, clean: boolean, framed?: boolean }[] = [
  { name: 'a reserved bit', bytes: Buffer.from('c18000000000', 'hex'), code: 1002, clean: false },
  { name: 'an unknown opcode', bytes: Buffer.from('838000000000', 'hex'), code: 1002, clean: false },
  { name: 'a text that is no UTF-8', bytes: maskedFrame(0x81, Buffer.from([0xff])), code: 1007, clean: false },
  { name: 'a frame that is too large', bytes: Buffer.from('81ff800000000000000000000000', 'hex'), code: 1009, clean: false },
  { name: 'bytes', bytes: maskedFrame(0x82, 'x'), code: 1003, clean: false },
  { name: 'broken framing', bytes: maskedFrame(0x81, '["x'), code: 3000, clean: false, framed: true },
  { name: 'a Close frame', bytes: maskedFrame(0x88, Buffer.from([0x0f, 0xa1, 0x62])), code: 4001, clean: true },
  { name: 'an empty Close frame', bytes: maskedFrame(0x88, ''), code: 1000, clean: true }
]

contract('R20: what came before the end in the same segment is read, and its answer leaves before the Close frame', async (t, transport) => {
  for (const [reader, handler] of Object.entries(READERS)) {
    const server = await buildServer(t, { handler })
    for (const { name, bytes, code, clean, framed } of ENDS) {
      if (framed && transport !== 'websocket') continue
      for (const count of [1, 2, 50]) {
        const { peer } = await open(server, transport)
        const messages = Array.from({ length: count }, (_, i) => `m${i}`)
        peer.write(Buffer.concat([...messages.map((message) => text(transport, message)), bytes, text(transport, 'too late')]))
        t.match(await server.closing(), { code, clean, undelivered: 0 }, `${reader}: ${count} messages, then ${name}`)
        await peer.see('\x88')
        await until(() => framesOf(peer.bytes).some(({ opcode }) => opcode === CLOSE), 'the whole Close frame')
        const frames = framesOf(peer.bytes)
        t.strictSame(textsOf(frames), messages)
        t.equal(frames.at(-1)!.opcode, CLOSE, 'nothing behind it')
        peer.abort()
      }
    }
  }
}, SOCKETS)

contract('R3: when the Close frame of the client arrives the session ends, also when the client stays half open', async (t, transport) => {
  const server = await buildServer(t, { handler: () => {}, endpoint: { closeTimeout: 60_000 } })
  const { peer, session } = await open(server, transport)
  session.send('before')
  peer.write(maskedFrame(0x88, Buffer.from([0x0f, 0xa1])))
  await until(() => session.state !== 'open', 'the session has left open')
  t.equal(session.send('important'), false)
  t.strictSame(await server.closing(), { code: 4001, reason: '', clean: true, undelivered: 0 })
  for (let i = 0; i < 1_000; i++) session.send('important')
  session.close(3000, 'too late')
  server.clock.advance(100_000)
  await peer.see('\x88')
  await steady(() => peer.bytes.length)
  const frames = framesOf(peer.bytes)
  t.strictSame(textsOf(frames), ['before'])
  t.strictSame(frames.at(-1), { opcode: CLOSE, payload: '\x0f\xa1' })
  t.equal(server.closings.all.length, 1)
  const bystander = await connect(server, transport)
  ;(await server.session()).send('unharmed')
  t.strictSame(await bystander.messages(1), ['unharmed'])
  peer.abort()
}, SOCKETS)

contract('R3: messages that the client no longer takes count as undelivered', async (t, transport) => {
  const { server, peer } = await openWithBacklog(t, transport)
  peer.write(maskedFrame(0x88, Buffer.from([0x03, 0xe8])))
  const event = await server.closing()
  t.match(event, { code: 1000, clean: false })
  t.ok(event.undelivered > 0 && event.undelivered < 200, `${event.undelivered} were not delivered`)
  peer.abort()
}, SOCKETS)

contract('K2: a client that ends its side without a Close frame is gone, and what is sent then is not taken', async (t, transport) => {
  const { server, peer, session } = await openWithBacklog(t, transport)
  peer.socket.end()
  const event = await server.closing()
  t.match(event, { code: 1002, reason: 'Connection interrupted', clean: false })
  t.ok(event.undelivered > 0)
  t.equal(session.send('important'), false)
  await until(() => server.sockets.size === 0, 'no descriptor is left')
}, SOCKETS)

contract('K2: a Close frame with the end of the connection right behind it is answered, and clean', async (t, transport) => {
  const server = await buildServer(t)
  for (let i = 0; i < 50; i++) {
    const { peer } = await open(server, transport)
    peer.socket.end(Buffer.concat([text(transport, 'a'), maskedFrame(0x88, Buffer.from([0x0f, 0xa1]))]))
    t.match(await server.closing(), { code: 4001, clean: true, undelivered: 0 })
    await peer.end()
    const frames = framesOf(peer.bytes)
    t.strictSame(textsOf(frames), ['a'])
    t.strictSame(frames.at(-1), { opcode: CLOSE, payload: '\x0f\xa1' })
  }
}, SOCKETS)

contract('R3: the application closes in the turn in which the client does', async (t, transport) => {
  const server = await buildServer(t, { handler (session) { session.on('message', () => session.close(3000, 'mine')) } })
  const { peer } = await open(server, transport)
  peer.write(Buffer.concat([text(transport, 'close'), maskedFrame(0x88, Buffer.from([0x0f, 0xa1]))]))
  t.match(await server.closing(), { code: 3000, undelivered: 0 })
  await peer.end()
  const frames = framesOf(peer.bytes)
  t.equal(frames.filter(({ opcode }) => opcode === CLOSE).length, 1)
  t.equal(frames.at(-1)!.opcode, CLOSE)
}, SOCKETS)

contract('R20: a thousand clients that break a rule disturb no other', async (t, transport) => {
  const server = await buildServer(t)
  const bystander = await connect(server, transport)
  await server.session()
  for (let i = 0; i < 1_000; i++) {
    const peer = new TcpPeer(server.port)
    peer.write(Buffer.concat([Buffer.from(handshake(pathOf(transport))), text(transport, 'a'), Buffer.from('c18000000000', 'hex')]))
    if (i % 2 === 0) peer.reset()
    else await peer.see('\x88').then(() => peer.abort())
  }
  await bystander.send('unharmed')
  t.strictSame(await bystander.messages(1), ['unharmed'])
  await until(() => server.endpoint.sessions.size === 1, 'nobody else is left')
}, SOCKETS)
