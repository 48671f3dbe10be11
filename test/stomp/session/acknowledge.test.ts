import t from 'tap'
import { memoryBroker, type Version } from '../../../src/stomp.ts'
import type { Frame } from '../../../src/stomp/codec/index.ts'
import { buildStomp, headersOf, refused, type StompTestClient, type StompTestServer } from '../support.ts'

/** How each version names a delivery (STOMP-A2). */
const NAMES = new Map<Version, (message: Frame) => Record<string, string>>([
  ['1.0', ({ headers }) => ({ 'message-id': headers.get('message-id')! })],
  ['1.1', ({ headers }) => ({ 'message-id': headers.get('message-id')!, subscription: headers.get('subscription')! })],
  ['1.2', ({ headers }) => ({ id: headers.get('ack')! })]
])

const nameOf = (client: StompTestClient, message: Frame): Record<string, string> => NAMES.get(client.version)!(message)

/** A client with a subscription, and messages that it has got and not acknowledged. */
async function holding (
  server: StompTestServer, destination: string, ack: string, bodies: readonly string[], version: Version = '1.2'
): Promise<{ client: StompTestClient, messages: Frame[] }> {
  const client = await (await server.connect({ version })).subscribe('sub', destination, { ack })
  for (const body of bodies) await client.send(destination, body)
  return { client, messages: await client.arrived() }
}

/** What is still in a queue when its only consumer has gone. */
async function left (server: StompTestServer, client: StompTestClient, destination = '/queue/a'): Promise<[string, string | undefined][]> {
  client.inner.abort()
  await client.closed
  const next = await (await server.connect()).subscribe('sub', destination)
  const messages = await next.arrived()
  next.inner.abort()
  return messages.map(({ headers, body }) => [body.text, headers.get('redelivered')])
}

// --- ACK and NACK -----------------------------------------------------------------------------------------------------------

t.test('STOMP-A1: auto takes a message when it is sent', async (t) => {
  const server = await buildStomp(t)
  const { client } = await holding(server, '/queue/a', 'auto', ['1', '2'])
  t.strictSame(await left(server, client), [])
})

for (const version of ['1.0', '1.1', '1.2'] as const) {
  t.test(`STOMP-A1, STOMP-A2: client covers all that came before, on that subscription (${version})`, async (t) => {
    const server = await buildStomp(t)
    const { client, messages } = await holding(server, '/queue/a', 'client', ['1', '2', '3'], version)
    await client.subscribe('other', '/queue/b', { ack: 'client' })
    await client.send('/queue/b', 'other')
    await client.ok('ACK', nameOf(client, messages[1]!))
    t.strictSame(await left(server, client), [['3', 'true']])
    t.strictSame(await left(server, client, '/queue/b'), [['other', 'true']])
  })
}

for (const version of ['1.1', '1.2'] as const) {
  t.test(`STOMP-A1, STOMP-A2: client-individual covers that one (${version})`, async (t) => {
    const server = await buildStomp(t)
    const { client, messages } = await holding(server, '/queue/a', 'client-individual', ['1', '2', '3'], version)
    await client.ok('ACK', nameOf(client, messages[1]!))
    await client.ok('ACK', nameOf(client, messages[0]!))
    t.strictSame(await left(server, client), [['3', 'true']])
  })
}

t.test('STOMP-A2: more headers than needed are harmless', async (t) => {
  const server = await buildStomp(t)
  const { client, messages } = await holding(server, '/queue/a', 'client', ['1', '2'])
  await client.ok('ACK', { ...nameOf(client, messages[0]!), subscription: 'nonsense', 'message-id': 'nonsense', foo: 'bar' })
  t.strictSame(await left(server, client), [['2', 'true']])
})

t.test('STOMP-A2: the needed ones are needed', async (t) => {
  const server = await buildStomp(t)
  const rows = [
    ['1.0', {}, 'message-id'], ['1.1', { 'message-id': 'x' }, 'subscription'], ['1.1', { subscription: 'sub' }, 'message-id'],
    ['1.2', { 'message-id': 'x', subscription: 'sub' }, 'id']
  ] as const
  for (const [version, headers, missing] of rows) {
    for (const command of version === '1.0' ? ['ACK'] as const : ['ACK', 'NACK'] as const) {
      const client = (await server.connect({ version })).frame(command, { ...headers, receipt: 'r-1' })
      await refused(t, client, 'STOMP_HEADER_MISSING', new RegExp(`\\(${missing}\\)`), 'r-1')
    }
  }
})

