import { test, type Test } from 'tap'
import type { TransportName } from '../../../src/sockjs/protocol/index.ts'
import type { AnySession } from '../../../src/sockjs/session/index.ts'
import type { CloseEvent } from '../../../src/stream/message-stream.ts'
import { FakeHost, FakeReceiver, type FakeTokens, type Manner, makeResumable, openingSession } from './support.ts'

interface Scene {
  readonly host: FakeHost
  readonly session: AnySession
  readonly tokens: FakeTokens
  readonly events: string[]
  readonly closes: CloseEvent[]
  attach (manner?: Manner): FakeReceiver
  resume (token: string, count: number, transport?: TransportName, manner?: Manner): FakeReceiver
}

function scene (transport: TransportName = 'xhr-streaming', host = new FakeHost()): Scene {
  const session = openingSession(host, transport)
  const tokens = makeResumable(session, host)
  const events: string[] = []
  const closes: CloseEvent[] = []
  session.on('suspend', () => { events.push('suspend') })
  session.on('resume', () => { events.push('resume') })
  session.on('message', (message) => { events.push(message) })
  session.on('close', (event) => { closes.push(event) })
  session.begin()
  const attach = (manner: Manner = {}): FakeReceiver => {
    const receiver = new FakeReceiver(session, { polling: session.transport.endsWith('polling'), ...manner })
    session.output.attach(receiver)
    host.turn()
    return receiver
  }
  const resume = (token: string, count: number, over = session.transport, manner: Manner = {}): FakeReceiver => {
    session.resumption!.rebind(over, { token, count })
    return attach(manner)
  }
  return { host, session, tokens, events, closes, attach, resume }
}

/** The frames that a receiver got since the last look, without corks. */
function frames (receiver: FakeReceiver): string[] { return receiver.taken().filter((word) => !word.includes('cork')) }

function sendAll ({ session, host }: Scene, ...messages: string[]): void {
  for (const message of messages) session.send(message)
  host.turn()
}

/** Lets a scene end, and checks that nothing is left. */
function checkEmpty (t: Test, { host, session, tokens }: Scene): void {
  host.clock.advance(100_000)
  t.equal(session.state, 'closed')
  t.equal(session.suspended, false)
  t.equal(host.accounted, 0)
  t.equal(session.bufferedBytes, 0)
  t.equal(host.clock.pending, 0)
  t.equal(host.forgotten, 1)
  t.strictSame([...tokens.live], [])
}

test('the frame r stands behind o, and is a frame of its own', async (t) => {
  const stream = scene()
  stream.session.send('a')
  t.strictSame(frames(stream.attach()), ['o', 'r["t1",0]', 'a["a"]'])

  const polls = scene('xhr-polling')
  polls.session.send('a')
  t.strictSame([1, 2, 3].map(() => frames(polls.attach())), [['o'], ['r["t1",0]'], ['a["a"]']])
})

test('a cut suspends the session, and a new connection gets all that its client has not', async (t) => {
  const all = scene()
  const { session, host, events, closes } = all
  const first = all.attach()
  sendAll(all, 'one', 'two', 'three')
  session.receive(['x', 'y'], 0)
  session.output.interrupted(first)
  t.equal(session.state, 'open')
  t.ok(session.suspended)
  t.equal(host.attachments, 0)
  t.strictSame(events.splice(0), ['x', 'y', 'suspend'])
  t.strictSame(frames(first), ['o', 'r["t1",0]', 'a["one"]', 'a["two"]', 'a["three"]'].slice(0, 2).concat('a["one","two","three"]', '(destroy)'))
  session.send('four')
  host.clock.advance(59_000)
  const second = all.resume('t1', 1)
  t.strictSame(frames(second), ['o', 'r["t2",2]', 'a["two","three","four"]'])
  t.strictSame(events.splice(0), ['resume'])
  t.notOk(session.suspended)
  host.clock.advance(10_000)
  t.strictSame(closes, [])
  session.resumption!.confirmed(4)
  t.equal(session.bufferedBytes, 0)
  session.terminate()
  t.match(closes, [{ code: 1002, undelivered: 0 }])
  checkEmpty(t, all)
})

