// The broker over two nodes, and presence, on real messaging systems that keep their messages on disk.
import { natsWorld } from '../support/engines/nats-world.ts'
import { redisWorld } from '../support/engines/redis-world.ts'
import { startJetStream } from '../support/engines/servers.ts'
import { presenceContract, presenceOn } from '../stomp/presence-contract.ts'
import { clusterBrokerContract } from '../stomp/broker/real-contract.ts'

for (const world of [natsWorld('nats', [await startJetStream()]), await redisWorld('ioredis', true)]) {
  clusterBrokerContract(world)
  presenceContract(world.name, presenceOn(world))
}
