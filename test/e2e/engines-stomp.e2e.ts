// The broker over two nodes, on real messaging systems that keep their messages on disk.
import { natsWorld } from '../support/engines/nats-world.ts'
import { redisWorld } from '../support/engines/redis-world.ts'
import { startJetStream } from '../support/engines/servers.ts'
import { clusterBrokerContract } from '../stomp/broker/real-contract.ts'

clusterBrokerContract(natsWorld('nats', [await startJetStream()]))
clusterBrokerContract(await redisWorld('ioredis', true))