t.test('STOMP-A3: NACK gives back, to another consumer if there is one, with redelivered', async (t) => {
  const server = await buildStomp(t)
  for (const [ack, named, back] of [['client', 1, ['1', '2']], ['client-individual', 1, ['2']]] as const) {
    const queue = `/queue/${ack}`
    const { client, messages } = await holding(server, queue, ack, ['1', '2', '3'])
    const other = await (await server.connect()).subscribe('o', queue)
    await client.ok('NACK', nameOf(client, messages[named]!))
    t.strictSame((await other.arrived()).map(({ headers, body }) => [body.text, headers.get('redelivered')]), back.map((body) => [body, 'true']))
    other.inner.abort()
  }
})

t.test('STOMP-A3: a message that is given back too often goes to /dlq', async (t) => {
  const server = await buildStomp(t, { stomp: { broker: memoryBroker({ maxDeliveries: 3 }) } })
  const client = await (await server.connect()).subscribe('q', '/queue/a', { ack: 'client' })
  await client.send('/queue/a', 'poison', { foo: 'bar' })
  for (const redelivered of [undefined, 'true', 'true']) {
    const message = await client.message()
    t.equal(message.headers.get('redelivered'), redelivered)
    await client.ok('NACK', nameOf(client, message))
  }
  await client.subscribe('dead', '/dlq')
  const [letter] = await client.arrived()
  t.match(headersOf(letter!), { subscription: 'dead', destination: '/dlq', 'original-destination': '/queue/a', foo: 'bar' })
})

t.test('STOMP-A4: an id that is unknown, acknowledged already, of another connection, or of an auto subscription', async (t) => {
  const server = await buildStomp(t)
  const { client, messages } = await holding(server, '/queue/a', 'client', ['1', '2'])
  await client.ok('ACK', nameOf(client, messages[0]!))
  const stranger = await server.connect()
  await refused(t, stranger.frame('ACK', { ...nameOf(client, messages[1]!), receipt: 'r-1' }), 'STOMP_UNKNOWN_MESSAGE', /./, 'r-1')
  await refused(t, client.frame('ACK', { ...nameOf(client, messages[0]!), receipt: 'r-2' }), 'STOMP_UNKNOWN_MESSAGE', /./, 'r-2')
  for (const [version, headers] of [
    ['1.2', { id: '1-1' }], ['1.2', { id: '__proto__' }], ['1.1', { 'message-id': 'x', subscription: 'sub' }],
    ['1.1', { 'message-id': 'x', subscription: 'nonsense' }], ['1.0', { 'message-id': 'x' }]
  ] as const) {
    const { client: auto } = await holding(server, '/topic/b', 'auto', ['1'], version)
    await refused(t, auto.frame('ACK', headers), 'STOMP_UNKNOWN_MESSAGE')
  }
  const { client: auto, messages: [message] } = await holding(server, '/topic/b', 'auto', ['1'], '1.1')
  await refused(t, auto.frame('NACK', nameOf(auto, message!)), 'STOMP_UNKNOWN_MESSAGE')
})

t.test('STOMP-A5, STOMP-D2: what a lost client had not acknowledged goes to the next, in order', async (t) => {
  const server = await buildStomp(t)
  for (const leave of ['abort', 'disconnect', 'error']) {
    const { client } = await holding(server, '/queue/a', 'client-individual', ['1', '2', '3'])
    await server.stomp.publish('/queue/a', '4')
    if (leave === 'disconnect') await client.ok('DISCONNECT')
    if (leave === 'error') await client.frame('ACK', { id: 'x' }).closed
    t.strictSame(await left(server, client), ['1', '2', '3', '4'].map((body) => [body, 'true']), leave)
  }
})

