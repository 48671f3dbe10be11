import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../support/wait.ts'
import type { Bar } from '../bar.ts'
import type { EngineName } from '../engines.ts'
import { Publisher } from '../load/publisher.ts'
import { StompClient, type StompFrame } from '../load/stomp-client.ts'
import { killSome } from './stomp-faults.ts'

const MESSAGES = 10_000
const CONSUMERS = 8
const CUTS = 20
const DEATHS = 2
const QUEUE = '/queue/bars'
/** The messages that a consumer has at most before it acknowledges one. */
const PREFETCH = 50

/** The longest time that a consumer works at a message, in milliseconds. */
const WORK = 60

/** The time within which the engine gives the last messages of a dead node back, in milliseconds. */
const PATIENCE = 60_000

/** The messages that may be on their way to consumers, so that an older one arrives after them. */
const ON_THEIR_WAY = CONSUMERS * PREFETCH

/** The messages that nats-server 2.9.10 may give twice without a mark after a node was killed, if the two go to different nodes (docs/cluster.md). */
const UNMARKED: Readonly<Partial<Record<EngineName, number>>> = { nats: 2 }

/** The events of one message at the consumers, for the report of a fault: `delivered`, `redelivered`, `ack`, `receipt`, each with its time. */
type Story = string[]

/** The deliveries of all messages. */
class Ledger {
  /** The messages whose ACK has its RECEIPT. */
  readonly acknowledged = new Set<number>()
  /** The messages whose ACK was sent. The server may have it although its RECEIPT was cut off; otherwise the message comes again. */
  readonly settled = new Set<number>()
  /** The messages that came a second time without the mark. */
  readonly unmarked: number[] = []
  /** The messages that did so when they were the newest ones. */
  readonly newest: number[] = []
  /** The messages that came with the mark after the server had confirmed their acknowledgement. */
  readonly raised: number[] = []
  redelivered = 0
  #highest = 0
  readonly #stories = new Map<number, Story>()

  delivered (number: number, redelivered: boolean): void {
    const isFirst = !this.#stories.has(number)
    this.note(number, redelivered ? 'redelivered' : 'delivered')
    this.settled.delete(number)
    if (redelivered) this.redelivered++
    else if (!isFirst) (number > this.#highest - ON_THEIR_WAY ? this.newest : this.unmarked).push(number)
    this.#highest = Math.max(this.#highest, number)
    if (redelivered && this.acknowledged.has(number)) this.raised.push(number)
  }

  acknowledging (number: number): void {
    this.note(number, 'ack')
    this.settled.add(number)
  }

  confirmed (number: number): void {
    this.note(number, 'receipt')
    this.acknowledged.add(number)
  }

  note (number: number, event: string): void {
    const story = this.#stories.get(number) ?? []
    story.push(`${event} ${performance.now().toFixed(0)}`)
    this.#stories.set(number, story)
  }

  storyOf (number: number): string { return `message ${number}: ${(this.#stories.get(number) ?? []).join(', ')}` }
}

/** A consumer that connects again whenever it is cut. */
class Consumer {
  readonly #port: number
  readonly #ledger: Ledger
  #client: StompClient | null = null
  #over = false

  constructor (port: number, ledger: Ledger) {
    this.#port = port
    this.#ledger = ledger
  }

  async run (): Promise<void> {
    while (!this.#over) {
      const client = this.#client = await StompClient.connect(this.#port).catch(() => null)
      if (client === null) {
        await delay(50)
        continue
      }
      // The bar was over while the connection came.
      if (this.#over) return client.cut()
      client.received = (frame) => { this.#work(client, frame).catch(() => {}) }
      client.ask('SUBSCRIBE', { id: 'q', destination: QUEUE, ack: 'client-individual', 'prefetch-count': String(PREFETCH) }).catch(() => {})
      await client.closed
    }
  }

  cut (): void { this.#client?.cut() }

  end (): void {
    this.#over = true
    this.cut()
  }

  async #work (client: StompClient, { headers, body }: StompFrame): Promise<void> {
    const number = Number(body)
    this.#ledger.delivered(number, headers['redelivered'] === 'true')
    await delay(Math.random() * WORK)
    const receipt = client.ask('ACK', { id: headers['ack']! })
    if (client.open) this.#ledger.acknowledging(number)
    await receipt
    this.#ledger.confirmed(number)
  }
}

/** Each message of a queue is acknowledged once, however often consumers and nodes die with it. */
export const stompQueue: Bar = {
  name: 'stomp: a queue, consumers and nodes killed',
  group: 'stomp',
  engines: ['nats', 'redis', 'hub'],
  async run (bench, engine) {
    const world = await bench.world({ engine })
    const ledger = new Ledger()
    const consumers = Array.from({ length: CONSUMERS }, () => new Consumer(world.port, ledger))
    const running = consumers.map((consumer) => consumer.run())
    const publisher = new Publisher(world.port, QUEUE, MESSAGES)
    const progress = (): number => ledger.settled.size / MESSAGES
    const faults = killSome(world, { cuts: CUTS, deaths: DEATHS, progress, cut: (random) => consumers[Math.floor(random * CONSUMERS)]!.cut() })
    await Promise.all([publisher.run(), faults])
    await until(() => ledger.settled.size === MESSAGES, 'all messages are acknowledged', PATIENCE).catch(() => {})
    for (const consumer of consumers) consumer.end()
    await Promise.all(running)
    const { acknowledged, settled, redelivered } = ledger
    const [unmarked, newest, raised] = [ledger.unmarked, ledger.newest, ledger.raised].map((numbers) => numbers.filter((number) => !publisher.repeated.has(number))) as [number[], number[], number[]]
    for (const number of [...unmarked, ...newest, ...raised]) process.stderr.write(`${ledger.storyOf(number)}\n`)
    const most = UNMARKED[engine] ?? 0
    bench.row({
      transport: 'websocket',
      figure: `${settled.size} of ${MESSAGES} acknowledged (${acknowledged.size} with a receipt), ${CUTS} cuts, ${DEATHS} nodes killed; ${redelivered} came again marked, ${raised.length} of them after their acknowledgement; ${unmarked.length + newest.length} unmarked`,
      wanted: `all acknowledged, all that came again marked${most === 0 ? '' : `, but for ${most} at most that were the newest`}`,
      // The same fault gives a message that was acknowledged in the same moment again.
      ok: settled.size === MESSAGES && unmarked.length === 0 && newest.length <= most && (raised.length === 0 || most > 0)
    })
  }
}
