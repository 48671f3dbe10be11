// Checked by `npm run types`, never run: the types of contracts.
import {
  type AnsweredPaths, type ContractShape, defineContract, type ParamNames, type PathsOf, type ReceivedOf, type ReceivedParamsOf, type SchemaTypes, type SentOf,
  type TargetOf, type TypesOf, type WireOf, type WireParamsOf
} from '../../src/contract.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
const same = <A, B>(answer: Same<A, B>): boolean => answer

/** A schema that says its types, as Standard Schema has them. */
interface Says<Input, Output = Input> { readonly '~standard': { readonly types?: { readonly input: Input, readonly output: Output } | undefined } }
declare function says<Input, Output = Input> (): Says<Input, Output>

interface Line { text: string }
const contract = defineContract({
  messages: {
    '/app/chat/:room': { body: says<Line>(), sendTo: '/topic/chat/:room', summary: 'Says a line', tags: ['chat'], examples: [{ text: 'hello' }] },
    '/app/add/:base': { params: says<{ base: string }, { base: number }>(), body: says<number[]>(), answer: says<number, string>() },
    '/app/me': { sendToUser: '/user/queue/me' }
  },
  subscriptions: { '/app/rooms': { answer: says<string[]>() } },
  destinations: {
    '/topic/chat/:room': { body: says<{ from: string, text: string }>() },
    '/user/queue/me': { body: says<{ name: string }>() }
  },
  requests: { '/user/queue/confirm': { body: says<{ question: string }>(), answer: says<boolean>() } }
})
type C = typeof contract

same<ParamNames<'/app/a/:b/c/:d'>, 'b' | 'd'>(true)
same<ParamNames<'/app/a.:b.c.:d'>, 'b' | 'd'>(true)
same<ParamNames<'/app'>, never>(true)
same<PathsOf<C, 'messages'>, '/app/chat/:room' | '/app/add/:base' | '/app/me'>(true)
same<PathsOf<C, 'subscriptions'>, '/app/rooms'>(true)
same<WireOf<C, 'messages', '/app/chat/:room', 'body'>, Line>(true)
same<WireOf<C, 'messages', '/app/me', 'body'>, unknown>(true)
same<WireOf<C, 'messages', '/app/add/:base', 'answer'>, number>(true)
same<SentOf<C, 'messages', '/app/add/:base', 'answer'>, string>(true)
same<ReceivedOf<C, 'messages', '/app/add/:base', 'body'>, number[]>(true)
same<ReceivedParamsOf<C, 'messages', '/app/add/:base'>, { base: number }>(true)
same<WireParamsOf<C, 'messages', '/app/add/:base'>, { base: string }>(true)
same<ReceivedParamsOf<C, 'messages', '/app/chat/:room'>, { room: string }>(true)
same<WireParamsOf<C, 'destinations', '/topic/chat/:room'>, { room: string | number }>(true)
same<AnsweredPaths<C>, '/app/add/:base'>(true)
same<TargetOf<C, '/app/chat/:room'>, '/topic/chat/:room'>(true)
same<TargetOf<C, '/app/me'>, '/user/queue/me'>(true)
same<TargetOf<C, '/app/add/:base'>, undefined>(true)
const general: ContractShape = contract
Object.keys(general)

/** A type provider as those of Fastify, for schemas that hold their type in another way. */
interface Provider extends SchemaTypes {
  readonly validator: this['schema'] extends { readonly kind: infer Kind } ? Kind : unknown
  readonly serializer: this['schema'] extends { readonly kind: infer Kind } ? Kind : unknown
}
const provided = defineContract<Provider>()({ messages: { '/app/x': { body: { kind: 'literal' } } } })
Object.keys(provided)
same<TypesOf<typeof provided>, Provider>(true)
same<SentOf<typeof provided, 'messages', '/app/x', 'body'>, 'literal'>(true)
same<WireOf<typeof provided, 'messages', '/app/x', 'body'>, 'literal'>(true)

// @ts-expect-error there is no such destination
defineContract({ messages: { '/app/x': { sendTo: '/topic/y' } }, destinations: { '/topic/x': {} } })
// @ts-expect-error there are no destinations
defineContract({ messages: { '/app/x': { sendTo: '/topic/y' } } })
// @ts-expect-error the path has no such parameter
defineContract({ messages: { '/app/x/:a': { sendTo: '/topic/x/:b' } }, destinations: { '/topic/x/:b': {} } })
// @ts-expect-error a field that does not exist
defineContract({ messages: { '/app/x': { sendsTo: '/topic/x' } } })
// @ts-expect-error a part that does not exist
defineContract({ message: {} })
// @ts-expect-error a subscription has no body
defineContract<Provider>()({ subscriptions: { '/app/x': { body: {} } } })
