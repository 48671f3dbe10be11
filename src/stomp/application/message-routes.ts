import type { FastifyInstance } from 'fastify'
import { stompErrors } from '../errors.ts'
import type { IncomingMessage } from '../session/host.ts'
import type { StompSession, StompUser } from '../session/stomp-session.ts'
import { decodeContent } from './content.ts'
import { parametersOf } from './destination.ts'
import { MessageReply, type Reply, type ReplyTargets } from './reply.ts'
import type { Match } from './router.ts'
import type { Sender } from './sender.ts'
import { isAsyncIterable, sendEach } from './stream.ts'
import { compileSchemas, type RouteSchema, type RouteValidator, type ValidatedParts } from './validation.ts'

/** What a message handler gets. */
export interface MessageContext<Body = unknown, Params = Record<string, string>, Headers = Readonly<Record<string, string>>> {
  /** JSON, parsed; a string for `text/…`, bytes for anything else. Of the form that `schema.body` says. */
  readonly body: Body
  /** What stood for the `:name` parts of the path. */
  readonly params: Params
  /** The headers of SEND. */
  readonly headers: Headers
  /** As the client wrote it. */
  readonly destination: string
  /** `null` for an anonymous client. */
  readonly user: StompUser | null
  /** The session of the sender. */
  readonly session: StompSession
  /** For answers that the options cannot express. */
  readonly reply: Reply
}

/** Returns the answer, or `undefined` for none; an async iterable is a stream of answers. */
export type MessageHandler<Body = unknown, Params = Record<string, string>> = (context: MessageContext<Body, Params>) => unknown

/** What a message route may say about itself. */
export interface MessageRouteOptions extends ReplyTargets {
  /** What is checked before the handler runs; what does not match is `FST_STOMP_VALIDATION`. */
  readonly schema?: RouteSchema
  /** Run before the handler; what they throw refuses the message. */
  readonly preHandler?: ((context: MessageContext) => unknown) | readonly ((context: MessageContext) => unknown)[]
}

const KNOWN: ReadonlySet<string> = new Set<keyof MessageRouteOptions>(['schema', 'preHandler', 'sendTo', 'sendToUser', 'sendToSender'])

/** Where the errors of a stream of answers go. */
export interface StreamFailures {
  /** The client can still be told. */
  readonly failed: (error: unknown) => Promise<void>
  /** Only the log can be told. */
  readonly lost: (error: unknown) => void
}

/** A message route as it is kept: schemas are compiled when the application is ready. */
export class MessageRoute {
  readonly path: string
  readonly #options: MessageRouteOptions
  readonly #handler: MessageHandler<never, never>
  #validator: RouteValidator | null = null
  #toldLost = false

  /** @throws FST_STOMP_INVALID_ROUTE */
  constructor (path: string, options: MessageRouteOptions, handler: MessageHandler<never, never>) {
    if (typeof handler !== 'function') throw new stompErrors.InvalidRoute(path, 'the handler must be a function')
    for (const name of Object.keys(options)) if (!KNOWN.has(name)) throw new stompErrors.InvalidRoute(path, `option ${name} is not known`)
    checkTargets(path, options)
    this.path = path
    this.#options = options
    this.#handler = handler
  }

  compile (scope: FastifyInstance): void {
    if (this.#options.schema !== undefined) this.#validator = compileSchemas(scope, this.path, this.#options.schema)
  }

  /** Runs the route for one message. Streams of answers go on beside the session's next messages; `failures` is told when one breaks. */
  async run ({ params }: Match<MessageRoute>, message: IncomingMessage, sender: Sender, failures: StreamFailures): Promise<void> {
    const parts: ValidatedParts = {
      params: { ...params },
      headers: Object.fromEntries(message.headers),
      body: decodeContent(message.body, message.headers)
    }
    this.#validator?.check(parts)
    const { session, destination } = message
    const reply = new MessageReply(message, this.#options, params, sender, () => this.#lost(session))
    const context = { ...parts, destination, user: session.user, session, reply } as MessageContext
    for (const hook of [this.#options.preHandler ?? []].flat()) await hook(context)
    const value = await this.#handler(context as never)
    if (isAsyncIterable(value)) {
      sendEach(value, async (each) => {
        await reply.send(each)
        await session.stream.drained()
      }, { signal: session.signal, lost: failures.lost }).catch(failures.failed)
    } else if (value !== undefined && value !== null) {
      await reply.send(value)
    }
  }

  #lost (session: StompSession): void {
    if (this.#toldLost) return
    this.#toldLost = true
    session.host.log.warn({ route: this.path }, 'the answer of a message route has nowhere to go: no sendTo, no reply-to')
  }
}

/** Every parameter of a target must be one of the path. */
function checkTargets (path: string, { sendTo, sendToUser, sendToSender }: ReplyTargets): void {
  const known = parametersOf(path)
  for (const target of [sendTo ?? [], sendToUser ?? [], sendToSender ?? []].flat()) {
    if (typeof target !== 'string' || !target.startsWith('/')) throw new stompErrors.InvalidRoute(path, 'a destination must be text that begins with /')
    const unknown = parametersOf(target).find((name) => !known.includes(name))
    if (unknown !== undefined) throw new stompErrors.InvalidRoute(path, `${target} names :${unknown}, which the path has not`)
  }
}