test('a client that does not come back: the session ends as it would have ended at the cut', async (t) => {
  const causes: [string, TransportName, (scene: Scene, receiver: FakeReceiver) => void, Partial<CloseEvent>][] = [
    ['a cut', 'websocket', ({ session }, receiver) => session.output.interrupted(receiver), { code: 1002, reason: 'Connection interrupted' }],
    ['no next poll', 'xhr-polling', ({ host }) => host.clock.advance(5_000), { code: 1002, reason: 'Connection timed out' }],
    ['no pong', 'websocket', ({ host }, receiver) => {
      receiver.pings = true
      host.clock.advance(25_000)
      receiver.answered = false
      host.clock.advance(10_000)
    }, { code: 3000, reason: 'No response from heartbeat' }],
    ['no reading', 'xhr-streaming', (all, receiver) => {
      receiver.slow = true
      sendAll(all, 'late')
      all.host.clock.advance(10_100)
    }, { code: 1013, reason: 'slow consumer' }]
  ]
  for (const [name, transport, lose, expected] of causes) {
    await t.test(name, async (t) => {
      const all = scene(transport)
      const receiver = all.attach()
      if (transport === 'xhr-polling') all.attach()
      lose(all, receiver)
      t.ok(all.session.suspended)
      t.strictSame(all.events, ['suspend'])
      all.session.send('unsent')
      all.host.clock.advance(59_800)
      t.strictSame(all.closes, [])
      all.host.clock.advance(300)
      t.match(all.closes, [{ ...expected, clean: false, undelivered: name === 'no reading' ? 2 : 1 }])
      t.equal(all.host.forgotten, 1)
      t.strictSame(all.tokens.outcomes, ['expired'])
      checkEmpty(t, all)
    })
  }
})

test('undelivered has the messages that the client has not confirmed', async (t) => {
  const all = scene()
  const first = all.attach()
  sendAll(all, 'one', 'two', 'three')
  all.session.resumption!.confirmed(2)
  all.session.output.interrupted(first)
  all.session.send('four')
  all.host.clock.advance(60_050)
  t.match(all.closes, [{ clean: false, undelivered: 2 }])
  checkEmpty(t, all)
})

test('a clean close is as without resumption', async (t) => {
  const byServer = scene()
  const receiver = byServer.attach()
  sendAll(byServer, 'one')
  byServer.session.close(3000, 'bye')
  byServer.host.turn()
  t.strictSame(frames(receiver).slice(-1), ['c[3000,"bye"]'])
  t.strictSame(byServer.closes, [{ code: 3000, reason: 'bye', clean: true, undelivered: 0 }])
  checkEmpty(t, byServer)

  const byClient = scene('websocket')
  const socket = byClient.attach()
  sendAll(byClient, 'one')
  byClient.session.output.closed(socket, { code: 3001, reason: 'enough' }, true)
  t.strictSame(byClient.closes, [{ code: 3001, reason: 'enough', clean: true, undelivered: 0 }])
  checkEmpty(t, byClient)
})

test('a WebSocket that its client closes with 4900 or 1001 is cut', async (t) => {
  for (const code of [4900, 1001]) {
    const all = scene('websocket')
    all.session.output.closed(all.attach(), { code, reason: '' }, true)
    t.ok(all.session.suspended)
    t.strictSame(frames(all.resume('t1', 0)), ['o', 'r["t2",0]'])
    all.session.terminate()
    checkEmpty(t, all)
  }
})

