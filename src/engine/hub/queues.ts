import type { EngineLog } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import type { EngineConsumer, EngineQueues, QueueRule, QueueView, TakenListener, TakenMessage } from '../queues.ts'
import type { HubConnection, HubUser } from './connection.ts'
import type { QueueReceiver } from './receivers.ts'
import { MAX_PAYLOAD, OP } from './wire.ts'

/** The queues of one node at the hub. */
export class HubQueues implements EngineQueues, HubUser, QueueReceiver {
  readonly #connection: HubConnection
  readonly #consumers = new Map<number, HubConsumer>()
  #rule: QueueRule | null = null
  #lastNumber = 0

  constructor (connection: HubConnection) {
    this.#connection = connection
  }

  bound (rule: QueueRule): void { this.#rule = rule }

  async push (queue: string, id: string, data: Uint8Array): Promise<void> {
    if (data.byteLength > MAX_PAYLOAD) throw new engineErrors.TooLarge(data.byteLength, MAX_PAYLOAD)
    await this.#connection.ask<string>(OP.push, [], [queue, id], data)
  }

  consume (queue: string, listener: TakenListener): EngineConsumer {
    const consumer = new HubConsumer(++this.#lastNumber, queue, listener, this.#connection, this.#consumers)
    this.#consumers.set(this.#lastNumber, consumer)
    consumer.begin()
    return consumer
  }

  async view (queue: string, most: number): Promise<QueueView> { return await this.#connection.ask(OP.view, [most], [queue]) }

  async restore (): Promise<void> {
    if (this.#rule !== null) this.#connection.send(OP.bound, [this.#rule.messages, this.#rule.bytes, this.#rule.allBytes])
    for (const consumer of this.#consumers.values()) consumer.begin()
    await this.#connection.request(OP.ping, '')
  }

  // A consumer that has closed needs the message no more, and the hub takes it back.
  arrive (number: number, tag: number, message: TakenMessage, log: EngineLog): void {
    try {
      this.#consumers.get(number)?.arrive(tag, message)
    } catch (err) {
      log.error({ err }, 'the listener of a queue threw an error')
    }
  }
}

/** A consumer of one node. The hub knows it by its number. */
class HubConsumer implements EngineConsumer {
  readonly #number: number
  readonly #queue: string
  readonly #listener: TakenListener
  readonly #connection: HubConnection
  readonly #all: Map<number, HubConsumer>
  /** The tags of the messages that it has taken by the present line. */
  readonly #tags = new Map<TakenMessage, number>()
  /** The credit that no message has used. It counts on this end, so that a lost line loses none. */
  #credit = 0

  constructor (number: number, queue: string, listener: TakenListener, connection: HubConnection, all: Map<number, HubConsumer>) {
    this.#number = number
    this.#queue = queue
    this.#listener = listener
    this.#connection = connection
    this.#all = all
  }

  /** Tells a hub that does not know it. The messages that it has taken before have gone back. */
  begin (): void {
    this.#tags.clear()
    this.#connection.send(OP.consume, [this.#number, this.#credit], [this.#queue])
  }

  credit (more: number): void {
    if (!this.#all.has(this.#number)) return
    this.#credit += more
    this.#connection.send(OP.credit, [this.#number, more])
  }

  async ack (message: TakenMessage): Promise<void> {
    const tag = this.#release(message)
    if (tag === undefined) throw this.#connection.unavailable('the message has gone back to its queue')
    await this.#connection.ask<string>(OP.ack, [this.#number, tag])
  }

  nack (message: TakenMessage): void {
    const tag = this.#release(message)
    if (tag !== undefined) this.#connection.send(OP.nack, [this.#number, tag])
  }

  close (): void {
    if (!this.#all.delete(this.#number)) return
    this.#tags.clear()
    this.#connection.send(OP.close, [this.#number])
  }

  arrive (tag: number, message: TakenMessage): void {
    this.#credit--
    this.#tags.set(message, tag)
    this.#listener(message)
  }

  #release (message: TakenMessage): number | undefined {
    const tag = this.#tags.get(message)
    this.#tags.delete(message)
    return tag
  }
}
