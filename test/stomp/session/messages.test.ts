import t from 'tap'
import { type FrameHeaders, memoryBroker } from '../../../src/stomp.ts'
import { buildStomp, codeOf, headersOf, refused } from '../support.ts'

const VERSIONS = ['1.0', '1.1', '1.2'] as const

// --- SEND and MESSAGE --------------------------------------------------------------------------------------------------

t.test('STOMP-M1, STOMP-S1, SPRING-F9: SEND and SUBSCRIBE need a destination', async (t) => {
  const server = await buildStomp(t)
  for (const version of VERSIONS) {
    for (const command of ['SEND', 'SUBSCRIBE'] as const) {
      for (const headers of [{ id: 'a' }, { id: 'a', destination: '' }]) {
        const client = (await server.connect({ version })).frame(command, { ...headers, receipt: 'r-1' })
        await refused(t, client, 'STOMP_HEADER_MISSING', /\(destination\)/, 'r-1')
      }
    }
  }
})

t.test('STOMP-M1, STOMP-M2, STOMP-B3: MESSAGE has destination, message-id, subscription and content-length', async (t) => {
  const server = await buildStomp(t)
  const ids = new Set<string>()
  for (const version of VERSIONS) {
    const client = await (await server.connect({ version })).subscribe('sub-0', '/topic/ü b')
    for (const body of ['hello', '']) {
      await client.send('/topic/ü b', body, { 'content-type': 'a/b' })
      const message = await client.message()
      t.strictSame([...message.headers.keys()].sort(), ['content-length', 'content-type', 'destination', 'message-id', 'subscription'])
      t.match(headersOf(message), { subscription: 'sub-0', destination: '/topic/ü b', 'message-id': /^[A-Za-z0-9_-]+$/, 'content-length': String(body.length) })
      ids.add(message.headers.get('message-id')!)
    }
  }
  t.equal(ids.size, 6)
})

t.test('STOMP-M2: in 1.0 a subscription without an id has none in MESSAGE', async (t) => {
  const server = await buildStomp(t)
  const client = await (await server.connect({ version: '1.0' })).ok('SUBSCRIBE', { destination: '/topic/a' })
  await client.send('/topic/a', 'hello')
  t.notOk((await client.message()).headers.has('subscription'))
})

t.test('STOMP-M3: ack for client and client-individual in 1.2, and only there', async (t) => {
  const server = await buildStomp(t)
  const seen = new Set<string>()
  for (const version of VERSIONS) {
    for (const ack of version === '1.0' ? ['auto', 'client'] : ['auto', 'client', 'client-individual']) {
      const client = await (await server.connect({ version })).subscribe('a', '/topic/a', { ack })
      await client.subscribe('b', '/topic/a', { ack })
      await client.send('/topic/a')
      for (const message of await client.arrived()) {
        const id = message.headers.get('ack')
        t.equal(id !== undefined, version === '1.2' && ack !== 'auto', `${version} ${ack}`)
        if (id !== undefined) t.notOk(seen.has(`${client.connected!.headers.get('session')} ${id}`), 'unique for each delivery')
        if (id !== undefined) seen.add(`${client.connected!.headers.get('session')} ${id}`)
      }
      client.inner.abort()
    }
  }
  t.equal(seen.size, 4)
})

