import { test } from 'tap'
import { Broadcasts } from '../../src/cluster/broadcasts.ts'
import { Writer } from '../../src/cluster/bytes.ts'
import { MemoryNetwork } from '../../src/engine/memory.ts'
import { advance, FatefulNetwork, startPeers, stopAll, Stranger, type TestPeer, turns } from './peers.ts'

const CHANNEL = 'b.test'

/** A node on a channel, and all that it hears there. */
class Reader {
  readonly peer: TestPeer
  readonly heard: string[] = []
  readonly broadcasts: Broadcasts

  constructor (peer: TestPeer) {
    this.peer = peer
    this.broadcasts = new Broadcasts(peer.node, CHANNEL, {
      received: (message, own) => this.heard.push(`${own ? 'own ' : ''}${Buffer.from(message).toString()}`),
      gap: (reason) => this.heard.push(`gap: ${reason}`)
    })
  }

  /** Publishes, and resolves with the code of the error, or with `sent`. */
  say (text: string): Promise<string> {
    return this.broadcasts.publish(Buffer.from(text)).then(() => 'sent', (error: { code: string }) => error.code)
  }
}

async function readers (network: MemoryNetwork, count: number): Promise<Reader[]> {
  const peers = await startPeers(network, count)
  const all = peers.map((peer) => new Reader(peer))
  for (const { broadcasts } of all) await broadcasts.start()
  return all
}

const peersOf = (all: readonly Reader[]): TestPeer[] => all.map(({ peer }) => peer)

test('every node hears the messages of each node in order, and its own with a mark', async (t) => {
  const all = await readers(new MemoryNetwork(), 3)
  const sent = all.flatMap((reader, i) => Array.from({ length: 20 }, (_, j) => reader.say(`${i} ${j}`)))
  t.strictSame(new Set(await Promise.all(sent)), new Set(['sent']))
  await turns()
  for (const [at, { heard }] of all.entries()) {
    t.equal(heard.length, 60)
    for (let i = 0; i < 3; i++) {
      const own = at === i ? 'own ' : ''
      t.strictSame(heard.filter((text) => text.startsWith(`${own}${i} `)), Array.from({ length: 20 }, (_, j) => `${own}${i} ${j}`))
    }
  }
  await stopAll(peersOf(all))
})

test('a lost message is a gap, and a repeated message is ignored', async (t) => {
  const network = new FatefulNetwork()
  const all = await readers(network, 2)
  const [a, b] = all as [Reader, Reader]
  await a.say('1')
  network.lose(({ to, channel }) => channel === CHANNEL && to === b.peer.id)
  await a.say('2')
  await a.say('3')
  network.fate = ({ arrive }) => { setImmediate(arrive); setImmediate(arrive) }
  await a.say('4')
  await turns()
  t.strictSame(b.heard, ['1', 'gap: 2 messages of a node are missing', '4'])
  t.strictSame(a.heard, ['own 1', 'own 2', 'own 3', 'own 4'])
  await stopAll(peersOf(all))
})

test('a lost last message is a gap with the next beat, and so is a first one', async (t) => {
  const network = new FatefulNetwork()
  const all = await readers(network, 3)
  const [a, b, c] = all as [Reader, Reader, Reader]
  await advance(peersOf(all), 8_000)
  await b.say('1')
  network.lose(({ to, channel }) => channel === CHANNEL && to === c.peer.id)
  await a.say('1')
  await b.say('2')
  await turns()
  network.lose(() => false)
  t.strictSame(c.heard, ['1'])
  await advance(peersOf(all), 2_000)
  t.strictSame(c.heard, ['1', ...Array<string>(2).fill('gap: the last messages of a node are missing, at least 1')])
  await advance(peersOf(all), 20_000)
  t.equal(c.heard.length, 3, 'a mark that is repeated is no further gap')
  await a.say('2')
  await turns()
  t.equal(c.heard.at(-1), '2')
  t.strictSame(b.heard.filter((text) => text.startsWith('gap')), [])
  await stopAll(peersOf(all))
})

test('a message that the engine has not confirmed has no mark, and the marks of a node stop', async (t) => {
  const network = new FatefulNetwork()
  const all = await readers(network, 2)
  const [a, b] = all as [Reader, Reader]
  let onChannel = 0
  network.fate = ({ channel, arrive }) => {
    if (channel === CHANNEL) onChannel++
    setImmediate(arrive)
  }
  const works = a.peer.engine.flushed
  await a.say('1')
  a.peer.engine.flushed = () => Promise.reject(new Error('a fault of the test'))
  network.lose(({ channel }) => channel === CHANNEL)
  const said = a.say('2')
  await advance(peersOf(all), 4_000)
  network.lose(() => false)
  a.peer.engine.flushed = works
  await advance(peersOf(all), 500)
  t.equal(await said, 'sent')
  t.strictSame(b.heard, ['1', '2'])
  network.fate = ({ channel, arrive }) => {
    if (channel === CHANNEL) onChannel++
    setImmediate(arrive)
  }
  onChannel = 0
  await advance(peersOf(all), 20_000)
  t.equal(onChannel, 6, 'three marks for each of two nodes')
  await stopAll(peersOf(all))
})

