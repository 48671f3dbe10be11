// Ends of responses, of clients and of nodes, where a session and its client are at two nodes.
import http from 'node:http'
import t from 'tap'
import { newId } from '../../support/client.ts'
import { buildCluster, idle } from '../../support/cluster.ts'
import { ask, startRequest } from '../../support/http.ts'
import { isSettled, until, within } from '../../support/wait.ts'

/** Responses of streams end with each frame, so that the next request can go to another node. */
const ONE_FRAME = { responseLimit: 1 }

t.test('a client that is cut at an edge ends the session with 1002, and the messages that no response got are undelivered', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { session, away } = await cluster.open(0, 'xhr-polling', 1)
  away.receive()
  await until(() => session.output.receiver !== null, 'the poll has come')
  // The edge cannot tell of the cut before these messages are sent.
  cluster.hold((from) => from === 1)
  away.abort()
  await until(() => cluster.edge(1).legs === 0, 'the edge has seen it')
  session.send('taken by the response')
  await cluster.settle()
  session.send('waits')
  session.send('waits too')
  cluster.release()
  t.match(await cluster.nodes[0]!.closing(), { code: 1002, clean: false, undelivered: 2 })
  const later = cluster.client(1, 'xhr-polling', { id: cluster.lastId, comeBack: false })
  later.receive()
  t.same(await later.closed, { code: 1002, reason: 'Connection interrupted' })
})

t.test('a client that goes while the owner is asked leaves no leg behind', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { session, away } = await cluster.open(0, 'xhr-polling', 1)
  cluster.hold(() => true)
  away.receive()
  await until(() => cluster.edge(1).legs === 1, 'the leg')
  away.abort()
  await until(() => cluster.nodes[1]!.sockets.size === 0, 'the edge has seen it')
  cluster.release()
  await until(() => cluster.edge(1).legs === 0, 'the edge has no leg')
  t.match(await cluster.nodes[0]!.closing(), { code: 1002 }, 'the session had taken the response already')
  t.equal(session.state, 'closed')
})

t.test('a client that goes while the engine is asked ends no session', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { session, away, id } = await cluster.open(0, 'xhr-polling', 1)
  cluster.network.cut(cluster.engines[1]!)
  away.receive()
  await until(() => cluster.nodes[1]!.sockets.size === 1, 'the request has come')
  away.abort()
  await until(() => cluster.nodes[1]!.sockets.size === 0, 'the edge has seen it')
  cluster.network.mend()
  await cluster.pass(1_000)
  const again = cluster.client(1, 'xhr-polling', { id, comeBack: false })
  again.receive()
  session.send('still there')
  t.same(await again.messages(1), ['still there'])
})

t.test('the next poll is faster than the word that the last response has left: 500 ms late, nothing is closed', async (t) => {
  const cluster = await buildCluster(t, 3, { handler: idle })
  const { session, away, id } = await cluster.open(0, 'xhr-polling', 1)
  for (const node of [2, 0]) {
    away.receive()
    await until(() => session.output.receiver !== null, 'the poll has come')
    cluster.hold((from) => from === 1)
    session.send('first')
    t.same(await away.messages(1), ['first'])
    await away.ended
    const next = cluster.client(node, 'xhr-polling', { id, comeBack: false })
    next.receive()
    session.send('second')
    await cluster.pass(500)
    t.notOk(await isSettled(next.frames.next()), `the next poll, at node ${node}, waits`)
    cluster.release()
    await until(() => next.frames.all.length === 1, 'the next poll has its answer')
    t.same(next.frames.all, ['a["second"]'])
    await next.ended
    await cluster.pass(500)
  }
  t.equal(session.state, 'open')
})

