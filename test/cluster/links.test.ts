import fc from 'fast-check'
import { test } from 'tap'
import { readHeader } from '../../src/cluster/batch.ts'
import type { Link } from '../../src/cluster/link.ts'
import { ClusterNode } from '../../src/cluster/node.ts'
import { ManualClock } from '../../src/core/clock.ts'
import { type MemoryDelivery, MemoryNetwork } from '../../src/engine/memory.ts'

const SERVICE = 9
const log = { debug () {}, info () {}, warn () {}, error () {} }

async function turns (): Promise<void> { for (let i = 0; i < 4; i++) await new Promise((resolve) => { setImmediate(resolve) }) }

/** A node that notes what arrives on each of its links, by the epochs of both ends. */
class Peer {
  readonly node: ClusterNode
  readonly clock = new ManualClock()
  readonly network: MemoryNetwork
  readonly engine
  /** The records that were sent, by the epoch of the link. */
  readonly sent = new Map<number, string[]>()
  /** The records that have arrived, by the epoch of the sender's link. */
  readonly arrived = new Map<number, string[]>()
  readonly broken = new Set<Link>()
  readonly faults: string[] = []

  constructor (network: MemoryNetwork) {
    this.network = network
    this.engine = network.engine()
    this.node = new ClusterNode({ engine: this.engine, clock: this.clock, log })
    this.node.serve(SERVICE, {
      received: (link, record) => {
        if (this.broken.has(link)) this.faults.push('a record after the break')
        const arrived = this.arrived.get(link.peerEpoch) ?? []
        this.arrived.set(link.peerEpoch, [...arrived, Buffer.from(record).toString()])
      },
      broken: (link) => {
        if (this.broken.has(link)) this.faults.push('a second break')
        this.broken.add(link)
      }
    })
  }

  send (to: Peer, text: string): void {
    const link = this.node.link(to.node.id)
    if (link.isBroken) return
    link.send(SERVICE, Buffer.from(text))
    this.sent.set(link.epoch, [...this.sent.get(link.epoch) ?? [], text])
  }
}

/** Two nodes that have started, and the fate of publications between them. */
async function pair (fate: (delivery: MemoryDelivery) => void): Promise<[Peer, Peer]> {
  let started = false
  const network = new MemoryNetwork({ deliver: (delivery) => started && delivery.channel !== 'members' ? fate(delivery) : setImmediate(delivery.arrive) })
  const peers: [Peer, Peer] = [new Peer(network), new Peer(network)]
  await Promise.all(peers.map(async ({ node }) => await node.start()))
  started = true
  return peers
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), by: fc.nat(1), text: fc.string({ maxLength: 30 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), by: fc.nat(2), ms: fc.constantFrom(50, 100, 500, 1_000, 4_000, 20_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'mend' as const, 'break' as const), by: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replay' as const), by: fc.nat(1_000) }) }
)

test('each side sees every record once and in order, and learns of the first that is missing', async (t) => {
  let breaks = 0
  let records = 0
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.array(fc.nat(9), { minLength: 1, maxLength: 50 }), async (steps, fates) => {
    const old: MemoryDelivery[] = []
    let at = 0
    let lossy = true
    const peers = await pair((delivery) => {
      old.push(delivery)
      const fate = lossy ? fates[at++ % fates.length]! : 9
      if (fate <= 1) return
      setImmediate(delivery.arrive)
      if (fate === 2) setImmediate(delivery.arrive)
      if (fate === 3) setTimeout(delivery.arrive, 1)
    })
    const advance = async (ms: number, which: readonly Peer[]): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 500) {
        for (const { clock } of which) clock.advance(Math.min(500, ms - passed))
        await turns()
      }
    }
    for (const each of steps) {
      const by = peers[each.by % 2]!
      const other = peers[1 - each.by % 2]!
      if (each.do === 'send') by.send(other, each.text)
      else if (each.do === 'advance') await advance(each.ms, each.by === 2 ? peers : [by])
      else if (each.do === 'cut') by.network.cut(by.engine)
      else if (each.do === 'mend') by.network.mend(by.engine)
      else if (each.do === 'break') by.node.links.breakPeer(other.node.id, 'the test breaks it')
      else old[each.by % Math.max(1, old.length)]?.arrive()
      await turns()
    }
    lossy = false
    peers[0].network.mend()
    await advance(14_000, peers)
    for (const delivery of old) delivery.arrive()
    await advance(1_000, peers)
    for (const [by, other] of [peers, [peers[1], peers[0]]] as const) {
      if (by.faults.length > 0) throw new Error(by.faults.join())
      breaks += by.broken.size
      for (const [epoch, sent] of by.sent) {
        const arrived = other.arrived.get(epoch) ?? []
        records += arrived.length
        if (arrived.some((text, i) => text !== sent[i])) throw new Error(`sent ${JSON.stringify(sent)}, arrived ${JSON.stringify(arrived)}`)
        if (arrived.length < sent.length && ![...by.broken].some((link) => link.epoch === epoch)) throw new Error(`${sent.length - arrived.length} records are missing without a break`)
        const isOpen = other.node.link(by.node.id).peerEpoch === epoch
        if (arrived.length < sent.length && isOpen) throw new Error('the receiver has not learnt of the break')
      }
    }
    for (const { node } of peers) await node.stop()
  }), { numRuns: 60 })
  t.ok(breaks > 10 && records > 100, `${breaks} breaks and ${records} records`)
})

test('a record that is larger than a publication arrives whole', async (t) => {
  const [a, b] = await pair((delivery) => { setImmediate(delivery.arrive) })
  for (const size of [0, 256 * 1024 - 43, 256 * 1024 - 42, 1_000_000, 3]) a.send(b, 'x'.repeat(size))
  for (let i = 0; i < 10; i++) await turns()
  t.strictSame([...b.arrived.values()].flat().map((text) => text.length), [0, 262_101, 262_102, 1_000_000, 3])
  for (const { node } of [a, b]) await node.stop()
})

test('a question has its answer, and none if the other node fails or is gone', async (t) => {
  const [a, b] = await pair((delivery) => { setImmediate(delivery.arrive) })
  b.node.calls.serve(1, async (body, from) => Buffer.concat([body, Buffer.from(from)]))
  b.node.calls.serve(2, () => { throw new Error('cannot') })
  b.node.calls.serve(3, async () => await new Promise(() => {}))
  const ask = async (question: number): Promise<string | null> => {
    const answer = await a.node.calls.ask(b.node.id, question, Buffer.from('hi '), 1_000)
    return answer === null ? null : Buffer.from(answer).toString()
  }
  t.equal(await ask(1), `hi ${a.node.id}`)
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
  t.strictSame([...a.node.members.all], [])
  await a.node.stop()
})

test('bytes that are no batch are not read as one', async (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (data) => {
    const batch = readHeader(data)
    return batch === null || (data.length >= 38 && data[0] === 1)
  }))
  t.pass()
})
