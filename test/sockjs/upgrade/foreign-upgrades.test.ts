import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import sockjs from '../../../src/index.ts'
import { EndpointPaths } from '../../../src/sockjs/upgrade/endpoint-paths.ts'
import { connect, TRANSPORTS } from '../../support/client.ts'
import { UPGRADE } from '../../support/doors.ts'
import { ask } from '../../support/http.ts'
import { buildServer, echo, type TestServer } from '../../support/server.ts'
import { answerOf, foreign, h2c, talk } from '../../support/upgrades.ts'
import { until, within } from '../../support/wait.ts'

const ARRIVALS: Readonly<Record<string, (add: (app: FastifyInstance) => void) => [options: object, later: (server: TestServer) => void]>> = {
  'before the plugin': (add) => [{ before: add }, () => {}],
  'after the endpoint': (add) => [{ after: add }, () => {}],
  'after listen()': (add) => [{}, ({ app }) => add(app)]
}

for (const [when, arrive] of Object.entries(ARRIVALS)) {
  t.test(`U5: a ws server that comes ${when} gets its upgrades, and never ours`, async (t) => {
    const others: WebSocketServer[] = []
    const urls: string[] = []
    const [options, later] = arrive((app) => {
      others.push(foreign(app, '/other'))
      app.server.on('upgrade', ({ url }) => { urls.push(url!) })
    })
    const hooks: string[] = []
    const server = await buildServer(t, {
      ...options,
      before (app: FastifyInstance) {
        app.addHook('onRequest', async ({ url }) => { hooks.push(url) })
        ;(options as { before?: (app: FastifyInstance) => void }).before?.(app)
      }
    })
    // Sessions and listeners that were there before the other came.
    const early = await connect(server, 'websocket')
    later(server)
    t.equal(await talk(server.port, '/other'), 'foreign hello')
    for (const transport of TRANSPORTS) {
      const client = await connect(server, transport)
      await client.send('hello')
      t.strictSame(await client.messages(1), ['hello'], transport)
      client.abort()
    }
    await early.send('still here')
    t.strictSame(await early.messages(1), ['still here'])
    for (const path of ['/echo/info', '/echo/nothing', '/echo/0/i/xhr']) t.ok((await ask({ port: server.port, path, headers: UPGRADE })).status >= 400, path)
    t.match(await answerOf(server, h2c({ path: '/echo/info' })), /^HTTP\/1\.1 200 /, 'h2c below our prefix')
    t.strictSame([...new Set(urls)], ['/other'], 'the others have seen their own')
    t.notOk(hooks.includes('/other'), 'and no hook has')
    for (const other of others) other.close()
    t.equal(await talk(server.port, '/echo/websocket'), 'hello')
  })
}

t.test('U5: a thousand listeners come and go, and the gate stays', async (t) => {
  const server = await buildServer(t)
  const mine = server.app.server.listenerCount('upgrade')
  for (let i = 0; i < 1000; i++) foreign(server.app, '/other').close()
  t.equal(server.app.server.listenerCount('upgrade'), mine)
  t.equal(await talk(server.port, '/echo/websocket'), 'hello')
  t.equal((await ask({ port: server.port, path: '/other', headers: UPGRADE })).status, 404, 'without a listener, Fastify answers')
})

t.test('U5: a listener of others stands on the server as if it were alone there, and what it throws changes nothing', async (t) => {
  const server = await buildServer(t)
  const counts: number[] = []
  const listener = (_request: unknown, socket: Socket): void => {
    counts.push(server.app.server.listenerCount('upgrade'))
    socket.destroy()
    throw new Error('of the other')
  }
  server.app.server.on('upgrade', listener as never)
  t.throws(() => server.app.server.emit('upgrade', { url: '/other', method: 'GET', headers: {} }, connectTcp(server.port, '127.0.0.1'), Buffer.alloc(0)), { message: 'of the other' })
  t.strictSame(counts, [1])
  server.app.server.removeListener('upgrade', listener as never)
  t.equal(server.app.server.listenerCount('upgrade'), 1)
  t.equal(await talk(server.port, '/echo/websocket'), 'hello')
})

