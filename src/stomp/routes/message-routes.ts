import type { FastifyInstance } from 'fastify'
import { type Check, expected, oneOf } from '../../core/check.ts'
import type { Broker } from '../broker/broker.ts'
import { isUserDestination } from '../destinations.ts'
import { StompError, stompErrors } from '../errors.ts'
import type { StompSession } from '../session/stomp-session.ts'
import type { ClientMessage } from '../session/transactions.ts'
import type { StompUser } from '../session/user.ts'
import { readThrown } from '../session/thrown.ts'
import type { RouteTimes } from '../telemetry.ts'
import { type BodyKind, type Content, decodeContent, encodeContent } from './content.ts'
import { DESCRIPTION, type RouteDescription } from './description.ts'
import { checkExamples } from './examples.ts'
import type { HandlerFailures } from './failures.ts'
import { MessageReply, type Reply, type ReplyTargets } from './reply.ts'
import { anySchema, checkRoute, handlers, type RouteChecks, SCHEMA_HINTS } from './route-checks.ts'
import type { HandlerResult } from './route-types.ts'
import type { Match } from './router.ts'
import type { Sender } from './sender.ts'
import { isAsyncIterable, sendEach } from './stream.ts'
import { fillTemplate, parametersOf } from './typed-destination.ts'
import { compileJudge } from './schema-compiler.ts'
import { compileEncoder } from './value-schema.ts'
import { compileSchemas, type RouteSchema, type RouteValidator, type ValidatedParts } from './validation.ts'

/** The context that a message handler gets. */
export interface MessageContext<Body = unknown, Params = Record<string, string>, Headers = Readonly<Record<string, string>>, Answer = unknown> {
  /** The body: parsed JSON, a string for the types `text/`, bytes for others, or the kind of the option `body`. It has the form of `schema.body`. */
  readonly body: Body
  /** The values of the `:name` parts of the path. */
  readonly params: Params
  /** The headers of SEND. */
  readonly headers: Headers
  /** The destination as the client wrote it. */
  readonly destination: string
  /** The user, `null` for an anonymous client. */
  readonly user: StompUser | null
  /** The session of the sender. */
  readonly session: StompSession
  /** The reply, for answers that the options cannot express. */
  readonly reply: Reply<Answer>
}

/** Returns the answer, or `undefined` for none. An async iterable is a stream of answers. */
export type MessageHandler<Body = unknown, Params = Record<string, string>, Headers = Readonly<Record<string, string>>, Answer = unknown> =
  (context: MessageContext<Body, Params, Headers, Answer>) => HandlerResult<Answer>

/** The options of a message route. */
export interface MessageRouteOptions<Schema extends RouteSchema = RouteSchema, Kind extends BodyKind = BodyKind> extends ReplyTargets, RouteDescription {
  /** The schemas of the message. A message that does not match is refused with `FST_STOMP_VALIDATION`. */
  readonly schema?: Schema
  /** The kind of every body, with any content type. By default the content type decides, and a body without one is JSON. */
  readonly body?: Kind
  /** The functions that run before the handler. An error that they throw refuses the message. */
  readonly preHandler?: ((context: MessageContext) => unknown) | readonly ((context: MessageContext) => unknown)[]
}

const targets = expected((value) => [value].flat().every((each) => typeof each === 'string' && each.startsWith('/')), 'a text that begins with /, or a list of such texts')

const OPTIONS: Readonly<Record<keyof MessageRouteOptions, Check>> = {
  schema: anySchema,
  body: oneOf('json', 'text', 'bytes'),
  preHandler: handlers,
  sendTo: targets,
  sendToUser: targets,
  sendToSender: targets,
  ...DESCRIPTION
}

const SCHEMA: Readonly<Record<keyof RouteSchema, Check>> = { params: anySchema, headers: anySchema, body: anySchema, answer: anySchema }

const CHECKS: RouteChecks = { call: 'app.stomp.message(path, options, handler)', options: OPTIONS, schema: SCHEMA, schemaHints: SCHEMA_HINTS }

/** A handler, as a route keeps it. */
export type AnyMessageHandler = MessageHandler<never, never, never, never>

/** A message route. Its schemas are compiled when the application is ready. */
export class MessageRoute {
  readonly path: string
  /** The path as destinations have it, with the application prefix. */
  readonly template: string
  readonly options: MessageRouteOptions
  readonly #handler: AnyMessageHandler
  #validator: RouteValidator | null = null
  #encode: (value: unknown) => Content = encodeContent
  #toldLost = false
  /** The times of this route. The server sets them when it adds the route. */
  times: RouteTimes | null = null

  /** @throws FST_STOMP_INVALID_ROUTE */
  constructor (path: string, options: MessageRouteOptions, handler: AnyMessageHandler, broker: Broker, template: string) {
    checkRoute(path, options, handler, CHECKS)
    checkTargets(path, options, broker)
    this.path = path
    this.template = template
    this.options = options
    this.#handler = handler
  }

