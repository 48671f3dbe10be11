import { test } from 'tap'
import { Names } from '../../src/cluster/names.ts'
import { ClusterNode } from '../../src/cluster/node.ts'
import { ManualClock } from '../../src/core/clock.ts'
import { MemoryNetwork } from '../../src/engine/memory.ts'
import { advance, FatefulNetwork, Lines, startPeers, stopAll, Stranger, TestPeer, turns } from './peers.ts'

const SERVICE = 9

/** Notes the records that a node gets. */
function listen (peer: TestPeer): string[] {
  const arrived: string[] = []
  peer.node.serve(SERVICE, {
    received: (link, record) => arrived.push(`${link.peer} ${Buffer.from(record).toString()}`),
    broken: (link, reason) => arrived.push(`${link.peer} broken: ${reason}`)
  })
  return arrived
}

test('whenAvailable() waits for the engine, for as long as its caller wants', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await startPeers(network, 1) as [TestPeer]
  t.equal(await a.node.whenAvailable(0), true)
  a.cut()
  t.equal(await a.node.whenAvailable(0), false)
  const short = a.node.whenAvailable(1_000)
  const long = a.node.whenAvailable(5_000)
  await advance([a], 1_100)
  t.equal(await short, false)
  a.mend()
  t.equal(await long, true)
  t.equal(a.clock.pending, 1, 'only the beats have a timer')
  await a.node.stop()
})

test('a node is lost when its engine is away for 8 s, until it is back', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await startPeers(network, 1) as [TestPeer]
  a.cut()
  const waiting = a.node.whenAvailable(60_000)
  await advance([a], 7_900)
  t.equal(a.node.isLost, false)
  await advance([a], 200)
  t.equal(a.node.isLost, true)
  t.equal(await waiting, false)
  t.equal(await a.node.whenAvailable(60_000), false)
  a.mend()
  t.equal(a.node.isLost, false)
  t.equal(await a.node.whenAvailable(60_000), true)
  await a.node.stop()
  t.equal(a.node.isLost, true)
})

test('a call that waits for the engine ends as the node stops', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await startPeers(network, 1) as [TestPeer]
  a.cut()
  const before = a.node.whenAvailable(5_000)
  const stopped = a.node.stop()
  const during = a.node.whenAvailable(5_000)
  await stopped
  t.equal(await before, false)
  t.equal(await during, false)
  t.equal(await a.node.whenAvailable(5_000), false)
  t.equal(a.clock.pending, 0)
})

test('onGap() tells of lost publications until it is ended, and a listener that throws is logged', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await startPeers(network, 1) as [TestPeer]
  const gaps: string[] = []
  a.node.onGap(() => { throw new Error('a fault of the test') })
  const end = a.node.onGap((reason) => gaps.push(reason))
  a.cut()
  a.mend()
  t.strictSame(gaps, ['the network is back'])
  t.strictSame(a.log.take(), ['warn The state of the engine has changed.', 'error A listener has failed at a gap of the engine.', 'warn The state of the engine has changed.'])
  end()
  network.restart()
  t.equal(gaps.length, 1)
  await a.node.stop()
})

test('a log at warn has the loss of the engine and its return, with the length of the outage', async (t) => {
  const [a] = await startPeers(new MemoryNetwork(), 1) as [TestPeer]
  for (const outage of [3_000, 20_000]) {
    a.cut()
    a.clock.advance(outage)
    a.mend()
    t.match(a.log.lines.splice(0), [
      { level: 'warn', facts: { state: 'unavailable' } },
      { level: 'warn', facts: { state: 'available', outage } }
    ])
  }
  await a.node.stop()
})

test('a node starts while its engine is away, and joins when it is back', async (t) => {
  const network = new MemoryNetwork()
  const [b] = await startPeers(network, 1) as [TestPeer]
  const a = new TestPeer(network)
  const arrived = listen(a)
  a.cut()
  await a.node.start()
  t.equal(a.node.state, 'unavailable')
  t.strictSame(a.members, [])
  a.mend()
  await turns()
  t.strictSame([a.members, b.members], [[b.id], [a.id]])
  b.node.link(a.id).send(SERVICE, Buffer.from('hi'))
  await turns()
  t.strictSame(arrived, [`${b.id} hi`])
  await stopAll([a, b])
})

