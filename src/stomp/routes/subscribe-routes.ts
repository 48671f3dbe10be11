import type { FastifyInstance } from 'fastify'
import { comesFrom } from '../../core/abort.ts'
import type { Check } from '../../core/check.ts'
import { Publication } from '../broker/publication.ts'
import { type ClientCommand, type Frame, FrameHeaders } from '../codec/index.ts'
import type { StompSession } from '../session/stomp-session.ts'
import type { Feed, Subscription } from '../session/subscriptions.ts'
import type { StompUser } from '../session/user.ts'
import { readThrown } from '../session/thrown.ts'
import type { RouteTimes } from '../telemetry.ts'
import { type Content, encodeContent } from './content.ts'
import { DESCRIPTION, type RouteDescription } from './description.ts'
import { checkExamples, judgeBy } from './examples.ts'
import type { HandlerFailures } from './failures.ts'
import { anySchema, checkRoute, handlers, type RouteChecks, SCHEMA_HINTS } from './route-checks.ts'
import type { HandlerResult } from './route-types.ts'
import type { Match } from './router.ts'
import { isAsyncIterable, sendEach } from './stream.ts'
import { compileEncoder } from './value-schema.ts'
import { compileSchemas, type RouteSchema, type RouteValidator, type ValidatedParts } from './validation.ts'

/** The context that a subscribe handler gets. */
export interface SubscribeContext<Params = Record<string, string>, Headers = Readonly<Record<string, string>>> {
  /** The values of the `:name` parts of the path. */
  readonly params: Params
  /** The headers of SUBSCRIBE. */
  readonly headers: Headers
  /** The destination as the client wrote it. */
  readonly destination: string
  /** The user, `null` for an anonymous client. */
  readonly user: StompUser | null
  /** The session that subscribes. */
  readonly session: StompSession
  /** Aborts when the subscription ends. */
  readonly signal: AbortSignal
}

/** Returns one answer for this subscription, `undefined` for none, or an async iterable that lives as long as the subscription. */
export type SubscribeHandler<Params = Record<string, string>, Headers = Readonly<Record<string, string>>, Answer = unknown> =
  (context: SubscribeContext<Params, Headers>) => HandlerResult<Answer>

/** The schemas of a subscribe route. A SUBSCRIBE has no body. */
export type SubscribeSchema = Omit<RouteSchema, 'body'>

/** The options of a subscribe route. */
export interface SubscribeRouteOptions<Schema extends SubscribeSchema = SubscribeSchema> extends RouteDescription {
  /** The schemas. Those of `params` and `headers` are checked before the handler runs. */
  readonly schema?: Schema
  /** The functions that run before the handler. An error that they throw refuses the subscription. */
  readonly preHandler?: ((context: SubscribeContext) => unknown) | readonly ((context: SubscribeContext) => unknown)[]
}

const OPTIONS: Readonly<Record<keyof SubscribeRouteOptions, Check>> = { schema: anySchema, preHandler: handlers, ...DESCRIPTION }

const CHECKS: RouteChecks = {
  call: 'app.stomp.subscribe(path, options, handler)',
  options: OPTIONS,
  schema: { params: anySchema, headers: anySchema, answer: anySchema },
  schemaHints: { ...SCHEMA_HINTS, body: 'a SUBSCRIBE has no body; write params or headers' }
}

/** A handler, as a route keeps it. */
export type AnySubscribeHandler = SubscribeHandler<never, never, never>

export class SubscribeRoute {
  readonly path: string
  /** The path as destinations have it, with the application prefix. */
  readonly template: string
  readonly options: SubscribeRouteOptions
  readonly #handler: AnySubscribeHandler
  #validator: RouteValidator | null = null
  #encode: (value: unknown) => Content = encodeContent
  /** The times of this route. The server sets them when it adds the route. */
  times: RouteTimes | null = null

  /** @throws FST_STOMP_INVALID_ROUTE */
  constructor (path: string, options: SubscribeRouteOptions, handler: AnySubscribeHandler, template: string) {
    checkRoute(path, options, handler, CHECKS)
    this.path = path
    this.template = template
    this.options = options
    this.#handler = handler
  }

