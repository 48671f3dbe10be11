// Sessions that one node owns, and whose requests come to other nodes.
import t from 'tap'
import { HTTP, newId, POLLS, STREAMS } from '../../support/client.ts'
import { buildCluster, type TestCluster } from '../../support/cluster.ts'
import { type Answer, ask, startRequest, TcpPeer } from '../../support/http.ts'
import { until } from '../../support/wait.ts'

/** Responses of streams end with each frame, so that the next request can go to another node. */
const ONE_FRAME = { responseLimit: 1 }

/** Sends a payload to a node. */
function send (cluster: TestCluster, node: number, id: string, body: string, headers = {}, route = 'xhr_send') {
  return ask({ port: cluster.nodes[node]!.port, path: `/echo/000/${id}/${route}`, method: 'POST', headers: { 'content-type': 'text/plain', ...headers }, body })
}

/** Asks a node for frames of a session that polls. */
function poll (cluster: TestCluster, node: number, id: string, headers = {}, route = 'xhr') {
  return ask({ port: cluster.nodes[node]!.port, path: `/echo/000/${id}/${route}`, method: 'POST', headers })
}

for (const transport of HTTP) {
  t.test(`${transport}: a session of one node goes on at two others`, async (t) => {
    const cluster = await buildCluster(t, 3, { endpoint: ONE_FRAME })
    const { session, away, home, id } = await cluster.open(0, transport, 1)
    await home.ended
    const third = cluster.client(2, transport, { id, comeBack: false })
    t.equal((await third.send('from the third', 'node')).status, transport === 'jsonp-polling' ? 200 : 204)
    away.receive()
    t.same(await away.messages(2), ['from the third', 'node'])
    await away.ended
    await away.send('from the second ✓')
    third.receive()
    t.same(await third.messages(1), ['from the second ✓'])
    await third.ended
    home.receive()
    session.send('home')
    t.same(await home.messages(1), ['home'])
    t.equal(cluster.nodes[1]!.endpoint.sessions.size + cluster.nodes[2]!.endpoint.sessions.size, 0, 'only the first node has the session')
    t.equal(cluster.nodes[0]!.endpoint.sessions.size, 1)
  })

  t.test(`${transport}: a client at an edge gets the messages, then the close frame, and later requests get it again at other nodes`, async (t) => {
    const cluster = await buildCluster(t, 3, { endpoint: { ...ONE_FRAME, disconnectDelay: 5_000 } })
    const { session, away, home, id } = await cluster.open(0, transport, 1)
    await home.ended
    session.send('last')
    session.close(3000, 'enough')
    away.receive()
    t.same(await away.messages(1), ['last'])
    await away.ended
    for (const node of [2, 1, 0]) {
      const client = cluster.client(node, transport, { id, comeBack: false })
      client.receive()
      t.same(await client.closed, { code: 3000, reason: 'enough' })
      await client.ended
    }
    const event = await cluster.nodes[0]!.closing()
    t.match(event, { code: 3000, reason: 'enough', clean: true, undelivered: 0 })
    await cluster.pass(6_000)
    const late = cluster.client(1, transport, { id, comeBack: false })
    late.receive()
    t.equal(await late.frame(), 'o', 'after the disconnect delay the id is free')
    t.equal(cluster.nodes[1]!.endpoint.sessions.size, 1)
    t.equal(cluster.nodes[0]!.closings.all.length, 1)
  })
}

