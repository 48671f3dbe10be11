import t from 'tap'
import type { Test } from 'tap'
import { Body, FrameHeaders } from '../../src/stomp/codec/index.ts'
import { writeRecord } from '../../src/stomp/broker/cluster/record.ts'
import type { Row } from '../../src/inspector/rows.ts'
import { connect } from '../support/client.ts'
import { buildCluster, idle, type TestCluster } from '../support/cluster.ts'
import { inspected, type InspectedOptions, openMany, openPage, type PageAnswer, suspend, type TestPage } from './support.ts'

async function twoNodes (t: Test, options: InspectedOptions = {}): Promise<{ cluster: TestCluster, page: TestPage, ask: (command: object) => Promise<PageAnswer>, ids: string[], names: string[] }> {
  const cluster = await buildCluster(t, 2, inspected({ handler: idle, ...options }))
  const page = await openPage(cluster.nodes[0]!)
  return {
    cluster,
    page,
    ask: (command) => cluster.passUntil(page.ask(command)),
    ids: [0, 1].map((i) => cluster.node(i).id),
    names: [0, 1].map((i) => cluster.node(i).name)
  }
}

const ROWS = { name: 'rows', table: 'sessions', from: 0, count: 50, sort: 'ip', descending: false, filter: '' }

t.test('the numbers of all nodes, and of each', async (t) => {
  const { cluster, ask, ids, names } = await twoNodes(t)
  openMany(cluster.nodes[0]!.endpoint, 2)
  openMany(cluster.nodes[1]!.endpoint, 3)
  t.match((await ask({ name: 'hello' })).result, { isCluster: true, node: { id: ids[0], name: names[0] }, engine: 'memory' })
  const all = (await ask({ name: 'numbers', node: '*' })).result
  t.strictSame([all.complete, all.numbers.sessions.websocket, all.nodes.map(({ name }: { name: string }) => name).sort()], [true, 5, [...names].sort()])
  t.match((await ask({ name: 'numbers', node: ids[1] })).result, { nodes: [{ name: names[1], engine: 'available' }], numbers: { sessions: { websocket: 3 } } })
  t.match((await ask({ name: 'numbers', node: '' })).result, { nodes: [{ name: names[0] }], numbers: { sessions: { websocket: 2 } } })
})

t.test('suspended sessions of all nodes', async (t) => {
  const { cluster, ask, ids, names } = await twoNodes(t, { endpoint: { resume: true } })
  const [first, second] = [0, 1].map((i) => cluster.nodes[i]!.endpoint)
  openMany(first!, 2)
  openMany(second!, 3)
  suspend(first!, [...first!.sessions][1]!)
  for (const session of [...second!.sessions].slice(1)) suspend(second!, session)
  const all = (await ask({ name: 'numbers', node: '*' })).result
  t.match(all.numbers, { sessions: { websocket: 5 }, detached: 3, suspended: 3 })
  t.strictSame(all.nodes.map(({ name, numbers }: { name: string, numbers: { suspended: number } }) => [name, numbers.suspended]), [[names[0], 1], [names[1], 2]])
  t.match((await ask({ name: 'numbers', node: ids[1] })).result, { numbers: { suspended: 2 } })
  const { rows } = (await ask({ ...ROWS, node: '*', sort: 'state', descending: true })).result
  t.strictSame(rows.map(({ state }: Row) => state), ['suspended', 'suspended', 'suspended', 'open', 'open'])
  t.match((await ask({ ...ROWS, node: '*', filter: 'suspended' })).result, { matched: 3, total: 5 })
})

t.test('the rows of all nodes make one table', async (t) => {
  const { cluster, ask, ids, names } = await twoNodes(t)
  openMany(cluster.nodes[0]!.endpoint, 3, (i) => ({ ip: `10.0.0.${2 * i}` }))
  openMany(cluster.nodes[1]!.endpoint, 3, (i) => ({ ip: `10.0.0.${2 * i + 1}` }))
  const all = (await ask({ ...ROWS, node: '*' })).result
  t.strictSame(all.rows.map(({ ip }: { ip: string }) => ip), [0, 1, 2, 3, 4, 5].map((i) => `10.0.0.${i}`))
  t.strictSame(all.rows.map(({ node }: { node: string }) => node), [0, 1, 0, 1, 0, 1].map((i) => names[i]))
  t.match(all, { matched: 6, total: 6, complete: true })
  t.strictSame((await ask({ ...ROWS, node: '*', from: 2, count: 2, descending: true })).result.rows.map(({ ip }: { ip: string }) => ip), ['10.0.0.3', '10.0.0.2'])
  t.strictSame((await ask({ ...ROWS, node: ids[1], filter: '10.0.0.3' })).result.rows.length, 1)
  t.strictSame((await ask({ ...ROWS, node: '*', from: 480, count: 50 })).result.rows, [], 'the answer of a node has a bound')
})

