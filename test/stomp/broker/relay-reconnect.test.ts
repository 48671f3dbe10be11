import t from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import { FrameHeaders } from '../../../src/stomp/codec/index.ts'
import { Connector } from '../../../src/stomp/broker/relay/link/connector.ts'
import type { LinkOwner } from '../../../src/stomp/broker/relay/link/link.ts'
import { resolveRelay } from '../../../src/stomp/broker/relay/options.ts'
import { RelayState } from '../../../src/stomp/broker/relay/state.ts'
import { connect, message, TestSink } from '../../support/broker.ts'
import { FakeBroker, startFakeBroker } from '../../support/fake-broker.ts'
import { keepsNothing } from '../../support/heap.ts'
import { advanceUntil, client, code, LinesLog, MUTE, REFUSE, relayTo, startRelay, turns } from '../../support/relay.ts'
import { isSettled, steady, until, within } from '../../support/wait.ts'

for (const mode of ['shared', 'per-client'] as const) {
  for (const [name, manners] of [['drops connections', REFUSE], ['never answers', MUTE]] as const) {
    t.test(`R13, ${mode}: clients that arrive while the broker ${name} wait for the planned attempt and cause none`, async (t) => {
      const fake = await startFakeBroker(t, manners)
      const { clock, relay, started } = await startRelay(t, { servers: fake.url, mode, connectTimeout: 1000, reconnect: { min: 500, max: 8000, jitter: 0 } })
      await advanceUntil(clock, started, 100)
      // Before time goes on, nothing is planned.
      await steady(() => fake.connections.all.length)
      const links = mode === 'shared' ? 2 : 1
      t.equal(fake.connections.all.length, links)
      const results = Array.from({ length: 1000 }, () => code(connect(relay)))
      await steady(() => fake.connections.all.length)
      t.equal(fake.connections.all.length, links, 'no attempt but the planned ones')
      t.notOk(await isSettled(results[0]!), 'they wait')
      clock.advance(600)
      t.strictSame(new Set(await advanceUntil(clock, Promise.all(results), 100)), new Set(['STOMP_BROKER_UNAVAILABLE']))
      t.equal(fake.connections.all.length, 2 * links, 'one attempt for all of them')

      const late = Promise.all(Array.from({ length: 100 }, () => connect(relay)))
      fake.manners = {}
      // The clock stands still while real sockets connect.
      for (let wait = 0; wait < 40; wait++) {
        clock.advance(100)
        await steady(() => fake.connections.all.length)
      }
      const connections = await within(late, 'connections')
      t.equal(relay.state, 'available')
      t.equal(relay.stats().clients, 100)
      t.equal(relay.stats().connections, mode === 'shared' ? 2 : 101)
      await Promise.all(connections.map(({ broker }) => broker.close()))
    })
  }
}

t.test('R13, shared: a broker that refuses, clients that keep coming', async (t) => {
  const world = await relayTo(t, { mode: 'shared', reconnect: { min: 500, jitter: 0 } })
  await world.fake.connections.next('the shared connection')
  world.fake.manners = REFUSE
  const before = world.fake.connections.all.length
  for (const { socket } of world.fake.connections.all) socket.destroy()
  await until(() => world.relay.state === 'unavailable', 'the loss')
  const results: Promise<string>[] = []
  // Two seconds of 50 ms each, with five clients in each.
  for (let step = 0; step < 40; step++) {
    for (let i = 0; i < 5; i++) results.push(code(connect(world.relay)))
    world.clock.advance(50)
    await turns()
  }
  // At 500 and 1,500 ms, for each of two connections; a real socket may need another step.
  t.ok(world.fake.connections.all.length - before <= 4, `${world.fake.connections.all.length - before} attempts`)
  await advanceUntil(world.clock, Promise.all(results), 100)
})

