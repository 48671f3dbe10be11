/** The operations of a document, with everything that a case needs of them. */
import { follow, part } from './document.ts'
import type { AsyncApi, Channel, Message, Operation, Parameter, Placed, Ref } from './document.ts'

/** A kind of message, and the pointer to its payload, if it has one that the runner can judge. */
export interface Kind {
  readonly message: Message
  readonly payload: string | undefined
  readonly contentType: string
}

export interface Part {
  readonly name: string
  readonly parameter: Parameter
  /** The pointer to its schema. */
  readonly schema: string | undefined
}

/** Where answers arrive: at the `reply-to` of the message, or at an address with the same parameters. */
export interface Answer {
  readonly address: string | null
  readonly parameters: readonly Part[]
  readonly kinds: readonly Kind[]
}

export interface Read {
  readonly id: string
  readonly action: 'send' | 'receive'
  readonly kind: string | undefined
  readonly address: string
  readonly parameters: readonly Part[]
  readonly kinds: readonly Kind[]
  readonly answers: readonly Answer[]
  /** The clients that may use it. */
  readonly access: 'all' | 'authenticated' | 'custom' | 'none'
}

/** Operations on destinations; replies without an address of their own are no destinations. */
export function operationsOf (document: AsyncApi): Read[] {
  return Object.entries(document.operations ?? {}).flatMap(([id, operation]) => {
    const channel = follow<Channel>(document, operation.channel.$ref)
    const { address } = channel.value
    if (typeof address !== 'string') return []
    return [{
      id,
      action: operation.action,
      kind: operation['x-stomp-kind'],
      address,
      parameters: parametersOf(document, channel),
      kinds: kindsOf(document, operation.messages, channel),
      answers: answersOf(document, operation),
      access: accessOf(operation)
    }]
  })
}

const known = ['all', 'authenticated', 'custom', 'none'] as const

function accessOf ({ security = [], 'x-stomp-access': access }: Operation): Read['access'] {
  return known.find((each) => each === access) ?? (security.length > 0 ? 'authenticated' : 'all')
}

function parametersOf (document: AsyncApi, channel: Placed<Channel>): Part[] {
  return Object.keys(channel.value.parameters ?? {}).map((name) => {
    const placed = follow<Parameter>(document, `${channel.pointer}/parameters/${part(name)}`)
    return { name, parameter: placed.value, schema: placed.value['x-stomp-schema'] === undefined ? undefined : `${placed.pointer}/x-stomp-schema` }
  })
}

/** The messages that are named, or all of the channel. */
function kindsOf (document: AsyncApi, named: readonly Ref[] | undefined, channel: Placed<Channel>): Kind[] {
  const pointers = named?.map(({ $ref }) => $ref) ?? Object.keys(channel.value.messages ?? {}).map((name) => `${channel.pointer}/messages/${part(name)}`)
  return pointers.map((pointer) => {
    const placed = follow<Message>(document, pointer)
    const { payload, contentType = document.defaultContentType ?? 'application/json' } = placed.value
    return { message: placed.value, contentType, payload: payload === undefined || isForeign(payload) ? undefined : `${placed.pointer}/payload` }
  })
}

/** A schema in another language, such as Avro. */
function isForeign (payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && 'schemaFormat' in payload
}

function answersOf (document: AsyncApi, { reply, 'x-stomp-answers': named = [] }: Operation): Answer[] {
  const answers = named.flatMap(({ operation }) => {
    const target = document.operations?.[operation]
    return target === undefined ? [] : [answerAt(document, follow<Channel>(document, target.channel.$ref), target.messages)]
  })
  if (answers.length > 0 || reply?.channel === undefined) return answers
  return [answerAt(document, follow<Channel>(document, reply.channel.$ref), reply.messages)]
}

function answerAt (document: AsyncApi, channel: Placed<Channel>, messages: readonly Ref[] | undefined): Answer {
  return { address: channel.value.address ?? null, parameters: parametersOf(document, channel), kinds: kindsOf(document, messages, channel) }
}

/** Puts values into an address. */
export function fill (address: string, values: Readonly<Record<string, string>>): string {
  return address.replace(/\{([^}]+)\}/g, (_whole, name: string) => values[name] ?? 'x')
}
