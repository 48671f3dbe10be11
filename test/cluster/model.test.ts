import fc from 'fast-check'
import { test } from 'tap'
import type { Link } from '../../src/cluster/link.ts'
import type { MemoryDelivery } from '../../src/engine/memory.ts'
import { advance, FatefulNetwork, TestPeer, turns } from './peers.ts'

const SERVICE = 9

/** The number of nodes. */
const NODES = 3

/** The most steps of one run. */
const MOST_STEPS = 40

/** The steps of all runs. `LINK_STEPS=100000` makes the test longer. */
const STEPS = Number(process.env.LINK_STEPS ?? 2_000)

/** A node that notes all that it sends and receives. */
class Actor extends TestPeer {
  /** The records that were sent, by link. */
  readonly sent = new Map<Link, string[]>()
  /** The records that have arrived, by the node that sent them and the epoch of its link. */
  readonly arrived = new Map<string, string[]>()
  readonly broken = new Set<Link>()
  readonly faults: string[] = []

  constructor (network: FatefulNetwork) {
    super(network)
    this.node.serve(SERVICE, {
      received: (link, record) => {
        if (this.broken.has(link)) this.faults.push('a record after the break')
        const key = `${link.peer} ${link.peerEpoch}`
        this.arrived.set(key, [...this.arrived.get(key) ?? [], Buffer.from(record).toString()])
      },
      broken: (link) => {
        if (this.broken.has(link)) this.faults.push('a second break')
        this.broken.add(link)
      }
    })
  }

  send (to: Actor, text: string): void {
    const link = this.node.link(to.id)
    if (link.isBroken) return
    link.send(SERVICE, Buffer.from(text))
    this.sent.set(link, [...this.sent.get(link) ?? [], text])
  }

  arrivedFrom (from: Actor, link: Link): string[] { return this.arrived.get(`${from.id} ${link.epoch}`) ?? [] }
}

const actor = fc.nat(NODES - 1)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), by: actor, to: fc.integer({ min: 1, max: NODES - 1 }), text: fc.string({ maxLength: 30 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), by: fc.nat(NODES), ms: fc.constantFrom(50, 100, 500, 1_000, 4_000, 20_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'mend' as const), by: actor }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('break' as const), by: actor, to: fc.integer({ min: 1, max: NODES - 1 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('release' as const, 'replay' as const), which: fc.nat(1_000) }) }
)

/** Plays steps on a network that loses, repeats and delays publications. */
class Play {
  readonly network = new FatefulNetwork()
  readonly actors: readonly Actor[] = Array.from({ length: NODES }, () => new Actor(this.network))
  readonly old: MemoryDelivery[] = []
  readonly held: MemoryDelivery[] = []

  async start (fates: readonly number[]): Promise<void> {
    await Promise.all(this.actors.map(async ({ node }) => { await node.start() }))
    let at = 0
    this.network.fate = (delivery) => {
      this.old.push(delivery)
      const fate = fates[at++ % fates.length]
      if (fate === 0) return
      if (fate === 1) this.held.push(delivery)
      else setImmediate(delivery.arrive)
      if (fate === 2) setImmediate(delivery.arrive)
    }
  }

  async step (each: typeof step extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
    const { actors, network } = this
    const other = (by: number, to: number): Actor => actors[(by + to) % NODES]!
    switch (each.do) {
      case 'send': actors[each.by]!.send(other(each.by, each.to), each.text); break
      case 'advance': await advance(each.by === NODES ? actors : [actors[each.by]!], each.ms); break
      case 'cut': actors[each.by]!.cut(); break
      case 'mend': actors[each.by]!.mend(); break
      case 'break': actors[each.by]!.node.links.breakPeer(other(each.by, each.to).id, 'the test breaks it'); break
      case 'restart': network.restart(); break
      case 'release': this.held.splice(each.which % Math.max(1, this.held.length), 1)[0]?.arrive(); break
      case 'replay': this.old[each.which % Math.max(1, this.old.length)]?.arrive()
    }
    await turns(2)
  }

  /** Brings everything back, and lets time pass until both ends of each link agree. */
  async settle (): Promise<void> {
    this.network.lose(() => false)
    this.network.mend()
    await advance(this.actors, 14_000)
    for (const { arrive } of [...this.held, ...this.old]) arrive()
    await advance(this.actors, 5_000)
  }

  /** Checks that every record arrived once and in order, up to a break that both ends know. */
  check (): void {
    for (const by of this.actors) {
      if (by.faults.length > 0) throw new Error(by.faults.join())
      for (const [link, sent] of by.sent) {
        const to = this.actors.find(({ id }) => id === link.peer)!
        const arrived = to.arrivedFrom(by, link)
        if (arrived.some((text, i) => text !== sent[i])) throw new Error(`sent ${JSON.stringify(sent)}, arrived ${JSON.stringify(arrived)}`)
        if (arrived.length === sent.length) continue
        if (!by.broken.has(link)) throw new Error(`${sent.length - arrived.length} records are missing without a break`)
        const open = to.node.link(by.id)
        if (open.peerEpoch === link.epoch && !open.isBroken) throw new Error('the receiver does not know of the break')
      }
    }
  }

  /** Checks that nodes which were brought back work together. */
  async goOn (): Promise<void> {
    for (const by of this.actors) for (const to of this.actors) if (by !== to) by.send(to, 'the last record')
    await advance(this.actors, 1_500)
    for (const by of this.actors) {
      for (const to of this.actors) {
        if (by === to) continue
        if (!by.members.includes(to.id)) throw new Error('a node is not a member again')
        const link = by.node.link(to.id)
        if (to.arrivedFrom(by, link).at(-1) !== 'the last record') throw new Error('the last record has not arrived')
        if (link.waitingBytes > 0) throw new Error(`${link.waitingBytes} bytes are not acknowledged`)
      }
    }
  }
}

test('each node gets every record once and in order, or both ends of the link learn of the first that is missing', async (t) => {
  let breaks = 0
  let records = 0
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: MOST_STEPS, size: 'max' }), fc.array(fc.nat(9), { minLength: 1, maxLength: 50 }), async (steps, fates) => {
    const play = new Play()
    await play.start(fates)
    for (const each of steps) await play.step(each)
    await play.settle()
    play.check()
    await play.goOn()
    play.check()
    for (const { broken, arrived, node, clock } of play.actors) {
      breaks += broken.size
      for (const texts of arrived.values()) records += texts.length
      await node.stop()
      await turns()
      if (clock.pending > 0) throw new Error('a node that has stopped has timers')
    }
  }), { numRuns: Math.ceil(STEPS / (MOST_STEPS / 2)) })
  t.ok(breaks > 10 && records > 100, `${breaks} breaks and ${records} records`)
})
