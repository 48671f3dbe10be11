import t, { type Test } from 'tap'
import type { AnySession } from '../../src/sockjs/session/index.ts'
import { newId, type TestClient } from '../support/client.ts'
import { HttpTestClient } from '../support/http-client.ts'
import { SocketTestClient } from '../support/socket-client.ts'
import { until } from '../support/wait.ts'
import { buildStomp, type StompTestServer } from './support.ts'

const TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'htmlfile', 'xhr-polling', 'jsonp-polling'] as const
type Transport = typeof TRANSPORTS[number]

const SUBSCRIBE = 'SUBSCRIBE\nid:a\ndestination:/topic/a\nreceipt:s\n\n\0'
const SEND = 'SEND\ndestination:/topic/a\n'

async function open (t: Test, server: StompTestServer, transport: Transport, headers: Record<string, string> = {}, path = '/stomp'): Promise<TestClient> {
  const options = { path, headers, id: newId(), comeBack: true }
  const client = transport === 'websocket' ? new SocketTestClient(server, transport, options) : new HttpTestClient(server, transport, options)
  t.teardown(() => client.abort())
  return await client.open()
}

/** CONNECT, and the text of CONNECTED. */
async function connect (client: TestClient, headers = ''): Promise<string> {
  await client.send(`CONNECT\naccept-version:1.2\n${headers}\n\0`)
  return (await client.messages(1))[0]!
}

/** A client that has subscribed `/topic/a`. */
async function listening (t: Test, server: StompTestServer, transport: Transport): Promise<TestClient> {
  const client = await open(t, server, transport)
  await connect(client)
  await client.send(SUBSCRIBE)
  t.strictSame(await client.messages(1), ['RECEIPT\nreceipt-id:s\n\n\0'])
  return client
}

/** A poll that was answered must be there again before time goes on: a session without a receiver has its own deadline. */
async function attached (server: StompTestServer, transport: Transport): Promise<void> {
  const sessions = (): AnySession[] => [...server.app.sockjs.endpoints.get('/stomp')!.sessions].filter((session) => session.transport === transport)
  await until(() => sessions().length > 0 && sessions().every((session) => session.output.receiver !== null), 'the receiver')
}

const bodyOf = (message: string): string => message.slice(message.indexOf('\n\n') + 2, -1)

