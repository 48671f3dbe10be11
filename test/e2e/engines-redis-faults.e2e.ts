import { fork } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { ONCE_AWAY, Watch } from '../support/engines/faults.ts'
import { Link } from '../support/engines/link.ts'
import { clientOf, LIBRARIES, type Library } from '../support/engines/redis-world.ts'
import { startRedis } from '../support/engines/servers.ts'
import { until } from '../support/wait.ts'
import { nodeOf, usesAll } from './redis/setups.ts'

/** The time for which a process is stopped, in milliseconds. It is longer than a lease. */
const LONG = 20_000

const SETTINGS: Readonly<Record<string, object>> = {
  'a client that connects at once': { lazyConnect: false },
  'no queue while the connection is away': { enableOfflineQueue: false },
  'commands that are repeated for ever': { maxRetriesPerRequest: null },
  'commands that are never repeated': { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false },
  'pipelines by themselves': { enableAutoPipelining: true },
  'a prefix of keys, and numbers as texts': { keyPrefix: 'shop:', stringNumbers: true },
  'no ready check, no subscriptions again': { enableReadyCheck: false, autoResubscribe: false },
  'a short time-out, a name, a database': { commandTimeout: 1, connectionName: 'shop', db: 3 },
  'slow tries': { retryStrategy: () => 30_000 }
}

// Each check has a server of its own and waits most of its time, so that several run at once.
t.jobs = 4
const check = (title: string, body: (t: Test) => Promise<void>): void => { t.test(title, { buffered: true }, body) }

check('a server is stopped for longer than a lease, and no node loses a key', async (t) => {
  const server = await startRedis()
  t.teardown(() => server.close())
  const nodes = await Promise.all([0, 1, 2].map(() => nodeOf(t, clientOf('ioredis', server.port)).start()))
  const [a, b, c] = nodes as [typeof nodes[0], typeof nodes[0], typeof nodes[0]]
  const keys = Array.from({ length: 200 }, (_, i) => `key-${i}`)
  await Promise.all(keys.map((key, i) => (i % 2 === 0 ? a : b).own(key)))
  server.signal('SIGSTOP')
  await Promise.all(nodes.map((node) => node.reaches('unavailable')))
  await delay(LONG)
  server.signal('SIGCONT')
  await c.reaches('available')
  const claims = await Promise.all(keys.map((key) => c.claim(key)))
  t.strictSame(claims.map(({ owner }) => owner), keys.map((_, i) => (i % 2 === 0 ? a : b).node), 'a node that is back first takes no key of the others')
  await Promise.all(nodes.map((node) => node.reaches('available')))
  t.strictSame([a.lost, b.lost], [[], []])
})

check('a node whose connections stand still for longer than a lease loses the keys that others took, and is told', async (t) => {
  const server = await startRedis()
  const admin = new Redis(server.port, '127.0.0.1')
  const link = await Link.open(server.port)
  t.teardown(async () => {
    link.close()
    admin.disconnect()
    await server.close()
  })
  const a = await nodeOf(t, clientOf('ioredis', link.port)).start()
  const b = await nodeOf(t, clientOf('ioredis', server.port)).start()
  await a.own('taken')
  await a.own('kept')
  link.hang()
  await a.reaches('unavailable')
  await until(async () => (await b.claim('taken')).owner === null, 'the lease of the node ends')
  link.mend()
  await a.reaches('available')
  t.strictSame([a.lost, b.lost], [['taken'], []])
  t.strictSame([await a.locate('taken'), await b.locate('kept')], [b.node, a.node])
  for (const key of await admin.keys('sj:shop:*')) t.ok(await admin.pttl(key) > 0, `${key} goes away by itself`)
})

check('the process of a node is stopped for longer than a lease', async (t) => {
  const server = await startRedis()
  const register = new URL('../../scripts/typescript/register.js', import.meta.url).href
  const child = fork(fileURLToPath(new URL('redis/stopped-node.ts', import.meta.url)), [String(server.port)], { execArgv: [`--import=${register}`] })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await server.close()
  })
  const told: string[] = []
  child.on('message', (event) => told.push(String(event)))
  await until(() => told.length > 0, 'the node has its keys')
  const [node] = told
  const b = await nodeOf(t, clientOf('ioredis', server.port)).start()
  t.equal(await b.locate('taken'), node)
  child.kill('SIGSTOP')
  await until(async () => (await b.claim('taken')).owner === null, 'the lease of the node ends')
  t.equal(await b.locate('kept'), null, 'a node without a lease owns nothing')
  child.kill('SIGCONT')
  await until(async () => await b.locate('kept') === node, 'the node has claimed the other key again')
  t.equal(await b.locate('taken'), b.node)
  await until(() => told.includes('gap'), 'the node reports the gap')
  t.strictSame(told.filter((event) => event.startsWith('lost')), ['lost taken'])
})

