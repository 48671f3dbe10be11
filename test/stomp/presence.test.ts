import t, { type Test } from 'tap'
import { memoryBroker, type Rule, type StompPluginOptions } from '../../src/stomp.ts'
import { QUESTIONS } from '../../src/cluster/services.ts'
import { nodeOf, StompNodes } from './nodes.ts'
import { byUser, join, leave, list, member, told, TOPIC, WATCH, watcher } from './presence-clients.ts'
import { buildStomp, codeOf, headersOf, refused, type StompTestServer } from './support.ts'

const presence = [{ pattern: '/topic/rooms/**' }]

const build = (t: Test, stomp: Partial<StompPluginOptions> = {}): Promise<StompTestServer> => buildStomp(t, { stomp: { presence, ...stomp } })

t.test('a subscriber gets the list first, then joins and leaves', async (t) => {
  const server = await build(t)
  const bob = await member(server, 'bob')
  await member(server, 'ann')
  const client = await server.connect()
  client.frame('SUBSCRIBE', { id: 'w', destination: WATCH, receipt: 'r' })
  const message = await client.message()
  t.match(headersOf(message), { destination: WATCH, subscription: 'w', 'content-type': 'application/json;charset=UTF-8', 'message-id': /^[A-Za-z0-9_-]+$/ })
  t.strictSame(JSON.parse(message.body.text), list('ann', 'bob'), 'sorted')
  t.equal((await client.next()).command, 'RECEIPT', 'the receipt comes when the list has gone out')
  const cid = await member(server, 'cid')
  await bob.ok('UNSUBSCRIBE', { id: 'a' })
  cid.inner.abort()
  t.strictSame(await told(client), [join('cid'), leave('bob'), leave('cid')])
  t.strictSame(await told(await watcher(server)), [list('ann')])
  await client.ok('UNSUBSCRIBE', { id: 'w' })
  await member(server, 'dan')
  t.strictSame(await told(client), [], 'nothing comes after UNSUBSCRIBE')
})

t.test('a user with two tabs, or with two subscriptions, joins once and leaves once', async (t) => {
  const server = await build(t)
  const client = await watcher(server)
  const tabs = [await member(server, 'ann'), await member(server, 'ann')]
  await tabs[0]!.subscribe('b', TOPIC)
  t.strictSame(await told(client), [list(), join('ann')])
  await tabs[0]!.ok('UNSUBSCRIBE', { id: 'a' })
  tabs[1]!.inner.abort()
  t.strictSame(await told(client), [])
  await tabs[0]!.ok('DISCONNECT')
  await tabs[0]!.closed
  t.strictSame(await told(client), [leave('ann')])
})

t.test('present is who has a name and subscribes to exactly the topic', async (t) => {
  const server = await build(t)
  const client = await watcher(server)
  await member(server)
  await member(server, 'ann', '/topic/rooms/*')
  await member(server, 'ann', '/topic/rooms/**')
  await member(server, 'ann', '/topic/rooms/70')
  await member(server, 'ann', '/topic/other/7')
  t.strictSame(await told(client), [list()], 'an anonymous client, patterns and other topics do not count')
  await client.subscribe('a', TOPIC)
  t.strictSame(await told(client), [join('watcher')], 'a watcher may be a member')
})

t.test('a user keeps the name as which it connected', async (t) => {
  const server = await buildStomp(t, { stomp: { presence }, routes: (app) => app.stomp.message('/become', ({ session }) => { session.user = { name: 'lee' } }) })
  const client = await watcher(server)
  const ann = await server.connect({ user: 'ann' })
  await ann.send('/app/become')
  await ann.subscribe('a', TOPIC)
  ann.inner.abort()
  t.strictSame(await told(client), [list(), join('ann'), leave('ann')])
})

t.test('with dots as separators', async (t) => {
  const server = await buildStomp(t, { stomp: { presence: [{ pattern: '/topic/rooms.**' }], broker: memoryBroker({ separator: '.' }) } })
  const client = await watcher(server, '/topic/$presence.rooms.7')
  await member(server, 'ann', '/topic/rooms.7')
  t.strictSame(await told(client), [list(), join('ann')])
})

