import t from 'tap'
import { type MemoryDelivery, MemoryNetwork } from '../../src/engine/memory.ts'
import { EngineNode } from '../support/engines/node.ts'

/** Nodes of a network whose deliveries wait until the test lets them arrive. */
async function open (count: number, deliver?: (delivery: MemoryDelivery) => void): Promise<{ network: MemoryNetwork, nodes: [EngineNode, ...EngineNode[]], held: MemoryDelivery[] }> {
  const held: MemoryDelivery[] = []
  const network = new MemoryNetwork({ deliver: deliver ?? ((delivery) => { held.push(delivery) }) })
  const nodes = Array.from({ length: count }, () => new EngineNode(network.engine())) as [EngineNode]
  for (const node of nodes) await node.start()
  return { network, nodes, held }
}

const LOGS = { messages: 100, bytes: 10_000, ttl: 600_000 }

t.test('messages of logs and queues are delivered as publications are, in one order', async (t) => {
  const held: MemoryDelivery[] = []
  const network = new MemoryNetwork({ deliver: (delivery) => { held.push(delivery) } })
  const [a, b] = [new EngineNode(network.engine()), new EngineNode(network.engine())]
  const groups = [a, b].map(({ engine }) => engine.logs.group('g', LOGS))
  for (const node of [a, b]) await node.start()
  const got: string[] = []
  await groups[1]!.follow('*', ({ data }) => { got.push(Buffer.from(data).toString()) })
  await b.engine.channels.subscribe('c', (data) => { got.push(Buffer.from(data).toString()) })
  b.engine.queues.consume('q', ({ data }) => { got.push(Buffer.from(data).toString()) }).credit(1)
  a.publish('c', '1')
  await groups[0]!.append('x', 'id', Buffer.from('2'))
  await a.engine.queues.push('q', 'id', Buffer.from('3'))
  a.publish('c', '4')
  t.strictSame(held.map(({ kind, from, to, channel }) => ({ kind, from, to, channel })), [
    { kind: 'channel', from: a.node, to: b.node, channel: 'c' },
    { kind: 'log', from: a.node, to: b.node, channel: 'g.x' },
    { kind: 'queue', from: '', to: b.node, channel: 'q' },
    { kind: 'channel', from: a.node, to: b.node, channel: 'c' }
  ])
  t.strictSame(got, [])
  for (const { arrive } of held) arrive()
  t.strictSame(got, ['1', '2', '3', '4'])
})

t.test('a message of a queue arrives once, and not after it has gone back', async (t) => {
  const { network, nodes: [a, b], held } = await open(2)
  const [first, second]: [string[], string[]] = [[], []]
  const consumer = a.engine.queues.consume('q', ({ data, deliveries }) => { first.push(`${Buffer.from(data)}:${deliveries}`) })
  consumer.credit(2)
  await b!.engine.queues.push('q', '1', Buffer.from('1'))
  await b!.engine.queues.push('q', '2', Buffer.from('2'))
  const [one, two] = held.splice(0)
  one!.arrive()
  one!.arrive()
  t.strictSame(first, ['1:1'])
  network.cut(a.engine as never)
  two!.arrive()
  b!.engine.queues.consume('q', ({ data, deliveries }) => { second.push(`${Buffer.from(data)}:${deliveries}`) }).credit(9)
  for (const { arrive } of held.splice(0)) arrive()
  t.strictSame([first, second], [['1:1'], ['1:2', '2:2']])
  network.mend()
  two!.arrive()
  await b!.engine.queues.push('q', '3', Buffer.from('3'))
  await b!.engine.queues.push('q', '4', Buffer.from('4'))
  for (const { arrive } of held.splice(0)) arrive()
  t.strictSame(first, ['1:1', '4:1'], 'the message that did not arrive has cost no credit')
  t.strictSame(second, ['1:2', '2:2', '3:1'])
})

t.test('a network that delivers at once lets a listener answer at once', async (t) => {
  const { nodes: [a, b] } = await open(2, ({ arrive }) => arrive())
  const texts: string[] = []
  const consumer = a.engine.queues.consume('q', (message) => {
    texts.push(`${Buffer.from(message.data)}:${message.deliveries}`)
    consumer.credit(1)
    if (message.deliveries === 1) consumer.nack(message)
    else consumer.ack(message).catch(t.threw)
  })
  consumer.credit(1)
  for (const text of ['1', '2', '3']) await b!.engine.queues.push('q', text, Buffer.from(text))
  t.strictSame(texts, ['1:1', '1:2', '2:1', '2:2', '3:1', '3:2'])
})

t.test('nodes that are cut together give nothing to each other', async (t) => {
  const { network, nodes: [a, b, c] } = await open(3, ({ arrive }) => arrive())
  const texts: string[] = []
  for (const node of [a, b!]) node.engine.queues.consume('q', () => { texts.push(node.node) }).credit(9)
  for (const text of ['1', '2', '3', '4']) await c!.engine.queues.push('q', text, Buffer.from(text))
  t.equal(texts.length, 4)
  network.cut(a.engine as never, b!.engine as never)
  t.equal(texts.length, 4)
  const back: string[] = []
  c!.engine.queues.consume('q', ({ data, deliveries }) => { back.push(`${Buffer.from(data)}:${deliveries}`) }).credit(9)
  t.strictSame(back, ['1:2', '2:2', '3:2', '4:2'])
})
