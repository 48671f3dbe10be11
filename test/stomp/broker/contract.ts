import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Broker, Delivery } from '../../../src/stomp/broker/broker.ts'
import { until } from '../../support/wait.ts'
import { connect, handleOf, message, refused, type TestConnection, textOf } from '../../support/broker.ts'

/** A broker to test: started, and stopped by the test that it was made for. */
export interface BrokerUnderTest {
  readonly broker: Broker
  /** The same broker at another node, to which every second connection goes. */
  readonly other?: Broker
  /** Ends the other node as a crash does: it says nothing more to the messaging system. Resolves when that has noticed. */
  readonly crash?: () => Promise<void>
  /** Ends the messaging system as `kill -9` does, and starts it again. */
  readonly restart?: () => Promise<void>
  /** Lets time pass, on a clock or in earnest. */
  pass (ms: number): Promise<void>
}

/** A broker on two nodes. */
type BrokerOfTwo = Required<BrokerUnderTest>

export type OpenBroker = (t: Test) => Promise<BrokerUnderTest>

/** Makes names that no other test uses, because some brokers remember. */
function namesOf (broker: Broker): { topic: (...segments: string[]) => string, queue: (...segments: string[]) => string } {
  const unique = randomBytes(6).toString('hex')
  const join = (...segments: string[]): string => [unique, ...segments].join(broker.separator)
  return { topic: (...segments) => `/topic/${join(...segments)}`, queue: (...segments) => `/queue/${join(...segments)}` }
}

interface World extends BrokerUnderTest {
  readonly topic: (...segments: string[]) => string
  readonly queue: (...segments: string[]) => string
  /** Connects to each node in turn. */
  readonly connect: () => Promise<TestConnection>
  /** Connects to `broker`. */
  readonly connectHere: () => Promise<TestConnection>
}

/** The promises of every broker to the sessions. A broker refuses in words the use of an ability that it lacks. */
export function brokerContract (name: string, open: OpenBroker): void {
  const check = (title: string, body: (t: Test, world: World) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async (t) => {
      const { broker, other = broker, pass } = await open(t)
      let connections = 0
      const next = (): Broker => connections++ % 2 === 0 ? broker : other
      await body(t, { broker, pass, ...namesOf(broker), connect: () => connect(next()), connectHere: () => connect(broker) })
    })
  }
  topics(check)
  acknowledgements(check)
  queues(check)
  more(check)
}

/** The promises of a broker on two nodes: those of every broker, and those about nodes that crash and a messaging system that restarts. */
export function clusterContract (name: string, open: (t: Test) => Promise<BrokerOfTwo>): void {
  brokerContract(name, open)
  severalNodes((title, body) => {
    t.test(`${name}: ${title}`, async (t) => {
      const world = await open(t)
      await body(t, { ...world, ...namesOf(world.broker) })
    })
  })
}

type Check = (title: string, body: (t: Test, world: World) => Promise<void>) => void

