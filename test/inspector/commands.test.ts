import t from 'tap'
import { addUp } from '../../src/inspector/numbers.ts'
import { joinRows, rowsOf, type Table } from '../../src/inspector/rows.ts'
import { connect } from '../support/client.ts'
import { idle } from '../support/cluster.ts'
import { readToken, TestLink } from '../support/resuming-client.ts'
import { until } from '../support/wait.ts'
import { inspectedServer, openMany, openPage } from './support.ts'

t.test('the numbers of a server, without those of the inspector itself', async (t) => {
  const server = await inspectedServer(t)
  const page = await openPage(server)
  const before = (await page.ask({ name: 'numbers', node: '' })).result
  t.match(before, { complete: true, nodes: [{ id: '', name: '', engine: null, broker: 'available', draining: false }] })
  t.strictSame(Object.values(before.numbers.sessions as Record<string, number>).reduce((sum, value) => sum + value, 0), 0, 'its own session does not count')
  const client = await connect(server, 'websocket')
  await client.send('hello')
  await client.messages(1)
  const { numbers } = (await page.ask({ name: 'numbers', node: '*' })).result
  t.strictSame([numbers.sessions.websocket, numbers.endpoints['/echo'], numbers.messages.receive, numbers.messages.transmit], [1, 1, 1, 1])
  client.abort()
  await server.closing()
  t.equal((await page.ask({ name: 'numbers', node: '' })).result.numbers.closes.interrupted, 1)
})

t.test('the table of sessions: order, filter and window are made by the server', async (t) => {
  const server = await inspectedServer(t)
  const users = ['kim', 'Ada', 'bob', 'Kimberley', '']
  openMany(server.endpoint, 5, (i) => ({ userKey: users[i]!, ip: `10.0.0.${i}`, transport: i % 2 === 0 ? 'websocket' : 'xhr-polling' }))
  const page = await openPage(server)
  const usersOf = async (query: object): Promise<string[]> => (await page.rows('sessions', query)).result.rows.map(({ user }: { user: string }) => user)
  t.strictSame(await usersOf({}), users, 'the oldest first')
  t.strictSame(await usersOf({ descending: true }), users.toReversed())
  t.strictSame(await usersOf({ sort: 'user' }), ['', 'Ada', 'Kimberley', 'bob', 'kim'])
  t.strictSame(await usersOf({ sort: 'ip', descending: true, from: 1, count: 2 }), ['Kimberley', 'bob'])
  t.strictSame(await usersOf({ filter: 'KIM' }), ['kim', 'Kimberley'])
  t.strictSame(await usersOf({ filter: '10.0.0.2' }), ['bob'])
  t.strictSame(await usersOf({ filter: 'xhr', sort: 'user' }), ['Ada', 'Kimberley'])
  t.strictSame(await usersOf({ from: 100 }), [])
  t.match((await page.rows('sessions', { filter: 'kim', count: 1 })).result, { matched: 2, total: 5, rows: [{ user: 'kim', endpoint: '/echo', state: 'open', transport: 'websocket', buffered: 0, subscriptions: 0 }] })
  t.strictSame(await usersOf({ sort: 'constructor' }), users, 'a column that does not exist leaves the order')
})

t.test('the details of a session', async (t) => {
  const server = await inspectedServer(t)
  await connect(server, 'websocket', { headers: { 'user-agent': 'test/1', origin: 'http://page.example' } })
  const session = await server.session()
  const page = await openPage(server)
  t.equal((session as unknown as { knownId?: string }).knownId, undefined, 'a session gets its id when it is shown')
  const { id } = (await page.rows('sessions')).result.rows[0]
  t.equal(id, session.id)
  server.clock.advance(20_000)
  t.match((await page.ask({ name: 'session', node: '', session: id })).result, {
    facts: { id, state: 'open', path: '/echo/:server/:session/websocket', agent: 'test/1', origin: 'http://page.example', age: 20_000, held: false }, stomp: null, speaksStomp: false
  })
  t.match((await page.rows('sessions', { filter: id.slice(0, 8) })).result, { matched: 1 })
  session.terminate()
  t.match(await page.ask({ name: 'session', node: '', session: id }), { failure: 'NOT_FOUND' })
})