t.test('a session of another node: details, messages, and its end', async (t) => {
  const { cluster, ask, ids } = await twoNodes(t, { inspector: { open: true, actions: true, bodies: true } })
  const client = await connect(cluster.nodes[1]!, 'websocket')
  const session = await cluster.nodes[1]!.session()
  const [row] = (await ask({ ...ROWS, node: '*' })).result.rows
  t.equal(row.id, session.id)
  t.match(await ask({ name: 'session', node: '', session: row.id }), { failure: 'NOT_FOUND' }, 'it is not at this node')
  t.match((await ask({ name: 'session', node: ids[1], session: row.id })).result, { facts: { id: row.id, state: 'open' } })
  await ask({ name: 'watch', node: ids[1], session: row.id, after: 0 })
  await client.send('over there')
  await cluster.settle()
  t.match((await ask({ name: 'watch', node: ids[1], session: row.id, after: 0 })).result, { messages: [{ direction: 'in', text: 'over there' }] })
  t.match(await ask({ name: 'close', node: ids[1], session: row.id }), { result: {} })
  t.strictSame(await client.closed, { code: 4000, reason: 'closed by an operator' })
})

t.test('each node decides by its own options', async (t) => {
  let made = 0
  const options = inspected({ handler: idle })
  const cluster = await buildCluster(t, 2, {
    ...options,
    after: async (app) => { await inspected({ inspector: made++ === 0 ? { open: true, actions: true } : { open: true } }).after!(app) }
  })
  await connect(cluster.nodes[1]!, 'websocket')
  const session = await cluster.nodes[1]!.session()
  const page = await openPage(cluster.nodes[0]!)
  await cluster.passUntil(page.ask({ ...ROWS, node: '*' }))
  t.match(await cluster.passUntil(page.ask({ name: 'close', node: cluster.node(1).id, session: session.id })), { failure: 'READ_ONLY' })
  t.equal(session.state, 'open')
})

t.test('a node without the inspector, or one that hangs, makes the answer incomplete, and is left out for a while', async (t) => {
  let made = 0
  const cluster = await buildCluster(t, 2, { handler: idle, after: async (app) => { if (made++ === 0) await inspected().after!(app) } })
  openMany(cluster.nodes[0]!.endpoint, 2)
  const page = await openPage(cluster.nodes[0]!)
  const first = (await cluster.passUntil(page.ask({ name: 'numbers', node: '*' }))).result
  t.match(first, { complete: false, numbers: { sessions: { websocket: 2 } } })
  t.equal(first.nodes.length, 1)
  const asked = cluster.node(0).calls
  let questions = 0
  const ask = asked.ask.bind(asked)
  asked.ask = (...rest) => {
    questions++
    return ask(...rest)
  }
  t.match(await cluster.passUntil(page.ask({ name: 'numbers', node: '*' })), { result: { complete: false } })
  t.equal(questions, 0, 'a silent node is not asked each second')
  await cluster.pass(11_000)
  await cluster.passUntil(page.ask({ name: 'numbers', node: '*' }))
  t.equal(questions, 1)
})

t.test('a node that has left is told from one that never was', async (t) => {
  const { cluster, ask, ids } = await twoNodes(t)
  await cluster.nodes[1]!.stop()
  await cluster.pass(1_000)
  t.match(await ask({ name: 'numbers', node: ids[1] }), { failure: 'NODE_AWAY' })
  t.match((await ask({ name: 'numbers', node: '*' })).result, { complete: true, nodes: [{ id: ids[0] }] })
})

t.test('the broker of the cluster shows its topics, queues and dead letters, and says which parts only the engine knows', async (t) => {
  const { cluster, ask, names } = await twoNodes(t)
  const client = cluster.nodes[1]!.app.stomp.inject({ user: { name: 'kim' } })
  const kim = await cluster.passUntil(client)
  await cluster.passUntil(kim.subscribe('/topic/x'))
  await cluster.passUntil(kim.subscribe('/queue/y', { ack: 'client' }))
  const rows = async (table: string) => (await ask({ ...ROWS, sort: '', node: '*', table })).result
  t.match(await rows('topics'), { rows: [{ destination: '/topic/x', subscribers: 1, node: names[1] }] })
  t.match(await rows('queues'), { rows: [{ destination: '/queue/y', messages: 0, consumers: 1 }], unknown: [/engine keeps the queues/, /dead letters/] })
  await cluster.passUntil(cluster.nodes[0]!.app.stomp.publish('/queue/z', 'waits'))
  t.match((await rows('queues')).rows.map(({ destination, messages, consumers }: Row) => [destination, messages, consumers]).sort(), [['/queue/y', 0, 1], ['/queue/z', 1, 0]])
  t.match(await rows('letters'), { rows: [], unknown: [/engine/, /engine/] })
  const headers = new FrameHeaders([['original-destination', '/queue/y'], ['x-death-reason', 'delivery-limit']])
  const letter = writeRecord({ node: 'a'.repeat(16), number: 1, ownId: '', destination: '/dlq', headers, body: Body.from('poison'), expires: 0 })
  await cluster.engines[0]!.queues.push('dlq', 'letter', letter)
  const letters = await rows('letters')
  t.match(letters, { matched: 1, total: 1, rows: [{ queue: '/queue/y', reason: 'delivery-limit', replayable: false }] })
  t.equal(letters.rows.length, 1, 'all nodes have the same letters, which are shown once')
  t.match(await rows('users'), { rows: [{ user: 'kim', node: names[1] }] })
})
