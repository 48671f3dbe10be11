import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { ClusterNode } from '../../../src/cluster/node.ts'
import { ManualClock } from '../../../src/core/clock.ts'
import { engineErrors } from '../../../src/engine/errors.ts'
import { type MemoryDelivery, MemoryNetwork } from '../../../src/engine/memory.ts'
import type { Broker } from '../../../src/stomp/broker/broker.ts'
import { clusterBroker, type ClusterBrokerOptions } from '../../../src/stomp/broker/cluster/index.ts'
import { FrameHeaders } from '../../../src/stomp/codec/index.ts'
import { Stranger, turns } from '../../cluster/peers.ts'
import { connect, handleOf, message, refused, TestConnection, testLog, TestSink, textOf } from '../../support/broker.ts'
import { brokerContract } from './contract.ts'

/** Starts the broker on nodes of one network. */
async function startBrokers (t: Test, count: number, options: ClusterBrokerOptions = {}, network = new MemoryNetwork()) {
  return await Promise.all(Array.from({ length: count }, async () => {
    const clock = new ManualClock()
    const log = testLog()
    const engine = network.engine()
    const node = new ClusterNode({ engine, clock, log, name: randomBytes(4).toString('hex') })
    const broker = clusterBroker(options)
    broker.join?.(node)
    await node.start()
    await broker.start({ clock, log, applicationPrefixes: ['/app'] })
    t.teardown(async () => {
      await broker.stop()
      await node.stop()
    })
    return { broker, node, engine, clock, log }
  }))
}

const VARIANTS: readonly [name: string, options: ClusterBrokerOptions][] = [
  ['with histories', { history: [{ pattern: '/topic/**' }] }],
  ['without histories, with dots', { separator: '.' }],
  ['with other prefixes and little else', { prefixes: { topic: ['/fan', '/topic'], deadLetters: '/dead/letters' }, maxTemporaryQueues: 0 }]
]

for (const [name, options] of VARIANTS) {
  brokerContract(`clusterBroker on two nodes, ${name}`, async (t) => {
    const [here, there] = await startBrokers(t, 2, options)
    return { broker: here!.broker, other: there!.broker, pass: async (ms) => { for (const { clock } of [here!, there!]) clock.advance(ms) } }
  })
}

/** Connects as a user. */
async function connectAs (broker: Broker, user: string): Promise<TestConnection> {
  const sink = new TestSink()
  const client = { session: randomBytes(16).toString('base64url'), user, headers: new FrameHeaders(), signal: new AbortController().signal }
  return new TestConnection(await broker.connect(client, sink), sink)
}

type Started = Awaited<ReturnType<typeof startBrokers>>[number]

/** Moves the clocks of all nodes, and lets the network work in between. */
async function pass (nodes: readonly Started[], ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    for (const { clock } of nodes) clock.advance(100)
    await turns()
  }
}

// --- users

t.test('a message for a user reaches the sessions of other nodes, once, and only while there are some', async (t) => {
  const [a, b] = await startBrokers(t, 2) as [Started, Started]
  const got: string[] = []
  for (const [name, { broker }] of [['a', a], ['b', b]] as const) broker.onUserMessage(({ user, destination, body }) => { got.push(`${name} ${user} ${destination} ${body.text}`) })
  const one = await connectAs(b.broker, 'kim / é')
  const two = await connectAs(b.broker, 'kim / é')
  await connectAs(a.broker, 'kim / é')
  const tell = async (): Promise<void> => { await a.broker.publishToUser({ user: 'kim / é', ...message('/user/queue/x', 'hello') }) }
  await tell()
  await turns()
  t.strictSame(got, ['b kim / é /user/queue/x hello'], 'the node that sends has served its own sessions')
  await one.broker.close()
  await tell()
  await turns()
  t.equal(got.length, 2, 'another session of the user is left')
  await two.broker.close()
  await two.broker.close()
  await tell()
  await b.broker.publishToUser({ user: 'nobody', ...message('/user/queue/x', 'x') })
  await turns()
  t.equal(got.length, 2)
})

// --- the engine is away

