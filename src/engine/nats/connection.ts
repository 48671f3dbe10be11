/**
 * A connection of the package `nats` 2 or `@nats-io/transport-node` 3.
 *
 * These are the members that the engine uses, and both packages have them in this form.
 */
export interface NatsConnection {
  /** What the server said about itself. It is missing while there is no connection. */
  readonly info?: NatsServerInfo | undefined
  publish (subject: string, data?: Uint8Array, options?: { reply?: string }): void
  subscribe (subject: string, options: { callback: (error: Error | null, message: NatsMessage) => void }): NatsSubscription
  flush (): Promise<void>
  close (): Promise<void>
  /** Resolves when the connection is closed for good. */
  closed (): Promise<void | Error>
  status (): AsyncIterable<NatsStatus>
}

/** The facts that a server tells. */
export interface NatsServerInfo {
  /** New for every start of a server. */
  readonly server_id: string
  readonly max_payload: number
  /** True where the server has headers, and with them the answer that nobody listens. */
  readonly headers?: boolean
  /** The addresses of all servers of a cluster. */
  readonly connect_urls?: string[]
}

/** A message that has arrived. */
export interface NatsMessage {
  readonly subject: string
  readonly data: Uint8Array
  readonly reply?: string | undefined
  /** The code is 503 if a request has no listener. */
  readonly headers?: { readonly code: number } | undefined
}

/** A subscription. */
export interface NatsSubscription {
  unsubscribe (): void
}

/** An event of a connection. Version 2 tells a refused right in `permissionContext`, and version 3 in `error`. */
export interface NatsStatus {
  readonly type: string
  readonly error?: Error
  readonly permissionContext?: NatsViolation
}

/** A right that the server refuses. */
export interface NatsViolation {
  /** `publish` or `subscription`. */
  readonly operation: string
  readonly subject: string
}

/** Returns the right that an event says is missing, if it does. */
export function violationOf ({ error, permissionContext }: NatsStatus): NatsViolation | null {
  if (permissionContext !== undefined) return permissionContext
  return error !== undefined && 'operation' in error && 'subject' in error ? error as Error & NatsViolation : null
}
