/** Words about an entry, for documents. */
export interface Description {
  /** A few words. */
  readonly summary?: string
  /** A text of any length. */
  readonly description?: string
  /** The names of the groups to which the entry belongs. */
  readonly tags?: readonly string[]
  /** Examples of the body, or of the answer of a subscription. */
  readonly examples?: readonly unknown[]
}

/** A message that clients send to the application. */
export interface ContractMessage extends Description {
  /** The schema of the parameters of the path. Without it they are texts. */
  readonly params?: unknown
  /** The schema of the headers of the frame. */
  readonly headers?: unknown
  /** The schema of the body. */
  readonly body?: unknown
  /** The schema of the answer that goes to the `reply-to` of the message. It stands alone: a message with `sendTo` or `sendToUser` has no other answer. */
  readonly answer?: unknown
  /** The destination of the answer: a key of `destinations`. Below `/user`, the sending session alone gets it. */
  readonly sendTo?: string
  /** The destination of the answer for all sessions of the sender's user: a key of `destinations` that begins with `/user/`. */
  readonly sendToUser?: string
}

/** A destination of the application to which clients subscribe. Its handler answers once, or with a stream. */
export interface ContractSubscription extends Description {
  /** The schema of the parameters of the path. Without it they are texts. */
  readonly params?: unknown
  /** The schema of the headers of the frame. */
  readonly headers?: unknown
  /** The schema of each answer. */
  readonly answer?: unknown
}

/** A destination of the broker, or one below `/user`, from which clients get messages. */
export interface ContractDestination extends Description {
  /** The schema of the parameters of the path. Without it they are texts or numbers. */
  readonly params?: unknown
  /** The schema of the body of each message. */
  readonly body?: unknown
}

/** A question of the server to one client. The client subscribes to its destination, and answers to the `reply-to` of the question. */
export interface ContractRequest extends Description {
  /** The schema of the parameters of the path. Without it they are texts or numbers. */
  readonly params?: unknown
  /** The schema of the question. */
  readonly body?: unknown
  /** The schema of the answer. */
  readonly answer?: unknown
}

/** The entries of a contract by destination, as clients write it. `:name` stands for a parameter. */
export interface ContractShape {
  /** The messages that clients send, such as `/app/chat/:room`. */
  readonly messages?: Readonly<Record<string, ContractMessage>>
  /** The destinations of the application to which clients subscribe, such as `/app/rooms`. */
  readonly subscriptions?: Readonly<Record<string, ContractSubscription>>
  /** The destinations from which clients get messages, such as `/topic/chat/:room` and `/user/queue/me`. */
  readonly destinations?: Readonly<Record<string, ContractDestination>>
  /** The questions of the server to a client, such as `/user/queue/confirm`. */
  readonly requests?: Readonly<Record<string, ContractRequest>>
}