for (const transport of STREAMS) {
  t.test(`${transport}: the owner ends a stream of an edge at the same frame as a stream of its own`, async (t) => {
    const cluster = await buildCluster(t, 2, { endpoint: { responseLimit: 300 } })
    const route = { 'xhr-streaming': 'xhr_streaming', eventsource: 'eventsource', htmlfile: 'htmlfile?c=cb' }[transport]
    const method = transport === 'xhr-streaming' ? 'POST' : 'GET'
    const bodies: string[] = []
    for (const node of [0, 1]) {
      const { session, id, home } = await cluster.open(0, transport, 1)
      for (let i = 0; home.response?.complete !== true && i < 50; i++) {
        session.send('fill')
        await cluster.settle()
      }
      await home.ended
      const answer = ask({ port: cluster.nodes[node]!.port, path: `/echo/000/${id}/${route}`, method })
      await until(() => session.output.receiver !== null, 'the stream has come')
      for (let i = 0; session.output.receiver !== null && i < 50; i++) {
        session.send(`${i} ✓ "quoted" <é>\u2028`)
        await cluster.settle()
      }
      bodies.push((await answer).body)
    }
    t.ok(bodies[0]!.length > 300)
    t.equal(bodies[1], bodies[0])
  })
}

t.test('a request of another user, origin, address or transport gets 404 at an edge, and the session goes on', async (t) => {
  const cluster = await buildCluster(t, 2, {
    fastify: { trustProxy: true },
    endpoint: { user: (request) => request.headers['x-user'], bindAddress: true }
  })
  const headers = { 'x-user': 'kim', origin: 'http://a.example', 'x-forwarded-for': '192.0.2.1' }
  const { session, id } = await cluster.open(0, 'xhr-polling', 1, { headers })
  for (const wrong of [{ 'x-user': 'sam' }, { 'x-user': '' }, { origin: 'http://b.example' }, { 'x-forwarded-for': '192.0.2.2' }]) {
    t.equal((await poll(cluster, 1, id, { ...headers, ...wrong })).status, 404, `poll with ${JSON.stringify(wrong)}`)
    t.equal((await send(cluster, 1, id, '["x"]', { ...headers, ...wrong })).status, 404, `send with ${JSON.stringify(wrong)}`)
  }
  t.equal((await poll(cluster, 1, id, headers, 'xhr_streaming')).status, 404, 'another transport')
  t.equal((await send(cluster, 1, id, 'd=["x"]', headers, 'jsonp_send')).status, 404, 'the send of another transport')
  t.equal(session.state, 'open')
  t.equal((await send(cluster, 1, id, '["right"]', headers)).status, 204)
  t.equal((await poll(cluster, 1, id, headers)).body, 'a["right"]\n')
})

t.test('a send for a session that no node has gets 404 before its body is read', async (t) => {
  const cluster = await buildCluster(t, 2)
  const peer = new TcpPeer(cluster.nodes[1]!.port)
  cluster.nodes[1]!.own(peer)
  peer.write(`POST /echo/000/${newId()}/xhr_send HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n[`)
  t.match(await peer.see('Not found.'), /^HTTP\/1\.1 404/)
})

for (const transport of POLLS) {
  t.test(`${transport}: a send with a fault gets the same answer through an edge`, async (t) => {
    const cluster = await buildCluster(t, 2, { endpoint: { maxMessageSize: 20 } })
    const { session, home, away } = await cluster.open(0, transport, 1)
    for (const text of ['["x', '{"a":1}', '[1]', '', `["${'x'.repeat(21)}"]`, `["${'x'.repeat(20)}"]`, '[]']) {
      const [here, there] = [await home.sendText(text), await away.sendText(text)].map((answer) => ({ ...answer, headers: { ...(answer as Answer).headers, date: '' } }))
      t.same(there, here, `${text.slice(0, 20)}: ${here!.status}`)
    }
    t.equal(session.state, 'open')
  })
}

t.test('a body that is not UTF-8 gets 500 through an edge', async (t) => {
  const cluster = await buildCluster(t, 2)
  const { id } = await cluster.open(0, 'xhr-polling', 1)
  const answer = await ask({ port: cluster.nodes[1]!.port, path: `/echo/000/${id}/xhr_send`, method: 'POST', headers: { 'content-type': 'text/plain' }, body: Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]) })
  t.match(answer, { status: 500, body: 'Broken JSON encoding.\n' })
})

