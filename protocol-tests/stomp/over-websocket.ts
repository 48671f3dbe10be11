import type { Chunk } from '../client/stomp-carriers.ts'
import { StompReader } from '../client/stomp-frame.ts'
import { expectHeader, expectStatus } from '../runner/checks.ts'
import { expectEqual, expectThat } from '../runner/expect.ts'
import { section, webSockets } from './define.ts'
import type { StompCase } from './define.ts'
import type { Stomp } from './kit.ts'
import { endpoint } from './site.ts'

const invalid = Buffer.from([0xc3, 0x28, 0xff, 0x00])

/** The subprotocol that is chosen; undefined for none. */
async function chosen (s: Stomp, offered: string | undefined): Promise<string | undefined> {
  const socket = await s.t.wireSocket(s.site.webSocketPath, offered === undefined ? {} : { headers: { 'Sec-WebSocket-Protocol': offered } })
  return socket.response.fields.get('sec-websocket-protocol')
}

/** Every message is one whole frame, which begins at once, or one beat. */
function expectWhole (chunks: readonly Chunk[]): void {
  for (const { octets } of chunks) {
    const reader = new StompReader()
    const [first, ...rest] = reader.push(octets)
    const whole = first !== undefined && !reader.incomplete && rest.every((item) => item === 'eol')
    expectThat(whole && (first !== 'eol' || rest.length === 0), 'a WebSocket message', 'one whole frame, or one LF', octets.toString('utf8'))
  }
}

async function traffic (s: Stomp): Promise<readonly Chunk[]> {
  const client = await s.connect('1.2', { 'heart-beat': '0,1000' })
  const destination = s.topic()
  await client.subscribe(destination)
  for (let index = 0; index < 30; index += 1) client.send('SEND', { destination }, `${index}`.repeat(index * 20))
  await client.messages(30)
  client.send('SEND', { destination }, 'x'.repeat(100_000))
  await client.message()
  await s.t.sleep(1500)
  return client.chunks
}

