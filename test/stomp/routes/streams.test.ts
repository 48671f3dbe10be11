import t from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import { keepsNothing } from '../../support/heap.ts'
import { deferred, until } from '../../support/wait.ts'
import { buildStomp, type StompTestServer } from '../support.ts'

const warnings: string[] = []
process.on('warning', ({ message }) => { warnings.push(message) })

const KIB = 'x'.repeat(1024)

/** The lines of the log that say that something failed, as text. */
function failuresOf (server: StompTestServer): string[] {
  return server.failures.map(({ msg }) => msg)
}

t.test('R1: a subscription keeps none of the 100,000 values of 1 KiB that it has been given', async (t) => {
  let ended = false
  let wanted = 0
  let more = deferred<void>()
  const server = await buildStomp(t, {
    routes: ({ stomp }) => stomp.subscribe('/ticks', async function * () {
      try {
        for (let i = 0; ; i++) {
          if (wanted <= i) await more.promise
          yield `${i} ${KIB}`
        }
      } finally {
        ended = true
      }
    })
  })
  const client = await server.connect()
  await client.subscribe('ticks', '/app/ticks')
  await keepsNothing(t, 'values of a stream', {
    once: async (i) => {
      wanted++
      more.resolve()
      more = deferred()
      const { body } = await client.inner.next('MESSAGE')
      if (!body.text.startsWith(`${i} `)) t.fail(`value ${i}: ${body.text.slice(0, 20)}`)
    }
  })
  await client.ok('UNSUBSCRIBE', { id: 'ticks' })
  more.resolve()
  await until(() => ended, 'the generator has ended')
})

t.test('R1: a session keeps none of 20,000 values that its message routes stream', async (t) => {
  const server = await buildStomp(t, {
    routes: ({ stomp }) => stomp.message('/count', { sendToSender: '/queue/count' }, async function * () {
      for (let i = 0; i < 100; i++) yield KIB
    })
  })
  const client = await server.connect()
  await client.subscribe('count', '/user/queue/count')
  await keepsNothing(t, 'streams of one session', {
    before: 20,
    times: 200,
    once: async () => {
      client.frame('SEND', { destination: '/app/count' })
      for (let i = 0; i < 100; i++) await client.inner.next('MESSAGE')
    }
  })
})

t.test('R1: a thousand streams at once end with their session, and each generator runs its finally', async (t) => {
  let begun = 0
  let ended = 0
  const server = await buildStomp(t, {
    stomp: { limits: { subscriptions: 1000 } },
    routes: ({ stomp }) => stomp.subscribe('/forever/:n', async function * ({ signal }) {
      begun++
      try {
        await delay(1e9, undefined, { signal })
        yield 1
      } finally {
        ended++
      }
    })
  })
  const client = await server.connect()
  const bystander = await server.connect()
  for (let i = 0; i < 1000; i++) client.frame('SUBSCRIBE', { id: String(i), destination: `/app/forever/${i}` })
  await until(() => begun === 1000, 'all streams have begun')
  client.inner.abort()
  await until(() => ended === 1000, 'all generators have ended')
  t.strictSame(failuresOf(server), [], 'an abort that comes from the signal is no failure')
  await bystander.ok('BEGIN', { transaction: 'alive' })
})

t.test('K1: many streams of message routes on one session give no warning of a leak', async (t) => {
  let ended = 0
  const server = await buildStomp(t, {
    routes: ({ stomp }) => stomp.message('/forever', { sendToSender: '/queue/x' }, async function * ({ session }) {
      try {
        await delay(1e9, undefined, { signal: session.signal })
        yield 1
      } finally {
        ended++
      }
    })
  })
  const client = await server.connect()
  for (let i = 0; i < 50; i++) await client.sendJson('/app/forever', i)
  client.inner.abort()
  await until(() => ended === 50, 'all generators have ended')
  t.strictSame(warnings, [])
})

