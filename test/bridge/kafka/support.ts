import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import sockjs, { type Engine, ManualClock } from '../../../src/index.ts'
import kafkaBridge, { type KafkaBridgeOptions, type KafkaStats } from '../../../src/kafka.ts'
import stomp, { type Broker, memoryBroker, type OutgoingMessage } from '../../../src/stomp.ts'
import { FakeKafka } from '../../support/kafka/fake-client.ts'
import { until, within } from '../../support/wait.ts'
import { StompTestClient } from '../../stomp/support.ts'

export const P0 = { topic: 'orders', partition: 0 }
export const P1 = { topic: 'orders', partition: 1 }

/** A rule that sends each record to the destination of its key. */
export const ORDERS = { topic: 'orders', to: ({ key }: { key: string | null }) => `/topic/orders/${key ?? 'none'}` } as const

/** An application with a bridge to a Kafka in memory. Its broker can be held, or made to refuse. */
export class BridgeWorld {
  readonly kafka = new FakeKafka()
  readonly clock = new ManualClock()
  readonly log: { readonly level: number, readonly msg: string, readonly reason?: string, readonly untold?: number }[] = []
  readonly broker: Broker
  /** The messages of the bridge that the broker has taken. */
  readonly published: OutgoingMessage[] = []
  /** Runs before the broker takes a message of the application or the bridge. It throws to refuse. */
  gate: (message: OutgoingMessage) => unknown = () => {}
  readonly app: FastifyInstance

  constructor (broker: Broker) {
    this.broker = broker
    const stream = { write: (line: string) => { this.log.push(JSON.parse(line) as never) } }
    this.app = Fastify({ logger: { level: 'debug', stream } }) as unknown as FastifyInstance
    const publish = this.broker.publish.bind(this.broker)
    this.broker.publish = async (message) => {
      await this.gate(message)
      await publish(message)
      if (message.id !== undefined) this.published.push(message)
    }
  }

  get stats (): KafkaStats { return this.app.kafka.stats() }
  get texts (): string[] { return this.published.map(({ body }) => body.text) }

  async connect (): Promise<StompTestClient> {
    const client = new StompTestClient(await this.app.stomp.inject({ connect: false, version: '1.2' }), '1.2')
    client.connected = await client.hello()
    return client
  }

  /** Waits until the bridge has published so many messages. */
  reaches (count: number): Promise<void> { return until(() => this.published.length >= count, `${count} messages are published`) }

  /** Moves time on in small steps, so that what waits for time and for promises in turn can go on. */
  async pass (ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      this.clock.advance(Math.min(50, left))
      await turn()
    }
  }

  async close (): Promise<void> {
    const ticking = setInterval(() => this.clock.advance(50), 1)
    await within(this.app.close(), 'app.close()').finally(() => clearInterval(ticking))
  }
}

/** One turn of the event loop: everything that only waits for promises has gone on. */
export function turn (): Promise<void> { return new Promise((resolve) => { setImmediate(resolve) }) }

export interface WorldOptions extends Partial<Omit<KafkaBridgeOptions, 'client'>> {
  /** Runs after the bridge is registered. */
  readonly routes?: (app: FastifyInstance) => unknown
  /** Runs before the application is ready. */
  readonly before?: (world: BridgeWorld) => unknown
  /** The broker. Default: the embedded one. */
  readonly broker?: Broker
  /** Connects the application with other nodes. */
  readonly engine?: Engine
}

export async function bridge (t: Test, { routes, before, broker = memoryBroker(), engine, ...options }: WorldOptions): Promise<BridgeWorld> {
  const world = new BridgeWorld(broker)
  t.teardown(() => world.close())
  const { app, clock, kafka } = world
  await app.register(sockjs, { origins: '*', clock, ...(engine === undefined ? {} : { engine }) })
  await app.register(stomp, { path: '/stomp', broker: world.broker })
  await app.register(kafkaBridge, { client: kafka, clock, ...(options.in === undefined ? {} : { group: 'g' }), ...options })
  await routes?.(app)
  await before?.(world)
  await app.ready()
  if (options.in !== undefined && kafka.openError === null && kafka.stuck === null) await until(() => kafka.consumers.length > 0, 'the consumer is open')
  await turn()
  return world
}
