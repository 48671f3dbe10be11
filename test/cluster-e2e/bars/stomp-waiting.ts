import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../support/wait.ts'
import type { Bar } from '../bar.ts'
import { Publisher } from '../load/publisher.ts'
import { StompClient } from '../load/stomp-client.ts'
import { type StompServer, withServers } from './stomp-servers.ts'

const QUEUE = '/queue/waiting'
const SHORT = 50_000
const CONSUMERS = 4

/** The octets by which the memory of a node may grow, however many messages wait. */
const MOST = 48 * 1024 * 1024
const MIB = 1024 * 1024

/** The time between two measurements, in milliseconds. */
const EVERY = 5_000

/** A consumer that notes whether its messages come in order. */
class Consumer {
  received = 0
  disorder = 0
  #last = -1
  readonly #seen: Uint8Array

  /** @param seen counts the deliveries of each message */
  constructor (seen: Uint8Array) {
    this.#seen = seen
  }

  async run (port: number): Promise<StompClient> {
    const client = await StompClient.connect(port)
    client.received = ({ body }) => {
      const number = Number(body)
      this.received++
      this.#seen[number]!++
      if (number <= this.#last) this.disorder++
      this.#last = number
    }
    await client.ask('SUBSCRIBE', { id: 'q', destination: QUEUE })
    return client
  }
}

/** Notes the most memory that the nodes have had while something is done. */
async function highestDuring (servers: readonly StompServer[], work: Promise<unknown>): Promise<number> {
  const over = new AbortController()
  const ended = work.finally(() => over.abort())
  ended.catch(() => {})
  let highest = 0
  const measure = async (): Promise<void> => {
    highest = Math.max(highest, ...await Promise.all(servers.map(({ server }) => server.do({ task: 'memory' }))))
  }
  while (!over.signal.aborted) {
    await measure()
    await delay(EVERY, undefined, { signal: over.signal }).catch(() => {})
  }
  await ended
  await measure()
  return highest
}

/** Very many messages wait in a queue. They cost the nodes nothing, and the consumers of two nodes get them all, in order. */
export const stompWaiting: Bar = {
  name: 'stomp: a long queue',
  group: 'stomp',
  engines: ['nats', 'redis', 'hub'],
  async run (bench, engine) {
    const messages = bench.options.soak ? bench.options.soakMessages : SHORT
    await withServers(bench.processes, engine, 2, async (servers) => {
      const before = Math.min(...await Promise.all(servers.map(({ server }) => server.do({ task: 'memory' }))))
      const publisher = new Publisher(servers[0]!.port, QUEUE, messages)
      const filling = await highestDuring(servers, publisher.run())
      const seen = new Uint8Array(messages)
      const consumers = Array.from({ length: CONSUMERS }, () => new Consumer(seen))
      const received = (): number => consumers.reduce((sum, each) => sum + each.received, 0)
      const clients = await Promise.all(consumers.map((consumer, i) => consumer.run(servers[i % servers.length]!.port)))
      const emptying = await highestDuring(servers, until(() => received() >= messages, 'the queue is empty', 1_200_000))
      for (const client of clients) client.cut()
      const missing = seen.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0)
      const disorder = consumers.reduce((sum, each) => sum + each.disorder, 0)
      const grown = Math.max(filling, emptying) - before
      bench.row({
        transport: 'websocket',
        figure: `${messages} waited, ${missing} missing, ${received() - messages + missing} came twice, ${disorder} out of order; the nodes grew by ${(grown / MIB).toFixed(1)} MiB`,
        wanted: `all once, in order at each of ${CONSUMERS} consumers, at most ${MOST / MIB} MiB`,
        ok: missing === 0 && received() === messages && disorder === 0 && grown <= MOST
      })
    })
  }
}