t.test('a word that the last response has left which is later than the patience of the owner ends the session with 1002', async (t) => {
  const cluster = await buildCluster(t, 3, { handler: idle })
  for (const node of [2, 0]) {
    const { session, away, id } = await cluster.open(0, 'xhr-polling', 1)
    away.receive()
    await until(() => session.output.receiver !== null, 'the poll has come')
    cluster.hold((from) => from === 1)
    session.send('first')
    await away.ended
    const next = cluster.client(node, 'xhr-polling', { id, comeBack: false })
    next.receive()
    session.send('second')
    await cluster.settle()
    await cluster.pass(800)
    t.equal(session.state, 'open')
    await until(async () => { await cluster.pass(250); return session.state === 'closed' }, 'the owner gives up')
    t.same(await next.closed, { code: 1002, reason: 'Connection interrupted' })
    t.match(await cluster.nodes[0]!.closing(), { code: 1002, undelivered: 1 })
    cluster.release()
    await cluster.pass(1_000)
  }
})

t.test('a leg that is handed back while the owner waits for the word of another edge carries nothing', async (t) => {
  const cluster = await buildCluster(t, 3, { handler: idle })
  const { session, away, id } = await cluster.open(0, 'xhr-polling', 1)
  away.receive()
  await until(() => session.output.receiver !== null, 'the poll has come')
  cluster.hold((from) => from === 1)
  session.send('first')
  await away.ended
  const next = cluster.client(2, 'xhr-polling', { id, comeBack: false })
  next.receive()
  await until(() => cluster.edge(2).legs === 1, 'the next poll')
  await cluster.settle()
  const drained = cluster.nodes[2]!.app.sockjs.drain({ delay: 0 })
  await cluster.pass(50)
  t.equal(await next.frame(), 'h', 'the poll ends')
  cluster.release()
  await cluster.pass(500)
  session.send('second')
  const home = cluster.client(0, 'xhr-polling', { id, comeBack: false })
  home.receive()
  t.same(await home.messages(1), ['second'])
  await within(drained, 'the drain')
})

for (const transport of ['xhr-polling', 'xhr-streaming', 'eventsource'] as const) {
  t.test(`${transport}: an edge that drains hands its responses back, and the sessions go on elsewhere`, async (t) => {
    const cluster = await buildCluster(t, 3, { handler: idle, endpoint: ONE_FRAME })
    const { session, away, home, id } = await cluster.open(0, transport, 1)
    await home.ended
    away.receive()
    await until(() => session.output.receiver !== null, 'the response has come')
    session.send('before')
    t.same(await away.messages(1), ['before'])
    await away.ended
    away.receive()
    await until(() => session.output.receiver !== null, 'the next response has come')
    const drained = cluster.nodes[1]!.app.sockjs.drain({ delay: 1_000 })
    await cluster.pass(500)
    t.ok(session.output.receiver !== null, 'not before the load balancer can know')
    await cluster.pass(1_000)
    await away.ended
    if (transport === 'xhr-polling') t.equal(await away.frame(), 'h')
    await cluster.pass(500)
    await within(drained, 'the drain')
    const other = cluster.client(2, transport, { id, comeBack: false })
    other.receive()
    session.send('after')
    t.same(await other.messages(1), ['after'])
    t.equal(session.state, 'open')
  })
}

t.test('an edge that drains still serves sessions of other nodes, ends its connections, and refuses new sessions', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { session, id } = await cluster.open(0, 'xhr-polling', 1)
  const agent = new http.Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const { port } = cluster.nodes[1]!
  cluster.nodes[1]!.app.sockjs.drain({ delay: 0 })
  const got: unknown[] = []
  session.on('message', (message) => got.push(message))
  const sent = await ask({ port, agent, path: `/echo/000/${id}/xhr_send`, method: 'POST', headers: { 'content-type': 'text/plain' }, body: '["x"]' })
  t.match(sent, { status: 204, headers: { connection: 'close' } })
  t.same(got, ['x'])
  const poll = ask({ port, agent, path: `/echo/000/${id}/xhr`, method: 'POST' })
  await until(() => session.output.receiver !== null, 'the poll has come')
  session.send('y')
  t.match(await poll, { status: 200, headers: { connection: 'close' }, body: 'a["y"]\n' })
  t.match(await ask({ port, agent, path: `/echo/000/${newId()}/xhr`, method: 'POST' }), { status: 503, headers: { connection: 'close' } })
})