for (const library of Object.keys(LIBRARIES) as Library[]) {
  check(`${library}: the settings of the client do not matter`, async (t) => {
    // Each has a server of its own, so that they need not wait for each other.
    await Promise.all(Object.entries(SETTINGS).map(async ([title, settings]) => {
      const server = await startRedis()
      t.teardown(() => server.close())
      const a = await nodeOf(t, clientOf(library, server.port, settings)).start()
      const b = await nodeOf(t, clientOf(library, server.port, settings)).start()
      const inbox = await b.listen('x')
      await a.own('key')
      await server.kill()
      await Promise.all([a, b].map((node) => node.reaches('unavailable')))
      await server.revive()
      await Promise.all([a, b].map((node) => node.reaches('available')))
      t.equal(await b.locate('key'), a.node, title)
      a.publish('x', 'hello')
      t.strictSame(await inbox.take(1), ['hello'])
      await usesAll(t, a, b, 'all')
      t.strictSame([a.reports, b.reports], [ONCE_AWAY, ONCE_AWAY], title)
      await a.stop()
      await b.stop()
    }))
  })

  check(`${library}: a client that gives up leaves the engine unavailable, and says so`, async (t) => {
    const server = await startRedis()
    t.teardown(() => server.close())
    const a = await nodeOf(t, clientOf(library, server.port, { retryStrategy: () => null })).start()
    await server.kill()
    await a.reaches('unavailable')
    await until(() => a.lines.some((line) => line.includes('has given up')), 'the engine says so')
    await server.revive()
    await delay(1_000)
    t.strictSame(a.reports, ['available', 'unavailable'])
  })
}

check('a server that keeps its data on disk is killed', async (t) => {
  const server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always'])
  t.teardown(() => server.close())
  const a = await nodeOf(t, clientOf('ioredis', server.port)).start()
  const b = await nodeOf(t, clientOf('iovalkey', server.port)).start()
  await a.own('key')
  const watch = new Watch(b, 'key')
  await server.kill()
  await Promise.all([a, b].map((node) => node.reaches('unavailable')))
  await server.revive()
  await Promise.all([a, b].map((node) => node.reaches('available')))
  t.equal(await b.locate('key'), a.node)
  t.equal(await b.locate('free'), null)
  await watch.check(t, a.node)
  t.strictSame([a.reports, b.reports, a.lost], [ONCE_AWAY, ONCE_AWAY, []])
})

check('a lease that is deleted is noticed, and the claims are made again', async (t) => {
  const server = await startRedis()
  const admin = new Redis(server.port, '127.0.0.1')
  t.teardown(async () => {
    admin.disconnect()
    await server.close()
  })
  const a = await nodeOf(t, clientOf('ioredis', server.port)).start()
  await a.own('key')
  await admin.flushall()
  await until(() => a.reports.includes('gap') && a.state === 'available', 'the node has noticed it')
  const b = await nodeOf(t, clientOf('iovalkey', server.port)).start()
  t.equal(await b.locate('key'), a.node)
})

check('a full server keeps the claims that it has, and refuses new ones', async (t) => {
  const server = await startRedis()
  const admin = new Redis(server.port, '127.0.0.1')
  t.teardown(async () => {
    admin.disconnect()
    await server.close()
  })
  const a = await nodeOf(t, clientOf('ioredis', server.port)).start()
  await a.own('key')
  await admin.config('SET', 'maxmemory', '1')
  await t.rejects(a.claim('other'), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE', message: /OOM/ })
  const before = await admin.pttl(`sj:shop:node:${a.node}.1`)
  await until(async () => await admin.pttl(`sj:shop:node:${a.node}.1`) > before, 'the lease is renewed')
  await admin.config('SET', 'maxmemory', '0')
  await a.own('other')
  t.strictSame([a.reports, a.lost], [['available'], []])
})