t.test('STOMP-M4, STOMP-M5, SEC-S50, SPRING-E17: user headers go through, in order; reserved ones never', async (t) => {
  const server = await buildStomp(t)
  const receiver = await (await server.connect()).subscribe('sub', '/topic/a')
  const sender = await server.connect({ user: 'kim' })
  const own = { foo: '1', priority: '9', persistent: 'true', 'content-type': 'text/x', 'correlation-id': 'c', 'x-y': 'z' }
  const reserved = {
    'message-id': 'mine',
    subscription: 'mine',
    ack: 'mine',
    redelivered: 'true',
    login: 'kim',
    passcode: 'secret',
    authorization: 'secret',
    Authorization: 'secret',
    'user-name': 'admin'
  }
  await sender.send('/topic/a', 'x', { ...own, ...reserved, receipt: 'the receipt' })
  const message = await receiver.message()
  t.strictSame([...message.headers].filter(([name]) => name in own), Object.entries(own))
  t.strictSame([...message.headers.keys()].filter((name) => !(name in own)).sort(), ['content-length', 'destination', 'message-id', 'subscription'])
  t.notMatch([...message.headers.values()].join(), /mine|secret|admin|the receipt/)
  sender.frame('BEGIN', { transaction: 'tx' }).frame('SEND', { destination: '/topic/a', transaction: 'tx', receipt: 'r-2' }, 'y')
  await sender.ok('COMMIT', { transaction: 'tx' })
  t.strictSame([...(await receiver.message()).headers.keys()].sort(), ['content-length', 'destination', 'message-id', 'subscription'])
})

t.test('STOMP-M6, SPRING-D23: order of MESSAGEs is order of SENDs', async (t) => {
  const server = await buildStomp(t)
  const receivers = await Promise.all(VERSIONS.map((version) => server.connect({ version })))
  for (const receiver of receivers) await receiver.subscribe('a', '/topic/a')
  const sender = await server.connect()
  const expected = Array.from({ length: 500 }, (_, i) => String(i))
  for (const body of expected) sender.frame('SEND', { destination: '/topic/a' }, body)
  await sender.arrived()
  for (const receiver of receivers) t.strictSame(await receiver.bodies(), expected)
})

t.test('STOMP-M6, SPRING-D23: also when a hook takes its time over each of them', async (t) => {
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.addHook('preSend', (_session, { body }) => new Promise((resolve) => { setImmediate(resolve, Number(body.text) % 2) }))
  })
  const receiver = await (await server.connect()).subscribe('a', '/topic/a')
  const sender = await server.connect()
  const expected = Array.from({ length: 100 }, (_, i) => String(i))
  for (const body of expected) sender.frame('SEND', { destination: '/topic/a' }, body)
  await sender.arrived()
  t.strictSame(await receiver.bodies(), expected)
})

t.test('STOMP-M8: the sender gets its own message', async (t) => {
  const server = await buildStomp(t)
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  await client.send('/topic/a', 'mine')
  t.strictSame(await client.bodies(), ['mine'])
})

// --- SUBSCRIBE and UNSUBSCRIBE --------------------------------------------------------------------------------------------

t.test('STOMP-S1: an id is needed from 1.1 on', async (t) => {
  const server = await buildStomp(t)
  for (const version of ['1.1', '1.2'] as const) {
    await refused(t, (await server.connect({ version })).frame('SUBSCRIBE', { destination: '/topic/a' }), 'STOMP_HEADER_MISSING', /\(id\)/)
    await refused(t, (await server.connect({ version })).frame('UNSUBSCRIBE', { destination: '/topic/a' }), 'STOMP_HEADER_MISSING', /\(id\)/)
  }
  await refused(t, (await server.connect({ version: '1.0' })).frame('UNSUBSCRIBE', {}), 'STOMP_HEADER_MISSING', /\(destination\)/)
})

t.test('STOMP-S2, SPRING-E6: an id is unique on its connection', async (t) => {
  const server = await buildStomp(t)
  const other = await (await server.connect()).subscribe('a', '/topic/a')
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  await client.ok('UNSUBSCRIBE', { id: 'a' })
  await client.subscribe('a', '/topic/b')
  await refused(t, client.frame('SUBSCRIBE', { id: 'a', destination: '/topic/c', receipt: 'r-1' }), 'STOMP_DUPLICATE_SUBSCRIPTION', /./, 'r-1')
  await other.send('/topic/a', 'hello')
  t.strictSame(await other.bodies(), ['hello'])
  const old = await (await server.connect({ version: '1.0' })).ok('SUBSCRIBE', { destination: '/topic/a' })
  await refused(t, old.frame('SUBSCRIBE', { destination: '/topic/a' }), 'STOMP_DUPLICATE_SUBSCRIPTION')
})

