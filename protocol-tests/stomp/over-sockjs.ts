import { expectEqual, expectMatch, expectThat } from '../runner/expect.ts'
import { StompReader } from '../client/stomp-frame.ts'
import { messagesOf } from '../client/session.ts'
import { section, sockjsCarriers } from './define.ts'
import type { StompCase } from './define.ts'
import type { Stomp } from './kit.ts'
import type { StompClient } from '../client/stomp-client.ts'
import type { SockjsCarrier } from '../client/stomp-carriers.ts'

const invalid = Buffer.from([0xc3, 0x28, 0xff, 0x00])

async function opened (s: Stomp): Promise<StompClient<SockjsCarrier>> {
  return await s.openSockjs(s.carrier === 'sockjs' ? 'websocket' : 'xhr_streaming')
}

async function connected (s: Stomp, headers: Record<string, string> = {}): Promise<StompClient<SockjsCarrier>> {
  const client = await opened(s)
  await client.connect('1.2', headers)
  return client
}

const cases: StompCase[] = [
  {
    id: 'STOMP-K1',
    title: 'each element of an array is one whole frame, its NUL written as \\u0000',
    level: 'C',
    on: sockjsCarriers,
    async run (s) {
      const client = await connected(s)
      const destination = s.topic()
      await client.subscribe(destination)
      for (let index = 0; index < 20; index += 1) client.send('SEND', { destination }, `${index}`)
      await client.messages(20)
      for (const frame of client.carrier.frames) {
        if (!frame.startsWith('a')) continue
        expectThat(!frame.includes('\0') && frame.includes('\\u0000'), 'a frame of SockJS', 'its NUL as \\u0000', frame)
        for (const message of messagesOf(frame)) {
          const reader = new StompReader()
          expectThat(reader.push(Buffer.from(message)).length === 1 && !reader.incomplete, 'an element', 'one whole frame', message)
        }
      }
    }
  },
  {
    id: 'STOMP-K1.several',
    title: 'frames may come as several elements, or several in one',
    level: 'C',
    on: sockjsCarriers,
    async run (s) {
      const client = await connected(s)
      const destination = s.topic()
      const frame = (body: string): string => `SEND\ndestination:${destination}\n\n${body}\0`
      client.carrier.sendMessages(`SUBSCRIBE\nid:a\ndestination:${destination}\n\n\0`, frame('one'), frame('two') + frame('three'))
      await client.expectBodies(['one', 'two', 'three'])
    }
  },
  {
    id: 'STOMP-K1.split',
    title: 'a frame may come in pieces, over elements and over arrays',
    level: 'C',
    on: sockjsCarriers,
    async run (s) {
      const client = await connected(s)
      const destination = s.topic()
      await client.subscribe(destination)
      const frame = `SEND\ndestination:${destination}\na\\cb:c\n\né\0`
      client.carrier.sendMessages(...frame)
      for (let at = 0; at < frame.length; at += 9) client.carrier.sendMessages(frame.slice(at, at + 9))
      for (const message of await client.messages(2)) expectEqual([message.get('a:b'), message.text], ['c', 'é'], 'header and body of MESSAGE')
    }
  },
  {
    id: 'STOMP-K2',
    title: 'a body other than UTF-8 comes as base64, with a header for it; no client is disconnected',
    level: 'D',
    on: sockjsCarriers,
    async run (s) {
      const client = await connected(s)
      const sender = await s.connect('1.2', {}, 'ws-binary')
      const destination = s.topic()
      await client.subscribe(destination)
      sender.send('SEND', { destination, 'content-type': 'application/octet-stream' }, invalid)
      const message = await client.message()
      expectEqual([message.get('content-transfer-encoding'), message.text], ['base64', invalid.toString('base64')], 'content-transfer-encoding and body of MESSAGE')
      expectEqual(message.get('content-length'), String(message.body.length), 'content-length of MESSAGE')
      sender.send('SEND', { destination }, 'é\0')
      const text = await client.message()
      expectEqual([text.get('content-transfer-encoding'), text.text], [undefined, 'é\0'], 'content-transfer-encoding and body of a text')
    }
  },
  {
    id: 'STOMP-K3',
    title: 'beats that the server announces are sent, as messages of one LF',
    level: 'C',
    on: sockjsCarriers,
    patience: 4000,
    async run (s) {
      const client = await opened(s)
      const heartBeat = (await client.connect('1.2', { 'heart-beat': '0,1000' })).get('heart-beat') ?? '0,0'
      if (heartBeat.startsWith('0,')) s.t.notApplicable('the server offers no heart-beats')
      await s.t.sleep(2600)
      const beats = client.carrier.frames.filter((frame) => frame === 'a["\\n"]')
      expectThat(beats.length > 0, 'frames of SockJS in 2.6 s', 'some a["\\n"]', client.carrier.frames.slice(-3))
    }
  },
  {
    id: 'STOMP-K3.client',
    title: '["\\n"] is a beat of the client',
    level: 'C',
    on: sockjsCarriers,
    patience: 5500,
    async run (s) {
      const client = await connected(s, { 'heart-beat': '1000,0' })
      const timer = setInterval(() => client.carrier.sendMessages('\n'), 600)
      await s.t.sleep(4200)
      clearInterval(timer)
      await s.exchange(client)
    }
  },
  {
    id: 'STOMP-K3.heartbeats',
    title: 'the heartbeats of SockJS stop where those of STOMP run',
    level: 'D',
    on: sockjsCarriers,
    also: ['HEARTBEAT-9', 'SPRING-D17'],
    patience: 30_000,
    async run (s) {
      const client = await connected(s, { 'heart-beat': '0,1000' })
      const before = client.carrier.heartbeats
      await s.t.sleep(27_000)
      expectThat(client.eols.length > 20, 'beats of STOMP in 27 s', 'more than 20', client.eols.length)
      expectEqual(client.carrier.heartbeats - before, 0, 'heartbeats of SockJS meanwhile')
    }
  },
  {
    id: 'STOMP-K4',
    title: 'where each beat costs a request, the server offers none below ten seconds',
    level: 'D',
    on: ['sockjs-xhr'],
    async run (s) {
      for (const transport of ['xhr', 'jsonp'] as const) {
        const client = await s.openSockjs(transport)
        expectEqual((await client.connect('1.2', { 'heart-beat': '1000,1000' })).get('heart-beat'), '10000,1000', `heart-beat of CONNECTED over ${transport}`)
      }
      const client = await s.openSockjs('xhr_streaming')
      expectEqual((await client.connect('1.2', { 'heart-beat': '1000,1000' })).get('heart-beat'), '1000,1000', 'heart-beat of CONNECTED over xhr_streaming')
    }
  },
  {
    id: 'STOMP-K1.transports',
    title: 'STOMP runs over every transport of SockJS',
    level: 'C',
    on: ['sockjs-xhr'],
    async run (s) {
      for (const transport of ['xhr', 'eventsource', 'htmlfile', 'jsonp'] as const) {
        const client = await s.openSockjs(transport)
        await client.connect()
        expectEqual((await s.exchange(client, 'é%"\\')).text, 'é%"\\', `a message over ${transport}`)
        await client.disconnect()
        await client.ended()
      }
    }
  },
  {
    id: 'STOMP-K5',
    title: 'the headers of CONNECT are all that a client needs: no subprotocol, no header of its own on any request',
    level: 'C',
    on: sockjsCarriers,
    async run (s) {
      await (await opened(s)).connect('1.2', s.site.connect)
    }
  },
  {
    id: 'STOMP-K5.passcode',
    title: 'a wrong passcode in CONNECT is refused over SockJS, too',
    level: 'C',
    on: sockjsCarriers,
    features: ['authentication'],
    async run (s) {
      const client = await opened(s)
      client.send('CONNECT', { 'accept-version': '1.2', login: s.site.connect['login'] ?? 'guest', passcode: s.t.id() })
      await s.expectRefused(client)
    }
  },
  {
    id: 'STOMP-K6.disconnect',
    title: 'after DISCONNECT the session is closed with 1000',
    level: 'D',
    on: sockjsCarriers,
    async run (s) {
      for (const headers of [{ receipt: 'bye' }, {}]) {
        const client = await connected(s)
        client.send('DISCONNECT', headers)
        expectEqual((await client.ended()).code, 1000, 'the code of the c frame')
        expectMatch(client.carrier.frames.at(-1), /^c\[1000,".+"\]$/, 'the last frame')
      }
    }
  },
  {
    id: 'STOMP-K6.error',
    title: 'after ERROR the session is closed with 1002',
    level: 'D',
    on: sockjsCarriers,
    async run (s) {
      const client = await connected(s)
      client.send('NONSENSE')
      expectEqual((await s.expectError(client)).end.code, 1002, 'the code of the c frame')
      expectMatch(client.carrier.frames.at(-1), /^c\[1002,".+"\]$/, 'the last frame')
    }
  }
]

export const overSockjs = section('over-sockjs', 'STOMP over SockJS', 'with SockJS', cases)
