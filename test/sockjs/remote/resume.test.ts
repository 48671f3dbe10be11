// Sessions that one node owns, and whose clients come back to other nodes.
import t, { type Test } from 'tap'
import { newId } from '../../support/client.ts'
import { buildCluster, idle, type TestCluster } from '../../support/cluster.ts'
import { ask } from '../../support/http.ts'
import { leave, type LinkOptions, readToken, RESUMABLE, type ResumableTransport, TestLink } from '../../support/resuming-client.ts'
import { until } from '../../support/wait.ts'

const RESUME = { endpoint: { resume: { within: 20_000 } }, handler: idle }

function connect (t: Test, cluster: TestCluster, node: number, transport: ResumableTransport, resume: string, more: Partial<LinkOptions> = {}): TestLink {
  const link = TestLink.open(transport, { port: cluster.nodes[node]!.port, resume, ...more })
  t.teardown(() => link.cut())
  return link
}

/** Opens a session at the first node, and waits until other nodes can find its token. */
async function begin (t: Test, cluster: TestCluster, transport: ResumableTransport, more: Partial<LinkOptions> = {}) {
  const link = connect(t, cluster, 0, transport, '1', more)
  t.equal(await link.next(), 'o')
  const { token } = readToken(await link.next())
  const session = await cluster.nodes[0]!.session()
  const heard: string[] = []
  session.on('message', (message) => { heard.push(message) })
  await cluster.settle()
  return { link, token, session, heard }
}

for (const from of RESUMABLE) {
  for (const to of RESUMABLE) {
    t.test(`a session goes on through another node: ${from} to ${to}`, async (t) => {
      const cluster = await buildCluster(t, 3, RESUME)
      const { link, token, session, heard } = await begin(t, cluster, from)
      await link.send('in 1')
      session.send('out 1')
      t.equal(await link.next(), 'a["out 1"]')
      link.cut()
      session.send('out 2')
      const id = newId()
      const second = connect(t, cluster, 1, to, `${token}.1`, { id })
      t.equal(await second.next(), 'o')
      const next = readToken(await second.next())
      t.equal(next.count, 1)
      t.equal(await second.next(), 'a["out 2"]')
      await second.send('in 2', 'in 3')
      await until(() => heard.length === 3, 'the messages are here')
      session.send('out 3')
      t.equal(await second.next(), 'a["out 3"]')
      await second.confirm(3)
      await until(() => session.bufferedBytes === 0, 'the confirmation is here')
      t.equal(session.transport, to)
      t.equal(cluster.nodes[1]!.endpoint.sessions.size, 0)
      t.equal(cluster.nodes[0]!.endpoint.sessions.size, 1)

      // The first token is used up at every node.
      const late = connect(t, cluster, 2, to, `${token}.3`)
      await cluster.passUntil(until(() => late.ended, 'the refusal'))
      t.ok(late.frames.all.includes('r[]'))

      // Any node serves the new id, the owner too.
      if (to !== 'websocket') {
        for (const node of [2, 0]) {
          t.equal((await ask({ port: cluster.nodes[node]!.port, method: 'POST', path: `/echo/000/${id}/xhr_send?r=3`, body: `["to ${node}"]` })).status, 204)
        }
        await until(() => heard.length === 5, 'the messages are here')
      }

      // And once more, from an edge to the owner.
      await cluster.settle()
      second.cut()
      session.send('out 4')
      const third = connect(t, cluster, 0, from, `${next.token}.3`)
      t.equal(await third.next(), 'o')
      t.equal(readToken(await third.next()).count, heard.length)
      t.equal(await third.next(), 'a["out 4"]')
      await third.send('in 4')
      await until(() => heard.at(-1) === 'in 4', 'the message is here')
      t.strictSame(heard, ['in 1', 'in 2', 'in 3', ...(to === 'websocket' ? [] : ['to 2', 'to 0']), 'in 4'])
      t.equal(session.transport, from)
    })
  }
}

