// Checked by `npm run types`, never run: the types of the STOMP client.
import { defineContract } from '../../src/contract.ts'
import { begin, connectStomp, plainSocket, type StompClientError, type StompMessage, type StompSubscription } from '../../src/stomp-client.ts'

/** A schema that says its types, as Standard Schema has them. */
interface Says<Input, Output = Input> { readonly '~standard': { readonly types?: { readonly input: Input, readonly output: Output } | undefined } }
declare function says<Input, Output = Input> (): Says<Input, Output>

const contract = defineContract({
  messages: {
    '/app/chat/:room': { body: says<{ text: string }>(), sendTo: '/topic/chat/:room' },
    '/app/add': { body: says<number[]>(), answer: says<number>() },
    '/app/ping': {},
    '/app/keyed': { headers: says<{ key: string }>() }
  },
  subscriptions: { '/app/rooms': { answer: says<string[]>() } },
  destinations: { '/topic/chat/:room': { body: says<{ from: string, text: string }>() }, '/user/queue/me': { body: says<{ name: string }>() } },
  requests: { '/user/queue/confirm': { body: says<{ question: string }>(), answer: says<boolean>() } }
})

const stomp = connectStomp('/stomp', { contract, headers: async () => ({ authorization: 'x' }), transports: 'websocket', heartBeat: [10_000, 0], errors: false })

for await (const { body, headers } of stomp.subscribe('/topic/chat/:room', { params: { room: 'lobby' } })) {
  const from: string = body.from + headers['x']
  // @ts-expect-error there is no such field
  from.trim(body.author)
}
const rooms: StompSubscription<string[]> = stomp.subscribe('/app/rooms')
stomp.subscribe('/user/queue/me', {}, ({ body }) => body.name.trim())
stomp.subscribe('/topic/chat/:room', { params: { room: 7 }, ack: 'client', limit: 10, ongap () {} }, (message) => message.ack())
// @ts-expect-error there is no such destination
stomp.subscribe('/topic/other')
// @ts-expect-error a message is no destination
stomp.subscribe('/app/add')
// @ts-expect-error there is no value for :room
stomp.subscribe('/topic/chat/:room')
// @ts-expect-error the parameter has another name
stomp.subscribe('/topic/chat/:room', { params: { rooom: 'x' } })
// @ts-expect-error a listener gets the body of its destination
stomp.subscribe('/user/queue/me', {}, ({ body }) => body.text)

await stomp.send('/app/chat/:room', { text: 'x' }, { params: { room: 'lobby' }, receipt: false })
await stomp.send('/app/ping')
await stomp.send('/app/keyed', undefined, { headers: { key: 'x' } })
// @ts-expect-error the header is missing
await stomp.send('/app/keyed')
// @ts-expect-error the body has another form
await stomp.send('/app/chat/:room', { txt: 'x' }, { params: { room: 'lobby' } })
// @ts-expect-error there is no value for :room
await stomp.send('/app/chat/:room', { text: 'x' })
// @ts-expect-error there is no such destination
await stomp.send('/app/other', 1)
// @ts-expect-error clients do not send to the destinations of the server
await stomp.send('/topic/chat/:room', { from: 'x', text: 'y' }, { params: { room: 'lobby' } })

const sum: number = await stomp.request('/app/add', [1, 2], { timeout: 1000 })
// @ts-expect-error the answer is a number
const text: string = await stomp.request('/app/add', [1, 2])
// @ts-expect-error the message has no answer
await stomp.request('/app/ping')
stomp.answer('/user/queue/confirm', async ({ question }) => question.length > sum)
// @ts-expect-error the answer is a boolean
stomp.answer('/user/queue/confirm', () => text)

const transaction = begin(stomp)
transaction.send('/app/add', [1])
// @ts-expect-error the body has another form
transaction.send('/app/add', 'x')
await transaction.commit()
stomp.onconnected = ({ headers }) => headers['server']?.trim()
stomp.addEventListener('interrupted', ({ delay, error }) => { if (error) error.code.repeat(delay) })
// @ts-expect-error there is no such event
stomp.addEventListener('open', () => {})
// @ts-expect-error the state is read-only
stomp.state = 'closed'
await stomp.close()
await rooms.return(undefined)

/** Without a contract any destination and any value goes, and a body has no type. */
const plain = connectStomp('wss://broker.example/ws', { socket: plainSocket, headers: { host: '/', login: 'a', passcode: 'b' } })
plain.subscribe('/topic/any', { headers: { 'x-a': 'b' } }, (message: StompMessage) => message.text.trim())
await plain.send('/queue/any', { any: 'thing' })
const answer: unknown = await plain.request('/queue/any')
await plain.send('/topic/:a', answer, { params: { a: 'b' } }).catch((error: StompClientError) => error.code.trim())
// @ts-expect-error the body has no type
plain.subscribe('/topic/any', {}, ({ body }) => body.text)
// @ts-expect-error an option that does not exist
connectStomp('/stomp', { header: {} })