const cases: StompCase[] = [
  {
    id: 'STOMP-W1',
    title: 'each of v10.stomp, v11.stomp and v12.stomp is chosen where it is offered alone',
    level: 'C',
    on: ['ws-text'],
    also: ['SPRING-B6'],
    async run (s) {
      for (const name of ['v10.stomp', 'v11.stomp', 'v12.stomp']) expectEqual(await chosen(s, name), name, `the subprotocol for ${name}`)
    }
  },
  {
    id: 'STOMP-W1.highest',
    title: 'of several the highest is chosen, wherever it stands: webstomp-client lists it last',
    level: 'C',
    on: ['ws-text'],
    async run (s) {
      for (const [offered, name] of [['v10.stomp, v11.stomp, v12.stomp', 'v12.stomp'], ['v12.stomp, v11.stomp, v10.stomp', 'v12.stomp'], ['v10.stomp, v11.stomp', 'v11.stomp']] as const) {
        expectEqual(await chosen(s, offered), name, `the subprotocol for ${offered}`)
      }
    }
  },
  {
    id: 'STOMP-W2',
    title: 'no subprotocol need be offered, and then none is named',
    level: 'C',
    on: ['ws-text'],
    async run (s) {
      expectEqual(await chosen(s, undefined), undefined, 'the subprotocol')
    }
  },
  {
    id: 'STOMP-W2.foreign',
    title: 'a handshake with foreign subprotocols only is accepted, and none is named',
    level: 'D',
    on: ['ws-text'],
    also: ['SPRING-B7'],
    async run (s) {
      for (const offered of ['graphql', 'wss, soap']) expectEqual(await chosen(s, offered), undefined, `the subprotocol for ${offered}`)
    }
  },
  {
    id: 'STOMP-W3',
    title: 'accept-version decides, with any subprotocol',
    level: 'D',
    on: ['ws-text'],
    async run (s) {
      for (const [name, accept, agreed] of [['v10.stomp', '1.2', '1.2'], ['v12.stomp', '1.0,1.1', '1.1']] as const) {
        const client = await s.openWebSocket('ws-text', { protocols: [name] })
        expectEqual((await client.connect('1.2', { 'accept-version': accept })).get('version'), agreed, `version of CONNECTED over ${name}`)
      }
    }
  },
  {
    id: 'STOMP-W1.paths',
    title: 'plain WebSocket is at the endpoint, and at /websocket below it',
    level: 'D',
    on: ['ws-text'],
    async run (s) {
      for (const path of [endpoint, `${endpoint}/websocket`]) {
        const { status } = await s.t.handshake(path)
        expectEqual(status, 101, `the status of a handshake at ${path}`)
      }
    }
  },
  {
    id: 'STOMP-W4.split',
    title: 'a frame may come in several messages, cut anywhere',
    level: 'C',
    on: webSockets,
    also: ['STOMP-F10', 'SPRING-C14', 'SPRING-C18', 'SPRING-C22', 'SPRING-D20'],
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination)
      const frame = `SEND\r\ndestination:${destination}\na\\cb:c\\\\d\ncontent-length:4\r\n\na\0b\n\0`
      for (let at = 1; at < frame.length; at += 1) {
        client.raw(frame.slice(0, at))
        client.raw(frame.slice(at))
      }
      for (let at = 1; at < frame.length; at += 1) {
        const message = await client.message()
        expectEqual([message.get('a:b'), message.text], ['c\\d', 'a\0b\n'], `the message that was cut at ${at}`)
      }
    }
  },
  {
    id: 'STOMP-W4.octets',
    title: 'a frame may come octet by octet, a character cut in two',
    level: 'C',
    on: ['ws-binary'],
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination)
      for (const octet of Buffer.from(`SEND\ndestination:${destination}\na:é漢😀\n\né漢😀\0`)) client.raw(Buffer.of(octet))
      const message = await client.message()
      expectEqual([message.get('a'), message.text], ['é漢😀', 'é漢😀'], 'header and body of MESSAGE')
    }
  },
  ...([8, 16] as const).map((size): StompCase => ({
    id: `STOMP-W4.pieces-${size}`,
    title: `a large frame may come in pieces of ${size} KiB, as ${size === 8 ? 'stompjs with splitLargeFrames' : 'stompjs 2 and webstomp'} cuts it`,
    level: 'C',
    on: webSockets,
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination)
      const body = 'é'.repeat(50_000)
      const frame = `SEND\ndestination:${destination}\ncontent-length:100000\n\n${body}\0`
      for (let at = 0; at < frame.length; at += size * 1024) client.raw(frame.slice(at, at + size * 1024))
      expectThat((await client.message()).text === body, 'the body of MESSAGE', 'what was sent', 'something else')
    }
  })),
  {
    id: 'STOMP-W4.several',
    title: 'several frames may come in one message',
    level: 'C',
    on: webSockets,
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      const frame = (body: string): string => `SEND\ndestination:${destination}\n\n${body}\0`
      client.raw(`SUBSCRIBE\nid:a\ndestination:${destination}\n\n\0\n${frame('one')}${frame('two')}\n\n${frame('three').slice(0, 7)}`)
      client.raw(frame('three').slice(7))
      await client.expectBodies(['one', 'two', 'three'])
    }
  },
  {
    id: 'STOMP-W4.mixed',
    title: 'text and binary messages may make up one frame',
    level: 'D',
    on: ['ws-text'],
    async run (s) {
      const client = await s.openWebSocket('ws-text')
      await client.connect()
      const destination = s.topic()
      await client.subscribe(destination)
      const { socket } = client.carrier
      socket.send('SEND\ndestin')
      socket.send(Buffer.from(`ation:${destination}\n\nh`))
      socket.send('é')
      socket.send(Buffer.of(0))
      await client.expectBodies(['hé'])
    }
  },
  {
    id: 'STOMP-W5',
    title: 'the server sends one whole frame in one message, with no LF before it',
    level: 'C',
    on: webSockets,
    patience: 3000,
    async run (s) {
      expectWhole(await traffic(s))
    }
  },
  {
    id: 'STOMP-W5.exact',
    title: 'a message of the server ends with the NUL of its frame',
    level: 'D',
    on: webSockets,
    patience: 3000,
    async run (s) {
      for (const { octets } of await traffic(s)) {
        expectThat(octets.at(-1) === 0 || octets.equals(Buffer.from('\n')), 'a WebSocket message', 'a NUL at its end, or one LF', octets.toString('utf8'))
      }
    }
  },
  {
    id: 'STOMP-W6.text',
    title: 'a client that sends text gets text, for stompjs 2 reads nothing else',
    level: 'C',
    on: ['ws-text'],
    async run (s) {
      const client = await s.connect()
      await s.exchange(client, 'é')
      expectEqual(client.chunks.map(({ binary }) => binary), client.chunks.map(() => false), 'whether the messages are binary')
    }
  },
  {
    id: 'STOMP-W6.binary',
    title: 'a client that sends binary messages gets them',
    level: 'D',
    on: ['ws-binary'],
    async run (s) {
      const client = await s.connect()
      await s.exchange(client, 'é')
      expectEqual(client.chunks.map(({ binary }) => binary), client.chunks.map(() => true), 'whether the messages are binary')
    }
  },
  {
    id: 'STOMP-W6.octets',
    title: 'a body that is not UTF-8 comes in a binary message, also to a client that sends text',
    level: 'D',
    on: ['ws-text'],
    also: ['SPRING-D18'],
    async run (s) {
      const [client, sender] = [await s.connect(), await s.connect('1.2', {}, 'ws-binary')]
      const destination = s.topic()
      await client.subscribe(destination)
      sender.send('SEND', { destination }, invalid)
      sender.send('SEND', { destination }, 'text')
      expectEqual((await client.message()).body.toString('hex'), invalid.toString('hex'), 'the body of MESSAGE')
      await client.expectBodies(['text'])
      expectEqual(client.chunks.slice(-2).map(({ binary }) => binary), [true, false], 'whether the messages are binary')
    }
  },
  {
    id: 'STOMP-W7.error',
    title: 'after ERROR the WebSocket is closed with 1002',
    level: 'D',
    on: webSockets,
    async run (s) {
      const client = await s.connect()
      client.send('NONSENSE')
      expectEqual((await s.expectError(client)).end.code, 1002, 'the code of the close')
    }
  },
  {
    id: 'STOMP-W7.disconnect',
    title: 'after DISCONNECT the WebSocket is closed with 1000',
    level: 'D',
    on: webSockets,
    also: ['SPRING-D13'],
    async run (s) {
      for (const headers of [{ receipt: 'bye' }, {}]) {
        const client = await s.connect()
        client.send('DISCONNECT', headers)
        expectEqual((await client.ended()).code, 1000, 'the code of the close')
      }
    }
  },
  {
    id: 'STOMP-W7.large',
    title: 'a WebSocket message that is too large is answered by 1009',
    level: 'D',
    on: ['ws-binary'],
    patience: 5000,
    async run (s) {
      const client = await s.connect()
      client.raw(Buffer.alloc(8 * 1024 * 1024, 10))
      expectEqual((await client.ended()).code, 1009, 'the code of the close')
    }
  },
  {
    id: 'STOMP-W8',
    title: 'permessage-deflate is not used',
    level: 'D',
    on: ['ws-text'],
    async run (s) {
      const socket = await s.t.wireSocket(s.site.webSocketPath, { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' } })
      expectHeader(socket.response, 'Sec-WebSocket-Extensions', undefined)
    }
  },
  {
    id: 'STOMP-W9',
    title: 'pings of WebSocket are answered',
    level: 'S',
    on: ['ws-text'],
    async run (s) {
      const client = await s.openWebSocket()
      await client.carrier.socket.ping('before CONNECT')
      await client.connect()
      await client.carrier.socket.ping('after')
    }
  },
  {
    id: 'STOMP-W9.beats',
    title: 'pings do not count as heart-beats: a client that only pings is given up',
    level: 'D',
    on: ['ws-text'],
    patience: 5000,
    async run (s) {
      const client = await s.openWebSocket()
      await client.connect('1.2', { 'heart-beat': '1000,0' })
      const timer = setInterval(() => { if (!client.isOver) client.carrier.socket.ping('x').catch(() => {}) }, 400)
      try {
        await client.error()
      } finally {
        clearInterval(timer)
      }
    }
  },
  {
    id: 'STOMP-W1.plain',
    title: 'a plain request for the endpoint is not a handshake, and does no harm',
    level: 'D',
    on: ['ws-text'],
    async run (s) {
      expectStatus(await s.t.get(`${endpoint}/websocket`), 400)
    }
  }
]

export const overWebSocket = section('over-websocket', 'STOMP over WebSocket', 'with RFC 6455', cases)
