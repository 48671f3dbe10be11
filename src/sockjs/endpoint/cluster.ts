import { Broadcasts, type BroadcastListener } from '../../cluster/broadcasts.ts'
import { Reader, Writer } from '../../cluster/bytes.ts'
import type { ClusterNode } from '../../cluster/node.ts'
import { QUESTIONS } from '../../cluster/services.ts'
import { addListener, emit, type Listeners, removeListener } from '../../core/listeners.ts'
import { shown } from '../../core/suggestion.ts'
import type { Message } from '../../stream/message-stream.ts'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import { errors } from '../errors.ts'
import { CLOSE } from '../protocol/index.ts'
import { type AnySession, checkClose } from '../session/index.ts'
import { type BroadcastOptions, checkBroadcast, prepare } from './broadcast.ts'
import type { Endpoint } from './endpoint.ts'
import { keyOfUser } from './identity.ts'

/** The time for which a question waits for the answers of other nodes, in milliseconds. */
const PATIENCE = 2_000

/** The largest number of a u32. */
const MAX_NUMBER = 2 ** 32 - 1

/** The sessions that a question concerns: those of one user, or all. */
export interface SessionFilter {
  /** The user, as the option `user` or `session` returns it. Two users are the same if `userKey` returns the same text for both. */
  readonly user?: unknown
}

/** A session on any node. */
export interface ClusterSession {
  /** The server's own id of the session: `session.id`. */
  readonly id: string
  /** The name of the node that owns it. */
  readonly node: string
  /** The key of its user; the empty string for an anonymous client. */
  readonly user: string
  /** The name of the transport by which its client opened it. */
  readonly transport: string
}

/** The sessions that the nodes have named. */
export interface ClusterSessions {
  /** The sessions of all nodes that have answered, as long as they are not closed. */
  readonly sessions: readonly ClusterSession[]
  /** False if a node did not answer in time, so that sessions may be missing. */
  readonly complete: boolean
}

/** The result of closing sessions on all nodes. */
export interface ClusterClosed {
  /** The number of sessions that were told to close. */
  readonly closed: number
  /** False if a node did not answer in time, so that sessions may still be open. */
  readonly complete: boolean
}

/** Gets the reason of a gap. */
export type GapListener = (reason: string) => unknown

/**
 * The calls of an endpoint that concern all nodes: `endpoint.cluster`.
 *
 * Without the option `engine` there is one node, and the calls work on that.
 */
export class EndpointCluster implements BroadcastListener {
  readonly #endpoint: Endpoint
  readonly #node: ClusterNode | null
  readonly #broadcasts: Broadcasts | null
  /** The sessions that do not get a broadcast which is on its way, by a number of this node. */
  readonly #excepted = new Map<number, AnySession>()
  #lastExcepted = 0
  #onGap: Listeners<string> = null

  /** @internal */
  constructor (endpoint: Endpoint, node: ClusterNode | null) {
    this.#endpoint = endpoint
    this.#node = node
    this.#broadcasts = node === null ? null : new Broadcasts(node, `b.${node.names.key('endpoint', endpoint.name)}`, this)
  }

