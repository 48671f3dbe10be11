import t from 'tap'
import { memoryBroker, type StompLimitOptions } from '../../../src/stomp.ts'
import { deferred, until } from '../../support/wait.ts'
import { buildStomp, refused, type StompTestClient, type StompTestServer } from '../support.ts'

const SEND = 'SEND\ndestination:/topic/a\n'
const CONNECT = 'CONNECT\naccept-version:1.2\n'

/** Header lines that make `frame` so many octets long, with what stands behind them. */
function padded (frame: string, end: string, octets: number): string {
  let rest = octets - frame.length - end.length
  let lines = ''
  while (rest > 0) {
    // A line has four octets at least, `x:` and its LF among them.
    const line = rest > 1004 ? 1000 : rest
    lines += 'x:' + 'p'.repeat(line - 3) + '\n'
    rest -= line
  }
  return frame + lines + end
}

const many = (count: number, frame: (i: number) => string): string => Array.from({ length: count }, (_, i) => frame(i)).join('')

interface Limit {
  readonly ids: string
  readonly code: string
  readonly standard: number
  readonly small: number
  /** What needs exactly so much. */
  readonly raw: (n: number) => string
  /** Whether it comes before CONNECTED. */
  readonly early?: boolean
}

/** Each limit, its default, another value, and frames that reach it. */
const LIMITS: Partial<Record<keyof StompLimitOptions, Limit>> = {
  headers: { ids: 'STOMP-L1, SEC-S68', code: 'STOMP_TOO_MANY_HEADERS', standard: 64, small: 5, raw: (n) => SEND + many(n - 1, () => 'x:y\n') + '\n\0' },
  headerLine: { ids: 'STOMP-L1, SEC-S68', code: 'STOMP_HEADER_LINE_TOO_LONG', standard: 8192, small: 40, raw: (n) => `${SEND}x:${'y'.repeat(n - 2)}\n\n\0` },
  head: { ids: 'STOMP-L1, SEC-S68', code: 'STOMP_HEAD_TOO_LONG', standard: 32_768, small: 200, raw: (n) => padded(SEND, '\n', n) + '\0' },
  body: { ids: 'STOMP-L1, SEC-S68', code: 'STOMP_BODY_TOO_LONG', standard: 65_536, small: 10, raw: (n) => `${SEND}\n${'é'.repeat(n >> 1)}${'b'.repeat(n & 1)}\0` },
  connectFrame: { ids: 'STOMP-L2, SEC-S68', code: 'STOMP_CONNECT_FRAME_TOO_LONG', standard: 8192, small: 100, raw: (n) => padded(CONNECT, '\n\0', n), early: true },
  subscriptions: {
    ids: 'STOMP-L1, SEC-S29',
    code: 'STOMP_TOO_MANY_SUBSCRIPTIONS',
    standard: 128,
    small: 2,
    raw: (n) => many(n, (i) => `SUBSCRIBE\nid:${i}\ndestination:/topic/a\n\n\0`)
  },
  transactions: {
    ids: 'STOMP-T6, SEC-S28', code: 'STOMP_TOO_MANY_TRANSACTIONS', standard: 16, small: 2, raw: (n) => many(n, (i) => `BEGIN\ntransaction:${i}\n\n\0`)
  },
  transactionFrames: {
    ids: 'STOMP-T6, SEC-S28',
    code: 'STOMP_TRANSACTION_TOO_LARGE',
    standard: 1000,
    small: 3,
    raw: (n) => 'BEGIN\ntransaction:1\n\n\0' + many(n, () => `${SEND}transaction:1\n\n\0`)
  },
  transactionBytes: {
    ids: 'STOMP-T6, SEC-S28',
    code: 'STOMP_TRANSACTION_TOO_LARGE',
    standard: 1_048_576,
    small: 300,
    raw (n) {
      const frame = (length: number): string => `${SEND}transaction:1\n\n${'b'.repeat(length)}\0`
      // The head counts too: names and values, without what stands between them.
      const head = frame(0).replace(/^SEND\n/, '').replace(/[:\n\0]/g, '').length
      const piece = Math.min(65_536 + head, n >> 1)
      const rest = n % piece
      const pieces = Math.floor(n / piece) - (rest > 0 && rest < head ? 1 : 0)
      const left = n - pieces * piece
      return 'BEGIN\ntransaction:1\n\n\0' + many(pieces, () => frame(piece - head)) + (left > 0 ? frame(Math.min(left - head, 65_536)) : '') +
        (left - head > 65_536 ? frame(left - head - 65_536 - head) : '')
    }
  },
  eols: { ids: 'SEC-S35', code: 'STOMP_TOO_MANY_EOLS', standard: 1000, small: 10, raw: (n) => '\n'.repeat(n) }
}

