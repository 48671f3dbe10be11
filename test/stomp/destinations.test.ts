import fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'tap'
import { DestinationParser, parseUserDestination } from '../../src/stomp/destinations.ts'
import { memoryBroker } from '../../src/stomp.ts'
import { buildStomp, refused } from './support.ts'

test('a destination is parsed into its owner, its segments and the rest behind the application prefix', async (t) => {
  const slashes = new DestinationParser(['/app', '/my/app'], '/')
  const dots = new DestinationParser(['/app', '/my/app'], '.')
  const rows: readonly (readonly [DestinationParser, string, string, string[], string[]?])[] = [
    [slashes, '/app/chat/1', 'application', ['', 'app', 'chat', '1'], ['chat', '1']],
    [slashes, '/my/app/chat', 'application', ['', 'my', 'app', 'chat'], ['chat']],
    [slashes, '/app/', 'application', ['', 'app', ''], ['']],
    [slashes, '/app', 'broker', ['', 'app']],
    [slashes, '/application/chat', 'broker', ['', 'application', 'chat']],
    [slashes, '/app.chat', 'broker', ['', 'app.chat']],
    [slashes, '/user/kim/queue/a', 'user', ['', 'user', 'kim', 'queue', 'a']],
    [slashes, '/users/a', 'broker', ['', 'users', 'a']],
    [slashes, '/topic/a.b', 'broker', ['', 'topic', 'a.b']],
    [slashes, 'topic', 'broker', ['topic']],
    [dots, '/app/chat.1', 'application', ['/app', 'chat', '1'], ['chat', '1']],
    [dots, '/app.chat.1', 'application', ['/app', 'chat', '1'], ['chat', '1']],
    [dots, '/my/app/chat.1', 'application', ['/my/app', 'chat', '1'], ['chat', '1']],
    [dots, '/user/queue/a.b', 'user', ['/user', 'queue/a', 'b']],
    [dots, '/topic/a.b', 'broker', ['/topic', 'a', 'b']],
    [dots, '/topic', 'broker', ['/topic']]
  ]
  for (const [parser, name, owner, segments, rest] of rows) {
    const destination = parser.parse(name)
    t.match(destination, { name, owner }, name)
    t.strictSame(destination.segments, segments, name)
    if (rest !== undefined) t.strictSame(destination.rest, rest, name)
  }
})

test('the segments of a destination, joined, are its name', async () => {
  const parts = fc.array(fc.constantFrom('/', '.', 'app', 'user', 'topic', 'a', '*', '**', '%'), { maxLength: 8 })
  fc.assert(fc.property(parts, fc.constantFrom('/' as const, '.' as const), (words, separator) => {
    const name = words.join('')
    const { segments, owner } = new DestinationParser(['/app'], separator).parse(name)
    if (separator === '/') assert.equal(segments.join('/'), name)
    else assert.equal(segments.join('.').replaceAll('/', '.'), name.replaceAll('/', '.'))
    assert.equal(owner === 'user', name.startsWith('/user/'))
  }))
})

test('SPRING-F7: a user in a destination has one spelling', async (t) => {
  t.strictSame(parseUserDestination('/user/a%2Fb/queue/x'), { name: 'a/b', rest: '/queue/x' })
  t.strictSame(parseUserDestination('/user/kim@home/queue/x'), { name: 'kim@home', rest: '/queue/x' })
  for (const other of ['/user/%6Bim/queue/x', '/user/%/queue/x', '/user//queue/x', '/user/kim', '/user/kim/', '/topic/kim/x']) {
    t.equal(parseUserDestination(other), null, other)
  }
})

test('SEC-S64: with dots between segments, a rule for the application prefix covers both spellings of a destination', async (t) => {
  const seen: string[] = []
  const server = await buildStomp(t, {
    stomp: { broker: memoryBroker({ separator: '.' }), rules: [{ type: 'send', destination: '/app/**', deny: 'all' }, { allow: 'all' }] },
    routes: (app) => app.stomp.message('/chat', ({ destination }) => { seen.push(destination) })
  })
  for (const destination of ['/app/chat', '/app.chat']) await refused(t, (await server.connect()).frame('SEND', { destination }), 'STOMP_ACCESS_REFUSED')
  t.strictSame(seen, [])
})

test('STOMP-T3: in a transaction, a destination that no user can have is refused at its SEND, and COMMIT does not find out half-way', async (t) => {
  const rules = [{ type: 'send', destination: '/user/**', allow: 'all' }, { allow: 'all' }] as const
  const server = await buildStomp(t, { stomp: { rules } })
  const watcher = await (await server.connect()).subscribe('a', '/topic/a')
  const client = (await server.connect()).frame('BEGIN', { transaction: 't' })
    .frame('SEND', { destination: '/topic/a', transaction: 't' }, 'first')
    .frame('SEND', { destination: '/user/%/queue/x', transaction: 't', receipt: 'r' }, 'second')
    .frame('COMMIT', { transaction: 't' })
  await refused(t, client, 'STOMP_UNKNOWN_DESTINATION', /./, 'r')
  t.strictSame(await watcher.bodies(), [])
})