test('a session that is closing waits for its client too, and delivers its close frame', async (t) => {
  const all = scene()
  all.session.output.interrupted(all.attach())
  all.session.send('last')
  all.session.close(3000, 'bye')
  all.host.clock.advance(50_000)
  t.equal(all.session.state, 'closing')
  t.strictSame(frames(all.resume('t1', 0)), ['o', 'r["t2",0]', 'a["last"]', 'c[3000,"bye"]'])
  t.match(all.closes, [{ code: 3000, clean: true, undelivered: 0 }])
  checkEmpty(t, all)
})

test('a shutdown and a restart end suspended sessions at once', async (t) => {
  for (const [cause, code] of [['shutdown', 1001], ['restart', 1012]] as const) {
    const all = scene()
    all.session.output.interrupted(all.attach())
    all.session.send('unsent')
    all.session.end(cause)
    t.match(all.closes, [{ code, clean: false, undelivered: 1 }])
    t.strictSame(all.tokens.outcomes, ['ended'])
    checkEmpty(t, all)
  }
})

test('the server confirms every 64 messages, every 5 s, and only if there is something new', async (t) => {
  const all = scene()
  const receiver = all.attach()
  t.strictSame(frames(receiver), ['o', 'r["t1",0]'])
  all.session.receive(Array.from({ length: 63 }, () => '.'), 0)
  all.host.turn()
  t.strictSame(frames(receiver), [])
  all.session.receive(['.'], 0)
  all.session.send('behind')
  all.host.turn()
  t.strictSame(frames(receiver), ['r[64]', 'a["behind"]'])
  all.session.receive([], 0)
  all.host.clock.advance(6_000)
  all.host.turn()
  t.strictSame(frames(receiver), [])
  all.session.receive(['.'], 0)
  all.host.clock.advance(4_900)
  all.host.turn()
  t.strictSame(frames(receiver), [])
  all.host.clock.advance(200)
  all.host.turn()
  t.strictSame(frames(receiver), ['r[65]'])
  all.session.terminate()
  checkEmpty(t, all)
})

test('the first token is valid until the client confirms over the second connection', async (t) => {
  const all = scene()
  all.session.output.interrupted(all.attach())
  t.strictSame(frames(all.resume('t1', 0)), ['o', 'r["t2",0]'])
  t.strictSame([...all.tokens.live], ['t1', 't2'])
  // The answer was lost. Not even the server has noticed.
  const third = all.resume('t1', 0)
  t.strictSame(frames(third), ['o', 'r["t3",0]'])
  t.strictSame([...all.tokens.live], ['t1', 't3'])
  all.session.resumption!.confirmed(0)
  t.strictSame([...all.tokens.live], ['t3'])
  all.session.terminate()
  checkEmpty(t, all)
})

test('a connection takes the place of one that the server believes alive', async (t) => {
  const all = scene('websocket')
  const first = all.attach()
  frames(first)
  sendAll(all, 'one')
  const second = all.resume('t1', 0, 'xhr-streaming')
  t.strictSame(frames(first), ['a["one"]', 'c[2010,"Another connection still open"]'])
  t.strictSame(frames(second), ['o', 'r["t2",0]', 'a["one"]'])
  t.strictSame(all.events, ['suspend', 'resume'])
  t.equal(all.session.transport, 'xhr-streaming')
  t.equal(all.host.attachments, 1)
  all.session.output.interrupted(first)
  all.session.output.closed(first, { code: 1000, reason: '' }, true)
  t.notOk(all.session.suspended, 'the first one counts no more')
  all.session.terminate()
  checkEmpty(t, all)
})

test('the counters follow the transport', async (t) => {
  const all = scene('websocket')
  all.session.output.interrupted(all.attach())
  all.resume('t1', 0, 'xhr-polling')
  t.equal(all.host.counters('websocket').active, 0)
  t.equal(all.host.counters('xhr-polling').active, 1)
  t.equal(all.host.counters('websocket').opened, 1)
  all.session.terminate()
  t.equal(all.host.counters('websocket').active, 0)
  t.equal(all.host.counters('xhr-polling').active, 0)
  checkEmpty(t, all)
})

