import type { Test } from 'tap'
import { AWKWARD } from '../support/texts.ts'
import { until, within } from '../support/wait.ts'
import { stompjs } from './libraries.ts'
import { type Clients, fresh, sent, subscribed } from './library-clients.ts'
import type { Combination } from './library-combinations.ts'

const OCTETS = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256))

/** Who takes and sends everything. */
const OVER_WEBSOCKET: Pick<Combination, 'connect'> = { connect: (options) => stompjs({}, options) }

/** For what takes long by itself, on a busy machine. */
const PATIENCE = 30_000

/** Less than the 5 s after which the session of a poller that does not come back is given up. */
const SOON = 4_000

type Run = (t: Test, clients: Clients, combination: Combination) => Promise<void>

/** What every combination must do, or those for which `when` holds. */
type Case = Run & { readonly when?: (combination: Combination) => boolean }

function only (when: (combination: Combination) => boolean, run: Run): Case {
  return Object.assign(run, { when })
}

export const CASES: Readonly<Record<string, Case>> = {
  async 'STOMP-C2 STOMP-C4 connects with the highest version in common' (t, clients, { version }) {
    const headers = await (await clients.connect()).connected
    t.match(headers, { version, session: /^[\w-]+$/, server: /^fastify-sockjs\//, 'heart-beat': '0,0', 'user-name': 'guest' })
  },

  async 'STOMP-M1 STOMP-M6 STOMP-M8 awkward texts come back as they were, in order' (t, clients, { nul }) {
    const client = await clients.connect()
    const destination = '/topic/' + fresh('awkward')
    const { messages } = await subscribed(client, destination)
    const texts = Object.values(AWKWARD).map((text) => nul ? text : text.replaceAll('\0', ''))
    for (const text of texts) client.send(destination, text)
    for (const text of texts) {
      const message = await messages.next()
      t.equal(message.text, text)
      t.equal(message.headers['content-length'], String(Buffer.byteLength(text)))
    }
  },

  async 'STOMP-M4 STOMP-E1 headers pass' (t, clients, { escapes }) {
    const client = await clients.connect()
    const destination = '/topic/' + fresh('headers')
    const { messages } = await subscribed(client, destination)
    const awkward = escapes ? 'f:o:o\nbar\rbaz\\foo\nbar\rbaz\\' : 'grüße, 😀 & Co'
    client.send(destination, 'x', { awkward, 'content-type': 'text/plain;charset=utf-8', priority: '4' })
    t.match((await messages.next()).headers, { destination, awkward, 'content-type': 'text/plain;charset=utf-8', priority: '4' })
  },

  async 'STOMP-R1 STOMP-R2 frames are confirmed in order' (t, clients) {
    const client = await clients.connect()
    const destination = '/topic/' + fresh('receipts')
    const order: string[] = []
    const ids = ['one', 'two', 'three'].map(fresh)
    const confirmed = ids.map((id) => client.receipt(id).then(() => order.push(id)))
    const { messages } = client.subscribe(destination, { receipt: ids[0]! })
    client.send(destination, 'first', { receipt: ids[1]! })
    client.send(destination, 'second', { receipt: ids[2]! })
    await within(Promise.all(confirmed), 'three receipts')
    t.strictSame(order, ids)
    t.equal((await messages.next()).text, 'first')
    t.equal((await messages.next()).text, 'second')
  },

  async 'STOMP-S5 nothing comes after unsubscribing' (t, clients) {
    const client = await clients.connect()
    const destination = '/topic/' + fresh('unsubscribe')
    const gone = await subscribed(client, destination)
    const there = await subscribed(client, destination)
    gone.unsubscribe()
    client.send(destination, 'after')
    t.equal((await there.messages.next()).text, 'after')
    t.equal(gone.messages.all.length, 0)
  },

  async 'STOMP-A1 STOMP-A3 a refused message comes again, an acknowledged one does not' (t, clients) {
    const client = await clients.connect()
    const destination = '/queue/' + fresh('acknowledge')
    const first = await subscribed(client, destination, { ack: 'client-individual' })
    client.send(destination, 'work')
    const message = await first.messages.next()
    t.equal(message.text, 'work')
    t.equal(message.headers['redelivered'], undefined)
    message.nack()
    const again = await first.messages.next()
    t.equal(again.text, 'work')
    t.equal(again.headers['redelivered'], 'true')
    const receipt = fresh('acknowledged')
    const confirmed = client.receipt(receipt)
    again.ack({ receipt })
    await within(confirmed, 'the receipt of ACK')
    first.unsubscribe()
    const second = await subscribed(client, destination)
    client.send(destination, 'next')
    t.equal((await second.messages.next()).text, 'next')
  },

  async 'STOMP-A1 ack:client covers the messages before' (t, clients) {
    const client = await clients.connect()
    const destination = '/queue/' + fresh('cumulative')
    const first = await subscribed(client, destination, { ack: 'client' })
    // One by one: of messages that TCP brings together, stompjs 2 acknowledges the last.
    const messages = []
    for (const text of ['a', 'b', 'c']) {
      client.send(destination, text)
      messages.push(await first.messages.next())
    }
    messages[1]!.ack()
    first.unsubscribe()
    const second = await subscribed(client, destination)
    const message = await second.messages.next()
    t.equal(message.text, 'c')
    t.equal(message.headers['redelivered'], 'true')
  },

  'STOMP-A5 STOMP-D1 what a client has not acknowledged goes to the next when it leaves': only(({ farewell }) => farewell, async (t, clients) => {
    const leaving = await clients.connect()
    const staying = await clients.connect()
    const destination = '/queue/' + fresh('leaving')
    const first = await subscribed(leaving, destination, { ack: 'client' })
    leaving.send(destination, 'one')
    leaving.send(destination, 'two')
    await first.messages.next()
    await first.messages.next()
    const second = await subscribed(staying, destination, { ack: 'client' })
    await clients.disconnect(leaving)
    for (const text of ['one', 'two']) {
      const message = await within(second.messages.next(), 'redelivery, long before the session of a poller is given up', SOON)
      t.equal(message.text, text)
      t.equal(message.headers['redelivered'], 'true')
      message.ack()
    }
  }),

  async 'STOMP-T3 transactions are seen as a whole, or not at all' (t, clients) {
    const client = await clients.connect()
    const destination = '/topic/' + fresh('transaction')
    const { messages } = await subscribed(client, destination)
    const dropped = client.begin()
    const kept = client.begin()
    client.send(destination, 'dropped', { transaction: dropped.id })
    client.send(destination, 'one', { transaction: kept.id })
    client.send(destination, 'two', { transaction: kept.id })
    client.send(destination, 'outside')
    dropped.abort()
    kept.commit()
    for (const text of ['outside', 'one', 'two']) t.equal((await messages.next()).text, text)
    await sent(client, destination, 'last')
    t.equal((await messages.next()).text, 'last')
  },

  async 'STOMP-A6 an ACK in a transaction that was aborted has not happened' (t, clients) {
    const client = await clients.connect()
    const destination = '/queue/' + fresh('transaction')
    const first = await subscribed(client, destination, { ack: 'client-individual' })
    client.send(destination, 'work')
    const message = await first.messages.next()
    const transaction = client.begin()
    message.ack({ transaction: transaction.id })
    transaction.abort()
    first.unsubscribe()
    const second = await subscribed(client, destination)
    t.equal((await second.messages.next()).headers['redelivered'], 'true')
  },

  'STOMP-B1 STOMP-B6 STOMP-W6 bytes arrive as they were': only(({ bytes }) => bytes === 'raw', async (t, clients) => {
    // Two clients: whoever gets them has sent text alone so far.
    const [client, publisher] = [await clients.connect(), await clients.connect()]
    const destination = '/topic/' + fresh('bytes')
    const { messages } = await subscribed(client, destination)
    publisher.send(destination, OCTETS, { 'content-type': 'application/octet-stream' })
    publisher.send(destination, 'text')
    const { headers, bytes } = await messages.next()
    t.match(headers, { 'content-type': 'application/octet-stream', 'content-length': '1024' })
    t.strictSame(Buffer.from(bytes), OCTETS)
    t.equal((await messages.next()).text, 'text')
  }),

  'STOMP-K2 bytes arrive as base64 where only text can': only(({ bytes }) => bytes === 'base64', async (t, clients) => {
    const client = await clients.connect()
    const publisher = await clients.connect({}, OVER_WEBSOCKET)
    const destination = '/topic/' + fresh('bytes')
    const { messages } = await subscribed(client, destination)
    publisher.send(destination, OCTETS, { 'content-type': 'application/octet-stream' })
    publisher.send(destination, 'text')
    const { headers, text } = await messages.next()
    t.match(headers, { 'content-type': 'application/octet-stream', 'content-transfer-encoding': 'base64' })
    t.equal(text, OCTETS.toString('base64'))
    t.equal((await messages.next()).text, 'text')
  }),

  async 'STOMP-W4 STOMP-L1 1 MB in both directions' (t, clients, { large }) {
    const client = await clients.connect()
    const receiver = large ? client : await clients.connect({}, OVER_WEBSOCKET)
    const destination = '/topic/' + fresh('large')
    const { messages } = await subscribed(receiver, destination)
    const body = 'Grüße aus dem Norden. '.repeat(45_000).slice(0, 1_000_000)
    client.send(destination, body)
    const message = await within(messages.next(), 'a large message', PATIENCE)
    t.ok(message.text === body, 'one piece, and the same')
    t.equal(message.headers['content-length'], String(Buffer.byteLength(body)))
  },

  async 'STOMP-C7 STOMP-X1 a wrong passcode gets an ERROR, then the close' (t, clients) {
    const client = clients.start({ passcode: 'wrong' })
    const { headers, body } = await client.errors.next()
    t.match(headers, { message: /\w/, 'content-type': 'text/plain' })
    t.notMatch(headers['message'] + body, /wrong/)
    await within(client.closed, 'the close')
  },

  async 'STOMP-C7 no login at all is a guest without a name' (t, clients) {
    const client = await clients.connect({ login: undefined })
    t.equal((await client.connected)['user-name'], undefined)
  },

  async 'STOMP-D1 disconnects with a receipt' (t, clients, { patient, farewell }) {
    const client = await clients.connect()
    const { session } = await client.connected
    const receipt = await clients.disconnect(client)
    t.match(receipt, patient ? /^close-/ : undefined)
    if (farewell) await until(() => ![...clients.app.stomp.sessions].some(({ id }) => id === session), 'the session is over', SOON)
  },

  async 'the greeting' (t, clients) {
    const client = await clients.connect()
    const { messages } = await subscribed(client, '/topic/greetings')
    const name = fresh('Ada & "Grace"')
    client.send('/app/hello', JSON.stringify({ name }))
    t.strictSame(JSON.parse((await messages.next()).text), { content: `Hello, ${name}!` })
  },

  async 'the chat, and its rooms' (t, clients) {
    const [one, two] = [await clients.connect(), await clients.connect()]
    const rooms = await one.subscribe('/app/rooms').messages.next()
    t.ok((JSON.parse(rooms.text) as string[]).includes('lobby'))
    const here = await subscribed(one, '/topic/chat/lobby')
    const everywhere = await subscribed(two, '/topic/chat/*')
    const elsewhere = await subscribed(two, '/topic/chat/' + fresh('room'))
    const message = { type: 'CHAT', sender: 'ada', content: 'grüße 😀' }
    two.send('/app/chat/lobby', JSON.stringify(message))
    for (const { messages } of [here, everywhere]) {
      const said = JSON.parse((await messages.next()).text) as { time: string }
      t.match(said, { ...message, room: 'lobby' })
      t.equal(new Date(said.time).toISOString(), said.time)
    }
    t.equal(elsewhere.messages.all.length, 0)
  },

  async '/app/me answers the sender alone' (t, clients, { transport, version }) {
    const [client, other] = [await clients.connect(), await clients.connect()]
    const { messages } = await subscribed(client, '/user/queue/me')
    const others = await subscribed(other, '/user/queue/me')
    const { session } = await client.connected
    client.send('/app/me')
    const { text, headers } = await messages.next()
    t.strictSame(JSON.parse(text), { session, user: 'guest', transport, version })
    t.equal(headers['destination'], '/user/queue/me')
    other.send('/app/me')
    t.equal((JSON.parse((await others.messages.next()).text) as { session: string }).session, (await other.connected)['session'])
    t.equal(messages.all.length, 1)
  },

  async 'STOMP-R3 STOMP-X2 /app/fail is told where errors are subscribed, else ends the session' (t, clients) {
    const [listening, deaf] = [await clients.connect(), await clients.connect()]
    const { messages } = await subscribed(listening, '/user/queue/errors')
    listening.send('/app/fail')
    deaf.send('/app/fail')
    const { text } = await messages.next()
    t.match(JSON.parse(text), { message: /\w/, destination: '/app/fail' })
    const { headers, body } = await deaf.errors.next()
    t.match(headers, { message: /\w/ })
    t.notMatch(text + headers['message'] + body, /failed as asked/)
    await within(deaf.closed, 'the close')
    await sent(listening, '/topic/' + fresh('alive'), 'still connected')
  },

  async 'requests are answered on a temporary queue' (t, clients) {
    const [client, service] = [await clients.connect(), await clients.connect()]
    const destination = '/queue/' + fresh('service')
    const requests = await subscribed(service, destination)
    client.send(destination, 'ping?', { 'reply-to': '/temp-queue/answers', 'correlation-id': '7' })
    const request = await requests.messages.next()
    t.equal(request.text, 'ping?')
    service.send(request.headers['reply-to']!, 'pong!', { 'correlation-id': request.headers['correlation-id']! })
    const answer = await client.unhandled.next()
    t.equal(answer.text, 'pong!')
    t.match(answer.headers, { subscription: '/temp-queue/answers', 'correlation-id': '7' })
  }
}