t.test('R13: a client that goes while it waits is forgotten at once, a stop releases the others', async (t) => {
  const fake = await startFakeBroker(t, REFUSE)
  for (const mode of ['shared', 'per-client'] as const) {
    const { relay, started } = await startRelay(t, { servers: fake.url, mode, reconnect: { min: 1_000_000, max: 1_000_000 } })
    await started
    await steady(() => fake.connections.all.length)
    const gone = new AbortController()
    const wait = (signal: AbortSignal): Promise<string> => code(Promise.resolve(relay.connect({ session: 's', user: '', headers: new FrameHeaders(), signal }, new TestSink())))
    const [first, second] = [wait(gone.signal), wait(new AbortController().signal)]
    await turns()
    gone.abort()
    t.equal(await within(first, 'the end of the wait'), 'STOMP_BROKER_UNAVAILABLE')
    t.notOk(await isSettled(second))
    await relay.stop()
    t.match(await within(second, 'the end of the wait'), /STOMP_BROKER_(UNAVAILABLE|STOPPED)/)
    t.equal(relay.stats().clients, 0)
  }
})

t.test('K8: a broker that refuses the application\'s login, and not those of clients, is not asked more often for them', async (t) => {
  const fake = await startFakeBroker(t, {
    connect: (connection, frame) => {
      if (frame.headers.get('login') === 'app') connection.send('ERROR', { message: 'Bad CONNECT' }, 'Access refused')
      else connection.send('CONNECTED', { version: '1.2' })
    }
  })
  const { relay, started } = await startRelay(t, { servers: fake.url, system: { login: 'app' }, client: { login: 'client' }, reconnect: { min: 1_000_000, max: 1_000_000 } })
  await started
  const connections = await Promise.all(Array.from({ length: 50 }, () => connect(relay)))
  await steady(() => fake.connections.all.length)
  t.equal(fake.connections.all.length, 51, 'each client is served, and the refused login was not tried again')
  await Promise.all(connections.map(({ broker }) => broker.close()))
})

t.test('a connection that reaches the broker spares the others their wait', async (t) => {
  const world = await relayTo(t, { mode: 'shared', reconnect: { min: 1000, max: 1_000_000, jitter: 0 } })
  const shared = await world.fake.connections.next('the shared connection')
  world.fake.manners = REFUSE
  world.system.socket.destroy()
  // The system connection fails six times, so that its wait is long; then the shared one is lost and comes back within a second.
  for (let attempts = 0; attempts < 6; attempts++) await advanceUntil(world.clock, world.fake.connections.next('an attempt'), 500)
  await steady(() => world.log.of('warn').length)
  world.fake.manners = {}
  shared.socket.destroy()
  await until(() => world.log.of('warn').some(({ data }) => data.connection === 'shared 1'), 'the loss of the shared connection')
  const before = world.clock.now()
  await advanceUntil(world.clock, within(until(() => world.relay.state === 'available', 'the system connection'), 'the state'), 100)
  t.ok(world.clock.now() - before < 20_000, `after ${world.clock.now() - before} ms`)
})

t.test('R13: connections that a broker ends at once do not hurry each other for ever', async (t) => {
  const fake = await startFakeBroker(t, {
    connect (connection) {
      connection.send('CONNECTED', { version: '1.2', 'heart-beat': '0,0' })
      setImmediate(() => connection.socket.destroy())
    }
  })
  const { clock, started } = await startRelay(t, { servers: fake.url, mode: 'shared', connections: 8, reconnect: { min: 5000, jitter: 0 } })
  await advanceUntil(clock, started, 10)
  await steady(() => fake.connections.all.length)
  // Nine connections: each makes its first attempt, and skips its wait once at the most. The clock has not reached the first planned attempt.
  t.ok(fake.connections.all.length <= 18, `${fake.connections.all.length} attempts`)
})

t.test('RELAY-16: a link that ends right behind its CONNECTED is one failed attempt, and not two', async (t) => {
  const fake = await startFakeBroker(t, {
    connect ({ socket }) { socket.write('CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0ERROR\nmessage:AMQP channel died\n\n\0') }
  })
  const { clock, log, relay, started } = await startRelay(t, { servers: fake.url, reconnect: { min: 500, max: 8000, jitter: 0 } })
  await started
  const failures = (): unknown[] => log.of('warn').filter(({ data }) => 'nextAttemptIn' in data).map(({ data }) => data.nextAttemptIn)
  t.strictSame(failures(), [500])
  await advanceUntil(clock, until(() => failures().length > 1, 'the second attempt'), 50)
  // The clock may have moved to a third attempt by now.
  t.strictSame([failures().slice(0, 2), relay.state], [[500, 1000], 'unavailable'])
})

