import fc from 'fast-check'
import { test } from 'tap'
import { HEADER, readHeader, writeHeader } from '../../src/cluster/batch.ts'
import { writeBeat } from '../../src/cluster/beat.ts'
import { MalformedRecord } from '../../src/cluster/bytes.ts'
import { Names } from '../../src/cluster/names.ts'
import { SERVICES } from '../../src/cluster/services.ts'
import { type MemoryDelivery, MemoryNetwork } from '../../src/engine/memory.ts'
import { advance, FatefulNetwork, startPeers, stopAll, Stranger, type TestPeer, turns } from './peers.ts'

const SERVICE = 9
const MIB = 1024 * 1024

/** Notes the records and the breaks of a node. `bad` throws at a record. */
function listen (peer: TestPeer, bad: (text: string) => void = () => {}): { arrived: string[], breaks: string[] } {
  const heard = { arrived: [] as string[], breaks: [] as string[] }
  peer.node.serve(SERVICE, {
    received: (_, record) => {
      const text = Buffer.from(record).toString()
      heard.arrived.push(text)
      bad(text)
    },
    broken: (_, reason) => heard.breaks.push(reason)
  })
  return heard
}

function send (from: TestPeer, to: TestPeer, record: string | Uint8Array): void { from.node.link(to.id).send(SERVICE, Buffer.from(record)) }

async function pair (network: MemoryNetwork = new MemoryNetwork()): Promise<[TestPeer, TestPeer]> { return await startPeers(network, 2) as [TestPeer, TestPeer] }

/** Makes the next batch of a link of `from`, as a stranger can where publications have no signature. */
function forged (from: TestPeer, to: TestPeer, seq: number, body: Uint8Array): Buffer {
  const { epoch, peerEpoch } = from.node.link(to.id)
  const batch = Buffer.concat([Buffer.alloc(HEADER), body])
  writeHeader(batch, { flags: 0, from: from.id, source: epoch, target: peerEpoch, seq, ack: 0 })
  return batch
}

test('a record that is larger than a publication arrives whole', async (t) => {
  const [a, b] = await pair()
  const { arrived } = listen(b)
  for (const size of [0, 256 * 1024 - 43, 256 * 1024 - 42, 1_000_000, 3]) send(a, b, 'x'.repeat(size))
  await turns(40)
  t.strictSame(arrived.map((text) => text.length), [0, 262_101, 262_102, 1_000_000, 3])
  await stopAll([a, b])
})

test('the records of one turn are one publication', async (t) => {
  const network = new FatefulNetwork()
  const [a, b] = await pair(network)
  const { arrived } = listen(b)
  let publications = 0
  network.fate = ({ arrive }) => { publications++; setImmediate(arrive) }
  for (let i = 0; i < 100; i++) send(a, b, `${i}`)
  await turns()
  t.strictSame(arrived, Array.from({ length: 100 }, (_, i) => `${i}`))
  t.equal(publications, 1)
  await advance([a, b], 300)
  t.equal(publications, 2, 'one acknowledgement')
  t.equal(a.node.link(b.id).waitingBytes, 0)
  await stopAll([a, b])
})

test('a question has its answer, and none if the other node fails or is gone', async (t) => {
  const [a, b] = await pair()
  b.node.calls.serve(1, async (body, from) => Buffer.concat([body, Buffer.from(from)]))
  b.node.calls.serve(2, () => { throw new Error('cannot') })
  b.node.calls.serve(3, async () => await new Promise(() => {}))
  const ask = async (question: number): Promise<string | null> => {
    const answer = await a.node.calls.ask(b.id, question, Buffer.from('hi '), 1_000)
    return answer === null ? null : Buffer.from(answer).toString()
  }
  t.equal(await ask(1), `hi ${a.id}`)
  t.equal(await ask(2), null)
  t.equal(await ask(4), null)
  const late = ask(3)
  await turns()
  a.clock.advance(1_050)
  t.equal(await late, null)
  const gone = ask(3)
  await turns()
  await b.node.stop()
  t.equal(await gone, null)
  await turns()
  t.strictSame(a.members, [])
  await a.node.stop()
})

test('bytes that are no batch are not read as one', async (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (data) => {
    const batch = readHeader(data)
    return batch === null || (data.length >= 38 && data[0] === 1)
  }))
  t.pass()
})

