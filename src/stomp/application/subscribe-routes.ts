import type { FastifyInstance } from 'fastify'
import { Publication } from '../broker/publication.ts'
import { type ClientCommand, type Frame, FrameHeaders } from '../codec/index.ts'
import { stompErrors } from '../errors.ts'
import type { Feed } from '../session/host.ts'
import type { StompSession, StompUser } from '../session/stomp-session.ts'
import type { Subscription } from '../session/subscriptions.ts'
import { encodeContent } from './content.ts'
import { isAsyncIterable } from './message-routes.ts'
import type { Match } from './router.ts'
import { compileSchemas, type RouteSchema, type RouteValidator, type ValidatedParts } from './validation.ts'

/** What a subscribe handler gets. */
export interface SubscribeContext<Params = Record<string, string>, Headers = Readonly<Record<string, string>>> {
  readonly params: Params
  readonly headers: Headers
  readonly destination: string
  readonly user: StompUser | null
  readonly session: StompSession
  /** Aborts when the subscription ends. */
  readonly signal: AbortSignal
}

/** Returns one answer for this subscription, `undefined` for none, or an async iterable that lives as long as the subscription. */
export type SubscribeHandler<Params = Record<string, string>> = (context: SubscribeContext<Params>) => unknown

export interface SubscribeRouteOptions {
  readonly schema?: Omit<RouteSchema, 'body'>
  readonly preHandler?: ((context: SubscribeContext) => unknown) | readonly ((context: SubscribeContext) => unknown)[]
}

const KNOWN: ReadonlySet<string> = new Set<keyof SubscribeRouteOptions>(['schema', 'preHandler'])

export class SubscribeRoute {
  readonly path: string
  readonly #options: SubscribeRouteOptions
  readonly #handler: SubscribeHandler<never>
  #validator: RouteValidator | null = null
  #messages = 0

  /** @throws FST_STOMP_INVALID_ROUTE */
  constructor (path: string, options: SubscribeRouteOptions, handler: SubscribeHandler<never>) {
    if (typeof handler !== 'function') throw new stompErrors.InvalidRoute(path, 'the handler must be a function')
    for (const name of Object.keys(options)) if (!KNOWN.has(name)) throw new stompErrors.InvalidRoute(path, `option ${name} is not known`)
    this.path = path
    this.#options = options
    this.#handler = handler
  }

  compile (scope: FastifyInstance): void {
    if (this.#options.schema !== undefined) this.#validator = compileSchemas(scope, this.path, this.#options.schema)
  }

  /** Starts the answers to one subscription; they end with it. */
  start ({ params }: Match<SubscribeRoute>, session: StompSession, subscription: Subscription, frame: Frame<ClientCommand>, failed: (error: unknown) => void): Feed {
    const abort = new AbortController()
    this.#run(params, session, subscription, frame, abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) failed(error)
    })
    return { stop: () => abort.abort() }
  }

  async #run (params: Readonly<Record<string, string>>, session: StompSession, subscription: Subscription, frame: Frame<ClientCommand>, signal: AbortSignal): Promise<void> {
    const parts: ValidatedParts = { params: { ...params }, headers: Object.fromEntries(frame.headers), body: undefined }
    this.#validator?.check(parts)
    const context = { params: parts.params, headers: parts.headers, destination: subscription.destination, user: session.user, session, signal } as SubscribeContext
    for (const hook of [this.#options.preHandler ?? []].flat()) await hook(context)
    const value = await this.#handler(context as never)
    if (!isAsyncIterable(value)) {
      if (value !== undefined && value !== null && !signal.aborted) this.#send(session, subscription, value)
      return
    }
    await this.#stream(value, session, subscription, signal)
  }

  async #stream (values: AsyncIterable<unknown>, session: StompSession, subscription: Subscription, signal: AbortSignal): Promise<void> {
    const iterator = values[Symbol.asyncIterator]()
    // A feed that waits for its next value must learn that nobody listens any more.
    signal.addEventListener('abort', () => { iterator.return?.()?.catch(() => {}) }, { once: true })
    for (;;) {
      const { value, done } = await iterator.next() as IteratorResult<unknown>
      if (done === true || signal.aborted) return
      this.#send(session, subscription, value)
      await session.stream.drained()
    }
  }

  #send (session: StompSession, subscription: Subscription, value: unknown): void {
    const { body, contentType } = encodeContent(value)
    const publication = new Publication(subscription.destination, `reply-${subscription.serial}-${++this.#messages}`, new FrameHeaders([['content-type', contentType]]), body)
    session.deliver({ key: subscription.key, publication, handle: null, redelivered: false })
  }
}
