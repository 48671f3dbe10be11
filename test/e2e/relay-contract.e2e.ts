import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { SystemClock } from '../../src/core/clock.ts'
import { activemq, type BrokerDialect, rabbitmq, relayBroker } from '../../src/stomp.ts'
import { brokerContract } from '../stomp/broker/contract.ts'
import { testLog } from '../support/broker.ts'
import { within } from '../support/wait.ts'
import { startActiveMq } from './brokers/activemq.ts'
import type { BrokerProcess } from './brokers/broker-process.ts'
import { startRabbitMq } from './brokers/rabbitmq.ts'

/** The rules that hold for every broker, over the real ones. */
const BROKERS: readonly (readonly [start: () => Promise<BrokerProcess>, dialect: BrokerDialect])[] = [[startRabbitMq, rabbitmq()], [startActiveMq, activemq()]]

for (const [start, dialect] of BROKERS) {
  const process = await start()
  t.teardown(() => process.stop())
  for (const mode of ['per-client', 'shared'] as const) {
    brokerContract(`${dialect.name}, ${mode}`, async (t) => {
      const broker = relayBroker({ servers: `tcp://127.0.0.1:${process.port}`, dialect, mode })
      await broker.start({ clock: new SystemClock((error) => { throw error }), log: testLog(), applicationPrefixes: ['/app'] })
      t.teardown(() => within(broker.stop(), 'the end of the relay'))
      return { broker, pass: (ms) => delay(ms) }
    })
  }
}