  compile (scope: FastifyInstance): void {
    const { schema } = this.options
    if (schema === undefined) return
    this.#validator = compileSchemas(scope, this.path, schema)
    if (schema.answer === undefined) return
    this.#encode = compileEncoder(scope, this.path, 'answer', schema.answer)
    checkExamples(this.path, this.options.examples, judgeBy(this.#encode))
  }

  /** Starts the answers to one subscription. They end with it. */
  start ({ params }: Match<SubscribeRoute>, session: StompSession, subscription: Subscription, frame: Frame<ClientCommand>, failures: HandlerFailures): Feed {
    const abort = new AbortController()
    const { signal } = abort
    const { clock, tracing } = session.host
    const start = clock.now()
    const ask = (): Promise<unknown> => {
      const asked = this.#ask(params, session, subscription, frame, signal)
      asked.then(() => this.times?.succeeded(clock.now() - start), (error: unknown) => this.times?.failed(clock.now() - start, readThrown(error).code))
      return asked
    }
    const stop = (): void => abort.abort()
    if (!tracing.follows('subscribe')) return { ready: this.#answer(ask(), session, subscription, frame, signal, failures), stop }
    let ready: Promise<void>
    const event = { route: this.template, destination: subscription.destination, session: session.id }
    // The answers belong to the run, so that they begin in its context. Its end is that of the handler.
    tracing.run('subscribe', { session, headers: frame.headers, event }, async () => {
      const value = ask()
      ready = this.#answer(value, session, subscription, frame, signal, failures)
      await value
    }).catch(() => {})
    return { ready: ready!, stop }
  }

  /** Sends the answers when the handler gives them. Resolves when the handler has ended. */
  #answer (value: Promise<unknown>, session: StompSession, subscription: Subscription, frame: Frame<ClientCommand>, signal: AbortSignal, failures: HandlerFailures): Promise<void> {
    const { destination } = subscription
    const lost = (error: unknown): void => failures.log(session, destination, error)
    const report = (receipt: string | undefined) => async (error: unknown): Promise<void> => {
      if (!signal.aborted) await failures.tell(session, destination, error, receipt)
      else if (!comesFrom(signal, error)) lost(error)
    }
    const ready = value.then(() => {}, report(frame.headers.get('receipt')))
    const answers = async (): Promise<void> => {
      await ready
      // The RECEIPT, which waits for `ready` too, goes first.
      await Promise.resolve()
      const answer = await value
      if (isAsyncIterable(answer)) await sendEach(answer, (each) => this.#send(session, subscription, each), { signal, lost })
      else if (answer !== undefined && answer !== null && !signal.aborted) await this.#send(session, subscription, answer)
    }
    answers().catch((error: unknown) => {
      // If the handler itself failed, `ready` has told of it already.
      value.then(() => report(undefined)(error), () => {})
    })
    return ready
  }

  async #ask (params: Readonly<Record<string, string>>, session: StompSession, subscription: Subscription, frame: Frame<ClientCommand>, signal: AbortSignal): Promise<unknown> {
    const parts: ValidatedParts = { params: { ...params }, headers: Object.fromEntries(frame.headers), body: undefined }
    this.#validator?.check(parts)
    const context = { params: parts.params, headers: parts.headers, destination: subscription.destination, user: session.user, session, signal } as SubscribeContext
    for (const hook of [this.options.preHandler ?? []].flat()) await hook(context)
    return this.#handler(context as never)
  }

  #send (session: StompSession, subscription: Subscription, value: unknown): Promise<void> {
    const { body, contentType } = this.#encode(value)
    const headers = new FrameHeaders([['content-type', contentType]])
    session.host.tracing.tracer?.inject(headers)
    const publication = new Publication(subscription.destination, `${session.id}-${session.subscriptions.nextAckId(subscription)}`, headers, body)
    session.deliveries.deliver({ key: subscription.key, publication, handle: null, redelivered: false })
    return session.stream.drained()
  }
}