test('a service that throws is logged, and the next records arrive', async (t) => {
  const [a, b] = await pair()
  const { arrived, breaks } = listen(b, (text) => { if (text === 'bad') throw new Error('a fault of the test') })
  for (const text of ['1', 'bad', '2']) send(a, b, text)
  await turns()
  t.strictSame([arrived, breaks], [['1', 'bad', '2'], []])
  t.strictSame(b.log.take(), ['error A service has failed at a record of another node.'])
  await stopAll([a, b])
})

test('a malformed record breaks the link at both ends, and the next record makes a new link', async (t) => {
  const [a, b] = await pair()
  const { arrived, breaks } = listen(b, (text) => { if (text === 'bad') throw new MalformedRecord('a number') })
  const other = listen(a)
  for (const text of ['1', 'bad', '2']) send(a, b, text)
  await turns()
  t.strictSame(arrived, ['1', 'bad'])
  t.strictSame(breaks, ['a record of another node is malformed: expected a number'])
  t.strictSame(other.breaks, ['the peer has broken the link'])
  t.strictSame(b.log.take(), ['warn A link breaks because a record of the other node is malformed.'])
  send(a, b, '3')
  await turns()
  t.strictSame(arrived, ['1', 'bad', '3'])
  await stopAll([a, b])
})

test('a service that throws at a break is logged, and the other services learn of it', async (t) => {
  const [a, b] = await pair()
  b.node.serve(SERVICE - 1, { received () {}, broken () { throw new Error('a fault of the test') } })
  const { breaks } = listen(b)
  send(a, b, '1')
  await turns()
  a.node.links.breakPeer(b.id, 'the test breaks it')
  await turns()
  t.strictSame(breaks, ['the peer has broken the link'])
  t.strictSame(b.log.take(), ['error A service has failed as it learnt of a broken link.'])
  await stopAll([a, b])
})

test('at most 64 MiB wait on a link', async (t) => {
  const network = new FatefulNetwork()
  const [a, b] = await pair(network)
  const there = listen(b)
  const { breaks } = listen(a)
  network.lose(({ channel }) => channel !== 'members')
  const record = new Uint8Array(MIB)
  const link = a.node.link(b.id)
  for (let i = 0; i < 63; i++) link.send(SERVICE, record)
  await turns()
  t.strictSame([link.isBroken, breaks], [false, []])
  link.send(SERVICE, record)
  t.equal(link.isBroken, true)
  t.strictSame(breaks, [], 'no service is told within its own call')
  await turns()
  t.strictSame(breaks, ['too much waits'])
  t.equal(a.node.link(b.id).waitingBytes, 0)
  network.lose(() => false)
  send(a, b, 'next')
  await advance([a, b], 1_000)
  t.strictSame(there.arrived, ['next'])
  await stopAll([a, b])
})

test('a peer that takes nothing gets 4 MiB of batches, not all that waits', async (t) => {
  const network = new FatefulNetwork()
  const [a, b] = await pair(network)
  listen(b)
  let publications = 0
  network.fate = ({ channel, arrive }) => { if (channel === 'members') setImmediate(arrive); else publications++ }
  for (let i = 0; i < 20; i++) a.node.link(b.id).send(SERVICE, new Uint8Array(MIB))
  await turns()
  t.equal(publications, 16)
  await stopAll([a, b])
})

test('a record that announces more than 64 MiB breaks the link', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(network)
  const stranger = await new Stranger(network).start()
  const { breaks } = listen(b)
  for (const [announced, expected] of [[64 * MIB, []], [64 * MIB + 1, ['a record of another node is malformed: expected at most 67108864 bytes, given 67108865']]] as const) {
    send(a, b, 'first')
    await turns()
    const body = Buffer.alloc(6, SERVICE)
    body.writeUInt32BE(announced, 1)
    stranger.publish(`n.${b.id}`, forged(a, b, 2, body))
    await turns()
    t.strictSame(breaks, expected)
    b.node.links.breakPeer(a.id, 'the test breaks it')
    await turns()
    breaks.length = 0
  }
  await stopAll([a, b])
})