test('a node that stops before its engine was ever there leaves nothing behind', async (t) => {
  const network = new MemoryNetwork()
  network.kill()
  const a = new TestPeer(network)
  await a.node.start()
  await a.node.stop()
  t.equal(a.clock.pending, 0)
})

test('an engine serves one node', async (t) => {
  const network = new MemoryNetwork()
  const engine = network.engine()
  const nodes = [1, 2].map(() => new ClusterNode({ engine, clock: new ManualClock(), log: new Lines() }))
  await nodes[0]!.start()
  await t.rejects(nodes[1]!.start(), { code: 'FST_SOCKJS_ENGINE_REFUSED' })
  await nodes[0]!.stop()
})

test('a node has the given name, or a random one', async (t) => {
  const network = new MemoryNetwork()
  t.equal(new TestPeer(network, { name: 'web-1.eu_west' }).node.name, 'web-1.eu_west')
  t.match(new TestPeer(network).node.name, /^[\w-]{8}$/)
})

test('names are segments of base64url, differ by secret and by every part, and say nothing about their parts', async (t) => {
  const parts = [['a'], ['b'], ['a', ''], ['', 'a'], ['a', 'b'], ['a,b'], ['a","b'], ['ab'], []]
  const keys = ['', 'one', 'two'].flatMap((secret) => parts.map((each) => new Names(secret).key(...each)))
  t.equal(new Set(keys).size, keys.length)
  for (const key of keys) t.match(key, /^[\w-]{22}$/)
  t.match(new Names('').node('a-_9'), /^n\.a-_9$/)
})

test('SEC-S80: with signatures, nodes work together, and a stranger who changes, moves or makes a batch is refused', async (t) => {
  const network = new FatefulNetwork()
  const [a, b, c] = await startPeers(network, 3, { facts: { secret: 'one', sign: true } }) as [TestPeer, TestPeer, TestPeer]
  const stranger = await new Stranger(network).start()
  const arrived = listen(b)
  const others = listen(c)
  a.node.link(b.id).send(SERVICE, Buffer.from('hi'))
  await turns()
  t.strictSame(arrived, [`${a.id} hi`])
  const [batch] = stranger.to(b) as [Uint8Array]
  let refused = 0
  for (const data of [...Array.from(batch, (_, at) => batch.map((byte, i) => i === at ? byte ^ 1 : byte)), batch.subarray(0, -1), batch.subarray(0, -16), new Uint8Array(0), new Uint8Array(5)]) {
    stranger.publish(`n.${b.id}`, data)
    refused++
  }
  stranger.publish(`n.${c.id}`, batch)
  await turns()
  t.strictSame([arrived.length, others.length], [1, 0])
  t.strictSame(b.log.lines.map(({ facts }) => facts), [{ refused: 'signature', thing: `n.${b.id}` }])
  t.equal(c.log.lines.length, 1, 'a signature holds for one channel only')
  await advance([a, b, c], 61_000)
  stranger.publish(`n.${b.id}`, new Uint8Array(100))
  await turns()
  t.strictSame(b.log.lines[1]!.facts, { refused: 'signature', thing: `n.${b.id}`, untold: refused - 1 })
  t.match(b.log.lines[1]!.text, /signature does not fit the secret/)
  await stopAll([a, b, c])
})

