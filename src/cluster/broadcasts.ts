import { delay } from '../core/delay.ts'
import { Fifo } from '../core/fifo.ts'
import { engineErrors } from '../engine/errors.ts'
import { MalformedRecord, Reader, Writer } from './bytes.ts'
import { NODE_ID } from './batch.ts'
import type { ClusterNode } from './node.ts'

/** The time for which a message waits while the engine is away, in milliseconds. */
const PATIENCE = 8_000

/** The pause before messages are published again if the engine fails although it is available, in milliseconds. */
const PAUSE = 100

/** The most messages of one channel that may wait for the engine, and their bytes. */
const MAX_WAITING = 1_000
const MAX_WAITING_BYTES = 16 * 1024 * 1024

/** Bytes of a publication beside the message: the sender, the number and a signature. */
const OVERHEAD = 64

/** The nodes whose last number a channel remembers. A node that is away keeps its place, because it may publish its messages again. */
const MOST_HEARD = 1_000

/** A message that the engine has not confirmed yet. */
interface Waiting {
  readonly data: Uint8Array
  readonly deadline: number
  resolve (): void
  reject (error: Error): void
}

/** The user of a channel. */
export interface BroadcastListener {
  /** Takes a message of any node. `own` is true for the messages of this one. */
  received (message: Uint8Array, own: boolean): void
  /** Notes that messages of other nodes may be missing. */
  gap (reason: string): void
}

/**
 * One channel on which every node receives the messages of all nodes.
 *
 * The messages of a node are numbered. A node that finds a hole reports a gap. A message that the engine has not confirmed is published
 * again, and nodes that have it ignore the second one. So a message arrives once, or its sender gets an error, or its reader a gap.
 */
export class Broadcasts {
  readonly #node: ClusterNode
  readonly #channel: string
  readonly #listener: BroadcastListener
  readonly #waiting = new Fifo<Waiting>()
  /** The number of the last message of each node. The node that was silent for the longest time comes first. */
  readonly #heard = new Map<string, number>()
  #waitingBytes = 0
  #last = 0
  #confirming = false
  /** True while earlier messages have to be published again first. */
  #again = false

  constructor (node: ClusterNode, channel: string, listener: BroadcastListener) {
    this.#node = node
    this.#channel = channel
    this.#listener = listener
    node.onGap((reason) => listener.gap(reason))
  }

  /** Listens to the channel. */
  async start (): Promise<void> {
    await this.#node.channels.subscribe(this.#channel, (data) => this.#read(data))
  }

  /**
   * Sends a message to all nodes. Resolves when the engine has it.
   *
   * @throws FST_SOCKJS_ENGINE_TOO_LARGE; FST_SOCKJS_ENGINE_UNAVAILABLE if the engine stays away, and then some nodes may have it
   */
  async publish (message: Uint8Array): Promise<void> {
    const { facts } = this.#node.engine
    const largest = facts.maxPayload - OVERHEAD
    if (message.byteLength > largest) throw new engineErrors.TooLarge(message.byteLength, largest)
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes + message.byteLength > MAX_WAITING_BYTES) {
      throw new engineErrors.Unavailable(facts.name, 'too many messages wait for it')
    }
    const data = new Writer().text(this.#node.id).u48(++this.#last).bytes(message).done()
    const deadline = this.#node.clock.now() + PATIENCE
    const confirmed = new Promise<void>((resolve, reject) => { this.#waiting.push({ data, deadline, resolve, reject }) })
    this.#waitingBytes += data.byteLength
    if (!this.#again) this.#node.channels.publish(this.#channel, data)
    if (!this.#confirming) this.#confirm()
    return confirmed
  }

  /** Asks the engine for its word, once for all messages of this turn, until no message waits. */
  async #confirm (): Promise<void> {
    this.#confirming = true
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => { setImmediate(resolve) })
      const published = this.#waiting.length
      try {
        await this.#node.channels.flushed()
        for (let i = 0; i < published; i++) this.#take().resolve()
      } catch {
        await this.#publishAgain()
      }
    }
    this.#confirming = false
  }

  /** Publishes all that waits once more, in order, as soon as the engine is available. */
  async #publishAgain (): Promise<void> {
    this.#again = true
    const { clock, engine } = this.#node
    if (this.#node.state !== 'stopped') await delay(clock, PAUSE)
    await this.#node.whenAvailable(this.#waiting.first!.deadline - clock.now())
    while (this.#waiting.length > 0 && (this.#node.state === 'stopped' || this.#waiting.first!.deadline <= clock.now())) {
      this.#take().reject(new engineErrors.Unavailable(engine.facts.name, 'it did not take a message in time'))
    }
    for (const { data } of this.#waiting) this.#node.channels.publish(this.#channel, data)
    this.#again = false
  }

  #take (): Waiting {
    const first = this.#waiting.shift()!
    this.#waitingBytes -= first.data.byteLength
    return first
  }

  /** Reads a publication. A stranger may publish anything, which counts for nothing. */
  #read (data: Uint8Array): void {
    try {
      this.#received(data)
    } catch (error) {
      if (error instanceof MalformedRecord) this.#node.dropped('malformed', 'broadcast')
      else this.#node.log.error({ err: error }, 'A listener has failed at a broadcast.')
    }
  }

  #received (data: Uint8Array): void {
    const reader = new Reader(data)
    const from = reader.text()
    const number = reader.u48()
    const body = reader.bytes()
    if (!NODE_ID.test(from) || !reader.ended) throw new MalformedRecord('the id of a node, a number and a message')
    const heard = this.#heard.get(from)
    if (heard !== undefined && number <= heard) return
    this.#remember(from, number)
    if (heard !== undefined && number > heard + 1) this.#listener.gap(`${number - heard - 1} messages of a node are missing`)
    this.#listener.received(body, from === this.#node.id)
  }

  #remember (node: string, number: number): void {
    this.#heard.delete(node)
    this.#heard.set(node, number)
    if (this.#heard.size <= MOST_HEARD) return
    // A stranger that invents nodes can neither fill the memory nor displace a member.
    for (const id of this.#heard.keys()) {
      if (id === this.#node.id || this.#node.members.has(id)) continue
      this.#heard.delete(id)
      return
    }
  }
}