t.test('STOMP-S3: three modes of ack, two in 1.0', async (t) => {
  const server = await buildStomp(t)
  const rows = [['1.2', 'bogus'], ['1.1', 'Client'], ['1.2', ''], ['1.0', 'client-individual'], ['1.0', 'none']] as const
  for (const [version, ack] of rows) {
    const client = (await server.connect({ version })).frame('SUBSCRIBE', { id: 'a', destination: '/topic/a', ack, receipt: 'r-1' })
    await refused(t, client, 'STOMP_INVALID_ACK_MODE', /./, 'r-1')
  }
})

t.test('STOMP-S4, SPRING-E1: two subscriptions of one destination get a MESSAGE each', async (t) => {
  const server = await buildStomp(t)
  const client = await (await server.connect()).subscribe('a', '/topic/x')
  await client.subscribe('b', '/topic/x')
  await server.stomp.publish('/topic/x', 'hello')
  t.strictSame((await client.arrived()).map(({ headers }) => headers.get('subscription')), ['a', 'b'])
  await client.subscribe('c', '/queue/x')
  await client.subscribe('d', '/queue/x')
  for (const body of ['1', '2', '3', '4']) await client.send('/queue/x', body)
  const messages = await client.arrived()
  t.equal(messages.length, 4, 'on a queue they share')
  t.strictSame(new Set(messages.map(({ headers }) => headers.get('subscription'))), new Set(['c', 'd']))
})

t.test('STOMP-S5, SPRING-E5: UNSUBSCRIBE by id; after its RECEIPT nothing comes', async (t) => {
  const server = await buildStomp(t)
  const client = await (await server.connect()).subscribe('exact', '/topic/a')
  await client.subscribe('pattern', '/topic/*')
  t.equal(server.stomp.subscriptions({ destination: '/topic/a' }).length, 1)
  await server.stomp.publish('/topic/a', '1')
  await client.ok('UNSUBSCRIBE', { id: 'exact' })
  await server.stomp.publish('/topic/a', '2')
  t.strictSame((await client.arrived()).map(({ headers, body }) => [headers.get('subscription'), body.text]).sort(),
    [['exact', '1'], ['pattern', '1'], ['pattern', '2']])
  await refused(t, client.frame('UNSUBSCRIBE', { id: 'exact', receipt: 'r-1' }), 'STOMP_UNKNOWN_SUBSCRIPTION', /./, 'r-1')
})

t.test('STOMP-S5: 1.0 may name the destination', async (t) => {
  const server = await buildStomp(t)
  const client = await (await server.connect({ version: '1.0' })).ok('SUBSCRIBE', { destination: '/topic/a' })
  await client.subscribe('id', '/topic/a')
  await client.ok('UNSUBSCRIBE', { destination: '/topic/a' })
  await client.send('/topic/a', 'hello')
  t.strictSame((await client.arrived()).map(({ headers }) => headers.get('subscription')), ['id'])
  await client.ok('UNSUBSCRIBE', { id: 'id' })
  await refused(t, client.frame('UNSUBSCRIBE', { destination: '/topic/a' }), 'STOMP_UNKNOWN_SUBSCRIPTION')
})

