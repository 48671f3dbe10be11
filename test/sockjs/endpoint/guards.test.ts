import { setTimeout as sleep } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import sockjs, { type Session, type SockjsPluginOptions } from '../../../src/index.ts'
import { ask, TcpPeer } from '../../support/http.ts'
import { buildServer } from '../../support/server.ts'
import { connect } from '../../support/client.ts'
import { until, within } from '../../support/wait.ts'

async function listening (t: Test, options: SockjsPluginOptions, before: (app: FastifyInstance) => void): Promise<{ app: FastifyInstance, port: number }> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sockjs, options)
  before(app)
  app.sockjs('/echo', async (session) => { for await (const message of session) session.send(message) })
  await app.listen({ port: 0 })
  return { app, port: (app.server.address() as { port: number }).port }
}

t.test('SEC-S10: a header that Node refuses is a 500, on polls and streams, and nobody else notices', async (t) => {
  const { port } = await listening(t, {}, (app) => {
    app.addHook('onRequest', async (request, reply) => { reply.header('x-room', (request.query as { room?: string }).room ?? 'none') })
  })
  for (const path of ['xhr', 'xhr_streaming', 'xhr_send']) {
    const opened = await ask({ port, method: 'POST', path: `/echo/000/${path}/xhr` })
    t.equal(opened.status, 200)
    const refused = await ask({ port, method: 'POST', path: `/echo/000/${path === 'xhr_send' ? path : path + '2'}/${path}?room=%E2%82%AC`, body: '["a"]' })
    t.equal(refused.status, 500, path)
  }
  t.equal((await ask({ port, method: 'POST', path: '/echo/000/later/xhr' })).body, 'o\n')
})

t.test('an application\'s asynchronous callbacks that reject end nothing', async (t) => {
  const told: unknown[] = []
  const { port } = await listening(t, {
    onSessionError: async (error) => { told.push(error); throw new Error('told too late') },
    sessionCookie: async (request) => { if (request.url.includes('bad')) throw Object.assign(new Error('no cookie'), { statusCode: 418 }) }
  }, (app) => { app.sockjs('/throw', () => { throw new Error('as asked') }) })
  t.equal((await ask({ port, method: 'POST', path: '/throw/000/a/xhr' })).status, 200)
  await until(() => told.length === 1, 'the error is told')
  t.equal((await ask({ port, method: 'POST', path: '/echo/000/a/xhr?bad' })).status, 418)
  t.equal((await ask({ port, method: 'POST', path: '/echo/000/a/xhr' })).body, 'o\n')
})

/** A server whose handler does `work`, once its session has ended; returns the lines of its log. */
async function failing (t: Test, work: (session: Session) => unknown): Promise<{ level: number, during?: string }[]> {
  const lines: { level: number, during?: string, err?: unknown }[] = []
  const told: unknown[] = []
  const server = await buildServer(t, {
    fastify: { logger: { level: 'debug', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } },
    endpoint: { onSessionError: (error) => { told.push(error) } },
    handler: work
  })
  const client = await connect(server, 'websocket')
  client.abort()
  await server.closing()
  await until(() => told.length === 1, 'the failure was told')
  return lines.filter(({ err }) => err !== undefined)
}

t.test('R4: a handler that fails after the end of its session is logged as an error', async (t) => {
  const afterwards = async (session: Session): Promise<void> => {
    for await (const message of session) session.send(message)
    throw new Error('could not save')
  }
  t.match(await failing(t, afterwards), [{ level: 50, during: 'handler', err: { message: 'could not save' } }])
  const copied = async (session: Session): Promise<void> => {
    for await (const message of session) session.send(message)
    throw Object.assign(new Error('an error of the same form'), session.signal.reason)
  }
  t.match(await failing(t, copied), [{ level: 50 }])
  const waiting = (session: Session): Promise<void> => new Promise((_resolve, reject) => {
    session.signal.addEventListener('abort', () => reject(session.signal.reason))
  })
  t.match(await failing(t, waiting), [{ level: 20, during: 'handler' }], 'the reason of the signal itself is quiet')
  const sleeping = async (session: Session): Promise<void> => { await sleep(3_600_000, undefined, { signal: session.signal, ref: false }) }
  t.match(await failing(t, sleeping), [{ level: 20, during: 'handler' }], 'and so is the error in which Node wraps it')
})

