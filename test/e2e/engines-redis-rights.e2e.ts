import { rm } from 'node:fs/promises'
import { Redis } from 'ioredis'
import { dirname } from 'node:path'
import t from 'tap'
import { LOG_RIGHTS, QUEUE_RIGHTS } from '../../src/engine/redis/rights.ts'
import { engineErrors, redisEngine } from '../../src/redis.ts'
import { clientOf, LIBRARIES, type Library, SECRET } from '../support/engines/redis-world.ts'
import { startRedis } from '../support/engines/servers.ts'
import { freePort } from '../support/free-port.ts'
import { TLS } from '../support/tls/index.ts'
import { aclFile, nodeOf, storeNodeOf, USER, usesAll, usesStores } from './redis/setups.ts'

const libraries = Object.keys(LIBRARIES) as Library[]
const acl = aclFile(t)
const server = await startRedis(['--aclfile', acl])
const admin = new Redis(server.port, '127.0.0.1', { username: 'admin', password: 'admin' })
t.teardown(async () => {
  admin.disconnect()
  await server.close()
  await rm(dirname(acl), { recursive: true, force: true })
})

/** Changes the rights of the user for one test. */
async function withRights (rules: readonly string[], undo: readonly string[], run: () => Promise<void>): Promise<void> {
  await admin.call('ACL', 'SETUSER', USER.username, ...rules)
  try {
    await run()
  } finally {
    await admin.call('ACL', 'SETUSER', USER.username, ...undo)
  }
}

for (const library of libraries) {
  t.test(`${library}: the least rights are enough`, async (t) => {
    await admin.call('ACL', 'LOG', 'RESET')
    const a = await nodeOf(t, clientOf(library, server.port, USER)).start()
    const b = await nodeOf(t, clientOf(library, server.port, USER)).start()
    t.strictSame(a.reports, ['available'])
    await usesAll(t, a, b, library)
    await a.stop()
    await b.stop()
    const refused = await admin.call('ACL', 'LOG') as unknown[][]
    const objects = refused.map((entry) => entry[entry.indexOf('object') + 1])
    t.strictSame([...new Set(objects)].filter((object) => !String(object).startsWith('sj:shop:trial')), [], 'Redis has refused only the trial of a narrow pattern')
    t.strictSame(await admin.keys('*'), [], 'nothing stays in Redis')
  })
}

const storeRights = [...new Set([...LOG_RIGHTS, ...QUEUE_RIGHTS].map((line) => line.split(' ')[0]!))]

for (const library of libraries) {
  t.test(`${library}: the least rights are enough for logs and queues`, async (t) => {
    await admin.call('ACL', 'LOG', 'RESET')
    const a = storeNodeOf(t, clientOf(library, server.port, USER))
    const b = storeNodeOf(t, clientOf(library, server.port, USER))
    await a.node.start()
    await b.node.start()
    await usesStores(t, a, b, library)
    await a.node.stop()
    await b.node.stop()
    const refused = await admin.call('ACL', 'LOG') as unknown[][]
    const objects = refused.map((entry) => entry[entry.indexOf('object') + 1])
    t.strictSame([...new Set(objects)].filter((object) => !String(object).startsWith('sj:shop:')), [], 'Redis has refused only narrow patterns')
    const forEver: string[] = []
    for (const key of await admin.keys('*')) if (await admin.pttl(key) < 0) forEver.push(key)
    t.strictSame(forEver, ['sj:shop:l:{0}:history:rule'], 'only the rule of the group stays for ever')
    await admin.flushall()
  })
}

t.test('a node without logs and queues needs no rights for them', async (t) => {
  await withRights(storeRights.map((right) => `-${right}`), storeRights.map((right) => `+${right}`), async () => {
    const a = await nodeOf(t, clientOf('ioredis', server.port, USER)).start()
    const b = await nodeOf(t, clientOf('ioredis', server.port, USER)).start()
    await usesAll(t, a, b, 'few')
  })
})

t.test('a start with logs and queues without one of their rights is refused, and the error names it', async (t) => {
  for (const right of storeRights) {
    await withRights([`-${right}`], [`+${right}`], async () => {
      const { node } = storeNodeOf(t, clientOf('ioredis', server.port, USER))
      await t.rejects(node.start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: new RegExp(`ACL SETUSER <user> \\+${right}\\b`) })
    })
  }
  t.strictSame(await admin.keys('*'), [], 'the trials leave nothing')
})

t.test('a right that is taken away later refuses messages', async (t) => {
  const { node, logs, queues } = storeNodeOf(t, clientOf('ioredis', server.port, USER))
  await node.start()
  await withRights(['-xadd', '-hlen'], ['+xadd', '+hlen'], async () => {
    await t.rejects(logs.append('x', 'no'), { code: 'FST_SOCKJS_ENGINE_REFUSED' })
    await t.rejects(queues.push('x', 'no'), { code: 'FST_SOCKJS_ENGINE_REFUSED' })
  })
  await logs.append('x', 'yes')
  await queues.push('x', 'yes')
  t.strictSame(node.reports, ['available'])
  await admin.flushall()
})