t.test('destinations without presence, patterns and too many watchers are refused by name', async (t) => {
  const server = await build(t, { presence: [{ pattern: '/topic/rooms/*', maxWatchers: 2 }, { pattern: '/topic/rooms/**' }] })
  for (const destination of ['/topic/$presence/other', '/topic/$presence', '/topic/$presence/', '/queue/$presence/rooms/7', '/topic/$presence/rooms/*', '/topic/$presence/rooms/**', '/topic/$presence/$presence/rooms/7']) {
    await refused(t, (await server.connect()).frame('SUBSCRIBE', { id: 'a', destination, receipt: 'r' }), 'STOMP_NO_PRESENCE', /no presence/, 'r')
  }
  const wide = await build(t, { presence: [{ pattern: '/topic/**' }] })
  for (const destination of ['/topic/$presence/$presence/a', '/topic/$presence/$presence']) {
    await refused(t, (await wide.connect()).frame('SUBSCRIBE', { id: 'a', destination }), 'STOMP_NO_PRESENCE')
  }
  const watchers = [await watcher(server), await watcher(server)]
  await refused(t, (await server.connect()).frame('SUBSCRIBE', { id: 'a', destination: WATCH }), 'STOMP_TOO_MANY_WATCHERS', /at most 2/)
  await watchers[0]!.ok('UNSUBSCRIBE', { id: 'w' })
  t.strictSame(await told(await watcher(server)), [list()])
  t.strictSame(await told(await watcher(server, '/topic/$presence/rooms/7/8')), [list()], 'the second entry fits')
  await refused(t, (await (await buildStomp(t)).connect()).frame('SUBSCRIBE', { id: 'a', destination: WATCH }), 'STOMP_NO_PRESENCE')
  const ordinary = await (await server.connect()).subscribe('a', '/topic/$presences/rooms/7')
  await ordinary.send('/topic/$presences/rooms/7', 'x')
  t.strictSame(await ordinary.bodies(), ['x'], 'only the whole word is reserved')
})

t.test('no client and no route sends presence, and no wildcard receives it', async (t) => {
  const server = await buildStomp(t, {
    stomp: { presence, rules: [{ allow: 'all' }] },
    routes: (app) => app.stomp.message('/forge', { sendTo: WATCH }, () => leave('ann'))
  })
  const client = await watcher(server)
  const spy = await (await server.connect()).subscribe('a', '/topic/**')
  await member(server, 'ann')
  await refused(t, (await server.connect()).frame('SEND', { destination: WATCH, receipt: 'r' }, '{}'), 'STOMP_ACCESS_REFUSED', /./, 'r')
  const inTransaction = await server.connect()
  await inTransaction.ok('BEGIN', { transaction: 't' })
  await refused(t, inTransaction.frame('SEND', { destination: WATCH, transaction: 't' }, '{}'), 'STOMP_ACCESS_REFUSED')
  await refused(t, (await server.connect()).frame('SEND', { destination: '/app/forge', 'content-type': 'application/json' }), 'STOMP_HANDLER_FAILED')
  t.equal(await codeOf(() => server.stomp.publish(WATCH, {})), 'FST_STOMP_INVALID_DESTINATION')
  t.strictSame(await told(client), [list(), join('ann')])
  t.strictSame(await spy.bodies(), [])
})

t.test('who may watch may subscribe to the topic too, by rules and hooks', async (t) => {
  const rules: readonly Rule[] = [
    { type: 'connect', allow: 'all' },
    { type: 'subscribe', destination: '/topic/rooms/7', allow: ({ user }) => user?.name === 'ann' || user?.name === 'mia' },
    { type: 'subscribe', destination: '/topic/$presence/**', allow: ({ user }) => user?.name === 'ann' || user?.name === 'bob' }
  ]
  const server = await build(t, { rules })
  const asks: readonly (readonly [user: string, code: string | undefined])[] = [['ann', undefined], ['bob', 'STOMP_ACCESS_REFUSED'], ['mia', 'STOMP_ACCESS_REFUSED']]
  for (const [user, code] of asks) {
    const answer = await (await server.connect({ user })).ask('SUBSCRIBE', { id: 'w', destination: WATCH })
    t.equal(answer.headers.get('code'), code, user)
  }

  const asked: string[] = []
  const hooked = await buildStomp(t, {
    stomp: { presence },
    routes: (app) => app.stomp.addHook('onSubscribe', (session, { destination }) => {
      asked.push(destination)
      if (destination === TOPIC && session.user?.name !== 'ann') throw Object.assign(new Error('members only'), { statusCode: 403 })
    })
  })
  t.equal((await (await hooked.connect({ user: 'bob' })).ask('SUBSCRIBE', { id: 'w', destination: WATCH })).headers.get('message'), 'members only')
  t.strictSame(await told(await (await hooked.connect({ user: 'ann' })).subscribe('w', WATCH)), [list()])
  t.strictSame(asked, [WATCH, TOPIC, WATCH, TOPIC])
})

