import t, { type Test } from 'tap'
import { redisEngine } from '../../src/redis.ts'
import { engineContract } from '../support/engines/contract.ts'
import { FakeRedis } from '../support/engines/fake-redis.ts'
import { EngineNode } from '../support/engines/node.ts'
import { clientOf, SECRET, type TestClient } from '../support/engines/redis-world.ts'
import { until } from '../support/wait.ts'

const server = new FakeRedis()
await server.revive()

const NO_PROCESS = 'the server is in this process'
const NO_LINK = 'the links are tried with a redis-server'

engineContract({
  name: 'a small server of the test',
  async engine ({ namespace = 'tests' } = {}) { return redisEngine({ client: clientOf('ioredis', server.port), namespace, secret: SECRET }) },
  faults: {
    kill: () => server.kill(),
    revive: () => server.revive()
  },
  impossible: { stop: NO_PROCESS, cont: NO_PROCESS, child: NO_PROCESS, cut: NO_LINK, interrupt: NO_LINK, hang: NO_LINK, mend: NO_LINK, slow: NO_LINK, elsewhere: NO_LINK, garbage: NO_LINK },
  async close () { await server.kill() }
})

/** Makes a node that is not started, on a server of its own. */
async function alone (t: Test, set: (own: FakeRedis) => void = () => {}, options: object = {}): Promise<{ node: EngineNode, own: FakeRedis, client: TestClient }> {
  const own = new FakeRedis()
  set(own)
  await own.revive()
  const client = clientOf('iovalkey', own.port, options)
  const node = new EngineNode(redisEngine({ client, secret: SECRET }))
  t.teardown(async () => {
    await node.stop()
    client.disconnect()
    await own.kill()
  })
  return { node, own, client }
}

/** Each of these tests has a server of its own. */
const AT_ONCE = { buffered: true }

for (const command of ['get', 'set', 'exists', 'pexpire', 'del', 'publish', 'eval', 'subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe']) {
  t.test(`a server that refuses ${command} for want of a right refuses the start`, AT_ONCE, async (t) => {
    const { node } = await alone(t, (own) => { own.refusals.set(command, `NOPERM this user has no permissions to run the '${command}' command`) })
    await t.rejects(node.start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: new RegExp(`SETUSER <user> \\+${command}\\b`) })
    t.strictSame(node.reports, [])
  })
}

t.test('a server that wants a password refuses the start', AT_ONCE, async (t) => {
  const { node } = await alone(t, (own) => { own.refusals.set('info', 'NOAUTH Authentication required.') })
  await t.rejects(node.start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: /must give a password/ })
})

t.test('a server without INFO serves, and one that may drop keys is warned of', AT_ONCE, async (t) => {
  const { node, own } = await alone(t, (own) => { own.refusals.set('info', 'NOPERM no INFO') })
  await node.start()
  t.match(node.lines.join(), /INFO is not allowed/)
  await own.kill()
  await node.reaches('unavailable')
  await own.revive()
  await node.reaches('available')
  const evicting = await alone(t, (own) => { own.policy = 'allkeys-lru' })
  await evicting.node.start()
  t.match(evicting.node.lines.join(), /must be noeviction/)
})

t.test('a server that loads its data is asked again', AT_ONCE, async (t) => {
  const { node, own } = await alone(t, (own) => { own.refusals.set('eval', 'LOADING Redis is loading the dataset in memory') })
  await node.start()
  t.strictSame(node.reports, ['unavailable'])
  own.refusals.clear()
  await node.reaches('available')
})

t.test('a master that became a replica is left, and looked for again', AT_ONCE, async (t) => {
  const { node, own } = await alone(t)
  await node.start()
  own.refusals.set('eval', 'READONLY You can\'t write against a read only replica.')
  await t.rejects(node.claim('key'), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE', message: /^engine redis is not available: READONLY/ })
  await node.reaches('unavailable')
  own.refusals.clear()
  await node.reaches('available')
  await node.own('key')
})

t.test('a server that is full refuses a claim, and the engine stays available', AT_ONCE, async (t) => {
  const { node, own } = await alone(t)
  await node.start()
  own.refusals.set('eval', 'OOM command not allowed when used memory > \'maxmemory\'.')
  await t.rejects(node.claim('key'), { message: /OOM/ })
  own.refusals.clear()
  await node.own('key')
  t.strictSame(node.reports, ['available'])
})

t.test('a lease that is gone is taken anew, and another node may have the keys', AT_ONCE, async (t) => {
  const { node, own } = await alone(t)
  await node.start()
  await node.own('taken')
  await node.own('kept')
  own.data.clear()
  own.data.set('sj:default:node:other.1', '')
  own.data.set('sj:default:c:taken', 'other.1')
  await until(() => node.lost.length > 0, 'the node notices')
  await node.reaches('available')
  t.strictSame([node.lost, await node.locate('taken'), await node.locate('kept')], [['taken'], 'other', node.node])
})

t.test('a server that falls silent is found out', AT_ONCE, async (t) => {
  const { node, own } = await alone(t)
  await node.start()
  own.silence(true)
  await t.rejects(node.locate('key'), { message: /no answer within 3000 ms/ })
  await node.reaches('unavailable')
  own.silence(false)
  await node.reaches('available')
})

t.test('a client that gives up is told at the level of errors', AT_ONCE, async (t) => {
  const { node, own } = await alone(t, () => {}, { retryStrategy: () => null })
  await node.start()
  await own.kill()
  await until(() => node.lines.some((line) => line.includes('has given up')), 'the engine says so')
  t.strictSame(node.reports, ['available', 'unavailable'])
})
