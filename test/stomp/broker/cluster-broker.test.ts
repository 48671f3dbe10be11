import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { ClusterNode } from '../../../src/cluster/node.ts'
import { ManualClock } from '../../../src/core/clock.ts'
import { MemoryNetwork } from '../../../src/engine/memory.ts'
import { clusterBroker, type ClusterBrokerOptions } from '../../../src/stomp/broker/cluster/index.ts'
import { brokerContract } from './contract.ts'
import { testLog } from '../../support/broker.ts'

/** Starts the broker on nodes of one network. */
async function startBrokers (t: Test, count: number, options: ClusterBrokerOptions = {}, network = new MemoryNetwork()) {
  return await Promise.all(Array.from({ length: count }, async () => {
    const clock = new ManualClock()
    const log = testLog()
    const engine = network.engine()
    const node = new ClusterNode({ engine, clock, log, name: randomBytes(4).toString('hex') })
    const broker = clusterBroker(options)
    broker.join?.(node)
    await node.start()
    await broker.start({ clock, log, applicationPrefixes: ['/app'] })
    t.teardown(async () => {
      await broker.stop()
      await node.stop()
    })
    return { broker, node, engine, clock, log }
  }))
}

const VARIANTS: readonly [name: string, options: ClusterBrokerOptions][] = [
  ['with histories', { history: [{ pattern: '/topic/**' }] }],
  ['without histories, with dots', { separator: '.' }],
  ['with other prefixes and little else', { prefixes: { topic: ['/fan', '/topic'], deadLetters: '/dead/letters' }, maxTemporaryQueues: 0 }]
]

for (const [name, options] of VARIANTS) {
  brokerContract(`clusterBroker on two nodes, ${name}`, async (t) => {
    const [here, there] = await startBrokers(t, 2, options)
    return { broker: here!.broker, other: there!.broker, pass: async (ms) => { for (const { clock } of [here!, there!]) clock.advance(ms) } }
  })
}
