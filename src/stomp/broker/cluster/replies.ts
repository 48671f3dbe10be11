import type { ClusterNode } from '../../../cluster/node.ts'
import { QUESTIONS } from '../../../cluster/services.ts'
import { unavailable } from './failures.ts'
import { type MessageRecord, writeRecord } from './record.ts'
import { readMessage } from './sources.ts'

/** The time for which another node may take a message, in milliseconds. */
const PATIENCE = 8_000

/** The length of the id of a node in an address. */
const NODE = 16

const NOTED = new Uint8Array(0)

/**
 * The temporary queues of other nodes. An address names the node of its client, `/reply-queue/<node><random>`, and a message goes straight to that
 * node.
 */
export class Replies {
  /** The beginning of the addresses of this node. */
  readonly prefix: string
  readonly #node: ClusterNode
  readonly #start: string

  /** @param receive takes a message of another node for a queue of this one */
  constructor (node: ClusterNode, replyQueue: string, receive: (record: MessageRecord) => void) {
    this.#node = node
    this.#start = `${replyQueue}/`
    this.prefix = this.#start + node.id
    node.calls.serve(QUESTIONS.reply, (body) => {
      const record = readMessage(node, body)
      if (record !== null) receive(record)
      return NOTED
    })
  }

  /** Finds the node of an address; `null` for this one. */
  nodeOf (address: string): string | null {
    return address.startsWith(this.prefix) ? null : address.slice(this.#start.length, this.#start.length + NODE)
  }

  /** Sends a message to a queue of another node. A node that has gone took its clients with it, and the message is dropped. */
  async send (node: string, record: MessageRecord): Promise<void> {
    const { members, calls, log } = this.#node
    if (!members.has(node)) {
      log.debug({}, 'a reply came for a client that has gone')
      return
    }
    const answer = await calls.ask(node, QUESTIONS.reply, writeRecord(record), PATIENCE)
    if (answer === null && members.has(node)) throw unavailable()
  }
}
