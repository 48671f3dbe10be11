import { expectEqual, expectThat } from '../runner/expect.ts'
import { refusal, section } from './define.ts'
import type { StompCase } from './define.ts'

/** The body of a MESSAGE, where it is JSON. */
const json = (text: string): unknown => JSON.parse(text)

const cases: StompCase[] = [
  {
    id: 'SPRING-E3',
    title: '* stands for one segment of a topic, ** for the rest',
    level: 'D',
    features: ['wildcards'],
    on: ['ws-text', 'sockjs'],
    async run (s) {
      const client = await s.connect()
      const topic = s.topic()
      await client.subscribe(`${topic}/*/b`, { id: 'one' })
      await client.subscribe(`${topic}/**`, { id: 'rest' })
      for (const [path, ids] of [['/a/b', ['one', 'rest']], ['/a/c', ['rest']], ['/b', ['rest']], ['/a/b/c', ['rest']]] as const) {
        client.send('SEND', { destination: topic + path }, path)
        const found = await client.messages(ids.length)
        expectEqual(found.map((message) => message.get('subscription')).sort(), ids, `subscriptions that get ${path}`)
        for (const message of found) expectEqual(message.get('destination'), topic + path, 'destination of MESSAGE')
      }
      await s.exchange(client)
      expectEqual(client.unread.map(String), [], 'further messages')
    }
  },
  {
    id: 'SPRING-E4',
    title: 'an exact subscription and one with a wildcard both get a message; the end of one leaves the other',
    level: 'D',
    features: ['wildcards'],
    on: ['ws-text'],
    also: ['SPRING-E5'],
    async run (s) {
      const client = await s.connect()
      const topic = s.topic()
      await client.subscribe(`${topic}/a`, { id: 'exact' })
      await client.subscribe(`${topic}/*`, { id: 'pattern' })
      client.send('SEND', { destination: `${topic}/a` })
      expectEqual((await client.messages(2)).map((message) => message.get('subscription')).sort(), ['exact', 'pattern'], 'subscriptions that got the message')
      await client.confirmed('UNSUBSCRIBE', { id: 'exact' })
      client.send('SEND', { destination: `${topic}/a` })
      expectEqual((await client.message()).get('subscription'), 'pattern', 'the subscription that is left')
    }
  },
  {
    id: 'SPRING-E19',
    title: 'a SEND to a text with a wildcard reaches only the subscribers of the same text',
    level: 'D',
    features: ['wildcards'],
    on: ['ws-text'],
    async run (s) {
      const [client, sender] = [await s.connect(), await s.connect()]
      const topic = s.topic()
      await client.subscribe(`${topic}/a`)
      // Some refuse it, which does as well.
      sender.send('SEND', { destination: `${topic}/*` }, 'to a pattern')
      await sender.stirs(200)
      await s.expectNothingBefore(client, `${topic}/a`)
    }
  },
  {
    id: 'SPRING-F3',
    title: 'a message to one session of a user does not reach the other',
    level: 'D',
    features: ['users', 'routes'],
    async run (s) {
      const login = { login: 'guest', passcode: 'guest' }
      const [one, two] = [await s.connect('1.2', login), await s.connect('1.2', login)]
      for (const client of [one, two]) await client.subscribe('/user/queue/me')
      one.send('SEND', { destination: '/app/me' }, '{}')
      expectEqual((await one.message()).get('destination'), '/user/queue/me', 'destination of MESSAGE')
      await s.exchange(two)
      expectEqual(two.unread.map(String), [], 'what the other session got')
    }
  },
  {
    id: 'SPRING-F4',
    title: 'a client without a login has destinations of its own, too',
    level: 'D',
    features: ['users', 'routes'],
    async run (s) {
      const client = await s.connect()
      await client.subscribe('/user/queue/me', { id: 'mine' })
      client.send('SEND', { destination: '/app/me' }, '{}')
      expectEqual((await client.message()).get('subscription'), 'mine', 'subscription of MESSAGE')
    }
  },
  ...refusal({
    id: 'SPRING-F6',
    title: 'a client may not send to another user',
    level: 'D',
    features: ['users'],
    receipt: 'r',
    send: (client) => client.send('SEND', { destination: '/user/guest/queue/me', receipt: 'r' }, 'x')
  }),
  {
    id: 'SPRING-F14',
    title: 'no wildcard of another user matches messages to a user',
    level: 'D',
    features: ['users', 'routes', 'wildcards'],
    on: ['ws-text'],
    async run (s) {
      const [client, stranger] = [await s.connect(), await s.connect()]
      await client.subscribe('/user/queue/me')
      await stranger.subscribe(`${s.site.topic}/**`, { id: 'all' })
      await stranger.subscribe('/user/queue/me', { id: 'same' })
      client.send('SEND', { destination: '/app/me' }, '{}')
      const { text } = await client.message()
      const destination = s.topic()
      const fence = s.t.id()
      stranger.send('SEND', { destination }, fence)
      // Everybody else's topics pass by here, too.
      await stranger.take('MESSAGE', (frame) => frame.text === fence)
      expectThat(!stranger.unread.some((frame) => frame.text === text), 'what the stranger got', 'not the message for the user', text)
    }
  },
  {
    id: 'BROKER-1',
    title: 'reply-to with a temporary queue brings an answer to the one that asked',
    level: 'D',
    features: ['queues', 'temp-queues'],
    async run (s) {
      const [asker, answerer] = [await s.connect(), await s.connect()]
      const destination = s.queue()
      await answerer.subscribe(destination)
      asker.send('SEND', { destination, 'reply-to': '/temp-queue/answers' }, 'question')
      const question = await answerer.message()
      answerer.send('SEND', { destination: question.get('reply-to') ?? '' }, 'answer')
      const answer = await asker.message()
      expectEqual([answer.text, answer.get('subscription')], ['answer', '/temp-queue/answers'], 'body and subscription of the answer')
    }
  },
  {
    id: 'BROKER-2',
    title: 'a temporary queue belongs to its connection: the same name elsewhere is another queue',
    level: 'D',
    features: ['queues', 'temp-queues'],
    async run (s) {
      const [asker, other, answerer] = [await s.connect(), await s.connect(), await s.connect()]
      const destination = s.queue()
      await answerer.subscribe(destination)
      await other.subscribe('/temp-queue/answers', { id: 'mine' })
      asker.send('SEND', { destination, 'reply-to': '/temp-queue/answers' })
      answerer.send('SEND', { destination: (await answerer.message()).get('reply-to') ?? '' }, 'answer')
      await asker.expectBodies(['answer'])
      await s.exchange(other)
      expectEqual(other.unread.map(String), [], 'what came to the queue of that name elsewhere')
    }
  },
  {
    id: 'BROKER-3',
    title: 'x-recover with the offset of the last message brings the missed messages',
    level: 'D',
    features: ['history'],
    on: ['ws-text', 'sockjs'],
    async run (s) {
      const [client, sender] = [await s.connect(), await s.connect()]
      const destination = s.topic()
      await client.subscribe(destination)
      await sender.publish(destination, 'one')
      const first = await client.message()
      await client.confirmed('UNSUBSCRIBE', { id: 's1' })
      for (const body of ['two', 'three']) await sender.publish(destination, body)
      await client.subscribe(destination, { id: 's2', 'x-recover': `${first.get('x-epoch') ?? ''}:${first.get('x-offset') ?? ''}` })
      await client.expectBodies(['two', 'three'], 'what was missed', 's2')
    }
  },
  {
    id: 'DEMO-1',
    title: '/app/hello greets at /topic/greetings',
    level: 'D',
    features: ['routes'],
    also: ['SPRING-G7'],
    async run (s) {
      const client = await s.connect()
      const name = s.t.id()
      await client.subscribe('/topic/greetings')
      client.send('SEND', { destination: '/app/hello', 'content-type': 'application/json' }, JSON.stringify({ name }))
      const message = await client.take('MESSAGE', ({ text }) => text.includes(name))
      expectEqual(json(message.text), { content: `Hello, ${name}!` }, 'the body of MESSAGE')
    }
  },
  {
    id: 'DEMO-2',
    title: '/app/chat/{room} adds room and time and tells the room',
    level: 'D',
    features: ['routes'],
    also: ['SPRING-G1', 'SPRING-G10'],
    on: ['ws-text', 'sockjs'],
    async run (s) {
      const client = await s.connect()
      const room = 'conformance'
      const sender = s.t.id()
      await client.subscribe(`/topic/chat/${room}`)
      client.send('SEND', { destination: `/app/chat/${room}`, 'content-type': 'application/json' }, JSON.stringify({ type: 'CHAT', sender, content: 'é' }))
      const body = json((await client.take('MESSAGE', ({ text }) => text.includes(sender))).text) as Record<string, unknown>
      expectEqual({ ...body, time: typeof body['time'] }, { type: 'CHAT', sender, content: 'é', room, time: 'string' }, 'the body of MESSAGE')
    }
  },
  {
    id: 'DEMO-3',
    title: 'SUBSCRIBE of /app/rooms is answered once, to that subscription',
    level: 'D',
    features: ['routes'],
    also: ['SPRING-G13'],
    async run (s) {
      const client = await s.connect()
      client.send('SUBSCRIBE', { id: 'rooms', destination: '/app/rooms' })
      const message = await client.message()
      expectEqual(message.get('subscription'), 'rooms', 'subscription of MESSAGE')
      expectThat(Array.isArray(json(message.text)), 'the body of MESSAGE', 'a list of rooms', message.text)
      await s.exchange(client)
      expectEqual(client.unread.filter(({ command }) => command === 'MESSAGE').map(String), [], 'further messages')
    }
  },
  ...refusal({
    id: 'SPRING-E16',
    title: 'a destination that nothing serves is refused',
    level: 'D',
    on: ['ws-text', 'sockjs', 'tcp'],
    receipt: 'r',
    send: (client) => client.send('SEND', { destination: '/nowhere/at/all', receipt: 'r' }, 'x')
  })
]

export const destinations = section('destinations', 'Destinations of a broker', 'SEND', cases)
