/** The clients of this package with SockJS and STOMP of Spring. */
import t, { type Test } from 'tap'
import { reconnecting, resumable } from '../../src/client.ts'
import { connectStomp, type StompClient, type StompOptions } from '../../src/stomp-client.ts'
import { Client, EventSource, TRANSPORTS, withGlobal } from '../client/support.ts'
import { SpringServer, VERSION } from '../support/spring/server.ts'
import { AWKWARD } from '../support/texts.ts'
import { Arrivals, until, within } from '../support/wait.ts'
import { BROWSERS, tryOut } from './browsers.ts'
import { trialsPage } from './places.ts'
import { startSite } from './site.ts'

/** The ways to receive: the transports, and eventsource by the class of browsers. */
const WAYS = [...TRANSPORTS, 'eventsource, EventSource'] as const

/** Two hundred messages, of which a few are awkward, and one has 64 Ki characters. */
const MESSAGES = [...Object.values(AWKWARD), 'é'.repeat(64 * 1024), ...Array.from({ length: 199 - Object.keys(AWKWARD).length }, (_, i) => `message ${i} é😀`)]

let spring: SpringServer

t.before(async () => {
  spring = await SpringServer.start()
  t.comment(`Spring Boot ${VERSION}`)
})
t.teardown(() => spring.close())

let count = 0

/** Opens a session, whose id both sides know. */
async function open (t: Test, transport: string, path = '/echo'): Promise<{ client: Client, id: string }> {
  const id = `session-${++count}`
  const client = new Client(spring.url + path, { transports: transport, sessionId: () => id })
  t.teardown(() => { client.abort() })
  await within(client.opened.promise, `an open ${transport}`)
  return { client, id }
}

function each (name: string, test: (t: Test, transport: string) => Promise<void>): void {
  t.test(name, { timeout: 240_000 }, async (t) => {
    for (const way of WAYS) {
      await t.test(way, async (t) => {
        if (way === 'eventsource, EventSource') withGlobal(t, 'EventSource', EventSource)
        await test(t, way.split(',')[0]!)
      })
    }
  })
}

each('two hundred messages each way, and a close of the server behind them', async (t, transport) => {
  const { client, id } = await open(t, transport)
  t.equal(client.socket.transport, transport)
  for (const text of MESSAGES) client.socket.send(text)
  t.strictSame(await client.take(MESSAGES.length), MESSAGES)
  client.socket.send('bye')
  t.strictSame(await within(client.closed.promise, 'the close'), { code: 3001, reason: 'bye é', wasClean: true })
  await until(async () => await spring.ended(id) === 3001, 'the server tells the code')
})

each('heartbeats, and a close of the client', async (t, transport) => {
  const { client, id } = await open(t, transport, '/quick')
  await until(() => client.heartbeats >= 3, 'three heartbeats')
  client.socket.send('alive')
  t.strictSame(await client.take(1), ['alive'])
  client.socket.send('last')
  client.socket.close(3002, 'enough')
  t.strictSame(await within(client.closed.promise, 'the close'), { code: 3002, reason: 'enough', wasClean: true })
  await until(async () => await spring.ended(id) !== null, 'the session of the server ends')
})

t.test('the client chooses, and takes another transport where the server has no WebSocket', async (t) => {
  for (const [path, transport] of [['/echo', 'websocket'], ['/disabled_websocket_echo', 'xhr-streaming'], ['/cookie_needed_echo', 'websocket']] as const) {
    const client = new Client(spring.url + path)
    t.teardown(() => { client.abort() })
    await within(client.opened.promise, 'an open session')
    t.equal(client.socket.transport, transport, path)
  }
})

t.test('a server without the extension `resume`: the session is a plain one', { timeout: 120_000 }, async (t) => {
  for (const transport of TRANSPORTS) {
    await t.test(transport, async (t) => {
      const socket = resumable(`${spring.url}/echo`, { transports: transport })
      const texts = new Arrivals<string>()
      const ends = new Arrivals<object>()
      let suspensions = 0
      socket.onmessage = ({ data }) => texts.push(data)
      socket.onsuspend = () => { suspensions++ }
      socket.onclose = ({ code, reason, wasClean, undelivered }) => ends.push({ code, reason, wasClean, undelivered })
      socket.onopen = () => { for (const text of MESSAGES) socket.send(text) }
      for (const text of MESSAGES) if (await texts.next() !== text) t.fail(`not ${text}`)
      t.strictSame([socket.renew(), socket.suspended, socket.bufferedAmount], [false, false, 0])
      socket.send('bye')
      t.strictSame(await ends.next(), { code: 3001, reason: 'bye é', wasClean: true, undelivered: undefined })
      t.equal(suspensions, 0)
    })
  }
})

