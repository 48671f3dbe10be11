import t from 'tap'
import { ONCE_AWAY } from '../support/engines/faults.ts'
import { clientOf, LIBRARIES, type Library } from '../support/engines/redis-world.ts'
import { until } from '../support/wait.ts'
import { startSentinel } from './redis/clusters.ts'
import { nodeOf, usesAll } from './redis/setups.ts'

for (const library of Object.keys(LIBRARIES) as Library[]) {
  t.test(`${library}: the master is killed, and the replica takes over`, async (t) => {
    const watched = await startSentinel()
    t.teardown(() => watched.close())
    const client = (): ReturnType<typeof clientOf> => clientOf(library, watched.master.port, { sentinels: [{ host: '127.0.0.1', port: watched.sentinel.port }], name: 'main' })
    const a = await nodeOf(t, client()).start()
    const b = await nodeOf(t, client()).start()
    await usesAll(t, a, b, 'before')
    const inbox = await b.listen('x')
    const keys = Array.from({ length: 500 }, (_, i) => `key-${i}`)
    await Promise.all(keys.map((key) => a.own(key)))
    await watched.master.kill()
    const since = Date.now()
    await Promise.all([a, b].map((node) => node.reaches('unavailable')))
    await Promise.all([a, b].map((node) => node.reaches('available')))
    t.comment(`available after ${Date.now() - since} ms`)
    t.strictSame(await Promise.all(keys.map((key) => b.locate(key))), keys.map(() => a.node), 'every claim is there')
    a.publish('x', 'hello')
    t.strictSame(await inbox.take(1), ['hello'])
    await usesAll(t, a, b, 'after')
    t.strictSame([a.reports, b.reports, a.lost], [ONCE_AWAY, ONCE_AWAY, []])

    // The old master comes back as a replica, and no node goes there.
    await watched.master.revive()
    await until(async () => await b.locate(keys[0]!) === a.node, 'the claims stay')
    t.strictSame([a.lost, b.lost], [[], []])
  })
}
