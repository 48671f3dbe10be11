import t from 'tap'
import { type Broker, type BrokerConnection, BrokerError, memoryBroker, StompError } from '../../../src/stomp.ts'
import { deferred, until } from '../../support/wait.ts'
import { buildStomp, headersOf, refused, text } from '../support.ts'

// --- receipts -----------------------------------------------------------------------------------------------------------------

t.test('STOMP-R1, STOMP-R2: one RECEIPT for every frame that asks, in order, with the id as it was', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/slow', () => new Promise((resolve) => { setImmediate(resolve) })) })
  const client = await server.connect()
  await client.subscribe('q', '/queue/a', { ack: 'client-individual' })
  for (const body of ['1', '2']) await client.send('/queue/a', body)
  const [first, second] = (await client.arrived()).map(({ headers }) => headers.get('ack')!)
  const frames = [
    ['SUBSCRIBE', { id: 'b', destination: '/topic/b' }], ['SEND', { destination: '/app/slow' }], ['SEND', { destination: '/topic/nobody' }],
    ['BEGIN', { transaction: 'tx' }],
    ['ACK', { id: first! }], ['NACK', { id: second! }], ['COMMIT', { transaction: 'tx' }], ['BEGIN', { transaction: 'tx' }], ['ABORT', { transaction: 'tx' }],
    ['UNSUBSCRIBE', { id: 'q' }], ['DISCONNECT', {}]
  ] as const
  const ids = frames.map(([command], i) => `${i}: ${command}\\\r\n`)
  for (const [i, [command, headers]] of frames.entries()) client.frame(command, { ...headers, receipt: ids[i]! })
  t.equal((await client.closed).code, 1000)
  const answers = client.inner.waiting.filter(({ command }) => command !== 'MESSAGE')
  t.strictSame(answers.map(({ headers }) => headers.get('receipt-id')), ids)
  for (const answer of answers) {
    t.equal(answer.command, 'RECEIPT')
    t.strictSame([...answer.headers.keys()], ['receipt-id'])
    t.equal(answer.body.length, 0)
  }
})

t.test('STOMP-R1: no RECEIPT where none was asked for', async (t) => {
  const server = await buildStomp(t)
  const client = await server.connect()
  client.frame('SUBSCRIBE', { id: 'a', destination: '/topic/b' })
    .frame('SEND', { destination: '/topic/a' })
    .frame('BEGIN', { transaction: '1' })
    .frame('COMMIT', { transaction: '1' })
    .frame('UNSUBSCRIBE', { id: 'a' }).frame('DISCONNECT')
  t.equal((await client.closed).code, 1000)
  t.strictSame(client.inner.waiting.map(text), [])
})

t.test('SEC-S57: a receipt cannot add headers or frames', async (t) => {
  const server = await buildStomp(t)
  const evil = 'a\nx:y\n\nMESSAGE\0'
  const client = await server.connect({ version: '1.1' })
  const answer = await client.frame('BEGIN', { transaction: 'a', receipt: 'a\nx:y\n\nMESSAGE' }).next()
  t.strictSame([...answer.headers], [['receipt-id', evil.slice(0, -1)]])
})

t.test('STOMP-R2: the RECEIPT of SUBSCRIBE says that what anybody sends from now on will come', async (t) => {
  const server = await buildStomp(t)
  const sender = await server.connect()
  for (let i = 0; i < 20; i++) {
    const client = await (await server.connect()).subscribe('a', '/topic/a')
    await sender.send('/topic/a', String(i))
    t.equal((await client.message()).body.text, String(i))
    client.inner.abort()
  }
})

/** An object with some of its methods replaced; the others are its own. */
function wrap<T extends object> (inner: T, replaced: Partial<T>): T {
  return new Proxy(inner, {
    get (target, name) {
      if (name in replaced) return Reflect.get(replaced, name) as unknown
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? value.bind(target) as unknown : value
    }
  })
}