t.test('messages that are published while the engine is away arrive once and in order, when it is back', async (t) => {
  const network = new MemoryNetwork()
  const nodes = await startBrokers(t, 2, {}, network) as [Started, Started]
  const [a, b] = nodes
  const [publisher, subscriber] = [await connect(a.broker), await connect(b.broker)]
  await subscriber.subscribe('1', '/topic/x')
  await publisher.publish('/topic/x', '0')
  network.cut(a.engine)
  t.equal(a.broker.state, 'unavailable')
  const published = [1, 2, 3].map((i) => publisher.publish('/topic/x', String(i)))
  await pass(nodes, 1_000)
  network.mend(a.engine)
  await pass(nodes, 1_000)
  await Promise.all(published)
  await publisher.publish('/topic/x', '4')
  t.strictSame(await subscriber.sink.next(5), ['0', '1', '2', '3', '4'])
  t.equal(a.broker.state, 'available')
})

t.test('a message that the engine does not take for 8 s is refused, and so is a new session', async (t) => {
  const network = new MemoryNetwork()
  const nodes = await startBrokers(t, 1, { history: [{ pattern: '/topic/h/**' }] }, network) as [Started]
  const [a] = nodes
  const client = await connect(a.broker)
  network.cut(a.engine)
  const refusals = ['/topic/x', '/topic/h/x', '/queue/x'].map((destination) => refused(t, () => client.publish(destination, 'x'), true))
  const late = refused(t, () => connect(a.broker), true)
  await pass(nodes, 9_000)
  for (const refusal of [...refusals, late]) t.equal((await refusal).code, 'STOMP_BROKER_UNAVAILABLE')
  network.mend(a.engine)
  await pass(nodes, 500)
  await client.publish('/queue/x', 'y')
})

t.test('a client learns of a gap if it wants to', async (t) => {
  const network = new MemoryNetwork()
  const nodes = await startBrokers(t, 2, {}, network) as [Started, Started]
  const [a, b] = nodes
  const client = await connect(b.broker)
  await client.subscribe('with', '/topic/x', 'auto', { 'x-gaps': 'true' })
  await client.subscribe('without', '/topic/x')
  network.cut(b.engine)
  const publisher = await connect(a.broker)
  await publisher.publish('/topic/x', 'lost')
  network.mend(b.engine)
  await pass(nodes, 500)
  const mark = await client.sink.deliveries.next('the mark')
  t.strictSame([mark.key, mark.publication.headers.get('x-gap'), textOf(mark)], ['with', 'true', ''])
  await publisher.publish('/topic/x', 'next')
  t.strictSame(await client.sink.next(2), ['next', 'next'])
})

// --- histories

t.test('a node that was cut off gets what it missed from the log, once and in order, among new messages', async (t) => {
  const network = new MemoryNetwork()
  const nodes = await startBrokers(t, 2, { history: [{ pattern: '/topic/**', messages: 5_000 }] }, network) as [Started, Started]
  const [a, b] = nodes
  const [publisher, exact, byPattern] = [await connect(a.broker), await connect(b.broker), await connect(b.broker)]
  await exact.subscribe('1', '/topic/x/y')
  await byPattern.subscribe('1', '/topic/x/**')
  const wanted = Array.from({ length: 1_000 }, (_, i) => String(i))
  for (const text of wanted) {
    if (Number(text) % 100 === 30) network.cut(b.engine)
    if (Number(text) % 100 === 60) network.mend(b.engine)
    await publisher.publish('/topic/x/y', text)
  }
  await pass(nodes, 500)
  t.strictSame(await exact.sink.next(1_000), wanted)
  t.strictSame(await byPattern.sink.next(1_000), wanted)
})

t.test('a message that a client sends right behind its SUBSCRIBE, without a RECEIPT, comes to it, and no message is left out', async (t) => {
  const nodes = await startBrokers(t, 2, { history: [{ pattern: '/topic/h/**' }] }) as [Started, Started]
  for (const destination of ['/topic/h/x', '/topic/x']) {
    const [client, other] = [await connect(nodes[0].broker), await connect(nodes[1].broker)]
    await other.publish(destination, 'before')
    const work = [client.subscribe('1', destination), ...['0', '1'].map((text) => client.publish(destination, text))]
    await Promise.all(work)
    await other.publish(destination, '2')
    t.strictSame(await client.sink.next(3), ['0', '1', '2'], destination)
  }
})

