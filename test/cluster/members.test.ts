import fc from 'fast-check'
import { test } from 'tap'
import { type Beat, writeBeat } from '../../src/cluster/beat.ts'
import { Names } from '../../src/cluster/names.ts'
import { ManualClock } from '../../src/core/clock.ts'
import { MemoryNetwork } from '../../src/engine/memory.ts'
import { advance, FatefulNetwork, startPeers, stopAll, Stranger, TestPeer, turns } from './peers.ts'

/** Makes a beat with a valid proof. */
function beatOf (secret: string, values: Partial<Beat> = {}): Buffer {
  return writeBeat({ wire: 1, id: 'b'.repeat(16), name: 'other', count: 1, up: true, goodbye: false, to: '', heard: 0, asks: false, ...values }, new Names(secret))
}

/** Starts a node while a stranger answers each of its beats. */
async function startBeside (answer: () => Buffer, facts = { secret: 'one' }): Promise<{ peer: TestPeer, error: Error | null }> {
  const network = new FatefulNetwork()
  const stranger = await new Stranger(network).start()
  const peer = new TestPeer(network, { facts, name: 'kim' })
  network.fate = (delivery) => {
    setImmediate(delivery.arrive)
    if (delivery.from === peer.id && delivery.to !== peer.id && delivery.channel === 'members') setImmediate(() => stranger.publish('members', answer()))
  }
  const error = await peer.node.start().then(() => null, (error: Error) => error)
  return { peer, error }
}

test('nodes know each other after their start, although no clock moves', async (t) => {
  const peers = await startPeers(new MemoryNetwork(), 5)
  for (const peer of peers) t.strictSame(peer.members.sort(), peers.map(({ id }) => id).filter((id) => id !== peer.id).sort())
  t.strictSame(peers.map(({ clock }) => clock.now()), [0, 0, 0, 0, 0])
  await stopAll(peers)
  for (const peer of peers) t.equal(peer.clock.pending, 0, 'a stopped node has no timers')
})

test('the last node that starts knows the others when its start is complete', async (t) => {
  const network = new MemoryNetwork()
  const peers = await startPeers(network, 3)
  const last = new TestPeer(network)
  await last.node.start()
  t.equal(last.members.length, 3)
  for (const peer of peers) t.ok(peer.node.members.has(last.id))
  await stopAll([...peers, last])
})

test('a node that starts is silent until it receives the answers', async (t) => {
  const network = new FatefulNetwork()
  const peers = await startPeers(network, 2)
  // No time passes on the way, so that the answer to a beat comes back within the beat.
  network.fate = ({ arrive }) => arrive()
  const last = new TestPeer(network)
  await last.node.start()
  t.strictSame(last.members.sort(), peers.map(({ id }) => id).sort())
  for (const peer of peers) t.ok(peer.node.members.has(last.id))
  await stopAll([...peers, last])
})

test('a node that starts without the engine greets the others when it receives their answers', async (t) => {
  const network = new FatefulNetwork()
  const peers = await startPeers(network, 2)
  network.fate = ({ arrive }) => arrive()
  const last = new TestPeer(network)
  last.cut()
  await last.node.start()
  t.strictSame(last.members, [])
  last.mend()
  await turns()
  t.strictSame(last.members.sort(), peers.map(({ id }) => id).sort())
  for (const peer of peers) t.ok(peer.node.members.has(last.id))
  await stopAll([...peers, last])
})

test('a node that stops leaves at once, and a late beat does not bring it back', async (t) => {
  const network = new FatefulNetwork()
  const [a, b] = await startPeers(network, 2) as [TestPeer, TestPeer]
  const changes: string[] = []
  a.node.members.onChange(({ id }, change) => changes.push(`${id} ${change}`))
  const late: (() => void)[] = []
  network.fate = ({ to, channel, arrive }) => {
    setImmediate(arrive)
    if (to === a.id && channel === 'members') late.push(arrive)
  }
  await advance([b], 2_100)
  await b.node.stop()
  await turns()
  t.strictSame(changes, [`${b.id} left`])
  t.equal(a.node.members.hasLeft(b.id), true)
  for (const arrive of late) arrive()
  await turns()
  t.ok(late.length >= 2, `${late.length} beats came again`)
  t.strictSame(a.members, [])
  t.equal(changes.length, 1)
  await a.node.stop()
})

