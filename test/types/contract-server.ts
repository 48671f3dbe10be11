// Checked by `npm run types`, never run: the server's half of a contract.
import Fastify from 'fastify'
import { defineContract } from '../../src/contract.ts'
import sockjs from '../../src/index.ts'
import stomp from '../../src/stomp.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
const same = <A, B>(answer: Same<A, B>): boolean => answer

interface Says<Input, Output = Input> { readonly '~standard': { readonly types?: { readonly input: Input, readonly output: Output } | undefined } }
declare function says<Input, Output = Input> (): Says<Input, Output>

const contract = defineContract({
  messages: {
    '/app/chat/:room': { headers: says<{ lang: string }>(), body: says<{ text: string }>(), sendTo: '/topic/chat/:room' },
    '/app/add/:base': { params: says<{ base: string }, { base: number }>(), body: says<number[]>(), answer: says<string, number>() },
    '/app/note': {}
  },
  subscriptions: { '/app/rooms/:house': { answer: says<string[]>() } },
  destinations: {
    '/topic/chat/:room': { body: says<{ from: string, text: string }>() },
    '/topic/news': { body: says<string>() },
    '/user/queue/me': { body: says<{ name: string }>() }
  },
  requests: { '/user/queue/confirm': { body: says<{ question: string }>(), answer: says<'yes' | 'no', boolean>() } }
})

const app = Fastify()
await app.register(sockjs)
await app.register(stomp, { path: '/stomp' })

const sender = app.stomp.contract(contract, {
  messages: {
    '/app/chat/:room': async ({ body, params, headers, reply }) => {
      same<typeof body, { text: string }>(true)
      same<typeof params, { room: string }>(true)
      same<typeof headers, { lang: string }>(true)
      await reply.send({ from: 'a', text: 'b' })
      return { from: params.room, text: body.text }
    },
    '/app/add/:base': {
      preHandler: ({ user }) => user?.name,
      handler: ({ body, params }) => body.reduce((sum, each) => sum + each, params.base)
    },
    '/app/note': () => {}
  },
  subscriptions: {
    '/app/rooms/:house': async function * ({ params }) { yield [params.house] }
  }
})

await sender.publish('/topic/chat/:room', { from: 'a', text: 'b' }, { params: { room: 'x' }, headers: { a: 'b' } })
await sender.publish('/topic/news', 'hello')
sender.publishToUser('kim', '/user/queue/me', { name: 'kim' })
export const answer = await sender.request('id', '/user/queue/confirm', { question: 'sure?' }, { timeout: 1 })
same<typeof answer, boolean>(true)

const ok = { chat: () => ({ from: 'a', text: 'b' }), add: () => 1, note: () => {}, rooms: () => ['a'] }
const messages = { '/app/chat/:room': ok.chat, '/app/add/:base': ok.add, '/app/note': ok.note }
const subscriptions = { '/app/rooms/:house': ok.rooms }
app.stomp.contract(contract, { messages, subscriptions })
// @ts-expect-error the subscriptions are missing
app.stomp.contract(contract, { messages })
// @ts-expect-error a message is missing
app.stomp.contract(contract, { messages: { '/app/chat/:room': ok.chat, '/app/add/:base': ok.add }, subscriptions })
// @ts-expect-error a handler too many
app.stomp.contract(contract, { messages: { ...messages, '/app/other': ok.note }, subscriptions, others: {} })
// @ts-expect-error the answer is that of the destination
app.stomp.contract(contract, { messages: { ...messages, '/app/chat/:room': () => ({ from: 'a' }) }, subscriptions })
// @ts-expect-error the answer has another type
app.stomp.contract(contract, { messages: { ...messages, '/app/add/:base': () => 'one' }, subscriptions })
// @ts-expect-error the message has no answer
app.stomp.contract(contract, { messages: { ...messages, '/app/note': () => 1 }, subscriptions })
// @ts-expect-error a stream of another type
app.stomp.contract(contract, { messages, subscriptions: { '/app/rooms/:house': async function * () { yield 1 } } })
// @ts-expect-error the path has no such parameter
app.stomp.contract(contract, { messages, subscriptions: { '/app/rooms/:house': ({ params }) => [params.room] } })

// @ts-expect-error there is no such destination
sender.publish('/topic/other', 'hello').catch(() => {})
// @ts-expect-error the value has another type
sender.publish('/topic/news', 1).catch(() => {})
// @ts-expect-error the parameters are missing
sender.publish('/topic/chat/:room', { from: 'a', text: 'b' }).catch(() => {})
// @ts-expect-error a parameter is missing
sender.publish('/topic/chat/:room', { from: 'a', text: 'b' }, { params: {} }).catch(() => {})
// @ts-expect-error it is for users
sender.publish('/user/queue/me', { name: 'kim' }).catch(() => {})
// @ts-expect-error it is not for users
sender.publishToUser('kim', '/topic/news', 'hello')
// @ts-expect-error there is no such question
sender.request('id', '/user/queue/me', { name: 'kim' }).catch(() => {})
