import t, { type Test } from 'tap'
import SockJSClient from 'sockjs-client'
import type { WebSocket as WsSocket } from 'ws'
import { SockJS } from '../../src/client.ts'
import { until, within } from '../support/wait.ts'
import { type Answer, Client, type Closed, scripted, type ScriptedServer, type Seen, watch } from './support.ts'

const closeOf = (client: Client): Promise<Closed> => within(client.closed.promise, 'the close')

/** The bytes behind `o` that are cut at each octet, and the messages in them. */
const FRAMES: Readonly<Record<string, { open: string, frames: string, path: string }>> = {
  'xhr-streaming': { open: `${'h'.repeat(2048)}\no\n`, frames: 'a["é","two"]\na["three"]\n', path: 'xhr_streaming' },
  eventsource: { open: '\r\ndata: o\r\n\r\n', frames: 'data: a["é","two"]\r\n\r\ndata: a["three"]\r\n\r\n', path: 'eventsource' }
}

for (const [transport, { open, frames, path }] of Object.entries(FRAMES)) {
  for (const how of ['reset', 'end'] as const) {
    t.test(`${transport}: a stream with a ${how} at each octet is noticed, and no message is torn`, async (t) => {
      const bytes = Buffer.from(frames)
      for (let at = 0; at <= bytes.length; at++) {
        let streams = 0
        const server = await scripted(t, (request, response) => {
          if (!request.url!.includes(path)) return response.writeHead(404).end()
          // The client that comes back learns that its session has ended.
          if (++streams > 1) return response.end(open.includes('data') ? 'data: c[1002,"gone"]\r\n\r\n' : 'c[1002,"gone"]\n')
          response.writeHead(200, how === 'end' ? { connection: 'close' } : {})
          response.write(open)
          const rest = bytes.subarray(0, at)
          if (how === 'end') return response.end(rest)
          response.write(rest, () => response.socket!.destroySoon())
        })
        const client = new Client(server.url, { transports: transport })
        const { code } = await closeOf(client)
        t.ok(code === 1006 || code === 1002, `octet ${at}: ${code}`)
        const whole = bytes.subarray(0, at).toString().split('\n').slice(0, -1).flatMap((line) => line.includes('a[') ? JSON.parse(line.slice(line.indexOf('['))) as string[] : [])
        t.strictSame(client.texts.all, whole, `octet ${at}`)
      }
    })
  }
}

/** The polls of a session: each text is one response. After the last, a poll waits. */
function polls (...texts: (string | number)[]): Answer {
  let next = 0
  return (request, response) => {
    if (request.url!.includes('xhr_send')) return response.writeHead(404).end()
    const text = texts[next++]
    if (text === undefined) return
    if (typeof text === 'number') response.writeHead(text).end()
    else response.end(text)
  }
}

interface Row {
  readonly name: string
  readonly polls: readonly (string | number)[]
  /** Runs when the session is open. */
  readonly act?: (socket: WebSocket | SockJS) => void
  readonly seen: readonly Seen[]
}

/** The actions of a server over xhr-polling, and the events that both clients give. */
const CONTRACT: readonly Row[] = [
  { name: 'messages, then a close', polls: ['o\n', 'a["x","y"]\n', 'm"z"\n', 'c[3001,"bye"]\n'], seen: [['open'], ['message', 'x'], ['message', 'y'], ['message', 'z'], ['close', 3001, true]] },
  { name: 'a close before the session is open', polls: ['c[3000,"no"]\n'], seen: [['close', 3000, true]] },
  { name: 'a second o', polls: ['o\n', 'o\n'], seen: [['open'], ['close', 1006, false]] },
  { name: 'frames that are none', polls: ['o\n', 'x\na[\na{}\nzzz\n\nh\n', 'a["x"]\n', 'c[1000,"end"]\n'], seen: [['open'], ['message', 'x'], ['close', 1000, true]] },
  { name: 'a poll with 404', polls: ['o\n', 404], seen: [['open'], ['close', 1006, false]] },
  { name: 'a poll with 500', polls: ['o\n', 500], seen: [['open'], ['close', 1006, false]] },
  { name: '404 for the first poll', polls: [404], seen: [['close', 2000, false]] },
  { name: '404 for a message', polls: ['o\n'], act: (socket) => socket.send('x'), seen: [['open'], ['close', 1006, false]] },
  { name: 'close() of the program', polls: ['o\n'], act: (socket) => socket.close(3005, 'x'), seen: [['open'], ['close', 3005, true]] }
]

async function both (t: Test, begin: () => Promise<ScriptedServer>, { act, seen }: Pick<Row, 'act' | 'seen'>, transports: string): Promise<void> {
  for (const Class of [SockJSClient as unknown as typeof SockJS, SockJS]) {
    const { url } = await begin()
    const socket = new Class(url, null, { transports: [transports], timeout: 10_000 })
    const watched = watch(socket)
    if (act !== undefined) socket.addEventListener('open', () => act(socket))
    await within(watched.closed, 'the close')
    t.strictSame(watched.seen, seen, Class === SockJS ? 'this client' : 'sockjs-client')
  }
}

