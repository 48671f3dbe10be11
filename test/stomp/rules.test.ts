import fc from 'fast-check'
import t from 'tap'
import { memoryBroker, type Rule } from '../../src/stomp.ts'
import { covers, matchesPattern, overlaps } from '../../src/stomp/destinations.ts'
import { deferred } from '../support/wait.ts'
import { buildStomp, codeOf, refused, type StompTestServer } from './support.ts'

type Ask = readonly [command: 'SEND' | 'SUBSCRIBE', destination: string, user?: string | undefined]

/** Whether a fresh client may do it. */
async function may (server: StompTestServer, [command, destination, user]: Ask): Promise<boolean> {
  const client = await server.connect({ user })
  const answer = await client.ask(command, { id: 'a', destination })
  client.inner.abort()
  if (answer.command === 'ERROR' && answer.headers.get('code') !== 'STOMP_ACCESS_REFUSED') throw new Error(answer.headers.get('message'))
  return answer.command === 'RECEIPT'
}

t.test('SEC-S64, SEC-S65: the first rule that fits decides; what none fits is denied', async (t) => {
  const rules: readonly Rule[] = [
    { type: 'connect', allow: 'all' },
    { destination: '/topic/secret/**', deny: 'all' },
    { type: 'subscribe', destination: ['/topic/news', '/topic/chat/*', '/topic/open/**'], allow: 'all' },
    { type: 'subscribe', destination: '/user/queue/*', allow: 'authenticated' },
    { type: 'send', destination: '/app/**', allow: 'authenticated' },
    { type: 'send', destination: '/topic/chat/*', allow: (session, { destination }) => destination.endsWith(session.user?.name ?? '?') },
    { type: 'send', destination: '/topic/later', allow: async () => await Promise.resolve(true) },
    { destination: '/queue/both', allow: 'all' }
  ]
  const server = await buildStomp(t, {
    stomp: { rules, broker: memoryBroker({ queueWildcards: true }) },
    routes: (app) => app.stomp.message('/hello', () => {})
  })
  const rows: readonly (readonly [...Ask, boolean])[] = [
    ['SUBSCRIBE', '/topic/news', undefined, true], ['SEND', '/topic/news', 'kim', false], ['SUBSCRIBE', '/topic/chat/1', undefined, true],
    ['SUBSCRIBE', '/topic/chat/1/2', undefined, false],
    ['SUBSCRIBE', '/topic/chat', undefined, false], ['SUBSCRIBE', '/topic/open/a/b/c', undefined, true], ['SUBSCRIBE', '/topic/other', 'kim', false],
    ['SUBSCRIBE', '/user/queue/a', undefined, false], ['SUBSCRIBE', '/user/queue/a', 'kim', true], ['SEND', '/app/hello', undefined, false],
    ['SEND', '/app/hello', 'kim', true],
    ['SEND', '/topic/chat/kim', 'kim', true], ['SEND', '/topic/chat/lee', 'kim', false], ['SEND', '/topic/later', undefined, true],
    ['SEND', '/queue/both', undefined, true], ['SUBSCRIBE', '/queue/both', undefined, true],
    ['SEND', '/user/kim/queue/a', 'kim', false], ['SUBSCRIBE', '/topic/secret/a', 'kim', false],
    // A pattern needs a rule that grants all of it.
    ['SUBSCRIBE', '/topic/chat/*', undefined, true], ['SUBSCRIBE', '/topic/chat/**', undefined, false], ['SUBSCRIBE', '/topic/*', undefined, false],
    ['SUBSCRIBE', '/topic/**', undefined, false],
    ['SUBSCRIBE', '/topic/*/1', undefined, false], ['SUBSCRIBE', '/topic/open/*/x', undefined, true],
    ['SUBSCRIBE', '/topic/open/**', undefined, true], ['SUBSCRIBE', '/queue/*', undefined, false]
  ]
  for (const [command, destination, user, allowed] of rows) t.equal(await may(server, [command, destination, user]), allowed, `${command} ${destination} by ${user}`)
})