test('a listener for the cut may end the session', async (t) => {
  for (const way of ['terminate', 'close'] as const) {
    const all = scene()
    all.session.on('suspend', () => all.session[way]())
    all.session.output.interrupted(all.attach())
    checkEmpty(t, all)
    t.equal(all.closes.length, 1)
  }
  const failing = scene()
  failing.session.on('suspend', () => { throw new Error('no luck') })
  failing.session.output.interrupted(failing.attach())
  t.strictSame(failing.host.failures, [['no luck', 'suspend listener']])
  t.equal(failing.session.state, 'open')
  failing.session.terminate()
})

test('without room for one more suspended session the cut ends it', async (t) => {
  const all = scene()
  const receiver = all.attach()
  all.host.room = false
  all.session.output.interrupted(receiver)
  t.match(all.closes, [{ code: 1002, reason: 'Connection interrupted' }])
  t.strictSame(all.events, [])
  checkEmpty(t, all)
})

test('the bytes that are kept count, and those on their way count once', async (t) => {
  const all = scene()
  const receiver = all.attach({ slow: true })
  receiver.release()
  sendAll(all, 'x'.repeat(98))
  t.equal(all.session.bufferedBytes, 132, '32 bytes more than its encoded length')
  receiver.release()
  t.equal(all.session.bufferedBytes, 132)
  t.equal(all.host.accounted, 132)
  all.session.send('y'.repeat(48))
  t.equal(all.session.bufferedBytes, 214)
  t.equal(all.host.accounted, 214)
  all.session.output.interrupted(receiver)
  t.equal(all.session.bufferedBytes, 214)
  t.equal(all.host.accounted, 214)
  const second = all.resume('t1', 1)
  t.equal(all.session.bufferedBytes, 82)
  t.strictSame(frames(second).length, 3)
  all.session.resumption!.confirmed(2)
  t.equal(all.host.accounted, 0)
  all.session.terminate()
  checkEmpty(t, all)
})

test('kept messages do not stop the application, because the confirmations of a client that is held back come late', async (t) => {
  const all = scene()
  const receiver = all.attach()
  for (let i = 0; i < 40; i++) {
    t.ok(all.session.send('z'.repeat(98)), 'above the mark of 1,000 bytes, but all have left')
    all.host.turn()
  }
  t.equal(all.session.bufferedBytes, 1_980, 'not more than resume.limit')
  all.session.output.interrupted(receiver)
  t.notOk(all.session.resumption!.kept.has(24), 'the oldest are forgotten')
  t.ok(all.session.resumption!.kept.has(25))
  t.notOk(all.session.resumption!.kept.has(41), 'more than there were')
  all.host.clock.advance(60_050)
  t.match(all.closes, [{ undelivered: 40 }])
  checkEmpty(t, all)
})

test('while it is suspended, a session queues up to resume.limit', async (t) => {
  const all = scene()
  all.session.output.interrupted(all.attach())
  for (let i = 0; i < 15; i++) all.session.send('z'.repeat(98))
  t.equal(all.session.state, 'open')
  t.equal(all.session.bufferedBytes, 1_980)
  t.notOk(all.session.send('!'))
  t.match(all.closes, [{ code: 1013, reason: 'slow consumer', undelivered: 16 }])
  checkEmpty(t, all)

  const dropping = scene('xhr-streaming', new FakeHost({ overflow: 'drop' }))
  dropping.session.output.interrupted(dropping.attach())
  for (let i = 0; i < 30; i++) dropping.session.send('z'.repeat(98))
  t.equal(dropping.session.bufferedBytes, 1_980)
  t.ok(dropping.session.suspended)
  dropping.session.terminate()
  checkEmpty(t, dropping)
})

test('a request of the old connection does not go on with a suspended session', async (t) => {
  const all = scene()
  all.session.output.interrupted(all.attach())
  const late = all.attach()
  t.strictSame(frames(late), ['(destroy)'])
  t.ok(all.session.suspended)
  all.session.terminate()
})