t.test('STOMP-A6: an ACK in a transaction waits for COMMIT', async (t) => {
  const server = await buildStomp(t)
  for (const [end, back] of [
    ['COMMIT', [['3', 'true']]], ['ABORT', [['1', 'true'], ['2', 'true'], ['3', 'true']]], [null, [['1', 'true'], ['2', 'true'], ['3', 'true']]]
  ] as const) {
    const { client, messages } = await holding(server, '/queue/a', 'client', ['1', '2', '3'])
    await client.ok('BEGIN', { transaction: 'tx' })
    client.frame('ACK', { ...nameOf(client, messages[1]!), transaction: 'tx' })
    t.strictSame(await client.bodies(), [])
    if (end !== null) await client.ok(end, { transaction: 'tx' })
    t.strictSame(await left(server, client), back, String(end))
  }
})

t.test('STOMP-A6: after ABORT the message is unacknowledged again, for the same client; NACK waits likewise', async (t) => {
  const server = await buildStomp(t)
  const { client, messages: [message] } = await holding(server, '/queue/a', 'client', ['1'])
  for (const command of ['ACK', 'NACK'] as const) {
    await client.ok('BEGIN', { transaction: 'tx' })
    client.frame(command, { ...nameOf(client, message!), transaction: 'tx' })
    await client.ok('ABORT', { transaction: 'tx' })
    t.strictSame(await client.bodies(), [], 'it is not delivered again')
  }
  await client.ok('BEGIN', { transaction: 'tx' })
  client.frame('NACK', { ...nameOf(client, message!), transaction: 'tx' })
  await client.ok('COMMIT', { transaction: 'tx' })
  const again = await client.message()
  t.equal(again.headers.get('redelivered'), 'true')
  await client.ok('ACK', nameOf(client, again))
  t.strictSame(await left(server, client), [])
})

t.test('STOMP-A4, STOMP-A6: what a transaction has acknowledged is not acknowledged twice', async (t) => {
  const server = await buildStomp(t)
  for (const more of [{}, { transaction: 'tx' }, { transaction: 'other' }]) {
    const { client, messages: [message] } = await holding(server, '/topic/a', 'client', ['1'])
    for (const transaction of ['tx', 'other']) await client.ok('BEGIN', { transaction })
    client.frame('ACK', { ...nameOf(client, message!), transaction: 'tx' })
    await refused(t, client.frame('ACK', { ...nameOf(client, message!), ...more }), 'STOMP_UNKNOWN_MESSAGE')
  }
})

// --- transactions -----------------------------------------------------------------------------------------------------------

t.test('STOMP-T1, STOMP-T2: a transaction has an id, is begun once, and is known', async (t) => {
  const server = await buildStomp(t)
  for (const command of ['BEGIN', 'COMMIT', 'ABORT'] as const) {
    await refused(t, (await server.connect()).frame(command, { receipt: 'r-1' }), 'STOMP_HEADER_MISSING', /\(transaction\)/, 'r-1')
  }
  const client = await server.connect()
  for (const end of ['COMMIT', 'ABORT', 'COMMIT'] as const) {
    await client.ok('BEGIN', { transaction: 'tx' })
    await client.ok(end, { transaction: 'tx' })
  }
  await client.ok('BEGIN', { transaction: 'tx' })
  await (await server.connect()).ok('BEGIN', { transaction: 'tx' })
  await refused(t, client.frame('BEGIN', { transaction: 'tx', receipt: 'r-2' }), 'STOMP_DUPLICATE_TRANSACTION', /./, 'r-2')
  for (const command of ['COMMIT', 'ABORT', 'SEND', 'ACK', 'NACK'] as const) {
    const { client, messages: [message] } = await holding(server, '/queue/t2', 'client', ['1'])
    const frame = client.frame(command, { ...nameOf(client, message!), destination: '/queue/t2', transaction: 'unknown', receipt: 'r-3' })
    await refused(t, frame, 'STOMP_UNKNOWN_TRANSACTION', /./, 'r-3')
    t.equal((await left(server, client, '/queue/t2')).length, 1, `${command} did nothing`)
  }
})

