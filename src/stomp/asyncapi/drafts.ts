import type { Access } from '../rules.ts'
import { byCode, idOf, Names } from './names.ts'
import type { AsyncApiAnswer, AsyncApiBindings, AsyncApiChannel, AsyncApiMessage, AsyncApiOperation, AsyncApiParameter, Reference } from './types.ts'

/** The binding of STOMP, which AsyncAPI leaves empty. */
export const BINDINGS: AsyncApiBindings = { stomp: {} }

/** The words about a route, as its options have them. */
export interface Words {
  readonly summary?: string | undefined
  readonly description?: string | undefined
  readonly tags?: readonly string[] | undefined
}

/** A channel that is being put together. Its id is known when all channels are. */
export class ChannelDraft {
  readonly address: string | null
  /** The id that it gets, if no other channel has it. */
  readonly wanted: string
  readonly summary: string | undefined
  readonly messages = new Map<string, AsyncApiMessage>()
  parameters: Readonly<Record<string, AsyncApiParameter>> = {}
  id = ''

  constructor (address: string | null, wanted: string, summary?: string) {
    this.address = address
    this.wanted = wanted
    this.summary = summary
  }

  get ref (): Reference { return { $ref: `#/channels/${this.id}` } }

  messageRef (key: string): Reference { return { $ref: `#/channels/${this.id}/messages/${key}` } }

  get written (): AsyncApiChannel {
    const { address, summary, parameters, messages } = this
    return {
      address,
      ...summary === undefined ? {} : { summary },
      ...Object.keys(parameters).length === 0 ? {} : { parameters },
      messages: Object.fromEntries([...messages].sort(([a], [b]) => byCode(a, b))),
      bindings: BINDINGS
    }
  }
}

/** The place of the answers to a message. */
interface ReplyDraft {
  readonly channel: ChannelDraft
  readonly message: string
  /** True if the message names the place in its header `reply-to`. */
  readonly isAddressed: boolean
}

/** An operation that is being put together. */
export class OperationDraft {
  readonly action: 'receive' | 'send'
  readonly channel: ChannelDraft
  readonly kind: AsyncApiOperation['x-stomp-kind']
  readonly access: Access
  readonly messages = new Set<string>()
  readonly answers: { readonly operation: OperationDraft, readonly to: AsyncApiAnswer['to'] }[] = []
  words: Words = {}
  reply: ReplyDraft | null = null

  constructor (action: 'receive' | 'send', channel: ChannelDraft, kind: AsyncApiOperation['x-stomp-kind'], access: Access) {
    this.action = action
    this.channel = channel
    this.kind = kind
    this.access = access
  }

  get id (): string { return `${this.action}.${this.channel.id}` }

  /** `security` are the ways to log in, for an operation that needs a user. */
  written (security: readonly Reference[]): AsyncApiOperation {
    const { action, channel, words: { summary, description, tags = [] }, messages, answers, kind, access } = this
    return {
      action,
      channel: channel.ref,
      ...summary === undefined ? {} : { summary },
      ...description === undefined ? {} : { description },
      ...tags.length === 0 ? {} : { tags: tags.map((name) => ({ name })) },
      ...access === 'authenticated' && security.length > 0 ? { security } : {},
      messages: [...messages].sort(byCode).map((key) => channel.messageRef(key)),
      ...this.reply === null ? {} : { reply: writtenReply(this.reply) },
      bindings: BINDINGS,
      'x-stomp-command': action === 'receive' ? 'SEND' : 'SUBSCRIBE',
      'x-stomp-kind': kind,
      'x-stomp-access': access,
      ...answers.length === 0 ? {} : { 'x-stomp-answers': answers.map(({ operation, to }) => ({ operation: operation.id, to })).sort((a, b) => byCode(a.operation, b.operation)) }
    }
  }
}

function writtenReply ({ channel, message, isAddressed }: ReplyDraft): NonNullable<AsyncApiOperation['reply']> {
  return {
    ...isAddressed ? { address: { location: '$message.header#/reply-to', description: 'The answer goes to the destination in the header reply-to, such as /temp-queue/answers.' } } : {},
    channel: channel.ref,
    messages: [channel.messageRef(message)]
  }
}

/** The channels and operations of a document, while they are put together. */
export class Drafts {
  readonly #channels = new Map<string, ChannelDraft>()
  readonly #operations = new Map<string, OperationDraft>()

  /** Finds the channel of an address, or makes it. */
  channel (address: string): ChannelDraft {
    return this.#keep(address, new ChannelDraft(address, idOf(address)))
  }

  /** Makes the channel of the answers to one address, whose own address the messages name. */
  replyChannel (address: string): ChannelDraft {
    return this.#keep(`${address} reply`, new ChannelDraft(null, `${idOf(address)}.reply`, `The answers to ${address}`))
  }

  /** Finds an operation, or makes it. A channel has one for each action. */
  operation (action: 'receive' | 'send', channel: ChannelDraft, kind: AsyncApiOperation['x-stomp-kind'], access: Access): OperationDraft {
    const key = `${action} ${channel.address}`
    const known = this.#operations.get(key) ?? new OperationDraft(action, channel, kind, access)
    this.#operations.set(key, known)
    return known
  }

  /** Gives the ids, in the order of the addresses. */
  finish (): { channels: ChannelDraft[], operations: OperationDraft[] } {
    const names = new Names()
    const channels = [...this.#channels].sort(([a], [b]) => byCode(a, b)).map(([, channel]) => channel)
    for (const channel of channels) channel.id = names.take(channel.wanted)
    return { channels, operations: [...this.#operations.values()].sort((a, b) => byCode(a.id, b.id)) }
  }

  #keep (key: string, made: ChannelDraft): ChannelDraft {
    const known = this.#channels.get(key) ?? made
    this.#channels.set(key, known)
    return known
  }
}
