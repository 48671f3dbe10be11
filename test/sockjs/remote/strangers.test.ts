// Bad input on the channels of nodes, and clients that ask for sessions which no node has.
import type { Socket } from 'node:net'
import t from 'tap'
import { Writer } from '../../../src/cluster/bytes.ts'
import { readBeat, writeBeat } from '../../../src/cluster/beat.ts'
import { Names } from '../../../src/cluster/names.ts'
import type { Engine, EngineChannels } from '../../../src/engine/engine.ts'
import { type CloseEvent, ManualClock, type Session } from '../../../src/index.ts'
import { buildNode } from '../../support/server.ts'
import type { ClusterNode } from '../../../src/cluster/node.ts'
import { SERVICES } from '../../../src/cluster/services.ts'
import { SignedChannels } from '../../../src/cluster/signed-channels.ts'
import { connect, newId } from '../../support/client.ts'
import { buildCluster, idle, type TestCluster } from '../../support/cluster.ts'
import { ask } from '../../support/http.ts'
import { Arrivals, until } from '../../support/wait.ts'
import { Stranger } from '../../cluster/peers.ts'

t.test('SEC-S80: garbage and foreign publications on the channels of nodes and members change nothing', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { session, away } = await cluster.polling()
  const stranger = await new Stranger(cluster.network).start()
  const channels = [...cluster.engines.map(({ node }) => `n.${node}`), 'members', broadcastChannel(cluster)]
  for (const channel of channels) {
    for (const text of ['', '\0', 'x'.repeat(38), '{"wire":1,"id":"stranger-strange","name":"x","up":true}', JSON.stringify({ wire: 99, id: 'stranger-strange', name: 'x', up: true })]) stranger.publish(channel, Buffer.from(text))
    for (let i = 0; i < 200; i++) stranger.publish(channel, Buffer.from(Array.from({ length: 1 + i }, () => Math.trunc(Math.random() * 256))))
  }
  await cluster.settle()
  session.send('nothing has changed')
  t.same(await away.messages(1), ['nothing has changed'])
})

t.test('SEC-S80: publications that arrive twice or again later change nothing', async (t) => {
  const again: (() => void)[] = []
  const cluster = await buildCluster(t, 2, { handler: idle })
  cluster.twice((arrive) => again.push(arrive))
  const { session, away } = await cluster.open(0, 'xhr-polling', 1)
  const got: unknown[] = []
  session.on('message', (message) => got.push(message))
  for (let i = 0; i < 5; i++) {
    t.equal((await away.send(`in ${i}`)).status, 204)
    away.receive()
    session.send(`out ${i}`)
    t.same(await away.messages(1), [`out ${i}`])
    await away.ended
    for (const arrive of again) arrive()
    await cluster.settle()
  }
  t.same(got, ['in 0', 'in 1', 'in 2', 'in 3', 'in 4'])
  t.equal(session.state, 'open')
  t.equal(cluster.edge(1).legs + cluster.edge(1).sends, 0)
})

t.test('SEC-S80: with signatures, a program that can publish cannot make, change, move or repeat a message between nodes', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, facts: { secret: 'a secret of the nodes', sign: true } })
  const stranger = await new Stranger(cluster.network).start()
  const { session, away } = await cluster.polling()
  const got: unknown[] = []
  session.on('message', (message) => got.push(message))
  session.send('out')
  t.same(await away.messages(1), ['out'])
  await away.ended
  t.match(await away.send('in'), { status: 204 })
  await cluster.nodes[0]!.endpoint.cluster.broadcast('to all')
  await cluster.settle()

  const recorded = stranger.heard.filter(({ channel }) => channel !== 'members')
  const channels = [...new Set(recorded.map(({ channel }) => channel))]
  t.equal(channels.length, 3, 'the channels of both nodes, and that of broadcasts')
  for (const { channel, data } of recorded) {
    stranger.publish(channel, data)
    for (const other of channels) if (other !== channel) stranger.publish(other, data)
    for (let i = 0; i < data.length; i++) stranger.publish(channel, data.map((byte, at) => at === i ? byte ^ 1 : byte))
  }
  const forged = new Writer().text(cluster.engines[0]!.node).u48(2).bytes(new Writer().u32(0).u8(0).text('forged').done()).done()
  const channelsOfStranger = { publish: (channel: string, data: Uint8Array) => stranger.publish(channel, data), flushed: async () => {}, subscribe: async () => idle }
  const { id, members, engine } = cluster.node(0)
  const guess = new SignedChannels({ id, members, engine: { ...engine, channels: channelsOfStranger } } as unknown as ClusterNode, 'a guess')
  stranger.publish(broadcastChannel(cluster), forged)
  guess.publish(broadcastChannel(cluster), forged)
  await cluster.settle()

  await cluster.nodes[0]!.endpoint.cluster.broadcast('end')
  away.receive()
  t.same(await away.messages(2), ['to all', 'end'])
  t.same(got, ['in'])
  t.equal(session.state, 'open')
})

