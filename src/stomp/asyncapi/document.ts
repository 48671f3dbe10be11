import type { ContractRequest } from '../../contract.ts'
import { isUserDestination, USER_PREFIX } from '../destinations.ts'
import type { ReplyTargets } from '../routes/reply.ts'
import { type ChannelDraft, Drafts, type OperationDraft } from './drafts.ts'
import { messageOf, parametersOf } from './messages.ts'
import { addressOf, byCode, idOf } from './names.ts'
import { type AsyncApiOptions, KNOWN_SCHEMES } from './options.ts'
import { SchemaTable } from './schema-table.ts'
import { serversOf } from './servers.ts'
import type { DestinationFacts, DocumentSource, RouteFacts } from './source.ts'
import type { AsyncApiAnswer, AsyncApiDocument, AsyncApiMessage, Reference } from './types.ts'

type MessageRouteFacts = Extract<RouteFacts, { kind: 'message' }>
type SubscribeRouteFacts = Extract<RouteFacts, { kind: 'subscribe' }>

/** The name of the messages of a destination that a contract tells. */
const DECLARED = 'message'

/** The body of a message about the error of a handler. */
const ERROR_BODY = {
  title: 'Error',
  type: 'object',
  required: ['error', 'message', 'statusCode', 'destination'],
  properties: {
    error: { type: 'string', description: 'The code, such as FST_STOMP_VALIDATION.' },
    message: { type: 'string', description: 'A text for people.' },
    statusCode: { type: 'integer', description: 'The status, as HTTP has it.' },
    destination: { type: 'string', description: 'The destination of the message that failed.' }
  }
} as const

/** Writes the document. The order in which routes were added does not matter. */
export function buildDocument (source: DocumentSource, options: AsyncApiOptions, origins: Readonly<Record<string, string>>): AsyncApiDocument {
  const { info, security = [], securitySchemes = {} } = options
  const schemes = security.map((name): Reference => ({ $ref: `#/components/securitySchemes/${name}` }))
  const authentication = options.authentication ?? (source.accessTo('connect', null) === 'authenticated' ? 'required' : 'optional')
  const { channels, operations, schemas } = new Builder(source).build()
  return {
    asyncapi: '3.1.0',
    info,
    defaultContentType: 'application/json',
    servers: serversOf(source, origins, authentication === 'required' ? schemes : []),
    channels: Object.fromEntries(channels.map((channel) => [channel.id, channel.written])),
    operations: Object.fromEntries(operations.map((operation) => [operation.id, operation.written(schemes)])),
    components: {
      schemas,
      ...security.length === 0 ? {} : { securitySchemes: Object.fromEntries(security.map((name) => [name, securitySchemes[name] ?? KNOWN_SCHEMES[name]!])) }
    },
    'x-stomp-authentication': authentication,
    'x-stomp-application-prefixes': source.prefixes,
    'x-stomp-client-send': source.clientSend,
    'x-stomp-max-body': source.maxBody,
    ...source.presence.length === 0 ? {} : { 'x-stomp-presence': source.presence }
  }
}

/** Puts channels and operations together, route by route. */
class Builder {
  readonly #source: DocumentSource
  readonly #drafts = new Drafts()
  readonly #table = new SchemaTable()
  /** The destinations whose messages a contract tells. */
  readonly #declared = new Set<string>()

  constructor (source: DocumentSource) {
    this.#source = source
  }