/** A client that has sent what is just allowed, or one more. */
async function reach (server: StompTestServer, { raw, early = false }: Limit, n: number): Promise<StompTestClient> {
  const client = early ? await server.open() : await server.connect()
  return client.raw(raw(n))
}

for (const [name, limit] of Object.entries(LIMITS)) {
  t.test(`${limit.ids}: ${name}, exactly and plus one`, async (t) => {
    for (const [value, options] of [[limit.standard, {}], [limit.small, { limits: { [name]: limit.small } }]] as const) {
      const server = await buildStomp(t, { stomp: options })
      const observer = await (await server.connect()).subscribe('a', '/topic/never')
      const fits = await reach(server, limit, value)
      if (limit.early === true) t.equal((await fits.next()).command, 'CONNECTED')
      t.equal((await fits.ask('COMMIT', { transaction: 'none' })).headers.get('code'), 'STOMP_UNKNOWN_TRANSACTION', `${value} is allowed`)
      await refused(t, await reach(server, limit, value + 1), limit.code, new RegExp(`\\b${value}\\b`))
      t.strictSame(await observer.bodies(), [], 'others notice nothing')
      await server.app.close()
    }
  })
}

t.test('STOMP-L1: command', async (t) => {
  for (const [value, options] of [[32, {}], [12, { limits: { command: 12 } }]] as const) {
    const server = await buildStomp(t, { stomp: options })
    await refused(t, (await server.connect()).raw('X'.repeat(value) + '\n\n\0'), 'STOMP_UNKNOWN_COMMAND')
    await refused(t, (await server.connect()).raw('X'.repeat(value + 1)), 'STOMP_COMMAND_TOO_LONG', new RegExp(`\\b${value}\\b`))
    await refused(t, (await server.open()).raw('X'.repeat(value + 1)), 'STOMP_COMMAND_TOO_LONG', new RegExp(`\\b${value}\\b`))
  }
})

t.test('STOMP-L1, SEC-S29: destination, in octets, for SEND and SUBSCRIBE', async (t) => {
  for (const [value, options] of [[255, {}], [21, { limits: { destination: 21 } }]] as const) {
    const server = await buildStomp(t, { stomp: options })
    const fits = '/topic/' + 'é'.repeat((value - 7) >> 1)
    t.equal(Buffer.byteLength(fits), value)
    const client = await (await server.connect()).subscribe('a', fits)
    await client.send(fits, 'hello')
    t.strictSame(await client.bodies(), ['hello'])
    for (const command of ['SEND', 'SUBSCRIBE'] as const) {
      const breaks = (await server.connect()).frame(command, { id: 'a', destination: fits + 'x', receipt: 'r-1' })
      await refused(t, breaks, 'STOMP_DESTINATION_TOO_LONG', new RegExp(`\\b${value}\\b`), 'r-1')
    }
  }
})