t.test('R19: a caller that waits for a place is not overtaken, and one that goes leaves nothing behind', async (t) => {
  const fake = new FakeBroker(MUTE)
  await fake.listen()
  t.teardown(() => fake.stop())
  const clock = new ManualClock()
  const settings = resolveRelay({ servers: fake.url, maxConnecting: 1 })
  const connector = new Connector(settings, new RelayState(), clock, new LinesLog())
  const owner: LinkOwner = { message () {}, subscriptionEnded () {}, refused () {}, lost () {} }
  const order: string[] = []
  const aborts: AbortController[] = []
  const call = (name: string): void => {
    const abort = new AbortController()
    aborts.push(abort)
    connector.connect(settings.system, owner, abort.signal).catch(() => {}).then(() => { order.push(name) })
  }
  call('first')
  call('waits')
  for (let i = 0; i < 1000; i++) call(`gone ${i}`)
  for (const abort of aborts.slice(2)) abort.abort()
  await turns()
  t.equal(order.length, 1000, 'callers that go need no place')
  order.length = 0
  // Whenever a place becomes free, another caller comes in the same breath.
  const hello = await fake.connections.next()
  hello.ended.next().catch(() => {})
  aborts[0]!.abort()
  call('late')
  for (let i = 0; i < 20 && !order.includes('first'); i++) {
    call(`later ${i}`)
    await Promise.resolve()
  }
  await fake.connections.next('the second attempt')
  aborts[1]!.abort()
  await until(() => order.length >= 2, 'two ends')
  t.strictSame(order.slice(0, 2), ['first', 'waits'])
  for (const abort of aborts) abort.abort()
  await until(() => order.length >= aborts.length - 1000, 'the end of all')
})

t.test('K1: a thousand reconnections of one relay, under one session, leave nothing behind', { timeout: 120_000 }, async (t) => {
  for (const mode of ['shared', 'per-client'] as const) {
    const world = await relayTo(t, { mode, reconnect: { min: 1, max: 1, jitter: 0 } })
    const client = new AbortController()
    const listeners = process.listenerCount('warning')
    const warnings: Error[] = []
    const heard = (warning: Error): void => { warnings.push(warning) }
    process.on('warning', heard)
    const { signal } = client
    const lose = async (): Promise<void> => {
      const sink = new TestSink()
      const broker = await advanceUntil(world.clock, Promise.resolve(world.relay.connect({ session: 's', user: '', headers: new FrameHeaders(), signal }, sink)), 1)
      await broker.subscribe({ key: '1', destination: '/topic/x', ack: 'auto', headers: new FrameHeaders() })
      for (const { socket } of world.fake.connections.all) socket.destroy()
      await sink.ends.next('the loss')
      await advanceUntil(world.clock, until(() => world.relay.state === 'available' || world.clock.advance(1) !== undefined, 'the reconnection'), 1)
      // The notes of the test itself.
      const { all } = world.fake.connections
      all.splice(0, all.length, ...all.filter(({ socket }) => !socket.destroyed))
      world.log.lines.length = 0
      world.states.all.length = 0
    }
    await keepsNothing(t, `reconnections, ${mode}`, { times: 1000, before: 50, once: lose })
    process.off('warning', heard)
    t.equal(process.listenerCount('warning'), listeners)
    t.strictSame(warnings, [])
    t.strictSame([world.relay.stats().clients, world.relay.stats().sharedTopics], [0, 0])
  }
})

t.test('R19: the cost of leaving depends on the subscriptions of the client, not on those of all clients', async (t) => {
  const world = await relayTo(t, { mode: 'shared' })
  const shared = await world.fake.connections.next('the shared connection')
  const others = await connect(world.relay)
  await Promise.all(Array.from({ length: 300 }, (_, i) => others.subscribe(String(i), `/topic/other/${i}`)))
  const one = await connect(world.relay)
  for (const key of ['a', 'b']) await one.subscribe(key, '/topic/x')
  await one.subscribe('c', '/topic/other/7')
  t.equal(world.relay.stats().sharedTopics, 301)
  await one.broker.unsubscribe('a')
  t.equal(world.relay.stats().sharedTopics, 301, 'the second subscription keeps the topic')
  shared.send('MESSAGE', { subscription: 't301', destination: '/topic/x', 'message-id': '1' }, 'still')
  t.strictSame(await one.sink.next(1), ['still'])
  await one.broker.close()
  await until(() => world.relay.stats().sharedTopics === 300, 'the end of the topic')
  shared.send('MESSAGE', { subscription: 't8', destination: '/topic/other/7', 'message-id': '2' }, 'for the other')
  t.strictSame(await others.sink.next(1), ['for the other'])
  t.strictSame(await one.sink.texts, ['still'])
})