  /** @internal Begins to listen, when the node has started. */
  async start (): Promise<void> { await this.#broadcasts?.start() }

  /**
   * Sends a message to every open session of this endpoint, on every node.
   *
   * The sessions of this node get it when the engine has it, so that all nodes have the messages of one node in one order. Bytes reach raw
   * WebSockets only.
   *
   * @returns a promise that resolves when the engine has the message
   * @throws FST_SOCKJS_INVALID_MESSAGE, FST_SOCKJS_INVALID_OPTION.
   * FST_SOCKJS_ENGINE_TOO_LARGE if the engine takes no message of this size.
   * FST_SOCKJS_ENGINE_UNAVAILABLE if the engine stays away for 8 seconds, and then some nodes may have the message
   */
  async broadcast (message: Message | PreparedMessage, options: BroadcastOptions = {}): Promise<void> {
    checkBroadcast(options)
    const { data } = message instanceof PreparedMessage ? message : prepare(message)
    if (this.#broadcasts === null) {
      this.#endpoint.broadcast(data, options)
      return
    }
    const excepted = options.except === undefined ? 0 : this.#lastExcepted = this.#lastExcepted % MAX_NUMBER + 1
    if (options.except !== undefined) this.#excepted.set(excepted, options.except)
    const record = new Writer().u32(excepted).u8(typeof data === 'string' ? 0 : 1)
    try {
      await this.#broadcasts.publish((typeof data === 'string' ? record.text(data) : record.bytes(data)).done())
    } catch (error) {
      this.#excepted.delete(excepted)
      throw error
    }
  }

  /**
   * Lists the sessions of this endpoint on all nodes, or those of one user. A session whose client has gone is listed until it is closed.
   *
   * It takes at most 2 seconds. A node that does not answer in time makes the answer incomplete, and no error.
   *
   * @throws FST_SOCKJS_INVALID_OPTION
   */
  async sessions (filter: SessionFilter = {}): Promise<ClusterSessions> {
    const { answers, complete } = await this.#ask(QUESTIONS.sessions, (writer) => writer, filter)
    const sessions = answers.flatMap((answer) => {
      const reader = new Reader(answer)
      const node = reader.text()
      return reader.list(() => ({ id: reader.text(), node, user: reader.text(), transport: reader.text() }))
    })
    return { sessions, complete }
  }

  /**
   * Closes the open sessions of this endpoint on all nodes, or those of one user.
   *
   * It takes at most 2 seconds. Clients may open new sessions.
   *
   * @throws FST_SOCKJS_INVALID_OPTION, FST_SOCKJS_INVALID_CLOSE, before any session is closed.
   */
  async close (filter: SessionFilter = {}, code: number = CLOSE.normal.code, reason: string = CLOSE.normal.reason): Promise<ClusterClosed> {
    checkClose(code, reason)
    const { answers, complete } = await this.#ask(QUESTIONS.close, (writer) => writer.u32(code).text(reason), filter)
    return { closed: answers.reduce((sum, answer) => sum + new Reader(answer).u32(), 0), complete }
  }

  /**
   * Adds a listener for gaps: broadcasts of other nodes may be missing, because the engine was away or lost some.
   *
   * The listener gets the reason, for a log. An error that it throws is logged.
   */
  on (event: 'gap', listener: GapListener): this {
    this.#check(event, listener)
    this.#onGap = addListener(this.#onGap, listener)
    return this
  }

  /** Removes a listener that `on` has added. */
  off (event: 'gap', listener: GapListener): this {
    this.#check(event, listener)
    this.#onGap = removeListener(this.#onGap, listener)
    return this
  }

  #check (event: unknown, listener: unknown): void {
    if (event !== 'gap') throw new errors.InvalidListener(`endpoint.cluster has no event ${String(event)}; it has gap`)
    if (typeof listener !== 'function') throw new errors.InvalidListener('a listener must be a function')
  }

  // --- BroadcastListener -------------------------------------------------------------------------------------

  received (record: Uint8Array, own: boolean): void {
    const reader = new Reader(record)
    const excepted = reader.u32()
    const data = reader.u8() === 0 ? reader.text() : Uint8Array.from(reader.bytes())
    const except = own && excepted !== 0 ? this.#takeExcepted(excepted) : undefined
    this.#endpoint.broadcast(data, except === undefined ? {} : { except })
  }

  /** Finds the session that does not get a broadcast. The broadcasts of this node arrive in order, so those before it are lost if they have not. */
  #takeExcepted (number: number): AnySession | undefined {
    const except = this.#excepted.get(number)
    if (except === undefined) return undefined
    for (const earlier of this.#excepted.keys()) {
      this.#excepted.delete(earlier)
      if (earlier === number) break
    }
    return except
  }

  gap (reason: string): void {
    emit(this.#onGap, reason, (error) => this.#endpoint.listenerFailed(error, 'gap listener'))
  }

  // --- questions of other nodes ------------------------------------------------------------------------------

  /** @internal Answers a question of any node. `null` as a key stands for all users. */
  answer (question: number, key: string | null, reader: Reader): Uint8Array {
    const sessions = [...this.#endpoint.sessions].filter((session) => key === null || session.userKey === key)
    if (question === QUESTIONS.close) {
      const code = reader.u32()
      const reason = reader.text()
      for (const session of sessions) session.close(code, reason)
      return new Writer().u32(sessions.length).done()
    }
    const writer = new Writer().text(this.#node?.name ?? '').u32(sessions.length)
    for (const { id, userKey, transport } of sessions) writer.text(id).text(userKey).text(transport)
    return writer.done()
  }

  async #ask (question: number, add: (writer: Writer) => Writer, filter: SessionFilter): Promise<{ answers: Uint8Array[], complete: boolean }> {
    const key = this.#keyOf(filter)
    const own = this.answer(question, key, new Reader(add(new Writer()).done()))
    if (this.#node === null) return { answers: [own], complete: true }
    const head = new Writer().text(this.#endpoint.name).u8(key === null ? 0 : 1).text(key ?? '')
    const { answers, complete } = await this.#node.calls.askAll(question, add(head).done(), PATIENCE)
    return { answers: [own, ...answers.map(({ body }) => body)], complete }
  }

  #keyOf (filter: SessionFilter): string | null {
    if (typeof filter !== 'object' || filter === null) throw new errors.InvalidOption('filter', `must be an object such as { user }, not ${shown(filter)}`)
    for (const name in filter) if (name !== 'user') throw new errors.InvalidOption(shown(name), 'is not known; the sessions of a user are { user }')
    if (!('user' in filter)) return null
    return keyOfUser(filter.user, this.#endpoint.options)
  }
}