test('a client that comes back gets frames that it can confirm one by one', async (t) => {
  const host = new FakeHost({ queueLimit: 1_000_000, highWater: 100_000 })
  for (const transport of ['xhr-streaming', 'xhr-polling'] as const) {
    const session = openingSession(host, transport)
    makeResumable(session, host, { within: 60_000, limit: 1_000_000 })
    session.begin()
    const sent = Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(998, '.'))
    const attach = (): FakeReceiver => {
      const receiver = new FakeReceiver(session, { polling: transport === 'xhr-polling' })
      session.output.attach(receiver)
      host.turn()
      return receiver
    }
    const first = attach()
    for (const text of sent) session.send(text)
    session.output.interrupted(first)
    session.resumption!.rebind(transport, { token: 't1', count: 0 })
    const got: string[][] = []
    for (let i = 0; i < 5 && got.length < 3; i++) for (const frame of frames(attach())) if (frame.startsWith('a')) got.push(JSON.parse(frame.slice(1)) as string[])
    t.strictSame(got.map(({ length }) => length), [16, 16, 8], transport)
    t.strictSame(got.flat(), sent)
    session.terminate()
  }
})

test('counts that cannot be have no effect', async (t) => {
  const all = scene()
  all.attach()
  sendAll(all, 'one', 'two')
  all.session.resumption!.confirmed(1)
  for (const count of [0, 3, 1e15]) all.session.resumption!.confirmed(count)
  t.equal(all.session.resumption!.kept.unconfirmed, 1)
  all.session.terminate()
  t.match(all.closes, [{ undelivered: 1 }])
})

test('a poll that is overtaken on another connection loses the connection, and not the session', async (t) => {
  const all = scene('xhr-polling')
  all.attach()
  all.attach()
  sendAll(all, 'one')
  const slow = all.attach({ slow: true })
  t.ok(slow.ended)
  const overtaking = all.attach()
  t.ok(all.session.suspended)
  t.strictSame(frames(overtaking), ['(destroy)'])
  all.session.resumption!.rebind('xhr-polling', { token: 't1', count: 0 })
  t.strictSame([1, 2, 3].map(() => frames(all.attach())), [['o'], ['r["t2",0]'], ['a["one"]']])
  all.session.terminate()
  checkEmpty(t, all)
})

test('sessions that cannot be resumed have no such events', async (t) => {
  const host = new FakeHost()
  const session = openingSession(host)
  const never = (): void => { t.fail('no event') }
  t.equal(session.on('suspend', never).on('resume', never).off('resume', never), session)
  session.begin()
  const receiver = new FakeReceiver(session)
  session.output.attach(receiver)
  session.output.interrupted(receiver)
  t.equal(session.state, 'closed')
  t.equal(session.suspended, false)
})