t.test('a list has a bound', async (t) => {
  const server = await build(t, { presence: [{ pattern: '/topic/rooms/*', maxUsers: 3 }] })
  for (const user of ['ann', 'bob', 'cid', 'dan', 'eve']) await member(server, user)
  t.strictSame(await told(await watcher(server)), [{ type: 'list', users: ['ann', 'bob', 'cid'], complete: true, more: 2 }])
})

t.test('options', async (t) => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{}, /presence: must be a list/], [[{}], /presence\.pattern/], [[{ pattern: 'x' }], /must be a text that begins with/], [[{ pattern: '/app/x' }], /goes to the application/],
    [[{ pattern: '/topic/$presence/x' }], /goes to the presence/], [[{ pattern: '/topic/a', maxUsers: 0 }], /maxUsers/], [[{ pattern: '/topic/a', maxWatcher: 1 }], /maxWatchers/], [['/topic/a'], /must be an object/]
  ]
  for (const [value, text] of wrong) {
    const error = await build(t, { presence: value as never }).then(() => null, (error: Error & { code: string }) => error)
    t.equal(error?.code, 'FST_STOMP_INVALID_OPTION')
    t.match(error?.message, text)
  }
})

t.test('a subscription that ends before the broker has it leaves no user behind', async (t) => {
  const nodes = await StompNodes.start(t, 1, { stomp: { presence } })
  const [server] = nodes.servers
  const client = await watcher(server!)
  const ann = await server!.connect({ user: 'ann' })
  ann.frame('SUBSCRIBE', { id: 'a', destination: TOPIC }).frame('UNSUBSCRIBE', { id: 'a' })
  const bob = await server!.connect({ user: 'bob' })
  bob.frame('SUBSCRIBE', { id: 'a', destination: TOPIC })
  bob.inner.abort()
  await nodes.settle()
  t.strictSame((await told(client)).slice(0, 1), [list()])
  t.strictSame(await told(await watcher(server!)), [list()])
})

for (const [name, broker] of [['clusterBroker', undefined], ['memoryBroker', memoryBroker]] as const) {
  t.test(`on three nodes, with ${name}`, async (t) => {
    const nodes = await StompNodes.start(t, 0)
    for (let i = 0; i < 3; i++) await nodes.add({ stomp: { presence, ...(broker === undefined ? {} : { broker: broker() }) } })
    const [one, two, three] = nodes.servers
    const early = await watcher(one!)
    const ann = [await member(two!, 'ann'), await member(three!, 'ann')]
    const bob = await member(three!, 'bob')
    await nodes.settle()
    const late = await watcher(two!)
    t.strictSame((await told(early)).sort(byUser), [list(), join('ann'), join('bob')], 'a user on two nodes joins once')
    t.strictSame(await told(late), [list('ann', 'bob')])
    ann[0]!.inner.abort()
    await nodes.settle()
    t.strictSame([await told(early), await told(late)], [[], []])
    ann[1]!.inner.abort()
    await bob.ok('UNSUBSCRIBE', { id: 'a' })
    await nodes.settle()
    for (const client of [early, late]) t.strictSame((await told(client)).sort(byUser), [leave('ann'), leave('bob')])
  })
}

t.test('a node that stops in order takes its people with it at once', async (t) => {
  const nodes = await StompNodes.start(t, 2, { stomp: { presence } })
  const [one, two] = nodes.servers
  await member(two!, 'ann')
  const client = await watcher(one!)
  const closed = two!.app.close()
  await nodes.passUntil(closed)
  t.strictSame(await told(client), [list('ann'), leave('ann')])
})

t.test('a node that joins is asked', async (t) => {
  const nodes = await StompNodes.start(t, 1, { stomp: { presence } })
  const client = await watcher(nodes.servers[0]!)
  await nodes.add()
  await member(nodes.servers[1]!, 'ann')
  await nodes.pass(1_500)
  t.strictSame(await told(client), [list(), join('ann')])
  nodes.cut(0)
  await member(nodes.servers[1]!, 'bob')
  await nodes.add()
  await member(nodes.servers[2]!, 'cid')
  nodes.mend(0)
  await nodes.pass(3_000)
  t.strictSame((await told(client)).sort(byUser), [join('bob'), join('cid')])
})