t.test('a client that recovers while the engine is away gets its messages when it is back', async (t) => {
  const network = new MemoryNetwork()
  const nodes = await startBrokers(t, 2, { history: [{ pattern: '/topic/**' }] }, network) as [Started, Started]
  const [a, b] = nodes
  const [publisher, present, late] = [await connect(a.broker), await connect(b.broker), await connect(b.broker)]
  const { position } = await present.subscribe('1', '/topic/x') as { position: string }
  await publisher.publish('/topic/x', '0')
  network.cut(b.engine)
  const subscribed = late.subscribe('1', '/topic/x', 'auto', { 'x-recover': position })
  await publisher.publish('/topic/x', '1')
  await pass(nodes, 1_000)
  network.mend(b.engine)
  await pass(nodes, 1_000)
  t.match(await subscribed, { recovered: true })
  t.strictSame(await late.sink.next(2), ['0', '1'])
  t.strictSame(await present.sink.next(2), ['0', '1'])
})

t.test('both nodes recover the same history, while messages are published', async (t) => {
  const nodes = await startBrokers(t, 2, { history: [{ pattern: '/topic/**', messages: 500 }] }) as [Started, Started]
  const publisher = await connect(nodes[0].broker)
  const first = await connect(nodes[1].broker)
  const { position } = await first.subscribe('1', '/topic/x') as { position: string }
  for (let i = 0; i < 50; i++) await publisher.publish('/topic/x', String(i))
  const publishing = Array.from({ length: 50 }, (_, i) => publisher.publish('/topic/x', String(50 + i)))
  const wanted = Array.from({ length: 100 }, (_, i) => String(i))
  for (const { broker } of nodes) {
    const late = await connect(broker)
    t.match(await late.subscribe('1', '/topic/x', 'auto', { 'x-recover': position }), { recovered: true })
    t.strictSame(await late.sink.next(100), wanted)
  }
  await Promise.all(publishing)
})

t.test('a client that recovers at a node that is behind the history gets no message twice', async (t) => {
  const late: MemoryDelivery[] = []
  const network = new MemoryNetwork({
    deliver: (delivery) => {
      if (delivery.kind === 'log' && delivery.to === nodes?.[1]!.node.id) late.push(delivery)
      else setImmediate(delivery.arrive)
    }
  })
  let nodes: Started[] | null = null
  nodes = await startBrokers(t, 2, { history: [{ pattern: '/topic/**' }] }, network)
  const [publisher, behind] = [await connect(nodes[0]!.broker), await connect(nodes[1]!.broker)]
  await behind.subscribe('1', '/topic/x')
  await publisher.subscribe('1', '/topic/x')
  for (const text of ['0', '1', '2', '3']) await publisher.publish('/topic/x', text)
  await publisher.sink.next(4)
  const clients: TestConnection[] = []
  for (const { publication: { headers } } of [publisher.sink.deliveries.all[1]!, publisher.sink.deliveries.all[3]!]) {
    const client = await connect(nodes[1]!.broker)
    clients.push(client)
    t.match(await client.subscribe('1', '/topic/x', 'auto', { 'x-recover': `${headers.get('x-epoch')}:${headers.get('x-offset')}` }), { recovered: true })
  }
  await publisher.publish('/topic/x', '4')
  for (const { arrive } of late) arrive()
  t.strictSame(await behind.sink.next(5), ['0', '1', '2', '3', '4'], 'the node has caught up')
  t.strictSame(clients.map(({ sink }) => sink.texts), [['2', '3', '4'], ['4']])
  await clients[0]!.broker.unsubscribe('1')
  await publisher.publish('/topic/x', '5')
  late.at(-1)!.arrive()
  t.strictSame(await clients[1]!.sink.next(2), ['4', '5'])
  t.strictSame(clients[0]!.sink.texts, ['2', '3', '4'], 'the subscription can end')
})

t.test('an engine that has lost its data begins a new epoch, and says that messages may be missing', async (t) => {
  const network = new MemoryNetwork()
  const nodes = await startBrokers(t, 2, { history: [{ pattern: '/topic/**' }] }, network) as [Started, Started]
  const [publisher, subscriber] = [await connect(nodes[0].broker), await connect(nodes[1].broker)]
  await subscriber.subscribe('1', '/topic/x', 'auto', { 'x-gaps': 'true' })
  await publisher.publish('/topic/x', '0')
  const first = await subscriber.sink.deliveries.next()
  network.restart()
  await pass(nodes, 4_000)
  await publisher.publish('/topic/x', '1')
  const texts = await subscriber.sink.next(2)
  t.strictSame(texts, ['', '1'])
  const headers = subscriber.sink.deliveries.all.at(-1)!.publication.headers
  t.not(headers.get('x-epoch'), first.publication.headers.get('x-epoch'))
  const late = await connect(nodes[0].broker)
  const before = `${first.publication.headers.get('x-epoch')}:${first.publication.headers.get('x-offset')}`
  t.match(await late.subscribe('1', '/topic/x', 'auto', { 'x-recover': before }), { recovered: false })
})

