import { engineErrors } from '../engine/errors.ts'
import { MalformedRecord, Reader, Writer } from './bytes.ts'
import { NODE_ID } from './batch.ts'
import { Heard } from './heard.ts'
import type { ClusterNode } from './node.ts'
import { Publisher } from './publisher.ts'

/** Bytes of a publication beside the message: the sender, the number and a signature. */
const OVERHEAD = 96

/** The beats after a message with which a node tells its number once more. */
const MARKS = 3

/** The time after which the marks of all earlier messages have come, in milliseconds. */
const MARKED = 8_000

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
 * The messages of a node are numbered, and marks repeat the last number with the next beats. A node that finds a hole reports a gap. A message that the engine has not confirmed is published
 * again, and nodes that have it ignore the second one. So a message arrives once, or its sender gets an error, or its reader a gap.
 */
export class Broadcasts {
  readonly #node: ClusterNode
  readonly #channel: string
  readonly #listener: BroadcastListener
  readonly #publisher: Publisher
  readonly #heard: Heard
  #last = 0
  /** The marks that are still to come for the last message. */
  #marks = 0
  #listensSince = Infinity

  constructor (node: ClusterNode, channel: string, listener: BroadcastListener) {
    this.#node = node
    this.#channel = channel
    this.#listener = listener
    this.#publisher = new Publisher(node)
    this.#heard = new Heard((id) => id === node.id || node.members.has(id))
    node.onGap((reason) => listener.gap(reason))
    node.members.onBeat(() => this.#mark())
  }

  /** Listens to the channel. */
  async start (): Promise<void> {
    await this.#node.channels.subscribe(this.#channel, (data) => this.#read(data))
    this.#listensSince = this.#node.clock.now()
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
    // A message that is refused gets no number, because the other nodes would miss it.
    this.#publisher.checkRoom(message.byteLength + OVERHEAD)
    this.#marks = MARKS
    await this.#publisher.publish(this.#channel, new Writer().text(this.#node.id).u48(++this.#last).bytes(message).done())
  }

  /** Tells the number of the last message, which can be lost. A message that may be published again has none yet. */
  #mark (): void {
    if (this.#marks === 0 || !this.#publisher.isIdle) return
    this.#marks--
    this.#node.channels.publish(this.#channel, new Writer().text(this.#node.id).u48(this.#last).done())
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
    if (!NODE_ID.test(from)) throw new MalformedRecord('the id of a node')
    if (reader.ended) return this.#marked(from, number)
    const body = reader.bytes()
    if (!reader.ended) throw new MalformedRecord('the id of a node, a number and a message')
    const missing = this.#heard.note(from, number)
    if (missing === null) return
    if (missing > 0) this.#listener.gap(`${missing} messages of a node are missing`)
    this.#listener.received(body, from === this.#node.id)
  }

  /** Takes the number of the last message of a node. A node of which none has arrived may have published before this one listened. */
  #marked (from: string, number: number): void {
    const missing = this.#heard.noteLast(from, number) ?? (this.#node.clock.now() - this.#listensSince >= MARKED ? 1 : 0)
    if (missing > 0) this.#listener.gap(`the last messages of a node are missing, at least ${missing}`)
  }
}