function topics (check: Check): void {
  check('STOMP-M2, STOMP-M4, STOMP-M8: a message of a topic goes to all subscribers, the sender included', async (t, { topic, connect }) => {
    const [a, b] = [await connect(), await connect()]
    await a.subscribe('1', topic('x'))
    await b.subscribe('one', topic('x'))
    await b.subscribe('two', topic('x'))
    await a.publish(topic('x'), Uint8Array.of(0, 255, 10), { foo: 'b:a\\r\n', 'content-type': 'a/b' })
    const first = await a.sink.deliveries.next()
    t.match(first, { key: '1', handle: null, redelivered: false })
    t.equal(first.publication.destination, topic('x'))
    t.strictSame([...first.publication.body.bytes], [0, 255, 10])
    t.match(first.publication.id, /^[\w-]+$/)
    const headers = first.publication.headers
    t.match([headers.get('foo'), headers.get('content-type'), headers.get('destination'), headers.get('message-id')],
      ['b:a\\r\n', 'a/b', topic('x'), first.publication.id])
    t.strictSame([(await b.sink.deliveries.next()).key, (await b.sink.deliveries.next()).key].sort(), ['one', 'two'])
  })

  check('STOMP-M2: every message has an id of its own', async (t, { topic, connect }) => {
    const a = await connect()
    await a.subscribe('1', topic('x'))
    for (let i = 0; i < 100; i++) await a.publish(topic('x'), String(i))
    await a.sink.next(100)
    t.equal(new Set(a.sink.deliveries.all.map(({ publication }) => publication.id)).size, 100)
  })

  check('STOMP-M6: messages of one publisher come in order, at every subscriber', async (t, { topic, connect }) => {
    const publishers = [await connect(), await connect(), await connect()]
    const subscribers = [...publishers, await connect()]
    for (const each of subscribers) await each.subscribe('s', topic('x'))
    const done: unknown[] = []
    for (let i = 0; i < 200; i++) publishers.forEach((each, p) => done.push(each.publish(topic('x'), `${p} ${i}`)))
    await Promise.all(done)
    for (const { sink } of subscribers) {
      const texts = await sink.next(600)
      for (const p of publishers.keys()) {
        t.strictSame(texts.filter((text) => text.startsWith(`${p} `)), Array.from({ length: 200 }, (_, i) => `${p} ${i}`))
      }
    }
  })

  check('STOMP-S5: after UNSUBSCRIBE nothing comes, and other subscriptions go on', async (t, { topic, connect }) => {
    const a = await connect()
    await a.subscribe('1', topic('x'))
    await a.subscribe('2', topic('x'))
    await a.broker.unsubscribe('1')
    await a.publish(topic('x'), 'message')
    t.equal((await a.sink.deliveries.next()).key, '2')
    await a.subscribe('1', topic('y'))
    await a.publish(topic('x'), 'x')
    await a.publish(topic('y'), 'y')
    t.strictSame([(await a.sink.deliveries.next()).key, (await a.sink.deliveries.next()).key], ['2', '1'], 'the key is free again')
  })

  check('a connection that has closed gets nothing', async (t, { topic, connect }) => {
    const [a, b] = [await connect(), await connect()]
    await a.subscribe('1', topic('x'))
    await b.subscribe('1', topic('x'))
    await a.broker.close()
    await a.broker.close()
    await b.publish(topic('x'), 'message')
    t.strictSame(await b.sink.next(1), ['message'])
    t.equal(a.sink.deliveries.all.length, 0)
    t.equal(a.sink.ends.all.length, 0, 'a client that closes is not told')
    await refused(t, () => a.publish(topic('x')), true)
  })

  check('the application publishes too', async (t, { broker, topic, connect }) => {
    const a = await connect()
    await a.subscribe('1', topic('x'))
    await broker.publish(message(topic('x'), 'hello', { foo: 'bar' }))
    const delivery = await a.sink.deliveries.next()
    t.equal(textOf(delivery), 'hello')
    t.equal(delivery.publication.headers.get('foo'), 'bar')
  })

  check('SPRING-E3, SPRING-E4, SPRING-E5, SPRING-E19: patterns', async (t, { broker, topic, connect }) => {
    const a = await connect()
    if (!broker.capabilities.wildcards) {
      await refused(t, () => a.subscribe('1', topic('a', '*')))
      return
    }
    await a.subscribe('one', topic('a', '*'))
    await a.subscribe('rest', topic('a', '**'))
    await a.subscribe('exact', topic('a', 'b'))
    const keys = async (destination: string, count: number): Promise<string[]> => {
      await a.publish(destination, destination)
      const found: string[] = []
      while (found.length < count) {
        const delivery = await a.sink.deliveries.next()
        t.equal(delivery.publication.destination, destination)
        found.push(delivery.key)
      }
      return found.sort()
    }
    t.strictSame(await keys(topic('a', 'b'), 3), ['exact', 'one', 'rest'])
    t.strictSame(await keys(topic('a', 'c'), 2), ['one', 'rest'])
    t.strictSame(await keys(topic('a', 'b', 'c'), 1), ['rest'])
    t.strictSame(await keys(topic('a', '*'), 2), ['one', 'rest'], 'a SEND to a pattern is a SEND to that very text')
    await a.broker.unsubscribe('exact')
    t.strictSame(await keys(topic('a', 'b'), 2), ['one', 'rest'])
  })

  check('destinations of others are not accepted', async (t, { broker, topic }) => {
    for (const what of ['send', 'subscribe'] as const) {
      t.ok(broker.accepts(topic('x'), what))
      for (const other of ['/user/queue/x', '/user', '/app/x', '/topics/x', 'topic/x', '/Topic/x', '']) {
        t.notOk(broker.accepts(other, what), `${what} ${other}`)
      }
    }
  })
}

