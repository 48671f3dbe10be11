import { test } from 'tap'
import { type AnySession, type EndCause, type SessionStatus, Flusher } from '../../../src/sockjs/session/index.ts'
import type { CloseEvent } from '../../../src/stream/message-stream.ts'
import { attachedStage, FakeHost, FakeReceiver, openingSession, settled, stage } from './support.ts'

const event = (code: number, reason: string, clean: boolean, undelivered = 0): CloseEvent => ({ code, reason, clean, undelivered })
const INTERRUPTED = 'c[1002,"Connection interrupted"]'

test('what a session knows of its client', async (t) => {
  const { session } = stage()
  t.match(session.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  t.equal(session.id, session.id)
  t.not(session.id, stage().session.id)
  t.equal(session.transport, 'xhr-streaming')
  t.equal(session.protocol, '')
  t.strictSame(session.user, { name: 'kim' })
  t.equal(session.ip, '127.0.0.1')
  t.equal(session.url, '/chat/:server/:session/xhr-streaming?t=1')
  t.equal(session.prefix, '/chat')
  t.strictSame(session.headers, { 'user-agent': 'test' })
  t.equal(session.userKey, 'name:kim')
  const attributes = session.attributes as Record<string, unknown>
  attributes.tenant = 'a'
  t.strictSame(session.attributes, { tenant: 'a' }, 'attributes stay')
})

test('the states of a session', async (t) => {
  const host = new FakeHost()
  const session = openingSession(host)
  const receiver = new FakeReceiver(session)
  t.equal(session.state, 'opening')
  t.equal(session.send('x'), false, 'nobody may send before it is open')
  session.output.attach(receiver)
  t.equal(session.output.receiver, receiver)
  session.begin()
  t.equal(session.state, 'open')
  session.send('x')
  session.close(3000, 'Go away!')
  t.equal(session.state, 'closing')
  t.equal(session.send('late'), false)
  session.begin()
  t.equal(session.state, 'closing', 'begin changes nothing later')
  host.turn()
  t.equal(session.state, 'closed')
  t.equal(session.send('late'), false)
  t.equal(session.output.receiver, null)
  t.strictSame(receiver.taken(), ['(cork)', 'o', 'a["x"]', 'c[3000,"Go away!"]', '(uncork)'], 'WS-26 SESSION-12')
})

test('SESSION-1 SESSION-5 SESSION-15 the greeting, then one write for each turn', async (t) => {
  const { host, session } = stage()
  const receiver = new FakeReceiver(session)
  session.send('a')
  session.output.attach(receiver)
  t.strictSame(receiver.taken(), [], 'nothing is written within the turn')
  session.send('b')
  t.equal(host.waiting, 1, 'one flush for a turn')
  host.turn()
  t.strictSame(receiver.taken(), ['(cork)', 'o', 'a["a","b"]', '(uncork)'], 'one system write for the greeting and what follows it')
  for (let i = 0; i < 20; i++) session.send(String(i))
  t.equal(host.waiting, 1)
  host.turn()
  t.strictSame(receiver.taken(), ['a["0","1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17","18","19"]'])
  host.turn()
  t.strictSame(receiver.taken(), [])
})

test('SESSION-15 the flusher: once at the end of the turn, behind its microtasks', async (t) => {
  const flusher = new Flusher(() => {})
  const log: string[] = []
  const fake = (name: string, also?: () => void) => ({ output: { flush () { log.push(name); also?.() } } }) as unknown as AnySession
  flusher.add(fake('a', () => { flusher.add(fake('next')) }))
  await Promise.resolve()
  flusher.add(fake('b'))
  t.strictSame(log, [])
  await settled()
  t.strictSame(log, ['a', 'b', 'next'])
})

test('polling: one frame for each poll, messages before the close frame', async (t) => {
  const { host, session, closes, attach } = stage('xhr-polling')
  t.strictSame(attach().taken(), ['(cork)', 'o', '(uncork)'])
  t.equal(host.attachments, 0)
  session.send('a')
  session.send('b')
  session.close(3000, 'Go away!')
  host.turn()
  t.equal(session.state, 'closing')
  t.strictSame(attach().taken(), ['(cork)', 'a["a","b"]', '(uncork)'])
  t.strictSame(closes, [], 'SESSION-12 the close frame is not out yet')
  t.strictSame(attach().taken(), ['(cork)', 'c[3000,"Go away!"]', '(uncork)'])
  t.strictSame(closes, [event(3000, 'Go away!', true)])
  t.strictSame(attach().taken(), ['c[3000,"Go away!"]'], 'SESSION-4')
  t.strictSame(attach().taken(), ['c[3000,"Go away!"]'], 'SESSION-4')
  t.equal(closes.length, 1)
  host.clock.advance(4_999)
  t.equal(host.forgotten, 0)
  host.clock.advance(51)
  t.equal(host.forgotten, 1, 'SESSION-20 remembered for the disconnect delay only')
  t.equal(host.clock.pending, 0)
})

test('SESSION-5 a session that its handler closes at once', async (t) => {
  const { host, session, closes, attach } = stage('xhr-streaming')
  session.close(3000, 'Go away!')
  t.strictSame(attach().taken(), ['(cork)', 'o', 'c[3000,"Go away!"]', '(uncork)'])
  t.strictSame(attach().taken(), ['c[3000,"Go away!"]'], 'not 2010')
  t.strictSame(closes, [event(3000, 'Go away!', true)])
  t.strictSame(host.endings, closes)
})

test('SESSION-3 a second receiver is refused and the first goes on', async (t) => {
  const { host, session, closes, receiver, attach } = attachedStage()
  const second = attach()
  t.strictSame(second.taken(), ['c[2010,"Another connection still open"]'])
  session.output.interrupted(second)
  session.output.done(second)
  session.output.flushed(second)
  session.output.closed(second, { code: 1000, reason: '' }, true)
  t.equal(session.state, 'open', 'what becomes of the second one does not matter')
  t.equal(host.attachments, 1)
  session.send('still here')
  host.turn()
  t.strictSame(receiver.taken(), ['a["still here"]'])
  t.strictSame(closes, [])
})

test('SESSION-11 SESSION-13 SESSION-14 close without arguments, and twice', async (t) => {
  const { host, session, closes, receiver } = attachedStage()
  session.close()
  session.close(3000, 'second')
  session.end('shutdown')
  host.turn()
  session.close(3001, 'third')
  session.terminate()
  session.end('slow')
  session.output.interrupted(receiver)
  host.turn()
  t.strictSame(receiver.taken(), ['(cork)', 'c[1000,"Normal closure"]', '(uncork)'])
  t.strictSame(closes, [event(1000, 'Normal closure', true)])
  t.strictSame(host.endings, closes)
})

test('what close() refuses', async (t) => {
  const { session, closes } = attachedStage()
  for (const code of [0, 999, 5000, 1000.5, NaN, '1000', null]) {
    t.throws(() => session.close(code as number), { code: 'FST_SOCKJS_INVALID_CLOSE' })
  }
  t.throws(() => session.close(3000, 5 as never), { code: 'FST_SOCKJS_INVALID_CLOSE' })
  t.equal(session.state, 'open')
  session.close(3000, 'x'.repeat(200))
  session.output.interrupted(session.output.receiver!)
  t.strictSame(closes, [event(3000, 'x'.repeat(123), false)], 'SEC-S63')
})

test('SESSION-6 to SESSION-8 an interruption ends the session at once', async (t) => {
  const { host, session, closes, receiver, attach } = attachedStage('xhr-streaming', undefined, { slow: true })
  session.send('x'.repeat(2_000))
  host.turn()
  session.send('a')
  session.send('b')
  host.turn()
  t.ok(host.accounted > 2_000)
  session.output.interrupted(receiver)
  t.strictSame(closes, [event(1002, 'Connection interrupted', false, 2)])
  t.equal(host.accounted, 0)
  t.equal(host.attachments, 0)
  t.strictSame(attach().taken(), [INTERRUPTED])
  t.strictSame(attach().taken(), [INTERRUPTED], 'until it is forgotten')
  t.equal(session.send('c'), false)
  host.clock.advance(5_050)
  t.equal(host.forgotten, 1)
  t.equal(closes.length, 1)
})

test('an interruption before the handler has run is nobody\'s event', async (t) => {
  const host = new FakeHost()
  const session = openingSession(host)
  const receiver = new FakeReceiver(session)
  session.output.attach(receiver)
  session.output.interrupted(receiver)
  t.strictSame(host.endings, [])
  session.begin()
  t.equal(session.state, 'closed')
  host.clock.advance(5_050)
  t.equal(host.forgotten, 1)
})

test('an ended response that never left interrupts the session', async (t) => {
  const cut = attachedStage('xhr-polling', undefined, {})
  cut.session.send('a')
  const poll = cut.attach({ slow: true })
  t.strictSame(poll.taken(), ['a["a"]'])
  cut.session.output.interrupted(poll)
  t.strictSame(cut.closes, [event(1002, 'Connection interrupted', false)], 'it was cut')

  const overtaken = attachedStage('xhr-polling')
  overtaken.session.send('a')
  overtaken.attach({ slow: true })
  overtaken.session.send('b')
  t.strictSame(overtaken.attach().taken(), [INTERRUPTED], 'the next poll comes on another connection: what was in the first is lost')
  t.strictSame(overtaken.closes, [event(1002, 'Connection interrupted', false, 1)])

  const connection = {}
  const pipelined = attachedStage('xhr-polling')
  pipelined.session.send('a')
  const first = pipelined.attach({ slow: true, connection })
  pipelined.session.send('b')
  t.strictSame(pipelined.attach({ connection }).taken(), ['a["b"]'], 'on the same connection the order is safe')
  first.release()
  t.equal(pipelined.session.state, 'open')

  const left = attachedStage('xhr-polling')
  left.session.send('a')
  const gone = left.attach({ slow: true })
  gone.release()
  left.session.output.interrupted(gone)
  t.strictSame(left.attach().taken(), [])
  t.equal(left.session.state, 'open', 'what has left completely cannot be cut any more')
})

test('SESSION-9 SESSION-10 the disconnect delay', async (t) => {
  for (const transport of ['xhr-polling', 'xhr-streaming', 'eventsource'] as const) {
    const { host, session, closes, receiver } = attachedStage(transport)
    if (transport !== 'xhr-polling') {
      host.clock.advance(60_000)
      t.equal(session.state, 'open', 'not while a receiver is there')
      receiver.finish()
    }
    session.send('never fetched')
    host.clock.advance(4_999)
    t.strictSame(closes, [])
    host.clock.advance(51)
    t.strictSame(closes, [event(1002, 'Connection timed out', false, 1)], transport)
    t.equal(host.forgotten, 1, 'nothing is left to be remembered')
    t.equal(host.accounted, 0)
    t.equal(host.clock.pending, 0)
  }
  const { host, session, attach } = attachedStage('xhr-polling')
  for (let i = 0; i < 3; i++) {
    host.clock.advance(4_900)
    session.send('x')
    attach()
  }
  t.equal(session.state, 'open', 'each receiver begins a new delay')
})

test('SESSION-10 a session whose first receiver never comes is forgotten once, and is nobody\'s event', async (t) => {
  for (const transport of ['xhr-polling', 'websocket', 'websocket-raw'] as const) {
    const host = new FakeHost()
    const session = openingSession(host, transport)
    host.clock.advance(5_050)
    t.equal(session.state, 'closed')
    t.equal(host.forgotten, 1)
    t.strictSame(host.endings, [])
    t.equal(host.clock.pending, 0)
  }
})

test('a closing session nobody comes back to', async (t) => {
  const { host, session, closes } = attachedStage('xhr-polling')
  session.send('a')
  session.close(3000, 'bye')
  host.clock.advance(5_050)
  t.strictSame(closes, [event(3000, 'bye', false, 1)])
  t.equal(host.forgotten, 1)
})

test('SESSION-19 WebSockets are forgotten when they end', async (t) => {
  for (const transport of ['websocket', 'websocket-raw'] as const) {
    const { host, session, closes, receiver } = attachedStage(transport)
    session.output.closed(receiver, { code: 4001, reason: 'client left' }, true)
    t.strictSame(closes, [event(4001, 'client left', true)])
    t.equal(host.forgotten, 1)
    t.equal(host.clock.pending, 0)
    t.equal(host.attachments, 0)
  }
  const { host, session, closes, receiver } = attachedStage('websocket')
  session.send('x')
  session.close(3000, 'ours')
  session.output.closed(receiver, { code: 1000, reason: '' }, true)
  t.strictSame(closes, [event(3000, 'ours', false, 1)], 'the first reason counts; clean means that nothing was left')
  host.turn()
  t.strictSame(receiver.taken(), [])
})

test('terminate: at once, whatever the state', async (t) => {
  const { host, session, closes, receiver, attach } = attachedStage()
  session.send('lost')
  session.terminate()
  t.strictSame(receiver.taken(), ['(destroy)'])
  t.strictSame(closes, [event(1002, 'Connection interrupted', false, 1)])
  host.turn()
  t.strictSame(attach().taken(), [INTERRUPTED])

  const between = attachedStage('xhr-polling')
  between.session.terminate()
  t.strictSame(between.closes, [event(1002, 'Connection interrupted', false)])
  t.strictSame(between.attach().taken(), [INTERRUPTED])
})

test('SESSION-9 in a cluster, a session outlives the delay while requests at other nodes cannot reach it', async (t) => {
  const host = new FakeHost()
  let answer!: (yes: boolean) => void
  host.reaches = () => new Promise((resolve) => { answer = resolve })
  const { session, closes, attach } = attachedStage('xhr-polling', host)
  host.turn()
  session.send('a poll ends with it')
  host.turn()
  for (const round of [1, 2, 3]) {
    host.clock.advance(5_100)
    t.strictSame(closes, [], `round ${round}: the answer is awaited`)
    answer(false)
    await settled()
  }
  host.clock.advance(5_100)
  attach()
  answer(true)
  await settled()
  t.strictSame(closes, [], 'a receiver came while the answer was awaited')
  session.send('the next poll ends')
  host.turn()
  host.clock.advance(5_100)
  answer(true)
  await settled()
  t.match(closes, [{ code: 1002, reason: 'Connection timed out' }])
})

/** Every row of ENDINGS: the event and the frames when one message waits, and the frame when the application had closed with 4000 before. */
const ENDS: Readonly<Record<EndCause, { event: CloseEvent, frames: string[], closing: string, status: SessionStatus, logs?: string }>> = {
  application: { event: event(3500, 'given', true), frames: ['waiting', 'c[3500,"given"]'], closing: '4000 before', status: 'normal_closure' },
  failure: { event: event(1011, 'Internal server error', true), frames: ['waiting', 'c[1011,"Internal server error"]'], closing: '4000 before', status: 'handler_error' },
  shutdown: { event: event(1001, 'Server shutting down', true), frames: ['waiting', 'c[1001,"Server shutting down"]'], closing: '4000 before', status: 'app_shutdown' },
  restart: { event: event(1012, 'Server restarting', true), frames: ['waiting', 'c[1012,"Server restarting"]'], closing: '4000 before', status: 'app_shutdown' },
  client: { event: event(3500, 'given', false, 1), frames: [], closing: '4000 before', status: 'normal_closure' },
  broken: { event: event(3500, 'given', false, 1), frames: [], closing: '4000 before', status: 'protocol_error' },
  interrupted: { event: event(1002, 'Connection interrupted', false, 1), frames: [], closing: '4000 before', status: 'interrupted' },
  timeout: { event: event(1002, 'Connection timed out', false, 1), frames: [], closing: '4000 before', status: 'timeout' },
  terminated: { event: event(1002, 'Connection interrupted', false, 1), frames: ['(destroy)'], closing: '4000 before', status: 'terminated' },
  binary: { event: event(1003, 'Binary messages not accepted', false, 1), frames: [], closing: '4000 before', status: 'protocol_error' },
  framing: { event: event(3000, 'Broken framing.', false, 1), frames: [], closing: '4000 before', status: 'protocol_error' },
  tooBig: { event: event(1009, 'Message too big', false, 1), frames: [], closing: '4000 before', status: 'protocol_error', logs: 'message' },
  flood: { event: event(1008, 'Too many messages', false, 1), frames: ['c[1008,"Too many messages"]'], closing: '1008 Too many messages', status: 'flood', logs: 'flood' },
  claimed: { event: event(2010, 'Another connection still open', false, 1), frames: ['c[2010,"Another connection still open"]'], closing: '2010 Another connection still open', status: 'conflict' },
  slow: { event: event(1013, 'slow consumer', false, 1), frames: ['c[1013,"slow consumer"]'], closing: '1013 slow consumer', status: 'slow_consumer', logs: 'slow' },
  budget: { event: event(1013, 'slow consumer', false, 1), frames: ['c[1013,"slow consumer"]'], closing: '1013 slow consumer', status: 'slow_consumer', logs: 'slow' },
  stalled: { event: event(1013, 'slow consumer', false, 1), frames: ['c[1013,"slow consumer"]', '(destroy)'], closing: '4000 before', status: 'slow_consumer', logs: 'slow' },
  unanswered: { event: event(3000, 'No response from heartbeat', false, 1), frames: ['c[3000,"No response from heartbeat"]', '(destroy)'], closing: '4000 before', status: 'timeout', logs: 'unanswered' }
}

for (const [cause, { event, frames, closing, status, logs }] of Object.entries(ENDS) as [EndCause, (typeof ENDS)[EndCause]][]) {
  test(`the end of a session by its cause: ${cause}`, async (t) => {
    const end = (session: AnySession): void => {
      if (cause === 'application' || cause === 'client' || cause === 'broken') session.end(cause, { code: 3500, reason: 'given' }, true)
      else session.end(cause)
    }
    const { host, session, closes, receiver } = attachedStage('websocket')
    session.send('waiting')
    end(session)
    host.turn()
    await settled()
    t.strictSame(receiver.taken().map((frame) => frame === 'a["waiting"]' ? 'waiting' : frame).filter((frame) => !/cork/.test(frame)), frames)
    t.strictSame(closes, [event])
    t.equal(host.logs.at(-1), logs)
    t.strictSame(host.statuses, [status])
    end(session)
    t.equal(closes.length, 1, 'it ends once')

    const second = attachedStage('websocket')
    second.session.close(4000, 'before')
    end(second.session)
    second.host.turn()
    await settled()
    t.strictSame(second.closes.map(({ code, reason }) => `${code} ${reason}`), [closing], 'while the session is closing')
    t.strictSame(second.host.statuses, [closing.startsWith('4000') ? 'normal_closure' : status], 'the cause that counts is that of the reason')

    const third = attachedStage('websocket')
    third.session.close()
    end(third.session)
    third.host.turn()
    await settled()
    const normal = ['stalled', 'unanswered'].includes(cause) ? event.code : closing.startsWith('4000') ? 1000 : event.code
    t.equal(third.closes[0]!.code, normal, 'a normal closure that never arrived was none (SPRING-D26)')
  })
}

test('the application is told of a session that gave room in a later step', async (t) => {
  const { session, closes } = attachedStage('websocket')
  session.send('lost')
  session.end('budget')
  t.equal(session.state, 'closed')
  t.strictSame(closes, [])
  await settled()
  t.strictSame(closes, [event(1013, 'slow consumer', false, 1)])
})

test('SESSION-22 a handler that fails', async (t) => {
  const { host, session, closes, receiver } = attachedStage()
  session.send('before')
  session.fail(new Error('no luck'), 'handler')
  host.turn()
  t.strictSame(receiver.taken(), ['(cork)', 'a["before"]', 'c[1011,"Internal server error"]', '(uncork)'])
  t.strictSame(closes, [event(1011, 'Internal server error', true)])
  t.strictSame(host.failures, [['no luck', 'handler']])
  session.fail(new Error('again'), 'handler')
  t.equal(closes.length, 1)
  t.equal(host.failures.length, 2, 'later failures are reported too')
})

test('SESSION-14 close listeners: each once, also when one before it fails', async (t) => {
  const { host, session } = stage()
  const log: string[] = []
  const removed = () => { log.push('removed') }
  session
    .on('close', ({ code }) => { log.push(`first ${code} ${session.state}`); throw new Error('first failed') })
    .on('close', async () => { log.push('second'); throw new Error('second failed') })
    .on('close', removed)
    .on('close', () => { log.push('last'); session.close(); session.terminate() })
    .off('close', removed)
    .off('close', removed)
    .off('message', removed)
  session.terminate()
  t.strictSame(log, ['first 1002 closed', 'second', 'last'])
  await settled()
  t.strictSame(host.failures, [['first failed', 'close listener'], ['second failed', 'close listener']])
})

test('what on() refuses', async (t) => {
  const { session } = stage()
  t.throws(() => session.on('message', 'x' as never), { code: 'FST_SOCKJS_INVALID_LISTENER' })
  t.throws(() => session.on('data' as never, () => {}), { code: 'FST_SOCKJS_INVALID_LISTENER' })
})

test('signal aborts with the close event, whenever it is asked for', async (t) => {
  const { session, closes } = attachedStage()
  const { signal } = session
  t.equal(session.signal, signal)
  t.notOk(signal.aborted)
  session.close(3000, 'bye')
  t.notOk(signal.aborted, 'closing is not the end')
  session.send('x')
  session.output.interrupted(session.output.receiver!)
  t.ok(signal.aborted)
  t.strictSame(signal.reason, closes[0])

  const late = attachedStage()
  late.session.send('lost')
  late.session.terminate()
  t.ok(late.session.signal.aborted)
  t.strictSame(late.session.signal.reason, event(1002, 'Connection interrupted', false, 1))
})