t.test('a WebSocket at an edge that closes ends the session, and one that is cut suspends it', async (t) => {
  const cluster = await buildCluster(t, 2, RESUME)
  const { link, token, session } = await begin(t, cluster, 'websocket')
  link.cut()
  const second = connect(t, cluster, 1, 'websocket', `${token}.0`)
  t.equal(await second.next(), 'o')
  const next = readToken(await second.next())
  second.cut()
  await until(() => session.suspended, 'the cut')
  const third = connect(t, cluster, 1, 'websocket', `${next.token}.0`)
  t.equal(await third.next(), 'o')
  t.match(await third.next(), /^r\["/)
  ;(third as unknown as { ws: import('ws').WebSocket }).ws.close(3001, 'enough')
  t.strictSame(await cluster.nodes[0]!.closing(), { code: 3001, reason: 'enough', clean: true, undelivered: 0 })
})

t.test('a session that its application closes: the WebSocket at the edge gets the close frame', async (t) => {
  const cluster = await buildCluster(t, 2, RESUME)
  const { link, token, session } = await begin(t, cluster, 'websocket')
  link.cut()
  const second = connect(t, cluster, 1, 'websocket', `${token}.0`)
  await second.next()
  await second.next()
  session.send('last')
  session.close(3000, 'bye')
  t.equal(await second.next(), 'a["last"]')
  t.equal(await second.next(), 'c[3000,"bye"]')
  t.match(await cluster.nodes[0]!.closing(), { code: 3000, clean: true, undelivered: 0 })
  await until(() => second.ended, 'the end of the WebSocket')
})

t.test('a broken message at an edge ends the session as at its owner', async (t) => {
  const cluster = await buildCluster(t, 2, RESUME)
  const { link, token } = await begin(t, cluster, 'websocket')
  link.cut()
  const second = connect(t, cluster, 1, 'websocket', `${token}.0`)
  await second.next()
  await second.next()
  ;(second as unknown as { ws: import('ws').WebSocket }).ws.send('no JSON')
  t.match(await cluster.nodes[0]!.closing(), { code: 3000, reason: 'Broken framing.' })
})

t.test('a client at an edge that leaves by its last send ends the session', async (t) => {
  const cluster = await buildCluster(t, 2, RESUME)
  const { link, token, heard } = await begin(t, cluster, 'xhr-streaming')
  link.cut()
  const second = connect(t, cluster, 1, 'xhr-streaming', `${token}.0`)
  await second.next()
  await second.next()
  t.equal(await leave(second, 'bye'), 204)
  t.match(await cluster.nodes[0]!.closing(), { code: 1000, clean: true })
  t.strictSame(heard, ['bye'])
})

for (const transport of RESUMABLE) {
  t.test(`${transport}: a wrong token, and the token of another user, are refused by every node`, async (t) => {
    const cluster = await buildCluster(t, 2, { ...RESUME, endpoint: { ...RESUME.endpoint, user: (request) => request.headers['x-user'] } })
    const { link, token, session } = await begin(t, cluster, 'websocket', { headers: { 'x-user': 'kim' } })
    link.cut()
    await until(() => session.suspended, 'the cut')
    for (const [wrong, user] of [['AAECAwQFBgcICQoLDA0ODw', 'kim'], [token, 'lee']] as const) {
      const stranger = connect(t, cluster, 1, transport, `${wrong}.0`, { headers: { 'x-user': user } })
      await cluster.passUntil(until(() => stranger.ended, 'the refusal'))
      t.strictSame(stranger.frames.all, transport === 'xhr-polling' ? ['r[]'] : ['o', 'r[]', 'c[1002,"Session cannot be resumed"]'])
    }
    t.ok(session.suspended)
    t.equal(cluster.nodes[1]!.sessions.all.length, 0)
  })
}

t.test('a late poll of the old connection opens no session at any node', async (t) => {
  const cluster = await buildCluster(t, 2, RESUME)
  const id = newId()
  const { link, token } = await begin(t, cluster, 'xhr-polling', { id })
  link.cut()
  const second = connect(t, cluster, 1, 'xhr-polling', `${token}.0`)
  await second.next()
  await second.next()
  for (const node of cluster.nodes) {
    for (const route of ['xhr?r=0', 'xhr_send?r=0']) {
      t.equal((await ask({ port: node.port, method: 'POST', path: `/echo/000/${id}/${route}`, body: '["late"]' })).status, 404)
    }
  }
  t.equal(cluster.nodes.reduce((sum, { sessions }) => sum + sessions.all.length, 0), 1)
})

for (const transport of ['websocket', 'xhr-polling'] as const) {
  t.test(`${transport}: when the owner is dead, the client learns it`, async (t) => {
    const cluster = await buildCluster(t, 3, RESUME)
    const { link, token } = await begin(t, cluster, transport)
    link.cut()
    cluster.kill(0)
    await cluster.pass(12_000)
    const second = connect(t, cluster, 1, transport, `${token}.0`)
    await cluster.passUntil(until(() => second.ended, 'the refusal'))
    t.ok(second.frames.all.includes('r[]'))
    t.equal(cluster.nodes[1]!.endpoint.sessions.size, 0)
  })
}

t.test('an edge that is killed suspends its sessions, and another one resumes them', async (t) => {
  const cluster = await buildCluster(t, 3, RESUME)
  const { link, token, session } = await begin(t, cluster, 'websocket')
  link.cut()
  const second = connect(t, cluster, 1, 'websocket', `${token}.0`)
  await second.next()
  const next = readToken(await second.next())
  await cluster.settle()
  cluster.kill(1)
  session.send('on its way')
  await cluster.pass(12_000)
  const third = connect(t, cluster, 2, 'websocket', `${next.token}.0`)
  t.equal(await third.next(), 'o')
  t.match(await third.next(), /^r\["/)
  t.equal(await third.next(), 'a["on its way"]')
  t.equal(session.state, 'open')
})

t.test('the claims of tokens end with their sessions', async (t) => {
  const cluster = await buildCluster(t, 2, RESUME)
  const { link, token, session } = await begin(t, cluster, 'xhr-streaming')
  const { endpoint } = cluster.nodes[0]!
  const key = endpoint.registration.node!.names.key('resume', endpoint.name, token)
  const owner = async (): Promise<string | null> => await cluster.engines[1]!.claims.locate(key)
  t.equal(await owner(), cluster.node(0).id)
  session.terminate()
  await until(async () => await owner() === null, 'the claim has ended')
  link.cut()
})

t.test('publications that come twice and late double no message', async (t) => {
  const cluster = await buildCluster(t, 3, RESUME)
  const again: (() => void)[] = []
  cluster.twice((arrive) => { again.push(arrive) })
  const { link, token, session, heard } = await begin(t, cluster, 'websocket')
  link.cut()
  let last = { token, link }
  let got = 0
  for (let round = 0; round < 8; round++) {
    const next = connect(t, cluster, 1 + round % 2, RESUMABLE[round % RESUMABLE.length]!, `${last.token}.${got}`)
    t.equal(await next.next(), 'o')
    const { token, count } = readToken(await next.next())
    t.equal(count, round)
    session.send(`out ${round}`)
    t.equal(await next.next(), `a["out ${round}"]`)
    got++
    await next.send(`in ${round}`)
    await until(() => heard.length === round + 1, 'the message is here')
    for (const arrive of again.splice(0)) arrive()
    await cluster.settle()
    next.cut()
    last = { token, link: next }
  }
  t.strictSame(heard, Array.from({ length: 8 }, (_, round) => `in ${round}`))
})

for (const transport of RESUMABLE) {
  t.test(`${transport}: the engine is not asked for a claim that cannot be read`, async (t) => {
    const cluster = await buildCluster(t, 2, RESUME)
    const { claims } = cluster.engines[1]!
    const locate = claims.locate.bind(claims)
    let asked = 0
    claims.locate = (key) => {
      asked++
      return locate(key)
    }
    for (const [claim, expected] of [['garbage', 0], ['AAECAwQFBgcICQoLDA0ODw.01', 0], ['AAECAwQFBgcICQoLDA0ODw.1', 4]] as const) {
      const link = connect(t, cluster, 1, transport, claim)
      await cluster.passUntil(until(() => link.ended, 'the refusal'))
      t.ok(link.frames.all.includes('r[]'))
      t.equal(asked, expected, claim)
    }
  })
}

t.test('a client that comes back to another node before the engine has the claim of its token is found', async (t) => {
  const cluster = await buildCluster(t, 2, RESUME)
  const { link, token, session } = await begin(t, cluster, 'websocket')
  link.cut()
  await until(() => session.suspended, 'the cut')
  const { claims } = cluster.engines[1]!
  const locate = claims.locate.bind(claims)
  let early = 3
  claims.locate = async (key) => early-- > 0 ? null : locate(key)
  const second = connect(t, cluster, 1, 'websocket', `${token}.0`)
  await cluster.passUntil(until(() => !session.suspended, 'the session is resumed'))
  t.equal(session.state, 'open')
  t.notOk(second.frames.all.includes('r[]'))
})

t.test('a suspended session ends at its node as soon as its client claims messages at another one that are not kept any more', async (t) => {
  const cluster = await buildCluster(t, 2, { ...RESUME, endpoint: { ...RESUME.endpoint, resume: { within: 20_000, limit: 200 } } })
  const { link, token, session } = await begin(t, cluster, 'websocket')
  for (let i = 0; i < 8; i++) {
    session.send(`${i}`.padEnd(98, '.'))
    await link.next()
  }
  link.cut()
  await until(() => session.suspended, 'the cut')
  const second = connect(t, cluster, 1, 'websocket', `${token}.1`)
  await until(() => second.ended, 'the refusal')
  t.ok(second.frames.all.includes('r[]'))
  t.match(await cluster.nodes[0]!.closing(), { code: 1002, clean: false })
})