test('a node whose goodbye came before its beats is not a member', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await startPeers(network, 1) as [TestPeer]
  const stranger = await new Stranger(network).start()
  stranger.publish('members', beatOf('', { count: 5, goodbye: true }))
  stranger.publish('members', beatOf('', { count: 4 }))
  await turns()
  t.strictSame(a.members, [])
  stranger.publish('members', beatOf('', { count: 6 }))
  await turns()
  t.strictSame(a.members, [])
  const greeting = JSON.parse(Buffer.from(stranger.heard.find(({ channel }) => channel === `n.${'b'.repeat(16)}`)!.data).toString()) as Beat
  t.match(greeting, { id: a.id, to: 'b'.repeat(16), heard: 6, asks: true })
  stranger.publish(`n.${a.id}`, beatOf('', { count: 7, to: a.id, heard: greeting.count }))
  await turns()
  t.strictSame(a.members, ['b'.repeat(16)])
  await a.node.stop()
})

test('a node that stops does not answer the beats of others after its goodbye', async (t) => {
  const network = new FatefulNetwork()
  const [a, b] = await startPeers(network, 2) as [TestPeer, TestPeer]
  // A beat of a node that a does not know is on its way as a stops.
  const held: (() => void)[] = []
  network.fate = ({ to, arrive }) => { if (to === a.id) held.push(arrive); else setImmediate(arrive) }
  const c = new TestPeer(network)
  await c.node.start()
  a.node.members.stop()
  for (const arrive of held) arrive()
  await turns()
  t.strictSame(b.members, [c.id])
  t.strictSame(c.members, [b.id])
  await stopAll([a, b, c])
})

test('a node that is silent for six seconds has left, and its next beat brings it back', async (t) => {
  const network = new FatefulNetwork()
  const [a, b] = await startPeers(network, 2) as [TestPeer, TestPeer]
  network.lose(({ from, to }) => from === b.id && to === a.id)
  await advance([a, b], 5_500)
  t.strictSame(a.members, [b.id])
  await advance([a, b], 2_600)
  t.strictSame(a.members, [])
  t.equal(a.node.members.hasLeft(b.id), true)
  t.strictSame(b.members, [a.id])
  network.lose(() => false)
  await advance([a, b], 2_100)
  t.strictSame(a.members, [b.id])
  t.equal(a.node.members.hasLeft(b.id), false)
  await stopAll([a, b])
})

test('two of three beats may be lost', async (t) => {
  const network = new FatefulNetwork()
  const peers = await startPeers(network, 2)
  // The nodes do not look at each other in the same moment.
  await advance(peers.slice(0, 1), 1_000)
  const left: string[] = []
  for (const { node } of peers) node.members.onChange((_, change) => left.push(change))
  let count = 0
  network.lose(({ from, to }) => from !== to && Math.floor(count++ / 2) % 3 !== 0)
  for (let i = 0; i < 60; i++) {
    await advance(peers, 1_000)
    for (const { members } of peers) if (members.length !== 1) t.fail(`a node has left after ${i} s`)
  }
  t.ok(count > 50)
  t.strictSame(left, [])
  await stopAll(peers)
})

/** A clock that jumps, as the clock of a process that was stopped does. */
class JumpingClock extends ManualClock {
  jumped = 0
  override now (): number { return super.now() + this.jumped }
}

test('a node that was stopped for 20 s does not take the others for dead', async (t) => {
  const network = new MemoryNetwork()
  const clock = new JumpingClock()
  const a = new TestPeer(network, { clock })
  await a.node.start()
  const [b] = await startPeers(network, 1) as [TestPeer]
  const changes: string[] = []
  a.node.members.onChange((_, change) => changes.push(change))
  clock.jumped = 20_000
  await advance([a, b], 3_000)
  t.strictSame(changes, [])
  // A node that is silent from now on still leaves.
  b.cut()
  await advance([a], 8_100)
  t.strictSame(changes, ['left'])
  await stopAll([a, b])
})