t.test('a suspended session: in the numbers, in the table and in its details', async (t) => {
  const server = await inspectedServer(t, { endpoint: { resume: { within: 10_000 } }, handler: idle })
  const link = TestLink.open('websocket', { port: server.port, resume: '1' })
  server.own({ abort: () => link.cut() })
  await link.next()
  readToken(await link.next())
  const session = await server.session()
  await connect(server, 'websocket')
  await connect(server, 'xhr-polling')
  link.cut()
  await until(() => session.suspended, 'the session is suspended')
  const page = await openPage(server)
  const numbers = async () => (await page.ask({ name: 'numbers', node: '*' })).result.numbers
  t.match(await numbers(), { sessions: { websocket: 2, 'xhr-polling': 1 }, suspended: 1, suspensions: {} })
  const states = async (query: object): Promise<string[]> => (await page.rows('sessions', query)).result.rows.map(({ state }: { state: string }) => state)
  t.strictSame((await states({ sort: 'state' })).at(-1), 'suspended')
  t.strictSame(await states({ filter: 'suspended' }), ['suspended'])
  t.match((await page.ask({ name: 'session', node: '', session: session.id })).result.facts, { state: 'suspended', closing: false })
  session.close()
  t.match((await page.ask({ name: 'session', node: '', session: session.id })).result.facts, { state: 'suspended', closing: true }, 'its messages wait for the client')
  server.clock.advance(10_100)
  t.match(await numbers(), { suspended: 0, suspensions: { expired: 1 } })
})

t.test('the tables of STOMP', async (t) => {
  const server = await inspectedServer(t, { stomp: { presence: [{ pattern: '/topic/rooms/**' }] } })
  const { app } = server
  app.stomp.message('/work', () => {})
  const kim = await app.stomp.inject({ user: { name: 'kim' } })
  const other = await app.stomp.inject({ user: { name: 'kim' } })
  const ada = await app.stomp.inject({ user: { name: 'ada' } })
  await kim.subscribe('/topic/news')
  await ada.subscribe('/topic/news')
  await ada.subscribe('/topic/rooms/7')
  await other.subscribe('/queue/work', { ack: 'client' })
  await ada.send('/queue/full', 'one')
  await ada.send('/app/work', {})
  const page = await openPage(server)
  const rows = async (table: string, query: object = {}) => (await page.rows(table, query)).result.rows
  t.match(await rows('topics', { sort: 'subscribers', descending: true }), [{ destination: '/topic/news', subscribers: 2 }, { destination: '/topic/rooms/7', subscribers: 1 }])
  t.match(await rows('queues', { sort: 'messages', descending: true }), [{ destination: '/queue/full', messages: 1, consumers: 0 }, { destination: '/queue/work', messages: 0, consumers: 1 }])
  t.match(await rows('users', { sort: 'user' }), [{ user: 'ada', sessions: 1, subscriptions: 2 }, { user: 'kim', sessions: 2, subscriptions: 2 }])
  t.match(await rows('presence'), [{ topic: '/topic/rooms/7', users: 1, names: 'ada' }])
  t.match(await rows('presence', { filter: 'nobody' }), [])
  const sessions = await rows('sessions', { filter: 'ada' })
  t.match(sessions, [{ user: 'ada', endpoint: '/stomp', subscriptions: 2 }])
  const { result } = await page.ask({ name: 'session', node: '', session: sessions[0].id })
  t.match(result, { speaksStomp: true, stomp: { state: 'connected', version: '1.2', count: 2, unacknowledged: 0, subscriptions: [{ destination: '/topic/news', ack: 'auto' }, { destination: '/topic/rooms/7' }] } })
  const { numbers, routeBounds } = (await page.ask({ name: 'numbers', node: '' })).result
  t.equal(numbers.stomp.sessions, 3)
  const [route] = Object.entries(numbers.routes as Record<string, { count: number, buckets: number[] }>).filter(([name]) => name.includes('/app/work') || name.includes('/work'))
  t.equal(route![1].count, 1)
  t.equal(route![1].buckets.length, routeBounds.length + 1)
})

t.test('a server without STOMP has its tables, empty', async (t) => {
  const server = await inspectedServer(t, { stomp: false })
  const page = await openPage(server)
  t.match(await page.ask({ name: 'hello' }), { result: { hasStomp: false } })
  for (const table of ['topics', 'queues', 'users', 'presence', 'letters']) t.match((await page.rows(table)).result, { total: 0, rows: [] }, table)
})

