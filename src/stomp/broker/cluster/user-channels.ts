import { Heard } from '../../../cluster/heard.ts'
import type { UserMessage } from '../broker.ts'
import { refusalOf } from './failures.ts'
import type { ClusterExchange } from './exchange.ts'
import { writeRecord } from './record.ts'
import { readMessage } from './sources.ts'

/** The channel of a user with sessions at this node. */
interface UserChannel {
  sessions: number
  readonly ready: Promise<() => void>
}

/** One channel for each user, on which the nodes of its sessions get the messages for it. */
export class UserChannels {
  readonly #exchange: ClusterExchange
  readonly #received: (message: UserMessage) => void
  readonly #channels = new Map<string, UserChannel>()

  constructor (exchange: ClusterExchange, received: (message: UserMessage) => void) {
    this.#exchange = exchange
    this.#received = received
  }

  /** Adds a session of a user. Resolves when every later message for the user arrives. */
  async join (user: string): Promise<void> {
    let channel = this.#channels.get(user)
    if (channel === undefined) this.#channels.set(user, channel = { sessions: 0, ready: this.#listen(user) })
    channel.sessions++
    try {
      await channel.ready
    } catch (error) {
      this.leave(user)
      throw refusalOf(error)
    }
  }

  leave (user: string): void {
    const channel = this.#channels.get(user)
    if (channel === undefined || --channel.sessions > 0) return
    this.#channels.delete(user)
    channel.ready.then((end) => end(), () => {})
  }

  /** Sends a message to the other nodes. Resolves when the engine has it. */
  async publish ({ user, destination, headers, body }: UserMessage): Promise<void> {
    const { node, publisher } = this.#exchange
    const record = { node: node.id, number: this.#exchange.number(), ownId: '', destination, headers, body, expires: 0 }
    try {
      await publisher.publish(this.#nameOf(user), writeRecord(record))
    } catch (error) {
      throw refusalOf(error)
    }
  }

  stop (): void {
    for (const { ready } of this.#channels.values()) ready.then((end) => end(), () => {})
    this.#channels.clear()
  }

  #listen (user: string): Promise<() => void> {
    const { node } = this.#exchange
    const heard = new Heard((id) => node.members.has(id))
    return node.channels.subscribe(this.#nameOf(user), (data) => {
      const message = readMessage(node, data)
      // The sessions of this node have their message already.
      if (message === null || message.node === node.id || heard.note(message.node, message.number) === null) return
      const { destination, headers, body } = message
      this.#received({ user, destination, headers, body })
    })
  }

  /** The name of a user is not a word of the engine, and no stranger should read it there. */
  #nameOf (user: string): string { return `u.${this.#exchange.node.names.key('user', user)}` }
}