  compile (scope: FastifyInstance): void {
    const { schema, examples } = this.options
    if (schema === undefined) return
    this.#validator = compileSchemas(scope, this.path, schema)
    if (schema.body !== undefined && examples !== undefined) checkExamples(this.path, examples, compileJudge(scope, this.path, 'body', schema.body))
    if (schema.answer !== undefined) this.#encode = compileEncoder(scope, this.path, 'answer', schema.answer)
  }

  /** Handles one message. The client gets the errors of the handler, and any other error ends the session. */
  async handle (match: Match<MessageRoute>, session: StompSession, message: ClientMessage, sender: Sender, failures: HandlerFailures): Promise<void> {
    const { destination, headers } = message
    const { clock, tracing } = session.host
    const start = clock.now()
    try {
      if (tracing.follows('message')) {
        const event = { route: this.template, destination, session: session.id }
        await tracing.run('message', { session, headers, event }, () => this.#run(match, session, message, sender, failures))
      } else {
        await this.#run(match, session, message, sender, failures)
      }
      this.times?.succeeded(clock.now() - start)
    } catch (error) {
      this.times?.failed(clock.now() - start, readThrown(error).code)
      await failures.tell(session, destination, error, message.receipt)
    }
  }

  /** Runs the route. A stream of answers goes on beside the next messages of the session. */
  async #run ({ params }: Match<MessageRoute>, session: StompSession, message: ClientMessage, sender: Sender, failures: HandlerFailures): Promise<void> {
    const parts: ValidatedParts = {
      params: { ...params },
      headers: Object.fromEntries(message.headers),
      body: decodeContent(message.body, message.headers, this.options.body)
    }
    this.#validator?.check(parts)
    const { destination } = message
    const reply = new MessageReply(session, message.headers, this.options, params, sender, this.#encode, () => this.#lost(session))
    const context = { ...parts, destination, user: session.user, session, reply } as MessageContext
    for (const hook of [this.options.preHandler ?? []].flat()) await hook(context)
    const value = await this.#handler(context as never)
    if (isAsyncIterable(value)) this.#stream(value, session, destination, reply, failures)
    else if (value !== undefined && value !== null) await reply.send(value)
  }

  #stream (values: AsyncIterable<unknown>, session: StompSession, destination: string, reply: MessageReply, failures: HandlerFailures): void {
    const { streams } = session.host.settings.limits
    if (session.streams >= streams) throw new StompError('STOMP_TOO_MANY_STREAMS', `at most ${streams}`)
    session.streams++
    const send = async (value: unknown): Promise<void> => {
      await reply.send(value)
      await session.stream.drained()
    }
    sendEach(values, send, { signal: session.signal, lost: (error) => failures.log(session, destination, error) })
      .finally(() => session.streams--)
      // A stream that breaks later breaks after the RECEIPT, so that its error names none.
      .catch((error: unknown) => failures.tell(session, destination, error, undefined))
  }

  #lost (session: StompSession): void {
    if (this.#toldLost) return
    this.#toldLost = true
    session.host.log.warn({ route: this.path }, 'the answer of a message route has nowhere to go: no sendTo, no reply-to')
  }
}

/** Checks that the path has every parameter of a target, and that the server can send to each `sendTo` (R5). */
function checkTargets (path: string, { sendTo, sendToUser, sendToSender }: ReplyTargets, broker: Broker): void {
  const known = parametersOf(path)
  for (const target of [sendTo ?? [], sendToUser ?? [], sendToSender ?? []].flat()) {
    const unknown = parametersOf(target).find((name) => !known.includes(name))
    if (unknown !== undefined) throw new stompErrors.InvalidRoute(path, `${target} names :${unknown}, which the path has not`)
    const segments = target.split('/').slice(1)
    if (segments.includes('')) throw new stompErrors.InvalidRoute(path, `${target} has an empty segment, so no message could go there`)
    if (segments.includes('*') || segments.includes('**')) throw new stompErrors.InvalidRoute(path, `${target} is a pattern; a message goes to one destination`)
  }
  for (const target of [sendTo ?? []].flat()) {
    const example = fillTemplate(target, Object.fromEntries(known.map((name) => [name, 'x'])))
    if (!isUserDestination(example) && !takes(broker, example)) {
      throw new stompErrors.InvalidRoute(path, `sendTo names ${target}, to which the server cannot send; it must begin with a prefix of the broker for topics or queues, such as /topic, or with /user`)
    }
  }
}

/**
 * Tells whether the broker takes messages of the server for a destination. A private destination to which a client can subscribe is
 * a temporary queue, and only its owner can name it. The address of such a queue, for replies, is open to the server.
 */
function takes (broker: Broker, destination: string): boolean {
  return broker.accepts(destination, 'send') && !(broker.isPrivate(destination) && broker.accepts(destination, 'subscribe'))
}
