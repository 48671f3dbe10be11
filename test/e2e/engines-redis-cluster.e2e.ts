import { Cluster } from 'ioredis'
import t from 'tap'
import { redisEngine } from '../../src/redis.ts'
import { engineContract } from '../support/engines/contract.ts'
import { LIBRARIES, type Library, SECRET } from '../support/engines/redis-world.ts'
import { until } from '../support/wait.ts'
import { clusterClientOf, startCluster } from './redis/clusters.ts'
import { nodeOf, usesAll } from './redis/setups.ts'

const servers = await startCluster()
const stranger = new Cluster(servers.map(({ port }) => ({ host: '127.0.0.1', port })))
stranger.on('error', () => {})
const all = async (act: (server: typeof servers[0]) => unknown): Promise<void> => { await Promise.all(servers.map(act)) }

const ONE_ADDRESS = 'a node finds the servers of a Redis Cluster by the addresses that they tell, past any link'

engineContract({
  name: 'Redis Cluster',
  async engine ({ namespace = 'tests' } = {}) { return redisEngine({ client: clusterClientOf('ioredis', servers), namespace, secret: SECRET }) },
  faults: {
    kill: () => all((server) => server.kill()),
    revive: () => all((server) => server.revive()),
    stop: () => all((server) => server.signal('SIGSTOP')),
    cont: () => all((server) => server.signal('SIGCONT')),
    async garbage (channel) { for (const data of ['', 'x', '\u0000\r\n']) await stranger.publish(`sj:tests:${channel}`, data) }
  },
  impossible: { cut: ONE_ADDRESS, interrupt: ONE_ADDRESS, hang: ONE_ADDRESS, mend: ONE_ADDRESS, slow: ONE_ADDRESS, elsewhere: ONE_ADDRESS, child: 'the process of a node is tried on one server' },
  async close () {
    stranger.disconnect()
    await all((server) => server.close())
  }
})

for (const library of Object.keys(LIBRARIES) as Library[]) {
  t.test(`${library}: claims on all servers, and nothing stays`, async (t) => {
    const a = await nodeOf(t, clusterClientOf(library, servers)).start()
    const b = await nodeOf(t, clusterClientOf(library, servers)).start()
    await usesAll(t, a, b, library)
    const keys = Array.from({ length: 300 }, (_, i) => `${library}-${i}`)
    await Promise.all(keys.map((key) => a.own(key)))
    const found = await Promise.all(keys.map((key) => b.locate(key)))
    t.strictSame(found, keys.map(() => a.node))
    await a.stop()
    await b.stop()
    t.strictSame((await Promise.all(stranger.nodes('master').map((node) => node.keys('sj:shop:*')))).flat(), [])
  })

  t.test(`${library}: one server of the cluster is killed and comes back empty`, async (t) => {
    const a = await nodeOf(t, clusterClientOf(library, servers)).start()
    const b = await nodeOf(t, clusterClientOf(library, servers)).start()
    const inbox = await b.listen('x')
    const keys = Array.from({ length: 300 }, (_, i) => `${library}-killed-${i}`)
    await Promise.all(keys.map((key) => a.own(key)))
    for (const server of servers) {
      await server.kill()
      await Promise.all([a, b].map((node) => node.reaches('unavailable')))
      await server.revive()
      await Promise.all([a, b].map((node) => node.reaches('available')))
      t.strictSame(await Promise.all(keys.map((key) => b.locate(key))), keys.map(() => a.node), 'every claim is there again')
      t.strictSame([a.lost, b.lost], [[], []])
      const before = inbox.all.length
      await until(() => {
        a.publish('x', 'again')
        return inbox.all.length > before
      }, 'a publication arrives')
    }
  })
}
