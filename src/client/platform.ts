/** The reader of a body that arrives in pieces. */
export interface BodyReader {
  read (): Promise<{ readonly done: boolean, readonly value?: Uint8Array | undefined }>
}

/** The part of a `Response` that the client reads. */
export interface HttpResponse {
  readonly status: number
  readonly ok: boolean
  readonly headers: { get (name: string): string | null }
  /** The body as a stream; missing in React Native. */
  readonly body?: { getReader (): BodyReader } | null
  text (): Promise<string>
}

/** The function `fetch`, as far as the client uses it. */
export type Fetch = (url: string, request: {
  method: string
  credentials: 'include' | 'omit' | 'same-origin'
  cache: 'no-store'
  signal: AbortSignal
  headers: Record<string, string> | undefined
  body: string | undefined
}) => Promise<HttpResponse>

/** The class `WebSocket`, as far as the client uses it. */
export type WebSocketClass = new (url: string, protocols?: readonly string[]) => {
  binaryType: string
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number, reason: string }) => void) | null
  onerror: (() => void) | null
  send (text: string): void
  close (code?: number, reason?: string): void
}

/** The class `EventSource`, as far as the client uses it. */
export type EventSourceClass = new (url: string, options: { withCredentials: boolean }) => {
  onmessage: ((event: { data: string }) => void) | null
  onerror: (() => void) | null
  readonly readyState: number
  close (): void
}

/** The global objects of a platform: pages, workers, React Native, Node, Deno and Bun differ. */
export interface Platform {
  readonly fetch: Fetch
  readonly WebSocket: WebSocketClass
  readonly EventSource?: EventSourceClass
  readonly Response: { readonly prototype: object }
  readonly TextEncoder: new () => { encode (text: string): { readonly length: number } }
  readonly TextDecoder: new () => { decode (bytes: unknown, options: { stream: boolean }): string }
  readonly crypto?: { getRandomValues (bytes: Uint8Array): ArrayLike<number> }
  readonly location?: { readonly href: string }
  addEventListener?: (type: string, listener: (event: { readonly persisted?: boolean }) => void) => void
  removeEventListener?: (type: string, listener: (event: { readonly persisted?: boolean }) => void) => void
}

/** The global object. Each member is read when it is needed, because a program may add one later. */
export const platform = globalThis as unknown as Platform
