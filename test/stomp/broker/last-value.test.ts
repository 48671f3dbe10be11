import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { ClusterNode } from '../../../src/cluster/node.ts'
import { ManualClock } from '../../../src/core/clock.ts'
import { MemoryNetwork, type MemoryNetworkOptions } from '../../../src/engine/memory.ts'
import { type Broker, clusterBroker, type HistoryOptions, memoryBroker, relayBroker } from '../../../src/stomp.ts'
import { turns } from '../../cluster/peers.ts'
import { connect, message, testLog, textOf, type TestConnection } from '../../support/broker.ts'
import { until } from '../../support/wait.ts'

const LAST: HistoryOptions = { pattern: '/topic/last/**', replay: 'last' }

interface World {
  /** The broker of the publisher, and that of the subscribers. */
  readonly brokers: readonly [Broker, Broker]
  readonly clocks: readonly ManualClock[]
  readonly network?: MemoryNetwork
}

async function memoryWorld (t: Test, history: readonly HistoryOptions[]): Promise<World> {
  const clock = new ManualClock()
  const broker = memoryBroker({ history })
  await broker.start({ clock, log: testLog(), applicationPrefixes: ['/app'] })
  t.teardown(() => broker.stop())
  return { brokers: [broker, broker], clocks: [clock] }
}

async function clusterWorld (t: Test, history: readonly HistoryOptions[], options: MemoryNetworkOptions = {}): Promise<World> {
  const network = new MemoryNetwork(options)
  const started = await Promise.all([0, 1].map(async () => {
    const clock = new ManualClock()
    const log = testLog()
    const node = new ClusterNode({ engine: network.engine(), clock, log, name: randomBytes(4).toString('hex') })
    const broker = clusterBroker({ history })
    broker.join!(node)
    await node.start()
    await broker.start({ clock, log, applicationPrefixes: ['/app'] })
    t.teardown(async () => {
      await broker.stop()
      await node.stop()
    })
    return { broker, clock }
  }))
  const [one, two] = started as [typeof started[0], typeof started[0]]
  return { brokers: [one.broker, two.broker], clocks: [one.clock, two.clock], network }
}

/** The network lets messages of logs wait for a random number of turns. Their order stays. */
const slow = (): MemoryNetworkOptions => {
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % below
  }
  const ways = new Map<string, Promise<void>>()
  return {
    deliver ({ kind, to, arrive }) {
      if (kind === 'log') ways.set(to, (ways.get(to) ?? Promise.resolve()).then(() => turns(random(8))).then(arrive))
      else setImmediate(arrive)
    }
  }
}

const WORLDS: Readonly<Record<string, (t: Test, history: readonly HistoryOptions[]) => Promise<World>>> = {
  'memoryBroker()': memoryWorld,
  'clusterBroker()': (t, history) => clusterWorld(t, history),
  'clusterBroker() on a slow network': (t, history) => clusterWorld(t, history, slow())
}

const placeOf = ({ sink }: TestConnection, i: number): string => {
  const { headers } = sink.deliveries.all.at(i)!.publication
  return `${headers.get('x-epoch')}:${headers.get('x-offset')}`
}