/** The memory broker with confirmations that come when and as the test says. */
function slowBroker (confirm: (what: string) => Promise<void> | undefined): Broker {
  const inner = memoryBroker()
  return wrap(inner, {
    async connect (...args) {
      const connection = await inner.connect(...args)
      const slow = <A extends unknown[]> (method: (...args: A) => unknown) => (...args: A): never => {
        const result = method.apply(connection, args)
        return (confirm(method.name)?.then(() => result) ?? result) as never
      }
      const { subscribe, unsubscribe, publish, commit } = connection
      return wrap<BrokerConnection>(connection, { subscribe: slow(subscribe), unsubscribe: slow(unsubscribe), publish: slow(publish), commit: slow(commit) })
    }
  })
}

t.test('STOMP-R2: in the order of the frames, whatever order the broker confirms in', async (t) => {
  const gates = ['publish', 'subscribe', 'commit', 'unsubscribe'].map((name) => ({ name, gate: deferred<void>() }))
  const server = await buildStomp(t, { stomp: { broker: slowBroker((what) => gates.find(({ name }) => name === what)?.gate.promise) } })
  const client = await server.connect()
  client.frame('SEND', { destination: '/topic/a', receipt: '1' })
    .frame('SUBSCRIBE', { id: 'a', destination: '/topic/a', receipt: '2' })
    .frame('BEGIN', { transaction: 't', receipt: '3' })
    .frame('COMMIT', { transaction: 't', receipt: '4' }).frame('UNSUBSCRIBE', { id: 'a', receipt: '5' }).frame('DISCONNECT', { receipt: '6' })
  for (const { gate } of gates.toReversed()) {
    await new Promise((resolve) => { setImmediate(resolve) })
    t.strictSame(client.inner.waiting, [])
    gate.resolve()
  }
  t.equal((await client.closed).code, 1000, 'STOMP-D1: the frames before DISCONNECT are completed')
  t.strictSame(client.inner.waiting.map(({ headers }) => headers.get('receipt-id')), ['1', '2', '3', '4', '5', '6'])
})

t.test('STOMP-R3: what the broker refuses late is an ERROR for that frame, and no RECEIPT', async (t) => {
  const gate = deferred<void>()
  const server = await buildStomp(t, { stomp: { broker: slowBroker((what) => what === 'publish' ? gate.promise : undefined) } })
  const client = await server.connect()
  client.frame('SEND', { destination: '/topic/a', receipt: '1' }).frame('BEGIN', { transaction: 'a', receipt: '2' })
  gate.reject(new BrokerError('BROKER_FULL', 'The broker takes nothing'))
  await refused(t, client, 'BROKER_FULL', /^The broker takes nothing$/, '1')
})

t.test('STOMP-R3: a commit that is refused while a route still works hurts nobody else', async (t) => {
  const [gate, route] = [deferred<void>(), deferred<void>()]
  const server = await buildStomp(t, {
    stomp: { broker: slowBroker((what) => what === 'commit' ? gate.promise : undefined) }, routes: (app) => app.stomp.message('/slow', () => route.promise)
  })
  const client = await server.connect()
  client.frame('BEGIN', { transaction: 't' }).frame('SEND', { destination: '/app/slow', transaction: 't' }).frame('COMMIT', { transaction: 't', receipt: '1' })
  await new Promise((resolve) => { setImmediate(resolve) })
  gate.reject(new BrokerError('BROKER_FULL', 'The broker takes nothing'))
  await new Promise((resolve) => { setImmediate(resolve) })
  route.resolve()
  await refused(t, client, 'BROKER_FULL', /./, '1')
})