t.test('STOMP-S6: what is unacknowledged goes back to the queue, and its ack means nothing any more', async (t) => {
  const server = await buildStomp(t)
  const client = await (await server.connect()).subscribe('q', '/queue/a', { ack: 'client' })
  await client.subscribe('t', '/topic/a', { ack: 'client' })
  await client.send('/queue/a', 'queue')
  await client.send('/topic/a', 'topic')
  const acks = (await client.arrived()).map(({ headers }) => headers.get('ack')!)
  for (const id of ['q', 't']) await client.ok('UNSUBSCRIBE', { id })
  const other = await (await server.connect()).subscribe('q', '/queue/a')
  await other.subscribe('t', '/topic/a')
  t.strictSame((await other.arrived()).map(({ headers, body }) => [body.text, headers.get('redelivered')]), [['queue', 'true']])
  await refused(t, client.frame('ACK', { id: acks[0]! }), 'STOMP_UNKNOWN_MESSAGE')
})

t.test('STOMP-S7, SPRING-E10: a selector, and any other header of SUBSCRIBE, is not obeyed', async (t) => {
  const server = await buildStomp(t)
  const client = await (await server.connect()).subscribe('a', '/topic/a', { selector: "foo = 'bar'", 'x-queue-name': 'y', 'activemq.prefetchSize': '1' })
  await client.send('/topic/a', '1', { foo: 'other' })
  await client.send('/topic/a', '2')
  t.strictSame(await client.bodies(), ['1', '2'])
})

// --- destinations -----------------------------------------------------------------------------------------------------------

t.test('SPRING-E2, SPRING-E7: who has gone gets nothing, and is in nobody\'s way', async (t) => {
  const server = await buildStomp(t)
  const stays = await (await server.connect()).subscribe('a', '/topic/a')
  for (const leave of ['disconnect', 'abort'] as const) {
    const client = await (await server.connect()).subscribe('a', '/topic/a')
    await client.subscribe('b', '/topic/**')
    if (leave === 'abort') client.inner.abort()
    else await client.ok('DISCONNECT')
    await client.closed
    await server.stomp.publish('/topic/a', leave)
    t.strictSame(client.inner.waiting, [])
    t.equal(server.stomp.subscriptions().length, 1)
  }
  t.strictSame(await stays.bodies(), ['disconnect', 'abort'])
})

t.test('SPRING-E3, SPRING-E8: patterns', async (t) => {
  const rows = [
    ['/topic/PRICE.STOCK.*.IBM', '.', ['/topic/PRICE.STOCK.NASDAQ.IBM'], ['/topic/PRICE.STOCK.NASDAQ.NYSE.IBM', '/topic/PRICE.STOCK.IBM']],
    ['/topic/PRICE.STOCK.*.IBM', '/', [], ['/topic/PRICE.STOCK.NASDAQ.IBM']],
    ['/topic/*/b', '/', ['/topic/a/b'], ['/topic/b', '/topic/a/a/b', '/topic/a/c']],
    ['/topic/a/**', '/', ['/topic/a/b', '/topic/a/b/c', '/topic/a'], ['/topic/b', '/topic/ab']]
  ] as const
  for (const [pattern, separator, fits, others] of rows) {
    const server = await buildStomp(t, { stomp: { broker: memoryBroker({ separator }) } })
    const client = await (await server.connect()).subscribe('a', pattern)
    // Twice: what the first round has left behind must not change the second.
    for (const destination of [...fits, ...others, ...fits, ...others]) await client.send(destination, destination)
    t.strictSame(await client.bodies(), [...fits, ...fits], `${pattern} with ${separator}`)
  }
})

t.test('SPRING-E4: an exact subscription and a pattern of one session get a MESSAGE each', async (t) => {
  const server = await buildStomp(t)
  const client = await (await server.connect()).subscribe('exact', '/topic/a')
  await client.subscribe('pattern', '/topic/**')
  await client.send('/topic/a', 'x')
  t.strictSame((await client.arrived()).map(({ headers }) => headers.get('subscription')).sort(), ['exact', 'pattern'])
})

