// The details of others that the package uses without a promise of theirs: the table of docs/architecture.md, row by row.
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import websocketDriver from 'websocket-driver'
import { WebSocket, WebSocketServer } from 'ws'
import { MessageId } from '../src/engine/nats/jetstream/message-id.ts'
import { compileSerializer } from '../src/stomp/routes/schema-compiler.ts'
import { compileSchemas } from '../src/stomp/routes/validation.ts'
import { EndpointPaths } from '../src/sockjs/upgrade/endpoint-paths.ts'
import { CLIENTS } from './support/engines/nats-world.ts'
import { handshake, maskedFrame, TcpPeer } from './support/http.ts'
import { until, within } from './support/wait.ts'

type Deciding = Server & { shouldUpgradeCallback?: (request: IncomingMessage) => boolean }

async function listening (t: Test, server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** The next upgrade of a server, asked for by bytes. */
async function upgrade (t: Test, server: Server, text: string): Promise<{ request: IncomingMessage, socket: Socket, peer: TcpPeer }> {
  const peer = new TcpPeer(await listening(t, server))
  t.teardown(() => peer.abort())
  const arrived = once(server, 'upgrade') as Promise<[IncomingMessage, Socket]>
  peer.write(text)
  const [request, socket] = await within(arrived, 'an upgrade')
  t.teardown(() => socket.destroy())
  return { request, socket, peer }
}

t.test('inner detail: a response by hand', async (t) => {
  const { request, socket, peer } = await upgrade(t, createServer(), handshake('/'))
  const response = new ServerResponse(request)
  response.assignSocket(socket)
  t.throws(() => new ServerResponse(request).assignSocket(socket), 'the socket has a response')
  response.end('by hand')
  t.match(await peer.see('by hand'), /^HTTP\/1\.1 200 /)
  response.detachSocket(socket)
  const second = new ServerResponse(request)
  second.assignSocket(socket)
  t.equal(second.socket, socket)
})

t.test('inner detail: the emit of a server', async (t) => {
  const server = createServer((_request, response) => response.end('a page'))
  const { emit } = server
  const events: string[] = []
  server.emit = function (this: Server, event: string, ...args: unknown[]) {
    events.push(event)
    return Reflect.apply(emit, this, [event, ...args]) as boolean
  } as Server['emit']
  await upgrade(t, server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' + handshake('/'))
  t.strictSame(events.filter((event) => event !== 'newListener'), ['listening', 'connection', 'request', 'upgrade'])
})

t.test('inner detail: shouldUpgradeCallback', async (t) => {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
  const server: Deciding = createServer((_request, response) => response.end('a page'))
  t.equal('shouldUpgradeCallback' in server, major > 24 || (major === 24 && minor >= 9) || (major === 22 && minor >= 21))
  server.on('upgrade', (_request, socket) => { socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') })
  server.shouldUpgradeCallback = () => false
  const peer = new TcpPeer(await listening(t, server))
  peer.write(handshake('/'))
  const expected = major > 20 ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 400 /
  t.match(await peer.see('\r\n\r\n'), expected, 'a server asks its own property')
  peer.abort()
})

t.test('inner detail: two thousand names and values', async (t) => {
  const server = createServer()
  const lengths: number[] = []
  server.on('upgrade', ({ rawHeaders }, socket) => {
    lengths.push(rawHeaders.length)
    socket.destroy()
  })
  const peer = new TcpPeer(await listening(t, server))
  const answer = await peer.write(handshake('/').replace('Host:', 'a: 1\r\n'.repeat(1500) + 'Host:')).end()
  // Newer versions refuse the request themselves.
  if (lengths.length === 0) t.match(answer, /^HTTP\/1\.1 431 /)
  else t.ok(lengths[0]! >= 2000 && lengths[0]! < 3000, `${lengths[0]} of 3,010 are left`)
})

t.test('inner detail: a chunk on the socket', async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(200)
    response.write('prelude')
    t.equal(response.chunkedEncoding, true)
    response.socket!.write('5\r\nchunk\r\n')
    response.end()
  })
  const [response] = await once(get({ port: await listening(t, server), agent: false }), 'response') as [IncomingMessage]
  t.equal(Buffer.concat(await response.toArray() as Buffer[]).toString(), 'preludechunk')
})

t.test('inner detail: the options of Fastify', async (t) => {
  const app = Fastify({ rewriteUrl: () => '/echo/info' })
  await app.register(async (scope) => {
    const paths = new EndpointPaths(scope as unknown as FastifyInstance)
    paths.add('/echo')
    t.ok(paths.owns({ url: '/elsewhere' } as never))
  })
  await app.close()
})

t.test('inner detail: the compiler of Fastify', async (t) => {
  const app = Fastify({ ajv: { customOptions: { coerceTypes: false } } })
  t.teardown(() => app.close())
  app.addSchema({ $id: 'text', type: 'string' })
  // No HTTP route has a schema, so Fastify has built no compiler yet.
  t.equal(app.validatorCompiler, undefined)
  const scope = app as unknown as FastifyInstance
  const validator = compileSchemas(scope, '/chat', { body: { type: 'object', required: ['text'], properties: { text: { $ref: 'text#' } } } })
  validator.check({ params: {}, headers: {}, body: { text: 'hello' } })
  t.throws(() => validator.check({ params: {}, headers: {}, body: { text: 1 } }), { code: 'FST_STOMP_VALIDATION' }, 'the options of the instance hold')
  const without = Object.create(null) as FastifyInstance
  t.throws(() => compileSchemas(without, '/chat', { body: {} }), { code: 'FST_STOMP_INVALID_ROUTE', message: /call app\.setValidatorCompiler\(\.\.\.\)/ })
  const given = Object.assign(Object.create(null) as object, { validatorCompiler: () => () => true }) as unknown as FastifyInstance
  compileSchemas(given, '/chat', { body: {} }).check({ params: {}, headers: {}, body: 1 })
  t.equal(compileSerializer(scope, '/chat', 'answer', {}), null)
  app.setSerializerCompiler(() => () => 'written')
  t.equal(compileSerializer(scope, '/chat', 'answer', {})?.(1), 'written', 'the serializer compiler of the application')
})

t.test('inner detail: the close of ws and of websocket-driver', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.teardown(() => server.close())
  await once(server, 'listening')
  const connected = once(server, 'connection') as Promise<[WebSocket]>
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const [ws] = await within(connected, 'a connection')
  const closed = new Promise<unknown[]>((resolve) => { ws.close = (...args: unknown[]) => resolve(args) })
  await until(() => client.readyState === WebSocket.OPEN, 'the client')
  client.close(4000, 'over')
  t.strictSame((await within(closed, 'close()')).map(String), ['4000', 'over'])
  client.terminate()

  const request = Object.assign(new PassThrough(), { method: 'GET', url: '/', headers: { connection: 'Upgrade', upgrade: 'WebSocket', origin: 'http://x', 'sec-websocket-key1': '4 @1  46546xW%0l 1 5', 'sec-websocket-key2': '12998 5 Y3 1  .P00' } })
  const driver = websocketDriver.http(request as never, { allowDrafts: true, maxLength: 100, protocols: [] })
  driver.io.resume()
  driver.start()
  driver.io.write(Buffer.from('^n:ds[4U'))
  const states: unknown[] = []
  driver.close = () => {
    states.push(driver._closing)
    return true
  }
  driver.io.write(Buffer.from([0xff, 0x00]))
  t.strictSame(states, [true])
})

