import t, { type Test } from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import { natsEngine } from '../../../src/nats.ts'
import { FakeConnection } from '../../support/engines/fake-nats.ts'
import { EngineNode } from '../../support/engines/node.ts'
import { until } from '../../support/wait.ts'

class TimedNode extends EngineNode {
  override readonly clock = new ManualClock()
}

/** A node whose connections are made by a function. */
function nodeOn (t: Test, connect: () => Promise<FakeConnection>): TimedNode {
  const node = new TimedNode(natsEngine({ connect, secret: 'a secret for tests only' }))
  t.teardown(() => node.stop())
  return node
}

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

t.test('an engine that cannot connect tries again every second, and says so once', async (t) => {
  let tries = 0
  const node = await nodeOn(t, async () => {
    if (++tries < 4) throw new Error('no server')
    return new FakeConnection()
  }).start()
  t.strictSame([tries, node.reports], [1, ['unavailable']])
  for (const expected of [2, 3, 4]) {
    node.clock.advance(950)
    t.equal(tries, expected - 1)
    node.clock.advance(100)
    t.equal(tries, expected)
    await turn()
  }
  await node.reaches('available')
  t.strictSame(node.reports, ['unavailable', 'available'])
  t.strictSame(node.lines, ['NATS is not available: no server; the engine tries again every second', 'NATS is available'])
})

t.test('an engine that has stopped does not try again', async (t) => {
  let tries = 0
  const node = await nodeOn(t, async () => {
    tries++
    throw new Error('no server')
  }).start()
  await node.stop()
  node.clock.advance(10_000)
  t.strictSame([tries, node.reports, node.clock.pending], [1, ['unavailable', 'stopped'], 0])
})

t.test('a connection that comes after the stop is closed', async (t) => {
  const connection = new FakeConnection()
  let give!: (connection: FakeConnection) => void
  const node = nodeOn(t, () => new Promise((resolve) => { give = resolve }))
  const starting = node.start()
  await node.stop()
  give(connection)
  await starting
  t.ok(connection.isClosed())
  t.strictSame(node.reports, ['stopped'])
})

t.test('a server that answers nothing cannot hold up the stop for more than a second', async (t) => {
  const connection = new FakeConnection()
  const node = await nodeOn(t, async () => connection).start()
  connection.silent = true
  let stopped = false
  const stopping = node.stop().then(() => { stopped = true })
  node.clock.advance(950)
  await turn()
  t.notOk(stopped)
  node.clock.advance(100)
  await stopping
  t.ok(connection.isClosed())
})

t.test('all callers of one turn share one round trip', async (t) => {
  const connection = new FakeConnection()
  const node = await nodeOn(t, async () => connection).start()
  const { channels } = node.engine
  const before = connection.flushes
  await Promise.all(Array.from({ length: 50 }, () => channels.flushed()))
  t.equal(connection.flushes, before + 1)
  await channels.flushed()
  t.equal(connection.flushes, before + 2)
})

t.test('nothing is published while the connection is lost, and flushed() rejects at once', async (t) => {
  const connection = new FakeConnection()
  const node = await nodeOn(t, async () => connection).start()
  connection.silent = true
  const flushed = t.rejects(node.engine.channels.flushed(), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE', message: /the connection was lost/ })
  await turn()
  connection.events.emit('status', { type: 'disconnect' })
  await flushed
  const { length } = connection.published
  node.publish('x', 'lost')
  t.equal(connection.published.length, length)
  connection.silent = false
  connection.events.emit('status', { type: 'reconnect' })
  await node.reaches('available')
  node.publish('x', 'here')
  t.strictSame(connection.published.slice(length), ['sj.default.m.x'])
  t.strictSame(node.reports, ['available', 'unavailable', 'gap', 'available'])
})

t.test('a key without an owner is not free until the other nodes had the time to claim it again', async (t) => {
  const connection = new FakeConnection()
  const node = await nodeOn(t, async () => connection).start()
  t.equal(await node.locate('key'), null, 'the first server is trusted')
  const away = async (server: string): Promise<void> => {
    connection.events.emit('status', { type: 'disconnect' })
    await node.reaches('unavailable')
    connection.info = { ...connection.info, server_id: server }
    connection.events.emit('status', { type: 'reconnect' })
    await node.reaches('available')
  }
  await away('server')
  t.equal(await node.locate('key'), null, 'the same server has kept the claims of the other nodes')
  await away('another')
  let answer: string | null | undefined
  const locating = node.locate('key').then((owner) => { answer = owner })
  for (let passed = 0; passed < 2_400; passed += 50) {
    node.clock.advance(50)
    await turn()
  }
  t.equal(answer, undefined, 'no answer for 2,400 ms')
  await until(() => {
    node.clock.advance(50)
    return answer !== undefined
  }, 'the answer')
  await locating
  t.equal(answer, null)
})

t.test('an owner that is silent is asked again for six seconds', async (t) => {
  const connection = new FakeConnection()
  const node = await nodeOn(t, async () => connection).start()
  connection.subscribe('sj.default.c.key', { callback: () => {} })
  const before = connection.published.length
  const locating = t.rejects(node.engine.claims.locate('key'), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE', message: /does not answer/ })
  for (let passed = 0; passed < 6_700; passed += 50) {
    node.clock.advance(50)
    await turn()
  }
  await locating
  const asked = connection.published.slice(before)
  t.equal(asked.filter((subject) => subject === 'sj.default.c.key').length, 12)
  t.equal(asked.length, 13, 'one question is about a key that no node has: the server does tell that no node listens')
})

t.test('while a stranger listens to everything, silence means that no node listens', async (t) => {
  const connection = new FakeConnection()
  const node = await nodeOn(t, async () => connection).start()
  connection.subscribe('>', { callback: () => {} })
  const answers: unknown[] = []
  for (const key of ['one', 'two']) {
    const from = node.clock.now()
    const located = node.engine.claims.locate(key).then((owner) => answers.push([owner, node.clock.now() - from]))
    for (let passed = 0; passed < 1_500; passed += 50) {
      node.clock.advance(50)
      await turn()
    }
    await located
  }
  t.match(answers, [[null, Number], [null, Number]])
  t.ok((answers as [null, number][])[0]![1] <= 1_100, 'the first question finds out')
  t.ok((answers as [null, number][])[1]![1] <= 300, 'the second one is faster')
})

t.test('a right that is taken away later is logged once', async (t) => {
  const connection = new FakeConnection()
  const node = await nodeOn(t, async () => connection).start()
  for (let i = 0; i < 3; i++) connection.events.emit('status', { type: 'error', permissionContext: { operation: 'publish', subject: 'sj.default.m.x' } })
  await turn()
  t.strictSame(node.lines, ['NATS refuses a right that the engine needs'])
})

t.test('a server without headers is refused', async (t) => {
  const connection = new FakeConnection()
  connection.info = { ...connection.info, headers: false }
  await t.rejects(nodeOn(t, async () => connection).start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: /version 2\.2 or later/ })
  t.ok(connection.isClosed(), 'the connection is closed')
})