t.test('SPRING-E9: subscriptions may come and go while a message is on its way', async (t) => {
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.addHook('onSubscribed', (_session, { destination }) => { server.stomp.publish('/topic/a', `after ${destination}`) })
  })
  const client = await server.connect()
  await client.subscribe('1', '/topic/a')
  await client.subscribe('2', '/topic/b')
  await client.ok('UNSUBSCRIBE', { id: '1' })
  await client.subscribe('3', '/topic/a')
  t.strictSame((await client.arrived()).map(({ headers, body }) => [headers.get('subscription'), body.text]),
    [['1', 'after /topic/a'], ['1', 'after /topic/b'], ['3', 'after /topic/a']])
})

t.test('SPRING-E16: nobody serves that destination', async (t) => {
  const server = await buildStomp(t, { routes: (app) => app.stomp.message('/known', () => {}) })
  for (const destination of [
    'topic/a', '/', '/topic', '/topics/a', '/elsewhere/a', '/app', '/app/unknown', '/APP/known', '/application/known', '/user', '/dlq/a', '/'
  ]) {
    for (const command of ['SEND', 'SUBSCRIBE'] as const) {
      const client = (await server.connect()).frame(command, { id: 'a', destination, receipt: 'r-1' })
      await refused(t, client, 'STOMP_UNKNOWN_DESTINATION', /./, 'r-1')
    }
  }
  await refused(t, (await server.connect()).frame('SEND', { destination: '/topic//a' }), 'STOMP_INVALID_DESTINATION')
})

t.test('SPRING-E19: a SEND to the words of a pattern is to these words', async (t) => {
  const server = await buildStomp(t)
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  await client.subscribe('literal', '/topic/*')
  await client.send('/topic/*', 'star')
  t.strictSame((await client.arrived()).map(({ headers }) => [headers.get('subscription'), headers.get('destination')]), [['literal', '/topic/*']])
})

t.test('SPRING-E15: the broker is not running', async (t) => {
  const broker = memoryBroker()
  const server = await buildStomp(t, { stomp: { broker } })
  const client = await server.connect()
  await broker.stop()
  await refused(t, client, 'STOMP_BROKER_STOPPED')
  await refused(t, (await server.open()).frame('CONNECT', { 'accept-version': '1.2' }), 'STOMP_BROKER_UNAVAILABLE')
  t.equal(await codeOf(() => server.stomp.publish('/topic/a', 'x')), 'STOMP_BROKER_UNAVAILABLE')
})

t.test('SEC-S50 frames with the same head are alike, whatever a rule, a hook or a tap has done to the headers of one', async (t) => {
  const spoil = (headers: FrameHeaders): void => { headers.set('who', 'spoilt').set('more', '1').delete('kept') }
  const judged: (string | undefined)[] = []
  const handled: (string | undefined)[] = []
  const server = await buildStomp(t, {
    stomp: {
      rules: [{
        allow (_session, { type, headers }) {
          if (type === 'send') judged.push(headers.get('who'))
          spoil(headers)
          return true
        }
      }]
    },
    routes ({ stomp }) {
      stomp.addHook('preSend', (_session, { headers }) => spoil(headers))
      stomp.tap('/topic/a', ({ headers }) => spoil(headers))
      stomp.tap('/topic/*', ({ headers }) => { handled.push(headers.get('who')) })
      stomp.message('/route', ({ headers }) => { handled.push(headers['who']) })
    }
  })
  const client = await server.connect()
  await client.subscribe('s', '/topic/a')
  for (let i = 0; i < 4; i++) {
    client.frame('SEND', { destination: '/topic/a', who: 'kim', kept: 'yes' }, `${i}`)
    const { headers, body } = await client.message()
    t.strictSame([body.text, headers.get('who'), headers.get('kept'), headers.has('more')], [`${i}`, 'kim', 'yes', false])
  }
  for (let i = 0; i < 3; i++) client.frame('SEND', { destination: '/app/route', who: 'kim' }, `${i}`)
  await client.send('/app/route', '3', { who: 'kim' })
  t.strictSame([judged, handled], [Array(8).fill('kim'), Array(8).fill('kim')])
})