t.test('R19: a promise of another make that rejects is a failure too', async (t) => {
  const foreign = (): unknown => runInNewContext('Promise.reject(new Error("foreign"))')
  const minimal = (): unknown => ({ then (_resolve: unknown, reject: (error: Error) => void) { reject(new Error('minimal')) } })
  const thrower = (): unknown => ({ then () { throw new Error('thrower') } })
  for (const make of [foreign, minimal, thrower]) {
    t.match(await failing(t, make), [{ level: 50, during: 'handler' }], `${make.name} of a handler`)
    const listener = (session: Session): void => { session.on('close', make) }
    t.match(await failing(t, listener), [{ level: 50, during: 'close listener' }], `${make.name} of a listener`)
  }
  const server = await buildServer(t, { handler (session) { session.on('message', foreign) } })
  const client = await connect(server, 'websocket')
  await client.send('x')
  t.match(await client.closed, { code: 1011 })
})

t.test('R19: above the budget another session is closed, and its listeners do not run inside send()', async (t) => {
  const server = await buildServer(t, { plugin: { maxBufferedBytes: 300_000 }, endpoint: { responseLimit: 1 }, handler: () => {} })
  const sessions: Session[] = []
  for (let i = 0; i < 2; i++) {
    const client = await connect(server, 'xhr-polling', { comeBack: false })
    await within(client.ended, 'the end of the response')
    sessions.push(await server.session())
  }
  const [large, small] = sessions as [Session, Session]
  await until(() => sessions.every((session) => session.bufferedBytes === 0), 'nothing waits')
  let inside = false
  const order: string[] = []
  large.on('close', () => order.push(inside ? 'inside' : 'outside'))
  large.signal.addEventListener('abort', () => order.push(inside ? 'inside' : 'outside'))
  large.send('x'.repeat(200_000))
  inside = true
  t.equal(small.send('x'.repeat(150_000)), false)
  inside = false
  t.equal(large.state, 'closed', 'its memory is free at once')
  t.equal(small.state, 'open')
  t.strictSame(order, [])
  t.match(await server.closing(), { code: 1013, reason: 'slow consumer', undelivered: 1 })
  t.strictSame(order, ['outside', 'outside'])
  // The session that sends may be the largest itself.
  t.equal(small.send('x'.repeat(200_000)), false)
  t.equal(small.state, 'closed')
})

t.test('the budget of the process is back at 0 when nothing waits', async (t) => {
  const server = await buildServer(t, {})
  for (const transport of ['xhr-streaming', 'eventsource', 'websocket', 'xhr-polling'] as const) {
    const client = await connect(server, transport)
    await client.send('x'.repeat(100_000))
    await client.messages(1)
  }
  await until(() => server.endpoint.registration.bufferedBytes === 0, 'nothing waits')
  t.equal(server.endpoint.registration.bufferedBytes, 0)
})

t.test('WS-22: a client that is held back is not taken for dead', async (t) => {
  const server = await buildServer(t, { endpoint: {}, handler: (session) => session.pause() })
  await connect(server, 'websocket')
  const session = await server.session()
  for (let i = 0; i < 20; i++) server.clock.advance(5_000)
  t.equal(session.state, 'open')
})

t.test('permessage-deflate: what has left is noticed, and a reader waits no longer', async (t) => {
  const server = await buildServer(t, { endpoint: { websocket: { compression: true } } })
  const { default: WebSocket } = await import('ws')
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/echo/000/deflate/websocket`)
  t.teardown(() => ws.terminate())
  const session = await server.session()
  session.send('y'.repeat(200_000))
  await session.drained()
  t.equal(session.bufferedBytes, 0)
})

t.test('a listener for the end that comes too late is told all the same', async (t) => {
  const server = await buildServer(t, {})
  const client = await connect(server, 'websocket')
  const session = await server.session()
  session.close(3000, 'bye')
  await client.closed
  await until(() => session.state === 'closed', 'the end')
  const event = await new Promise((resolve) => { session.on('close', resolve) })
  t.match(event, { code: 3000, reason: 'bye', clean: true })
})

t.test('SESSION-23: a body that never ends cannot hold app.close()', async (t) => {
  const server = await buildServer(t, { plugin: { drainTimeout: 200 } })
  for (const path of ['xhr', 'xhr_streaming', 'xhr_send']) {
    await ask({ port: server.port, method: 'POST', path: `/echo/000/${path}/xhr` })
    const peer = server.own(new TcpPeer(server.port))
    peer.write(`POST /echo/000/${path}/${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n["half`)
  }
  await until(() => server.sockets.size >= 3, 'the requests have come')
  await server.close()
})