t.test('STOMP-R3, STOMP-X1, SPRING-D11: a frame that fails gets ERROR with its receipt-id, and no RECEIPT', async (t) => {
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/fail', () => { throw new Error('broken') })
      app.stomp.message('/refuse', () => { throw new StompError('STOMP_ACCESS_REFUSED') })
      app.stomp.message('/valid', { schema: { body: { type: 'object', required: ['a'] } } }, () => {})
    }
  })
  const rows = [
    ['SEND', { destination: '/nowhere' }, 'STOMP_UNKNOWN_DESTINATION'], ['SEND', { destination: '/app/none' }, 'STOMP_UNKNOWN_DESTINATION'],
    ['SEND', { destination: '/app/fail' }, 'STOMP_HANDLER_FAILED'], ['SEND', { destination: '/app/refuse' }, 'STOMP_ACCESS_REFUSED'],
    ['SEND', { destination: '/app/valid' }, 'STOMP_HANDLER_FAILED'], ['SUBSCRIBE', { id: 'a', destination: '/app/none' }, 'STOMP_UNKNOWN_DESTINATION'],
    ['DISCONNECT', { 'content-length': 'x' }, 'STOMP_BAD_CONTENT_LENGTH'], ['BEGIN', {}, 'STOMP_HEADER_MISSING']
  ] as const
  for (const [command, headers, code] of rows) {
    const client = await server.connect()
    // As text, for a serializer would put the length right.
    const lines = Object.entries({ ...headers, receipt: 'r-1' }).map(([name, value]) => `${name}:${value}\n`).join('')
    client.raw(`${command}\n${lines}\n\0BEGIN\ntransaction:t\nreceipt:r-2\n\n\0`)
    await refused(t, client, code, /./, 'r-1')
  }
})

t.test('STOMP-X1, STOMP-X2, SPRING-D10: ERROR has message, content-type and length, and no internals', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/fail', () => { throw new TypeError('secret /etc/shadow') }) })
  for (const raw of [
    'FOO\n\n\0', 'SEND\ndestination:/app/fail\n\n\0', 'SEND\ndestination:/nowhere/<script>\n\n\0', 'ACK\nid:<script>\n\n\0',
    'SUBSCRIBE\nid:a\ndestination:/topic//<script>\n\n\0'
  ]) {
    const client = (await server.connect()).raw(raw)
    const error = await client.next()
    t.match(headersOf(error), { message: /^[A-Z][^\n]*$/, code: /^STOMP_[A-Z_]+$/, 'content-type': 'text/plain', 'content-length': String(error.body.length) })
    t.notMatch(text(error), /secret|shadow|node_modules|\.ts|at .*\(|TypeError/)
    t.notMatch([error.headers.get('message'), error.body.text].join(), /[<>]/, 'U18: the text names the destination, and no page takes it for HTML')
    t.equal((await client.closed).code, 1002)
  }
  t.equal(server.failures.length, 1, 'the log has what the client is not told')
})

// --- DISCONNECT and other ends ---------------------------------------------------------------------------------------------------

t.test('STOMP-D1, SPRING-D12, SPRING-D13: DISCONNECT with and without a receipt; nothing behind it is read', async (t) => {
  const server = await buildStomp(t)
  const watcher = await (await server.connect()).subscribe('a', '/topic/a')
  for (const headers of [{}, { receipt: 'bye' }]) {
    const client = await server.connect()
    client.frame('SEND', { destination: '/topic/a' }, 'before')
      .frame('DISCONNECT', headers)
      .frame('SEND', { destination: '/topic/a', receipt: 'r' }, 'behind')
      .raw('nonsense\0')
    t.match(await client.closed, { code: 1000 })
    t.strictSame(client.inner.waiting.map((frame) => [frame.command, ...frame.headers.values()]), 'receipt' in headers ? [['RECEIPT', 'bye']] : [])
  }
  t.strictSame(await watcher.bodies(), ['before', 'before'])
})

t.test('STOMP-D1, STOMP-D2: what was received is processed, also when the client has gone meanwhile', async (t) => {
  const gate = deferred<void>()
  const seen: string[] = []
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.message('/slow', async ({ body }) => {
        await gate.promise
        seen.push(body as string)
      })
    }
  })
  const watcher = await (await server.connect()).subscribe('a', '/topic/a')
  const client = await server.connect()
  const plain = { 'content-type': 'text/plain' }
  client.frame('SEND', { destination: '/app/slow', ...plain }, '1')
    .frame('SEND', { destination: '/app/slow', ...plain }, '2')
    .frame('SEND', { destination: '/topic/a' }, '3')
    .frame('DISCONNECT')
  client.inner.abort()
  await client.closed
  gate.resolve()
  await until(() => seen.length === 2, 'both are handled')
  t.strictSame(seen, ['1', '2'])
  t.equal((await watcher.message()).body.text, '3')
  await until(() => server.stomp.sessions.size === 1, 'the session is gone')
})

