import { Body } from '../../codec/index.ts'
import type { SubscribeResult } from '../broker.ts'
import { readPosition, type TopicPosition } from '../local/position.ts'
import type { SerialQueue } from '../local/serial-queue.ts'
import { Audience, deliverToAll, type TopicSubscription } from '../local/topics.ts'
import { Publication } from '../publication.ts'
import type { Serial } from '../serial.ts'
import { Gate } from '../local/gate.ts'
import type { LogSource } from './log-source.ts'
import type { Source, SourceListener } from './sources.ts'

/** The way in which a client subscribes to a topic. */
export interface TopicWish {
  /** The value of `x-recover`: the client asks for all messages behind that place. */
  readonly recover: string | undefined
  /** True if the client asks for a mark where messages may be missing: `x-gaps:true`. */
  readonly gaps: boolean
}

/** The subscriptions of this node to one topic or pattern, and the sources of its messages. */
export class Feed implements SourceListener {
  /** Resolves when every later message arrives. */
  readonly ready: Promise<void>
  readonly #destination: string
  readonly #log: LogSource | null
  readonly #serialQueue: SerialQueue
  readonly #serial: Serial
  readonly #audience = new Audience()
  readonly #gates = new Map<TopicSubscription, Gate>()
  /** The subscriptions that want to know of gaps. */
  readonly #watchers = new Set<TopicSubscription>()
  #ends: readonly (() => void)[] = []
  #isReady = false
  #isClosed = false

  /** @param log the source that can be read again, `null` if the topic has no history */
  constructor (destination: string, sources: readonly Source[], log: LogSource | null, serialQueue: SerialQueue, serial: Serial) {
    this.#destination = destination
    this.#log = log
    this.#serialQueue = serialQueue
    this.#serial = serial
    this.ready = this.#start(sources)
    // Each subscriber is told of a failure. There may be none left.
    this.ready.catch(() => {})
  }

  /** The subscriptions of this node. A subscription that still gets what it missed counts too. */
  get size (): number { return this.#audience.size }

  get isEmpty (): boolean { return this.#audience.size === 0 }

  /** Adds a subscription. It is done when every later message arrives. */
  join (subscription: TopicSubscription, { recover, gaps }: TopicWish): Promise<SubscribeResult | void> | SubscribeResult | void {
    if (gaps) this.#watchers.add(subscription)
    if (this.#log !== null && (recover !== undefined || this.#log.replaysLast)) return this.#catchUp(subscription, this.#log, recover)
    this.#audience.add(subscription)
    const result = (): SubscribeResult => ({
      ...(recover === undefined ? {} : { recovered: false }),
      ...(this.#log?.position === undefined ? {} : { position: this.#log.position })
    })
    return this.#isReady ? result() : this.ready.then(result)
  }

  leave (subscription: TopicSubscription): void {
    this.#watchers.delete(subscription)
    this.#audience.delete(subscription)
    const gate = this.#gates.get(subscription)
    if (gate === undefined) return
    this.#gates.delete(subscription)
    this.#audience.delete(gate)
  }

  close (): void {
    this.#isClosed = true
    for (const end of this.#ends) end()
    this.#ends = []
  }

  deliver (publication: Publication): void {
    if (this.#isClosed) return
    this.#serialQueue.defer(() => deliverToAll(this.#audience.list, publication))
    this.#serialQueue.run()
  }

  lost (): void {
    if (this.#watchers.size === 0 || this.#isClosed) return
    const mark = new Publication(this.#destination, this.#serial.next(), [['x-gap', 'true']], Body.EMPTY)
    this.#serialQueue.defer(() => deliverToAll([...this.#watchers], mark))
    this.#serialQueue.run()
  }

  async #start (sources: readonly Source[]): Promise<void> {
    const starts = sources.map((source) => source.start(this))
    let ends: readonly (() => void)[]
    try {
      ends = await Promise.all(starts)
    } catch (error) {
      for (const start of starts) start.then((end) => end(), () => {})
      throw error
    }
    if (this.#isClosed) for (const end of ends) end()
    else this.#ends = ends
    this.#isReady = true
  }

  /** Gives a subscription the messages that it missed, or the last message, and then the live ones. No message is lost between them, and no message comes twice. */
  async #catchUp (subscription: TopicSubscription, log: LogSource, recover: string | undefined): Promise<SubscribeResult> {
    const gate = new Gate(subscription)
    this.#gates.set(subscription, gate)
    this.#audience.add(gate)
    await this.ready
    const from = recover === undefined ? null : readPosition(recover)
    const missed = from === null ? null : await log.since(from)
    const history = missed ?? (log.replaysLast ? await log.last() : [])
    const position = log.position === undefined ? {} : { position: log.position }
    const isLost = recover !== undefined && missed === null
    // The client learns first that messages are missing.
    if (isLost) setImmediate(() => this.#open(subscription, gate, history, null))
    else this.#open(subscription, gate, history, from)
    return recover === undefined ? position : { recovered: !isLost, ...position }
  }

  #open (subscription: TopicSubscription, gate: Gate, history: readonly Publication[], from: TopicPosition | null): void {
    if (this.#gates.get(subscription) !== gate) return
    this.#serialQueue.exclusively(() => gate.pass(history, from))
  }
}
