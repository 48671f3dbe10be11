import t from 'tap'
import { defineContract } from '../../../src/contract.ts'
import { buildStomp } from '../support.ts'
import { complaints, INFO } from './support.ts'

const SAID = { type: 'object', required: ['text'], properties: { text: { type: 'string' } } }
const ROOM = { type: 'object', properties: { room: { type: 'string', enum: ['lobby'] } } }

const contract = defineContract({
  messages: {
    '/app/chat/:room': { summary: 'Says something', tags: ['chat'], examples: [{ text: 'hello' }], params: ROOM, body: SAID, sendTo: '/topic/chat/:room' },
    '/app/me': { sendTo: '/user/queue/me' },
    '/app/add': { body: { type: 'array', items: { type: 'number' } }, answer: { type: 'number' } }
  },
  subscriptions: { '/app/rooms': { summary: 'The rooms', answer: { type: 'array', items: { type: 'string' } } } },
  destinations: {
    '/topic/chat/:room': { summary: 'What is said', params: ROOM, body: SAID, examples: [{ text: 'hello' }] },
    '/topic/news': { body: { type: 'string' } },
    '/user/queue/me': { body: { type: 'object' } }
  },
  requests: { '/user/queue/confirm': { summary: 'Asks for a confirmation', body: SAID, answer: { type: 'boolean' } } }
})

t.test('a contract gives its routes, its destinations and the questions of the server', async (t) => {
  const { stomp } = await buildStomp(t, {
    routes: ({ stomp }) => stomp.contract(contract, {
      messages: { '/app/chat/:room': ({ body }: { body: never }) => body, '/app/me': () => ({}), '/app/add': () => 1 },
      subscriptions: { '/app/rooms': () => [] }
    } as never)
  })
  const found = stomp.asyncapi(INFO)
  t.strictSame(await complaints(found), [])
  t.strictSame(Object.entries(found.operations).map(([id, operation]) => [id, operation['x-stomp-kind'], operation.summary]), [
    ['receive.app.add', 'message', undefined],
    ['receive.app.chat.room', 'message', 'Says something'],
    ['receive.app.me', 'message', undefined],
    ['send.app.rooms', 'subscribe', 'The rooms'],
    ['send.topic.chat.room', 'destination', 'What is said'],
    ['send.topic.news', 'destination', undefined],
    ['send.user.queue.confirm', 'request', 'Asks for a confirmation'],
    ['send.user.queue.errors', 'destination', 'The errors of handlers, and of messages that do not fit their schema'],
    ['send.user.queue.me', 'destination', 'The answers to /app/me']
  ])
  const { channels, operations, components } = found
  t.strictSame(Object.keys(channels['topic.chat.room']!.messages), ['message'], 'a destination of the contract tells of its messages once')
  t.equal(channels['topic.news']!.messages['message']!.contentType, 'text/plain')
  t.strictSame(operations['receive.app.chat.room']!['x-stomp-answers'], [{ operation: 'send.topic.chat.room', to: 'all' }])
  t.match(operations['receive.app.me']!.reply, { channel: { $ref: '#/channels/user.queue.me' }, messages: [{ $ref: '#/channels/user.queue.me/messages/message' }] })
  t.match(components.schemas['app.add.answer.body'], { type: 'number' })
  t.match(operations['send.user.queue.confirm']!.reply, { address: { location: '$message.header#/reply-to' }, channel: { $ref: '#/channels/user.queue.confirm.reply' } })
  t.match(components.schemas['user.queue.confirm.answer.body'], { type: 'boolean' })
})

t.test('a contract without routes is told too', async (t) => {
  const { stomp } = await buildStomp(t, { routes: ({ stomp }) => stomp.contract(defineContract({ destinations: { '/topic/news': {} } }), {} as never) })
  t.strictSame(Object.keys(stomp.asyncapi(INFO).operations), ['send.topic.news'])
})