t.test('inner detail: frames beside ws', async (t) => {
  const server = new WebSocketServer({ noServer: true })
  t.teardown(() => server.close())
  const { request, socket, peer } = await upgrade(t, createServer(), handshake('/'))
  const ws = await new Promise<WebSocket>((resolve) => server.handleUpgrade(request, socket, Buffer.alloc(0), resolve))
  ws.send('first')
  socket.write('\x81\x06second', 'latin1')
  ws.send('third')
  await peer.see('\x81\x05first\x81\x06second\x81\x05third')
  const gone = once(ws, 'close')
  t.ok(server.clients.delete(ws))
  peer.write(maskedFrame(0x88, ''))
  await within(gone, 'the end of a connection that is not in clients')
})

t.test('inner detail: the headers of the clients of NATS', async (t) => {
  const id = new MessageId('log', 'id')
  for (const [name, connect] of Object.entries(CLIENTS)) {
    let received = ''
    const server = createTcpServer((socket) => {
      socket.write('INFO {"server_id":"x","version":"2.9.10","max_payload":1000,"headers":true}\r\n')
      socket.on('data', (data) => {
        received += data.toString()
        if (data.includes('PING')) socket.write('PONG\r\n')
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const connection = await connect({ servers: [`127.0.0.1:${(server.address() as AddressInfo).port}`] })
    connection.publish('subject', Buffer.from('hello'), { reply: 'answer', headers: id as never })
    await connection.flush()
    const { length } = id.encode()
    t.match(received, `HPUB subject answer ${length} ${length + 5}\r\nNATS/1.0\r\nNats-Msg-Id: ${/Id: (\S+)/.exec(Buffer.from(id.encode()).toString())![1]}\r\n\r\nhello\r\n`, name)
    await connection.close()
    server.close()
  }
})
