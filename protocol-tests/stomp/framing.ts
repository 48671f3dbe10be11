import { StompReader } from '../client/stomp-frame.ts'
import { expectEqual, expectMatch, expectThat } from '../runner/expect.ts'
import { octetCarriers, refusal, section } from './define.ts'
import type { StompCase } from './define.ts'
import type { Stomp } from './kit.ts'

/** Subscribes to a topic of its own and says what it is. */
async function listening (s: Stomp, version: '1.0' | '1.1' | '1.2' = '1.2') {
  const client = await s.connect(version)
  const destination = s.topic()
  await client.subscribe(destination)
  return { client, destination }
}

/** Every way to write an odd header must come out at the other end as it went in. */
async function expectHeader (s: Stomp, version: '1.0' | '1.1' | '1.2', line: string, name: string, value: string): Promise<void> {
  const { client, destination } = await listening(s, version)
  client.raw(`SEND\n${line}\ndestination:${destination}\n\nx\0`)
  expectEqual((await client.message()).get(name), value, `the header ${JSON.stringify(name)} of MESSAGE`)
}

const invalid = Buffer.from([0xc3, 0x28, 0xff])
const cut = 'é漢😀'

const cases: StompCase[] = [
  {
    id: 'STOMP-F1',
    title: 'a frame is a command, header lines, an empty line, the body and a NUL, both ways',
    level: 'S',
    async run (s) {
      const client = await s.open()
      const { connect } = s.site
      client.raw(`CONNECT\naccept-version:1.2\n${Object.entries(connect).map(([name, value]) => `${name}:${value}\n`).join('')}\n\0`)
      await client.take('CONNECTED')
      const destination = s.topic()
      client.raw(`SUBSCRIBE\nid:a\ndestination:${destination}\n\n\0`)
      client.raw(`SEND\ndestination:${destination}\ncolour:red\n\nthe body\nand more\0`)
      const message = await client.message('a')
      expectEqual([message.get('colour'), message.text], ['red', 'the body\nand more'], 'header and body of MESSAGE')
    }
  },
  {
    id: 'STOMP-F2',
    title: '1.2: lines end with LF or CRLF, also both in one frame',
    level: 'S',
    async run (s) {
      const { client, destination } = await listening(s)
      client.raw(`SEND\r\ndestination:${destination}\r\nn:1\r\n\r\none\0`)
      client.raw(`SEND\r\ndestination:${destination}\nn:2\r\n\ntwo\0`)
      client.raw(`SEND\ndestination:${destination}\nn:3\n\r\nthree\0`)
      const found = (await client.messages(3)).map((message) => [message.get('n'), message.get('destination'), message.text])
      expectEqual(found, [['1', destination, 'one'], ['2', destination, 'two'], ['3', destination, 'three']], 'the messages')
    }
  },
  {
    id: 'STOMP-F2.old',
    title: '1.0 and 1.1: CRLF ends a line too',
    level: 'D',
    async run (s) {
      for (const version of ['1.0', '1.1'] as const) {
        const { client, destination } = await listening(s, version)
        client.raw(`SEND\r\ndestination:${destination}\r\nn:1\r\n\r\nx\0`)
        expectEqual((await client.message()).get('n'), '1', `the header n in ${version}`)
      }
    }
  },
  {
    id: 'STOMP-F2.lf',
    title: 'lines of the server end with a bare LF',
    level: 'D',
    async run (s) {
      const { client } = await listening(s)
      await s.exchange(client)
      for (const { octets } of client.chunks) expectThat(!octets.includes(13), 'what the server sends', 'no CR', octets.toString('utf8'))
    }
  },
  ...refusal({
    id: 'STOMP-F3',
    title: '1.2: a CR inside a header line is an error',
    level: 'S',
    send: (client, s) => client.raw(`SEND\ndestination:${s.topic()}\na:x\ry\n\nz\0`)
  }),
  {
    id: 'STOMP-F3.old',
    title: '1.0 and 1.1: a CR that stands before no LF is part of the value, as a receiver in 1.2 can tell',
    level: 'D',
    async run (s) {
      const { client, destination } = await listening(s)
      for (const version of ['1.0', '1.1'] as const) {
        const sender = await s.connect(version)
        sender.raw(`SEND\na:x\ry\ndestination:${destination}\n\nx\0`)
        expectEqual((await client.message()).get('a'), 'x\ry', `the header a of a ${version} client`)
      }
    }
  },
  {
    id: 'STOMP-F4',
    title: 'empty lines after a frame are skipped, however many',
    level: 'S',
    async run (s) {
      const { client, destination } = await listening(s)
      client.raw(`\n\n\nSEND\ndestination:${destination}\n\none\0\n\r\n\n`)
      client.raw('\n')
      client.raw(`\nSEND\ndestination:${destination}\n\ntwo\0\n`)
      await client.expectBodies(['one', 'two'])
    }
  },
  {
    id: 'STOMP-F4.before',
    title: 'empty lines before CONNECT are skipped too',
    level: 'D',
    async run (s) {
      const client = await s.open()
      client.raw('\n\r\n\n')
      await client.connect()
    }
  },
  ...refusal({
    id: 'STOMP-F5',
    title: 'a command in small letters is not that command',
    level: 'S',
    send: (client, s) => client.raw(`send\ndestination:${s.topic()}\nreceipt:r\n\nx\0`)
  }),
  {
    id: 'STOMP-F5.headers',
    title: 'header names in other letters are other headers',
    level: 'S',
    async run (s) {
      const { client, destination } = await listening(s)
      client.raw(`SEND\nDestination:${s.topic()}\nContent-Length:1\ndestination:${destination}\n\nlonger\0`)
      const message = await client.message()
      expectEqual([message.get('destination'), message.text], [destination, 'longer'], 'destination and body of MESSAGE')
    }
  },
  ...refusal({
    id: 'STOMP-F6',
    title: 'a header line without a colon is malformed',
    level: 'S',
    send: (client, s) => client.raw(`SEND\ndestination:${s.topic()}\nnonsense\n\nx\0`)
  }),
  ...refusal({
    id: 'STOMP-F6.name',
    title: 'a header without a name is malformed',
    level: 'D',
    send: (client, s) => client.raw(`SEND\ndestination:${s.topic()}\n:value\n\nx\0`)
  }),
  {
    id: 'STOMP-F6.value',
    title: 'a header may have an empty value',
    level: 'S',
    async run (s) {
      for (const version of ['1.1', '1.2'] as const) await expectHeader(s, version, 'a:', 'a', '')
    }
  },
  {
    id: 'STOMP-F6.value-old',
    title: 'in 1.0 a header may have an empty value, too',
    level: 'D',
    run: async (s) => await expectHeader(s, '1.0', 'a:', 'a', '')
  },
  {
    id: 'STOMP-F7',
    title: 'the first colon ends the name; more of them belong to the value, as stompjs writes them',
    level: 'C',
    async run (s) {
      for (const version of ['1.1', '1.2'] as const) await expectHeader(s, version, 'a:b:c:', 'a', 'b:c:')
    }
  },
  {
    id: 'STOMP-F8',
    title: '1.1 and 1.2: spaces around names and values stay',
    level: 'S',
    async run (s) {
      for (const version of ['1.1', '1.2'] as const) await expectHeader(s, version, ' a : b ', ' a ', ' b ')
    }
  },
  {
    id: 'STOMP-F8.old',
    title: '1.0: spaces around names and values go',
    level: 'D',
    run: async (s) => await expectHeader(s, '1.0', ' a : b ', 'a', 'b')
  },
  {
    id: 'STOMP-F9',
    title: 'of a repeated header the first counts',
    level: 'C',
    async run (s) {
      const { client, destination } = await listening(s)
      client.raw(`SEND\ndestination:${destination}\ndestination:${s.topic()}\na:first\na:second\n\nx\0`)
      expectEqual((await client.message()).get('a'), 'first', 'the header a of MESSAGE')
    }
  },
  {
    id: 'STOMP-F9.dropped',
    title: 'later copies of a repeated header are not passed on',
    level: 'D',
    also: ['SPRING-E17'],
    async run (s) {
      const { client, destination } = await listening(s)
      client.raw(`SEND\ndestination:${destination}\ndestination:${s.topic()}\na:first\na:second\n\nx\0`)
      const message = await client.message()
      expectEqual([message.all('a'), message.all('destination')], [['first'], [destination]], 'the headers a and destination of MESSAGE')
    }
  },
  {
    id: 'STOMP-F10',
    title: 'a frame may come octet by octet',
    level: 'S',
    on: ['tcp'],
    async run (s) {
      const { client, destination } = await listening(s)
      for (const octet of Buffer.from(`SEND\r\ndestination:${destination}\na:${cut}\n\n${cut}\0\n`)) {
        client.raw(Buffer.of(octet))
        await new Promise((resolve) => setImmediate(resolve))
      }
      const message = await client.message()
      expectEqual([message.get('a'), message.text], [cut, cut], 'header and body of MESSAGE')
    }
  },
  {
    id: 'STOMP-F10.several',
    title: 'several frames may come at once, and a part of the next',
    level: 'S',
    on: ['tcp'],
    also: ['SPRING-C12'],
    async run (s) {
      const { client, destination } = await listening(s)
      const frame = (body: string): string => `SEND\ndestination:${destination}\n\n${body}\0`
      client.raw(frame('one') + frame('two') + '\n\n' + frame('three').slice(0, 9))
      await client.expectBodies(['one', 'two'])
      client.raw(frame('three').slice(9) + frame('four'))
      await client.expectBodies(['three', 'four'])
    }
  },
  {
    id: 'STOMP-F11',
    title: 'headers and bodies are UTF-8',
    level: 'S',
    async run (s) {
      await expectHeader(s, '1.2', `${cut}:${cut}${cut}`, cut, cut + cut)
      const client = await s.connect()
      expectEqual((await s.exchange(client, cut)).text, cut, 'the body of MESSAGE')
    }
  },
  {
    id: 'STOMP-F11.mark',
    title: 'a byte order mark is a character like any other, also where a header or a body begins with it',
    level: 'S',
    async run (s) {
      const marked = '\ufeffa'
      await expectHeader(s, '1.2', `k:${marked}`, 'k', marked)
      const client = await s.connect()
      expectEqual((await s.exchange(client, marked)).text, marked, 'the body of MESSAGE')
    }
  },
  {
    id: 'STOMP-F11.octets',
    title: 'a body is octets: a body other than UTF-8 comes back unchanged',
    level: 'S',
    on: octetCarriers,
    async run (s) {
      const client = await s.connect()
      const body = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
      expectEqual((await s.exchange(client, body)).body.toString('hex'), body.toString('hex'), 'the body of MESSAGE')
    }
  },
  ...refusal({
    id: 'STOMP-F11.invalid',
    title: 'a head that is not UTF-8 is refused',
    level: 'D',
    on: octetCarriers,
    send: (client, s) => client.raw(Buffer.concat([Buffer.from(`SEND\ndestination:${s.topic()}\na:`), invalid, Buffer.from('\n\nx\0')]))
  }),
  {
    id: 'STOMP-F1.server',
    title: 'frames of the server have no empty name, and nothing stands between them',
    level: 'D',
    async run (s) {
      const { client } = await listening(s)
      await s.exchange(client)
      const reader = new StompReader(client.carrier.name === 'tcp')
      const items = reader.push(Buffer.concat(client.chunks.map(({ octets }) => octets)))
      for (const item of items) {
        expectThat(item !== 'eol', 'what stands between the frames of the server', 'nothing, where no heart-beat was agreed on', 'an empty line')
        expectMatch(item.head, /^[A-Z]+(\r?\n[^:\r\n]+:[^\r\n]*)*$/, `the head of ${item.command}`)
      }
      expectThat(!reader.incomplete, 'what the server sends', 'whole frames', 'a part of one at the end')
    }
  }
]

export const framing = section('framing', 'Framing', 'STOMP Frames', cases)
