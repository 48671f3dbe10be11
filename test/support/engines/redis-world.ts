import { Redis as Ioredis } from 'ioredis'
import { Redis as Iovalkey } from 'iovalkey'
import type { Engine } from '../../../src/engine/engine.ts'
import { type RedisClient, redisEngine } from '../../../src/redis.ts'
import { Link } from './link.ts'
import { startRedis } from './servers.ts'
import type { EngineWorld } from './world.ts'

export const SECRET = 'a secret of the tests'

/** The client libraries, by name. */
export const LIBRARIES = { ioredis: Ioredis, iovalkey: Iovalkey } as const

export type Library = keyof typeof LIBRARIES

/** A client as an application has it. It is not connected, because the engine duplicates it. */
export type TestClient = RedisClient & { disconnect (): void }

export function clientOf (library: Library, port: number, options: object = {}): TestClient {
  const client = new LIBRARIES[library]({ host: '127.0.0.1', port, lazyConnect: true, ...options })
  client.on('error', () => {})
  return client
}

/** The nodes of this process on one redis-server, each over a link of its own. A durable server keeps everything on its disk. */
export async function redisWorld (library: Library, durable = false): Promise<EngineWorld> {
  const server = await startRedis(durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [])
  const stranger = new Ioredis(server.port, '127.0.0.1', { lazyConnect: true })
  stranger.on('error', () => {})
  const links = new Map<Engine, Link>()
  const linkOf = (engine: Engine): Link => links.get(engine)!
  return {
    name: durable ? `${library}, on disk` : library,
    async engine ({ namespace = 'tests' } = {}) {
      const link = await Link.open(server.port)
      const engine = redisEngine({ client: clientOf(library, link.port), namespace, secret: SECRET, durable })
      links.set(engine, link)
      return engine
    },
    faults: {
      kill: () => server.kill(),
      revive: () => server.revive(),
      async stop () { server.signal('SIGSTOP') },
      async cont () { server.signal('SIGCONT') },
      async cut (engine) { linkOf(engine).cut() },
      async interrupt (engine) { await linkOf(engine).interrupt() },
      async hang (engine) { linkOf(engine).hang() },
      async mend (engine) { linkOf(engine).mend() },
      async slow (engine, ms) { linkOf(engine).slow(ms) },
      async garbage (channel) { await rubbish(stranger, channel) },
      child: { module: new URL('redis-child.ts', import.meta.url), settings: { library, port: server.port } }
    },
    impossible: { elsewhere: 'one server is the whole messaging system; the tests of Sentinel and of Redis Cluster have several' },
    async close () {
      for (const link of links.values()) link.close()
      stranger.disconnect()
      await server.close()
    }
  }
}

/** Publishes rubbish: on a channel of the namespace, and where nodes hear themselves. */
async function rubbish (stranger: Ioredis, channel: string): Promise<void> {
  const echoes = await stranger.pubsub('CHANNELS', 'sj:tests:echo:*') as string[]
  for (const name of [`sj:tests:${channel}`, 'sj:tests:', 'sj:tests:echo:', 'sj:tests:c:x', ...echoes]) {
    for (const data of ['', 'x', '\u0000\r\n', 'é'.repeat(1_000)]) await stranger.publish(name, data)
  }
}