t.test('reconnecting() goes on after a restart of Spring', { timeout: 240_000 }, async (t) => {
  for (const how of ['kill', 'end'] as const) {
    await t.test(how, async (t) => {
      const streams = TRANSPORTS.flatMap((transport) => [false, true].map((resume) => {
        const stream = reconnecting(`${spring.url}/echo`, { transports: transport, resume, minDelay: 50, maxDelay: 500, timeout: 30_000 })
        t.teardown(() => { stream.close() })
        const [opens, texts, interrupts] = [new Arrivals<void>(), new Arrivals<string>(), new Arrivals<number>()]
        stream.onopen = () => opens.push()
        stream.onmessage = ({ data }) => texts.push(data)
        stream.oninterrupt = ({ code }) => interrupts.push(code)
        stream.onclose = ({ code, reason }) => opens.end(new Error(`closed: ${code} ${reason}`))
        return { name: `${transport}, ${resume ? 'with' : 'without'} resume`, stream, opens, texts, interrupts }
      }))
      await Promise.all(streams.map(async ({ name, stream, opens, texts }) => {
        await opens.next(`${name}: the first session`)
        stream.send('before')
        t.equal(await texts.next(`${name}: an echo`), 'before', name)
      }))
      await spring.restart(how)
      await Promise.all(streams.map(async ({ name, stream, opens, texts, interrupts }) => {
        const code = await interrupts.next(`${name}: the interruption`)
        await opens.next(`${name}: another session`)
        stream.send('after')
        t.equal(await texts.next(`${name}: an echo`), 'after', `${name}: ${code}`)
      }))
    })
  }
})

/** Opens a STOMP client. Without the header `receipts` the simple broker sends a RECEIPT for DISCONNECT only. */
function stomp (t: Test, options: StompOptions = {}): StompClient {
  const client = connectStomp(`${spring.url}/stomp`, { minDelay: 50, maxDelay: 500, timeout: 30_000, headers: { receipts: 'true' }, ...options })
  t.teardown(() => client.close())
  return client
}

/** Takes so many bodies of a subscription. */
async function bodies (subscription: AsyncIterable<{ readonly body: unknown }>, length: number): Promise<unknown[]> {
  const taken: unknown[] = []
  for await (const { body } of subscription) if (taken.push(body) === length) break
  return taken
}

each('STOMP: loops, answers, receipts, users and errors', async (t, transport) => {
  const client = stomp(t, { transports: transport, headers: { receipts: 'true', login: 'kim' } })
  const failures = new Arrivals<unknown>()
  client.onerror = ({ error }) => failures.push([error.code, error.message])
  const room = client.subscribe('/topic/chat/:room', { params: { room: transport } })
  const alerts = client.subscribe('/user/queue/alerts')
  const who = client.subscribe('/user/queue/who')
  await within(Promise.all([room.ready, alerts.ready, who.ready]), 'the receipts of SUBSCRIBE')

  const lines = [...Object.values(AWKWARD), 'é'.repeat(16 * 1024), ...Array.from({ length: 50 }, (_, i) => `line ${i}`)].map((text) => ({ text }))
  const sent = lines.map((line) => client.send('/app/chat/:room', line, { params: { room: transport } }))
  t.strictSame(await within(bodies(room, lines.length), 'the answers'), lines.map((line) => ({ ...line, room: transport })))
  await within(Promise.all(sent), 'the receipts of SEND')

  const state = client.subscribe('/app/state/:name', { params: { name: 'x' } })
  t.strictSame(await within(bodies(state, 1), 'the answer of a subscription'), [{ name: 'x' }])
  await client.send('/app/who')
  t.strictSame(await within(bodies(who, 1), 'the answer for this session'), [{ name: 'kim' }])
  const lee = stomp(t, { transports: transport, headers: { receipts: 'true', login: 'lee' } })
  await lee.send('/app/tell/:name', { level: 'red' }, { params: { name: 'kim' } })
  t.strictSame(await within(bodies(alerts, 1), 'the message for a user'), [{ level: 'red' }])
  await client.send('/app/fail')
  t.strictSame(await failures.next('the error of a handler'), ['APP_FAILED', 'as asked'])

  const texts = client.subscribe('/topic/plain')
  await within(texts.ready, 'the receipt')
  await client.send('/app/plain', 'plain é')
  t.strictSame(await within(bodies(texts, 1), 'a text'), ['plain é'])
  await within(client.close(), 'the end, after the RECEIPT of DISCONNECT')
  t.equal(client.state, 'closed')
})

