// Engines, nodes and networks that fail, between a session and its client.
import t from 'tap'
import { newId } from '../../support/client.ts'
import { buildCluster, idle, type TestCluster } from '../../support/cluster.ts'
import { ask, type Answer } from '../../support/http.ts'
import { connect } from '../../support/client.ts'
import { isSettled, until } from '../../support/wait.ts'

function request (cluster: TestCluster, node: number, id: string, route: string, body?: string): Promise<Answer> {
  return ask({ port: cluster.nodes[node]!.port, path: `/echo/000/${id}/${route}`, method: 'POST', ...(body === undefined ? {} : { headers: { 'content-type': 'text/plain' }, body }) })
}

t.test('an owner that died before this node started, and whose lease still runs: the client is told within 8 seconds', async (t) => {
  const cluster = await buildCluster(t, 1, { handler: idle })
  const dead = cluster.network.engine()
  const { clock } = cluster.nodes[0]!
  await dead.start({ node: 'unknown-to-nodes', clock, log: cluster.node(0).log, changed () {}, gap () {} })
  const id = newId()
  const key = cluster.node(0).names.key('session', cluster.nodes[0]!.endpoint.name, id)
  t.equal((await dead.claims.claim(key, () => {})).owner, null)
  const begun = clock.now()
  t.match(await cluster.passUntil(request(cluster, 0, id, 'xhr')), { status: 503, body: 'Session out of reach.\n' })
  t.ok(clock.now() - begun <= 8_000, `${clock.now() - begun} ms`)
})

for (const fault of ['cut', 'restarted empty'] as const) {
  t.test(`the engine is away for 3 seconds, ${fault}: nothing is lost, and requests that come meanwhile wait`, async (t) => {
    const cluster = await buildCluster(t, 3, { handler: idle })
    const { session, away, id } = await cluster.polling()
    const got: unknown[] = []
    session.on('message', (message) => got.push(message))
    if (fault === 'cut') cluster.network.cut()
    else cluster.network.kill()
    session.send('while the engine is away')
    const sent = request(cluster, 2, id, 'xhr_send', '["sent meanwhile"]')
    const opening = cluster.client(2, 'xhr-polling', { comeBack: false })
    opening.receive()
    await until(() => cluster.nodes[2]!.sockets.size === 2, 'both requests have come')
    await cluster.pass(3_000)
    t.notOk(await isSettled(sent))
    t.equal(away.frames.all.length, 0)
    if (fault === 'cut') cluster.network.mend()
    else cluster.network.revive()
    t.equal((await cluster.passUntil(sent)).status, 204)
    t.same(got, ['sent meanwhile'])
    t.same(await away.messages(1), ['while the engine is away'])
    t.equal(await cluster.passUntil(opening.frame()), 'o')
    await away.ended
    away.receive()
    session.send('goes on')
    t.same(await away.messages(1), ['goes on'])
    t.equal(cluster.network.owners.size, 2, 'both sessions have their claim again')
  })
}

t.test('SEC-S80: the engine is away for 20 seconds: legs are cut, edges answer 503, and all that is local goes on', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: (session) => { session.on('message', (message) => session.send(message)) } })
  const { session, away, id } = await cluster.polling()
  const websocket = await connect(cluster.nodes[1]!, 'websocket')
  const local = await cluster.client(1, 'xhr-polling').open()
  cluster.network.cut()
  const held = [request(cluster, 1, id, 'xhr_send', '["x"]'), request(cluster, 1, newId(), 'xhr')]
  await until(() => cluster.nodes[1]!.sockets.size >= 5, 'the requests have come')
  const lost = away.frame()
  lost.catch(() => {})
  for (const answer of await cluster.passUntil(Promise.all(held))) t.match(answer, { status: 503, body: 'Session out of reach.\n' })
  await t.rejects(cluster.passUntil(lost), 'the response of the edge is cut')
  t.match(await cluster.nodes[0]!.closing(), { code: 1002 })
  t.equal(session.state, 'closed')
  await cluster.pass(10_000)
  t.match(await request(cluster, 1, newId(), 'xhr'), { status: 503 }, 'at once, because the engine is away for long')
  t.match(await request(cluster, 1, newId(), 'xhr_send', '["x"]'), { status: 503 })
  await local.send('local')
  t.same(await local.messages(1), ['local'])
  await websocket.send('local')
  t.same(await websocket.messages(1), ['local'])
  await connect(cluster.nodes[0]!, 'websocket')
  cluster.network.mend()
  await cluster.pass(3_000)
  t.match(await request(cluster, 1, id, 'xhr'), { status: 200, body: 'o\n' }, 'the session is forgotten by now')
  await local.send('still')
  t.same(await local.messages(1), ['still'])
})