t.test('R19: a destination is put into the broker\'s form once for each SEND, and its back way is not asked again', async (t) => {
  const asked: string[] = []
  const dialect = {
    ...resolveRelay({ servers: 'tcp://a' }).dialect,
    toBroker: (name: string) => { asked.push(`to ${name}`); return name },
    fromBroker: (name: string) => { asked.push(`from ${name}`); return name }
  }
  const world = await relayTo(t, { dialect })
  const { connection } = await client(world)
  for (let i = 0; i < 3; i++) {
    t.ok(world.relay.accepts('/topic/x', 'send'))
    await connection.publish('/topic/x', 'text')
  }
  t.strictSame(asked, ['to /topic/x', 'from /topic/x'])
  for (let i = 0; i < 3000; i++) world.relay.accepts(`/topic/${i}`, 'send')
  asked.length = 0
  world.relay.accepts('/topic/0', 'send')
  t.strictSame(asked, ['to /topic/0', 'from /topic/0'], 'the memory for names is bounded')
})

t.test('K8: a client that takes and pauses by turns does not put off the deadline of a broker that confirms nothing', async (t) => {
  const world = await relayTo(t, { receiptTimeout: 5000, blockedAfter: 1000 })
  const { connection, link } = await client(world)
  await connection.subscribe('1', '/queue/x', 'client-individual')
  world.fake.manners = { frame: () => {} }
  connection.sink.takes = false
  const waiting = code(Promise.resolve(connection.publish('/topic/y')))
  await link.next('SEND')
  for (let i = 0; i < 30 && connection.sink.ends.all.length === 0; i++) {
    link.send('MESSAGE', { subscription: 's1', destination: '/queue/x', 'message-id': String(i), ack: String(i) }, String(i))
    if (connection.sink.ends.all.length === 0) await Promise.race([connection.sink.next(1), connection.sink.ends.next().catch(() => {})])
    world.clock.advance(500)
    connection.broker.resume()
    world.clock.advance(500)
    await turns(2)
  }
  t.equal(await within(waiting, 'the deadline'), 'STOMP_BROKER_TIMEOUT')
})

t.test('K4: a broker that reads and confirms nothing holds the client back', async (t) => {
  const world = await relayTo(t, { receiptTimeout: 600_000 })
  const { connection, link } = await client(world)
  world.fake.manners = { frame: () => {} }
  let sent = 0
  while (connection.broker.room() === undefined && sent < 5000) {
    Promise.resolve(connection.publish('/topic/x', 'text')).catch(() => {})
    sent++
  }
  t.ok(sent <= 1000, `held back after ${sent} frames`)
  const room = connection.broker.room()!
  link.receipt(await link.next('SEND'))
  await within(room, 'room')
  t.equal(connection.broker.room(), undefined)
})

t.test('K4: messages of the application for a broker that is away are counted in bytes too', async (t) => {
  const world = await relayTo(t, { maxWaiting: 100_000, maxOutbox: 1000, outboxTimeout: 5000, reconnect: { min: 1_000_000, max: 1_000_000 } })
  world.system.socket.destroy()
  await until(() => world.relay.state === 'unavailable', 'the loss')
  const results = Array.from({ length: 5 }, () => code(world.relay.publish(message('/topic/x', 'x'.repeat(30_000)))))
  t.equal(await results[3], 'STOMP_BROKER_UNAVAILABLE', 'the fourth is one too many')
  t.notOk(await isSettled(results[2]!))
  world.clock.advance(6000)
  t.equal(await results[0], 'STOMP_BROKER_UNAVAILABLE')
  const again = code(world.relay.publish(message('/topic/x', 'x'.repeat(30_000))))
  t.notOk(await isSettled(again), 'messages that have gone make room')
})
