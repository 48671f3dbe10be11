// Checked by `npm run types`, never run: the types that handlers get from schemas, from paths and by hand.
import Fastify, { type FastifyInstance, type FastifyTypeProvider } from 'fastify'
import sockjs from '../../src/index.ts'
import stomp, { destination, type StompFacade } from '../../src/stomp.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
const same = <A, B>(answer: Same<A, B>): boolean => answer

/** A provider for schemas that hold their type, as those of TypeBox 0 do. */
interface Provider extends FastifyTypeProvider {
  readonly validator: this['schema'] extends { readonly static: infer Type } ? Type : unknown
  readonly serializer: this['schema'] extends { readonly static: infer Type } ? Type : unknown
}
declare function schema<T> (): { readonly static: T }

const plain = Fastify()
await plain.register(sockjs)
await plain.register(stomp, { path: '/stomp' })
const app = plain.withTypeProvider<Provider>()
same<typeof app.stomp, StompFacade<Provider>>(true)
/** A plugin without a provider takes it, too. */
const general = (instance: FastifyInstance): string => instance.prefix
general(app)

// Schemas.
app.stomp.message('/chat/:room', {
  schema: { params: schema<{ room: number }>(), headers: schema<{ lang: 'en' | 'fr' }>(), body: schema<{ text: string }>(), answer: schema<{ id: number }>() },
  preHandler: ({ user }) => user?.name
}, async ({ body, params, headers, reply }) => {
  same<typeof body, { text: string }>(true)
  same<typeof params, { room: number }>(true)
  same<typeof headers, { lang: 'en' | 'fr' }>(true)
  await reply.headers({ a: 'b' }).send({ id: 1 })
  // @ts-expect-error it is not the answer of the schema
  await reply.send({ name: 1 })
  return { id: params.room }
})
app.stomp.message('/stream', { schema: { answer: schema<number>() } }, async function * () { yield 1 })
app.stomp.message('/none', { schema: { answer: schema<number>() } }, () => {})
app.stomp.message('/null', { schema: { answer: schema<number>() } }, async ({ user }) => user === null ? null : 1)
// @ts-expect-error the answer has another type
app.stomp.message('/wrong', { schema: { answer: schema<number>() } }, () => 'one')
// @ts-expect-error the answer of a promise has another type
app.stomp.message('/wrong', { schema: { answer: schema<{ id: number }>() } }, async ({ body }) => ({ id: String(body) }))
// @ts-expect-error the stream has another type
app.stomp.message('/wrong', { schema: { answer: schema<number>() } }, async function * () { yield 'one' })
app.stomp.message('/wrong', { schema: { body: schema<{ text: string }>() } }, ({ body }) => {
  // @ts-expect-error the body has no such field
  return body.content
})
// @ts-expect-error there is no such option
app.stomp.message('/wrong', { sendsTo: '/topic/x' }, () => {})

// Paths.
app.stomp.message('/a/:b/c/:d', ({ params, body }) => {
  same<typeof params, { b: string, d: string }>(true)
  same<typeof body, unknown>(true)
  // @ts-expect-error the path has no such parameter
  return params.c
})
const path: string = '/x'
app.stomp.message(path, ({ params }) => { same<typeof params, { [x: string]: string }>(true) })
// The parameters have a schema whose type is not known.
app.stomp.message('/:n', { schema: { params: { type: 'object' } } }, ({ params }) => { same<typeof params, { n: unknown }>(true) })

// The kind of the body.
app.stomp.message('/text', { body: 'text' }, ({ body }) => { same<typeof body, string>(true) })
app.stomp.message('/bytes', { body: 'bytes' }, ({ body }) => { same<typeof body, Uint8Array>(true) })
app.stomp.message('/json', { body: 'json' }, ({ body }) => { same<typeof body, unknown>(true) })
app.stomp.message('/schema', { body: 'text', schema: { body: schema<'a' | 'b'>() } }, ({ body }) => { same<typeof body, 'a' | 'b'>(true) })

// By hand.
plain.stomp.message<{ Body: { a: 1 }, Params: { b: string }, Headers: { c: string }, Answer: { d: 2 } }>('/hand/:b', ({ body, params, headers }) => {
  same<typeof body, { a: 1 }>(true)
  same<typeof params, { b: string }>(true)
  same<typeof headers, { c: string }>(true)
  return { d: 2 }
})
// @ts-expect-error the answer has another type
plain.stomp.message<{ Answer: { d: 2 } }>('/hand', () => ({ d: 3 }))
// Without types, everything may be answered.
plain.stomp.message('/slow', () => new Promise((resolve) => { setImmediate(resolve, 'slow') }))

// Subscriptions.
app.stomp.subscribe('/rooms/:house', { schema: { headers: schema<{ a: string }>(), answer: schema<string[]>() } }, ({ params, headers, signal }) => {
  same<typeof params, { house: string }>(true)
  return signal.aborted ? [] : [params.house, headers.a]
})
app.stomp.subscribe('/rooms/:house', async function * ({ params }) { yield params.house })
// @ts-expect-error the answer has another type
app.stomp.subscribe('/rooms', { schema: { answer: schema<string[]>() } }, () => [1])
// @ts-expect-error a SUBSCRIBE has no body
app.stomp.subscribe('/rooms', { schema: { body: schema<string>() } }, ({ body }) => body)

// Typed destinations.
const prices = destination('/topic/prices/:symbol', schema<{ bid: number }>())
await app.stomp.publish(prices({ symbol: 'IBM' }), { bid: 1 })
// @ts-expect-error it is not a price
await app.stomp.publish(prices({ symbol: 'IBM' }), { bid: '1' })
// @ts-expect-error there is no such parameter
prices({ name: 'IBM' })
// @ts-expect-error the parameter is missing
prices()
const alerts = destination('/queue/alerts', schema<'red' | 'green'>())
app.stomp.publishToUser('kim', alerts(), 'red')
// @ts-expect-error it is not an alert
app.stomp.publishToUser('kim', alerts(), 'blue')
const byHand = destination<{ bid: number }>('/topic/prices/:symbol', { type: 'object' })
await app.stomp.publish(byHand({ symbol: 'IBM' }), { bid: 1 })
