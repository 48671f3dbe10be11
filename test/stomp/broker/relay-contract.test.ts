import Fastify from 'fastify'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { SystemClock } from '../../../src/core/clock.ts'
import sockjs from '../../../src/index.ts'
import stomp, { memoryBroker, relayBroker, type RelayBrokerOptions } from '../../../src/stomp.ts'
import { within } from '../../support/wait.ts'
import { testLog } from '../../support/broker.ts'
import { type BrokerUnderTest, brokerContract } from './contract.ts'

/** Our own server over TCP is a broker like any other. */
async function startOwnServer (t: Test): Promise<string> {
  const app = Fastify()
  await app.register(sockjs)
  await app.register(stomp, { path: '/stomp', broker: memoryBroker(), tcp: { port: 0 }, limits: { unacknowledged: 10_000 } })
  await app.ready()
  t.teardown(() => within(app.close(), 'the end of the broker'))
  return `tcp://127.0.0.1:${app.stomp.tcpPort}`
}

async function openRelay (t: Test, options: Partial<RelayBrokerOptions> = {}): Promise<BrokerUnderTest> {
  const broker = relayBroker({ servers: await startOwnServer(t), ...options })
  await broker.start({ clock: new SystemClock((error) => { throw error }), log: testLog(), applicationPrefixes: ['/app'] })
  t.teardown(() => within(broker.stop(), 'the end of the relay'))
  return { broker, pass: (ms) => delay(ms) }
}

brokerContract('relay, a connection for each client', (t) => openRelay(t))
brokerContract('relay, shared connections', (t) => openRelay(t, { mode: 'shared', connections: 2 }))

t.test('the fixtures speak of the same broker', async (t) => {
  const { broker } = await openRelay(t)
  t.equal(broker.state, 'available')
})
