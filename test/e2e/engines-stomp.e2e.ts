// The broker over two nodes, and presence, on real messaging systems that keep their messages on disk.
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import t from 'tap'
import type { BrokerError } from '../../src/stomp/refusals.ts'
import { connect, handleOf, refused, textOf } from '../support/broker.ts'
import { startRealBrokers } from '../support/cluster-brokers.ts'
import { natsWorld } from '../support/engines/nats-world.ts'
import { redisWorld } from '../support/engines/redis-world.ts'
import { startJetStream } from '../support/engines/servers.ts'
import type { EngineWorld } from '../support/engines/world.ts'
import { presenceContract, presenceOn } from '../stomp/presence-contract.ts'
import { clusterBrokerContract } from '../stomp/broker/real-contract.ts'

const nats = natsWorld('nats', [await startJetStream()])
const redis = await redisWorld('ioredis', true)

for (const world of [nats, redis]) {
  clusterBrokerContract(world)
  presenceContract(world.name, presenceOn(world))
}

const MIB = 1024 * 1024

/** The bytes of each message. */
const SIZE = 10_000

fullStore(nats, MIB)
// All queues of Redis together have the bound of the server.
fullStore(redis, 2 * MIB, async (bytes) => {
  const admin = new Redis(redis.faults.child!.settings['port'] as number, '127.0.0.1')
  const used = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))![1])
  await admin.config('SET', 'maxmemory', String(bytes === 0 ? 0 : used + bytes))
  admin.disconnect()
})

/** Fills the queues of an engine. A message that was confirmed is kept; a message without room is refused; there is room again when messages are acknowledged. */
function fullStore (world: EngineWorld, maxBytes: number, bound: (bytes: number) => Promise<void> = async () => {}): void {
  t.test(`${world.name}: a full engine refuses messages, and loses none that it has confirmed`, async (t) => {
    const [one, two] = await startRealBrokers(t, world, 2, { maxBytes, maxQueueBytes: 64 * 1024 * 1024 })
    const [here, there] = [await connect(one!.broker), await connect(two!.broker)]
    const queue = `/queue/${randomUUID()}`
    t.teardown(() => bound(0))
    await bound(maxBytes)
    const confirmed: string[] = []
    const text = (i: number): string => `${i} `.padEnd(SIZE, 'x')
    let refusal: BrokerError | null = null
    for (let i = 0; refusal === null && i * SIZE < 2 * maxBytes; i++) {
      try {
        await here.publish(queue, text(i))
        confirmed.push(text(i))
      } catch (error) {
        refusal = error as BrokerError
      }
    }
    t.match(refusal, { name: 'BrokerError', code: 'STOMP_QUEUE_FULL' })
    t.ok(confirmed.length > 10, `${confirmed.length} messages had room`)
    await refused(t, () => there.publish(queue, text(0)))
    await there.subscribe('q', queue, 'client-individual')
    for (const each of confirmed) {
      const delivery = await there.sink.deliveries.next()
      if (textOf(delivery) !== each) t.fail(`${textOf(delivery).slice(0, 10)} came where ${each.slice(0, 10)} was due`)
      await there.broker.ack([handleOf(delivery)])
    }
    await here.publish(queue, 'after')
    t.equal(textOf(await there.sink.deliveries.next()), 'after', 'it takes messages again')
  })
}
