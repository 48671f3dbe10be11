import { expectEqual, expectMatch, expectThat } from '../runner/expect.ts'
import { refusal, section } from './define.ts'
import type { StompCase } from './define.ts'
import type { Stomp } from './kit.ts'
import type { StompClient } from '../client/stomp-client.ts'

const kibi = 1024
/** What the demo server takes. */
const largestBody = 4 * kibi * kibi

/** Ways to fall out with a server, by parser, session and broker. */
const offences: readonly ((client: StompClient, s: Stomp) => void)[] = [
  (client) => client.raw('SEND\nnonsense\n\n\0'),
  (client) => client.send('SEND', {}, 'x'),
  (client) => client.send('NONSENSE'),
  (client) => client.send('UNSUBSCRIBE', { id: 'nobody' }),
  (client) => client.send('COMMIT', { transaction: 'nobody' }),
  (client, s) => client.send('SUBSCRIBE', { id: 'a', destination: s.topic(), ack: 'bogus' }),
  (client) => client.send('SEND', { destination: '/nowhere/at/all' }, 'x'),
  (client) => client.send('SEND', { destination: '/app/nothing' }, 'x')
]

/** What would tell a stranger about the inside. */
const internals = /\bat \S+ \(|\.[cm]?[jt]s\b|\.java\b|node_modules|\bnode:|Exception|\b(Type|Reference|Range|Syntax)Error\b/

const headers = (count: number): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, 'v']))

