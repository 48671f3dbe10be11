/** The messages that each log of a group keeps. The oldest go first. */
export interface LogRule {
  /** The most messages of one log. */
  readonly messages: number
  /** The most bytes of one log. An engine without such a bound ignores it, and says so in its documentation. */
  readonly bytes: number
  /** The time for which a message is kept, in milliseconds. */
  readonly ttl: number
}

/**
 * A place in a log.
 *
 * Offsets rise, and not always by one. An epoch ends when the engine loses the log, and then no offset of it counts any more.
 */
export interface Position {
  /** Consists of 1 to 64 letters, digits, `_` and `-`. */
  readonly epoch: string
  /** A whole number from 0, below 10^15. 0 is the place before the first message. */
  readonly offset: number
}

/** One message of a log. */
export interface LogEntry extends Position {
  /** The name of the log. */
  readonly log: string
  /**
   * The offset of the message before it in its log. It is at most the position that an empty log had.
   *
   * A follower that has the message of this offset, or a position at or behind it, has missed nothing.
   */
  readonly previous: number
  /** The message. It is valid until the listener returns. */
  readonly data: Uint8Array
}

/** A message of a log, with its place. */
export interface KeptMessage extends Position {
  /** The message. */
  readonly data: Uint8Array
}

/** Takes the messages of a log that is followed. */
export type LogListener = (entry: LogEntry) => void

/** Logs: ordered messages that are kept for a while, so that a node that missed some gets them later. */
export interface EngineLogs {
  /**
   * Names a group of logs with one rule. The name is one segment of the name of a channel. It is called before the engine starts.
   *
   * A group that the messaging system has with another rule gets this rule.
   */
  group (name: string, rule: LogRule): EngineLogGroup
}

/** The logs of one group. A log exists from its first message. Names are like those of channels, and so are patterns. */
export interface EngineLogGroup {
  /**
   * Appends a message, and gives it to all that follow the log, this node included.
   *
   * A second call with an id of the last two minutes appends nothing, and resolves with the place of the first message or with a place behind it.
   *
   * @returns a promise that resolves when the messaging system has the message
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE if that cannot be said: the caller may call again with the same id.
   * FST_SOCKJS_ENGINE_TOO_LARGE, FST_SOCKJS_ENGINE_FULL, FST_SOCKJS_ENGINE_REFUSED if another try does not help
   */
  append (log: string, id: string, data: Uint8Array): Promise<Position>
  /**
   * Follows a log, or all logs that fit a pattern. Resolves with the function that ends it, when later messages arrive.
   *
   * Messages arrive in order. After a gap of the engine some may be missing, which `previous` shows.
   */
  follow (pattern: string, listener: LogListener): Promise<() => void>
  /**
   * Reads the messages behind a position, in order. `null` if one of them may be missing.
   *
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE
   */
  since (log: string, position: Position): Promise<LogEntry[] | null>
  /**
   * Finds the place of the last message of a log.
   *
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE
   */
  position (log: string): Promise<Position>
  /**
   * Reads the last message of a log, `null` if the log does not keep it any more.
   *
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE
   */
  last (log: string): Promise<KeptMessage | null>
}