t.test('a publication with an id of its own arrives once, although it is published twice at different nodes', async (t) => {
  const nodes = await startBrokers(t, 2, { history: [{ pattern: '/topic/h/**' }] })
  const client = await connect(nodes[0]!.broker)
  for (const [i, destination] of ['/topic/x', '/topic/h/x', '/topic/h/y', '/queue/x', '/queue/y'].entries()) {
    await client.subscribe(String(i), destination)
    for (const { broker } of nodes) await broker.publish({ ...message(destination, 'once'), id: 'kafka-1' })
    await nodes[1]!.broker.publish({ ...message(destination, 'next'), id: 'kafka-2' })
    t.strictSame(await client.sink.next(2), ['once', 'next'], destination)
    t.equal(client.sink.deliveries.all.at(-1)!.publication.id, 'kafka-2')
  }
})

// --- queues

t.test('the messages that a node holds go to another node when it dies, and are marked', async (t) => {
  const network = new MemoryNetwork()
  const nodes = await startBrokers(t, 2, {}, network) as [Started, Started]
  const [holder, other] = [await connect(nodes[0].broker), await connect(nodes[1].broker)]
  await holder.subscribe('1', '/queue/x', 'client-individual')
  for (let i = 0; i < 10; i++) await other.publish('/queue/x', String(i))
  await holder.sink.next(10)
  await holder.broker.ack([handleOf(holder.sink.deliveries.all[3]!)])
  network.cut(nodes[0].engine)
  await other.subscribe('1', '/queue/x', 'client-individual')
  t.strictSame(await other.sink.next(9), ['0', '1', '2', '4', '5', '6', '7', '8', '9'])
  t.ok(other.sink.deliveries.all.every(({ redelivered }) => redelivered))
})

t.test('a message that no consumer can handle goes to the dead letters, wherever it was refused', async (t) => {
  const nodes = await startBrokers(t, 2, { maxDeliveries: 3 }) as [Started, Started]
  const [a, b, undertaker] = [await connect(nodes[0].broker), await connect(nodes[1].broker), await connect(nodes[0].broker)]
  let refusals = 0
  for (const client of [a, b]) {
    client.sink.react = (delivery) => {
      refusals++
      setImmediate(() => { Promise.resolve(client.broker.nack([handleOf(delivery)])).catch(t.fail) })
    }
    await client.subscribe('1', '/queue/poison', 'client-individual')
  }
  await undertaker.subscribe('1', '/dlq')
  await a.publish('/queue/poison', 'poison', { color: 'green' })
  const letter = await undertaker.sink.deliveries.next('the letter')
  t.equal(refusals, 3)
  t.match(Object.fromEntries(letter.publication.headers), { 'original-destination': '/queue/poison', 'x-death-reason': 'delivery-limit', color: 'green', destination: '/dlq' })
  await refused(t, () => a.publish('/dlq', 'x'))
})

