import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import type { AckMode, Broker, BrokerConnection, BrokerSink, Delivery, DeliveryHandle } from '../../../src/stomp/broker/broker.ts'
import { memoryBroker } from '../../../src/stomp/broker/memory/index.ts'
import { FrameHeaders } from '../../../src/stomp/codec/index.ts'
import { message } from '../../support/broker.ts'

const MAX_DELIVERIES = 4
const MAX_UNACKED = 5
const silent = { debug () {}, info () {}, warn () {}, error () {} }

/** The events, from outside or from within `deliver`. Numbers choose among the clients and messages that exist. */
type Action =
  { readonly type: 'publish' | 'connect' } |
  { readonly type: 'commit' | 'ack' | 'nack' | 'ack all' | 'nack all' | 'unsubscribe' | 'close' | 'pause' | 'resume', readonly pick: number } |
  { readonly type: 'subscribe', readonly pick: number, readonly ack: AckMode, readonly prefetch: number }

const pick = fc.nat(50)
const anAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ type: 'publish' } as const) },
  { weight: 1, arbitrary: fc.constant({ type: 'connect' } as const) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('subscribe' as const), pick, ack: fc.constantFrom<AckMode>('auto', 'client', 'client-individual'), prefetch: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 10, arbitrary: fc.record({ type: fc.constantFrom('ack', 'nack', 'ack all', 'nack all', 'commit'), pick }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('unsubscribe', 'close', 'pause', 'resume'), pick }) }
)

interface Outstanding { readonly number: number, readonly handle: DeliveryHandle }

interface Subscriber {
  readonly key: string
  readonly client: Client
  readonly auto: boolean
  readonly prefetch: number
  readonly outstanding: Outstanding[]
  live: boolean
}

interface Client {
  readonly connection: BrokerConnection
  readonly subscribers: Subscriber[]
  /** The answer of its sink. */
  takes: boolean
  /** True after its sink answered no, until it resumes. */
  stopped: boolean
  open: boolean
}

/** One queue, its clients, and the expected place of each message. Messages are numbers, in the order in which they were published. */
class Model {
  readonly broker: Broker
  readonly clients: Client[] = []
  /** The messages, in order, because numbers are. */
  readonly waiting = new Set<number>()
  readonly done = new Set<number>()
  readonly dead = new Set<number>()
  readonly deliveries: number[] = []
  /** The actions of the sinks inside `deliver`, one after the other. */
  readonly reactions: Action[]
  readonly #publisher: BrokerConnection
  #keys = 0

  constructor (broker: Broker, reactions: readonly Action[]) {
    this.broker = broker
    const nobody: BrokerSink = { deliver: () => true, subscriptionEnded () {}, ended () {} }
    this.#publisher = broker.connect({ session: '', user: '', headers: new FrameHeaders(), signal: new AbortController().signal }, nobody) as BrokerConnection
    this.reactions = [...reactions]
  }

  get subscribers (): Subscriber[] { return this.clients.flatMap(({ subscribers }) => subscribers) }

  run (action: Action): void {
    switch (action.type) {
      case 'publish': return this.#publish()
      case 'connect': return this.#connect()
      case 'subscribe': return this.#subscribe(chosen(this.clients, action.pick), action.ack, action.prefetch)
      case 'unsubscribe': return this.#unsubscribe(chosen(this.subscribers, action.pick))
      case 'close': return this.#close(chosen(this.clients, action.pick))
      case 'pause': return this.#flow(chosen(this.clients, action.pick), false)
      case 'resume': return this.#flow(chosen(this.clients, action.pick), true)
      default: return this.#acknowledge(chosen(this.subscribers.filter(({ outstanding }) => outstanding.length > 0), action.pick), action.type, action.pick)
    }
  }

  /** Checks that no message waits while a consumer could have it. */
  checkIdle (): void {
    if (this.waiting.size > 0) assert.deepEqual(this.subscribers.filter(hasCredit).map(({ key }) => key), [])
  }