test('nodes with different secrets do not see each other, and each says so once a minute', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await startPeers(network, 1, { facts: { secret: 'one' } }) as [TestPeer]
  const [b] = await startPeers(network, 1, { facts: { secret: 'two' } }) as [TestPeer]
  await advance([a, b], 59_000)
  for (const peer of [a, b]) {
    t.strictSame(peer.members, [])
    t.equal(peer.log.lines.length, 1)
    t.strictSame(peer.log.lines[0]!.facts, { refused: 'secret', name: (peer === a ? b : a).node.name, id: (peer === a ? b : a).id, wire: 1 })
    t.match(peer.log.take()[0], /^error Another node has a different secret/)
  }
  await advance([a, b], 3_000)
  for (const peer of [a, b]) t.equal(peer.log.lines.length, 1)
  await stopAll([a, b])
})

test('SEC-S80: a stranger that invents nodes fills neither the log nor the memory', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await startPeers(network, 1, { facts: { secret: 'one' } }) as [TestPeer]
  const stranger = await new Stranger(network).start()
  for (let i = 0; i < 5_000; i++) stranger.publish('members', beatOf('a guess', { id: `${i}`.padStart(16, '0'), goodbye: i % 2 === 0 }))
  await turns()
  t.strictSame(a.members, [])
  t.equal(a.node.members.hasLeft('0'.repeat(16)), false)
  t.equal(a.log.lines.length, 101)
  await a.node.stop()
})

test('equal names are told, and the nodes work together', async (t) => {
  const network = new MemoryNetwork()
  const peers = await startPeers(network, 2, { name: 'kim' })
  await advance(peers, 30_000)
  for (const peer of peers) {
    t.equal(peer.members.length, 1)
    t.strictSame(peer.log.take(), ['error Another node has the name of this node too. Give each node its own name.'])
  }
  await stopAll(peers)
})

test('a node does not start beside a running node of another version', async (t) => {
  let count = 0
  const { peer, error } = await startBeside(() => beatOf('one', { wire: 2, count: ++count }))
  t.match(error, { code: 'FST_SOCKJS_ENGINE_REFUSED', message: /node kim has version 1 of the wire, and node other has version 2; update one of them, or give them different namespaces/ })
  t.equal(peer.node.state, 'stopped')
  t.equal(peer.clock.pending, 0)
})

test('a node starts beside a node of another version that starts too, and both are told', async (t) => {
  const { peer, error } = await startBeside(() => beatOf('one', { wire: 2, up: false }))
  t.equal(error, null)
  t.strictSame(peer.members, [])
  t.match(peer.log.take(), [/^error Another node has a different version of the wire/])
  await peer.node.stop()
})

test('SEC-S80: a stranger without the secret cannot keep a node from its start', async (t) => {
  const { peer, error } = await startBeside(() => beatOf('a guess', { wire: 2 }))
  t.equal(error, null)
  t.match(peer.log.take(), [/^error Another node has a different secret/])
  await peer.node.stop()
})

test('a node that runs tells its version to each node that starts, and stays', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await startPeers(network, 1) as [TestPeer]
  const stranger = await new Stranger(network).start()
  const before = stranger.heard.length
  stranger.publish('members', beatOf('', { wire: 9, up: false }))
  await turns()
  t.match(stranger.heard.slice(before + 1).map(({ data }) => JSON.parse(Buffer.from(data).toString()) as object), [{ id: a.id, wire: 1, up: true }])
  t.match(a.log.take(), [/^error Another node has a different version of the wire/])
  t.equal(a.node.state, 'available')
  await a.node.stop()
})

test('a stranger cannot change a beat, nor use one again', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await startPeers(network, 2, { facts: { secret: 'one' } }) as [TestPeer, TestPeer]
  const stranger = await new Stranger(network).start()
  await advance([a, b], 2_100)
  const [beat] = stranger.beats(b)
  const read = JSON.parse(Buffer.from(beat!).toString()) as Record<string, unknown>
  for (const change of [{ goodbye: true }, { id: 'c'.repeat(16) }, { name: 'lee' }, { count: 1_000 }, { up: false }, { wire: 2 }, { to: a.id }, { heard: 9 }, { asks: true }, { secret: '' }]) {
    stranger.publish('members', Buffer.from(JSON.stringify({ ...read, ...change })))
  }
  await turns()
  t.strictSame(a.members, [b.id])
  await b.node.stop()
  await turns()
  t.strictSame(a.members, [])
  for (let i = 0; i < 4; i++) {
    for (const each of stranger.beats(b)) stranger.publish('members', each)
    await advance([a], 2_000)
    t.strictSame(a.members, [])
  }
  await a.node.stop()
})

