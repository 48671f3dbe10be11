import { connect, newId, SOCKETS, STREAMS, type TransportName } from '../support/client.ts'
import { contract } from '../support/contract.ts'
import { ask, handshake, maskedFrame, TcpPeer } from '../support/http.ts'
import { buildServer } from '../support/server.ts'
import { SocketTestClient } from '../support/socket-client.ts'
import { until } from '../support/wait.ts'

const POST = (path: string) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`
const GET = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

/** Each transport's opening request, what ends its greeting, and the bytes of one heartbeat as a chunk or a body. */
const HEARTBEATS: Readonly<Record<TransportName, { open: string, poll?: string, greeting: string, heartbeat: string }>> = {
  websocket: { open: handshake('/echo/000/ID/websocket'), greeting: '\x81\x01o', heartbeat: '\x81\x01h\x89\x00' },
  'websocket-raw': { open: handshake('/echo/websocket'), greeting: '\r\n\r\n', heartbeat: '\x89\x00' },
  'xhr-streaming': { open: POST('/echo/000/ID/xhr_streaming'), greeting: '2\r\no\n\r\n', heartbeat: '2\r\nh\n\r\n' },
  eventsource: { open: GET('/echo/000/ID/eventsource'), greeting: 'data: o\r\n\r\n\r\n', heartbeat: 'b\r\ndata: h\r\n\r\n\r\n' },
  htmlfile: {
    open: GET('/echo/000/ID/htmlfile?c=cb'),
    greeting: '<script>\np("o");\n</script>\r\n\r\n',
    heartbeat: '1c\r\n<script>\np("h");\n</script>\r\n\r\n'
  },
  'xhr-polling': { open: POST('/echo/000/ID/xhr'), poll: POST('/echo/000/ID/xhr'), greeting: '\r\n\r\no\n', heartbeat: '\r\n\r\nh\n' },
  'jsonp-polling': {
    open: GET('/echo/000/ID/jsonp?c=cb'),
    poll: GET('/echo/000/ID/jsonp?c=cb'),
    greeting: '\r\n\r\n/**/cb("o");\r\n',
    heartbeat: '\r\n\r\n/**/cb("h");\r\n'
  }
}

contract('HEARTBEAT-1 to HEARTBEAT-8: silence is broken by a heartbeat', async (t, transport) => {
  const server = await buildServer(t)
  const { open, poll, greeting, heartbeat } = HEARTBEATS[transport]
  const id = newId()
  const peer = server.own(new TcpPeer(server.port))
  peer.write(open.replace('ID', id))
  await peer.see(greeting)
  const session = await server.session()
  for (let i = 0; i < 2; i++) {
    peer.clear()
    if (poll !== undefined) peer.write(poll.replace('ID', id))
    await until(() => session.output.receiver !== null, 'the receiver waits')
    server.clock.advance(24_800)
    for (let j = 0; j < 3; j++) await ask({ port: server.port, path: '/echo/info' })
    t.equal(peer.text, '', 'nothing before its time')
    server.clock.advance(300)
    const text = await peer.see(heartbeat)
    t.equal(poll === undefined ? text : text.slice(text.indexOf('\r\n\r\n')), heartbeat)
    const socket = [...server.sockets].find(({ remotePort }) => remotePort === peer.socket.localPort)!
    const read = socket.bytesRead
    if (transport.startsWith('websocket')) {
      peer.write(maskedFrame(0x8a, ''))
      await until(() => socket.bytesRead > read, 'the pong')
    }
  }
})

contract('HEARTBEAT-8: what is sent puts the heartbeat off', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { heartbeat: 1000 } })
  const client = await connect(server, transport)
  const session = await server.session()
  for (let i = 0; i < 4; i++) {
    await until(() => session.output.receiver !== null, 'the receiver waits')
    server.clock.advance(800)
    session.send(`message ${i}`)
    t.strictSame(await client.messages(1), [`message ${i}`])
  }
  t.notOk(client.frames.all.includes('h'))
}, ['websocket', ...STREAMS])

contract('HEARTBEAT-9: a quiet session has no h, and its pings go on', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const session = await server.session()
  session.quiet()
  let pings = 0
  if (client instanceof SocketTestClient) client.ws.on('ping', () => { pings++ })
  server.clock.advance(25_050)
  session.send('after')
  t.strictSame(await client.messages(1), ['after'])
  t.equal(pings, transport === 'websocket' ? 1 : 0)
}, ['websocket', ...STREAMS])

contract('WS-22, RAW-5: a ping wants an answer', async (t, transport) => {
  const server = await buildServer(t)
  const peer = server.own(new TcpPeer(server.port))
  peer.write(HEARTBEATS[transport].open.replace('ID', newId()))
  await peer.see(HEARTBEATS[transport].greeting)
  server.clock.advance(25_050)
  await peer.see('\x89\x00')
  server.clock.advance(9_900)
  t.equal(server.closings.all.length, 0)
  server.clock.advance(150)
  t.match(await server.closing(), { code: 3000, reason: 'No response from heartbeat', clean: false })
  const text = await peer.end()
  t.equal(text.includes('c[3000,"No response from heartbeat"]'), transport === 'websocket')
}, SOCKETS)

contract('any byte of the client is an answer to a ping', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  if (!(client instanceof SocketTestClient)) throw new Error('no WebSocket')
  const socket = [...server.sockets][0]!
  for (let i = 0; i < 5; i++) {
    const read = socket.bytesRead
    server.clock.advance(25_050)
    await until(() => socket.bytesRead > read, 'the pong')
  }
  t.equal(server.closings.all.length, 0)
  await client.send('alive')
  await until(() => client.frames.all.at(-1) === 'a["alive"]', 'the echo')
}, SOCKETS)