test('SEC-S80: with signatures, a node that starts later drops recorded broadcasts, and those of a node that it counted as gone', async (t) => {
  const network = new FatefulNetwork()
  const facts = { secret: 'one', sign: true }
  const listen = async (peer: TestPeer): Promise<Reader> => {
    const reader = new Reader(peer)
    await reader.broadcasts.start()
    return reader
  }
  const [a, gone] = await Promise.all((await startPeers(network, 2, { facts })).map(listen)) as [Reader, Reader]
  const stranger = await new Stranger(network).start()
  await a.say('old')
  await gone.say('older')
  await advance([a.peer, gone.peer], 2_100)
  await gone.peer.node.stop()
  const recorded = stranger.heard.splice(0)
  const [late] = await Promise.all((await startPeers(network, 1, { facts })).map(listen)) as [Reader]
  for (let i = 0; i < 2; i++) {
    for (const { channel, data } of recorded) stranger.publish(channel, data)
    await turns()
  }
  t.strictSame(late.heard, [])
  t.strictSame(late.peer.members, [a.peer.id])
  t.match(late.peer.log.lines.map(({ facts }) => facts.refused), ['recorded'], 'one line for each sender')
  await a.say('new')
  await turns()
  t.strictSame(late.heard, ['new'])
  t.equal(a.heard.filter((text) => text === 'own new').length, 1)
  await stopAll([a.peer, late.peer])
})

test('with signatures, a broadcast of a node that is not known yet is a gap when it joins', async (t) => {
  const network = new FatefulNetwork()
  const peers = await startPeers(network, 1, { facts: { secret: 'one', sign: true } })
  network.lose(({ channel }) => channel.startsWith('n.'))
  peers.push(...await startPeers(network, 1, { facts: { secret: 'one', sign: true } }))
  const [a, b] = await Promise.all(peers.map(async (peer) => {
    const reader = new Reader(peer)
    await reader.broadcasts.start()
    return reader
  })) as [Reader, Reader]
  await b.say('1')
  await turns()
  t.strictSame(a.heard, [])
  network.lose(() => false)
  await advance(peers, 2_100)
  t.strictSame(a.heard, ['gap: a node has published before it was known'])
  await b.say('2')
  await turns()
  t.equal(a.heard.at(-1), '2')
  await stopAll(peers)
})

test('a gap of the engine is a gap of the channel', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await readers(network, 1) as [Reader]
  network.restart()
  t.strictSame(a.heard, ['gap: the network is back'])
  await a.peer.node.stop()
})

test('messages wait while the engine is away, and arrive in order when it is back', async (t) => {
  const network = new MemoryNetwork()
  const all = await readers(network, 2)
  const [a, b] = all as [Reader, Reader]
  await a.say('1')
  network.cut()
  const waiting = [a.say('2'), a.say('3')]
  await advance([a.peer], 2_000)
  waiting.push(a.say('4'))
  network.mend()
  await advance([a.peer], 1_000)
  t.strictSame(await Promise.all(waiting), ['sent', 'sent', 'sent'])
  await turns()
  t.strictSame(b.heard.filter((text) => !text.startsWith('gap')), ['1', '2', '3', '4'])
  t.strictSame(a.heard.filter((text) => !text.startsWith('gap')), ['own 1', 'own 2', 'own 3', 'own 4'])
  await stopAll(peersOf(all))
})

test('a message that is published again after its node was taken for dead arrives once', async (t) => {
  const network = new FatefulNetwork()
  const all = await readers(network, 2)
  const [a, b] = all as [Reader, Reader]
  const said = a.say('1')
  // The message has left, and the connection breaks before the engine confirms it.
  a.peer.cut()
  await turns()
  t.strictSame(b.heard, ['1'])
  await advance(peersOf(all), 7_000)
  t.strictSame(b.peer.members, [])
  a.peer.mend()
  await advance(peersOf(all), 1_000)
  t.equal(await said, 'sent')
  t.strictSame(b.heard, ['1'])
  t.strictSame(b.peer.members, [a.peer.id])
  await stopAll(peersOf(all))
})

test('a message of a node that is not yet a member arrives once, too', async (t) => {
  const network = new FatefulNetwork()
  network.fate = ({ channel, arrive }) => { if (channel !== 'members') { setImmediate(arrive); setImmediate(arrive) } }
  const all = await readers(network, 2)
  const [a, b] = all as [Reader, Reader]
  t.strictSame(b.peer.members, [])
  await a.say('1')
  await turns()
  t.strictSame(b.heard, ['1'])
  await stopAll(peersOf(all))
})

test('a message is rejected when the engine stays away for 8 s, and the next ones have their own time', async (t) => {
  const network = new MemoryNetwork()
  const all = await readers(network, 2)
  const [a, b] = all as [Reader, Reader]
  await a.say('1')
  network.cut()
  const first = a.say('2')
  await advance([a.peer], 4_000)
  const second = a.say('3')
  await advance([a.peer], 4_500)
  t.equal(await first, 'FST_SOCKJS_ENGINE_UNAVAILABLE')
  network.mend()
  await advance([a.peer], 1_000)
  t.equal(await second, 'sent')
  t.strictSame(b.heard, ['1', 'gap: the network is back', 'gap: 1 messages of a node are missing', '3'])
  await stopAll(peersOf(all))
})