  build () {
    const routes = this.#source.routes.filter(({ options }) => options.hide !== true)
      .sort((a, b) => byCode(`${a.template} ${a.kind}`, `${b.template} ${b.kind}`))
    const destinations = [...this.#source.destinations].sort((a, b) => byCode(`${a.template} ${a.kind}`, `${b.template} ${b.kind}`))
    for (const destination of destinations) this.#addDestination(destination)
    for (const route of routes) {
      if (route.kind === 'message') this.#addMessage(route)
      else this.#addSubscribe(route)
    }
    if (routes.length > 0) this.#addErrors(routes[0]!)
    return { ...this.#drafts.finish(), schemas: this.#table.schemas }
  }

  #addMessage ({ template, options, scope }: MessageRouteFacts): void {
    const { channel, operation, name } = this.#begin('receive', 'message', template, options.schema?.params, scope)
    const targets = targetsOf(options)
    operation.words = options
    operation.messages.add('message')
    channel.messages.set('message', messageOf(this.#table, {
      name, scope, side: 'input', body: options.schema?.body, bodyKind: options.body, headers: options.schema?.headers, examples: options.examples, hasReplyTo: targets.length === 0
    }))
    const key = `${name}.answer`
    const answer = (): AsyncApiMessage => messageOf(this.#table, { name: key, summary: `The answer to ${channel.address}`, scope, side: 'output', body: options.schema?.answer })
    if (targets.length === 0) {
      const replies = this.#drafts.replyChannel(channel.address!)
      replies.messages.set(key, answer())
      operation.reply = { channel: replies, message: key, isAddressed: true }
    }
    for (const { target, to } of targets) {
      const sent = this.#begin('send', 'destination', target, options.schema?.params, scope)
      // A contract has told already of the messages of its destinations.
      const message = this.#declared.has(target) ? DECLARED : key
      sent.operation.messages.add(message)
      if (sent.operation.words.summary === undefined) sent.operation.words = { summary: `The answers to ${channel.address}`, ...sent.operation.words, tags: sent.operation.words.tags ?? options.tags }
      if (message === key) sent.channel.messages.set(key, answer())
      operation.answers.push({ operation: sent.operation, to })
      // A message has one reply in AsyncAPI, and a topic is none.
      if (to !== 'all') operation.reply ??= { channel: sent.channel, message, isAddressed: false }
    }
  }

  /** Adds a destination of a contract. A question of the server has its answers at the `reply-to` of the question. */
  #addDestination ({ kind, template, entry, scope }: DestinationFacts): void {
    const { channel, operation, name } = this.#begin('send', kind, template, entry.params, scope)
    this.#declared.add(template)
    operation.words = entry
    operation.messages.add(DECLARED)
    channel.messages.set(DECLARED, messageOf(this.#table, { name, scope, side: 'output', body: entry.body, examples: entry.examples, hasReplyTo: kind === 'request' }))
    if (kind !== 'request') return
    const replies = this.#drafts.replyChannel(channel.address!)
    const key = `${name}.answer`
    replies.messages.set(key, messageOf(this.#table, { name: key, summary: `The answer to ${channel.address}`, scope, side: 'input', body: (entry as ContractRequest).answer }))
    operation.reply = { channel: replies, message: key, isAddressed: true }
  }

  #addSubscribe ({ template, options, scope }: SubscribeRouteFacts): void {
    const { channel, operation, name } = this.#begin('send', 'subscribe', template, options.schema?.params, scope)
    operation.words = options
    operation.messages.add('answer')
    channel.messages.set('answer', messageOf(this.#table, { name: `${name}.answer`, scope, side: 'output', body: options.schema?.answer, examples: options.examples }))
  }

  /** Adds the destination at which clients learn the errors of handlers (STOMP-R3). */
  #addErrors ({ scope }: RouteFacts): void {
    const { channel, operation } = this.#begin('send', 'destination', `${USER_PREFIX}/queue/errors`, undefined, scope)
    operation.words = { summary: 'The errors of handlers, and of messages that do not fit their schema' }
    operation.messages.add('error')
    channel.messages.set('error', messageOf(this.#table, { name: 'error', scope, side: 'output', body: ERROR_BODY }))
  }

  #begin (action: 'receive' | 'send', kind: OperationDraft['kind'], template: string, params: unknown, scope: RouteFacts['scope']): { channel: ChannelDraft, operation: OperationDraft, name: string } {
    const address = addressOf(template)
    const channel = this.#drafts.channel(address)
    const name = idOf(address)
    if (params !== undefined || Object.keys(channel.parameters).length === 0) channel.parameters = parametersOf(address, params, this.#table, name, scope)
    const access = this.#source.accessTo(action === 'receive' ? 'send' : 'subscribe', template)
    return { channel, operation: this.#drafts.operation(action, channel, kind, access), name }
  }
}

/** The destination to which sessions subscribe, of `/queue/x` or `/user/queue/x`. */
function belowUser (target: string): string { return isUserDestination(target) ? target : USER_PREFIX + target }

/** Lists the destinations of the answers, as clients subscribe to them. */
function targetsOf ({ sendTo = [], sendToUser = [], sendToSender = [] }: ReplyTargets): { target: string, to: AsyncApiAnswer['to'] }[] {
  const listed = (targets: string | readonly string[]): string[] => [targets].flat() as string[]
  return [
    // The session of the sender alone gets an answer that a route sends to a destination below /user.
    ...listed(sendTo).map((target) => ({ target, to: isUserDestination(target) ? 'sender' as const : 'all' as const })),
    ...listed(sendToUser).map((target) => ({ target: belowUser(target), to: 'user' as const })),
    ...listed(sendToSender).map((target) => ({ target: belowUser(target), to: 'sender' as const }))
  ]
}
