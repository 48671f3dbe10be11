import SockJS from 'sockjs-client'
import t, { type Test } from 'tap'
import type { Session } from '../../src/index.ts'
import { type Host, newClient, newId, type TransportName, TRANSPORTS } from '../support/client.ts'
import { CUTS, type Cut, CuttingProxy } from '../support/cutting-proxy.ts'
import { ask } from '../support/http.ts'
import { SOAK, survived } from '../support/scale.ts'
import { buildServer } from '../support/server.ts'
import { deferred, isSettled, until, within } from '../support/wait.ts'

// docs/delivery.md, literally: a client sees a prefix of what was sent, in order, nothing twice, and then a close.

const MESSAGES = Array.from({ length: 64 }, (_, i) => `message ${i} ${'é'.repeat(i % 9)}`)

/** Every 64th octet of 4 KiB; every sixteenth of those in the short form, another one in each run of rows. */
function positions (row: number): number[] {
  const all = Array.from({ length: 64 }, (_, i) => 1 + i * 64)
  return SOAK ? all : all.filter((_, i) => i % 16 === row % 16)
}

/** Sends all messages, a few in each turn, so that responses end and follow each other in the middle of it. */
async function pushAll (session: Session): Promise<void> {
  for (const [i, message] of MESSAGES.entries()) {
    session.send(message)
    if (i % 4 === 3) await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** What one client has seen of a session until its end. */
interface Seen {
  readonly messages: readonly string[]
  /** The client knows that it is over. */
  readonly closed: boolean
}

type Watch = (host: Host, transport: TransportName, over: () => boolean) => Promise<Seen>

/** A client that takes a response that was cut for the end, and says so. */
const plain: Watch = async (host, transport, over) => {
  const client = newClient(host, transport)
  client.receive()
  const messages: string[] = []
  let closed = false
  let opened = false
  const reading = (async () => {
    for (;;) {
      const frame = await client.frames.next('a frame')
      // On a slow machine the client comes back after the disconnect delay: a second `o` says that the session is over.
      if (frame === 'o' && opened) return
      opened ||= frame === 'o'
      if (frame.startsWith('a')) messages.push(...JSON.parse(frame.slice(1)) as string[])
      if (frame.startsWith('c')) return
    }
  })().then(() => { closed = true }, () => { closed = true })
  await until(async () => messages.length === MESSAGES.length || await isSettled(reading) || over(), 'an end')
  if (messages.length < MESSAGES.length) await within(reading, `${transport}: a close`)
  client.abort()
  return { messages, closed }
}

/** The real client, as pages have it. */
const real: Watch = async (host, transport, over) => {
  const messages: string[] = []
  const end = deferred<void>()
  const socket = new SockJS(`http://127.0.0.1:${host.port}/echo`, null, { transports: [transport], timeout: 10_000 } as SockJS.Options)
  socket.onmessage = ({ data }) => { messages.push(data as string) }
  socket.onclose = () => end.resolve()
  await until(async () => messages.length === MESSAGES.length || await isSettled(end.promise) || over(), 'an end')
  // What is on its way may still come, and it may take the client a moment to notice.
  const patience = NOTICED.has(transport) ? 10_000 : 300
  await until(async () => messages.length === MESSAGES.length || await isSettled(end.promise), 'the client notices', patience).catch(() => {})
  const closed = await isSettled(end.promise)
  socket.close()
  return { messages, closed }
}

/** Over other requests the client in Node does not always tell a cut response from one that goes on (docs/delivery.md). */
const NOTICED: ReadonlySet<string> = new Set(['websocket', 'eventsource'])

const REAL_TRANSPORTS: readonly TransportName[] = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling']

interface Figures { runs: number, cut: number, unnoticed: number, complete: number }

/** What is the same in many runs. */
interface Setting {
  readonly watch: Watch
  readonly transport: TransportName
  readonly responseLimit?: number
  readonly figures: Figures
}

async function oneRun (t: Test, { watch, transport, responseLimit, figures }: Setting, how: Cut, at: number): Promise<void> {
  const endpoint = { disconnectDelay: 300, ...(responseLimit === undefined ? {} : { responseLimit }) }
  const server = await buildServer(t, { systemClock: true, endpoint, handler: pushAll })
  const proxy = await CuttingProxy.start(server.port, { at, how, way: 'to client', counts: (request) => request.includes(' /echo/') && !request.includes('/info') })
  const host: Host = { port: proxy.port, own: (client) => server.own(client) }
  const seen = await watch(host, transport, () => proxy.hasCut && server.closings.all.length > 0)
  figures.runs++
  if (proxy.hasCut) figures.cut++
  const name = `${transport} ${how} at ${at}: ${seen.messages.length} messages`
  const wrong = seen.messages.findIndex((message, i) => message !== MESSAGES[i])
  if (wrong >= 0) t.fail(`${name}: ${seen.messages[wrong]} in place of ${MESSAGES[wrong]}`)
  if (seen.messages.length === MESSAGES.length) figures.complete++
  else if (!seen.closed) figures.unnoticed++
  proxy.stop()
  await server.stop()
}

/** Every cut of every kind, some at once. */
async function cuts (t: Test, watch: Watch, transports: readonly TransportName[], responseLimit?: number): Promise<Map<string, Figures>> {
  const all = new Map<string, Figures>()
  for (const [row, transport] of transports.entries()) {
    const figures = { runs: 0, cut: 0, unnoticed: 0, complete: 0 }
    all.set(transport, figures)
    const setting = { watch, transport, figures, ...(responseLimit === undefined ? {} : { responseLimit }) }
    const runs = CUTS.flatMap((how, column) => positions(5 * row + 3 * column).map((at) => () => oneRun(t, setting, how, at)))
    await Promise.all(Array.from({ length: 6 }, async () => { for (let run = runs.shift(); run !== undefined; run = runs.shift()) await run() }))
  }
  return all
}

t.test('a plain client sees a prefix and then a close, wherever it is cut', async (t) => {
  for (const [transport, { runs, cut, unnoticed, complete }] of await cuts(t, plain, TRANSPORTS)) {
    t.equal(unnoticed, 0, `${transport}: ${runs} runs, ${cut} cuts, ${complete} complete`)
    t.ok(cut > 0)
    survived(`${cut} cuts of ${transport}, a plain client`)
  }
})

t.test('sockjs-client sees a prefix, wherever it is cut', async (t) => {
  for (const [transport, { runs, cut, unnoticed, complete }] of await cuts(t, real, REAL_TRANSPORTS)) {
    t.ok(cut > 0, `${transport}: ${runs} runs, ${cut} cuts, ${complete} complete, ${unnoticed} not noticed`)
    if (NOTICED.has(transport)) t.equal(unnoticed, 0, `${transport}: and then a close`)
    survived(`${cut} cuts of ${transport}, sockjs-client; ${unnoticed} not noticed by it`)
  }
})

t.test('the same with responses that the server ends, but for the streams that come back by themselves', async (t) => {
  await cuts(t, plain, ['xhr-streaming', 'xhr-polling', 'jsonp-polling'], 1024)
  await cuts(t, real, ['xhr-streaming', 'xhr-polling'], 1024)
})

t.test('after a cut nothing is delivered a second time: whoever asks again is told', async (t) => {
  const server = await buildServer(t, { handler: pushAll })
  for (const [transport, url, method] of [['xhr-streaming', 'xhr_streaming', 'POST'], ['eventsource', 'eventsource', 'GET'], ['htmlfile', 'htmlfile?c=cb', 'GET']] as const) {
    const id = newId()
    const client = newClient(server, transport, { id })
    client.receive()
    await client.frames.next('the first frame')
    await server.session()
    client.abort()
    t.match(await server.closing(), { code: 1002, reason: 'Connection interrupted' })
    const { body } = await ask({ port: server.port, method, path: `/echo/000/${id}/${url}` })
    t.match(body, /c\[1002,\\?"Connection interrupted\\?"\]/, transport)
    t.notMatch(body, /message \d/)
  }
})

t.test('from client to server: in order, at most once, and not less than was answered', async (t) => {
  for (const [row, transport] of (['xhr-streaming', 'jsonp-polling', 'websocket', 'websocket-raw'] as const).entries()) {
    for (const way of ['to server', 'to client'] as const) {
      for (const [column, how] of CUTS.entries()) {
        for (const at of positions(7 * row + 2 * column)) await oneSender(t, transport, way, how, at)
      }
    }
  }
})

async function oneSender (t: Test, transport: TransportName, way: 'to server' | 'to client', how: Cut, at: number): Promise<void> {
  const got: string[] = []
  const server = await buildServer(t, { handler (session) { session.on('message', (message) => { got.push(message) }) } })
  const isSocket = transport.startsWith('websocket')
  const proxy = await CuttingProxy.start(server.port, { at, how, way, counts: (request) => isSocket || request.includes('_send') })
  const client = newClient({ port: proxy.port, own: (client) => server.own(client) }, transport)
  let answered = 0
  try {
    await client.open()
    for (const message of MESSAGES) {
      if (proxy.hasCut) break
      await client.send(message)
      if (!isSocket) answered++
    }
    if (isSocket) await until(() => got.length === MESSAGES.length || proxy.hasCut, 'all messages, or the cut')
  } catch {
    // The cut: what was under way is unknown.
  }
  if (isSocket && proxy.hasCut) await until(() => server.endpoint.sessions.size === 0, 'the session has ended')
  const wrong = got.findIndex((message, i) => message !== MESSAGES[i])
  if (wrong >= 0) t.fail(`${transport} ${how} ${way} at ${at}: ${got[wrong]} in place of ${MESSAGES[wrong]}`)
  if (got.length < answered || (!isSocket && got.length > answered + 1)) t.fail(`${transport} ${how} at ${at}: ${answered} were answered, ${got.length} came`)
  client.abort()
  proxy.stop()
  await server.stop()
}