for (const [name, service, record] of [
  ['an operation of an edge that does not exist', SERVICES.toOwner, [99, 0, 0, 0, 1]],
  ['an operation of an owner that does not exist', SERVICES.toEdge, [99, 0, 0, 0, 1]],
  ['a record that is too short', SERVICES.toOwner, [1, 0]],
  ['a transport that does not exist', SERVICES.toOwner, [1, 0, 0, 0, 1, 0, 0, 0, 0, 77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['an outcome that does not exist', SERVICES.toEdge, [7, 0, 0, 0, 1, 77]]
] as const) {
  t.test(`a member that sends ${name} loses its link, and both ends learn that`, async (t) => {
    const cluster = await buildCluster(t, 2, { handler: idle })
    const { session, away } = await cluster.polling()
    const lost = away.frame()
    const [from, to] = service === SERVICES.toOwner ? [1, 0] : [0, 1]
    cluster.node(from).link(cluster.engines[to]!.node).send(service, Uint8Array.from(record))
    await t.rejects(lost, 'the response is cut')
    t.match(await cluster.nodes[0]!.closing(), { code: 1002 })
    t.equal(session.state, 'closed')
    const { away: again } = await cluster.open(0, 'xhr-polling', 1)
    t.match(await again.send('the next link works'), { status: 204 })
  })
}

t.test('an edge that reports a response as complete which the owner has not ended ends the session', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { session } = await cluster.polling()
  cluster.node(1).link(cluster.engines[0]!.node).send(SERVICES.toOwner, Uint8Array.from([3, 0, 0, 0, 1]))
  t.match(await cluster.nodes[0]!.closing(), { code: 1002 })
  t.notOk(session.send('would be lost'))
})

t.test('records about legs and sends that do not exist change nothing', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { session, away } = await cluster.polling()
  for (const operation of [2, 3, 4, 5, 7]) cluster.node(1).link(cluster.engines[0]!.node).send(SERVICES.toOwner, Uint8Array.from([operation, 9, 9, 9, 9, 0, 0, 0, 0, 0, 9]))
  for (const operation of [1, 2, 3, 4, 5, 6, 7]) cluster.node(0).link(cluster.engines[1]!.node).send(SERVICES.toEdge, Uint8Array.from([operation, 9, 9, 9, 9, 0, 0, 0, 0]))
  for (const position of [0, 200]) cluster.node(1).link(cluster.engines[0]!.node).send(SERVICES.toOwner, Uint8Array.from([2, 0, 0, 0, 1, 0, 0, 0, 0, 0, position]))
  await cluster.settle()
  session.send('nothing has changed')
  t.same(await away.messages(1), ['nothing has changed'])
})

t.test('an edge that is flooded with 10,000 ids which no node has answers 404 to all, keeps none, and serves the others', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { session, away } = await cluster.polling()
  const { app } = cluster.nodes[1]!
  const statuses = new Map<number, number>()
  for (let round = 0; round < 100; round++) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => app.inject({ method: 'POST', url: `/echo/000/flood${round}x${i}/xhr_send`, payload: '["x"]', headers: { 'content-type': 'text/plain' } })))
    for (const { statusCode } of answers) statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
  }
  t.same([...statuses], [[404, 10_000]])
  t.equal(cluster.network.owners.size, 1)
  t.equal(cluster.edge(1).legs, 1)
  t.equal(cluster.edge(1).sends, 0)
  session.send('still served')
  t.same(await away.messages(1), ['still served'])
})