test('a message is rejected after 8 s if the engine is available and never confirms', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await readers(network, 1) as [Reader]
  const works = a.peer.engine.flushed
  a.peer.engine.flushed = () => Promise.reject(new Error('a fault of the test'))
  const said = a.say('1')
  await advance([a.peer], 8_500, 100)
  t.equal(await said, 'FST_SOCKJS_ENGINE_UNAVAILABLE')
  t.strictSame(a.heard, ['own 1'], 'it was published many times, and arrived once')
  a.peer.engine.flushed = works
  t.equal(await a.say('2'), 'sent')
  await a.peer.node.stop()
})

test('messages that wait are rejected as the node stops, and later ones at once', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await readers(network, 1) as [Reader]
  network.cut()
  const waiting = a.say('1')
  await advance([a.peer], 200)
  await a.peer.node.stop()
  await advance([a.peer], 200)
  t.equal(await waiting, 'FST_SOCKJS_ENGINE_UNAVAILABLE')
  t.equal(await a.say('2'), 'FST_SOCKJS_ENGINE_UNAVAILABLE')
  t.equal(a.peer.clock.pending, 0)
})

test('a message has a size that the engine can take, with the signature', async (t) => {
  const all = await readers(new MemoryNetwork({ maxPayload: 1_000 }), 2)
  const [a, b] = all as [Reader, Reader]
  t.equal(await a.say('x'.repeat(904)), 'sent')
  await t.rejects(a.broadcasts.publish(new Uint8Array(905)), { code: 'FST_SOCKJS_ENGINE_TOO_LARGE', message: /905.*904/s })
  t.equal(await a.say('next'), 'sent')
  await turns()
  t.strictSame(b.heard, ['x'.repeat(904), 'next'])
  await stopAll(peersOf(all))
})

test('at most 1,000 messages and 16 MiB wait for an engine that is away', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await readers(network, 1) as [Reader]
  network.cut()
  const small = Array.from({ length: 1_000 }, (_, i) => a.say(`${i}`))
  t.equal(await a.say('one more'), 'FST_SOCKJS_ENGINE_UNAVAILABLE')
  await advance([a.peer], 8_500)
  t.strictSame(new Set(await Promise.all(small)), new Set(['FST_SOCKJS_ENGINE_UNAVAILABLE']))
  const large = Array.from({ length: 16 }, () => a.say('x'.repeat(1024 * 1024 - 96)))
  t.equal(await a.say('x'.repeat(2_000)), 'FST_SOCKJS_ENGINE_UNAVAILABLE')
  network.mend()
  await advance([a.peer], 1_000)
  t.strictSame(new Set(await Promise.all(large)), new Set(['sent']))
  t.equal(await a.say('x'.repeat(2_000)), 'sent')
  await a.peer.node.stop()
})

test('SEC-S80: garbage is dropped, and a stranger that invents nodes does not make members repeat', async (t) => {
  const network = new MemoryNetwork()
  const all = await readers(network, 2)
  const [a, b] = all as [Reader, Reader]
  const stranger = await new Stranger(network).start()
  await a.say('1')
  await turns()
  const [valid] = stranger.heard.filter(({ channel }) => channel === CHANNEL).map(({ data }) => data) as [Uint8Array]
  for (let length = 0; length < valid.length; length++) stranger.publish(CHANNEL, valid.subarray(0, length))
  stranger.publish(CHANNEL, Buffer.concat([valid, Buffer.from('more')]))
  stranger.publish(CHANNEL, new Writer().text('not an id').u48(1).bytes(Buffer.from('x')).done())
  await turns()
  t.strictSame(b.heard, ['1'])
  t.strictSame(b.peer.log.take(), ['warn A publication was dropped because it is not one of a node of this version.'])
  for (let i = 0; i < 3_000; i++) stranger.publish(CHANNEL, new Writer().text(`${i}`.padStart(16, '0')).u48(1).bytes(Buffer.from('x')).done())
  stranger.publish(CHANNEL, valid)
  await turns()
  t.equal(b.heard.filter((text) => text === '1').length, 1)
  await stopAll(peersOf(all))
})

test('a listener that throws is logged, and the next message arrives', async (t) => {
  const [peer] = await startPeers(new MemoryNetwork(), 1) as [TestPeer]
  const heard: string[] = []
  const broadcasts = new Broadcasts(peer.node, CHANNEL, {
    received: (message) => {
      heard.push(Buffer.from(message).toString())
      if (heard.length === 1) throw new Error('a fault of the test')
    },
    gap () {}
  })
  await broadcasts.start()
  await broadcasts.publish(Buffer.from('1'))
  await broadcasts.publish(Buffer.from('2'))
  await turns()
  t.strictSame(heard, ['1', '2'])
  t.strictSame(peer.log.take(), ['error A listener has failed at a broadcast.'])
  await peer.node.stop()
})