each('STOMP with `receipt: false`, for the simple broker as it is', async (t, transport) => {
  const client = stomp(t, { transports: transport, headers: {}, receipt: false })
  const room = client.subscribe(`/topic/plain-${transport}`)
  await within(room.ready, 'SUBSCRIBE is handed over')
  for (let i = 0; i < 20; i++) await client.send(`/topic/plain-${transport}`, { i })
  t.strictSame(await within(bodies(room, 20), 'the messages'), Array.from({ length: 20 }, (_, i) => ({ i })))
  await within(client.close(), 'the end')
})

t.test('STOMP: a login that Spring refuses ends the client', async (t) => {
  const client = stomp(t, { headers: { login: 'mallory' } })
  const ends = new Arrivals<unknown>()
  client.onclosed = ({ error }) => ends.push(error)
  t.match(await ends.next('the end'), { code: 'STOMP_ERROR' })
})

t.test('STOMP: heart-beats keep a silent connection, and find a server that stands still', { timeout: 240_000 }, async (t) => {
  const clients = TRANSPORTS.map((transport) => {
    const client = stomp(t, { transports: transport, heartBeat: [1000, 1000] })
    const [connects, interrupts] = [new Arrivals<string | undefined>(), new Arrivals<unknown>()]
    client.onconnected = ({ headers }) => connects.push(headers['heart-beat'])
    client.oninterrupted = ({ error }) => interrupts.push(error?.code)
    return { transport, client, connects, interrupts }
  })
  for (const { transport, connects } of clients) t.equal(await connects.next(`${transport}: connected`), '1000,1000', transport)
  // Spring closes a session from which it hears nothing for three intervals.
  await new Promise((resolve) => setTimeout(resolve, 5000))
  t.strictSame(clients.flatMap(({ interrupts }) => interrupts.all), [], 'nothing was interrupted')

  spring.server.signal('SIGSTOP')
  try {
    for (const { transport, interrupts } of clients) t.equal(await interrupts.next(`${transport}: interrupted`), 'STOMP_CLIENT_SILENT', transport)
  } finally {
    spring.server.signal('SIGCONT')
  }
  for (const { transport, connects } of clients) await connects.next(`${transport}: connected again`)
})

t.test('STOMP: a restart of Spring, after which the subscriptions exist again', { timeout: 240_000 }, async (t) => {
  const clients = TRANSPORTS.flatMap((transport) => [true, false].map((receipts) => {
    const client = stomp(t, { transports: transport, receipt: receipts })
    const recoveries = new Arrivals<void>()
    const gaps = new Arrivals<void>()
    client.onrecovered = () => recoveries.push()
    const room = client.subscribe(`/topic/restart-${transport}-${receipts}`, { ongap: () => gaps.push() })
    return { name: `${transport}, ${receipts ? 'with' : 'without'} receipts`, client, room, recoveries, gaps }
  }))
  for (const { name, room } of clients) await within(room.ready, `${name}: the subscription`)
  await spring.restart('end')
  for (const { name, client, room, recoveries, gaps } of clients) {
    await recoveries.next(`${name}: the recovery`)
    await client.send(room.destination, { after: true })
    t.strictSame((await within(room.next(), `${name}: a message`)).value?.body, { after: true }, name)
    await gaps.next(`${name}: the gap, because the broker keeps no history`)
  }
})

t.test('Chromium: a page of another origin, and its worker', { timeout: 240_000 }, async (t) => {
  const site = await startSite(t)
  const browser = await BROWSERS.Chromium()
  t.teardown(() => browser.close())
  const page = await browser.open()
  for (const transport of TRANSPORTS) {
    const options = { transports: [transport] }
    for (const trial of ['echo', 'inWorker'] as const) {
      const facts = await tryOut(page, `${trialsPage(site)}client.html`, trial, { ...options, trial: 'echo', url: `${spring.url}/echo`, sizes: ['awkward', 'small'] })
      t.same([facts.transport, facts.problem], [transport, undefined], `${transport}, ${trial}: echo`)
    }
    const chat = await tryOut(page, `${trialsPage(site)}client.html`, 'ownChat', { ...options, url: `${spring.url}/stomp`, headers: { receipts: 'true' } })
    t.equal(chat.problem, undefined, `${transport}: chat`)
  }
})
