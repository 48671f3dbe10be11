/** The bounds of queues. A message that was taken counts until it is acknowledged. */
export interface QueueRule {
  /** The most messages of one queue. */
  readonly messages: number
  /** The most bytes of one queue. An engine without such a bound ignores it, and says so in its documentation. */
  readonly bytes: number
  /** The most bytes of all queues together. An engine without such a bound ignores it, and says so in its documentation. */
  readonly allBytes: number
}

/** A message that a consumer has taken, and not acknowledged yet. It is the handle for `ack` and `nack`. */
export interface TakenMessage {
  /** The message. It stays valid. */
  readonly data: Uint8Array
  /** The number of times that it was given to a consumer: 1 for the first. */
  readonly deliveries: number
}

/** The content of a queue, at one moment. */
export interface QueueView {
  /** The messages that wait, or that were taken and are not acknowledged yet. */
  readonly messages: number
  /** The bytes of these messages, `null` if the engine does not count them. */
  readonly bytes: number | null
  /** Some of the first messages. A message that was taken may be among them. They stay valid. */
  readonly first: readonly Uint8Array[]
}

/** The most bytes of messages that one view has, or one message. */
export const VIEW_BYTES = 1024 * 1024

/** Takes the messages of a queue. */
export type TakenListener = (message: TakenMessage) => void

/**
 * Queues: each message is for one consumer, on any node, and stays until that one acknowledges it.
 *
 * A message whose consumer closes goes back at once. The message of a node that ends without a stop goes back after a time that the engine states.
 */
export interface EngineQueues {
  /** Sets the bounds. It is called once, before the engine starts. */
  bound (rule: QueueRule): void
  /**
   * Adds a message at the end.
   *
   * A second call with an id of the last two minutes adds nothing.
   *
   * @returns a promise that resolves when the messaging system has the message
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE if that cannot be said: the caller may call again with the same id.
   * FST_SOCKJS_ENGINE_TOO_LARGE, FST_SOCKJS_ENGINE_FULL, FST_SOCKJS_ENGINE_REFUSED if another try does not help
   */
  push (queue: string, id: string, data: Uint8Array): Promise<void>
  /**
   * Begins to take messages, as many as the consumer has credit for. It begins with none.
   *
   * A consumer outlives lost connections. Its credit stays; messages that it has taken may come again, to it or to another one.
   */
  consume (queue: string, listener: TakenListener): EngineConsumer
  /**
   * Shows a queue to an operator, and takes nothing out of it. The view has at most so many messages.
   *
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE
   */
  view (queue: string, most: number): Promise<QueueView>
}

/** A consumer of one queue. */
export interface EngineConsumer {
  /** Allows so many messages more. */
  credit (more: number): void
  /**
   * Takes a message out of the queue for ever. Resolves when the messaging system has noted it.
   *
   * @throws FST_SOCKJS_ENGINE_UNAVAILABLE if that cannot be said, and then the message may come again
   */
  ack (message: TakenMessage): Promise<void>
  /** Gives a message back, to another consumer if the engine can choose. It never fails: if the connection is lost, the message goes back anyway. */
  nack (message: TakenMessage): void
  /** Ends the consumer. The messages that it has taken go back, in their order if the engine can. */
  close (): void
}