t.test('U5: hooks that refuse do not reach the clients of others', async (t) => {
  const server = await buildServer(t, { before: (app) => { app.addHook('onRequest', async (_request, reply) => reply.code(401).send('no')) } })
  foreign(server.app, '/other')
  t.equal(await talk(server.port, '/other'), 'foreign hello')
  await t.rejects(talk(server.port, '/echo/websocket'), { message: 'status 401' })
  await until(() => server.sockets.size === 0, 'no descriptor is left')
})

// --- servers that outlive their application -----------------------------------------------------------------------

t.test('U6: an endpoint leaves the gate when its application closes', async (t) => {
  let handler: RequestListener = () => {}
  const server = createServer((request, response) => handler(request, response))
  const { emit } = server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  const build = async (name: string): Promise<FastifyInstance> => {
    const app = Fastify({ serverFactory: (listener) => { handler = listener as RequestListener; return server } }) as unknown as FastifyInstance
    await app.register(sockjs, { origins: '*' })
    app.sockjs('/echo', async (session) => { for await (const message of session) session.send(`${name} ${String(message)}`) })
    await app.ready()
    return app
  }
  for (const name of ['first', 'second', 'third']) {
    const app = await build(name)
    t.equal(await talk(port, '/echo/websocket'), `${name} hello`)
    await within(app.close(), 'app.close()')
    t.equal(server.listenerCount('upgrade'), 0, 'nothing of the application stays')
    t.equal(server.emit, emit)
  }
  const [older, newer] = [await build('older'), await build('newer')]
  t.equal(await talk(port, '/echo/websocket'), 'newer hello', 'WebSockets go where HTTP goes')
  await older.close()
  t.equal(await talk(port, '/echo/websocket'), 'newer hello')
  await newer.close()
})

t.test('U6: the gate leaves a server on which others have come after it', async (t) => {
  const server = createServer()
  const app = Fastify({ serverFactory: (listener) => server.on('request', listener as RequestListener) as never }) as unknown as FastifyInstance
  await app.register(sockjs)
  app.sockjs('/echo', echo)
  await app.ready()
  const calls: unknown[] = []
  const { emit } = server
  server.emit = function (this: Server, event: string, ...args: unknown[]) {
    calls.push(event)
    return Reflect.apply(emit, this, [event, ...args]) as boolean
  } as Server['emit']
  await app.close()
  server.once('anything', () => calls.push('heard'))
  server.emit('anything')
  t.strictSame(calls.slice(-2), ['anything', 'heard'], 'an emit of theirs over ours goes on to work')
})

t.test('a server on two addresses: the second one has the same gate', async (t) => {
  const app = Fastify()
  await app.register(sockjs, { origins: '*' })
  app.sockjs('/echo', echo)
  app.get('/hello', async () => 'hello')
  await app.listen({ port: 0, host: 'localhost' })
  t.teardown(() => app.close())
  for (const { address, port, family } of app.addresses() as AddressInfo[]) {
    const ws = new WebSocket(`ws://${family === 'IPv6' ? `[${address}]` : address}:${port}/echo/websocket`)
    await within(new Promise((resolve, reject) => { ws.on('open', resolve); ws.on('error', reject) }), `a WebSocket at ${address}`)
    ws.terminate()
    const socket: Socket = connectTcp(port, address)
    let text = ''
    socket.on('data', (chunk) => { text += chunk.toString() })
    socket.write(h2c({ method: 'POST', path: '/echo/0/i/xhr', headers: 'Connection: close\r\n' }))
    await until(() => text.includes('o\n'), 'the answer')
    t.match(text, /^HTTP\/1\.1 200 /)
    socket.destroy()
  }
})

t.test('the spelling of paths, by the options of Fastify in both places where applications write them', (t) => {
  const owns = (initialConfig: object, url: string): boolean => {
    const paths = new EndpointPaths({ initialConfig, server: createServer(), addHook () {} } as never)
    paths.add('/echo')
    return paths.owns({ url } as never)
  }
  t.notOk(owns({ caseSensitive: true }, '/ECHO/info'))
  t.ok(owns({ caseSensitive: false }, '/ECHO/info'))
  t.ok(owns({ caseSensitive: true, routerOptions: { caseSensitive: false } }, '/ECHO/info'))
  t.notOk(owns({}, '/echoes'))
  t.notOk(owns({}, '/%zz'))
  t.end()
})
