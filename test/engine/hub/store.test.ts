import t, { type Test } from 'tap'
import type { EngineLogGroup } from '../../../src/engine/logs.ts'
import type { TakenMessage } from '../../../src/engine/queues.ts'
import { HubNode, hubPath, openHub } from '../../support/hub-nodes.ts'
import { until } from '../../support/wait.ts'

const MIB = 1024 * 1024

/** Starts nodes with a group of logs at a hub that lets few bytes wait for a node. */
async function open (t: Test, count: number): Promise<{ path: string, nodes: [HubNode, ...HubNode[]], groups: [EngineLogGroup, ...EngineLogGroup[]] }> {
  const path = hubPath(t)
  await openHub(t, path, { maxQueue: 6 * MIB })
  const nodes = Array.from({ length: count }, (_, i) => new HubNode(t, path, `n${i}`)) as [HubNode]
  const groups = nodes.map(({ engine }) => engine.logs.group('g', { messages: 100, bytes: 64 * MIB, ttl: 600_000 })) as [EngineLogGroup]
  for (const node of nodes) {
    node.engine.queues.bound({ messages: 1_000, bytes: 256 * MIB, allBytes: 256 * MIB })
    await node.start()
  }
  return { path, nodes, groups }
}

t.test('a consumer with much credit does not fill its line', async (t) => {
  const { nodes: [a, b] } = await open(t, 2)
  const data = Buffer.alloc(MIB)
  for (let i = 0; i < 40; i++) await a.engine.queues.push('q', String(i), data)
  const taken: TakenMessage[] = []
  const consumer = b!.engine.queues.consume('q', (message) => { taken.push(message) })
  consumer.credit(100)
  await until(() => taken.length === 40, 'all messages arrive')
  t.ok(taken.every(({ deliveries }) => deliveries === 1))
  await Promise.all(taken.map((message) => consumer.ack(message)))
  t.strictSame([a.states, b!.states], [['available'], ['available']])
})

t.test('many readers at once do not fill the line of their node', async (t) => {
  const { nodes: [a, b], groups: [group, reader] } = await open(t, 2)
  const start = await group.position('x')
  for (let i = 0; i < 8; i++) await group.append('x', String(i), Buffer.alloc(MIB / 2))
  const reads = await Promise.all(Array.from({ length: 20 }, () => reader!.since('x', start)))
  t.ok(reads.every((entries) => entries?.length === 8))
  t.strictSame([a.states, b!.states], [['available'], ['available']])
})

t.test('a node that leaves with two consumers gives its messages to others', async (t) => {
  const { nodes: [a, b] } = await open(t, 2)
  const queue = b!.engine.queues
  let held = 0
  for (const credit of [2, 100]) queue.consume('q', () => { held++ }).credit(credit)
  for (let i = 0; i < 4; i++) await a.engine.queues.push('q', String(i), Buffer.of(i))
  await until(() => held === 4, 'the node holds all')
  await b!.engine.stop()
  const back: string[] = []
  a.engine.queues.consume('q', ({ data, deliveries }) => { back.push(`${data[0]}:${deliveries}`) }).credit(9)
  await until(() => back.length === 4, 'all come back')
  t.strictSame(back, ['0:2', '1:2', '2:2', '3:2'])
})

t.test('the error of a listener goes to the log, and the next message arrives', async (t) => {
  const { nodes: [a], groups: [group] } = await open(t, 1)
  const texts: string[] = []
  const note = (data: Uint8Array): void => {
    texts.push(Buffer.from(data).toString())
    throw new Error('a fault of the application')
  }
  a.engine.queues.consume('q', ({ data }) => note(data)).credit(9)
  await group.follow('x', ({ data }) => note(data))
  for (const text of ['1', '2']) {
    await a.engine.queues.push('q', text, Buffer.from(`queue ${text}`))
    await group.append('x', text, Buffer.from(`log ${text}`))
  }
  await until(() => texts.length === 4, 'all messages arrive')
  t.strictSame(texts, ['queue 1', 'log 1', 'queue 2', 'log 2'])
  t.strictSame(a.logged, ['error: the listener of a queue threw an error', 'error: a listener of a log threw an error', 'error: the listener of a queue threw an error', 'error: a listener of a log threw an error'])
})

t.test('the name of a group is one segment', async (t) => {
  const { engine } = new HubNode(t, hubPath(t), 'a')
  for (const name of ['', 'a.b', 'a b', '*']) {
    t.throws(() => engine.logs.group(name, { messages: 1, bytes: 1, ttl: 1 }), { code: 'FST_SOCKJS_ENGINE_INVALID_OPTION', message: `option group of the engine: the name must be letters, digits, _ or -, not ${name}` })
  }
})