t.test('app.close() of an edge ends polls that come while it closes with a frame', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  // A session of the edge whose client does not come back keeps the shutdown busy.
  const local = await cluster.client(1, 'xhr-polling', { comeBack: false }).open()
  await local.ended
  const { session, id, away } = await cluster.open(0, 'xhr-polling', 1)
  away.receive()
  await until(() => session.output.receiver !== null, 'the first poll has come')
  const closed = cluster.nodes[1]!.app.close() as unknown as Promise<unknown>
  const { request, response } = startRequest({ port: cluster.nodes[1]!.port, path: `/echo/000/${id}/xhr`, method: 'POST' })
  t.teardown(() => request.destroy())
  t.equal(await cluster.passUntil(away.frame()), 'h')
  await cluster.passUntil(response.then((incoming) => incoming.resume()))
  await cluster.passUntil(closed)
  t.equal(session.state, 'open')
  const home = cluster.client(0, 'xhr-polling', { id, comeBack: false })
  home.receive()
  session.send('goes on')
  t.same(await home.messages(1), ['goes on'])
})

t.test('app.close() of an owner tells the clients at other nodes, waits until they know, and frees the claims', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, endpoint: ONE_FRAME })
  const streams = await Promise.all((['xhr-streaming', 'xhr-polling', 'eventsource'] as const).map((transport) => cluster.open(0, transport, 1)))
  for (const { away, home, session } of streams) {
    await home.ended
    away.receive()
    await until(() => session.output.receiver !== null, 'the response has come')
  }
  const closed = cluster.nodes[0]!.app.close() as unknown as Promise<unknown>
  for (const { away } of streams) t.match(await cluster.passUntil(away.closed), { code: 1001 })
  await cluster.passUntil(closed)
  t.equal(cluster.network.owners.size, 0)
  const event = cluster.nodes[0]!.closings.all
  t.same(event.map(({ code, clean }) => ({ code, clean })), Array(3).fill({ code: 1001, clean: true }))
  const again = await cluster.client(1, 'xhr-polling', { id: streams[1]!.id, comeBack: false }).open()
  t.ok(again, 'the id is free at once')
})

t.test('a node that drains closes its sessions with 1012 at other nodes too, and frees their claims', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, endpoint: { disconnectDelay: 1_000 } })
  const { session, away } = await cluster.open(0, 'xhr-polling', 1)
  away.receive()
  await until(() => session.output.receiver !== null, 'the poll has come')
  const drained = cluster.nodes[0]!.app.sockjs.drain({ delay: 0, deadline: 1, code: 1012 })
  t.match(await cluster.passUntil(away.closed), { code: 1012 })
  await cluster.passUntil(drained)
  await cluster.pass(2_000)
  t.equal(cluster.network.owners.size, 0)
})

t.test('app.close() gives back the legs, and then ends the sessions in slices', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { id, away, session } = await cluster.open(0, 'xhr-polling', 1)
  away.receive()
  await until(() => session.output.receiver !== null, 'the poll has come')
  const { app, endpoint } = cluster.nodes[1]!
  for (let i = 0; i < 600; i++) await app.inject({ method: 'POST', url: `/echo/000/slice${i}/xhr` })
  const open = (): number => [...endpoint.sessions].filter(({ isOpen }) => isOpen).length
  const counts: number[] = []
  const edge = cluster.edge(1)
  const release = edge.release.bind(edge)
  edge.release = () => {
    if (counts.length === 0) {
      t.equal(edge.legs, 1)
      counts.push(open())
      queueMicrotask(() => counts.push(open()))
      setImmediate(() => setImmediate(() => counts.push(open())))
    }
    release()
  }
  await cluster.passUntil(app.close() as unknown as Promise<unknown>)
  t.same(counts, [600, 100, 0])
  const home = cluster.client(0, 'xhr-polling', { id, comeBack: false })
  home.receive()
  session.send('goes on')
  t.same(await home.messages(1), ['goes on'])
})