test('SEC-S80: with signatures, recorded batches neither arrive twice nor keep a dead node alive', async (t) => {
  const network = new FatefulNetwork()
  const [a, b] = await startPeers(network, 2, { facts: { secret: 'one', sign: true } }) as [TestPeer, TestPeer]
  const stranger = await new Stranger(network).start()
  const arrived = listen(b)
  listen(a)
  for (let i = 0; i < 5; i++) {
    a.node.link(b.id).send(SERVICE, Buffer.from(`${i}`))
    b.node.link(a.id).send(SERVICE, Buffer.from(`${i}`))
    await advance([a, b], 200)
  }
  a.cut()
  for (let i = 0; i < 10; i++) {
    for (const data of stranger.to(b)) stranger.publish(`n.${b.id}`, data)
    await advance([b], 1_000)
  }
  t.strictSame(b.members, [])
  t.strictSame(arrived, [...[0, 1, 2, 3, 4].map((i) => `${a.id} ${i}`), `${a.id} broken: the peer was silent`])
  a.mend()
  await advance([a, b], 3_000)
  t.strictSame([a.members, b.members], [[b.id], [a.id]])
  for (const data of stranger.to(b)) stranger.publish(`n.${b.id}`, data)
  await turns()
  t.equal(arrived.length, 6)
  await stopAll([a, b])
})

test('publications that a node cannot use are logged once a minute', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await startPeers(network, 2) as [TestPeer, TestPeer]
  const stranger = await new Stranger(network).start()
  listen(b)
  const arrived = listen(a)
  a.node.link(b.id).send(77, Buffer.from('no such service'))
  b.node.link(a.id).send(SERVICE, Buffer.from('hi'))
  await turns()
  const [batch] = stranger.to(b) as [Uint8Array]
  const unknown = Buffer.from(batch)
  unknown.write('z'.repeat(16), 2)
  for (let minute = 0; minute < 2; minute++) {
    for (let i = 0; i < 10; i++) {
      stranger.publish(`n.${b.id}`, Buffer.from('not a batch'))
      stranger.publish(`n.${b.id}`, unknown)
      a.node.link(b.id).send(77, Buffer.from('no such service'))
      await advance([a, b], 100)
    }
    t.strictSame(b.log.take().sort(), [
      'info A publication was dropped because its sender is not a member of the cluster.',
      'warn A publication was dropped because it is not one of a node of this version.',
      'warn A record was dropped because this node does not have its service.'
    ])
    await advance([a, b], 61_000)
  }
  t.strictSame(arrived, [`${b.id} hi`])
  await stopAll([a, b])
})

test('a question to all nodes has all answers, and tells if one is missing', async (t) => {
  const network = new FatefulNetwork()
  const peers = await startPeers(network, 4)
  const [a, b, c, d] = peers as [TestPeer, TestPeer, TestPeer, TestPeer]
  for (const { node, id } of peers) node.calls.serve(1, async (body, from) => Buffer.from(`${Buffer.from(body).toString()} ${from} ${id}`))
  const ask = async (): Promise<{ answers: string[], complete: boolean }> => {
    const { answers, complete } = await a.node.calls.askAll(1, Buffer.from('hi'), 2_000)
    return { answers: answers.map(({ node, body }) => `${node}: ${Buffer.from(body).toString()}`).sort(), complete }
  }
  const answer = ({ id }: TestPeer): string => `${id}: hi ${a.id} ${id}`
  t.strictSame(await ask(), { answers: [b, c, d].map(answer).sort(), complete: true })
  network.lose(({ to }) => to === b.id)
  c.node.calls.serve(1, () => { throw new Error('a fault of the test') })
  const partial = ask()
  await advance([a], 2_100)
  t.strictSame(await partial, { answers: [answer(d)], complete: false })
  t.strictSame(c.log.take(), ['error This node has failed to answer a question of another node.'])
  network.lose(() => false)
  await d.node.stop()
  await advance([a, b], 1_000)
  c.node.calls.serve(1, () => Buffer.from(`hi ${a.id} ${c.id}`))
  t.strictSame(await ask(), { answers: [b, c].map(answer).sort(), complete: true })
  await stopAll(peers)
  t.strictSame(await ask(), { answers: [], complete: false }, 'a node that has stopped does not know the others')
})

test('a node without peers has all answers at once', async (t) => {
  const [a] = await startPeers(new MemoryNetwork(), 1) as [TestPeer]
  t.strictSame(await a.node.calls.askAll(1, new Uint8Array(0), 1_000), { answers: [], complete: true })
  await a.node.stop()
  t.equal(await a.node.calls.ask('z'.repeat(16), 1, new Uint8Array(0), 1_000), null, 'a node that has stopped asks in vain')
})