for (const transport of TRANSPORTS) {
  t.test(`over ${transport}`, async (t) => {
    const test = (name: string, run: (t: Test, server: StompTestServer) => Promise<unknown>): Promise<unknown> => t.test(name, async (t) => {
      const server = await buildStomp(t, { listen: true })
      await run(t, server)
      t.strictSame(server.failures, [])
    })

    await test('STOMP-K1: an element of the array is one frame, outbound; inbound frames may come in any pieces', async (t, server) => {
      const client = await listening(t, server, transport)
      const text = `${SEND}x:tür\n\ngrüße 😀\u2028\0`
      await client.send(text)
      const [message] = await client.messages(1)
      t.match(message, /^MESSAGE\n[^\0]*\0$/)
      t.equal(bodyOf(message!), 'grüße 😀\u2028')
      await client.send(text.slice(0, 9), text.slice(9) + text + '\n' + text.slice(0, 12))
      await client.send(text.slice(12), '\n')
      const more = await client.messages(3)
      for (const message of more) t.equal(bodyOf(message), 'grüße 😀\u2028')
      for (const body of ['1', '2', '3']) await server.stomp.publish('/topic/a', body)
      t.strictSame((await client.messages(3)).map(bodyOf), ['1', '2', '3'])
      t.ok(client.frames.all.every((frame) => !frame.includes('\0')), 'NUL travels as \\u0000')
    })

    await test('STOMP-K2: a body that is no text comes as base64, and a publisher cannot hurt anybody with it', async (t, server) => {
      const client = await listening(t, server, transport)
      await server.stomp.publish('/topic/a', Uint8Array.of(0xff, 0, 0xfe), { headers: { 'content-transfer-encoding': 'forged' } })
      await server.stomp.publish('/topic/a', Buffer.from('utf8 ü'))
      const [binary, text] = await client.messages(2)
      t.match(binary, /\ncontent-length:4\n\n\/wD\+\0$/)
      t.equal(/\ncontent-transfer-encoding:(.*)\n/.exec(binary!)![1], 'base64', 'the first of repeated headers')
      t.notMatch(text, /content-transfer-encoding/)
      t.equal(bodyOf(text!), 'utf8 ü')
    })

    await test('STOMP-K3, STOMP-K4, SPRING-D17: beats are messages of one LF; the h of SockJS ends, and polls get a floor of 10 s', async (t, server) => {
      const client = await open(t, server, transport)
      const interval = transport.endsWith('polling') ? 10_000 : 1_000
      t.match(await connect(client, 'heart-beat:0,1000\n'), new RegExp(`\nheart-beat:${interval},0\n`))
      for (let beat = 0; beat < 4; beat++) {
        await attached(server, transport)
        server.clock.advance(interval * 0.8)
        t.strictSame(await client.messages(1), ['\n'])
      }
      t.notOk(client.frames.all.includes('h'))
    })

    await test('STOMP-K3, SPRING-D17: no h where beats are agreed, but the WebSocket is still asked for life', async (t, server) => {
      const [beating, plain] = [await open(t, server, transport), await open(t, server, transport)]
      let pings = 0
      if (beating instanceof SocketTestClient) beating.ws.on('ping', () => { pings++ })
      await connect(beating, 'heart-beat:0,40000\n')
      await connect(plain)
      await attached(server, transport)
      server.clock.advance(25_050)
      t.equal(await plain.frame(), 'h')
      await attached(server, transport)
      server.clock.advance(6_950)
      t.strictSame(await beating.messages(1), ['\n'], 'the next thing is the beat, after 32 s')
      t.equal(pings, transport === 'websocket' ? 1 : 0)
    })

    await test('STOMP-K3, STOMP-H3: beats of the client, as an array with one LF', async (t, server) => {
      const client = await open(t, server, transport)
      await connect(client, 'heart-beat:5000,0\n')
      for (let beat = 0; beat < 4; beat++) {
        await attached(server, transport)
        server.clock.advance(4_900)
        await client.send('\n')
        await client.send(`BEGIN\ntransaction:${beat}\nreceipt:${beat}\n\n\0`)
        t.strictSame(await client.messages(1), [`RECEIPT\nreceipt-id:${beat}\n\n\0`])
      }
      await attached(server, transport)
      server.clock.advance(10_050)
      t.match((await client.messages(1))[0], /\ncode:STOMP_HEART_BEAT_LOST\n/)
      t.equal((await client.closed).code, 1002)
    })

    await t.test('STOMP-K5: credentials come in CONNECT, in a cookie or in the query', async (t) => {
      const seen: unknown[] = []
      const own = await buildStomp(t, {
        listen: true,
        routes: (app) => app.stomp.addHook('onConnect', ({ login }, session, request) => { seen.push([login, request?.headers.cookie, session.transport]) })
      })
      t.match(await connect(await open(t, own, transport, { cookie: 'a=b' }), 'login:kim\n'), /^CONNECTED\n/)
      t.strictSame(seen, [['kim', 'a=b', transport]])
    })

    await test('STOMP-K6, STOMP-W7, STOMP-D1, STOMP-C11: what is flushed before the close, and its code', async (t, server) => {
      for (const [frames, last, code, reason] of [
        ['DISCONNECT\nreceipt:bye\n\n\0', /^RECEIPT\nreceipt-id:bye\n\n\0$/, 1000, 'Normal closure'],
        ['FOO\nreceipt:r\n\n\0', /^ERROR\n[^]*\nreceipt-id:r\n/, 1002, 'The command is unknown'],
        ['DISCONNECT\n\n\0', null, 1000, 'Normal closure']
      ] as const) {
        const client = await open(t, server, transport)
        await connect(client)
        await client.send(frames)
        if (last !== null) t.match((await client.messages(1))[0], last)
        t.strictSame(await client.closed, { code, reason })
      }
    })

    await t.test('SPRING-D14, STOMP-D2: a client that is cut off', async (t) => {
      const ends: unknown[] = []
      const own = await buildStomp(t, {
        listen: true,
        routes: (app) => app.stomp.addHook('onDisconnect', (_session, { code, clean }) => { ends.push([code, clean]) })
      })
      const client = await listening(t, own, transport)
      await attached(own, transport)
      client.comeBack = false
      client.abort()
      await until(() => ends.length > 0, 'onDisconnect')
      t.strictSame(ends, [[1002, false]])
      t.equal(own.stomp.subscriptions().length, 0)
    })
  })
}

t.test('SPRING-D22, STOMP-K6: a server that stops', async (t) => {
  for (const transport of TRANSPORTS) {
    const server = await buildStomp(t, { listen: true })
    const client = await listening(t, server, transport)
    await attached(server, transport)
    await server.app.close()
    t.strictSame(await client.closed, { code: 1001, reason: 'Server shutting down' }, transport)
  }
})

t.test('several paths share users, broker and routes', async (t) => {
  const server = await buildStomp(t, {
    listen: true,
    stomp: { path: ['/stomp', '/guide-websocket'] },
    routes: (app) => app.stomp.message('/hello', { sendTo: '/topic/a' }, () => 'hello')
  })
  const one = await listening(t, server, 'xhr-streaming')
  const two = await open(t, server, 'websocket', {}, '/guide-websocket')
  await connect(two)
  await two.send('SEND\ndestination:/app/hello\n\n\0')
  t.equal(bodyOf((await one.messages(1))[0]!), 'hello')
  t.equal(server.stomp.sessions.size, 2)
})

t.test('SEC-S43: every transport goes by the origins of the endpoint, and its hooks', async (t) => {
  const server = await buildStomp(t, {
    listen: true,
    sockjs: { origins: [] },
    stomp: {
      endpoint: {
        origins: ['https://app.example'],
        async onRequest (request) { if (request.headers['x-no'] !== undefined) throw Object.assign(new Error('No'), { statusCode: 401 }) }
      }
    }
  })
  for (const transport of ['websocket', 'xhr-streaming', 'xhr-polling'] as const) {
    t.match(await connect(await open(t, server, transport, { origin: 'https://app.example' })), /^CONNECTED\n/)
    for (const headers of [{ origin: 'https://evil.example' }, { 'x-no': '1' }] as Record<string, string>[]) {
      await t.rejects(open(t, server, transport, headers), /40[13]/, transport)
    }
  }
})