t.test('K1: a stream ends while its client does not read', async (t) => {
  let ended = 0
  const server = await buildStomp(t, {
    sockjs: { queue: { highWater: 1024, limit: 1024 * 1024 } },
    listen: true,
    routes: ({ stomp }) => stomp.subscribe('/big', async function * () {
      try {
        for (;;) yield KIB
      } finally {
        ended++
      }
    })
  })
  const client = await server.connect()
  await client.subscribe('big', '/app/big')
  await client.inner.next('MESSAGE')
  client.inner.abort()
  await until(() => ended === 1, 'the generator has ended')
  t.strictSame(failuresOf(server), [])
})

t.test('K3: what a generator throws after its subscription has ended is logged as a failure', async (t) => {
  const released = deferred<void>()
  const server = await buildStomp(t, {
    routes: ({ stomp }) => {
      stomp.subscribe('/late', async function * () {
        yield 1
        await released.promise
        throw new Error('save failed')
      })
      stomp.subscribe('/finally', async function * () {
        try {
          for (;;) yield 1
        } finally {
          // eslint-disable-next-line no-unsafe-finally -- the fault under test
          throw new Error('clean-up failed')
        }
      })
    }
  })
  const client = await server.connect()
  for (const path of ['late', 'finally']) {
    await client.subscribe(path, `/app/${path}`)
    await client.message()
    await client.ok('UNSUBSCRIBE', { id: path })
  }
  released.resolve()
  await until(() => server.failures.length === 2, 'both failures are in the log')
  t.strictSame(server.log.filter((line) => /save failed|clean-up failed/.test(line)).map((line) => (JSON.parse(line) as { destination: string }).destination).sort(),
    ['/app/finally', '/app/late'])
  await client.ok('BEGIN', { transaction: 'alive' })
})

t.test('K3: a message handler that fails after its client has gone is logged', async (t) => {
  const released = deferred<void>()
  const server = await buildStomp(t, {
    routes: ({ stomp }) => stomp.message('/save', async () => {
      await released.promise
      throw new Error('save failed')
    })
  })
  const client = await server.connect()
  client.frame('SEND', { destination: '/app/save' })
  client.inner.abort()
  released.resolve()
  await until(() => server.log.some((line) => line.includes('save failed')), 'the failure is in the log')
  t.strictSame(failuresOf(server), ['a handler failed'])
})

t.test('K4: streams of a session have a bound, and one that ends makes room', async (t) => {
  let begun = 0
  const stops: (() => void)[] = []
  const server = await buildStomp(t, {
    stomp: { limits: { streams: 3 } },
    routes: ({ stomp }) => stomp.message('/stream', { sendToSender: '/queue/x' }, async function * () {
      begun++
      await new Promise<void>((resolve) => { stops.push(resolve) })
      yield 'end'
    })
  })
  const client = await server.connect()
  const other = await server.connect()
  await client.subscribe('e', '/user/queue/errors')
  await client.subscribe('x', '/user/queue/x')
  for (let i = 0; i < 1000; i++) client.frame('SEND', { destination: '/app/stream' })
  const errors = await client.arrived()
  t.strictSame([begun, errors.length], [3, 997])
  t.match(errors[0]!.body.text, /STOMP_TOO_MANY_STREAMS.*at most 3/)
  await other.sendJson('/app/stream', 1)
  t.equal(begun, 4, 'another session has its own bound')
  stops[0]!()
  t.equal((await client.message()).body.text, 'end')
  await client.sendJson('/app/stream', 1)
  t.equal(begun, 5)
  client.inner.abort()
  for (const stop of stops) stop()
})

t.test('a subscription whose route closes the session ends at once', async (t) => {
  const signals: AbortSignal[] = []
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.subscribe('/door', ({ session, signal }) => {
      signals.push(signal)
      session.close()
      return new Promise(() => {})
    })
  })
  const told: string[] = []
  server.stomp.addHook('onSubscribed', (_session, { destination }) => { told.push(destination) })
  const client = await server.connect()
  client.frame('SUBSCRIBE', { id: 'a', destination: '/app/door' })
  await client.closed
  await until(() => signals.length > 0, 'the route was called')
  await delay(0)
  t.strictSame([signals.map(({ aborted }) => aborted), told.length], [[true], 0])
})
