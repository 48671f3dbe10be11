import { expectEqual, expectThat } from '../runner/expect.ts'
import { refusal, section } from './define.ts'
import type { StompCase } from './define.ts'

const cases: StompCase[] = [
  ...refusal({
    id: 'STOMP-S1',
    title: 'SUBSCRIBE needs a destination',
    level: 'S',
    receipt: 'r',
    send: (client) => client.send('SUBSCRIBE', { id: 'a', receipt: 'r' })
  }),
  ...(['1.1', '1.2'] as const).flatMap((version) => refusal({
    id: `STOMP-S1.id-${version}`,
    title: `${version}: SUBSCRIBE needs an id`,
    level: 'S',
    on: ['ws-text'],
    version,
    receipt: 'r',
    send: (client, s) => client.send('SUBSCRIBE', { destination: s.topic(), receipt: 'r' })
  })),
  {
    id: 'STOMP-S1.old',
    title: '1.0: SUBSCRIBE may do without an id',
    level: 'S',
    async run (s) {
      const client = await s.connect('1.0')
      const destination = s.topic()
      await client.confirmed('SUBSCRIBE', { destination })
      client.send('SEND', { destination }, 'x')
      await client.expectBodies(['x'])
    }
  },
  {
    id: 'STOMP-S2',
    title: 'two connections may use the same id',
    level: 'S',
    async run (s) {
      const [one, two] = [await s.connect(), await s.connect()]
      const destination = s.topic()
      await one.subscribe(destination, { id: 'same' })
      await two.subscribe(destination, { id: 'same' })
      one.send('SEND', { destination }, 'x')
      for (const client of [one, two]) expectEqual((await client.message()).get('subscription'), 'same', 'subscription of MESSAGE')
    }
  },
  ...refusal({
    id: 'STOMP-S2.twice',
    title: 'an id that is in use on the connection is refused',
    level: 'S',
    also: ['SPRING-E6'],
    receipt: 'r',
    async send (client, s) {
      await client.subscribe(s.topic(), { id: 'a' })
      client.send('SUBSCRIBE', { id: 'a', destination: s.topic(), receipt: 'r' })
    }
  }),
  {
    id: 'STOMP-S2.again',
    title: 'an id is free again after UNSUBSCRIBE',
    level: 'S',
    async run (s) {
      const client = await s.connect()
      const [first, second] = [s.topic(), s.topic()]
      await client.subscribe(first, { id: 'a' })
      client.send('UNSUBSCRIBE', { id: 'a' })
      await client.subscribe(second, { id: 'a' })
      client.send('SEND', { destination: first }, 'to the first')
      client.send('SEND', { destination: second }, 'to the second')
      await client.expectBodies(['to the second'])
    }
  },
  {
    id: 'STOMP-S3',
    title: 'auto, client and client-individual are ways to acknowledge; auto is the default',
    level: 'S',
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      for (const ack of ['', 'auto', 'client', 'client-individual']) await client.subscribe(destination, { id: `s-${ack}`, ...(ack === '' ? {} : { ack }) })
      client.send('SEND', { destination })
      const found = (await client.messages(4)).map((message) => message.get('subscription')).sort()
      expectEqual(found, ['s-', 's-auto', 's-client', 's-client-individual'], 'subscriptions that got the message')
    }
  },
  ...refusal({
    id: 'STOMP-S3.other',
    title: 'another value of ack is refused',
    level: 'S',
    receipt: 'r',
    send: (client, s) => client.send('SUBSCRIBE', { id: 'a', destination: s.topic(), ack: 'bogus', receipt: 'r' })
  }),
  ...refusal({
    id: 'STOMP-S3.old',
    title: '1.0: client-individual is refused',
    level: 'D',
    version: '1.0',
    send: (client, s) => client.send('SUBSCRIBE', { id: 'a', destination: s.topic(), ack: 'client-individual' })
  }),
  {
    id: 'STOMP-S4',
    title: 'two subscriptions of one connection to one topic get a MESSAGE each',
    level: 'D',
    also: ['SPRING-E1'],
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination, { id: 'a' })
      await client.subscribe(destination, { id: 'b' })
      client.send('SEND', { destination }, 'x')
      expectEqual((await client.messages(2)).map((message) => message.get('subscription')).sort(), ['a', 'b'], 'subscriptions that got the message')
    }
  },
  {
    id: 'STOMP-S4.queue',
    title: 'two subscriptions of one connection to one queue compete for its messages',
    level: 'D',
    features: ['queues'],
    async run (s) {
      const client = await s.connect()
      const destination = s.queue()
      await client.subscribe(destination, { id: 'a' })
      await client.subscribe(destination, { id: 'b' })
      for (let index = 0; index < 6; index += 1) client.send('SEND', { destination }, `${index}`)
      const found = await client.messages(6)
      expectEqual(found.map(({ text }) => text).sort(), ['0', '1', '2', '3', '4', '5'], 'the messages, each once')
      expectEqual(new Set(found.map((message) => message.get('subscription'))).size, 2, 'subscriptions that got some')
      await client.publish(destination, 'last')
      await client.expectBodies(['last'])
      expectEqual(client.unread.length, 0, 'messages that came twice')
    }
  },
  {
    id: 'STOMP-S5',
    title: 'UNSUBSCRIBE names the id; after its RECEIPT nothing comes any more',
    level: 'S',
    also: ['SPRING-E7'],
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination, { id: 'a' })
      await client.subscribe(destination, { id: 'b' })
      client.send('SEND', { destination }, 'for both')
      await client.messages(2)
      await client.confirmed('UNSUBSCRIBE', { id: 'a' })
      client.send('SEND', { destination }, 'for b')
      client.send('SEND', { destination }, 'again')
      await client.expectBodies(['for b', 'again'], 'the bodies', 'b')
      expectEqual(client.unread.map((frame) => frame.get('subscription')), [], 'subscriptions that got more')
    }
  },
  {
    id: 'STOMP-S5.destination',
    title: '1.0: UNSUBSCRIBE names the destination where there is no id',
    level: 'S',
    async run (s) {
      const client = await s.connect('1.0')
      const [gone, kept] = [s.topic(), s.topic()]
      for (const destination of [gone, kept]) await client.confirmed('SUBSCRIBE', { destination })
      await client.confirmed('UNSUBSCRIBE', { destination: gone })
      client.send('SEND', { destination: gone }, 'unheard')
      client.send('SEND', { destination: kept }, 'heard')
      await client.expectBodies(['heard'])
    }
  },
  ...refusal({
    id: 'STOMP-S5.unknown',
    title: 'UNSUBSCRIBE of an unknown id is refused',
    level: 'D',
    receipt: 'r',
    send: (client) => client.send('UNSUBSCRIBE', { id: 'nobody', receipt: 'r' })
  }),
  ...refusal({
    id: 'STOMP-S5.id',
    title: '1.2: UNSUBSCRIBE needs an id',
    level: 'S',
    receipt: 'r',
    async send (client, s) {
      const destination = s.topic()
      await client.subscribe(destination)
      client.send('UNSUBSCRIBE', { destination, receipt: 'r' })
    }
  }),
  {
    id: 'STOMP-S6',
    title: 'messages of a queue that were not acknowledged go back to it at UNSUBSCRIBE',
    level: 'D',
    features: ['queues', 'acknowledgements'],
    async run (s) {
      const client = await s.connect()
      const destination = s.queue()
      await client.subscribe(destination, { ack: 'client' })
      for (const body of ['one', 'two']) client.send('SEND', { destination }, body)
      await client.messages(2)
      await client.confirmed('UNSUBSCRIBE', { id: 's1' })
      const next = await s.connect()
      await next.subscribe(destination)
      await next.expectBodies(['one', 'two'])
    }
  },
  ...refusal({
    id: 'STOMP-S6.late',
    title: 'an ACK after UNSUBSCRIBE names an unknown message',
    level: 'D',
    features: ['queues', 'acknowledgements'],
    async send (client, s) {
      const destination = s.queue()
      await client.subscribe(destination, { ack: 'client' })
      client.send('SEND', { destination })
      const id = (await client.message()).get('ack') ?? ''
      await client.confirmed('UNSUBSCRIBE', { id: 's1' })
      client.send('ACK', { id })
    }
  }),
  {
    id: 'STOMP-S7',
    title: 'a selector, and headers that the server does not know, do no harm: all messages come',
    level: 'D',
    also: ['SPRING-E10'],
    async run (s) {
      for (const version of ['1.0', '1.2'] as const) {
        const client = await s.connect(version)
        const destination = s.topic()
        await client.subscribe(destination, { selector: "colour = 'red'", 'x-y': 'z' })
        client.send('SEND', { destination, colour: 'blue' }, 'blue')
        client.send('SEND', { destination, colour: 'red' }, 'red')
        await client.expectBodies(['blue', 'red'])
      }
    }
  },
  {
    id: 'STOMP-S5.gone',
    title: 'nothing is kept for a subscriber of a topic that has gone',
    level: 'D',
    also: ['SPRING-E2'],
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination)
      await client.disconnect()
      const sender = await s.connect()
      await sender.publish(destination, 'unheard')
      const next = await s.connect()
      await next.subscribe(destination)
      await s.expectNothingBefore(next, destination)
      expectThat(client.unread.every(({ command }) => command !== 'MESSAGE'), 'what the first one got', 'nothing', client.unread.map(String))
    }
  }
]

export const subscriptions = section('subscriptions', 'SUBSCRIBE and UNSUBSCRIBE', 'SUBSCRIBE, UNSUBSCRIBE', cases)