t.test('SEC-S64: a pattern that touches what is denied is denied', async (t) => {
  const rules: readonly Rule[] = [{ type: 'subscribe', destination: ['/topic/secret/**', '/topic/*/private', '/topic/x/y'], deny: 'all' }, { allow: 'all' }]
  const server = await buildStomp(t, { stomp: { rules } })
  for (const destination of [
    '/topic/**', '/topic/*', '/topic/secret', '/topic/secret/*', '/topic/secret/a/b', '/topic/a/private', '/topic/a/*', '/topic/*/private',
    '/topic/*/*', '/topic/x/**', '/topic/*/y'
  ]) {
    t.equal(await may(server, ['SUBSCRIBE', destination]), false, destination)
  }
  for (const destination of [
    '/topic/a', '/topic/a/b', '/topic/a/b/*', '/topic/secrets/a', '/topic/x/z/**', '/topic/a/private/b'
  ]) {
    t.equal(await may(server, ['SUBSCRIBE', destination]), true, destination)
  }
  t.equal(await may(server, ['SEND', '/topic/secret/a']), true, 'the rule speaks of SUBSCRIBE')
})

t.test('SEC-S64: what a granted pattern can be given by the broker is granted too', async (t) => {
  const server = await buildStomp(t, { stomp: { rules: [{ type: 'connect', allow: 'all' }, { type: 'subscribe', destination: '/topic/a/**', allow: 'all' }] } })
  const client = await (await server.connect()).subscribe('a', '/topic/a/**')
  await server.stomp.publish('/topic/a', 'x')
  const got = await client.bodies()
  t.equal(await may(server, ['SUBSCRIBE', '/topic/a']), got.length === 1)
})

t.test('no other spelling of a destination goes around a rule', async (t) => {
  const rules: readonly Rule[] = [{ type: 'subscribe', destination: '/topic/secret', deny: 'all' }, { allow: 'all' }]
  const server = await buildStomp(t, { stomp: { rules } })
  for (const destination of [
    '/topic//secret', '/topic/./secret', '/topic/secret/', '//topic/secret', '/topic/%73ecret', '/TOPIC/secret', '/topic/Secret', ' /topic/secret',
    '/topic/secret '
  ]) {
    const client = await server.connect()
    await client.ask('SUBSCRIBE', { id: 'a', destination })
    await server.stomp.publish('/topic/secret', 'x')
    t.strictSame(client.inner.waiting, [], destination)
    client.inner.abort()
  }
  const dotted = await buildStomp(t, {
    stomp: { broker: memoryBroker({ separator: '.' }), rules: [{ type: 'subscribe', destination: '/topic/secret.**', deny: 'all' }, { allow: 'all' }] }
  })
  for (const destination of ['/topic/secret.a', '/topic/*.a', '/topic/**']) t.equal(await may(dotted, ['SUBSCRIBE', destination]), false, destination)
  t.equal(await may(dotted, ['SUBSCRIBE', '/topic/open.a']), true)
})

t.test('temporary queues are their owner\'s: no rule is needed for them', async (t) => {
  const server = await buildStomp(t, {
    stomp: { rules: [{ type: 'connect', allow: 'all' }, { type: 'send', destination: '/app/ask', allow: 'all' }] }, routes: (app) => app.stomp.message('/ask', () => 'answer')
  })
  const client = await (await server.connect()).subscribe('t', '/temp-queue/x')
  await client.send('/app/ask', '', { 'reply-to': '/temp-queue/x' })
  await client.send('/temp-queue/x', 'to myself')
  t.strictSame(await client.bodies(), ['answer', 'to myself'])
  for (const command of ['SEND', 'SUBSCRIBE'] as const) t.equal(await may(server, [command, '/topic/x']), false)
})

t.test('connect: who may come at all', async (t) => {
  const server = await buildStomp(t, {
    stomp: {
      rules: [
        {
          type: 'connect',
          allow: (session, { type, destination, headers }) => type === 'connect' && destination === '' && headers.get('login') === session.user?.name
        },
        { type: 'subscribe', allow: 'all' }
      ]
    },
    routes: (app) => app.stomp.addHook('onConnect', ({ login }, session) => { session.user = { name: login === 'eve' ? 'mallory' : login! } })
  })
  await server.connect({ headers: { login: 'kim' } })
  await refused(t, (await server.open()).frame('CONNECT', { 'accept-version': '1.2', login: 'eve' }), 'STOMP_ACCESS_REFUSED')
  const closed = await buildStomp(t, { stomp: { rules: [{ type: 'subscribe', allow: 'all' }] } })
  await refused(t, (await closed.open()).frame('CONNECT', { 'accept-version': '1.2' }), 'STOMP_ACCESS_REFUSED')
})