for (const right of ['get', 'set', 'exists', 'pexpire', 'del', 'publish', 'eval', 'subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe']) {
  t.test(`a start without the right to ${right} is refused, and the error names it`, async (t) => {
    await withRights([`-${right}`], [`+${right}`], async () => {
      const node = nodeOf(t, clientOf('ioredis', server.port, USER))
      await t.rejects(node.start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: new RegExp(`ACL SETUSER <user> \\+${right}\\b`) })
      t.strictSame(node.reports, [])
    })
  })
}

t.test('a start without the right to the keys, or the channels, is refused', async (t) => {
  const refusal = async (rules: readonly string[], undo: readonly string[], message: RegExp): Promise<void> => {
    await withRights(rules, undo, async () => {
      await t.rejects(nodeOf(t, clientOf('iovalkey', server.port, USER)).start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message })
    })
  }
  await refusal(['resetkeys', '~other:*'], ['resetkeys', '~sj:shop:*'], /SETUSER <user> \+get ~sj:shop:\*/)
  await refusal(['resetchannels', '&other:*'], ['resetchannels', '&sj:shop:*'], /SETUSER <user> \+publish &sj:shop:\*/)
})

for (const library of libraries) {
  t.test(`${library}: a wrong password, and none, are refused`, async (t) => {
    for (const [options, message] of [[{ ...USER, password: 'wrong' }, /WRONGPASS/], [{}, /NOAUTH/]] as const) {
      const node = nodeOf(t, clientOf(library, server.port, options))
      await t.rejects(node.start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message })
    }
  })
}

t.test('INFO is optional', async (t) => {
  await withRights(['-info'], ['+info'], async () => {
    const a = await nodeOf(t, clientOf('ioredis', server.port, USER)).start()
    const b = await nodeOf(t, clientOf('iovalkey', server.port, USER)).start()
    await usesAll(t, a, b, 'info')
    t.match(a.lines.join(), /INFO is not allowed/)
  })
})

t.test('a server that keeps nothing on its disk is warned of where it should', async (t) => {
  const a = await nodeOf(t, clientOf('ioredis', server.port, USER)).start()
  t.notMatch(a.lines.join(), /appendonly/)
  const b = await nodeOf(t, clientOf('ioredis', server.port, USER), true).start()
  t.match(b.lines.join(), /appendonly of Redis must be yes/)
  await admin.config('SET', 'appendonly', 'yes')
  const c = await nodeOf(t, clientOf('ioredis', server.port, USER), true).start()
  await admin.config('SET', 'appendonly', 'no')
  t.notMatch(c.lines.join(), /appendonly/)
})

t.test('a server that may drop keys is warned of', async (t) => {
  const a = await nodeOf(t, clientOf('ioredis', server.port, USER)).start()
  t.notMatch(a.lines.join(), /noeviction/)
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
  const b = await nodeOf(t, clientOf('ioredis', server.port, USER)).start()
  await admin.config('SET', 'maxmemory-policy', 'noeviction')
  t.match(b.lines.join(), /maxmemory-policy of Redis must be noeviction/)
})

for (const library of libraries) {
  t.test(`${library}: over TLS`, async (t) => {
    const folder = new URL('../support/tls/', import.meta.url).pathname
    const port = await freePort()
    const files = ['--tls-cert-file', `${folder}cert.pem`, '--tls-key-file', `${folder}key.pem`, '--tls-auth-clients', 'no']
    const secure = await startRedis(['--tls-port', String(port), ...files])
    t.teardown(() => secure.close())
    const a = await nodeOf(t, clientOf(library, port, { tls: { ca: TLS.cert } })).start()
    const b = await nodeOf(t, clientOf(library, port, { tls: { ca: TLS.cert } })).start()
    t.strictSame([a.reports, b.reports], [['available'], ['available']])
    await usesAll(t, a, b, 'tls')
    const stranger = nodeOf(t, clientOf(library, port, { tls: {} }))
    await stranger.start()
    t.strictSame(stranger.reports, ['unavailable'], 'a server with an unknown certificate is not taken')
    t.match(stranger.lines.join(), /not available at the start/)
  })
}

t.test('options are checked', async (t) => {
  const client = clientOf('ioredis', server.port)
  t.teardown(() => client.disconnect())
  const code = 'FST_SOCKJS_ENGINE_INVALID_OPTION'
  const wrong = (options: object, message: RegExp): void => {
    t.throws(() => redisEngine(options as never), { code, message })
  }
  wrong({ client }, /redis\.secret of the engine: must be a text of at least 16 characters, not undefined/)
  wrong({ client, secret: 'short-secret' }, /not a text of 12/)
  wrong({ secret: SECRET }, /redis\.client of the engine: must be a client of ioredis or iovalkey/)
  wrong({ client: {}, secret: SECRET }, /must be a client/)
  wrong({ client, secret: SECRET, namespace: 'a.b' }, /namespace/)
  wrong({ client, secret: SECRET, url: 'x' }, /url/)
  wrong({ client, secret: SECRET, durable: 'yes' }, /durable/)
  t.throws(() => redisEngine({ client, secret: 'short-secret' }), engineErrors.InvalidOption)
  t.match(redisEngine({ client, secret: SECRET }).facts, { name: 'redis', namespace: 'default', secret: SECRET, sign: false, durable: false })
  t.match(redisEngine({ client, secret: SECRET, durable: true }).facts, { durable: true })
})
