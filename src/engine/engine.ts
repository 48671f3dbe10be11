import type { Clock } from '../core/clock.ts'
import type { EngineLogs } from './logs.ts'
import type { EngineQueues } from './queues.ts'

/**
 * A messaging system that connects the nodes of a cluster.
 *
 * A node is one process with this package. An engine serves one node. Its channels may lose the last publications when the connection breaks,
 * and then it reports a gap. The cluster makes all names of channels and keys: segments of base64url, with dots between them.
 */
export interface Engine {
  /** The facts that never change. */
  readonly facts: EngineFacts
  /** Publications between nodes. */
  readonly channels: EngineChannels
  /** Keys that one node owns. */
  readonly claims: EngineClaims
  /** Messages that are kept for nodes that missed them. */
  readonly logs: EngineLogs
  /** Messages that wait for one consumer. */
  readonly queues: EngineQueues
  /**
   * Starts to connect.
   *
   * Resolves when the engine is available, or when the first try has failed; then it tries again for as long as the node runs.
   *
   * @throws FST_SOCKJS_ENGINE_REFUSED if no further try can help: missing rights, a wrong set-up, an engine that is in use already.
   */
  start (context: EngineContext): Promise<void>
  /** Frees all claims, ends all subscriptions and closes the connections that the engine has made itself. */
  stop (): Promise<void>
}

/** The facts about an engine that never change. */
export interface EngineFacts {
  /** The name for logs and errors, such as `nats`. */
  readonly name: string
  /** The bytes that one publication may have. */
  readonly maxPayload: number
  /** Separates clusters that share one messaging system. */
  readonly namespace: string
  /** The secret from which the names of channels and keys are made. It is empty where no stranger can reach the engine. */
  readonly secret: string
  /**
   * The time for which a node keeps its keys without a connection.
   *
   * `connection`: not at all, so that other nodes find no owner while a node connects again; `lease`: longer than any short outage.
   */
  readonly keysLast: 'connection' | 'lease'
  /** True if every publication is signed with the secret. */
  readonly sign: boolean
  /** True if all nodes receive the publications of a channel in the same order. */
  readonly totalOrder: boolean
  /** The abilities of the queues. */
  readonly queues: EngineQueueFacts
  /** True if logs and queues outlive the messaging system: they are on its disk. */
  readonly durable: boolean
}

/** The abilities of the queues of an engine. */
export interface EngineQueueFacts {
  /** A message that comes back stands at its old place. Without it, later messages may come first. */
  readonly inOrder: boolean
  /** A message that a consumer gave back goes to another one first, if there is one. */
  readonly passesOn: boolean
  /** An acknowledgement outlives the messaging system at once. Without it, the messages that were acknowledged just before a crash may come again. */
  readonly acksLast: boolean
  /** The bound of all queues together holds, `allBytes`. Without it, only the bounds of each queue do. */
  readonly boundedTogether: boolean
  /** The time after which the messages of a node that has ended without a stop go back, in milliseconds. */
  readonly lease: number
}

/** The states of an engine. */
export type EngineState = 'starting' | 'available' | 'unavailable' | 'stopped'

/** The log of a node. */
export interface EngineLog {
  /** Writes a line for developers. */
  debug (facts: object, text: string): void
  /** Writes a line about normal operation. */
  info (facts: object, text: string): void
  /** Writes a line about a problem that the engine solves itself. */
  warn (facts: object, text: string): void
  /** Writes a line about a problem that an operator must solve. */
  error (facts: object, text: string): void
}

/** The parts of its node that an engine needs. */
export interface EngineContext {
  /** The id of the node in the messaging system: 16 characters of base64url, new for every start. */
  readonly node: string
  /** The source of all time. */
  readonly clock: Clock
  /** The log of the node. */
  readonly log: EngineLog
  /** Reports a new state. The engine has subscribed and claimed everything again before it reports `available`. */
  changed (state: EngineState, reason: string): void
  /** Reports that publications of other nodes may be missing, because the connection was lost and is back. It comes once, before `available`. */
  gap (reason: string): void
}

/** Takes one publication. It must not keep `data`, which may be a part of a larger buffer. */
export type ChannelListener = (data: Uint8Array, channel: string) => void

/** Channels: a publication reaches every node that listens, at most once, and in order for each sender. */
export interface EngineChannels {
  /**
   * Publishes to all that listen, this node included. It does nothing while the engine is unavailable: that is a lost publication.
   *
   * @throws FST_SOCKJS_ENGINE_TOO_LARGE
   */
  publish (channel: string, data: Uint8Array): void
  /** Resolves when the messaging system has all that was published before. Rejects when that cannot be said, and while the engine is unavailable. */
  flushed (): Promise<void>
  /**
   * Listens. Resolves with the function that ends it, when later publications arrive.
   *
   * The subscription outlives lost connections. One that is asked for while the engine is unavailable begins when it is back. In a pattern `*` stands for one segment, and `>` at the end for one or more.
   */
  subscribe (channel: string, listener: ChannelListener): Promise<() => void>
}

/**
 * Claims: at most one node owns a key, for as long as it lives.
 *
 * Both calls wait until the answer is sure. After the engine has lost its data, the other nodes have `RECLAIM_TIME` to claim their keys again.
 */
export interface EngineClaims {
  /**
   * Claims a key, or finds the node that has it, this one included. One call does both, because most calls are for new keys.
   *
   * An engine that loses its data claims again by itself. If another node has the key by then, `lost` is called, once.
   *
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE
   */
  claim (key: string, lost: () => void): Promise<Claim>
  /**
   * Finds the node that has a key, this one included; `null` if none has it.
   *
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE
   */
  locate (key: string): Promise<string | null>
  /**
   * Tells whether the messaging system has a connection of a node. The node itself need not answer, because it may be busy.
   *
   * An engine whose keys last as long as a connection must have it.
   *
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE
   */
  reaches? (node: string): Promise<boolean>
}

/** The result of a claim: the key is this node's until `release()`, or a node has it already. Only the first call of `release` counts. */
export type Claim = OwnClaim | ForeignClaim

/** A key that is this node's. */
export interface OwnClaim {
  /** Tells that the claim has succeeded. */
  readonly owner: null
  /** Frees the key. A second call does nothing. */
  release (): void
}

/** A key that another node has, or that this node has claimed before. */
export interface ForeignClaim {
  /** The id of the node. */
  readonly owner: string
}

/** The time that nodes have to claim their keys again, after an engine has lost its data, in milliseconds. */
export const RECLAIM_TIME = 2_500
