import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { EngineWorld } from '../../support/engines/world.ts'
import { startRealBrokers } from '../../support/cluster-brokers.ts'
import { until } from '../../support/wait.ts'
import { clusterContract } from './contract.ts'

/** The time for which the messaging system is away when it restarts, in milliseconds. */
const AWAY = 300

/** The promises of the broker on two nodes of a real messaging system. */
export function clusterBrokerContract (world: EngineWorld): void {
  t.teardown(() => world.close())
  const { faults } = world
  clusterContract(`clusterBroker on two nodes of ${world.name}`, async (t: Test) => {
    const [here, there] = await startRealBrokers(t, world, 2, { history: [{ pattern: '/topic/**', messages: 10_000, bytes: 16 * 1024 * 1024 }] })
    const { broker, node } = here!
    return {
      broker,
      other: there!.broker,
      pass: async (ms) => { await delay(ms) },
      async crash () {
        await faults.cut!(there!.engine)
        await delay(node.engine.facts.queues.lease)
      },
      async restart () {
        await faults.kill!()
        await delay(AWAY)
        await faults.revive!()
        await Promise.all([here!, there!].map(async ({ node }) => await until(() => node.state === 'available', 'the node has its engine')))
      }
    }
  })
}