t.test('SPRING-D14: one onDisconnect, with code, whatever the end', async (t) => {
  const ends: unknown[] = []
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.addHook('onDisconnect', (session, info) => { ends.push([session.user?.name, info.code, info.clean]) })
  })
  for (const [name, end] of [
    ['abort', (c) => c.inner.abort()], ['error', (c) => c.raw('FOO\n\n\0')], ['disconnect', (c) => c.frame('DISCONNECT')],
    ['closed', () => server.stomp.close({ user: 'closed' }, 4001, 'enough')],
    ['twice', (c) => { c.raw('FOO\n\n\0'); c.inner.abort(); server.stomp.close({ user: 'twice' }) }]
  ] as readonly (readonly [string, (client: Awaited<ReturnType<typeof server.connect>>) => unknown])[]) {
    const client = await server.connect({ user: name })
    end(client)
    await client.closed
  }
  t.strictSame(ends, [['abort', 1002, false], ['error', 1002, true], ['disconnect', 1000, true], ['closed', 4001, true], ['twice', 1002, false]])
  await server.open()
  await server.app.close()
  t.equal(ends.length, 5, 'who was never connected is never disconnected')
})

t.test('SPRING-D14: one onDisconnect for a client that goes while its CONNECT is judged, whatever it sent behind', async (t) => {
  const counts = { connected: 0, disconnected: 0 }
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.addHook('onConnected', () => { counts.connected++ })
      app.stomp.addHook('onDisconnect', () => { counts.disconnected++ })
    }
  })
  for (const rest of [
    '', 'FOO\n\n\0', 'SUBSCRIBE\nid:a\ndestination:/topic/a\n\n\0', 'SUBSCRIBE\nid:a\ndestination:/topic/a\n\n\0ACK\nid:x\n\n\0', 'DISCONNECT\n\n\0',
    'SEND\n'
  ]) {
    const client = (await server.open()).raw('CONNECT\naccept-version:1.2\nheart-beat:1000,1000\n\n\0' + rest)
    client.inner.abort()
    await client.closed
    await new Promise((resolve) => { setImmediate(resolve) })
    t.equal(counts.disconnected, counts.connected, JSON.stringify(rest))
  }
  t.strictSame([server.stomp.sessions.size, server.stomp.subscriptions().length, server.clock.pending], [0, 0, 0])
})