t.test('a network that was cut: after it is mended, the difference is told', async (t) => {
  for (const cut of [3_000, 7_000, 20_000]) {
    const nodes = await StompNodes.start(t, 0)
    const [one, two] = [await nodes.add({ stomp: { presence, broker: memoryBroker() } }), await nodes.add({ stomp: { presence, broker: memoryBroker() } })]
    const [ann, bob] = [await member(two, 'ann'), await member(two, 'bob')]
    const clients = [await watcher(one), await watcher(two)]
    await nodes.settle()
    for (const client of clients) t.strictSame(await told(client), [list('ann', 'bob')])
    nodes.cut(0)
    ann.inner.abort()
    await member(two, 'cid')
    await member(one, 'dan')
    await nodes.pass(cut)
    bob.inner.abort()
    nodes.mend(0)
    await nodes.pass(12_000)
    t.strictSame((await told(clients[0]!)).sort(byUser), [leave('ann'), leave('bob'), join('cid'), join('dan')], `after ${cut} ms, at the node that was away`)
    t.strictSame((await told(clients[1]!)).sort(byUser), [leave('ann'), leave('bob'), join('cid'), join('dan')], `after ${cut} ms, at the other`)
    for (const server of nodes.servers) t.strictSame(await told(await watcher(server)), [list('cid', 'dan')])
  }
})

t.test('a list that is not complete says so, comes within 2 seconds, and is completed later', async (t) => {
  const nodes = await StompNodes.start(t, 2, { stomp: { presence } })
  const [one, two] = nodes.servers
  await member(one!, 'ann')
  await member(two!, 'bob')
  nodes.fate = () => {}
  const client = await one!.connect()
  client.frame('SUBSCRIBE', { id: 'w', destination: WATCH })
  await nodes.pass(1_500)
  t.strictSame(client.inner.waiting, [], 'it waits for the other node')
  await nodes.pass(500)
  t.strictSame(await client.json(), { type: 'list', users: ['ann'], complete: false })
  nodes.fate = ({ arrive }) => { setImmediate(arrive) }
  await nodes.pass(4_000)
  t.strictSame(await told(client), [join('bob')])
})

t.test('without the engine, the list has the users of this node after 2 seconds', async (t) => {
  const nodes = await StompNodes.start(t, 2, { stomp: { presence, broker: memoryBroker() } })
  const [one, two] = nodes.servers
  await member(two!, 'bob')
  nodes.cut(0)
  await member(one!, 'ann')
  const client = await one!.connect()
  client.frame('SUBSCRIBE', { id: 'w', destination: WATCH })
  await nodes.pass(2_000)
  t.strictSame(await client.json(), { type: 'list', users: ['ann'], complete: false })
  nodes.mend(0)
  await nodes.pass(4_000)
  t.strictSame(await told(client), [join('bob')])
})

t.test('a node that dies with many people makes a new list, and not hundreds of messages', async (t) => {
  const nodes = await StompNodes.start(t, 2, { stomp: { presence } })
  const [one, two] = nodes.servers
  await member(one!, 'ann')
  const client = await watcher(one!)
  for (let i = 0; i < 150; i++) await member(two!, `user ${i}`)
  await nodes.settle()
  const messages = await told(client)
  t.strictSame([messages.length, messages.at(-1)], [2, list('ann', ...Array.from({ length: 150 }, (_, i) => `user ${i}`).sort())], 'they came at once')
  nodes.kill(1)
  await nodes.pass(8_000)
  t.strictSame(await told(client), [list('ann')])
})

t.test('many users at once are one change for the other nodes', async (t) => {
  const nodes = await StompNodes.start(t, 2, { stomp: { presence, broker: memoryBroker() } })
  const [one, two] = nodes.servers
  const client = await watcher(one!)
  const clients = await Promise.all(Array.from({ length: 90 }, (_, i) => two!.connect({ user: `user ${i}` })))
  await nodes.settle()
  let published = 0
  nodes.fate = ({ channel, arrive }) => {
    if (channel.startsWith('p.')) published++
    setImmediate(arrive)
  }
  for (const each of clients) each.frame('SUBSCRIBE', { id: 'a', destination: TOPIC })
  await nodes.settle()
  t.equal((await told(client)).length, 91)
  t.equal(published, 1)
})