test('messages that go to the client once more do not count against queue.limit', async (t) => {
  for (const [name, limits, resumeLimit, kept, sent] of [
    ['queue.limit as large as resume.limit', { queueLimit: 1024 * 1024, highWater: 64 * 1024 }, 1024 * 1024, 900, 20],
    ['queue.limit below resume.limit', { queueLimit: 64 * 1024, highWater: 16 * 1024 }, 1024 * 1024, 500, 6]
  ] as const) {
    await t.test(name, async (t) => {
      const host = new FakeHost(limits)
      const session = openingSession(host, 'websocket')
      const tokens = makeResumable(session, host, { within: 60_000, limit: resumeLimit })
      const closes: CloseEvent[] = []
      session.on('close', (event) => { closes.push(event) })
      session.begin()
      const attach = (): FakeReceiver => {
        const receiver = new FakeReceiver(session)
        session.output.attach(receiver)
        return receiver
      }
      const first = attach()
      for (let i = 0; i < kept; i++) {
        session.send(`${i}`.padEnd(1_022, '.'))
        host.turn()
      }
      session.on('resume', () => { for (let i = 0; i < sent; i++) session.send(`${i}`.padEnd(10_238, '.')) })
      session.output.interrupted(first)
      session.resumption!.rebind('websocket', { token: [...tokens.live][0]!, count: 0 })
      const second = attach()
      t.strictSame(closes, [])
      // On a slow connection too, the bytes that are on their way again do not count.
      second.slow = true
      for (let i = 0; second.buffered + session.bufferedBytes > 0 && i < 200; i++) {
        host.turn()
        if (i < 3) session.send('in between')
        second.release(Math.ceil(second.buffered / 2))
        if (i > 100) second.release()
        session.resumption!.confirmed(0)
      }
      host.turn()
      second.release()
      const got = frames(second).filter((frame) => frame.startsWith('a')).flatMap((frame) => JSON.parse(frame.slice(1)) as string[])
      t.equal(got.length, kept + sent + 3)
      t.strictSame(closes, [])
      session.terminate()
    })
  }
})

test('after a resumption, queue.limit holds for the new messages', async (t) => {
  const host = new FakeHost({ queueLimit: 2_000, highWater: 1_000 })
  const all = scene('websocket', host)
  const first = all.attach()
  for (let i = 0; i < 10; i++) sendAll(all, '.'.repeat(98))
  all.session.output.interrupted(first)
  const second = all.resume('t1', 0, 'websocket', { slow: true })
  for (let i = 0; i < 20; i++) all.session.send('.'.repeat(98))
  t.strictSame(all.closes, [])
  all.session.send('!')
  t.match(all.closes, [{ code: 1013, reason: 'slow consumer' }])
  t.ok(second.buffered > 1_000)
  checkEmpty(t, all)
})

test('a client that comes back again and again and reads nothing does not make the queue longer', async (t) => {
  const all = scene('websocket')
  let receiver = all.attach({ slow: true })
  let most = 0
  for (let round = 0; round < 20 && all.closes.length === 0; round++) {
    for (let i = 0; i < 100 && all.session.output.countedBytes < 9_000; i++) all.session.send('.'.repeat(98))
    all.host.turn()
    most = Math.max(most, all.session.bufferedBytes)
    all.session.output.interrupted(receiver)
    receiver = all.resume([...all.tokens.live][0]!, 0, 'websocket', { slow: true })
  }
  t.ok(most <= 2_000 + 10_000 + 2_000, `${most} bytes`)
  all.session.terminate()
})

test('empty messages count too: those that are kept, that wait for a lost client, and that go to it once more', async (t) => {
  const all = scene('websocket', new FakeHost({ queueLimit: 1_000_000, highWater: 100 }))
  const first = all.attach()
  for (let i = 0; i < 1_000; i++) all.session.send('')
  all.host.turn()
  const most = Math.floor(2_000 / 34)
  t.notOk(all.session.resumption!.kept.has(1_000 - most - 1))
  t.ok(all.session.resumption!.kept.has(1_000 - most))
  t.equal(all.session.bufferedBytes, most * 34)
  all.session.resumption!.confirmed(990)
  t.equal(all.host.accounted, 10 * 34)
  all.session.output.interrupted(first)
  for (let i = 0; i < 20; i++) all.session.send('')
  t.equal(all.host.accounted, 30 * 34)
  const second = all.resume('t1', 990, 'websocket', { slow: true })
  t.equal(all.host.accounted, 30 * 34)
  second.release()
  all.host.turn()
  all.session.resumption!.confirmed(1_000)
  t.equal(all.host.accounted, 20 * 34)
  all.session.output.interrupted(second)
  for (let i = 0; i < 1_000 && all.closes.length === 0; i++) all.session.send('')
  t.match(all.closes, [{ code: 1013, undelivered: most + 1 }])
  checkEmpty(t, all)
})