t.test('a message that is given up while the engine takes no letter stays in its queue, and goes to the dead letters later', async (t) => {
  const nodes = await startBrokers(t, 1, { maxDeliveries: 1 }) as [Started]
  const [{ broker, engine, log }] = nodes
  const [client, undertaker] = [await connect(broker), await connect(broker)]
  const { queues } = engine
  const push = queues.push.bind(queues)
  let refusals = 0
  queues.push = async (queue, id, data) => {
    if (queue !== 'dlq') return await push(queue, id, data)
    refusals++
    throw new engineErrors.Unavailable('memory', 'it does not answer')
  }
  await client.subscribe('1', '/queue/poison', 'client-individual')
  for (let i = 0; i < 50; i++) await client.publish('/queue/poison', String(i))
  client.sink.react = (delivery) => { setImmediate(() => { Promise.resolve(client.broker.nack([handleOf(delivery)])).catch(t.fail) }) }
  for (const delivery of client.sink.deliveries.all) await client.broker.nack([handleOf(delivery)])
  await turns(20)
  t.ok(refusals > 0 && refusals <= 32, 'few letters are on their way')
  await pass(nodes, 10_000)
  queues.push = push
  await undertaker.subscribe('1', '/dlq')
  await pass(nodes, 1_000)
  t.strictSame(undertaker.sink.texts.map(Number).sort((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i))
  t.strictSame(log.warnings, [])
})

t.test('a message whose letter the engine has is buried once, also if the end of the message is not noted', async (t) => {
  const network = new MemoryNetwork()
  const nodes = await startBrokers(t, 1, { maxDeliveries: 1 }, network) as [Started]
  const [{ broker, engine }] = nodes
  const [client, undertaker] = [await connect(broker), await connect(broker)]
  const { queues } = engine
  const push = queues.push.bind(queues)
  const letters: string[] = []
  queues.push = async (queue, id, data) => {
    await push(queue, id, data)
    if (queue === 'dlq' && letters.push(id) === 1) network.cut(engine)
  }
  client.sink.react = (delivery) => { setImmediate(() => { Promise.resolve(client.broker.nack([handleOf(delivery)])).catch(t.fail) }) }
  await client.subscribe('1', '/queue/poison', 'client-individual')
  await client.publish('/queue/poison', 'poison')
  await pass(nodes, 500)
  t.equal(broker.state, 'unavailable', 'the engine is away when the letter is there')
  network.mend(engine)
  await pass(nodes, 10_000)
  t.same(letters, [letters[0], letters[0]], 'the message came again, and its letter has the same id')
  await undertaker.subscribe('1', '/dlq')
  await pass(nodes, 1_000)
  t.strictSame(undertaker.sink.texts, ['poison'])
})

t.test('an operator sees the depths of queues and the dead letters, at any node', async (t) => {
  const network = new MemoryNetwork()
  const nodes = await startBrokers(t, 2, { maxDeliveries: 1 }, network) as [Started, Started]
  const [a, b] = [await connect(nodes[0].broker), await connect(nodes[1].broker)]
  const queues = async (node: number): Promise<unknown> => [...await nodes[node]!.broker.inspect!().queues!()]
  const letters = async (node: number): Promise<unknown> =>
    [...await nodes[node]!.broker.inspect!().deadLetters!()].map(({ queue, reason, body, headers }) => [queue, reason, body.text, headers.get('color')])
  await a.publish('/queue/é', 'one')
  await a.publish('/queue/é', 'two')
  await b.subscribe('1', '/queue/read', 'client')
  t.match(await queues(0), [{ destination: '/queue/é', messages: 2, bytes: Number, consumers: 0 }])
  t.match(await queues(1), [{ destination: '/queue/read', messages: 0, bytes: 0, consumers: 1 }])
  t.strictSame(await letters(0), [])

  b.sink.react = (delivery) => { setImmediate(() => { Promise.resolve(b.broker.nack([handleOf(delivery)])).catch(t.fail) }) }
  await a.publish('/queue/read', 'poison', { color: 'green' })
  await pass(nodes, 500)
  for (const node of [0, 1]) t.strictSame(await letters(node), [['/queue/read', 'delivery-limit', 'poison', 'green']])
  t.equal(nodes[0].broker.inspect!().replay, null)
  t.match(await queues(0), [{ destination: '/queue/é', messages: 2 }], 'a queue without messages and consumers is not listed')

  for (let i = 0; i < 300; i++) await a.publish(`/queue/n${i}`, 'x')
  const many = await queues(0) as { destination: string }[]
  t.same([many.length, many.at(-1)!.destination], [200, '/queue/n299'], 'the last queues are remembered')
  network.cut(...network.engines)
  t.strictSame(new Set((await queues(1) as { messages: unknown }[]).map(({ messages }) => messages)), new Set([null]), 'an engine that is away does not say')
  t.strictSame(await letters(1), [])
})

t.test('expired messages are dropped, or go to the dead letters, where the clocks of the nodes differ', async (t) => {
  const nodes = await startBrokers(t, 2, { deadLetterExpired: true }) as [Started, Started]
  nodes[1].clock.advance(1_000_000)
  const [a, undertaker] = [await connect(nodes[0].broker), await connect(nodes[1].broker)]
  await a.publish('/queue/x', 'short', { ttl: '100' })
  await a.publish('/queue/x', 'long', { ttl: '100000' })
  for (const { clock } of nodes) clock.advance(200)
  await undertaker.subscribe('1', '/dlq')
  await a.subscribe('1', '/queue/x')
  t.strictSame(await a.sink.next(1), ['long'])
  const letter = await undertaker.sink.deliveries.next('the letter')
  t.match(letter.publication.headers.get('x-death-reason'), 'expired')
})

t.test('a queue that is full and a message that is too large are refused, and nothing else is lost', async (t) => {
  const network = new MemoryNetwork({ maxPayload: 4_096 })
  const nodes = await startBrokers(t, 2, { maxQueueMessages: 3, history: [{ pattern: '/topic/h/**' }] }, network) as [Started, Started]
  const [a, b] = [await connect(nodes[0].broker), await connect(nodes[1].broker)]
  for (let i = 0; i < 3; i++) await a.publish('/queue/x', String(i))
  t.equal((await refused(t, () => b.publish('/queue/x', '3'))).code, 'STOMP_QUEUE_FULL')
  for (const destination of ['/topic/x', '/topic/h/x', '/queue/y']) {
    t.equal((await refused(t, () => a.publish(destination, 'x'.repeat(5_000)))).code, 'STOMP_MESSAGE_TOO_LARGE', destination)
  }
  await b.subscribe('1', '/queue/x')
  t.strictSame(await b.sink.next(3), ['0', '1', '2'])
})

t.test('the bytes of all queues together have a bound, which the capabilities name', async (t) => {
  const [{ broker }] = await startBrokers(t, 1, { maxBytes: 10_000 }) as [Started]
  t.equal(broker.capabilities.boundsAllQueues, true)
  const client = await connect(broker)
  for (let i = 0; i < 4; i++) await client.publish(`/queue/${i}`, 'x'.repeat(2_000))
  t.equal((await refused(t, () => client.publish('/queue/4', 'x'.repeat(2_000)))).code, 'STOMP_QUEUE_FULL')
})

t.test('the unacknowledged messages of a connection have a bound, and no subscription starves', async (t) => {
  const nodes = await startBrokers(t, 2, { maxUnacked: 4 }) as [Started, Started]
  const [client, publisher] = [await connect(nodes[0].broker), await connect(nodes[1].broker)]
  await client.subscribe('x', '/queue/x', 'client-individual')
  await client.subscribe('y', '/queue/y', 'client-individual')
  for (let i = 0; i < 10; i++) await publisher.publish('/queue/x', `x${i}`)
  await publisher.publish('/queue/y', 'y0')
  await turns(20)
  t.ok(client.sink.texts.includes('y0'))
  t.ok(client.sink.texts.length <= 5, 'the bound, and one message more for a subscription that has none')
  const seen = new Set<string>()
  while (seen.size < 11) {
    const delivery = await client.sink.deliveries.next('a message')
    seen.add(textOf(delivery))
    await client.broker.ack([handleOf(delivery)])
  }
})

// --- replies

t.test('a reply goes to the node of its client, and is dropped when that node has gone', async (t) => {
  const network = new MemoryNetwork()
  const nodes = await startBrokers(t, 2, {}, network) as [Started, Started]
  const [client, service] = [await connect(nodes[0].broker), await connect(nodes[1].broker)]
  await service.subscribe('s', '/queue/questions')
  await client.publish('/queue/questions', 'question', { 'reply-to': '/temp-queue/mine' })
  const address = (await service.sink.deliveries.next()).publication.headers.get('reply-to')!
  t.ok(address.startsWith(`/reply-queue/${nodes[0].node.id}`))
  await nodes[1].broker.publish(message(address, 'from the application'))
  t.strictSame(await client.sink.next(1), ['from the application'])
  await service.publish('/reply-queue/an-unknown-node-and-more', 'dropped')
  await nodes[0].broker.stop()
  await nodes[0].node.stop()
  await turns()
  await service.publish(address, 'dropped too')
  t.strictSame(nodes[1].log.warnings, [])
})

// --- strangers

t.test('garbage on the channels counts for nothing', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await startBrokers(t, 1, {}, network) as [Started]
  const client = await connect(a.broker)
  await client.subscribe('1', '/topic/x')
  const stranger = await new Stranger(network).start()
  for (const data of ['', 'garbage', '\0'.repeat(100)]) stranger.publish('t.topic.x', Buffer.from(data))
  await turns()
  await client.publish('/topic/x', 'message')
  t.strictSame(await client.sink.next(1), ['message'])
  t.ok(a.log.warnings.some((text) => text.includes('A publication was dropped')))
})

t.test('without an engine the broker does not start, and says why', async (t) => {
  await t.rejects(clusterBroker().start({ clock: new ManualClock(), log: testLog(), applicationPrefixes: [] }), { code: 'FST_STOMP_INVALID_OPTION', message: /engine/ })
  t.throws(() => clusterBroker({ queueWildcards: true } as never), { code: 'FST_STOMP_INVALID_OPTION', message: /clusterBroker.*queueWildcards|queueWildcards/s })
})
