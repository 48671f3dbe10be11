import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Cluster as IoredisCluster, Redis } from 'ioredis'
import { Cluster as IovalkeyCluster } from 'iovalkey'
import type { Library, TestClient } from '../../support/engines/redis-world.ts'
import { EngineServer, startRedis } from '../../support/engines/servers.ts'
import { freePort } from '../../support/free-port.ts'
import { until } from '../../support/wait.ts'
import { toolPath } from '../tools.ts'

const run = promisify(execFile)

const CLUSTERS = { ioredis: IoredisCluster, iovalkey: IovalkeyCluster } as const

/** Three masters of a Redis Cluster. */
export async function startCluster (): Promise<EngineServer[]> {
  const servers = await Promise.all([1, 2, 3].map(async () => {
    const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-port', String(await freePort())]
    return await startRedis(settings)
  }))
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`)
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'])
  return servers
}

export function clusterClientOf (library: Library, servers: readonly EngineServer[], options: object = {}): TestClient {
  const client = new CLUSTERS[library](servers.map(({ port }) => ({ host: '127.0.0.1', port })), { lazyConnect: true, ...options })
  client.on('error', () => {})
  return client
}

/** A master with one replica, and the sentinel that watches them. */
export interface Watched {
  readonly master: EngineServer
  readonly replica: EngineServer
  readonly sentinel: EngineServer
  close (): Promise<void>
}

export async function startSentinel (): Promise<Watched> {
  const master = await startRedis()
  const replica = await startRedis(['--replicaof', '127.0.0.1', String(master.port)])
  const folder = await mkdtemp(join(tmpdir(), 'sentinel-'))
  const file = join(folder, 'sentinel.conf')
  const port = await freePort()
  writeFileSync(file, [
    `port ${port}`, 'bind 127.0.0.1', `dir ${folder}`,
    `sentinel monitor main 127.0.0.1 ${master.port} 1`, 'sentinel down-after-milliseconds main 1000', 'sentinel failover-timeout main 5000'
  ].join('\n'))
  const sentinel = await EngineServer.start('redis-sentinel', toolPath('Sentinel'), () => [file], port)
  const asking = new Redis(port, '127.0.0.1')
  await until(async () => (await asking.call('SENTINEL', 'REPLICAS', 'main') as unknown[]).length === 1, 'the sentinel knows the replica')
  asking.disconnect()
  return {
    master,
    replica,
    sentinel,
    async close () {
      await Promise.all([master, replica, sentinel].map((server) => server.close()))
      await rm(folder, { recursive: true, force: true })
    }
  }
}