t.test('SPRING-D14: hooks come once, in the order of a session\'s life', async (t) => {
  const seen: string[] = []
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.addHook('onConnect', (frame, session) => { seen.push(`onConnect ${frame.headers.get('host')} ${session.state}`) })
      app.stomp.addHook('onConnect', () => { seen.push('onConnect, the second') })
      app.stomp.addHook('onConnected', (session) => { seen.push(`onConnected ${session.state}`) })
      app.stomp.addHook('onSubscribe', (_session, { id, destination }) => { seen.push(`onSubscribe ${id} ${destination}`) })
      app.stomp.addHook('onSubscribed', (_session, { id, destination }) => { seen.push(`onSubscribed ${id} ${destination}`) })
      app.stomp.addHook('preSend', (_session, { destination, body, headers }) => { seen.push(`preSend ${destination} ${body.text} ${[...headers.keys()]}`) })
      app.stomp.addHook('onUnsubscribe', (_session, { id, destination }) => { seen.push(`onUnsubscribe ${id} ${destination}`) })
      app.stomp.addHook('onError', (_session, error) => { seen.push(`onError ${(error as StompError).code}`) })
      app.stomp.addHook('onDisconnect', (session, { code }) => { seen.push(`onDisconnect ${session.state} ${code}`) })
    }
  })
  const client = await server.connect()
  for (const [id, destination] of [['1', '/topic/a'], ['2', '/user/queue/a'], ['3', '/topic/b']] as const) await client.subscribe(id, destination)
  await client.send('/topic/x', 'hello', { foo: 'bar' })
  await client.ok('UNSUBSCRIBE', { id: '1' })
  await refused(t, client.frame('SUBSCRIBE', { id: '2', destination: '/topic/c' }), 'STOMP_DUPLICATE_SUBSCRIPTION')
  t.strictSame(seen, [
    'onConnect test authenticating', 'onConnect, the second', 'onConnected connected', 'onSubscribe 1 /topic/a', 'onSubscribed 1 /topic/a',
    'onSubscribe 2 /user/queue/a', 'onSubscribed 2 /user/queue/a', 'onSubscribe 3 /topic/b', 'onSubscribed 3 /topic/b',
    'preSend /topic/x hello foo', 'onUnsubscribe 1 /topic/a', 'onSubscribe 2 /topic/c',
    'onUnsubscribe 2 /user/queue/a', 'onUnsubscribe 3 /topic/b', 'onError STOMP_DUPLICATE_SUBSCRIPTION', 'onDisconnect closed 1002'
  ])
})

t.test('hooks that are told of a subscription are told of its end, and no others', async (t) => {
  const seen: string[] = []
  const server = await buildStomp(t, {
    routes (app) {
      app.stomp.addHook('onSubscribe', (_session, { destination }) => { if (destination === '/topic/no') throw new StompError('STOMP_ACCESS_REFUSED') })
      app.stomp.addHook('onSubscribed', (_session, { destination }) => { seen.push(`+${destination}`) })
      app.stomp.addHook('onUnsubscribe', (_session, { destination }) => { seen.push(`-${destination}`) })
    }
  })
  for (const destination of ['/topic/no', '/topic//empty', '/queue/*', '/app/none', '/nowhere']) {
    const client = (await server.connect()).frame('SUBSCRIBE', { id: 'a', destination })
    t.equal((await client.next()).command, 'ERROR')
    await client.closed
  }
  t.strictSame(seen, [])
})

t.test('SPRING-D15: a hook that nobody waits for may throw, and the session goes on', async (t) => {
  const server = await buildStomp(t, {
    routes (app) {
      for (const name of ['onConnected', 'onSubscribed', 'onUnsubscribe', 'onError', 'onDisconnect'] as const) {
        app.stomp.addHook(name, () => { throw new Error(`${name} sync`) })
        app.stomp.addHook(name, async () => { throw new Error(`${name} async`) })
      }
    }
  })
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  await client.send('/topic/a', 'x')
  t.strictSame(await client.bodies(), ['x'])
  await client.ok('UNSUBSCRIBE', { id: 'a' })
  await refused(t, client.frame('UNSUBSCRIBE', { id: 'a' }), 'STOMP_UNKNOWN_SUBSCRIPTION')
  await until(() => server.failures.length === 10, 'all are logged')
})

t.test('hooks that are awaited refuse: SUBSCRIBE and SEND', async (t) => {
  const server = await buildStomp(t, {
    routes (app) {
      const judge = async (_session: unknown, { destination }: { destination: string }): Promise<void> => {
        if (destination.endsWith('/no')) throw Object.assign(new Error('No'), { statusCode: 403, code: 'NO' })
      }
      app.stomp.addHook('onSubscribe', judge)
      app.stomp.addHook('preSend', judge)
    }
  })
  const watcher = await (await server.connect()).subscribe('a', '/topic/**')
  await refused(t, (await server.connect()).frame('SUBSCRIBE', { id: 'a', destination: '/topic/no', receipt: 'r-1' }), 'NO', /^No$/, 'r-1')
  await refused(t, (await server.connect()).frame('SEND', { destination: '/topic/no', receipt: 'r-2' }), 'NO', /^No$/, 'r-2')
  t.strictSame(await watcher.bodies(), [])
})