t.test('SEC-S80: an engine that is down at the start: WebSockets work, HTTP waits for it and then gets 503, and all works when it is there', async (t) => {
  const cluster = await buildCluster(t, 2, { isKilled: true })
  const websocket = await connect(cluster.nodes[0]!, 'websocket')
  await websocket.send('alone')
  t.same(await websocket.messages(1), ['alone'])
  const { sockjs } = cluster.nodes[0]!.app
  t.match(sockjs.node, { state: 'unavailable', peers: [] })
  const first = request(cluster, 0, newId(), 'xhr')
  await until(() => cluster.nodes[0]!.sockets.size === 2, 'the request has come')
  t.match(await cluster.passUntil(first), { status: 503, body: 'Session out of reach.\n' })
  await cluster.pass(8_000)
  t.match(await request(cluster, 0, newId(), 'xhr'), { status: 503 })
  cluster.network.revive()
  await cluster.pass(4_000)
  t.match(sockjs.node, { state: 'available', peers: [cluster.nodes[1]!.app.sockjs.node!.name] })
  const { away } = await cluster.open(0, 'xhr-polling', 1)
  await away.send('together')
  away.receive()
  t.same(await away.messages(1), ['together'])
  await cluster.nodes[0]!.endpoint.cluster.broadcast('to all')
  t.same(await websocket.messages(1), ['to all'])
})

t.test('the edge dies: the session ends with 1002 within 8 seconds, and what the client has not got counts', async (t) => {
  const cluster = await buildCluster(t, 3, { handler: idle, endpoint: { disconnectDelay: 20_000 } })
  const { session, id } = await cluster.polling()
  cluster.kill(1)
  session.send('taken by the response')
  await cluster.settle()
  session.send('waits')
  await cluster.pass(8_500)
  t.match(await cluster.nodes[0]!.closing(), { code: 1002, clean: false, undelivered: 1 })
  const later = cluster.client(2, 'xhr-polling', { id, comeBack: false })
  later.receive()
  t.same(await later.closed, { code: 1002, reason: 'Connection interrupted' })
})

t.test('the owner dies: its legs are cut within 8 seconds, and the next poll opens a new session', async (t) => {
  const cluster = await buildCluster(t, 3, { handler: idle })
  const { away, id } = await cluster.polling()
  cluster.kill(0)
  const waiting = request(cluster, 2, id, 'xhr_send', '["x"]')
  waiting.catch(() => {})
  const lost = away.frame()
  lost.catch(() => {})
  await cluster.pass(8_000)
  await t.rejects(lost, 'the response is cut')
  t.match(await waiting, { status: 404 }, 'no node has the session')
  const later = await cluster.passUntil(cluster.client(1, 'xhr-polling', { id, comeBack: false }).open())
  t.ok(later)
  t.equal(cluster.nodes[1]!.endpoint.sessions.size, 1)
  t.equal(cluster.edge(1).legs, 0)
})

