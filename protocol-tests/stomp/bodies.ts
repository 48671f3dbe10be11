import { expectEqual, expectThat } from '../runner/expect.ts'
import { refusal, section } from './define.ts'
import type { StompCase } from './define.ts'

const text = 'é漢😀'

/** Values of content-length that are no length. */
const badLengths: readonly (readonly [name: string, value: string])[] = [
  ['negative', '-1'], ['word', 'abc'], ['fraction', '1.5'], ['sign', '+1'], ['hex', '0x1'], ['empty', ''], ['huge', '99999999999999999999']
]

/** Client frames that may have no body, with the headers that they need. */
const bodiless: readonly (readonly [command: string, headers: string])[] = [
  ['SUBSCRIBE', 'id:b\ndestination:/topic/x'], ['UNSUBSCRIBE', 'id:s1'], ['BEGIN', 'transaction:t'], ['DISCONNECT', 'receipt:r']
]

const cases: StompCase[] = [
  {
    id: 'STOMP-B1',
    title: 'content-length says how long a body is: NULs inside are data',
    level: 'S',
    also: ['SPRING-C7'],
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination)
      client.raw(`SEND\ndestination:${destination}\ncontent-length:5\n\na\0b\0c\0`)
      client.raw(`SEND\ndestination:${destination}\ncontent-length:1\n\n\0\0`)
      client.raw(`SEND\ndestination:${destination}\ncontent-length:0\n\n\0`)
      await client.expectBodies(['a\0b\0c', '\0', ''])
    }
  },
  ...refusal({
    id: 'STOMP-B1.nul',
    title: 'a NUL must follow the body',
    level: 'S',
    also: ['SPRING-C16'],
    send: (client, s) => client.raw(`SEND\ndestination:${s.topic()}\ncontent-length:3\nreceipt:r\n\nlonger\0`)
  }),
  {
    id: 'STOMP-B2',
    title: 'without content-length the first NUL ends the body',
    level: 'S',
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination)
      for (const body of ['one', '', '\n\n', 'content-length:9\n\n']) client.raw(`SEND\ndestination:${destination}\n\n${body}\0`)
      await client.expectBodies(['one', '', '\n\n', 'content-length:9\n\n'])
    }
  },
  {
    id: 'STOMP-B3',
    title: 'MESSAGE says content-length where its body holds a NUL',
    level: 'S',
    async run (s) {
      const client = await s.connect()
      const message = await s.exchange(client, 'a\0b')
      expectEqual([message.get('content-length'), message.text], ['3', 'a\0b'], 'content-length and body of MESSAGE')
    }
  },
  {
    id: 'STOMP-B3.body',
    title: 'MESSAGE and ERROR say content-length where they have a body',
    level: 'C',
    async run (s) {
      const client = await s.connect()
      expectEqual((await s.exchange(client, 'abc')).get('content-length'), '3', 'content-length of MESSAGE')
      client.send('NONSENSE')
      const error = await client.error()
      expectThat(error.body.length === 0 || Number(error.get('content-length')) === error.body.length, 'content-length of ERROR', String(error.body.length), error.get('content-length'))
    }
  },
  {
    id: 'STOMP-B3.empty',
    title: 'MESSAGE says content-length where its body is empty, too',
    level: 'D',
    async run (s) {
      const client = await s.connect()
      expectEqual((await s.exchange(client, '')).get('content-length'), '0', 'content-length of MESSAGE')
    }
  },
  ...badLengths.flatMap(([name, value]) => refusal({
    id: `STOMP-B4.${name}`,
    title: `content-length:${value} is refused`,
    level: 'D',
    ...(name === 'negative' ? { also: ['SPRING-C5'] } : {}),
    send: (client, s) => client.raw(`SEND\ndestination:${s.topic()}\ncontent-length:${value}\n\nx\0`)
  })),
  ...refusal({
    id: 'STOMP-B4.other',
    title: 'two values of content-length are refused',
    level: 'D',
    send: (client, s) => client.raw(`SEND\ndestination:${s.topic()}\ncontent-length:1\ncontent-length:2\n\nx\0`)
  }),
  {
    id: 'STOMP-B4.same',
    title: 'the same content-length twice is a repeated header',
    level: 'D',
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination)
      client.raw(`SEND\ndestination:${destination}\ncontent-length:1\ncontent-length:1\n\nx\0`)
      await client.expectBodies(['x'])
    }
  },
  ...(['1.1', '1.2'] as const).flatMap((version) => bodiless.flatMap(([command, headers]) => refusal({
    id: `STOMP-B5.${command.toLowerCase()}-${version}`,
    title: `${version}: ${command} has no body`,
    level: 'S',
    version,
    on: ['ws-text'],
    async send (client, s) {
      await client.subscribe(s.topic())
      client.raw(`${command}\n${headers}\n\nbody\0`)
    }
  }))),
  {
    id: 'STOMP-B5.old',
    title: '1.0: the body of SUBSCRIBE is ignored',
    level: 'S',
    async run (s) {
      const client = await s.connect('1.0')
      const destination = s.topic()
      client.send('SUBSCRIBE', { id: 'a', destination }, 'what is this')
      await client.publish(destination, 'x')
      await client.expectBodies(['x'])
    }
  },
  {
    id: 'STOMP-B6',
    title: 'content-length counts octets, not characters',
    level: 'S',
    async run (s) {
      const client = await s.connect()
      const message = await s.exchange(client, text, { 'content-length': String(Buffer.byteLength(text)) })
      expectEqual([message.text, message.get('content-length')], [text, String(Buffer.byteLength(text))], 'body and content-length of MESSAGE')
    }
  },
  {
    id: 'STOMP-B6.type',
    title: 'any content-type is passed on unchanged, and none is added',
    level: 'D',
    also: ['SPRING-C15'],
    async run (s) {
      const client = await s.connect()
      for (const type of ['application/json;charset=utf-8', 'text/x-y; a="b"', 'nonsense']) {
        expectEqual((await s.exchange(client, '{}', { 'content-type': type })).get('content-type'), type, 'content-type of MESSAGE')
      }
      expectEqual((await s.exchange(client, '{}')).get('content-type'), undefined, 'content-type of MESSAGE')
    }
  }
]

export const bodies = section('bodies', 'Bodies', 'Body', cases)