test('SEC-S80: a node that starts later does not count a node as a member whose beats and greetings were recorded', async (t) => {
  const network = new MemoryNetwork()
  const facts = { secret: 'one', sign: true }
  const stranger = await new Stranger(network).start()
  const [a, b] = await startPeers(network, 2, { facts }) as [TestPeer, TestPeer]
  await advance([a, b], 4_100)
  b.cut()
  const recorded = stranger.heard.splice(0).filter(({ channel }) => channel === 'members' || channel.startsWith('n.'))
  await advance([a], 8_100)
  const [late] = await startPeers(network, 1, { facts }) as [TestPeer]
  const changes: string[] = []
  for (const peer of [a, late]) peer.node.members.onChange((_, change) => changes.push(change))
  const greetings = (): number => stranger.heard.filter(({ channel, data }) => channel === `n.${b.id}` && !recorded.some((each) => Buffer.compare(each.data, data) === 0)).length
  for (let i = 0; i < 5; i++) {
    for (const { channel, data } of recorded) for (const to of [channel, `n.${late.id}`]) stranger.publish(to, data)
    await turns()
  }
  t.strictSame([late.members, a.members, changes], [[a.id], [late.id], []])
  t.equal(greetings(), recorded.filter(({ channel, data }) => channel === 'members' && Buffer.from(data).includes(b.id)).length, 'each recorded beat is answered once')
  b.mend()
  await advance([a, b, late], 2_100)
  t.strictSame(late.members.sort(), [a.id, b.id].sort())
  await stopAll([a, b, late])
})

test('a greeting of a node that has left counts only if it answers a later beat', async (t) => {
  const network = new FatefulNetwork()
  const [a, b] = await startPeers(network, 2) as [TestPeer, TestPeer]
  const held: (() => void)[] = []
  await advance([a, b], 2_100)
  // A greeting of b for a is under way when a counts b as gone.
  network.fate = ({ from, to, arrive }) => { if (from === b.id && to === a.id) held.push(arrive); else setImmediate(arrive) }
  b.node.members.receive(beatOf('', { id: a.id, name: 'a', count: a.node.members.count + 1, to: b.id, heard: 1, asks: true }))
  b.cut()
  await advance([a], 8_100)
  t.strictSame(a.members, [])
  for (const arrive of held) arrive()
  await turns()
  t.strictSame(a.members, [])
  await b.node.stop()
  await a.node.stop()
})

test('bytes that are not a beat are dropped, with one line a minute', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await startPeers(network, 2) as [TestPeer, TestPeer]
  const stranger = await new Stranger(network).start()
  await advance([a, b], 2_100)
  const [beat] = stranger.beats(b) as [Uint8Array]
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 1_100 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.record({ wire: fc.anything(), id: fc.anything(), name: fc.anything(), count: fc.anything(), up: fc.anything(), goodbye: fc.anything(), to: fc.anything(), heard: fc.anything(), asks: fc.anything(), secret: fc.anything() }, { requiredKeys: [] })
      .map((value) => Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(beat).toString()) as object, ...value }, (_, each: unknown) => typeof each === 'bigint' ? 0 : each))),
    fc.tuple(fc.nat(beat.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, change]) => beat.map((byte, i) => i === at ? byte ^ change : byte))
  )
  await fc.assert(fc.asyncProperty(garbage, async (data) => {
    stranger.publish('members', data)
    await turns(2)
    if (a.members.join() !== b.id) throw new Error(`the members are ${a.members.join()}`)
  }), { numRuns: 500 })
  const malformed = a.log.lines.filter(({ facts }) => facts.refused === 'malformed')
  t.equal(malformed.length, 1)
  await stopAll([a, b])
})

test('a listener that throws at a change is logged, and the others are called', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await startPeers(network, 1) as [TestPeer]
  const changes: string[] = []
  a.node.members.onChange(() => { throw new Error('a fault of the test') })
  const end = a.node.members.onChange((_, change) => changes.push(change))
  const peers = await startPeers(network, 1)
  t.strictSame(changes, ['joined'])
  t.strictSame(a.log.take(), ['error A listener has failed as a node joined or left.'])
  end()
  await stopAll(peers)
  await turns()
  t.strictSame(changes, ['joined'])
  await a.node.stop()
})
