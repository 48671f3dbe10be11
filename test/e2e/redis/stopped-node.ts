// A node in a process of its own: `stopped-node.ts <port>`. It claims two keys, and tells each report and each key that it has lost.
import { redisEngine } from '../../../src/redis.ts'
import { EngineNode } from '../../support/engines/node.ts'
import { clientOf, SECRET } from '../../support/engines/redis-world.ts'
import { NAMESPACE } from './setups.ts'

const port = Number(process.argv[2])
const node = new EngineNode(redisEngine({ client: clientOf('ioredis', port), namespace: NAMESPACE, secret: SECRET }))
const tell = (event: string): void => { process.send!(event) }
node.gap = () => tell('gap')
await node.engine.start(node)
for (const key of ['taken', 'kept']) {
  const claim = await node.engine.claims.claim(key, () => tell(`lost ${key}`))
  if (claim.owner !== null) throw new Error(`${key} has an owner`)
}
tell(node.node)
// The channel to the test holds the process.
process.once('disconnect', () => process.exit())
