import t from 'tap'
import { memoryBroker } from '../../src/stomp.ts'
import { StompNodes } from './nodes.ts'
import { buildStomp, codeOf, headersOf, type StompTestClient } from './support.ts'

const idOf = (client: StompTestClient): string => client.connected!.headers.get('session')!

t.test('app.stomp.cluster: without an engine it knows this node', async (t) => {
  const { stomp, connect } = await withConnect()
  const kim = await connect('kim')
  await connect('kim')
  const lee = await connect('lee')
  const anonymous = await connect()
  for (const client of [kim, anonymous]) await client.subscribe('a', '/topic/a')
  await kim.subscribe('b', '/topic/a')
  await lee.subscribe('a', '/topic/*')
  t.strictSame(await stomp.cluster.count(), { sessions: 4, users: 2, complete: true })
  t.match(await stomp.cluster.user('kim'), { sessions: [{ id: idOf(kim), node: '', transport: 'websocket-raw' }, {}], complete: true })
  t.strictSame(await stomp.cluster.user('mia'), { sessions: [], complete: true })
  t.strictSame(await stomp.cluster.subscribers('/topic/a'), {
    subscribers: [{ session: idOf(kim), user: 'kim', node: '' }, { session: idOf(anonymous), user: null, node: '' }], complete: true
  }, 'a session with two subscriptions is named once, and a pattern does not count')
  t.strictSame(await stomp.cluster.close({ user: 'kim' }, 4001, 'enough'), { closed: 2, complete: true })
  t.match(await kim.closed, { code: 4001, reason: 'enough' })
  t.strictSame(await stomp.cluster.close({ session: idOf(anonymous) }), { closed: 1, complete: true })
  t.match(await anonymous.closed, { code: 1000, reason: 'Normal closure' })
  t.strictSame(stomp.publishToSession('unknown', '/queue/a', 1), { sessions: 0 }, 'there is no other place')

  async function withConnect () {
    const server = await buildStomp(t)
    return { stomp: server.stomp, connect: (user?: string) => server.connect({ user }) }
  }
})

t.test('app.stomp.cluster: wrong arguments', async (t) => {
  const { cluster } = (await buildStomp(t)).stomp
  for (const value of ['', undefined, 1] as never[]) {
    t.equal(await codeOf(() => cluster.user(value)), 'FST_STOMP_INVALID_OPTION')
    t.equal(await codeOf(() => cluster.subscribers(value)), 'FST_STOMP_INVALID_OPTION')
  }
  for (const filter of [{}, { user: undefined }, { user: 'kim', all: true }, null] as never[]) t.equal(await codeOf(() => cluster.close(filter)), 'FST_STOMP_INVALID_OPTION')
  t.equal(await codeOf(() => cluster.close({ all: true }, 1)), 'FST_SOCKJS_INVALID_CLOSE')
})

for (const [name, broker] of [['clusterBroker', undefined], ['memoryBroker', memoryBroker]] as const) {
  t.test(`app.stomp.cluster: all nodes answer, with ${name}`, async (t) => {
    // Each server has a broker of its own.
    const nodes = await StompNodes.start(t, 0)
    for (let i = 0; i < 3; i++) await nodes.add(broker === undefined ? {} : { stomp: { broker: broker() } })
    const [one, two, three] = nodes.servers
    const kims = [await one!.connect({ user: 'kim' }), await two!.connect({ user: 'kim' }), await two!.connect({ user: 'kim' })]
    const lee = await three!.connect({ user: 'lee' })
    const anonymous = await three!.connect()
    await kims[0]!.subscribe('a', '/topic/a')
    await lee.subscribe('a', '/topic/a')
    for (const { stomp } of nodes.servers) {
      t.strictSame(await stomp.cluster.count(), { sessions: 5, users: 2, complete: true }, 'a user on two nodes counts once')
      const { sessions, complete } = await stomp.cluster.user('kim')
      t.strictSame([sessions.map(({ id }) => id).sort(), complete], [kims.map(idOf).sort(), true])
      t.strictSame(sessions.map(({ node }) => node).sort(), ['node-0', 'node-1', 'node-1'])
      const { subscribers } = await stomp.cluster.subscribers('/topic/a')
      t.strictSame(subscribers.toSorted((a, b) => a.node < b.node ? -1 : 1), [
        { session: idOf(kims[0]!), user: 'kim', node: 'node-0' }, { session: idOf(lee), user: 'lee', node: 'node-2' }
      ])
    }
    t.strictSame(await three!.stomp.cluster.close({ user: 'kim' }, 4002, 'bye'), { closed: 3, complete: true })
    for (const kim of kims) t.match(await kim.closed, { code: 4002, reason: 'bye' })
    t.strictSame(await one!.stomp.cluster.close({ session: idOf(anonymous) }), { closed: 1, complete: true })
    t.strictSame(await one!.stomp.cluster.close({ session: idOf(anonymous) }), { closed: 0, complete: true })
    t.strictSame(await one!.stomp.cluster.close({ all: true }), { closed: 1, complete: true })
    await lee.closed
  })
}

