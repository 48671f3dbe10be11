import t from 'tap'
import { ManualClock } from '../../src/core/clock.ts'
import { RateLimiter } from '../../src/stomp/session/rate.ts'
import { buildStomp, codeOf } from './support.ts'

function userNamed (name: string) { return { id: 'x', user: { name } } }

t.test('SEC-S37: a bucket fills with time, up to its size', async (t) => {
  const clock = new ManualClock()
  const limiter = new RateLimiter({ perSecond: 10, burst: 3 }, clock)
  const take = (name: string) => codeOf(() => limiter.take(userNamed(name)))
  for (let i = 0; i < 3; i++) t.equal(await take('kim'), undefined)
  t.equal(await take('kim'), 'STOMP_RATE_EXCEEDED')
  t.equal(await take('lee'), undefined, 'another user has another')
  clock.advance(100)
  t.equal(await take('kim'), undefined, 'one more after a tenth of a second')
  t.equal(await take('kim'), 'STOMP_RATE_EXCEEDED')
  clock.advance(60_000)
  for (let i = 0; i < 3; i++) t.equal(await take('kim'), undefined)
  t.equal(await take('kim'), 'STOMP_RATE_EXCEEDED', 'never more than the burst')
})

t.test('a session has no name that a user could take', async (t) => {
  const limiter = new RateLimiter({ perSecond: 1, burst: 1 }, new ManualClock())
  limiter.take({ id: 'abc', user: null })
  t.equal(await codeOf(() => limiter.take({ id: 'abc', user: null })), 'STOMP_RATE_EXCEEDED')
  t.equal(await codeOf(() => limiter.take(userNamed('abc'))), undefined)
})

t.test('a bucket that was swept away is as good as new, one that is not full stays', async (t) => {
  const clock = new ManualClock()
  const limiter = new RateLimiter({ perSecond: 0.001, burst: 1 }, clock)
  for (let i = 0; i < 3000; i++) limiter.take(userNamed(`user ${i}`))
  t.equal(await codeOf(() => limiter.take(userNamed('user 0'))), 'STOMP_RATE_EXCEEDED')
})

t.test('SEC-S37: SENDs and SUBSCRIBEs above the rate end in an ERROR, over all sessions of a user', async (t) => {
  const server = await buildStomp(t, {
    stomp: { rate: { perSecond: 2 } },
    routes (app) { app.stomp.addHook('onConnect', (frame, session) => { session.user = { name: frame.login ?? '' } }) }
  })
  const one = await server.connect({ headers: { login: 'kim' } })
  const two = await server.connect({ headers: { login: 'kim' } })
  const other = await server.connect({ headers: { login: 'lee' } })
  await one.subscribe('1', '/topic/a')
  await two.send('/topic/a', 'first')
  t.strictSame(await one.bodies(), ['first'])
  for (let i = 0; i < 10; i++) one.frame('BEGIN', { transaction: `${i}` }).frame('ABORT', { transaction: `${i}` })
  one.frame('SEND', { destination: '/topic/b' }).frame('SEND', { destination: '/topic/b' }).frame('SEND', { destination: '/topic/b', receipt: 'r' })
  const error = await one.next()
  t.equal(error.command, 'ERROR')
  t.match(Object.fromEntries(error.headers), { code: 'STOMP_RATE_EXCEEDED', 'receipt-id': 'r' })
  t.match(await one.closed, { code: 1002 })
  two.frame('SEND', { destination: '/topic/b' })
  t.equal((await two.next()).command, 'ERROR', 'the other session has the same bucket')
  await other.send('/topic/a', 'unharmed')
  server.clock.advance(1000)
  const three = await server.connect({ headers: { login: 'kim' } })
  await three.send('/topic/a', 'again')
})

t.test('wrong options', async (t) => {
  for (const rate of [{}, { perSecond: 0 }, { perSecond: 1, burst: 0 }, { perSecond: Infinity }, { perSecond: 1, each: 2 }]) {
    t.equal(await codeOf(() => buildStomp(t, { stomp: { rate: rate as never } })), 'FST_STOMP_INVALID_OPTION', JSON.stringify(rate))
  }
})