const cases: StompCase[] = [
  {
    id: 'STOMP-X1',
    title: 'after ERROR the server closes the connection',
    level: 'S',
    async run (s) {
      const client = await s.connect()
      client.send('SEND', {}, 'nowhere')
      await client.error()
      await client.ended('the end of the connection after ERROR')
    }
  },
  {
    id: 'STOMP-X1.message',
    title: 'the header message of ERROR describes the mistake',
    level: 'C',
    async run (s) {
      const client = await s.connect()
      client.send('SEND', {}, 'nowhere')
      const error = await client.error()
      expectThat((error.get('message') ?? '') !== '', 'message of ERROR', 'some text', error.toString())
    }
  },
  {
    id: 'STOMP-X1.always',
    title: 'every ERROR has message, content-type and content-length, and nothing comes after it but the end',
    level: 'D',
    async run (s) {
      for (const offend of offences) {
        const client = await s.connect()
        offend(client, s)
        const { error } = await s.expectError(client)
        expectMatch(error.get('content-type'), /^text\/plain/, 'content-type of ERROR')
        expectEqual(error.get('content-length'), String(error.body.length), 'content-length of ERROR')
      }
    }
  },
  {
    id: 'STOMP-X1.rest',
    title: 'frames of the client after the frame that failed are not processed',
    level: 'S',
    async run (s) {
      const [client, watcher] = [await s.connect(), await s.connect()]
      const destination = s.topic()
      await watcher.subscribe(destination)
      client.raw(`SEND\n\nnowhere\0SEND\ndestination:${destination}\n\nafter\0`)
      await s.expectRefused(client)
      await s.expectNothingBefore(watcher, destination)
    }
  },
  {
    id: 'STOMP-X2',
    title: 'no ERROR tells of the inside of the server',
    level: 'D',
    on: ['ws-text'],
    also: ['SPRING-D10'],
    async run (s) {
      for (const offend of offences) {
        const client = await s.connect()
        offend(client, s)
        const error = await client.error()
        expectThat(!internals.test(error.toString()), 'ERROR', 'neither stack nor file names nor classes', error.toString())
      }
    }
  },
  {
    id: 'STOMP-L1.large',
    title: 'a body of one mebibyte goes there and back',
    level: 'C',
    patience: 5000,
    async run (s) {
      const client = await s.connect()
      const body = 'é'.repeat(kibi * kibi / 2)
      const message = await s.exchange(client, body, { 'content-length': String(kibi * kibi) })
      expectEqual([message.body.length, message.text === body], [kibi * kibi, true], 'the length of the body, and whether it is the same')
    }
  },
  {
    id: 'STOMP-L1.within',
    title: 'sixty headers, one of four kibibytes, and a destination of 200 octets are taken',
    level: 'D',
    async run (s) {
      const client = await s.connect()
      const destination = `${s.topic()}/`.padEnd(200, 'd')
      await client.subscribe(destination)
      client.send('SEND', { destination, ...headers(60), h0: 'v'.repeat(4 * kibi) }, 'x')
      const message = await client.message()
      expectEqual([message.get('h0')?.length, message.get('h59'), message.get('destination')], [4 * kibi, 'v', destination], 'the headers of MESSAGE')
    }
  },
  {
    id: 'STOMP-L1.command',
    title: 'a command of more than 32 octets is refused, whether or not its line ends',
    level: 'D',
    async run (s) {
      const client = await s.connect()
      // Nothing comes behind it: what does would be a part of the command, and be refused for that.
      client.raw('A'.repeat(40))
      const error = await client.error()
      expectThat((error.get('message') ?? '') !== '', 'message of ERROR', 'some text', error.toString())
      await client.ended()
    }
  },
  ...refusal({
    id: 'STOMP-L1.headers',
    title: 'more than 64 headers are refused',
    level: 'D',
    send: (client, s) => client.send('SEND', { destination: s.topic(), ...headers(65) })
  }),
  ...refusal({
    id: 'STOMP-L1.line',
    title: 'a header line of more than 8 KiB is refused',
    level: 'D',
    send: (client, s) => client.send('SEND', { destination: s.topic(), h: 'v'.repeat(8 * kibi) })
  }),
  ...refusal({
    id: 'STOMP-L1.head',
    title: 'a head of more than 32 KiB is refused',
    level: 'D',
    send: (client, s) => client.send('SEND', { destination: s.topic(), ...Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`h${index}`, 'v'.repeat(7 * kibi)])) })
  }),
  ...refusal({
    id: 'STOMP-L1.body',
    title: 'a content-length above 4 MiB, the size that the demo server takes, is refused before the body comes',
    level: 'D',
    also: ['SPRING-C20'],
    send: (client, s) => client.raw(`SEND\ndestination:${s.topic()}\ncontent-length:${largestBody + 1}\n\n`)
  }),
  ...refusal({
    id: 'STOMP-L1.destination',
    title: 'a destination of more than 255 octets is refused',
    level: 'D',
    receipt: 'r',
    send: (client, s) => client.send('SEND', { destination: `${s.topic()}/`.padEnd(256, 'd'), receipt: 'r' })
  }),
  {
    id: 'STOMP-L1.subscriptions',
    title: 'a connection has 128 subscriptions at most',
    level: 'D',
    on: ['ws-text', 'sockjs', 'tcp'],
    async run (s) {
      const client = await s.connect()
      for (let index = 0; index < 128; index += 1) client.send('SUBSCRIBE', { id: `s${index}`, destination: s.topic() })
      client.send('SUBSCRIBE', { id: 'one more', destination: s.topic(), receipt: 'r' })
      await s.expectError(client, 'r')
    }
  },
  {
    id: 'STOMP-L2',
    title: 'before CONNECTED a frame has 8 KiB at most',
    level: 'D',
    async run (s) {
      const client = await s.open()
      client.send('CONNECT', { 'accept-version': '1.2', ...s.site.connect, a: 'v'.repeat(4 * kibi), b: 'v'.repeat(4 * kibi) })
      await s.expectError(client)
    }
  },
  ...['NONSENSE', 'MESSAGE', 'CONNECTED', 'RECEIPT', 'ERROR'].flatMap((command) => refusal({
    id: `STOMP-U1.${command.toLowerCase()}`,
    title: `${command} from a client is refused`,
    level: 'D',
    ...(command === 'NONSENSE' ? {} : { on: ['ws-text'] as const }),
    send: (client, s) => client.send(command, { destination: s.topic(), 'message-id': 'x', subscription: 'x', 'receipt-id': 'x', version: '1.2' })
  }))
]

export const errors = section('errors', 'ERROR and limits', 'ERROR, Size Limits', cases)
