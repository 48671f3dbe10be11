import { type BroadcastListener, Broadcasts } from '../../cluster/broadcasts.ts'
import { Reader, Writer } from '../../cluster/bytes.ts'
import type { ClusterNode } from '../../cluster/node.ts'
import { type MessageContent, readContent, writeContent } from '../broker/message-record.ts'
import type { Users } from '../users.ts'

/** The messages for single sessions of other nodes. All nodes hear all of them, because only the owner of a session knows its id. */
export class SessionMessages implements BroadcastListener {
  readonly #users: Users
  readonly #node: ClusterNode
  readonly #broadcasts: Broadcasts

  constructor (users: Users, node: ClusterNode) {
    this.#users = users
    this.#node = node
    this.#broadcasts = new Broadcasts(node, `s.${node.names.key('stomp', 'sessions')}`, this)
  }

  /** Begins to listen, when the node has started. */
  async start (): Promise<void> {
    const listening = this.#broadcasts.start()
    // A subscription waits for the engine. A server starts without it.
    if (this.#node.state === 'available') await listening
    else listening.catch(() => {})
  }

  /**
   * Sends a message to a session of another node. Resolves when the engine has it.
   *
   * @throws FST_SOCKJS_ENGINE_TOO_LARGE, FST_SOCKJS_ENGINE_UNAVAILABLE
   */
  publish (session: string, message: MessageContent): Promise<void> {
    return this.#broadcasts.publish(writeContent(new Writer().text(session), message).done())
  }

  received (record: Uint8Array, own: boolean): void {
    if (own) return
    const reader = new Reader(record)
    const session = this.#users.session(reader.text())
    if (session === undefined) return
    const { destination, headers, body } = readContent(reader)
    this.#users.deliver([session], destination, headers, body)
  }

  /** A message that is lost at a gap is lost, as it is for a client that is away. */
  gap (): void {}
}
