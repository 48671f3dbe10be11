import { escapeHeader } from '../client/stomp-frame.ts'
import type { Version } from '../client/stomp-frame.ts'
import { expectEqual, expectThat } from '../runner/expect.ts'
import { refusal, section } from './define.ts'
import type { StompCase } from './define.ts'
import type { Stomp } from './kit.ts'

/** Text that tells one pass from several, and each escape from its neighbours. */
const hard: Record<'1.1' | '1.2', readonly string[]> = {
  1.1: ['a:b', 'a\nb', 'a\\b', '\\n', '\\\\n', '\\c:\\', '\n\\\n', ':\\n\n:', '\\', '\\\\'],
  1.2: ['a:b', 'a\nb', 'a\rb', 'a\r\nb', 'a\\b', '\\n', '\\\\n', '\\r', '\\c:\\', '\r\n\\\r\n', ':\\n\n:', '\\', '\\\\']
}

/** Sends headers that are nothing but escapes; `look` gets the text and the header line of MESSAGE. */
async function roundTrip (s: Stomp, version: '1.1' | '1.2', look: (text: string, value: string | undefined, head: string) => void): Promise<void> {
  const client = await s.connect(version)
  const destination = s.topic()
  await client.subscribe(destination)
  for (const text of hard[version]) {
    client.raw(`SEND\ndestination:${destination}\nk${escapeHeader(text, version)}:${escapeHeader(text, version)}\n\nx\0`)
    const message = await client.message()
    look(text, message.get(`k${text}`), message.head)
  }
}

const decoded = (version: '1.1' | '1.2') => async (s: Stomp): Promise<void> =>
  await roundTrip(s, version, (text, value) => expectEqual(value, text, `the value of the header ${JSON.stringify(`k${text}`)}`))

const encoded = (version: '1.1' | '1.2') => async (s: Stomp): Promise<void> =>
  await roundTrip(s, version, (text, _value, head) => {
    const line = `k${escapeHeader(text, version)}:${escapeHeader(text, version)}`
    expectThat(head.split('\n').includes(line), 'the head of MESSAGE', `a line ${line}`, head)
  })

const undefinedEscapes: readonly (readonly [name: string, version: Version, text: string])[] = [
  ['t', '1.2', 'a\\tb'], ['end', '1.2', 'a\\'], ['name', '1.2', 'a\\x'], ['t-1.1', '1.1', 'a\\tb'], ['r-1.1', '1.1', 'a\\rb']
]