t.test('commands of a hostile page are refused, and harm nothing', async (t) => {
  const server = await inspectedServer(t)
  const page = await openPage(server)
  const rows = { name: 'rows', node: '', table: 'sessions', from: 0, count: 1, sort: '', descending: false, filter: '' }
  const refused: unknown[] = [
    null, 1, 'x', [], {}, { name: 1 }, { name: 'quit' }, { name: '__proto__' }, { name: 'constructor' }, { name: 'toString' }, { name: 'hello', more: 1 }, { name: 'numbers' }, { name: 'numbers', node: 1 },
    { ...rows, table: 'secrets' }, { ...rows, table: '__proto__' }, { ...rows, from: -1 }, { ...rows, from: 0.5 }, { ...rows, from: 1e300 }, { ...rows, count: 0 }, { ...rows, count: 501 },
    { ...rows, descending: 'no' }, { ...rows, filter: 'x'.repeat(201) }, { ...rows, sort: 'x'.repeat(33) }, { ...rows, filter: undefined }, { ...rows, extra: true },
    { name: 'session', node: '', session: {} }, { name: 'session', node: '', session: 'x'.repeat(129) }, { name: 'watch', node: '', session: 'x' }, { name: 'close', node: '*', session: 'x' }
  ]
  for (const command of refused) {
    const answer = await page.raw(JSON.stringify(command))
    t.equal(answer.failure, 'INVALID_COMMAND', JSON.stringify(command))
    t.ok(answer.text!.length < 400, 'the answer is short')
    server.clock.advance(1_000)
  }
  for (const text of ['', '{', '{"name":"hello"', '{"__proto__":{"name":"hello"}}', '\u0000']) {
    t.match(await page.raw(text), { id: null, failure: 'INVALID_COMMAND' }, JSON.stringify(text))
  }
  t.match(await page.raw('{"id":7,"name":"nothing"}'), { id: 7, failure: 'INVALID_COMMAND' }, 'the answer has the number of the command')
  t.match(await page.ask({ name: 'numbers', node: 'no such node' }), { failure: 'NODE_AWAY' })
  t.match(await page.ask({ name: 'session', node: '', session: 'none' }), { failure: 'NOT_FOUND' })
  t.match(await page.ask({ name: 'hello' }), { result: { hasStomp: true } }, 'the page is still served')
})

t.test('a command that is too long closes the connection', async (t) => {
  const server = await inspectedServer(t)
  const { client } = await openPage(server)
  await client.send('x'.repeat(5_000))
  await client.ended
})

t.test('a page that asks without a break waits', async (t) => {
  const server = await inspectedServer(t)
  const page = await openPage(server)
  for (let i = 0; i < 30; i++) await page.ask({ name: 'hello' })
  const late = page.ask({ name: 'hello' })
  let isAnswered = false
  late.then(() => { isAnswered = true }, () => {})
  // Another page has a second of its own, so that its answer shows that time has gone on.
  const other = await openPage(server)
  await other.ask({ name: 'hello' })
  t.notOk(isAnswered)
  server.clock.advance(1_100)
  t.match(await late, { result: {} })
})

interface Letter { readonly name: string, readonly size: number }

t.test('rows: equal keys keep their order, and only the rows of the window are made', async (t) => {
  let made = 0
  const items: Letter[] = [{ name: 'b', size: 1 }, { name: 'a', size: 1 }, { name: 'c', size: 0 }]
  const table: Table<Letter> = {
    items,
    columns: { size: ({ size }) => size, name: ({ name }) => name },
    texts: ({ name }) => [name],
    row: ({ name, size }) => {
      made++
      return { name, size }
    }
  }
  const ask = (query: object) => rowsOf(table, { from: 0, count: 10, sort: '', descending: false, filter: '', ...query })
  t.strictSame(ask({ sort: 'size' }).rows.map(({ name }) => name), ['c', 'b', 'a'])
  t.strictSame(ask({ sort: 'size', descending: true }).rows.map(({ name }) => name), ['b', 'a', 'c'])
  made = 0
  t.strictSame(ask({ sort: 'name', count: 1, from: 1 }), { matched: 3, total: 3, rows: [{ name: 'b', size: 1 }], unknown: [] })
  t.equal(made, 1)
  const joined = joinRows([ask({ sort: 'size' }), ask({ sort: 'size' })], { from: 1, count: 2, sort: 'size', descending: false, filter: '' })
  t.strictSame([joined.total, joined.rows.map(({ name }) => name)], [6, ['c', 'b']])
})

t.test('numbers of nodes add up, also those that only one has', async (t) => {
  t.strictSame(addUp({ a: 1, b: { x: 1 }, c: [1, 2] }, { a: 2, b: { x: 1, y: 5 }, c: [1, 1] }), { a: 3, b: { x: 2, y: 5 }, c: [2, 3] })
})