for (const stopped of [0, 1]) {
  const role = stopped === 0 ? 'owner' : 'edge'
  t.test(`the ${role} stops for 4 seconds: nothing is lost`, async (t) => {
    const cluster = await buildCluster(t, 3, { handler: idle })
    const { session, away, id } = await cluster.polling()
    cluster.stop(stopped)
    if (stopped === 1) session.send('sent meanwhile')
    const sent = stopped === 0 ? request(cluster, 2, id, 'xhr_send', '["x"]') : null
    await cluster.pass(4_000)
    await cluster.go(stopped)
    if (stopped === 0) session.send('sent later')
    t.same(await away.messages(1), [stopped === 0 ? 'sent later' : 'sent meanwhile'])
    if (sent !== null) t.equal((await sent).status, 204)
    await away.ended
    await cluster.pass(1_000)
    t.equal(session.state, 'open')
  })

  t.test(`the ${role} stops for 20 seconds: the client and the application learn that the session is over`, async (t) => {
    const cluster = await buildCluster(t, 3, { handler: idle, endpoint: { disconnectDelay: 60_000 } })
    const { session, away, id } = await cluster.polling()
    cluster.stop(stopped)
    session.send('sent meanwhile')
    const lost = away.frame()
    lost.catch(() => {})
    await cluster.pass(20_000)
    await cluster.go(stopped)
    await cluster.pass(2_000)
    // The system of a stopped edge has kept the frame for it.
    if (stopped === 1) t.equal(await lost, 'a["sent meanwhile"]')
    else await t.rejects(lost, 'the response is cut')
    t.match(await cluster.nodes[0]!.closing(), { code: 1002, clean: false })
    const later = cluster.client(2, 'xhr-polling', { id, comeBack: false })
    later.receive()
    t.same(await cluster.passUntil(later.closed), { code: 1002, reason: 'Connection interrupted' })
    t.equal(cluster.nodes[0]!.closings.all.length, 1)
  })
}

t.test('a claim that another node has got after a split of the network: the earlier session ends with 2010', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { id } = await cluster.open(0, 'xhr-polling', 1)
  const home = cluster.client(0, 'xhr-polling', { id, comeBack: false })
  home.receive()
  await until(() => cluster.nodes[0]!.sockets.size === 2, 'the poll has come')
  cluster.network.cut(cluster.engines[0]!)
  cluster.network.forget(cluster.engines[0]!)
  const later = await cluster.client(1, 'xhr-polling', { id, comeBack: false }).open()
  cluster.network.mend()
  t.same(await home.closed, { code: 2010, reason: 'Another connection still open' })
  t.match(await cluster.nodes[0]!.closing(), { code: 2010 })
  later.receive()
  const session = await cluster.nodes[1]!.session()
  await until(() => session.output.receiver !== null, 'the poll has come')
  session.send('goes on')
  t.same(await later.messages(1), ['goes on'])
  later.receive()
  await until(() => session.output.receiver !== null, 'the next poll has come')
  await cluster.pass(10_000)
  t.equal(cluster.network.owners.get([...cluster.network.owners.keys()][0]!), cluster.engines[1])
})

t.test('a claim that is lost while the option session runs: the request gets 2010, and no session opens', async (t) => {
  let go = (): void => {}
  const cluster = await buildCluster(t, 2, { handler: idle, endpoint: { session: (request) => request.headers['x-wait'] === undefined ? {} : new Promise((resolve) => { go = () => resolve({}) }) } })
  const id = newId()
  const first = cluster.client(0, 'xhr-polling', { id, comeBack: false, headers: { 'x-wait': '1' } })
  first.receive()
  await until(() => cluster.network.owners.size === 1, 'the claim')
  cluster.network.cut(cluster.engines[0]!)
  cluster.network.forget(cluster.engines[0]!)
  await cluster.client(1, 'xhr-polling', { id, comeBack: false }).open()
  cluster.network.mend()
  go()
  t.same(await first.closed, { code: 2010, reason: 'Another connection still open' })
  t.equal(cluster.nodes[0]!.sessions.all.length, 0)
})