for (const [name, open] of Object.entries(WORLDS)) {
  t.test(`last value, ${name}: a new subscriber gets the last message, without any header`, async (t) => {
    const { brokers: [one, two], clocks } = await open(t, [LAST])
    const [early, publisher] = [await connect(two), await connect(one)]
    await early.subscribe('1', '/topic/last/x')
    for (const text of ['0', '1', '2']) await publisher.publish('/topic/last/x', text)
    t.strictSame(await early.sink.next(3), ['0', '1', '2'], 'a subscriber from the beginning gets each message once')
    const late = await connect(two)
    await late.subscribe('1', '/topic/last/x')
    await publisher.publish('/topic/last/x', '3')
    t.strictSame(await late.sink.next(2), ['2', '3'])
    t.not(placeOf(late, 0), placeOf(late, 1))
    const acknowledging = await connect(two)
    await acknowledging.subscribe('1', '/topic/last/x', 'client')
    t.strictSame(await acknowledging.sink.next(1), ['3'], 'with acknowledgements, too')

    const others = await connect(two)
    await others.subscribe('1', '/topic/last/y')
    await others.subscribe('2', '/topic/last/*')
    await others.subscribe('3', '/topic/other')
    await one.publish(message('/topic/last/z', 'live'))
    t.strictSame(await others.sink.next(1), ['live'], 'an empty topic has none, and a pattern gets none')

    for (const clock of clocks) clock.advance(24 * 60 * 60 * 1000)
    const nextDay = await connect(two)
    await nextDay.subscribe('1', '/topic/last/x')
    t.strictSame(await nextDay.sink.next(1), ['3'], 'it is kept for days')
  })

  t.test(`last value, ${name}: a client that comes back gets the missed messages, or the last one behind the word that some are lost`, async (t) => {
    const { brokers: [one, two] } = await open(t, [{ ...LAST, messages: 2 }])
    const [first, publisher] = [await connect(two), await connect(one)]
    await first.subscribe('1', '/topic/last/x')
    for (const text of ['0', '1', '2', '3']) await publisher.publish('/topic/last/x', text)
    await first.sink.next(4)
    const back = async (place: string, expected: readonly string[], recovered: boolean): Promise<void> => {
      const client = await connect(two)
      const result = await client.subscribe('1', '/topic/last/x', 'auto', { 'x-recover': place })
      t.match(result, { recovered })
      if (!recovered) t.strictSame(client.sink.texts, [], 'the client learns first that messages are lost')
      await publisher.publish('/topic/last/x', 'live')
      t.strictSame(await client.sink.next(expected.length + 1), [...expected, 'live'])
      client.broker.close()
      await first.sink.next(1)
    }
    await back(placeOf(first, 1), ['2', '3'], true)
    await back(placeOf(first, 4), [], true)
    const client = await connect(two)
    t.match(await client.subscribe('1', '/topic/last/x', 'auto', { 'x-recover': placeOf(first, 0) }), { recovered: false })
    t.strictSame(await client.sink.next(1), ['live'])
    const gone = await connect(two)
    const subscribed = gone.subscribe('1', '/topic/last/x', 'auto', { 'x-recover': 'other:1' })
    t.match(await subscribed, { recovered: false })
    await gone.broker.unsubscribe('1')
    await turns()
    t.strictSame(gone.sink.texts, [], 'a subscription that has ended gets nothing')
  })

  t.test(`last value, ${name}: no message is between the last one and the live ones, and none comes twice`, async (t) => {
    const { brokers: [one, two] } = await open(t, [LAST])
    const publisher = await connect(one)
    const subscribers: { client: TestConnection, known: number }[] = []
    let confirmed = -1
    const publishing = (async () => {
      for (let i = 0; i < 300; i++) {
        await publisher.publish('/topic/last/x', String(i))
        confirmed = i
        if (i % 3 === 0) await turns(1)
      }
    })()
    const subscribing: unknown[] = []
    for (let round = 0; round < 60; round++) {
      const client = await connect(round % 2 === 0 ? one : two)
      subscribers.push({ client, known: confirmed })
      subscribing.push(client.subscribe('1', '/topic/last/x', 'auto', round % 5 === 4 ? { 'x-recover': 'other:0' } : {}))
      await turns(round % 4)
    }
    await Promise.all([publishing, ...subscribing])
    for (const { client, known } of subscribers) {
      await until(() => client.sink.texts.at(-1) === '299', 'the last message has arrived')
      const numbers = client.sink.deliveries.all.map((delivery) => Number(textOf(delivery)))
      t.ok(numbers[0]! >= known, `${numbers[0]} is at least ${known}`)
      t.strictSame(numbers, Array.from({ length: 300 - numbers[0]! }, (_, i) => numbers[0]! + i))
    }
  })
}

t.test('last value: a node that was cut off brings its subscribers the last message', async (t) => {
  const { brokers: [one, two], clocks, network } = await clusterWorld(t, [LAST])
  const [publisher, subscriber] = [await connect(one), await connect(two)]
  await subscriber.subscribe('1', '/topic/last/x', 'auto', { 'x-gaps': 'true' })
  await publisher.publish('/topic/last/x', '0')
  await subscriber.sink.next(1)
  const [, engine] = network!.engines
  network!.cut(engine!)
  for (const text of ['1', '2', '3']) await publisher.publish('/topic/last/x', text)
  network!.mend(engine!)
  await until(async () => {
    for (const clock of clocks) clock.advance(100)
    await turns()
    return subscriber.sink.texts.at(-1) === '3'
  }, 'the last message has arrived')
  t.strictSame(subscriber.sink.texts, ['0', '', '3'], 'behind the mark of a gap')
})

t.test('last value: wrong options, and brokers that cannot have it, are refused at boot', async (t) => {
  const invalid = { code: 'FST_STOMP_INVALID_OPTION' }
  t.throws(() => memoryBroker({ history: [{ pattern: '/topic/x', replay: 'all' as never }] }), { ...invalid, message: /history\[0\]\.replay.*must be one of "last"/ })
  t.throws(() => clusterBroker({ history: [{ pattern: '/topic/x', replay: true as never }] }), invalid)
  t.throws(() => relayBroker({ servers: 'tcp://localhost:1', history: [LAST] } as never), { ...invalid, message: /option history: is not known; a relay keeps no messages/ })
})
