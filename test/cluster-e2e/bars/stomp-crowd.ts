import { until } from '../../support/wait.ts'
import type { Bar } from '../bar.ts'
import { StompClient } from '../load/stomp-client.ts'
import { withServers } from './stomp-servers.ts'

const TOPIC = '/topic/crowd'
const MESSAGES = 5
const SHORT = 10_000
const LONG = 100_000

/** A topic with very many subscribers on two nodes: each has every message once, in order. */
export const stompCrowd: Bar = {
  name: 'stomp: a topic with a crowd',
  group: 'stomp',
  engines: ['nats', 'redis', 'hub'],
  async run (bench, engine) {
    const subscribers = bench.options.soak ? LONG : SHORT
    await withServers(bench.processes, engine, 2, async (servers) => {
      await Promise.all(servers.map(({ server }) => server.do({ task: 'join', topic: TOPIC, clients: subscribers / servers.length })))
      const publisher = await StompClient.connect(servers[0]!.port)
      let [received, wrong] = [0, 0]
      for (let i = 0; i < MESSAGES; i++) await publisher.ask('SEND', { destination: TOPIC }, String(i))
      await until(async () => {
        const tallies = await Promise.all(servers.map(({ server }) => server.do({ task: 'tally' })))
        received = tallies.reduce((sum, { messages }) => sum + messages, 0)
        wrong = tallies.reduce((sum, each) => sum + each.wrong, 0)
        return received >= subscribers * MESSAGES
      }, 'every subscriber has every message', 300_000).catch(() => {})
      publisher.cut()
      bench.row({
        transport: 'below',
        figure: `${subscribers} subscribers on ${servers.length} nodes have ${received} messages, ${wrong} of them not exactly the ${MESSAGES} in order`,
        wanted: `${subscribers * MESSAGES}, each subscriber each message once`,
        ok: received === subscribers * MESSAGES && wrong === 0
      })
    })
  }
}