for (const row of CONTRACT) {
  t.test(`as sockjs-client: ${row.name}`, (t) => both(t, () => scripted(t, polls(...row.polls)), row, 'xhr-polling'))
}

t.test('as sockjs-client: /info that fails, and close() before its answer', async (t) => {
  for (const [path, act, seen] of [
    ['/nowhere', () => {}, [['close', 1002, false]]],
    ['', (socket: SockJS) => socket.close(), [['error'], ['close', 1000, true]]]
  ] as const) {
    for (const Class of [SockJSClient as unknown as typeof SockJS, SockJS]) {
      const { url } = await scripted(t, (request, response) => { response.writeHead(404).end() })
      const socket = new Class(path === '' ? url : url.replace('/echo', path))
      const watched = watch(socket)
      act(socket)
      await within(watched.closed, 'the close')
      t.strictSame(watched.seen, seen)
    }
  }
})

t.test('as sockjs-client: WebSockets', async (t) => {
  for (const [name, onSocket, seen] of [
    ['a close frame', (socket: WsSocket) => { for (const text of ['o', 'a["x"]', 'c[3001,"bye"]']) socket.send(text) }, [['open'], ['message', 'x'], ['close', 3001, true]]],
    ['a code without a frame', (socket: WsSocket) => { socket.send('o'); socket.close(4001, 'bye') }, [['open'], ['close', 4001, false]]],
    ['a code before o', (socket: WsSocket) => { socket.close(4001, 'bye') }, [['close', 4001, false]]],
    ['no frame at all', (socket: WsSocket) => { socket.terminate() }, [['close', 2000, false]]],
    ['a cut', (socket: WsSocket) => { socket.send('o', () => socket.terminate()) }, [['open'], ['close', 1006, false]]],
    ['garbage', (socket: WsSocket) => { for (const text of ['', 'x', 'o', Buffer.from('o'), 'a[', 'c[1000,"end"]']) socket.send(text) }, [['open'], ['close', 1000, true]]]
  ] as const) {
    await t.test(name, (t) => both(t, () => scripted(t, () => {}, onSocket), { seen: seen as unknown as Seen[] }, 'websocket'))
  }
})

t.test('a server that never answers: each transport gets its time, and then the session ends', async (t) => {
  const server = await scripted(t, () => {}, () => {})
  const attempts: unknown[] = []
  const client = new Client(server.url, { timeout: 100, onattempt: ({ transport, code }) => attempts.push([transport, code]) })
  t.strictSame(await closeOf(client), { code: 2000, reason: 'All transports failed', wasClean: false })
  t.strictSame(attempts, [['websocket', 2007], ['xhr-streaming', 2007], ['eventsource', 2007], ['xhr-polling', 2007]])
})

t.test('redirects that never end, and one to another place', async (t) => {
  const server = await scripted(t, (request, response) => { response.writeHead(307, { location: request.url! }).end() })
  const client = new Client(server.url, { transports: ['xhr-streaming', 'xhr-polling'] })
  t.match(await closeOf(client), { code: 2000 })
  let first = true
  const moved = await scripted(t, (request, response, body) => {
    if (request.url!.includes('moved')) response.end(first ? 'o\n' : 'c[1000,"end"]\n')
    else return response.writeHead(307, { location: '/moved' }).end()
    first = false
  })
  t.match(await closeOf(new Client(moved.url, { transports: 'xhr-polling' })), { code: 1000, wasClean: true })
})

t.test('a frame of eight megabytes, and a response without a frame', async (t) => {
  const text = 'x'.repeat(8 * 1024 * 1024)
  for (const transport of ['xhr-streaming', 'xhr-polling']) {
    const server = await scripted(t, polls('o\n', '', `a["${text}"]\n`, 'c[1000,"end"]\n'))
    const client = new Client(server.url, { transports: transport })
    t.match(await closeOf(client), { code: 1000 })
    t.ok(client.texts.all.length === 1 && client.texts.all[0] === text, transport)
    await until(() => server.requests.length === 5, 'four responses')
  }
})

t.test('one request of messages at a time, in bodies of bounded length', async (t) => {
  const bodies: string[] = []
  let under = 0
  let most = 0
  const server = await scripted(t, (request, response, body) => {
    if (!request.url!.includes('xhr_send')) return bodies.length === 0 && server.requests.length === 2 ? response.end('o\n') : undefined
    bodies.push(body)
    most = Math.max(most, ++under)
    setImmediate(() => {
      under--
      response.writeHead(204).end()
    })
  })
  const client = new Client(server.url, { transports: 'xhr-polling' })
  await within(client.opened.promise, 'an open client')
  const texts = Array.from({ length: 100 }, (_, i) => `${i} ${'x'.repeat(5000)}`)
  for (const text of texts) client.socket.send(text)
  await until(() => bodies.flatMap((body) => JSON.parse(body) as string[]).length === 100, 'all messages')
  t.strictSame(bodies.flatMap((body) => JSON.parse(body) as string[]), texts)
  t.equal(most, 1)
  t.ok(bodies.length < 15 && bodies.every((body) => body.length < 66_000), `${bodies.length} bodies`)
  client.abort()
  await closeOf(client)
})
