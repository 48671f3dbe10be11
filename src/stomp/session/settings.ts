import type { FrameLimits } from '../codec/index.ts'

/** The bounds of one STOMP session (STOMP-L1, STOMP-L2, STOMP-T6, SEC-S28, SEC-S29). Counts, octets, milliseconds. */
export interface StompLimits extends FrameLimits {
  readonly subscriptions: number
  readonly destination: number
  readonly transactions: number
  readonly transactionFrames: number
  readonly transactionBytes: number
  readonly unacknowledged: number
  /** The streams of answers of message routes that run at a time. Each one keeps a generator. */
  readonly streams: number
  /** The empty lines that may come in one second, heart-beats included (SEC-S35). */
  readonly eols: number
  readonly connectTimeout: number
  /** The octets that may wait while the session handles a frame. Above it, the client is held back. */
  readonly pending: number
}

/** The heart-beats of a server, in milliseconds. */
export interface HeartBeatOptions {
  /** The intervals that the server offers and asks for. `null` mirrors the wish of the client (STOMP-H2). */
  readonly fixed: readonly [outgoing: number, incoming: number] | null
  readonly minimum: number
  /** The number of silent intervals that ends a session. For intervals of 10 s and more, `toleranceFloor` is the least silence (STOMP-H4). */
  readonly tolerance: number
  readonly toleranceFloor: number
}

/** The options of a server that its sessions keep to. */
export interface SessionSettings {
  readonly limits: StompLimits
  readonly heartBeat: HeartBeatOptions
  /** The virtual hosts. `null` accepts any, and none (STOMP-C5, STOMP-C6). */
  readonly hosts: ReadonlySet<string> | null
  /** The moment at which frames inside a transaction get their receipts (STOMP-T5). */
  readonly transactionReceipts: 'commit' | 'immediate'
  /** The kind of WebSocket messages that carry frames (STOMP-W6). */
  readonly messages: 'auto' | 'text' | 'binary'
}
