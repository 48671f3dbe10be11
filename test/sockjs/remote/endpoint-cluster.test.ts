// endpoint.cluster, and the limits that count on all nodes.
import t, { type Test } from 'tap'
import { WebSocket as WebSocketPeer } from 'ws'
import { Session } from '../../../src/sockjs/session/index.ts'
import { connect, newClient, newId } from '../../support/client.ts'
import { buildCluster, idle, type TestCluster } from '../../support/cluster.ts'
import { collectGarbage } from '../../support/heap.ts'
import { ask } from '../../support/http.ts'
import { buildServer } from '../../support/server.ts'
import { isSettled, until } from '../../support/wait.ts'

function clusterOf (cluster: TestCluster, node: number) { return cluster.nodes[node]!.endpoint.cluster }

t.test('a broadcast reaches every session on every node once, and those of one node in their order', async (t) => {
  const cluster = await buildCluster(t, 3, { handler: idle })
  const clients = await Promise.all([0, 1, 2].map((node) => connect(cluster.nodes[node]!, 'websocket')))
  const { away, session } = await cluster.open(0, 'xhr-polling', 1)
  await Promise.all([0, 1, 2].flatMap((node) => Array.from({ length: 50 }, (_, i) => clusterOf(cluster, node).broadcast(`${node} ${i}`))))
  for (const client of clients) {
    const messages = await client.messages(150)
    for (const node of [0, 1, 2]) t.same(messages.filter((message) => message.startsWith(`${node}`)), Array.from({ length: 50 }, (_, i) => `${node} ${i}`))
  }
  away.receive()
  t.equal((await away.messages(150)).length, 150)
  t.equal(session.state, 'open')
})

t.test('a broadcast leaves out the given session, wherever its client is', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { session, away } = await cluster.open(0, 'xhr-polling', 1)
  const other = await connect(cluster.nodes[1]!, 'websocket')
  for (let i = 0; i < 3; i++) await clusterOf(cluster, 0).broadcast(`not for all ${i}`, { except: session })
  await clusterOf(cluster, 0).broadcast('for all')
  t.same(await other.messages(4), ['not for all 0', 'not for all 1', 'not for all 2', 'for all'])
  away.receive()
  t.same(await away.messages(1), ['for all'])
  await t.rejects(clusterOf(cluster, 0).broadcast('x', { exept: session } as never), { code: 'FST_SOCKJS_INVALID_OPTION' })
  await t.rejects(clusterOf(cluster, 0).broadcast(7 as never), { code: 'FST_SOCKJS_INVALID_MESSAGE' })
})

t.test('bytes reach raw WebSockets of other nodes', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, endpoint: { binary: true } })
  const got: unknown[] = []
  const socket = new WebSocketPeer(`ws://127.0.0.1:${cluster.nodes[1]!.port}/echo/websocket`)
  socket.on('message', (data: Buffer) => got.push([...data]))
  await new Promise((resolve) => { socket.on('open', resolve) })
  t.teardown(() => socket.terminate())
  await cluster.nodes[1]!.session()
  await clusterOf(cluster, 0).broadcast(Uint8Array.of(0, 255, 7))
  await until(() => got.length === 1, 'the message')
  t.same(got, [[0, 255, 7]])
})

t.test('a broadcast that is larger than a publication may be is refused', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, network: { maxPayload: 8 * 1024 } })
  const client = await connect(cluster.nodes[1]!, 'websocket')
  await t.rejects(clusterOf(cluster, 0).broadcast('x'.repeat(9 * 1024)), { code: 'FST_SOCKJS_ENGINE_TOO_LARGE' })
  await clusterOf(cluster, 0).broadcast('fits')
  t.same(await client.messages(1), ['fits'])
})

t.test('broadcasts wait for an engine that is away for 3 seconds, and the other nodes report a gap', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const clients = await Promise.all([0, 1].map((node) => connect(cluster.nodes[node]!, 'websocket')))
  const gaps: string[] = []
  const listener = (reason: string): void => { gaps.push(reason) }
  clusterOf(cluster, 1).on('gap', listener)
  clusterOf(cluster, 1).on('gap', () => { throw new Error('a listener that fails') })
  cluster.network.cut()
  const published = [clusterOf(cluster, 0).broadcast('first'), clusterOf(cluster, 0).broadcast('second')]
  await cluster.pass(3_000)
  for (const each of published) t.notOk(await isSettled(each))
  cluster.network.mend()
  await cluster.passUntil(Promise.all(published))
  for (const client of clients) t.same(await client.messages(2), ['first', 'second'])
  t.same(gaps, ['the network is back'])
  clusterOf(cluster, 1).off('gap', listener)
  cluster.network.restart()
  await cluster.pass(500)
  t.equal(gaps.length, 1)
  t.throws(() => clusterOf(cluster, 1).on('gaps' as never, listener), { code: 'FST_SOCKJS_INVALID_LISTENER' })
  t.throws(() => clusterOf(cluster, 1).on('gap', 'x' as never), { code: 'FST_SOCKJS_INVALID_LISTENER' })
})