  #publish (): void {
    this.#publisher.publish(this.#next())
  }

  #next () {
    this.waiting.add(this.deliveries.length)
    this.deliveries.push(0)
    return message('/queue/x', String(this.deliveries.length - 1))
  }

  #connect (): void {
    const sink: BrokerSink = {
      deliver: (delivery) => this.#delivered(client, delivery),
      subscriptionEnded: () => assert.fail('no subscription ends by itself'),
      ended: () => {}
    }
    const headers = new FrameHeaders()
    const connection = this.broker.connect({ session: '', user: '', headers, signal: new AbortController().signal }, sink) as BrokerConnection
    const client: Client = { connection, subscribers: [], takes: true, stopped: false, open: true }
    this.clients.push(client)
  }

  #subscribe (client: Client | undefined, ack: AckMode, prefetch: number): void {
    if (client === undefined) return
    const key = String(this.#keys++)
    client.subscribers.push({ key, client, auto: ack === 'auto', prefetch, outstanding: [], live: true })
    client.connection.subscribe({ key, destination: '/queue/x', ack, headers: FrameHeaders.from({ 'prefetch-count': String(prefetch) }) })
  }

  #delivered (client: Client, { key, publication, handle, redelivered }: Delivery): boolean {
    const number = Number(publication.body.text)
    const subscriber = client.subscribers.find((each) => each.key === key)
    assert.ok(subscriber !== undefined && client.open, 'the subscription lives')
    assert.ok(hasCredit(subscriber), 'it has credit')
    const [first] = [...this.waiting].sort((a, b) => a - b)
    assert.equal(number, first, 'the oldest message that waits comes first')
    assert.equal(redelivered, this.deliveries[number]! > 0)
    assert.equal(handle === null, subscriber.auto)
    this.waiting.delete(number)
    this.deliveries[number]!++
    if (handle === null) this.done.add(number)
    else subscriber.outstanding.push({ number, handle })
    const reaction = this.reactions.pop()
    if (reaction !== undefined) this.run(reaction)
    client.stopped ||= !client.takes
    return client.takes
  }

  #acknowledge (subscriber: Subscriber | undefined, type: 'ack' | 'nack' | 'ack all' | 'nack all' | 'commit', pick: number): void {
    if (subscriber === undefined) return
    const { outstanding, client: { connection } } = subscriber
    const taken = type.endsWith('all') ? outstanding.splice(0) : outstanding.splice(pick % outstanding.length, 1)
    const handles = taken.map(({ handle }) => handle)
    if (type.startsWith('nack')) {
      this.#back(taken)
      connection.nack(handles)
      return
    }
    for (const { number } of taken) this.done.add(number)
    if (type === 'commit') connection.commit([{ type: 'publish', message: this.#next() }, { type: 'ack', handles }, { type: 'publish', message: this.#next() }])
    else connection.ack(handles)
  }

  #unsubscribe (subscriber: Subscriber | undefined): void {
    if (subscriber === undefined) return
    this.#end(subscriber)
    subscriber.client.connection.unsubscribe(subscriber.key)
  }

  #close (client: Client | undefined): void {
    if (client === undefined) return
    client.open = false
    this.clients.splice(this.clients.indexOf(client), 1)
    for (const subscriber of [...client.subscribers]) this.#end(subscriber)
    client.connection.close()
  }

  #flow (client: Client | undefined, flows: boolean): void {
    if (client === undefined) return
    client.takes = flows
    if (!flows) return
    client.stopped = false
    client.connection.resume()
  }

  #end (subscriber: Subscriber): void {
    subscriber.live = false
    subscriber.client.subscribers.splice(subscriber.client.subscribers.indexOf(subscriber), 1)
    this.#back(subscriber.outstanding.splice(0))
  }

  #back (taken: readonly Outstanding[]): void {
    for (const { number } of taken) (this.deliveries[number]! >= MAX_DELIVERIES ? this.dead : this.waiting).add(number)
  }
}

/** Tells whether it may have one more. */
function hasCredit ({ live, auto, prefetch, outstanding, client }: Subscriber): boolean {
  const unacked = client.subscribers.reduce((sum, each) => sum + each.outstanding.length, 0)
  return live && client.open && !client.stopped && (auto || (outstanding.length < prefetch && unacked < MAX_UNACKED))
}

function chosen<T> (items: readonly T[], pick: number): T | undefined {
  return items[pick % items.length]
}

/** Everything that a queue still holds, in order. */
async function drain (broker: Broker, destination: string): Promise<number[]> {
  const left: number[] = []
  const sink: BrokerSink = {
    deliver: ({ publication }) => {
      left.push(Number(publication.body.text))
      return true
    },
    subscriptionEnded () {},
    ended () {}
  }
  const connection = await broker.connect({ session: '', user: '', headers: new FrameHeaders(), signal: new AbortController().signal }, sink)
  await connection.subscribe({ key: '', destination, ack: 'auto', headers: new FrameHeaders() })
  await connection.close()
  return left
}

async function play (actions: readonly Action[], reactions: readonly Action[]): Promise<void> {
  const broker = memoryBroker({ maxDeliveries: MAX_DELIVERIES, maxUnacked: MAX_UNACKED })
  await broker.start({ clock: new ManualClock(), log: silent, applicationPrefixes: ['/app'] })
  const model = new Model(broker, reactions)
  for (const type of ['connect', 'connect'] as const) model.run({ type })
  for (const action of actions) {
    model.run(action)
    model.checkIdle()
  }
  model.reactions.length = 0
  while (model.clients.length > 0) model.run({ type: 'close', pick: 0 })
  const waiting = [...model.waiting].sort((a, b) => a - b)
  assert.deepEqual(await drain(broker, '/queue/x'), waiting, 'nothing is lost, nothing is double')
  assert.deepEqual((await drain(broker, '/dlq')).sort((a, b) => a - b), [...model.dead].sort((a, b) => a - b))
  assert.equal(waiting.length + model.dead.size + model.done.size, model.deliveries.length)
  await broker.stop()
}

test('a queue loses nothing, doubles nothing and keeps its order, with every behaviour of its consumers', async () => {
  await fc.assert(fc.asyncProperty(fc.array(anAction, { maxLength: 60 }), (actions) => play(actions, [])), { numRuns: 300 })
})

test('nor if they do it while they are given a message', async () => {
  await fc.assert(fc.asyncProperty(fc.array(anAction, { maxLength: 40 }), fc.array(anAction, { maxLength: 40 }), play), { numRuns: 300 })
})
