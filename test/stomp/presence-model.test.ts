import fc from 'fast-check'
import t from 'tap'
import type { Delivery } from '../../src/stomp.ts'
import type { MemoryDelivery } from '../../src/engine/memory.ts'
import { DestinationParser } from '../../src/stomp/destinations.ts'
import { Presence } from '../../src/stomp/presence/presence.ts'
import type { StompSession } from '../../src/stomp/session/stomp-session.ts'
import { Subscription } from '../../src/stomp/session/subscriptions.ts'
import { Users } from '../../src/stomp/users.ts'
import { FatefulNetwork, TestPeer, turns } from '../cluster/peers.ts'

const TOPIC = '/topic/rooms/7'
const WATCH = '/topic/$presence/rooms/7'
const NODES = 3

/** The number of runs. `PRESENCE_RUNS=10000` makes the test longer. */
const RUNS = Number(process.env.PRESENCE_RUNS ?? 150)

const NAMES = ['ann', 'bob', 'cid', 'dan']

type Told = { type: 'list', users: string[], complete: boolean } | { type: 'join' | 'leave', user: string }

/** The picture that a client makes of the messages. */
class Client {
  users: Set<string> | null = null
  isComplete = false
  readonly problems: string[] = []
  count = 0

  take (told: Told): void {
    this.count++
    if (told.type === 'list') {
      this.users = new Set(told.users)
      this.isComplete = told.complete
      return
    }
    if (this.users === null) this.problems.push(`${told.type} of ${told.user} came before the list`)
    else if (told.type === 'join' ? this.users.has(told.user) : !this.users.has(told.user)) this.problems.push(`${told.user} has a ${told.type} twice`)
    if (told.type === 'join') this.users?.add(told.user)
    else this.users?.delete(told.user)
  }
}

/** The presence at one node, with sessions that are made of the parts it uses. */
class Node {
  readonly peer: TestPeer
  readonly clients: Client[] = []
  readonly members: { user: string, subscription: Subscription }[] = []
  readonly #users = new Users()
  readonly #destinations = new DestinationParser(['/app'], '/')
  readonly #presence = new Presence([{ pattern: '/topic/rooms/*' }], this.#destinations, this.#users)
  readonly #watching: Subscription[] = []
  #serial = 0

  constructor (network: FatefulNetwork) {
    this.peer = new TestPeer(network)
    this.#presence.join(this.peer.clock, this.peer.node)
  }

  join (user: string): void {
    const session = this.#session(user, () => {})
    const subscription = new Subscription(++this.#serial, 'a', TOPIC, 'auto', 'broker')
    this.members.push({ user, subscription })
    this.#presence.subscribed(session, subscription)
  }

  leave (which: number): void {
    const [member] = this.members.splice(which % Math.max(1, this.members.length), 1)
    if (member !== undefined) this.#presence.unsubscribed(member.subscription)
  }

  watch (): Client {
    const client = new Client()
    const session = this.#session('watcher', ({ publication }) => client.take(JSON.parse(publication.body.text) as Told))
    const subscription = new Subscription(++this.#serial, 'w', WATCH, 'auto', 'presence')
    subscription.feed = this.#presence.watch(session, subscription, this.#destinations.parse(WATCH))
    this.clients.push(client)
    this.#watching.push(subscription)
    return client
  }

  /** Ends all subscriptions of watchers. The next one starts anew. */
  unwatch (): void {
    for (const { feed } of this.#watching.splice(0)) feed!.stop()
    this.clients.splice(0)
  }

  #session (name: string, deliver: (delivery: Delivery) => void): StompSession {
    const session = { id: `${++this.#serial}`, user: { name }, deliveries: { deliver } } as unknown as StompSession
    this.#users.add(session)
    return session
  }
}

const which = fc.nat({ max: NODES - 1 })

/** One step. A node that was killed takes none. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('join' as const), node: which, user: fc.constantFrom(...NAMES) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('leave' as const), node: which, which: fc.nat({ max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('watch' as const, 'unwatch' as const, 'cut' as const, 'mend' as const), node: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('kill' as const), node: fc.constant(NODES - 1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(0, 100, 500, 1_000, 2_500, 9_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('hold' as const, 'release' as const, 'twice' as const, 'lose' as const) }) }
)

t.test('any order of joins, leaves, cuts, delays and deaths: the picture of each watcher is the truth in the end', async (t) => {
  let told = 0
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (steps) => {
    const network = new FatefulNetwork()
    const held: MemoryDelivery[] = []
    const arrives = network.fate
    const nodes = Array.from({ length: NODES }, () => new Node(network))
    const dead = new Set<Node>()
    const pass = async (ms: number): Promise<void> => {
      for (let left = ms; left >= 0; left -= 250) {
        for (const node of nodes) if (!dead.has(node)) node.peer.clock.advance(Math.min(250, left))
        await turns()
      }
    }
    const release = (): void => {
      network.fate = arrives
      for (const delivery of held.splice(0)) setImmediate(delivery.arrive)
    }
    // An engine that loses publications has lost its connection.
    const lose = (): void => {
      held.splice(0)
      for (const { peer } of nodes) {
        if (peer.engine.cut) continue
        peer.cut()
        peer.mend()
      }
    }
    for (const { peer } of nodes) await peer.node.start()
    await turns()
    for (const node of nodes) node.watch()
    for (const each of steps) {
      const node = 'node' in each ? nodes[each.node]! : nodes[0]!
      if (dead.has(node)) continue
      if (each.do === 'join') node.join(each.user)
      else if (each.do === 'leave') node.leave(each.which)
      else if (each.do === 'watch') node.watch()
      else if (each.do === 'unwatch') node.unwatch()
      else if (each.do === 'cut') node.peer.cut()
      else if (each.do === 'mend') node.peer.mend()
      else if (each.do === 'pass') await pass(each.ms)
      else if (each.do === 'release') release()
      else if (each.do === 'lose') lose()
      // The changes of the presence are late, and the links are not.
      else if (each.do === 'hold') network.fate = (delivery) => { if (delivery.channel.startsWith('p.')) held.push(delivery); else setImmediate(delivery.arrive) }
      else if (each.do === 'twice') network.fate = ({ arrive }) => { for (let i = 0; i < 2; i++) setImmediate(arrive) }
      else {
        node.peer.cut()
        dead.add(node)
      }
    }
    release()
    const alive = nodes.filter((node) => !dead.has(node))
    for (const { peer } of alive) peer.mend()
    await pass(20_000)
    const truth = [...new Set(alive.flatMap(({ members }) => members.map(({ user }) => user)))].sort()
    for (const node of alive) {
      node.watch()
      await turns()
      for (const client of node.clients) {
        told += client.count
        const { problems, users } = client
        const found = JSON.stringify({ problems, users: [...users ?? []].sort() })
        if (found !== JSON.stringify({ problems: [], users: truth })) throw new Error(`the users are ${truth.join()}, but the watcher has ${found}`)
      }
      if (!node.clients.at(-1)!.isComplete) throw new Error('the list of a new watcher is not complete')
    }
    for (const { peer } of nodes) await peer.node.stop()
  }), { numRuns: RUNS })
  t.ok(told > RUNS, `${told} messages`)
})