t.test('a rule that throws denies, and says nothing', async (t) => {
  const server = await buildStomp(t, {
    stomp: {
      rules: [{ type: 'connect', allow: 'all' }, { type: 'send', allow: () => { throw new Error('secret') } }, { type: 'subscribe', allow: (() => 'yes') as never }]
    }
  })
  const watcher = await server.connect()
  await refused(t, (await server.connect()).frame('SEND', { destination: '/topic/a', receipt: 'r' }), 'STOMP_INTERNAL', /^Internal server error$/, 'r')
  await refused(t, watcher.frame('SUBSCRIBE', { id: 'a', destination: '/topic/a' }), 'STOMP_ACCESS_REFUSED', /./)
})

t.test('a SEND in a transaction is judged when it comes; what is refused is nowhere', async (t) => {
  const server = await buildStomp(t, { stomp: { rules: [{ type: 'send', destination: '/topic/no', deny: 'all' }, { allow: 'all' }] } })
  const watcher = await (await server.connect()).subscribe('a', '/topic/**')
  const client = await server.connect()
  client.frame('BEGIN', { transaction: 't' })
    .frame('SEND', { destination: '/topic/yes', transaction: 't' })
    .frame('SEND', { destination: '/topic/no', transaction: 't', receipt: 'r' })
    .frame('COMMIT', { transaction: 't' })
  await refused(t, client, 'STOMP_ACCESS_REFUSED', /./, 'r')
  t.strictSame(await watcher.bodies(), [])
})

t.test('rules that take their time keep the order of frames', async (t) => {
  const gate = deferred<void>()
  const server = await buildStomp(t, { stomp: { rules: [{ destination: '/topic/slow', allow: () => gate.promise.then(() => true) }, { allow: 'all' }] } })
  const watcher = await (await server.connect()).subscribe('a', '/topic/**')
  const client = await server.connect()
  for (const destination of ['/topic/slow', '/topic/fast', '/topic/slow', '/topic/fast']) client.frame('SEND', { destination }, destination)
  const last = client.ask('BEGIN', { transaction: 't' })
  t.strictSame(await watcher.bodies(), [])
  gate.resolve()
  await last
  t.strictSame(await watcher.bodies(), ['/topic/slow', '/topic/fast', '/topic/slow', '/topic/fast'])
})

t.test('SEC-S65: clientSend: application-only', async (t) => {
  const server = await buildStomp(t, {
    stomp: { clientSend: 'application-only' },
    routes: (app) => app.stomp.message('/hello', { sendTo: '/topic/a' }, () => 'by the server')
  })
  const client = await (await server.connect()).subscribe('a', '/topic/a')
  await client.send('/app/hello')
  await server.stomp.publish('/topic/a', 'by the application')
  t.strictSame(await client.bodies(), ['by the server', 'by the application'])
  for (const destination of ['/topic/a', '/queue/a', '/user/kim/queue/a']) {
    const sender = (await server.connect()).frame('SEND', { destination, receipt: 'r' }, 'by a client')
    await refused(t, sender, 'STOMP_ACCESS_REFUSED', /./, 'r')
  }
  const inTransaction = (await server.connect()).frame('BEGIN', { transaction: 't' })
    .frame('SEND', { destination: '/topic/a', transaction: 't' })
    .frame('COMMIT', { transaction: 't' })
  await refused(t, inTransaction, 'STOMP_ACCESS_REFUSED')
  t.strictSame(await client.bodies(), [])
  t.equal(await codeOf(() => server.stomp.publishToUser('kim', '/queue/a', 'x')), undefined)
})

// --- patterns against patterns -------------------------------------------------------------------------------------------------

const word = fc.constantFrom('a', 'b')
const name = fc.array(word, { minLength: 1, maxLength: 4 })
const pattern = fc.tuple(fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 3 }), fc.boolean()).filter(([words, rest]) => rest || words.length > 0)
  .map(([words, rest]) => rest ? [...words, '**'] : words)

t.test('SEC-S64: covers and overlaps mean what the broker\'s patterns mean', async () => {
  fc.assert(fc.property(pattern, pattern, name, (one, other, words) => {
    const [first, second] = [matchesPattern(one, words), matchesPattern(other, words)]
    // Whoever is granted one pattern must not be given by another what the first has not.
    if (covers(one, other) && second && !first) return false
    if (first && second && !overlaps(one, other)) return false
    // A name without wildcards is granted when, and only when, the broker would match it.
    return covers(one, words) === first && overlaps(one, words) === first
  }), { numRuns: 2000 })
})
