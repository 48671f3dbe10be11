import t from 'tap'
import { connect, newId, TRANSPORTS } from '../../support/client.ts'
import { contract } from '../../support/contract.ts'
import { knock } from '../../support/doors.ts'
import { ask } from '../../support/http.ts'
import { buildServer, type TestServer } from '../../support/server.ts'
import { SocketTestClient } from '../../support/socket-client.ts'
import { isSettled, until, within } from '../../support/wait.ts'

/** Moves the clock on in steps; whatever a step makes the server write is written before the next. */
async function pass (server: TestServer, ms: number): Promise<void> {
  for (let i = 0; i < ms; i += 50) {
    server.clock.advance(50)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

contract('a drain goes on as before for its delay, and then lets no client in', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  t.equal(server.app.sockjs.draining, false)
  const drained = server.app.sockjs.drain({ delay: 1_000, rate: 0.001 })
  t.equal(server.app.sockjs.draining, true)
  for (const other of TRANSPORTS) (await connect(server, other)).abort()
  t.match(await ask({ port: server.port, path: '/echo/info' }), { status: 200 }, 'a load balancer may not have seen the health check yet')
  await client.send('still here')
  t.strictSame(await client.messages(1), ['still here'])
  await pass(server, 900)
  t.notOk(server.endpoint.registration.refusing)
  await pass(server, 100)
  const info = await ask({ port: server.port, path: '/echo/info' })
  t.match({ status: info.status, retry: info.headers['retry-after'] }, { status: 503, retry: '1' })
  for (const other of TRANSPORTS) t.match(await knock({ port: server.port, transport: other }), { status: 503, headers: { 'retry-after': '1' } }, other)
  t.notOk(await isSettled(drained))
  client.abort()
})

contract('every session is told, and a poll that waits is told at once', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const session = await server.session()
  await until(() => session.output.receiver !== null, 'the receiver waits')
  const drained = server.app.sockjs.drain({ rate: 1, code: 1012 })
  await pass(server, 300)
  t.strictSame(await client.closed, { code: 1012, reason: 'Server restarting' })
  if (client instanceof SocketTestClient) t.match(await client.socketClosed, { code: 1012 })
  await pass(server, 400)
  await within(drained, 'the drain')
  t.match(await server.closing(), { code: 1012 })
})

t.test('sessions close in slices, a share in each second', async (t) => {
  const server = await buildServer(t)
  const clients = []
  for (let i = 0; i < 40; i++) clients.push(await connect(server, 'websocket'))
  const drained = server.app.sockjs.drain({ rate: 0.1, delay: 1000 })
  await pass(server, 950)
  t.equal(server.endpoint.sessions.size, 40, 'nobody before the delay is over')
  const left: number[] = []
  for (let second = 0; second < 10; second++) {
    await pass(server, 1000)
    left.push(server.endpoint.sessions.size)
  }
  for (const [i, count] of left.entries()) t.ok(Math.abs(count - (40 - 4 * (i + 1))) <= 2, `${count} are left after ${i + 1} s`)
  await pass(server, 1000)
  t.equal(server.endpoint.sessions.size, 0)
  t.ok(server.closings.all.every(({ code }) => code === 1001))
  await Promise.all(clients.map((client) => client.closed))
  await pass(server, 4000)
  await within(drained, 'the drain')
})

t.test('at the deadline the rest closes at once, and a peer that does not read is not waited for', async (t) => {
  const server = await buildServer(t, { plugin: { drainTimeout: 500 }, endpoint: { closeTimeout: 60_000 } })
  const clients = await Promise.all(Array.from({ length: 10 }, () => connect(server, 'websocket')))
  clients[0]!.freeze()
  const drained = server.app.sockjs.drain({ rate: 0.01, deadline: 2000 })
  t.equal(server.app.sockjs.drain() instanceof Promise, true, 'a second call waits for the first')
  await pass(server, 1900)
  t.ok(server.endpoint.sessions.size > 5)
  await pass(server, 200)
  t.equal(server.endpoint.sessions.size, 0)
  await pass(server, 800)
  await within(drained, 'the drain')
})

t.test('a client between two polls is told when it comes back', async (t) => {
  const server = await buildServer(t)
  const id = newId()
  const poll = () => ask({ port: server.port, method: 'POST', path: `/echo/000/${id}/xhr` })
  t.equal((await poll()).body, 'o\n')
  server.app.sockjs.drain({ rate: 1 }).catch(t.fail)
  await pass(server, 300)
  t.equal((await poll()).body, 'c[1001,"Server shutting down"]\n')
})

t.test('without sessions there is nothing to wait for; app.close() ends a drain', async (t) => {
  const empty = await buildServer(t)
  await within(empty.app.sockjs.drain(), 'the drain')
  const late = await buildServer(t)
  const patient = late.app.sockjs.drain({ delay: 1_000, rate: 1 })
  await pass(late, 500)
  const visitor = await connect(late, 'xhr-streaming')
  await pass(late, 1_000)
  t.match(await visitor.closed, { code: 1001 }, 'a session that opens in the delay is closed like the others')
  await pass(late, 3_000)
  await within(patient, 'the drain')
  const server = await buildServer(t)
  const client = await connect(server, 'xhr-streaming')
  const drained = server.app.sockjs.drain({ rate: 0.001 })
  await server.close()
  t.match(await client.closed, { code: 1001 })
  await pass(server, 5000)
  await within(drained, 'the drain')
})

t.test('wrong options', async (t) => {
  const { app } = await buildServer(t)
  for (const options of [{ rate: 0 }, { rate: 2 }, { deadline: 0 }, { delay: -1 }, { code: 1000 }, { speed: 1 }]) {
    await t.rejects(app.sockjs.drain(options as never), { code: 'FST_SOCKJS_INVALID_OPTION' }, JSON.stringify(options))
  }
  t.equal(app.sockjs.draining, false)
})

t.test('over real time, with clients on every transport', async (t) => {
  const server = await buildServer(t, { systemClock: true })
  const clients = await Promise.all(TRANSPORTS.flatMap((transport) => [connect(server, transport), connect(server, transport)]))
  await within(server.app.sockjs.drain({ rate: 1, deadline: 1500 }), 'the drain', 20_000)
  for (const client of clients) t.match(await client.closed, { code: 1001 })
  t.equal(server.endpoint.sessions.size, 0)
})