function acknowledgements (check: Check): void {
  for (const mode of ['client', 'client-individual'] as const) {
    check(`STOMP-A1, STOMP-S6: ack:${mode} on a topic`, async (t, { broker, topic, connect }) => {
      const a = await connect()
      if (!broker.capabilities.topicAcknowledgements) {
        await refused(t, () => a.subscribe('1', topic('x'), mode))
        return
      }
      await a.subscribe('1', topic('x'), mode)
      for (const text of ['one', 'two', 'three']) await a.publish(topic('x'), text)
      await a.sink.next(3)
      const [one, two, three] = a.sink.deliveries.all.map(handleOf)
      t.equal(new Set([one, two, three]).size, 3)
      await a.broker.ack([one!])
      await a.broker.nack([two!])
      await a.broker.unsubscribe('1')
      await a.subscribe('2', topic('x'))
      await a.publish(topic('x'), 'four')
      // A message that NACK gave back may have come once more before the end of the subscription.
      let last = await a.sink.deliveries.next()
      while (last.key === '1') last = await a.sink.deliveries.next()
      t.strictSame([last.key, textOf(last)], ['2', 'four'], 'messages without an acknowledgement are gone')
    })
  }
}

const SETTLED = 'settled'

/** Resolves when the subscriptions of connections count at every node. */
async function settled (queue: World['queue'], ...connections: readonly TestConnection[]): Promise<void> {
  for (const [i, each] of connections.entries()) {
    await each.subscribe(SETTLED, queue(SETTLED, String(i)))
    await each.publish(queue(SETTLED, String(i)), SETTLED)
    await each.sink.next(1)
    await each.broker.unsubscribe(SETTLED)
  }
}

