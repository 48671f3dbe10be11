import type { Test } from 'tap'
import { ClusterNode } from '../../src/cluster/node.ts'
import { SystemClock } from '../../src/core/clock.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { Broker } from '../../src/stomp/broker/broker.ts'
import { clusterBroker, type ClusterBrokerOptions } from '../../src/stomp/broker/cluster/index.ts'
import { testLog } from './broker.ts'
import type { EngineWorld } from './engines/world.ts'

/** The broker of one node, on a real engine and in real time. */
export interface RealBroker {
  readonly broker: Broker
  readonly node: ClusterNode
  readonly engine: Engine
}

/** Starts the broker on nodes of one world. They stop with the test. */
export async function startRealBrokers (t: Test, { engine: open, faults }: EngineWorld, count: number, options: ClusterBrokerOptions): Promise<RealBroker[]> {
  return await Promise.all(Array.from({ length: count }, async () => {
    const engine = await open()
    const clock = new SystemClock((error) => { throw error })
    const log = testLog()
    const node = new ClusterNode({ engine, clock, log })
    const broker = clusterBroker(options)
    broker.join?.(node)
    await node.start()
    await broker.start({ clock, log, applicationPrefixes: ['/app'] })
    t.teardown(async () => {
      await faults.mend?.(engine)
      await broker.stop()
      await node.stop()
    })
    return { broker, node, engine }
  }))
}
