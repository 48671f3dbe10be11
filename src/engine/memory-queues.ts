import { engineErrors } from './errors.ts'
import type { MemoryEngine, MemorySystem } from './memory-engine.ts'
import type { EngineConsumer, EngineQueues, QueueRule, QueueView, TakenListener, TakenMessage } from './queues.ts'
import type { QueueMessage } from './store/queue.ts'
import type { QueueConsumer, Taker } from './store/queue-consumer.ts'

/** The queues of one node of a network in memory. */
export class MemoryQueues implements EngineQueues {
  readonly #engine: MemoryEngine
  readonly #network: MemorySystem
  readonly #consumers = new Set<MemoryConsumer>()
  #rule: QueueRule | null = null

  constructor (engine: MemoryEngine, network: MemorySystem) {
    this.#engine = engine
    this.#network = network
  }

  bound (rule: QueueRule): void { this.#rule = rule }

  async push (queue: string, id: string, data: Uint8Array): Promise<void> {
    this.#engine.check()
    const full = this.#network.store.queues.push(queue, id, this.#engine.keep(data))
    if (full !== null) throw new engineErrors.Full('memory', full)
  }

  consume (queue: string, listener: TakenListener): EngineConsumer {
    const consumer = new MemoryConsumer(queue, listener, this.#engine, this.#network, this.#consumers)
    this.#consumers.add(consumer)
    if (this.#engine.isAvailable) consumer.begin()
    return consumer
  }

  async view (queue: string, most: number): Promise<QueueView> {
    this.#engine.check()
    return this.#network.store.queues.view(queue, most)
  }

  /** Tells the network the bounds and the consumers. */
  restore (): void {
    if (this.#rule !== null) this.#network.store.queues.bound(this.#rule)
    for (const consumer of this.#consumers) consumer.begin()
  }

  /** Takes no message more. A message that a consumer gives back must not go to another one that leaves too. */
  pause (): void {
    for (const consumer of this.#consumers) consumer.pause()
  }

  /** Gives back all messages, because the network is away from this node. */
  leave (): void {
    this.pause()
    for (const consumer of this.#consumers) consumer.leave()
  }
}

/** A consumer of one node. The network knows it while it is available. */
class MemoryConsumer implements EngineConsumer, Taker {
  readonly #queue: string
  readonly #listener: TakenListener
  readonly #engine: MemoryEngine
  readonly #network: MemorySystem
  readonly #all: Set<MemoryConsumer>
  /** The tags of the messages that it has taken. */
  readonly #tags = new Map<TakenMessage, number>()
  #credit = 0
  /** The consumer as the network has it. */
  #there: QueueConsumer | null = null

  constructor (queue: string, listener: TakenListener, engine: MemoryEngine, network: MemorySystem, all: Set<MemoryConsumer>) {
    this.#queue = queue
    this.#listener = listener
    this.#engine = engine
    this.#network = network
    this.#all = all
  }

  credit (more: number): void {
    this.#credit += more
    this.#there?.credit(more)
  }

  async ack (message: TakenMessage): Promise<void> {
    this.#engine.check()
    if (this.#there?.ack(this.#release(message)) !== true) throw this.#engine.unavailable('the message has gone back to its queue')
  }

  nack (message: TakenMessage): void { this.#there?.nack(this.#release(message)) }

  close (): void {
    this.#all.delete(this)
    this.leave()
  }

  begin (): void {
    this.#there = this.#network.store.queues.consume(this.#queue, this)
    this.#there.credit(this.#credit)
  }

  pause (): void { this.#there?.pause() }

  leave (): void {
    this.#there?.close()
    this.#there = null
    this.#tags.clear()
  }

  take (tag: number, { data, deliveries }: QueueMessage): boolean {
    const there = this.#there!
    const message = { data, deliveries }
    const arrive = (): void => {
      // The message may have gone back on its way, and a repeat finds the message here.
      if (this.#there !== there || !there.taken.has(tag) || this.#tags.has(message)) return
      this.#tags.set(message, tag)
      this.#credit--
      this.#listener(message)
    }
    this.#network.deliver({ kind: 'queue', from: '', to: this.#engine.node, channel: this.#queue, arrive })
    return true
  }

  /** The tag of a message; 0, which no message has, if it has gone back. */
  #release (message: TakenMessage): number {
    const tag = this.#tags.get(message) ?? 0
    this.#tags.delete(message)
    return tag
  }
}
