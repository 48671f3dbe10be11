import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../support/wait.ts'
import type { Bar } from '../bar.ts'
import { Publisher } from '../load/publisher.ts'
import { type Headers, StompClient } from '../load/stomp-client.ts'
import { killSome } from './stomp-faults.ts'

const SUBSCRIBERS = 6

/** The demo keeps 10,000 messages of this topic. */
const TOPIC = '/topic/long/bars'

/** The most messages by which a subscriber may be behind, so that the history reaches back far enough. */
const BEHIND = 4_000

const SHORT = { messages: 50_000, cuts: 20, deaths: 2 }
const LONG = { cuts: 200, deaths: 20 }

/** A subscriber that connects again whenever it is cut, and asks for what it has missed. */
class Subscriber {
  /** The number that must come next. */
  next = 0
  gaps = 0
  duplicates = 0
  /** The subscriptions that could not give all messages. */
  unrecovered = 0
  recovered = 0
  readonly #port: number
  readonly #isRepeated: (number: number) => boolean
  #position: string | null = null
  #client: StompClient | null = null
  /** True while the present connection has the receipt of its SUBSCRIBE. */
  #isConfirmed = false
  #over = false

  constructor (port: number, isRepeated: (number: number) => boolean) {
    this.#port = port
    this.#isRepeated = isRepeated
  }

  get subscribed (): boolean { return this.#position !== null }

  async run (): Promise<void> {
    while (!this.#over) {
      const client = this.#client = await StompClient.connect(this.#port).catch(() => null)
      if (client === null) {
        await delay(50)
        continue
      }
      // The bar was over while the connection came.
      if (this.#over) return client.cut()
      client.received = ({ headers, body }) => this.#take(headers, Number(body))
      const recover = this.#position === null ? {} : { 'x-recover': this.#position }
      client.ask('SUBSCRIBE', { id: 't', destination: TOPIC, ...recover }).then((receipt) => this.#confirmed(receipt), () => {})
      await client.closed
      this.#isConfirmed = false
    }
  }

  /** Cuts the connection when its subscription is confirmed, so that every cut makes the subscriber recover. */
  async cut (): Promise<void> {
    await until(() => this.#isConfirmed, 'the subscription is confirmed')
    this.#client!.cut()
    this.#isConfirmed = false
  }

  end (): void {
    this.#over = true
    this.#client?.cut()
  }

  #confirmed (receipt: Headers): void {
    this.#isConfirmed = true
    if (receipt['x-recovered'] === 'true') this.recovered++
    if (receipt['x-recovered'] === 'false') this.unrecovered++
    this.#position ??= receipt['x-position']?.replace('\\c', ':') ?? null
  }

  #take ({ 'x-epoch': epoch, 'x-offset': offset }: Headers, number: number): void {
    this.#position = `${epoch}:${offset}`
    if (number < this.next) {
      if (!this.#isRepeated(number)) this.duplicates++
      return
    }
    if (number > this.next) this.gaps++
    this.next = number + 1
  }
}

/** Every subscriber of a topic with a history has every message once and in order, however often it is cut and nodes die. */
export const stompTopic: Bar = {
  name: 'stomp: a history, subscribers cut and nodes killed',
  group: 'stomp',
  engines: ['nats', 'redis', 'hub'],
  async run (bench, engine) {
    const { messages, cuts, deaths } = bench.options.soak ? { messages: bench.options.soakMessages, ...LONG } : SHORT
    const world = await bench.world({ engine })
    // The publisher has a node that lives on, so that no message is published twice. The primary of workers chooses by itself.
    const home = world.nodes.at(-1)!
    const subscribers = Array.from({ length: SUBSCRIBERS }, () => new Subscriber(world.port, (number) => publisher.repeated.has(number)))
    const slowest = (): number => Math.min(...subscribers.map(({ next }) => next))
    const publisher = new Publisher(home.port, TOPIC, messages, (number) => number - slowest() < BEHIND)
    const running = subscribers.map((subscriber) => subscriber.run())
    await until(() => subscribers.every(({ subscribed }) => subscribed), 'all subscriptions are confirmed')
    const faults = killSome(world, {
      cuts, deaths, progress: () => slowest() / messages, cut: (random) => subscribers[Math.floor(random * SUBSCRIBERS)]!.cut(), spared: home.name
    })
    await Promise.all([publisher.run(), faults])
    await until(() => slowest() === messages, 'every subscriber has the last message').catch(() => {})
    for (const subscriber of subscribers) subscriber.end()
    await Promise.all(running)
    const sum = (count: (subscriber: Subscriber) => number): number => subscribers.reduce((total, each) => total + count(each), 0)
    const [gaps, duplicates, unrecovered] = [sum((each) => each.gaps), sum((each) => each.duplicates), sum((each) => each.unrecovered)]
    bench.row({
      transport: 'websocket',
      figure: `${SUBSCRIBERS} subscribers have ${slowest()} of ${messages}, ${sum((each) => each.recovered)} recovered, ${unrecovered} not; ${gaps} gaps, ${duplicates} duplicates`,
      wanted: `all, after ${cuts} cuts and ${deaths} nodes killed`,
      ok: slowest() === messages && gaps === 0 && duplicates === 0 && unrecovered === 0
    })
  }
}