t.test('STOMP-T6: each transaction has its own room, and it is free again afterwards', async (t) => {
  const server = await buildStomp(t, { stomp: { limits: { transactions: 2, transactionFrames: 2 } } })
  const client = await server.connect()
  for (let round = 0; round < 3; round++) {
    for (const transaction of ['1', '2']) await client.ok('BEGIN', { transaction })
    for (const transaction of ['1', '1', '2', '2']) client.frame('SEND', { destination: '/topic/a', transaction })
    await client.ok('COMMIT', { transaction: '1' })
    await client.ok('ABORT', { transaction: '2' })
  }
})

t.test('STOMP-L1: a subscription that has ended leaves its place', async (t) => {
  const server = await buildStomp(t, { stomp: { limits: { subscriptions: 1 } } })
  const client = await server.connect()
  for (const id of ['1', '2', '3']) {
    await client.subscribe(id, '/topic/a')
    await client.ok('UNSUBSCRIBE', { id })
  }
})

t.test('SEC-S28: unacknowledged, exactly and plus one', async (t) => {
  for (const [value, options] of [[1000, {}], [2, { limits: { unacknowledged: 2 } }]] as const) {
    const server = await buildStomp(t, { stomp: options })
    const client = await (await server.connect({ user: 'kim' })).subscribe('a', '/user/queue/a', { ack: 'client' })
    for (let i = 0; i < value; i++) server.stomp.publishToUser('kim', '/queue/a', i)
    const messages = await client.arrived()
    t.equal(messages.length, value)
    await client.ok('ACK', { id: messages.at(-1)!.headers.get('ack')! })
    for (let i = 0; i < value; i++) server.stomp.publishToUser('kim', '/queue/a', i)
    t.equal((await client.arrived()).length, value, 'what is acknowledged does not count')
    server.stomp.publishToUser('kim', '/queue/a', 'one more')
    await refused(t, client, 'STOMP_TOO_MANY_UNACKNOWLEDGED')
  }
})

t.test('SEC-S28: unacknowledged, with acknowledgements in transactions and ends of subscriptions', async (t) => {
  const server = await buildStomp(t, { stomp: { limits: { unacknowledged: 2 } } })
  const client = await (await server.connect({ user: 'kim' })).subscribe('a', '/user/queue/a', { ack: 'client' })
  const publish = (): unknown => server.stomp.publishToUser('kim', '/queue/a', 'x')
  for (const end of ['COMMIT', 'COMMIT', 'ABORT'] as const) {
    for (let i = 0; i < 2; i++) publish()
    const messages = await client.arrived()
    await client.ok('BEGIN', { transaction: 't' })
    client.frame('ACK', { id: messages.at(-1)!.headers.get('ack')!, transaction: 't' })
    await client.ok(end, { transaction: 't' })
  }
  await client.ok('UNSUBSCRIBE', { id: 'a' })
  await client.subscribe('a', '/user/queue/a', { ack: 'client' })
  for (let i = 0; i < 2; i++) publish()
  t.equal((await client.arrived()).length, 2, 'what went with its subscription does not count')
  publish()
  await refused(t, client, 'STOMP_TOO_MANY_UNACKNOWLEDGED')
})

t.test('SEC-S35: EOLs are counted by the second', async (t) => {
  const server = await buildStomp(t, { stomp: { limits: { eols: 10 } } })
  const client = await server.connect()
  for (let second = 0; second < 5; second++) {
    client.raw('\n'.repeat(10))
    await client.ok('BEGIN', { transaction: String(second) })
    server.clock.advance(1_000)
  }
  client.raw('\n'.repeat(6))
  server.clock.advance(950)
  client.raw('\n'.repeat(5))
  await refused(t, client, 'STOMP_TOO_MANY_EOLS', /\b10\b/)
})