test('records that fit no service, changed bit by bit, break the link or are answered, and nothing else happens', async (t) => {
  const [a, b] = await pair()
  b.node.calls.serve(1, (body) => body)
  const ask = async (): Promise<number | undefined> => (await a.node.calls.ask(b.id, 1, Buffer.from('hi'), 1_000))?.length
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (record) => {
    a.node.link(b.id).send(SERVICES.calls, record)
    await turns(4)
    const length = await ask()
    if (length !== 2) throw new Error(`the answer has ${length} bytes`)
  }), { numRuns: 500 })
  t.ok(b.log.lines.some(({ text }) => text.startsWith('A link breaks')))
  await stopAll([a, b])
})

test('valid batches that a stranger changes harm one link at most', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(network)
  const stranger = await new Stranger(network).start()
  const { arrived } = listen(b)
  listen(a)
  let count = 0
  // The epochs are not changed: where publications have no signature, a stranger can spoil those for ever.
  const at = fc.oneof(fc.integer({ min: 26, max: 80 }), fc.constant(1))
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.boolean(), async (changes, isNext) => {
    for (let i = 0; i < 3; i++) send(a, b, `${'record '.repeat(5)}${i}`)
    await turns(4)
    const batch = Buffer.from(stranger.to(b).at(-1)!)
    if (isNext) batch.writeUIntBE(batch.readUIntBE(26, 6) + 1, 26, 6)
    for (const [place, value] of changes) if (place < batch.length) batch[place] = value
    stranger.publish(`n.${b.id}`, batch)
    await turns(4)
    a.node.links.breakPeer(b.id, 'the test breaks it')
    await turns(4)
    const text = `after ${count++}`
    send(a, b, text)
    await turns(4)
    if (arrived.at(-1) !== text) throw new Error('a new link does not work')
    stranger.heard.length = 0
  }), { numRuns: 300 })
  t.strictSame([a.members, b.members], [[b.id], [a.id]])
  await stopAll([a, b])
})

test('a batch that acknowledges more than was sent counts for nothing', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(network)
  const stranger = await new Stranger(network).start()
  const { arrived } = listen(b)
  send(a, b, '1')
  await turns()
  const batch = forged(a, b, 2, Buffer.from([SERVICE, 0, 0, 0, 1, 50]))
  batch.writeUIntBE(1_000, 32, 6)
  stranger.publish(`n.${b.id}`, batch)
  await turns()
  t.strictSame(arrived, ['1'])
  t.strictSame(b.log.lines.map(({ facts }) => facts), [{ refused: 'malformed', thing: a.id }])
  await stopAll([a, b])
})

test('an old batch of a member never counts again, although many other nodes have come and gone', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(network)
  const stranger = await new Stranger(network).start()
  const { arrived } = listen(b)
  listen(a)
  send(a, b, 'once')
  await turns()
  const [first] = stranger.to(b) as [Uint8Array]
  b.node.links.breakPeer(a.id, 'the test breaks it')
  await turns()
  for (let i = 0; i < 1_200; i++) {
    const id = `${i}`.padStart(16, '0')
    for (const [count, goodbye] of [[1, false], [2, true]] as const) {
      const to = goodbye ? '' : b.id
      stranger.publish(goodbye ? 'members' : `n.${b.id}`, writeBeat({ wire: 1, id, name: 'other', count, up: true, goodbye, to, heard: 1, asks: false }, new Names('')))
      const batch = Buffer.alloc(HEADER)
      writeHeader(batch, { flags: 4, from: id, source: 1, target: 0, seq: 0, ack: 0 })
      if (!goodbye) stranger.publish(`n.${b.id}`, batch)
    }
  }
  await turns()
  stranger.publish(`n.${b.id}`, first)
  await turns()
  t.strictSame(arrived, ['once'])
  t.strictSame(b.members, [a.id])
  await stopAll([a, b])
})

test('a link that the engine leaves for 8 s breaks at both ends, and keeps no memory', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(network)
  const there = listen(b)
  const { breaks } = listen(a)
  send(a, b, '1')
  send(b, a, '1')
  await advance([a, b], 500)
  network.cut()
  for (let minute = 0; minute < 5; minute++) {
    for (let i = 0; i < 30; i++) a.node.link(b.id).send(SERVICE, new Uint8Array(MIB))
    t.ok(a.node.link(b.id).waitingBytes < 31 * MIB)
    await advance([a, b], 9_000)
  }
  t.equal(breaks.length, 5)
  t.equal(a.node.link(b.id).waitingBytes, 0)
  network.mend()
  send(a, b, '2')
  await advance([a, b], 2_000)
  t.strictSame(there.arrived, ['1', '2'])
  t.strictSame(there.breaks, ['the engine was away'])
  await stopAll([a, b])
  t.strictSame([a.clock.pending, b.clock.pending], [0, 0])
})