function queues (check: Check): void {
  const withQueues = (title: string, body: (t: Test, world: World) => Promise<void>): void => check(title, async (t, world) => {
    if (world.broker.capabilities.queues) return await body(t, world)
    const a = await world.connect()
    await refused(t, () => a.subscribe('1', world.queue('x')))
    await refused(t, () => a.publish(world.queue('x')))
  })

  withQueues('a queue keeps its messages until a consumer comes', async (t, { queue, connect }) => {
    const a = await connect()
    for (let i = 0; i < 10; i++) await a.publish(queue('x'), String(i))
    const b = await connect()
    await b.subscribe('1', queue('x'))
    t.strictSame(await b.sink.next(10), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  })

  withQueues('STOMP-S4: a message of a queue goes to one consumer, and they take turns', async (t, { broker, queue, connect }) => {
    const [a, b] = [await connect(), await connect()]
    await a.subscribe('1', queue('x'))
    await a.subscribe('2', queue('x'))
    await b.subscribe('3', queue('x'))
    await settled(queue, a, b)
    const counts = new Map<string, number>()
    for (const { sink } of [a, b]) sink.react = ({ key }) => { counts.set(key, (counts.get(key) ?? 0) + 1) }
    for (let i = 0; i < 30; i++) await b.publish(queue('x'), String(i))
    const received = (): string[] => [a, b].flatMap(({ sink }) => sink.texts.filter((text) => text !== SETTLED))
    await until(() => received().length >= 30, 'all messages have come')
    if (broker.capabilities.takesTurns) t.strictSame([...counts].sort(), [['1', 10], ['2', 10], ['3', 10]])
    t.strictSame(received().map(Number).sort((one, other) => one - other), Array.from({ length: 30 }, (_, i) => i))
  })

  withQueues('STOMP-A5: the messages of a lost connection go to the next consumer, in order', async (t, { broker, queue, connect }) => {
    const [a, b] = [await connect(), await connect()]
    await a.subscribe('1', queue('x'), 'client-individual')
    for (let i = 0; i < 6; i++) await a.publish(queue('x'), String(i))
    await a.sink.next(6)
    await a.broker.ack([handleOf(a.sink.deliveries.all[2]!)])
    await b.subscribe('1', queue('x'), 'client')
    await settled(queue, b)
    await a.broker.close()
    const texts = await b.sink.next(5)
    t.strictSame(broker.capabilities.redeliveryInOrder ? texts : texts.sort(), ['0', '1', '3', '4', '5'])
    await b.publish(queue('x'), 'new')
    t.strictSame(await b.sink.next(1), ['new'])
    for (const delivery of b.sink.deliveries.all) t.equal(delivery.redelivered, !['new', SETTLED].includes(textOf(delivery)), textOf(delivery))
  })

  withQueues('STOMP-A5: the only consumer ends with messages, and the next one gets each of them once, marked as redelivered', async (t, { queue, connect }) => {
    const publisher = await connect()
    for (let i = 0; i < 4; i++) await publisher.publish(queue('x'), String(i))
    for (let turn = 0; turn < 3; turn++) {
      const a = await connect()
      await a.subscribe('1', queue('x'), 'client-individual')
      t.strictSame((await a.sink.next(4)).sort(), ['0', '1', '2', '3'])
      t.ok(a.sink.deliveries.all.every(({ redelivered }) => redelivered === (turn > 0)), `turn ${turn}`)
      if (turn === 2) {
        for (const delivery of a.sink.deliveries.all) await a.broker.ack([handleOf(delivery)])
        await publisher.publish(queue('x'), 'after')
        t.strictSame(await a.sink.next(1), ['after'], 'nothing comes twice')
      }
      await a.broker.close()
    }
  })

  withQueues('STOMP-S6: the messages of a subscription go back to their places', async (t, { broker, queue, connect }) => {
    const a = await connect()
    await a.subscribe('1', queue('x'), 'client', { 'prefetch-count': '2' })
    for (let i = 0; i < 4; i++) await a.publish(queue('x'), String(i))
    t.strictSame(await a.sink.next(2), ['0', '1'])
    await a.broker.unsubscribe('1')
    if (broker.capabilities.unsubscribeReleases) {
      await a.subscribe('2', queue('x'), 'auto')
      const texts = await a.sink.next(4)
      t.strictSame(broker.capabilities.redeliveryInOrder ? texts : texts.sort(), ['0', '1', '2', '3'])
      return
    }
    await a.broker.close()
    const b = await connect()
    await b.subscribe('2', queue('x'), 'auto')
    t.strictSame(await b.sink.next(4), ['0', '1', '2', '3'], 'at the end of the connection')
  })

  withQueues('STOMP-A3: NACK gives the message to another consumer', async (t, { broker, queue, connect }) => {
    if (!broker.capabilities.nackRequeues) return
    const [a, b] = [await connect(), await connect()]
    await a.subscribe('1', queue('x'), 'client-individual', { 'prefetch-count': '5' })
    await b.subscribe('1', queue('x'), 'client-individual', { 'prefetch-count': '5' })
    await settled(queue, a, b)
    await a.publish(queue('x'), '0')
    const deliveries = (): { client: TestConnection, delivery: Delivery }[] => [a, b].flatMap((client) =>
      client.sink.deliveries.all.filter((delivery) => textOf(delivery) === '0').map((delivery) => ({ client, delivery })))
    await until(() => deliveries().length === 1, 'the message has come')
    const [first] = deliveries()
    await first!.client.broker.nack([handleOf(first!.delivery)])
    await until(() => deliveries().length === 2, 'the message has come again')
    const again = deliveries().find(({ delivery }) => delivery !== first!.delivery)!
    t.ok(again.delivery.redelivered)
    if (broker.capabilities.nackPassesOn) t.not(again.client, first!.client)
  })

  withQueues('prefetch-count bounds the unacknowledged messages', async (t, { queue, connect }) => {
    const a = await connect()
    await a.subscribe('1', queue('x'), 'client-individual', { 'prefetch-count': '2' })
    await a.subscribe('marker', queue('y'))
    for (let i = 0; i < 5; i++) await a.publish(queue('x'), String(i))
    await a.publish(queue('y'), 'marker')
    t.strictSame(await a.sink.next(3), ['0', '1', 'marker'])
    await a.broker.ack([handleOf(a.sink.deliveries.all[1]!)])
    t.strictSame(await a.sink.next(1), ['2'])
    await a.broker.ack([handleOf(a.sink.deliveries.all[0]!), handleOf(a.sink.deliveries.all[3]!)])
    t.strictSame(await a.sink.next(2), ['3', '4'])
  })

  withQueues('a session that says stop gets nothing from queues until it resumes', async (t, { broker, queue, connect }) => {
    const [a, b] = [await connect(), await connect()]
    a.sink.takes = false
    await a.subscribe('1', queue('x'))
    await b.publish(queue('x'), '0')
    t.strictSame(await a.sink.next(1), ['0'])
    await b.publish(queue('x'), '1')
    await b.publish(queue('x'), '2')
    if (!broker.capabilities.passesOverHeldBack) {
      t.equal(a.sink.deliveries.all.length, 1)
      a.sink.takes = true
      a.broker.resume()
      t.strictSame(await a.sink.next(2), ['1', '2'], 'the messages that it was given have waited')
      return
    }
    await b.subscribe('1', queue('x'))
    t.strictSame(await b.sink.next(2), ['1', '2'], 'others go on')
    t.equal(a.sink.deliveries.all.length, 1)
    a.sink.takes = true
    await b.broker.close()
    a.broker.resume()
    const c = await connect()
    await c.publish(queue('x'), '3')
    t.strictSame(await a.sink.next(1), ['3'])
  })

  withQueues('time to live', async (t, { broker, queue, connect, pass }) => {
    if (!broker.capabilities.timeToLive) return
    const a = await connect()
    await a.publish(queue('x'), 'short', { expiration: '100' })
    await a.publish(queue('x'), 'long', { expiration: '60000' })
    await pass(200)
    await a.subscribe('1', queue('x'))
    t.strictSame(await a.sink.next(1), ['long'])
  })
}

function more (check: Check): void {
  check('STOMP-T3: COMMIT shows everything at once and in order', async (t, { broker, topic, connect }) => {
    const [a, b, c] = [await connect(), await connect(), await connect()]
    await c.subscribe('1', topic('x'))
    await c.subscribe('2', topic('y'))
    const done: unknown[] = []
    for (let i = 0; i < 20; i++) {
      done.push(b.publish(topic('x'), 'other'))
      const operations = [topic('x'), topic('y'), topic('x')].map((destination, n) =>
        ({ type: 'publish', message: message(destination, `${i} ${n}`) } as const))
      done.push(a.broker.commit(operations), b.publish(topic('y'), 'other'))
    }
    await Promise.all(done)
    const texts = await c.sink.next(100)
    if (!broker.capabilities.atomicTransactions) {
      const own = texts.filter((text) => text !== 'other')
      for (let i = 0; i < 20; i++) t.strictSame(own.filter((text) => text.startsWith(`${i} `) && text !== `${i} 1`), [`${i} 0`, `${i} 2`], 'in order, at least')
      return
    }
    for (let i = 0; i < 20; i++) {
      const at = texts.indexOf(`${i} 0`)
      t.strictSame(texts.slice(at, at + 3), [`${i} 0`, `${i} 1`, `${i} 2`])
    }
  })

  check('STOMP-T3: a COMMIT with one step that is refused does nothing', async (t, { broker, topic, connect }) => {
    if (!broker.capabilities.atomicTransactions) return
    const a = await connect()
    await a.subscribe('1', topic('x'))
    await refused(t, () => a.broker.commit([
      { type: 'publish', message: message(topic('x'), 'never') },
      { type: 'publish', message: message('/nowhere/at/all', 'never') }
    ]))
    await a.publish(topic('x'), 'after')
    t.strictSame(await a.sink.next(1), ['after'])
  })

  check('STOMP-T3, STOMP-A6: ACK and NACK in a COMMIT', async (t, { broker, queue, connect }) => {
    if (!broker.capabilities.queues || !broker.capabilities.nackRequeues) return
    const a = await connect()
    await a.subscribe('1', queue('x'), 'client-individual')
    await a.publish(queue('x'), '0')
    await a.publish(queue('x'), '1')
    await a.sink.next(2)
    const [zero, one] = a.sink.deliveries.all.map(handleOf)
    await a.broker.commit([
      { type: 'ack', handles: [zero!] },
      { type: 'publish', message: message(queue('x'), '2') },
      { type: 'nack', handles: [one!] }
    ])
    t.strictSame((await a.sink.next(2)).sort(), ['1', '2'])
    await a.broker.close()
    const b = await connect()
    await b.subscribe('1', queue('x'))
    const texts = await b.sink.next(2)
    t.strictSame(broker.capabilities.redeliveryInOrder ? texts : texts.sort(), ['1', '2'], 'acknowledged messages are gone')
  })

  check('reply-to with a temporary queue', async (t, { broker, queue, connect }) => {
    const [client, service] = [await connect(), await connect()]
    if (!broker.capabilities.temporaryQueues) {
      await refused(t, () => client.publish(queue('x'), 'question', { 'reply-to': '/temp-queue/mine' }))
      return
    }
    await service.subscribe('s', queue('x'))
    await client.publish(queue('x'), 'question', { 'reply-to': '/temp-queue/mine', 'correlation-id': '7' })
    const question = await service.sink.deliveries.next()
    const address = question.publication.headers.get('reply-to')!
    t.match(address, /^\/reply-queue\/[\w.-]{20,}$/, 'SEC-S66: it cannot be guessed')
    t.notMatch(address, /mine/)
    t.equal(question.publication.headers.get('correlation-id'), '7')
    await service.publish(address, 'answer')
    const answer = await client.sink.deliveries.next()
    t.equal(textOf(answer), 'answer')
    t.equal(answer.key, '/temp-queue/mine', 'it comes without a SUBSCRIBE')
    t.equal(answer.handle, null)
    t.notOk(broker.accepts(address, 'subscribe'), 'SEC-S64: a private queue stays private')
  })

  check('history: missed messages come once and in order, or the client learns that they cannot', async (t, { broker, topic, connect }) => {
    if (!broker.capabilities.history) return
    const [a, b] = [await connect(), await connect()]
    await a.subscribe('1', topic('h'))
    for (let i = 0; i < 5; i++) await b.publish(topic('h'), String(i))
    await a.sink.next(5)
    const { headers } = a.sink.deliveries.all[1]!.publication
    const position = `${headers.get('x-epoch')}:${headers.get('x-offset')}`
    await a.broker.close()
    await b.publish(topic('h'), '5')
    const c = await connect()
    t.match(await c.subscribe('1', topic('h'), 'auto', { 'x-recover': position }), { recovered: true })
    await b.publish(topic('h'), '6')
    t.strictSame(await c.sink.next(5), ['2', '3', '4', '5', '6'])
    t.match(await c.subscribe('2', topic('h'), 'auto', { 'x-recover': `other:${headers.get('x-offset')}` }), { recovered: false })
  })

  check('SPRING-E15: when the broker stops every connection ends, and nothing is taken any more', async (t, { broker, topic, connectHere }) => {
    const [a, b] = [await connectHere(), await connectHere()]
    const states: string[] = []
    broker.onState((state) => states.push(state))
    t.equal(broker.state, 'available')
    await a.subscribe('1', topic('x'))
    await broker.stop()
    t.equal(broker.state, 'unavailable')
    t.strictSame(states, ['unavailable'])
    for (const { sink } of [a, b]) t.match(await sink.ends.next('the end'), { name: 'BrokerError', fatal: true })
    await refused(t, () => a.publish(topic('x')), true)
    await refused(t, () => broker.publish(message(topic('x'))), true)
    await refused(t, () => connectHere(), true)
    await broker.stop()
    t.equal(a.sink.ends.all.length, 1)
  })
}

/** Connections of a broker on two nodes: one at each. */
const bothOf = async ({ broker, other }: BrokerOfTwo): Promise<[here: TestConnection, there: TestConnection]> => [await connect(broker), await connect(other)]

/** The deliveries after which a message is a dead letter, by default. */
const MAX_DELIVERIES = 10

/** The number of publications amid which the messaging system restarts. */
const AMID = 1_000

type ClusterCheck = (title: string, body: (t: Test, world: BrokerOfTwo & ReturnType<typeof namesOf>) => Promise<void>) => void

function severalNodes (check: ClusterCheck): void {
  check('STOMP-A5: the messages that a crashed node holds go to a consumer of another node, marked as redelivered', async (t, world) => {
    const { broker, crash, queue } = world
    t.ok(broker.capabilities.survivesNode)
    const [here, there] = await bothOf(world)
    for (let i = 0; i < 6; i++) await here.publish(queue('x'), String(i))
    await there.subscribe('1', queue('x'), 'client-individual', { 'prefetch-count': '4' })
    t.strictSame(await there.sink.next(4), ['0', '1', '2', '3'])
    await there.broker.ack([handleOf(there.sink.deliveries.all[0]!)])
    t.strictSame(await there.sink.next(1), ['4'])
    await crash()
    await here.subscribe('1', queue('x'), 'client-individual')
    // Those that the node held come back when the engine is sure of its end, and others do not wait for them.
    t.strictSame((await here.sink.next(5)).sort(), ['1', '2', '3', '4', '5'])
    for (const delivery of here.sink.deliveries.all) t.equal(delivery.redelivered, textOf(delivery) !== '5', textOf(delivery))
    await here.publish(queue('x'), 'after')
    t.strictSame(await here.sink.next(1), ['after'], 'the queue goes on')
  })

  check('a message whose consumers end with it goes to the dead letters after maxDeliveries', async (t, world) => {
    const { queue } = world
    const [dead, publisher] = await bothOf(world)
    await dead.subscribe('1', '/dlq')
    await publisher.publish(queue('x'), 'poison')
    for (let delivery = 1; delivery <= MAX_DELIVERIES; delivery++) {
      const consumer = await connect(delivery % 2 === 0 ? world.broker : world.other)
      await consumer.subscribe('1', queue('x'), 'client-individual')
      t.strictSame(await consumer.sink.next(1), ['poison'], `delivery ${delivery}`)
      t.equal(consumer.sink.deliveries.all[0]!.redelivered, delivery > 1, `delivery ${delivery}`)
      await consumer.broker.close()
    }
    const last = await connect(world.broker)
    await last.subscribe('1', queue('x'), 'client-individual')
    const letter = await dead.sink.deliveries.next('the dead letter')
    t.equal(textOf(letter), 'poison')
    t.strictSame(['original-destination', 'x-death-reason'].map((name) => letter.publication.headers.get(name)), [queue('x'), 'delivery-limit'])
    await publisher.publish(queue('x'), 'after')
    t.strictSame(await last.sink.next(1), ['after'])
  })

  check('both nodes recover the same history, and a client changes nodes without a gap', async (t, world) => {
    const { broker, topic } = world
    if (!broker.capabilities.history) return
    const [here, there] = await bothOf(world)
    await here.subscribe('1', topic('h'))
    await there.subscribe('1', topic('h'))
    for (let i = 0; i < 20; i++) await (i % 2 === 0 ? here : there).publish(topic('h'), String(i))
    const texts = [await here.sink.next(20), await there.sink.next(20)]
    t.strictSame(texts[0], texts[1], 'one order for the subscribers of both nodes')
    const positionOf = ({ sink }: TestConnection, i: number): string => {
      const { headers } = sink.deliveries.all[i]!.publication
      return `${headers.get('x-epoch')}:${headers.get('x-offset')}`
    }
    t.equal(positionOf(here, 7), positionOf(there, 7), 'a message has the same place at both nodes')
    const positions = [positionOf(here, 7), positionOf(there, 12), positionOf(here, 19)]
    for (const [i, from] of [8, 13, 20].entries()) {
      const [one, two] = await bothOf(world)
      for (const client of [one, two]) {
        t.match(await client.subscribe('1', topic('h'), 'auto', { 'x-recover': positions[i]! }), { recovered: true })
        t.strictSame(await client.sink.next(texts[0]!.length - from), texts[0]!.slice(from))
      }
      await here.publish(topic('h'), `after ${from}`)
      for (const client of [one, two]) t.strictSame(await client.sink.next(1), [`after ${from}`])
      await Promise.all([one, two].map(({ broker }) => broker.close()))
      texts[0]!.push(`after ${from}`)
    }
  })

  check('the messaging system restarts amid 1,000 publications: each message comes once and in order, or the gap is told', async (t, world) => {
    const { broker, topic, restart } = world
    const [here, there] = await bothOf(world)
    await there.subscribe('1', topic('x'), 'auto', { 'x-gaps': 'true' })
    let sent = 0
    const publishing: unknown[] = []
    const publish = (to: number): void => {
      for (; sent < to; sent++) publishing.push(here.publish(topic('x'), String(sent)))
    }
    publish(200)
    await until(() => there.sink.deliveries.all.length >= 200, 'the first messages have come')
    publish(400)
    const restarted = restart()
    publish(600)
    await restarted
    publish(AMID)
    await Promise.all(publishing)
    await here.publish(topic('x'), 'end')
    const numbers: number[] = []
    let gaps = 0
    // The mark of a gap comes before the first message behind it.
    let isMarked = false
    for (;;) {
      const delivery = await there.sink.deliveries.next('the end')
      if (delivery.publication.headers.get('x-gap') === 'true') {
        gaps++
        isMarked = true
        continue
      }
      const text = textOf(delivery)
      const [number, due] = [text === 'end' ? AMID : Number(text), (numbers.at(-1) ?? -1) + 1]
      if (number < due || (number > due && !isMarked)) t.fail(`${number} came where ${due} was due`)
      isMarked = false
      if (number === AMID) break
      numbers.push(number)
    }
    const { history, survivesEngine } = broker.capabilities
    const all = Array.from({ length: AMID }, (_, i) => i)
    if (gaps === 0 || (history && survivesEngine)) t.strictSame(numbers, all, 'each message once, in order')
    else t.strictSame(numbers.filter((number) => number < 200 || number >= 600), [...all.slice(0, 200), ...all.slice(600)], 'all that came before the restart, or was published after it')
    t.comment(`${numbers.length} of ${AMID} messages, ${gaps} gaps told`)
  })
}