t.test('STOMP-T3: COMMIT shows everything at once, ABORT nothing', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/upper', { sendTo: '/topic/a' }, ({ body }) => (body as string).toUpperCase()) })
  const watcher = await (await server.connect()).subscribe('w', '/topic/a')
  const [one, two] = [await server.connect(), await server.connect()]
  const send = (client: StompTestClient, body: string, transaction: string, destination = '/topic/a'): StompTestClient =>
    client.frame('SEND', { destination, transaction, 'content-type': 'text/plain' }, body)
  for (const client of [one, two]) for (const transaction of ['tx', 'other']) await client.ok('BEGIN', { transaction })
  for (let i = 0; i < 3; i++) {
    send(one, `one ${i}`, 'tx')
    send(two, `two ${i}`, 'tx')
    send(one, `never ${i}`, 'other')
    send(one, `route ${i}`, 'tx', '/app/upper')
    one.frame('SEND', { destination: '/topic/a' }, `outside ${i}`)
  }
  await one.arrived()
  await two.arrived()
  t.strictSame(await watcher.bodies(), ['outside 0', 'outside 1', 'outside 2'])
  await one.ok('COMMIT', { transaction: 'tx' })
  await one.ok('ABORT', { transaction: 'other' })
  t.strictSame(await watcher.bodies(), ['one 0', 'one 1', 'one 2', 'ROUTE 0', 'ROUTE 1', 'ROUTE 2'], 'the broker\'s first, then the routes\'')
  await two.ok('COMMIT', { transaction: 'tx' })
  t.strictSame(await watcher.bodies(), ['two 0', 'two 1', 'two 2'])
})

t.test('STOMP-T3: a transaction that the broker refuses shows nothing', async (t) => {
  const server = await buildStomp(t, { stomp: { broker: memoryBroker({ maxQueueMessages: 1 }) } })
  const watcher = await (await server.connect()).subscribe('w', '/topic/a')
  const client = await server.connect()
  await client.ok('BEGIN', { transaction: 'tx' })
  for (const destination of ['/topic/a', '/queue/full', '/queue/full']) client.frame('SEND', { destination, transaction: 'tx' }, 'x')
  await refused(t, client.frame('COMMIT', { transaction: 'tx', receipt: 'r-1' }), 'STOMP_QUEUE_FULL', /./, 'r-1')
  t.strictSame(await watcher.bodies(), [])
  t.strictSame(await left(server, client, '/queue/full'), [])
})

t.test('STOMP-T4: open transactions end with their connection', async (t) => {
  const server = await buildStomp(t)
  const watcher = await (await server.connect()).subscribe('w', '/topic/a')
  for (const leave of ['abort', 'disconnect', 'error']) {
    const client = await server.connect()
    await client.ok('BEGIN', { transaction: 'tx' })
    client.frame('SEND', { destination: '/topic/a', transaction: 'tx' }, 'never')
    if (leave === 'disconnect') await client.ok('DISCONNECT')
    else if (leave === 'error') await client.frame('ACK', { id: 'x' }).closed
    else client.inner.abort()
  }
  t.strictSame(await watcher.bodies(), [])
})

for (const [transactionReceipts, expected] of [['commit', ['1', '5', '2', '3', '4']], ['immediate', ['1', '2', '3', '5', '4']]] as const) {
  t.test(`STOMP-T5, STOMP-R2: receipts inside of a transaction, with transactionReceipts: ${transactionReceipts}`, async (t) => {
    const server = await buildStomp(t, { stomp: { transactionReceipts } })
    for (const end of ['COMMIT', 'ABORT'] as const) {
      const { client, messages: [message] } = await holding(server, '/topic/a', 'client', ['1'])
      client.frame('BEGIN', { transaction: 'tx', receipt: '1' })
        .frame('SEND', { destination: '/topic/b', transaction: 'tx', receipt: '2' })
        .frame('ACK', { ...nameOf(client, message!), transaction: 'tx', receipt: '3' })
        .frame('SEND', { destination: '/topic/b', receipt: '5' })
        .frame(end, { transaction: 'tx', receipt: '4' })
      const receipts = []
      for (let i = 0; i < 5; i++) receipts.push((await client.next()).headers.get('receipt-id'))
      t.strictSame(receipts, expected, end)
    }
  })
}

t.test('STOMP-T7: SUBSCRIBE and UNSUBSCRIBE know no transactions', async (t) => {
  const server = await buildStomp(t)
  const client = await (await server.connect()).subscribe('a', '/topic/a', { transaction: 'unknown' })
  await client.send('/topic/a', 'x')
  t.strictSame(await client.bodies(), ['x'])
  await client.ok('UNSUBSCRIBE', { id: 'a', transaction: 'unknown' })
})
