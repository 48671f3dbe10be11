/**
 * A connection of the package `nats` 2 or `@nats-io/transport-node` 3.
 *
 * These are the members that the engine uses, and both packages have them in this form.
 */
export interface NatsConnection {
  /** The facts that the server has told. They are missing while there is no connection. */
  readonly info?: NatsServerInfo | undefined
  /** Publishes to a subject. */
  publish (subject: string, data?: Uint8Array, options?: {
    /** The subject for answers. */
    reply?: string
    /** Headers. Both packages call its method `encode()`. */
    headers?: object
  }): void
  /** Listens to a subject. */
  subscribe (subject: string, options: {
    /** Takes each message, or the error that ends the subscription. */
    callback: (error: Error | null, message: NatsMessage) => void
  }): NatsSubscription
  /** Resolves when the server has all that was published before. */
  flush (): Promise<void>
  /** True if the connection is closed for good. */
  isClosed (): boolean
  /** Closes the connection for good. */
  close (): Promise<void>
  /** Resolves when the connection is closed for good. */
  closed (): Promise<void | Error>
  /** The events of the connection. */
  status (): AsyncIterable<NatsStatus>
}

/** The facts that a server tells. */
export interface NatsServerInfo {
  /** New for every start of a server. */
  readonly server_id: string
  /** The bytes that one message may have. */
  readonly max_payload: number
  /** True if the server has headers, which mark the answer to a question without a listener. */
  readonly headers?: boolean
  /** The name of the cluster of the server, if it has one. */
  readonly cluster?: string
  /** The addresses of all servers of the cluster, unless the server hides them. */
  readonly connect_urls?: string[]
}

/** A message that has arrived. */
export interface NatsMessage {
  /** The subject that it was published to. */
  readonly subject: string
  /** The bytes. */
  readonly data: Uint8Array
  /** The subject for the answer, if the message is a question. */
  readonly reply?: string | undefined
  /** The headers, if the message has some. */
  readonly headers?: NatsHeaders | undefined
}

/** The headers of a message. */
export interface NatsHeaders {
  /** The status: 503 if a question has no listener, and 0 if there is none. */
  readonly code: number
  /** Returns the value of a header, or an empty text. */
  get (name: string): string
}

/** A subscription. */
export interface NatsSubscription {
  /** Ends the subscription. */
  unsubscribe (): void
  /** Ends the subscription at the server, and then here, when all that is on its way has arrived. */
  drain (): Promise<void>
}

/** An event of a connection. */
export interface NatsStatus {
  /** The kind of event, such as `disconnect`, `reconnect` or `error`. */
  readonly type: string
  /** The error, in version 3. */
  readonly error?: Error
  /** The right that is missing, in version 2. */
  readonly permissionContext?: NatsViolation
}

/** A right that the server refuses. */
export interface NatsViolation {
  /** `publish` or `subscription`. */
  readonly operation: string
  /** The subject that the right is for. */
  readonly subject: string
}

/** Returns the right that an event says is missing, if it does. */
export function violationOf ({ error, permissionContext }: NatsStatus): NatsViolation | null {
  if (permissionContext !== undefined) return permissionContext
  return error !== undefined && 'operation' in error && 'subject' in error ? error as Error & NatsViolation : null
}
