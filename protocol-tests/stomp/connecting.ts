import { versions } from '../client/stomp-frame.ts'
import { expectEqual, expectMatch, expectThat } from '../runner/expect.ts'
import { refusal, section } from './define.ts'
import type { StompCase } from './define.ts'
import { wrongLogin } from './probes.ts'

/** What a client says that it accepts, and what must be agreed on. */
const negotiations: readonly (readonly [accept: string, agreed: string])[] = [
  ['1.0,1.1,1.2', '1.2'], ['1.2,1.1,1.0', '1.2'], ['1.1,1.0', '1.1'], ['1.0,1.1', '1.1'], ['1.0', '1.0'], ['1.1', '1.1'], ['1.2', '1.2'], ['9.9,1.1,0.5', '1.1']
]

/** The time that a client has for its CONNECT. */
const connectTimeout = 10_000

const cases: StompCase[] = [
  {
    id: 'STOMP-C1',
    title: 'STOMP opens a session as CONNECT does',
    level: 'S',
    also: ['SPRING-D6'],
    async run (s) {
      const client = await s.open()
      client.send('STOMP', { 'accept-version': '1.2', ...s.site.connect })
      expectEqual((await client.take('CONNECTED')).get('version'), '1.2', 'version of CONNECTED')
      expectEqual((await s.exchange(client, 'x')).text, 'x', 'a message in that session')
    }
  },
  {
    id: 'STOMP-C2',
    title: 'the highest common version is agreed on, in any order of the list',
    level: 'S',
    also: ['SPRING-D1'],
    async run (s) {
      for (const [accept, agreed] of negotiations) {
        const client = await s.open()
        const connected = await client.connect('1.2', { 'accept-version': accept })
        expectEqual(connected.get('version') ?? '1.0', agreed, `version of CONNECTED for ${accept}`)
      }
    }
  },
  {
    id: 'STOMP-C2.none',
    title: 'no accept-version means 1.0',
    level: 'S',
    async run (s) {
      const client = await s.open()
      expectEqual((await client.connect('1.0')).get('version') ?? '1.0', '1.0', 'version of CONNECTED')
    }
  },
  {
    id: 'STOMP-C2.spaces',
    title: 'spaces in accept-version do no harm',
    level: 'D',
    async run (s) {
      const client = await s.open()
      expectEqual((await client.connect('1.2', { 'accept-version': '1.0, 1.1 ,1.2 ' })).get('version'), '1.2', 'version of CONNECTED')
    }
  },
  {
    id: 'STOMP-C3',
    title: 'no version in common: ERROR that lists the server\'s in its header version',
    level: 'S',
    also: ['SPRING-D5'],
    async run (s) {
      const client = await s.open()
      client.send('CONNECT', { ...s.site.connect, 'accept-version': '9.9' })
      const error = await client.error()
      const listed = (error.get('version') ?? '').split(/[,\s]+/)
      expectThat(listed.some((one) => versions.some((known) => known === one)), 'version of ERROR', 'a list of versions', error.toString())
    }
  },
  {
    id: 'STOMP-C3.body',
    title: 'no version in common: ERROR lists all three versions, with commas, has a text body, and is followed by the end',
    level: 'D',
    async run (s) {
      const client = await s.open()
      client.send('CONNECT', { ...s.site.connect, 'accept-version': '9.9' })
      const { error } = await s.expectError(client)
      expectEqual((error.get('version') ?? '').split(',').sort(), [...versions], 'version of ERROR')
      expectMatch(error.get('content-type'), /^text\/plain/, 'content-type of ERROR')
      expectThat(error.text.trim() !== '', 'the body of ERROR', 'some text', error.text)
    }
  },
  {
    id: 'STOMP-C4',
    title: 'CONNECTED names the version, in 1.1 and 1.2',
    level: 'S',
    async run (s) {
      for (const version of ['1.1', '1.2'] as const) {
        expectEqual((await (await s.open()).connect(version)).get('version'), version, 'version of CONNECTED')
      }
    }
  },
  {
    id: 'STOMP-C4.session',
    title: 'CONNECTED names the session in 1.0',
    level: 'C',
    async run (s) {
      const session = (await (await s.open()).connect('1.0')).get('session') ?? ''
      expectThat(session !== '', 'session of CONNECTED', 'some text', session)
    }
  },
  {
    id: 'STOMP-C4.heart-beat',
    title: 'CONNECTED has a heart-beat header, without which stompjs 2 does not start',
    level: 'C',
    async run (s) {
      for (const version of ['1.1', '1.2'] as const) {
        expectMatch((await (await s.open()).connect(version)).get('heart-beat'), /^\d+,\d+$/, 'heart-beat of CONNECTED')
      }
    }
  },
  {
    id: 'STOMP-C4.always',
    title: 'CONNECTED has version, session, server and heart-beat in every version',
    level: 'D',
    async run (s) {
      for (const version of versions) {
        const connected = await (await s.open()).connect(version)
        expectEqual(connected.get('version'), version, 'version of CONNECTED')
        expectMatch(connected.get('session'), /^[\w-]+$/, 'session of CONNECTED')
        expectMatch(connected.get('server'), /^[^/\s]+\/\S+$/, 'server of CONNECTED')
        expectMatch(connected.get('heart-beat'), /^\d+,\d+$/, 'heart-beat of CONNECTED')
      }
    }
  },
  {
    id: 'STOMP-C4.unique',
    title: 'every session has another name, that cannot be guessed from the one before',
    level: 'D',
    async run (s) {
      const names = await Promise.all(Array.from({ length: 4 }, async () => (await (await s.open()).connect()).get('session') ?? ''))
      expectEqual(new Set(names).size, names.length, 'different session headers')
      for (const name of names) expectThat(name.length >= 16, 'session of CONNECTED', 'at least 16 characters', name)
    }
  },
  {
    id: 'STOMP-C5',
    title: 'CONNECT without host is accepted, for stompjs sends none',
    level: 'C',
    async run (s) {
      const { host: _host, ...login } = s.site.connect
      for (const version of ['1.1', '1.2'] as const) {
        const client = await s.open()
        client.send('CONNECT', { 'accept-version': version, ...login })
        await client.take('CONNECTED')
      }
    }
  },
  {
    id: 'STOMP-C6',
    title: 'an unknown or empty host stands for the default one',
    level: 'D',
    async run (s) {
      for (const host of ['nowhere.example', '']) await (await s.open()).connect('1.2', { host })
    }
  },
  {
    id: 'STOMP-C7',
    title: 'a wrong passcode is refused',
    level: 'C',
    features: ['authentication'],
    async run (s) {
      const client = await s.open()
      client.send('CONNECT', { 'accept-version': '1.2', ...s.site.connect, ...wrongLogin(s) })
      await s.expectRefused(client)
    }
  },
  {
    id: 'STOMP-C7.error',
    title: 'a wrong passcode is answered by ERROR that does not repeat it, then the end',
    level: 'D',
    features: ['authentication'],
    async run (s) {
      const client = await s.open()
      const login = wrongLogin(s)
      client.send('CONNECT', { 'accept-version': '1.2', ...s.site.connect, ...login })
      const { error } = await s.expectError(client)
      expectThat(!error.toString().includes(login['passcode'] ?? ''), 'ERROR', 'nothing of the passcode', error.toString())
    }
  },
  {
    id: 'STOMP-C7.headers',
    title: 'CONNECT may have any other headers',
    level: 'C',
    async run (s) {
      await (await s.open()).connect('1.2', { Authorization: 'Bearer x.y.z', 'client-id': 'one', 'x-y': '' })
    }
  },
  {
    id: 'STOMP-C8',
    title: 'another frame before CONNECT is refused, and not carried out',
    level: 'D',
    also: ['SPRING-D7'],
    async run (s) {
      const watcher = await s.connect()
      const destination = s.topic()
      await watcher.subscribe(destination)
      const client = await s.open()
      client.send('SEND', { destination }, 'too early')
      await s.expectError(client)
      await s.expectNothingBefore(watcher, destination)
    }
  },
  ...refusal({
    id: 'STOMP-C8.second',
    title: 'a second CONNECT is refused',
    level: 'D',
    also: ['SPRING-D8'],
    send: (client, s) => client.send('CONNECT', { 'accept-version': '1.2', ...s.site.connect })
  }),
  {
    id: 'STOMP-C9',
    title: 'a client that sends no CONNECT gets ERROR after ten seconds, and the end',
    level: 'D',
    on: ['ws-text', 'sockjs', 'sockjs-xhr', 'tcp'],
    also: ['SPRING-D21'],
    patience: 14_000,
    async run (s) {
      const started = Date.now()
      const client = await s.open()
      // Empty lines are no CONNECT.
      const timer = setInterval(() => client.raw('\n'), 2000)
      try {
        await client.error()
        await client.ended()
      } finally {
        clearInterval(timer)
      }
      const took = Date.now() - started
      expectThat(took > connectTimeout - 500 && took < connectTimeout + 3000, 'the time until it', 'about 10 s', `${took} ms`)
    }
  },
  {
    id: 'STOMP-C10',
    title: 'receipt on CONNECT is ignored',
    level: 'S',
    async run (s) {
      const client = await s.open()
      await client.connect('1.2', { receipt: 'no' })
      await s.exchange(client)
      expectEqual(client.unread.map(({ head }) => head), [], 'frames that nobody asked for')
    }
  },
  {
    id: 'STOMP-C10.echo',
    title: 'CONNECTED repeats no receipt',
    level: 'D',
    async run (s) {
      expectEqual((await (await s.open()).connect('1.2', { receipt: 'no' })).get('receipt-id'), undefined, 'receipt-id of CONNECTED')
    }
  },
  {
    id: 'STOMP-C11',
    title: 'a refused connection gets its ERROR, and no answer to anything else',
    level: 'C',
    also: ['SPRING-D9'],
    async run (s) {
      const client = await s.open()
      client.send('CONNECT', { ...s.site.connect, 'accept-version': '0.1' })
      client.send('SUBSCRIBE', { id: 'a', destination: s.topic() })
      client.send('SEND', { destination: s.topic() }, 'x'.repeat(5000))
      await client.error()
      await s.t.sleep(100)
      expectEqual(client.unread.map(({ head }) => head), [], 'frames after ERROR')
    }
  }
]

export const connecting = section('connecting', 'Connecting', 'Connecting and Protocol Negotiation', cases)