test('records that wait while the engine is away for less than 6 s arrive, and no link breaks', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(network)
  const there = listen(b)
  const { breaks } = listen(a)
  send(a, b, '1')
  await advance([a, b], 500)
  for (let i = 2; i < 6; i++) {
    network.kill()
    send(a, b, `${i}`)
    await advance([a, b], 5_000)
    network.revive()
    await advance([a, b], 500)
  }
  t.strictSame(there.arrived, ['1', '2', '3', '4', '5'])
  t.strictSame([there.breaks, breaks], [[], []])
  await stopAll([a, b])
})

test('a node that was stopped for 20 s and goes on learns that its links have broken, and works again', async (t) => {
  const network = new FatefulNetwork()
  const [a, b] = await pair(network)
  const [here, there] = [listen(a), listen(b)]
  send(a, b, '1')
  send(b, a, '1')
  await advance([a, b], 500)
  const held: MemoryDelivery[] = []
  network.fate = (delivery) => { if (delivery.to === b.id) held.push(delivery); else setImmediate(delivery.arrive) }
  send(a, b, '2')
  await advance([a], 20_000)
  t.strictSame(here.breaks, ['the peer was silent'])
  network.lose(() => false)
  for (const { arrive } of held) arrive()
  send(b, a, '2')
  await advance([a, b], 3_000)
  t.strictSame(there.arrived, ['1', '2'])
  t.equal(there.breaks.length, 1)
  send(a, b, '3')
  send(b, a, '3')
  await advance([a, b], 3_000)
  t.equal(there.arrived.at(-1), '3')
  t.equal(here.arrived.at(-1), '3')
  t.strictSame([here.breaks.length, there.breaks.length], [1, 1])
  await stopAll([a, b])
})

test('a node that does not exist costs one link for 6 s', async (t) => {
  const [a, b] = await pair()
  const { breaks } = listen(a)
  a.node.link('z'.repeat(16)).send(SERVICE, Buffer.from('nobody'))
  await advance([a, b], 5_500)
  t.strictSame(breaks, [])
  await advance([a, b], 1_600)
  t.strictSame(breaks, ['the peer is not there'])
  t.throws(() => a.node.link(a.id), /no link to itself/)
  t.throws(() => a.node.serve(SERVICE, { received () {}, broken () {} }), /service 9 has a handler already/)
  await stopAll([a, b])
  const late = a.node.link(b.id)
  t.equal(late.isBroken, true, 'a node that has stopped makes no links')
  await turns()
  t.equal(breaks.at(-1), 'this node has stopped')
})

test('a batch for another link is refused, and its records count for nothing', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(network)
  const stranger = await new Stranger(network).start()
  const { arrived, breaks } = listen(b)
  send(a, b, '1')
  send(b, a, '1')
  await turns()
  const other = forged(a, b, 2, Buffer.from([SERVICE, 0, 0, 0, 1, 50]))
  other.writeUInt32BE(999, 22)
  stranger.publish(`n.${b.id}`, other)
  await turns()
  t.strictSame([arrived, breaks], [['1'], ['the peer knows another link']])
  // A link whose first batches this node cannot have any more.
  const late = forged(a, b, 2, Buffer.from([SERVICE, 0, 0, 0, 1, 50]))
  late.writeUInt32BE(500, 18)
  late.writeUInt32BE(0, 22)
  stranger.publish(`n.${b.id}`, late)
  await turns()
  t.strictSame(arrived, ['1'])
  await stopAll([a, b])
})

test('a peer that says nothing learns within 5 s that its link is gone, although all word of it was lost', async (t) => {
  const network = new FatefulNetwork()
  const [a, b] = await pair(network)
  const { breaks } = listen(b)
  send(a, b, '1')
  send(b, a, '1')
  await advance([a, b], 500)
  network.lose(({ channel }) => channel !== 'members')
  a.node.links.breakPeer(b.id, 'the test breaks it')
  await turns()
  network.lose(() => false)
  t.strictSame(breaks, [])
  await advance([a, b], 5_500)
  t.strictSame(breaks, ['the peer has broken the link'])
  await stopAll([a, b])
})