t.test('two nodes with one name work, and both log the error', async (t) => {
  const lines: string[] = []
  const logger = { level: 'error', stream: { write: (line: string) => { lines.push(line) } } }
  const cluster = await buildCluster(t, 2, { handler: idle, plugin: { node: 'twin' }, fastify: { logger } })
  const { session, away } = await cluster.polling()
  session.send('works')
  t.same(await away.messages(1), ['works'])
  t.equal(lines.filter((line) => line.includes('Another node has the name of this node too')).length, 2)
  const { sessions, complete } = await cluster.nodes[0]!.endpoint.cluster.sessions()
  t.same([sessions.length, complete], [1, true])
})

/** Lets a node speak another version of the wire: the first byte of its batches and the version of its beats are higher by one. */
function ofNextVersion (engine: Engine): Engine {
  const names = new Names(engine.facts.secret)
  const shift = (data: Uint8Array, by: number): Uint8Array => {
    const beat = readBeat(data)
    if (beat !== null) return writeBeat({ ...beat, wire: beat.wire + by }, names)
    return data.map((byte, at) => at === 0 ? byte + by : byte)
  }
  const { facts, claims, logs, queues, channels } = engine
  const shifted: EngineChannels = {
    publish: (channel, data) => channels.publish(channel, channel === 'members' || channel.startsWith('n.') ? shift(data, 1) : data),
    flushed: () => channels.flushed(),
    subscribe: (name, listener) => channels.subscribe(name, (data, channel) => listener(name === 'members' || name.startsWith('n.') ? shift(data, -1) : data, channel))
  }
  return { facts, claims, logs, queues, channels: shifted, start: (context) => engine.start(context), stop: () => engine.stop() }
}

t.test('two nodes of different versions that start without the engine ignore each other with one error each, and serve their own sessions', async (t) => {
  const lines: string[] = []
  const logger = { level: 'error', stream: { write: (line: string) => { lines.push(line) } } }
  const cluster = await buildCluster(t, 2, { handler: idle, isKilled: true, fastify: { logger }, wrap: (engine, node) => node === 1 ? ofNextVersion(engine) : engine })
  cluster.network.revive()
  await cluster.pass(20_000)
  t.equal(lines.length, 2)
  for (const line of lines) t.match(line, 'Another node has a different version of the wire')
  for (const i of [0, 1]) {
    t.same([...cluster.node(i).members.all], [])
    const client = await cluster.client(i, 'xhr-polling', { comeBack: false }).open()
    const session = await cluster.nodes[i]!.session()
    session.send('local')
    client.receive()
    t.same(await client.messages(1), ['local'])
    t.match(await cluster.nodes[i]!.endpoint.cluster.sessions(), { complete: true, sessions: { length: 1 } })
  }
  t.equal(lines.length, 2)
})

t.test('a node of another version does not start beside one that runs', async (t) => {
  const cluster = await buildCluster(t, 1, { handler: idle, wrap: (engine, node) => node === 1 ? ofNextVersion(engine) : engine })
  const shared = { clock: new ManualClock(), sessions: new Arrivals<Session>(), closings: new Arrivals<CloseEvent>(), sockets: new Set<Socket>(), network: cluster }
  await t.rejects(buildNode({ handler: idle }, shared), { code: 'FST_SOCKJS_ENGINE_REFUSED' })
  t.ok(await cluster.client(0, 'xhr-polling').open())
})

t.test('requests for sessions that wait for the engine are bounded', async (t) => {
  const cluster = await buildCluster(t, 1, { handler: idle, plugin: { maxLookupsPerAddress: 0 } })
  cluster.network.cut()
  const { app, endpoint } = cluster.nodes[0]!
  const waiting = Array.from({ length: 10_000 }, (_, i) => app.inject({ method: 'POST', url: `/echo/000/wait${i}/xhr_send`, payload: '["x"]', headers: { 'content-type': 'text/plain' } }))
  await until(async () => (await ask({ port: cluster.nodes[0]!.port, path: `/echo/000/${newId()}/xhr`, method: 'POST', patience: 100 }).catch(() => null))?.status === 503, 'one more is refused at once')
  await connect(cluster.nodes[0]!, 'websocket')
  cluster.network.mend()
  const answers = await Promise.all(waiting)
  t.same([...new Set(answers.map(({ statusCode }) => statusCode))], [404])
  t.equal(endpoint.sessions.size, 1)
  t.ok(await cluster.client(0, 'xhr-polling').open())
})

/** The channel on which the nodes of a cluster hear broadcasts of `/echo`. */
function broadcastChannel (cluster: TestCluster): string {
  return `b.${cluster.node(0).names.key('endpoint', cluster.nodes[0]!.endpoint.name)}`
}
