import { Reader, Writer } from '../../cluster/bytes.ts'
import type { ClusterNode } from '../../cluster/node.ts'
import { QUESTIONS } from '../../cluster/services.ts'
import { shown } from '../../core/suggestion.ts'
import { stompErrors } from '../errors.ts'
import type { StreamSource } from '../stream-source.ts'
import type { Users } from '../users.ts'
import { ANSWERS, closeQuestion, readList } from './answers.ts'
import { checkFilter, type SessionFilter } from './filter.ts'

/** The time for which a question waits for the answers of other nodes, in milliseconds. */
const PATIENCE = 2_000

/** A STOMP session on any node. */
export interface StompClusterSession {
  /** The id: `session.id`. */
  readonly id: string
  /** The name of the node that owns it. It is the empty string without an engine. */
  readonly node: string
  /** The name of the transport by which its client connected. */
  readonly transport: string
}

/** The sessions of a user that the nodes have named. */
export interface ClusterUser {
  /** The connected sessions of the user on all nodes that have answered. */
  readonly sessions: readonly StompClusterSession[]
  /** False if a node did not answer in time, so that sessions may be missing. */
  readonly complete: boolean
}

/** The numbers that the nodes have named. */
export interface ClusterCount {
  /** The number of connected sessions, anonymous ones too. */
  readonly sessions: number
  /** The number of users. A user on several nodes counts once. */
  readonly users: number
  /** False if a node did not answer in time, so that both numbers may be too small. */
  readonly complete: boolean
}

/** A session on any node that subscribes to a destination. */
export interface ClusterSubscriber {
  /** The id of the session. */
  readonly session: string
  /** The name of the user, `null` for an anonymous client. */
  readonly user: string | null
  /** The name of the node that owns the session. It is the empty string without an engine. */
  readonly node: string
}

/** The subscribers that the nodes have named. */
export interface ClusterSubscribers {
  /** The sessions that subscribe to the destination. A session with several subscriptions to it is named once. */
  readonly subscribers: readonly ClusterSubscriber[]
  /** False if subscribers are missing. A node did not answer in time, or its answer had no room. */
  readonly complete: boolean
}

/** The result of closing STOMP sessions on all nodes. */
export interface StompClusterClosed {
  /** The number of sessions that were told to close. */
  readonly closed: number
  /** False if a node did not answer in time, so that sessions may still be open. */
  readonly complete: boolean
}

/**
 * The calls of `app.stomp` that concern all nodes: `app.stomp.cluster`.
 *
 * Each call takes at most 2 seconds. A node that does not answer in time makes the answer incomplete, and no error. Without the option `engine` of the SockJS
 * server there is one node, and the calls work on that. They work with every broker.
 */
export class StompCluster {
  readonly #users: Users
  readonly #source: StreamSource
  readonly #node: ClusterNode | null

  /** @internal */
  constructor (users: Users, source: StreamSource, node: ClusterNode | null) {
    this.#users = users
    this.#source = source
    this.#node = node
    if (node === null) return
    for (const [question, answer] of ANSWERS) node.calls.serve(question, (body) => answer(users, node.name, new Reader(body)))
  }

  /**
   * Lists the connected sessions of a user on all nodes.
   *
   * @throws FST_STOMP_INVALID_OPTION
   */
  async user (name: string): Promise<ClusterUser> {
    checkText('user', name)
    const { answers, complete } = await this.#ask(QUESTIONS.stompUser, new Writer().text(name).done())
    const lists = answers.map((answer) => readList(answer, (reader, node) => ({ id: reader.text(), node, transport: reader.text() })))
    return { sessions: lists.flatMap(({ items }) => items), complete: complete && lists.every(({ whole }) => whole) }
  }

  /** Counts the connected sessions and their users on all nodes. Each node names its users, so that one on several nodes counts once. */
  async count (): Promise<ClusterCount> {
    const { answers, complete } = await this.#ask(QUESTIONS.stompCount, new Uint8Array(0))
    const names = new Set<string>()
    let sessions = 0
    let whole = true
    for (const answer of answers) {
      const reader = new Reader(answer)
      sessions += reader.u32()
      const list = readList(reader.bytes(), (item) => item.text())
      for (const name of list.items) names.add(name)
      whole &&= list.whole
    }
    return { sessions, users: names.size, complete: complete && whole }
  }

  /**
   * Lists the sessions on all nodes that subscribe to a destination, as clients wrote it. Subscriptions by a pattern are not among them.
   *
   * @throws FST_STOMP_INVALID_OPTION
   */
  async subscribers (destination: string): Promise<ClusterSubscribers> {
    checkText('destination', destination)
    const { answers, complete } = await this.#ask(QUESTIONS.stompSubscribers, new Writer().text(destination).done())
    const lists = answers.map((answer) => readList(answer, (reader, node) => {
      const session = reader.text()
      const hasUser = reader.u8() === 1
      const user = reader.text()
      return { session, user: hasUser ? user : null, node }
    }))
    return { subscribers: lists.flatMap(({ items }) => items), complete: complete && lists.every(({ whole }) => whole) }
  }

  /**
   * Closes sessions on all nodes. Clients may connect again.
   *
   * @throws FST_STOMP_INVALID_OPTION for a filter that is not clear, FST_SOCKJS_INVALID_CLOSE for a wrong code or reason, before any session is closed
   */
  async close (filter: SessionFilter, code = 1000, reason = 'Normal closure'): Promise<StompClusterClosed> {
    checkFilter(filter)
    this.#source.checkClose(code, reason)
    const { answers, complete } = await this.#ask(QUESTIONS.stompClose, closeQuestion(filter, code, reason))
    return { closed: answers.reduce((sum, answer) => sum + new Reader(answer).u32(), 0), complete }
  }

  /** Asks all nodes, this one first. */
  async #ask (question: number, body: Uint8Array): Promise<{ answers: Uint8Array[], complete: boolean }> {
    const own = ANSWERS.get(question)!(this.#users, this.#node?.name ?? '', new Reader(body))
    if (this.#node === null) return { answers: [own], complete: true }
    const { answers, complete } = await this.#node.calls.askAll(question, body, PATIENCE)
    return { answers: [own, ...answers.map(({ body }) => body)], complete }
  }
}

function checkText (name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw new stompErrors.InvalidOption(name, `must be a text that is not empty, not ${shown(value)}`)
}
