// Logs and queues, where Redis loses messages, is full, or forgets.
import { Redis } from 'ioredis'
import t from 'tap'
import { clientOf, LIBRARIES, type Library } from '../support/engines/redis-world.ts'
import { startRedis } from '../support/engines/servers.ts'
import { until } from '../support/wait.ts'
import { startSentinel } from './redis/clusters.ts'
import { storeNodeOf, usesStores } from './redis/setups.ts'

const UNAVAILABLE = { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' }
const FULL = { code: 'FST_SOCKJS_ENGINE_FULL' }

for (const library of Object.keys(LIBRARIES) as Library[]) {
  t.test(`${library}: a replica without the last messages takes over`, async (t) => {
    const watched = await startSentinel()
    t.teardown(() => watched.close())
    const client = (): ReturnType<typeof clientOf> => clientOf(library, watched.master.port, { sentinels: [{ host: '127.0.0.1', port: watched.sentinel.port }], name: 'main' })
    const [a, b] = [storeNodeOf(t, client()), storeNodeOf(t, client())]
    await a.node.start()
    await b.node.start()
    await usesStores(t, a, b, 'before')
    const [, kept] = await a.logs.appendAll('x', ['0', '1'])
    await a.queues.pushAll('x', ['0', '1'])
    const taking = b.queues.consume('x', 1)
    await taking.next()
    const admin = new Redis(watched.master.port, '127.0.0.1')
    t.teardown(() => admin.disconnect())
    // WAIT counts the replicas that have the last write of its own connection.
    await admin.set('fence', '')
    t.equal(await admin.wait(1, 60_000), 1)
    watched.replica.signal('SIGSTOP')
    // Without this, the later messages would wait for the replica in its socket.
    await admin.client('KILL', 'TYPE', 'replica')
    const lost = await a.logs.append('x', '2')
    await a.queues.push('x', '2')
    await watched.master.kill()
    watched.replica.signal('SIGCONT')
    await Promise.all([a, b].map(({ node }) => node.reaches('unavailable')))
    await Promise.all([a, b].map(({ node }) => node.reaches('available')))

    t.strictSame(await a.logs.position('x'), kept, 'the log is there without its end')
    t.equal(await b.logs.since('x', lost!), null, 'a position that is lost is not sure')
    const next = await a.logs.append('x', '3')
    t.equal(next.epoch, kept!.epoch)
    t.ok(next.offset > lost.offset, 'no other message gets the place')
    t.equal(await b.logs.since('x', lost), null, 'a position that is lost is not sure later')
    t.strictSame((await b.logs.since('x', kept!))?.map(({ text }) => text), ['3'])
    await a.queues.push('x', '3')
    taking.consumer.credit(10)
    const rest = await taking.take(3)
    t.strictSame(rest.map(({ text, deliveries }) => `${text}:${deliveries}`), ['0:2', '1:1', '3:1'])
    for (const each of rest) await taking.ack(each)
    await usesStores(t, a, b, 'after')
  })

  t.test(`${library}: a full server refuses messages, and gives out those that it has`, async (t) => {
    const server = await startRedis()
    const admin = new Redis(server.port, '127.0.0.1')
    t.teardown(async () => {
      admin.disconnect()
      await server.close()
    })
    const { node, logs, queues } = storeNodeOf(t, clientOf(library, server.port))
    await node.start()
    const position = await logs.append('x', '0')
    await queues.pushAll('x', ['0', '1', '2'])
    await admin.config('SET', 'maxmemory', '1')
    await t.rejects(logs.append('x', '1', 'id'), FULL)
    await t.rejects(queues.push('x', '3', 'id'), FULL)
    t.strictSame(await logs.since('x', position), [])
    const taking = queues.consume('x', 2)
    const [zero, one] = await taking.take(2)
    await taking.ack(zero!)
    taking.nack(one!)
    taking.consumer.credit(2)
    const rest = await taking.take(2)
    t.strictSame(rest.map(({ text, deliveries }) => `${text}:${deliveries}`), ['1:2', '2:1'])
    await admin.config('SET', 'maxmemory', '0')
    await logs.append('x', '1', 'id')
    await queues.push('x', '3', 'id')
    taking.consumer.credit(1)
    t.equal((await taking.next()).text, '3')
    t.strictSame((await logs.since('x', position))?.map(({ text }) => text), ['1'])
    t.strictSame(node.reports, ['available'])
  })
}

t.test('a server that forgets everything gets its rules again', async (t) => {
  const server = await startRedis()
  const admin = new Redis(server.port, '127.0.0.1')
  t.teardown(async () => {
    admin.disconnect()
    await server.close()
  })
  const [a, b] = [storeNodeOf(t, clientOf('ioredis', server.port)), storeNodeOf(t, clientOf('iovalkey', server.port))]
  await a.node.start()
  await b.node.start()
  const before = await a.logs.append('x', '0')
  await a.queues.push('x', '0')
  const taking = b.queues.consume('x', 1)
  const zero = await taking.next()
  await admin.flushall()
  await t.rejects(a.logs.append('x', '1'), UNAVAILABLE)
  await t.rejects(taking.consumer.ack(zero.message), UNAVAILABLE)
  await until(() => [a, b].every(({ node }) => node.state === 'available' && node.reports.includes('gap')), 'both nodes have noticed it')
  t.equal(await b.logs.since('x', before), null)
  await usesStores(t, a, b, 'after')
})

t.test('a message that was taken by a connection that is gone comes back', async (t) => {
  const server = await startRedis()
  const admin = new Redis(server.port, '127.0.0.1')
  t.teardown(async () => {
    admin.disconnect()
    await server.close()
  })
  const a = storeNodeOf(t, clientOf('ioredis', server.port))
  await a.node.start()
  await a.queues.pushAll('x', ['0', '1'])
  const taking = a.queues.consume('x', 2)
  await taking.take(2)
  await admin.client('KILL', 'TYPE', 'normal')
  await until(() => a.node.reports.length === 4, 'the node is back')
  taking.consumer.credit(2)
  const again = await taking.take(2)
  t.strictSame(again.map(({ text, deliveries }) => `${text}:${deliveries}`), ['0:2', '1:2'])
  for (const each of again) await taking.ack(each)
  t.strictSame(await admin.keys('sj:shop:q:{x}:*').then((keys) => keys.filter((key) => !key.includes(':id:'))), [], 'an empty queue leaves only ids')
})