t.test('app.stomp.cluster: an answer that does not come in 2 seconds is told, and no call hangs', async (t) => {
  const nodes = await StompNodes.start(t, 2)
  const [one, two] = nodes.servers
  await one!.connect({ user: 'kim' })
  await two!.connect({ user: 'lee' })
  nodes.kill(1)
  const calls = [
    one!.stomp.cluster.count(), one!.stomp.cluster.user('kim'), one!.stomp.cluster.subscribers('/topic/a'), one!.stomp.cluster.close({ user: 'lee' })
  ]
  await nodes.pass(2_000)
  t.match(await Promise.all(calls), [
    { sessions: 1, users: 1, complete: false }, { sessions: [{ node: 'node-0' }], complete: false }, { subscribers: [], complete: false }, { closed: 0, complete: false }
  ])
  await nodes.pass(8_000)
  t.strictSame(await one!.stomp.cluster.count(), { sessions: 1, users: 1, complete: true }, 'a node that has died is none any more')
})

t.test('app.stomp.cluster: without the engine, a node knows that it does not know the others', async (t) => {
  const nodes = await StompNodes.start(t, 1)
  nodes.cut(0)
  t.strictSame(await nodes.servers[0]!.stomp.cluster.count(), { sessions: 0, users: 0, complete: false })
  nodes.mend(0)
  t.strictSame(await nodes.servers[0]!.stomp.cluster.count(), { sessions: 0, users: 0, complete: true })
})

t.test('app.stomp.cluster: a list that is too long for an answer is cut, and not complete', async (t) => {
  const nodes = await StompNodes.start(t, 2)
  const [one, two] = nodes.servers
  const long = 'k'.repeat(7_000)
  for (let i = 0; i < 700; i++) await two!.connect({ user: `${i}${long}` })
  const { sessions, users, complete } = await one!.stomp.cluster.count()
  t.equal(sessions, 700)
  t.ok(users > 590 && users < 610, `4 MiB have room for ${users} of the names`)
  t.notOk(complete)
})

t.test('publishToUser reaches the sessions of the user on all nodes', async (t) => {
  const nodes = await StompNodes.start(t, 3)
  const clients = await Promise.all(nodes.servers.map(async (server) => await (await server.connect({ user: 'kim' })).subscribe('a', '/user/queue/a')))
  const lee = await (await nodes.servers[1]!.connect({ user: 'lee' })).subscribe('a', '/user/queue/a')
  const { sessions, elsewhere } = nodes.servers[0]!.stomp.publishToUser('kim', '/queue/a', { n: 1 }, { headers: { foo: 'bar' } })
  t.equal(sessions, 1)
  await elsewhere
  await nodes.settle()
  for (const client of clients) {
    const [message, ...more] = await client.arrived()
    t.match(headersOf(message!), { destination: '/user/queue/a', foo: 'bar', 'content-type': 'application/json' })
    t.strictSame([message!.body.text, more.length], ['{"n":1}', 0])
  }
  t.strictSame(await lee.bodies(), [])
})

t.test('publishToSession reaches a session on another node, by its id', async (t) => {
  const nodes = await StompNodes.start(t, 3)
  const [one, two, three] = nodes.servers
  const there = await (await two!.connect()).subscribe('a', '/user/queue/a')
  const other = await (await three!.connect()).subscribe('a', '/user/queue/a')
  for (const [value, body] of [['text', 'text'], [{ json: 1 }, '{"json":1}'], [Uint8Array.of(0x61, 0x62), 'ab']] as const) {
    const { sessions, elsewhere } = one!.stomp.publishToSession(idOf(there), '/queue/a', value, { headers: { foo: 'bar' } })
    t.equal(sessions, 0, 'no session of this node')
    await elsewhere
    await nodes.settle()
    const [message] = await there.arrived()
    t.strictSame([message!.body.text, message!.headers.get('foo'), message!.headers.get('destination')], [body, 'bar', '/user/queue/a'])
  }
  t.strictSame(await other.bodies(), [])
  t.strictSame(two!.stomp.publishToSession(idOf(there), '/queue/a', 1), { sessions: 1 }, 'a session of this node needs no other')
  const [session] = two!.stomp.sessions
  t.strictSame(two!.stomp.publishToSession(session!, '/queue/a', 2), { sessions: 1 })
  t.strictSame(await there.bodies(), ['1', '2'])
  there.inner.abort()
  t.strictSame(two!.stomp.publishToSession(session!, '/queue/a', 3), { sessions: 0 }, 'a session that has ended is nowhere else')
  await one!.stomp.publishToSession('unknown', '/queue/a', 4).elsewhere
  t.equal(await codeOf(() => one!.stomp.publishToSession('', '/queue/a', 1)), 'FST_STOMP_INVALID_OPTION')
})

t.test('publishToSession: elsewhere rejects if the engine stays away, and the log has it', async (t) => {
  const nodes = await StompNodes.start(t, 1)
  const [one] = nodes.servers
  nodes.cut(0)
  const { elsewhere } = one!.stomp.publishToSession('of-another-node', '/queue/a', 1)
  t.equal(await codeOf(() => nodes.passUntil(elsewhere!)), 'FST_SOCKJS_ENGINE_UNAVAILABLE')
  t.match(one!.log.join(''), 'a message for a user has not reached other processes')
})

t.test('a server starts while the engine is away, and joins when it is there', async (t) => {
  const nodes = await StompNodes.start(t, 1)
  nodes.network.kill()
  const late = await nodes.add()
  nodes.network.revive()
  await nodes.pass(3_000)
  const client = await (await late.connect()).subscribe('a', '/user/queue/a')
  await nodes.servers[0]!.stomp.publishToSession(idOf(client), '/queue/a', 'x').elsewhere
  await nodes.settle()
  t.strictSame(await client.bodies(), ['x'])
})
