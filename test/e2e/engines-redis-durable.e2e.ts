// Logs and queues outlive a Redis that keeps everything on its disk.
import { engineContract } from '../support/engines/contract.ts'
import { redisWorld } from '../support/engines/redis-world.ts'

engineContract(await redisWorld('ioredis', true), 'keeping')