t.test('a second receiver of a session gets 2010, wherever the two are', async (t) => {
  const cluster = await buildCluster(t, 3)
  const { session, away } = await cluster.open(0, 'xhr-streaming', 1)
  away.receive()
  t.same(await away.closed, { code: 2010, reason: 'Another connection still open' }, 'the first at home')
  const polling = await cluster.open(0, 'xhr-polling', 1)
  polling.away.receive()
  await until(() => polling.session.output.receiver !== null, 'the first has come')
  for (const node of [0, 2]) {
    const second = cluster.client(node, 'xhr-polling', { id: polling.id, comeBack: false })
    second.receive()
    t.same(await second.closed, { code: 2010, reason: 'Another connection still open' }, 'the first at an edge')
  }
  polling.session.send('still open')
  t.same(await polling.away.messages(1), ['still open'])
  t.equal(session.state, 'open')
})

t.test('a request gets 2010 while the option session still runs at another node', async (t) => {
  let go = (): void => {}
  const cluster = await buildCluster(t, 2, { endpoint: { session: () => new Promise((resolve) => { go = () => resolve({}) }) } })
  const id = newId()
  const first = cluster.client(0, 'xhr-polling', { id, comeBack: false })
  first.receive()
  await until(() => cluster.network.owners.size === 1, 'the claim')
  const second = cluster.client(1, 'xhr-polling', { id, comeBack: false })
  second.receive()
  t.same(await second.closed, { code: 2010, reason: 'Another connection still open' })
  t.equal((await send(cluster, 1, id, '["x"]')).status, 404, 'it takes no messages yet')
  go()
  t.equal(await first.frame(), 'o')
})

t.test('of two first receivers at once on two nodes one opens the session, and the other gets 2010 or waits its turn', async (t) => {
  const cluster = await buildCluster(t, 2)
  for (let round = 0; round < 20; round++) {
    const id = newId()
    const clients = [0, 1].map((node) => cluster.client(node, 'xhr-streaming', { id, comeBack: false }))
    for (const client of clients) client.receive()
    const frames = await Promise.all(clients.map((client) => client.frame()))
    t.same(frames.toSorted(), ['c[2010,"Another connection still open"]', 'o'])
    for (const client of clients) client.abort()
  }
  const [first, second] = cluster.nodes
  await until(() => first!.closings.all.length + second!.closings.all.length === 20, 'all sessions are over')
  t.equal(first!.sessions.all.length + second!.sessions.all.length, 20)
})

t.test('sends reach a later session that has the id of an earlier one at another node', async (t) => {
  const cluster = await buildCluster(t, 3, { endpoint: { disconnectDelay: 1_000 } })
  const { session, away, id } = await cluster.open(0, 'xhr-polling', 2)
  await away.send('edge 2 knows the owner')
  session.terminate()
  await cluster.pass(2_000)
  const later = await cluster.client(1, 'xhr-polling', { id, comeBack: false }).open()
  t.equal((await away.send('for the later session')).status, 204)
  later.receive()
  t.same(await later.messages(1), ['for the later session'])
})

t.test('claims follow the sessions', async (t) => {
  const cluster = await buildCluster(t, 2, { endpoint: { disconnectDelay: 1_000, session: (request) => request.headers['x-fail'] === undefined ? {} : Promise.reject(new Error('no')) } })
  const { session } = await cluster.open(0, 'xhr-polling', 1)
  t.equal(cluster.network.owners.size, 1)
  t.equal((await poll(cluster, 1, newId(), { 'x-fail': '1' })).status, 500)
  t.equal(cluster.network.owners.size, 1, 'a session that the application refuses has none')
  const { response } = startRequest({ port: cluster.nodes[0]!.port, path: '/echo/websocket', headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==' } })
  await response
  t.equal(cluster.network.owners.size, 1, 'a WebSocket has none')
  session.close()
  await cluster.pass(3_000)
  t.equal(cluster.network.owners.size, 0)
})