t.test('K8, SEC-S35: EOLs behind a frame that a hook holds up are counted as well', async (t) => {
  for (const bytes of [false, true]) {
    const server = await buildStomp(t, { stomp: { limits: { eols: 10 } }, routes: (app) => app.stomp.addHook('preSend', async () => {}) })
    const client = await server.connect()
    const input = `${SEND}\n\0${'\n'.repeat(11)}`
    client.raw(bytes ? Buffer.from(input) : input)
    await refused(t, client, 'STOMP_TOO_MANY_EOLS', /\b10\b/)
    const other = await server.connect()
    for (let i = 0; i < 5; i++) other.raw(`${SEND}\n\0\n\n`)
    await other.ok('BEGIN', { transaction: 'alive' })
  }
})

t.test('SPRING-C20, SPRING-C21: too much is refused at once, not when it has come', async (t) => {
  const server = await buildStomp(t, { stomp: { limits: { body: 128 } } })
  const announced = (await server.connect()).raw(`${SEND}\nfirst\0${SEND}receipt:r-1\ncontent-length:129\n\n`)
  await refused(t, announced, 'STOMP_BODY_TOO_LONG', /\b128\b/, 'r-1')
  const endless = (await server.connect()).raw(`${SEND}\n${'b'.repeat(128)}`)
  t.strictSame(endless.inner.waiting, [])
  await refused(t, endless.raw('b'), 'STOMP_BODY_TOO_LONG', /\b128\b/)
})

t.test('STOMP-L2: the limit for the first frame ends with CONNECTED', async (t) => {
  const server = await buildStomp(t)
  const client = await server.connect()
  await client.subscribe('a', '/topic/a')
  await client.send('/topic/a', 'b'.repeat(20_000))
  t.equal((await client.message()).body.length, 20_000)
})

t.test('pending: frames behind one that is being handled wait, all of them, in order', async (t) => {
  const gate = deferred<void>()
  const seen: string[] = []
  const server = await buildStomp(t, {
    stomp: { limits: { pending: 100 } },
    routes: (app) => app.stomp.message('/slow', async ({ body }) => {
      await gate.promise
      seen.push(body as string)
    })
  })
  const client = await server.connect()
  const expected = Array.from({ length: 100 }, (_, i) => String(i))
  for (const body of expected) client.frame('SEND', { destination: '/app/slow', 'content-type': 'text/plain' }, body)
  const last = client.ask('BEGIN', { transaction: 'a' })
  t.strictSame(seen, [])
  gate.resolve()
  await last
  t.strictSame(seen, expected)
})

t.test('pending: a client that goes on sending all the same is closed', async (t) => {
  const gate = deferred<void>()
  const server = await buildStomp(t, {
    sockjs: { queue: { limit: 100_000, highWater: 10_000 } },
    routes: (app) => app.stomp.message('/slow', () => gate.promise)
  })
  const client = await server.connect()
  client.frame('SEND', { destination: '/app/slow' })
  for (let i = 0; i < 50; i++) client.frame('SEND', { destination: '/topic/a' }, 'b'.repeat(60_000))
  t.equal((await client.closed).code, 1008)
  gate.resolve()
})

for (const [name, hook] of [['without hooks', undefined], ['with a hook that answers at once', () => {}], ['with a hook that answers later', async () => {}]] as const) {
  t.test(`K8, RELAY-12, ${name}: a broker that takes no more holds the client back`, async (t) => {
    const broker = memoryBroker()
    const room = deferred<void>()
    let published = 0
    const open = broker.connect.bind(broker)
    broker.connect = async (client, sink) => {
      const connection = await open(client, sink)
      const publish = connection.publish.bind(connection)
      connection.publish = (message) => {
        published++
        return publish(message)
      }
      connection.room = () => published > 0 ? room.promise : undefined
      return connection
    }
    const server = await buildStomp(t, { stomp: { broker }, routes: (app) => { if (hook !== undefined) app.stomp.addHook('preSend', hook) } })
    const client = await server.connect()
    for (let i = 0; i < 10; i++) client.frame('SEND', { destination: '/topic/x' })
    await until(() => published > 0, 'the first message')
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    t.equal(published, 1, 'the others wait')
    room.resolve()
    await client.send('/topic/x')
    t.equal(published, 11)
  })
}