t.test('a broadcast is rejected when the engine stays away, and the session that it leaves out gets the next one', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const client = await connect(cluster.nodes[0]!, 'websocket')
  const session = await cluster.nodes[0]!.session()
  cluster.network.cut()
  const published = clusterOf(cluster, 0).broadcast('lost', { except: session })
  await t.rejects(cluster.passUntil(published), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' })
  cluster.network.mend()
  await cluster.pass(1_000)
  await cluster.passUntil(clusterOf(cluster, 0).broadcast('arrives'))
  t.same(await client.messages(1), ['arrives'])
})

/** The ways of a broadcast to its end. After each, the endpoint must not keep the session that the broadcast leaves out. */
const ENDS: Readonly<Record<string, (cluster: TestCluster, broadcast: (message: string) => Promise<void>, t: Test) => Promise<void>>> = {
  async 'has arrived' (_cluster, broadcast) { await broadcast('x') },
  async 'is too large for the engine' (_cluster, broadcast, t) { await t.rejects(broadcast('x'.repeat(9 * 1024)), { code: 'FST_SOCKJS_ENGINE_TOO_LARGE' }) },
  async 'is rejected because the engine stays away' (cluster, broadcast, t) {
    cluster.network.cut()
    await t.rejects(cluster.passUntil(broadcast('x')), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' })
  },
  async 'was lost on its way, and a later one has arrived' (cluster, broadcast) {
    cluster.hold(() => true)
    await broadcast('lost')
    cluster.lose()
    cluster.release()
    await clusterOf(cluster, 0).broadcast('later', { except: stranger() })
  }
}

/** Makes a session of no client, which a broadcast can leave out. */
const stranger = (): Session => Object.create(Session.prototype) as Session

for (const [end, reach] of Object.entries(ENDS)) {
  t.test(`the session that a broadcast leaves out is not kept when the broadcast ${end}`, async (t) => {
    const cluster = await buildCluster(t, 2, { handler: idle, network: { maxPayload: 8 * 1024 } })
    let session: Session | null = stranger()
    const kept = new WeakRef(session)
    await reach(cluster, (message) => clusterOf(cluster, 0).broadcast(message, { except: session! }), t)
    session = null
    await until(() => {
      collectGarbage()
      return kept.deref() === undefined
    }, 'the session is gone')
  })
}

t.test('sessions() and close() concern all nodes, or one user on all nodes', async (t) => {
  const cluster = await buildCluster(t, 3, { handler: idle, endpoint: { user: (request) => request.headers['x-user'] }, fastify: {} })
  const clients = []
  for (const node of [0, 1, 2]) for (const user of ['kim', 'sam']) clients.push(await connect(cluster.nodes[node]!, 'websocket', { headers: { 'x-user': user } }))
  const anonymous = await cluster.client(2, 'xhr-polling', { comeBack: false }).open()
  t.ok(anonymous)
  const all = await clusterOf(cluster, 0).sessions()
  t.equal(all.complete, true)
  t.same(all.sessions.map(({ user }) => user).toSorted(), ['', 'kim', 'kim', 'kim', 'sam', 'sam', 'sam'])
  t.same(new Set(all.sessions.map(({ node }) => node)), new Set(cluster.nodes.map(({ app }) => app.sockjs.node!.name)))
  const kim = await clusterOf(cluster, 2).sessions({ user: 'kim' })
  t.same(kim.sessions.map(({ id }) => id).toSorted(), cluster.nodes.flatMap(({ endpoint }) => [...endpoint.sessions]).filter(({ userKey }) => userKey === 'kim').map(({ id }) => id).toSorted())
  t.equal((await clusterOf(cluster, 0).sessions({ user: undefined })).sessions.length, 1, 'anonymous clients')
  t.same(await clusterOf(cluster, 1).close({ user: 'kim' }, 4001, 'by the operator'), { closed: 3, complete: true })
  for (const client of clients.filter((_, i) => i % 2 === 0)) t.same(await client.closed, { code: 4001, reason: 'by the operator' })
  t.equal((await clusterOf(cluster, 1).sessions()).sessions.length, 4)
  await t.rejects(clusterOf(cluster, 1).close({}, 12), { code: 'FST_SOCKJS_INVALID_CLOSE' })
  await t.rejects(clusterOf(cluster, 1).sessions({ usr: 'kim' } as never), { code: 'FST_SOCKJS_INVALID_OPTION' })
  await t.rejects(clusterOf(cluster, 1).sessions(null as never), { code: 'FST_SOCKJS_INVALID_OPTION' })
  t.same(await clusterOf(cluster, 1).close(), { closed: 4, complete: true })
})

t.test('sessions() and close() say that they are not complete if a node is stopped, and do not hang', async (t) => {
  const cluster = await buildCluster(t, 3, { handler: idle })
  for (const node of cluster.nodes) await connect(node, 'websocket')
  cluster.stop(2)
  const listing = clusterOf(cluster, 0).sessions()
  t.match(await cluster.passUntil(listing), { complete: false, sessions: { length: 2 } })
  t.same(await cluster.passUntil(clusterOf(cluster, 0).close()), { closed: 2, complete: false })
  await cluster.go(2)
  await cluster.pass(1_000)
  const [stopped] = cluster.nodes[2]!.sessions.all
  t.equal(stopped!.state, 'closed', 'the node closes its sessions when it goes on')
})

t.test('endpoint.cluster works on one node without an engine', async (t) => {
  const server = await buildServer(t, { nodes: 1, handler: idle })
  const clients = await Promise.all([connect(server, 'websocket'), connect(server, 'xhr-streaming')])
  const first = await server.session()
  await server.endpoint.cluster.broadcast('to one', { except: first })
  await server.endpoint.cluster.broadcast('to both')
  const got = await Promise.all(clients.map(async (client) => (await client.messages(1))[0]))
  t.same(got.toSorted(), ['to both', 'to one'])
  t.match(await server.endpoint.cluster.sessions(), { complete: true, sessions: { length: 2 } })
  server.endpoint.cluster.on('gap', idle).off('gap', idle)
  t.same(await server.endpoint.cluster.close(), { closed: 2, complete: true })
})

t.test('maxSessionsPerAddress counts the sessions of all nodes', async (t) => {
  const cluster = await buildCluster(t, 3, { handler: idle, plugin: { maxSessionsPerAddress: 3 }, endpoint: { disconnectDelay: 1_000 } })
  const clients = []
  for (const node of [0, 1, 2]) {
    clients.push(await connect(cluster.nodes[node]!, 'websocket'))
    await cluster.pass(300)
  }
  for (const node of [0, 1, 2]) t.match(await ask({ port: cluster.nodes[node]!.port, path: `/echo/000/${newId()}/xhr`, method: 'POST' }), { status: 503, body: 'Too many sessions.\n' })
  clients[0]!.abort()
  await cluster.nodes[0]!.closing()
  await cluster.pass(300)
  await cluster.client(2, 'xhr-polling', { comeBack: false }).open()
  await cluster.pass(300)
  const refused = newClient(cluster.nodes[1]!, 'websocket')
  await t.rejects(refused.open())
  await cluster.pass(2_000)
  await connect(cluster.nodes[1]!, 'websocket')
  cluster.network.cut(cluster.engines[2]!)
  await cluster.pass(9_000)
  await connect(cluster.nodes[0]!, 'websocket')
  cluster.network.mend()
  await cluster.pass(3_000)
  for (const node of [0, 1, 2]) t.match(await ask({ port: cluster.nodes[node]!.port, path: `/echo/000/${newId()}/xhr`, method: 'POST' }), { status: 503 }, 'the counts come again after a split')
})

t.test('a node that is stopped makes answers incomplete until it counts as dead, and then is not asked', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  for (const node of cluster.nodes) await connect(node, 'websocket')
  cluster.stop(1)
  for (let i = 0; i < 3; i++) {
    t.same([...cluster.node(0).members.all].length, 1, 'it counts as alive')
    t.match(await cluster.passUntil(clusterOf(cluster, 0).sessions()), { complete: false, sessions: { length: 1 } })
  }
  await cluster.pass(3_000)
  t.same([...cluster.node(0).members.all].length, 0)
  t.match(await clusterOf(cluster, 0).sessions(), { complete: true, sessions: { length: 1 } })
  await cluster.go(1)
  await cluster.pass(3_000)
  t.match(await cluster.passUntil(clusterOf(cluster, 0).sessions()), { complete: true, sessions: { length: 2 } }, 'its WebSocket was open all the time')
})
