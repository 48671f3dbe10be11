import type { Engine } from '../../../src/engine/engine.ts'
import { redisEngine } from '../../../src/redis.ts'
import { clientOf, type Library, SECRET } from './redis-world.ts'

/** Makes the engine of a node in a process of its own. */
export async function engine ({ library, port }: { library: Library, port: number }): Promise<Engine> {
  return redisEngine({ client: clientOf(library, port), namespace: 'tests', secret: SECRET })
}