const cases: StompCase[] = [
  {
    id: 'STOMP-E1.decode',
    title: '1.2: \\r, \\n, \\c and \\\\ are read in names and values',
    level: 'S',
    also: ['STOMP-E5', 'SPRING-C8'],
    run: decoded('1.2')
  },
  {
    id: 'STOMP-E1.encode',
    title: '1.2: CR, LF, colon and backslash are written in names and values as \\r, \\n, \\c and \\\\',
    level: 'S',
    also: ['STOMP-E6', 'SPRING-E18'],
    run: encoded('1.2')
  },
  {
    id: 'STOMP-E1.decode-1.1',
    title: '1.1: \\n, \\c and \\\\ are read in names and values',
    level: 'S',
    run: decoded('1.1')
  },
  {
    id: 'STOMP-E1.encode-1.1',
    title: '1.1: LF, colon and backslash are written as \\n, \\c and \\\\',
    level: 'S',
    run: encoded('1.1')
  },
  {
    id: 'STOMP-E1.return-1.1',
    title: '1.1: a CR is never written as \\r, which 1.1 does not know',
    level: 'S',
    async run (s) {
      const [client, sender] = [await s.connect('1.1'), await s.connect('1.2')]
      const destination = s.topic()
      await client.subscribe(destination)
      sender.send('SEND', { destination, k: 'a\rb' }, 'x')
      // The client's reader takes no escape that 1.1 does not know.
      expectEqual((await client.message()).text, 'x', 'the body of MESSAGE')
    }
  },
  {
    id: 'STOMP-E1.none',
    title: '1.0: a backslash is a backslash',
    level: 'S',
    async run (s) {
      const client = await s.connect('1.0')
      const message = await s.exchange(client, 'x', { a: 'b\\cd\\n\\\\' })
      expectEqual(message.get('a'), 'b\\cd\\n\\\\', 'the header a of MESSAGE')
    }
  },
  ...undefinedEscapes.flatMap(([name, version, text]) => refusal({
    id: `STOMP-E2.${name}`,
    title: `${version}: the undefined escape in "${text}" is a fatal error`,
    level: 'S',
    version,
    send: (client, s) => client.raw(`SEND\ndestination:${s.topic()}\n${name === 'name' ? `${text}:v` : `k:${text}`}\n\nx\0`)
  })),
  {
    id: 'STOMP-E3',
    title: 'CONNECT is not unescaped: any backslash in it is itself',
    level: 'S',
    also: ['SPRING-C9'],
    async run (s) {
      for (const version of ['1.1', '1.2'] as const) {
        const client = await s.open()
        await client.connect(version, { 'x-a': 'a\\tb', 'x-b': 'a\\', 'x\\q': '\\c' })
      }
    }
  },
  {
    id: 'STOMP-E3.passcode',
    title: 'a passcode with an escape in it is not the passcode that the escape stands for',
    level: 'S',
    features: ['authentication'],
    async run (s) {
      const { login, passcode = 'guest' } = s.site.connect
      // In 1.2 "\\\\" would be read as one backslash: the passcode with two of them must not pass for it.
      const client = await s.open()
      client.raw(`CONNECT\naccept-version:1.2\nhost:${s.site.connect['host'] ?? ''}\nlogin:${login ?? 'guest'}\npasscode:${passcode}\\\\\n\n\0`)
      await s.expectRefused(client)
    }
  },
  {
    id: 'STOMP-E4',
    title: 'an ERROR before CONNECTED has nothing in its message that would need an escape',
    level: 'D',
    async run (s) {
      const client = await s.open()
      client.send('SUBSCRIBE', { id: 'a', destination: s.topic() })
      const line = (await client.error()).head.split('\n').find((one) => one.startsWith('message:')) ?? ''
      expectThat(!/[:\\]/.test(line.slice('message:'.length)), 'message of ERROR', 'neither colon nor backslash', line)
    }
  },
  {
    id: 'STOMP-E5',
    title: 'decoding is one pass: two backslashes and an n are a backslash and an n',
    level: 'S',
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination)
      client.raw(`SEND\ndestination:${destination}\na:\\\\n\\\\c\\\\\\\\r\n\nx\0`)
      expectEqual((await client.message()).get('a'), '\\n\\c\\\\r', 'the header a of MESSAGE')
    }
  },
  {
    id: 'STOMP-E5.plain',
    title: 'headers that the server makes up itself hold no backslash',
    level: 'D',
    async run (s) {
      const client = await s.open()
      const connected = await client.connect()
      const message = await s.exchange(client)
      for (const { command, head } of [connected, message]) expectThat(!head.includes('\\'), `the head of ${command}`, 'no backslash', head)
    }
  },
  {
    id: 'STOMP-E6',
    title: 'encoding is one pass, and bodies are never escaped',
    level: 'S',
    async run (s) {
      const client = await s.connect()
      const message = await s.exchange(client, 'a:b\\c\r\n\\n\\\\', { a: '\\:' })
      expectEqual(message.text, 'a:b\\c\r\n\\n\\\\', 'the body of MESSAGE')
      expectThat(message.head.split('\n').includes('a:\\\\\\c'), 'the head of MESSAGE', 'a line a:\\\\\\c', message.head)
    }
  }
]

export const escaping = section('escaping', 'Escaping', 'Value Encoding', cases)