t.test('nothing is published for topics without presence', async (t) => {
  const nodes = await StompNodes.start(t, 2, { stomp: { presence, broker: memoryBroker() } })
  const channels = new Set<string>()
  nodes.fate = ({ channel, arrive }) => {
    channels.add(channel.slice(0, 2))
    setImmediate(arrive)
  }
  await member(nodes.servers[0]!, 'ann', '/topic/other')
  await nodes.settle()
  t.notOk(channels.has('p.'))
})

t.test('a change that is lost without a word is found with the next one', async (t) => {
  const nodes = await StompNodes.start(t, 2, { stomp: { presence, broker: memoryBroker() } })
  const [one, two] = nodes.servers
  const client = await watcher(one!)
  nodes.fate = ({ channel, arrive }) => { if (!channel.startsWith('p.')) setImmediate(arrive) }
  await member(two!, 'ann')
  await nodes.settle()
  nodes.fate = ({ arrive }) => { setImmediate(arrive) }
  t.strictSame(await told(client), [list()])
  const bob = await member(two!, 'bob')
  await nodes.settle()
  t.strictSame(await told(client), [join('ann'), join('bob')])
  bob.inner.abort()
  await nodes.settle()
  t.strictSame(await told(client), [leave('bob')])
})

t.test('a change that the engine does not take in time makes the others ask', async (t) => {
  const nodes = await StompNodes.start(t, 2, { stomp: { presence, broker: memoryBroker() } })
  const [one, two] = nodes.servers
  const client = await watcher(one!)
  const { channels } = nodes.engines[1]!
  const { flushed } = channels
  channels.flushed = () => Promise.reject(new Error('no word'))
  nodes.fate = ({ channel, arrive }) => { if (!channel.startsWith('p.')) setImmediate(arrive) }
  await member(two!, 'ann')
  await nodes.pass(10_000)
  channels.flushed = flushed
  nodes.fate = ({ arrive }) => { setImmediate(arrive) }
  t.strictSame(await told(client), [list()])
  await nodes.pass(3_000)
  t.strictSame(await told(client), [join('ann')])
})

t.test('joins in a race with the list: each user is in the list or joins, and not both', async (t) => {
  const nodes = await StompNodes.start(t, 2, { stomp: { presence } })
  const [one, two] = nodes.servers
  for (let round = 0; round < 20; round++) {
    const topic = `/topic/rooms/race-${round}`
    const clients = await Promise.all(Array.from({ length: 6 }, (_, i) => two!.connect({ user: `user ${i}` })))
    const client = await one!.connect()
    for (const [i, each] of clients.entries()) {
      each.frame('SUBSCRIBE', { id: 'a', destination: topic })
      if (i === round % 5) client.frame('SUBSCRIBE', { id: 'w', destination: topic.replace('/topic', '/topic/$presence') })
      await new Promise((resolve) => { setImmediate(resolve) })
    }
    await nodes.settle()
    const [first, ...changes] = await told(client) as [{ users: string[] }, ...{ user: string }[]]
    t.strictSame([...first.users, ...changes.map(({ user }) => user)].sort(), clients.map((_, i) => `user ${i}`), `${first.users.length} in the list`)
  }
})

t.test('garbage of other nodes changes nothing, and the log tells of it', async (t) => {
  const nodes = await StompNodes.start(t, 2, { stomp: { presence, broker: memoryBroker() } })
  const [one, two] = nodes.servers
  await member(two!, 'ann')
  const { calls, channels, names } = nodeOf(two!)
  calls.serve(QUESTIONS.stompPresence, () => Uint8Array.of(0, 0, 0, 9, 1))
  const client = await one!.connect()
  client.frame('SUBSCRIBE', { id: 'w', destination: WATCH })
  await nodes.pass(2_500)
  t.strictSame(await told(client), [{ type: 'list', users: [], complete: false }])
  channels.publish(`p.${names.key('presence', TOPIC)}`, Uint8Array.of(1, 2, 3))
  await nodes.settle()
  t.match(one!.log.join(''), /A publication was dropped because it is not one of a node of this version/)
  t.strictSame([await told(client), one!.failures], [[], []])
})
