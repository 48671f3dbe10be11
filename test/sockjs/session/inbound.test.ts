import { test } from 'tap'
import { Fifo } from '../../../src/core/fifo.ts'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { AnySession } from '../../../src/sockjs/session/index.ts'
import { attachedStage, FakeHost, outcome, settled } from './support.ts'

const kilobyte = 'x'.repeat(1_000)

/** Resolves when the session lets a sender over HTTP go on. */
function answer (session: AnySession): Promise<void> {
  return new Promise((resolve) => session.hold({ gone: false, bytes: 0, release: resolve }))
}

/** Reads a session by iteration, as an application does. */
function readAll (session: AnySession, onMessage: (message: string) => void = () => {}): { seen: string[], end: Promise<string[]> } {
  const seen: string[] = []
  const read = async () => {
    for await (const message of session) {
      seen.push(message)
      onMessage(message)
    }
    return seen
  }
  return { seen, end: read() }
}

test('messages wait until somebody listens, and their bytes are accounted for', async (t) => {
  const { host, session } = attachedStage()
  session.receive(['a', 'b'], 0)
  session.receive([''], 0)
  t.ok(host.accounted > 2)
  const seen: string[] = []
  const listener = (message: string) => { seen.push(message) }
  session.on('message', listener)
  t.strictSame(seen, ['a', 'b', ''])
  t.equal(host.accounted, 0)
  session.receive(['c', 'd'], 0)
  t.strictSame(seen.splice(0), ['a', 'b', '', 'c', 'd'])
  session.off('message', listener)
  session.receive(['e'], 0)
  t.strictSame(seen, [])
  const others: string[] = []
  session.on('message', (message) => others.push('1' + message)).on('message', (message) => others.push('2' + message))
  session.receive(['f'], 0)
  t.strictSame(others, ['1e', '1f', '2f'], 'the first listener gets what waited')
  session.on('message', listener).off('message', listener).receive(['g'], 0)
  t.strictSame(seen, [])
  const pair = attachedStage().session.on('message', listener).on('message', (message) => others.push(message)).off('message', listener)
  pair.receive(['h'], 0)
  t.strictSame([seen, others.at(-1)], [[], 'h'])

  const order: string[] = []
  const [one, two] = [() => order.push('one'), () => order.push('two')]
  attachedStage().session.on('message', one).on('message', two).on('message', one).off('message', one).receive(['x'], 0)
  t.strictSame(order, ['one', 'two'], 'of a listener that is there twice the later one goes')
  t.equal(host.accounted, 0)
})

test('SESSION-22 a message listener that fails closes with 1011, and the rest of the payload is not dispatched', async (t) => {
  for (const waiting of [false, true]) {
    const { host, session, closes, receiver } = attachedStage()
    const seen: string[] = []
    if (waiting) session.receive(['a', 'b', 'c'], 0)
    session.on('message', (message) => {
      seen.push(message)
      if (message === 'b') throw new Error('no luck')
    })
    if (!waiting) session.receive(['a', 'b', 'c'], 0)
    session.receive(['d'], 0)
    t.strictSame(seen, ['a', 'b'])
    host.turn()
    t.strictSame(receiver.taken(), ['(cork)', 'c[1011,"Internal server error"]', '(uncork)'])
    t.strictSame(closes.map(({ code, clean }) => [code, clean]), [[1011, true]])
    t.strictSame(host.failures, [['no luck', 'message listener']])
    t.equal(host.accounted, 0)
  }
  const { host, session } = attachedStage()
  session.on('message', async () => { throw new Error('later') })
  session.receive(['a'], 0)
  t.equal(session.state, 'open')
  await settled()
  t.equal(session.state, 'closing')
  t.strictSame(host.failures, [['later', 'message listener']])
})

test('a listener that closes the session gets nothing more', async (t) => {
  const { session, host } = attachedStage()
  session.receive(['a', 'b', 'c'], 0)
  const seen: string[] = []
  session.on('message', (message) => { seen.push(message); session.close() })
  session.receive(['d'], 0)
  t.strictSame(seen, ['a'])
  host.turn()
  t.equal(host.accounted, 0)
})

test('a listener may pause in the middle of a payload, and nothing changes places', async (t) => {
  const { host, session, receiver } = attachedStage('websocket')
  const seen: string[] = []
  session.on('message', (message) => {
    seen.push(message)
    if (message === 'b' || message === 'd') session.pause()
  })
  session.receive(['a', 'b', 'c', 'd', 'e'], 0)
  session.receive(['f'], 0)
  t.strictSame(seen, ['a', 'b'])
  t.strictSame(receiver.taken(), ['(pause)'])
  session.pause()
  t.strictSame(receiver.taken(), [], 'told once')
  session.resume()
  t.strictSame(seen, ['a', 'b', 'c', 'd'])
  t.ok(host.accounted > 0)
  session.resume()
  t.strictSame(seen, ['a', 'b', 'c', 'd', 'e', 'f'])
  t.strictSame(receiver.taken(), ['(resume)'], 'told once, when it may go on')
  t.equal(host.accounted, 0)
})

test('what arrives while waiting messages are replayed comes behind them', async (t) => {
  const { session } = attachedStage()
  const seen: string[] = []
  session.receive(['a', 'b'], 0)
  session.on('message', (message) => {
    seen.push(message)
    if (message === 'a') session.receive(['c'], 0)
  })
  t.strictSame(seen, ['a', 'b', 'c'])
})

test('R15: pause() pauses a reader of the iteration too', async (t) => {
  const { session, receiver } = attachedStage('websocket')
  const iterator = session[Symbol.asyncIterator]()
  session.pause()
  const waiting = iterator.next()
  session.receive(['a', 'b'], 0)
  t.equal(await outcome(waiting), 'pending', 'a reader that waited before the message')
  t.equal(await outcome(answer(session)), 'pending')
  session.resume()
  t.strictSame(await outcome(waiting), { value: 'a', done: false })
  session.pause()
  const second = iterator.next()
  t.equal(await outcome(second), 'pending', 'a reader that came after it')
  session.resume()
  t.strictSame(await outcome(second), { value: 'b', done: false })
  t.strictSame(receiver.taken(), ['(pause)', '(resume)', '(pause)', '(resume)'])

  const third = iterator.next()
  session.pause()
  session.resume()
  session.receive(['c'], 0)
  t.strictSame(await outcome(third), { value: 'c', done: false }, 'a reader that waits through a pause')
})

test('R15: the end of the session ends a pause: what waits can be read, then the loop is through', async (t) => {
  for (const end of ['close', 'terminate'] as const) {
    const { session } = attachedStage()
    session.pause()
    const { seen, end: through } = readAll(session)
    await settled()
    for (let i = 0; i < 20; i++) session.receive([`${i}`], 0)
    await settled()
    t.strictSame(seen, [])
    session[end]()
    t.strictSame(await through, Array.from({ length: 20 }, (_, i) => `${i}`))
  }
})

test('XHR-SEND-7 too much unread holds the client back, and its senders', async (t) => {
  const { session, host, receiver } = attachedStage('websocket')
  t.notOk(session.held)
  session.receive(['x'.repeat(500)], 0)
  t.strictSame(receiver.taken(), [])
  t.notOk(session.held)
  session.receive(['y'.repeat(500)], 0)
  t.strictSame(receiver.taken(), ['(pause)'])
  const accepting = answer(session)
  t.equal(await outcome(accepting), 'pending')
  const iterator = session[Symbol.asyncIterator]()
  t.equal((await iterator.next()).value?.[0], 'x')
  t.strictSame(receiver.taken(), ['(resume)'])
  t.equal(await outcome(accepting), undefined)
  t.ok(host.accounted >= 500)
  await iterator.next()
  t.equal(host.accounted, 0)
})

test('a client that is held back stays so across receivers, and no longer than its session', async (t) => {
  const { session, attach, receiver } = attachedStage()
  session.pause()
  t.strictSame(receiver.taken(), ['(pause)'])
  const accepting = answer(session)
  receiver.finish()
  const next = attach()
  t.strictSame(next.taken(), ['(pause)'])
  t.equal(await outcome(accepting), 'pending')
  session.close()
  t.strictSame(next.taken(), ['(resume)'], 'the answer to a close must be read')
  t.equal(await outcome(accepting), undefined)

  const cut = attachedStage('websocket')
  cut.session.pause()
  const sender = answer(cut.session)
  cut.session.output.interrupted(cut.receiver)
  t.equal(await outcome(sender), undefined)
})

test('who goes around the back-pressure is closed with 1008', async (t) => {
  const { session, closes, receiver, host } = attachedStage()
  session.receive(['x'.repeat(50_000)], 0)
  session.receive(['more'], 0)
  t.equal(session.state, 'open', 'one payload is always taken, whatever its size, and what had been read behind it')
  session.receive(['x'.repeat(50_000)], 0)
  session.receive(['still more'], 0)
  t.strictSame(closes, [{ code: 1008, reason: 'Too many messages', clean: false, undelivered: 0 }])
  t.strictSame(receiver.taken(), ['(pause)', 'c[1008,"Too many messages"]'])
  t.equal(host.accounted, 0)

  const tiny = attachedStage()
  for (let i = 0; i < 1_000 && tiny.session.state === 'open'; i++) tiny.session.receive([''], 0)
  t.equal(tiny.closes[0]?.code, 1008, 'empty messages are not free')

  const paused = attachedStage()
  paused.session.pause()
  paused.session.receive(['x'.repeat(10_000)], 0)
  t.equal(paused.session.state, 'open', 'an application that pauses does not make its client a flooder')

  const closing = attachedStage()
  closing.session.receive(['x'.repeat(50_000)], 0)
  closing.session.send('last words')
  closing.session.close(3000, 'bye')
  closing.session.receive(['more'], 0)
  closing.host.turn()
  t.strictSame(closing.closes, [{ code: 3000, reason: 'bye', clean: true, undelivered: 0 }], 'not once it is closing')
})

test('R6: senders that wait are counted, bounded in number and in bytes, and closed with 1008 above it', async (t) => {
  const many = attachedStage('xhr-streaming', new FakeHost({ inboxLimit: 1_000_000 }))
  many.session.pause()
  const answers = Array.from({ length: 128 }, () => answer(many.session))
  t.equal(many.session.state, 'open')
  t.equal(many.host.accounted, 128 * 8192)
  t.equal(many.session.hold({ gone: false, bytes: 0, release: () => t.fail('it was refused') }), false)
  t.match(many.closes, [{ code: 1008, reason: 'Too many messages', clean: false }])
  t.equal(many.host.accounted, 0)
  await Promise.all(answers)

  const large = attachedStage('xhr-streaming', new FakeHost({ inboxLimit: 10_000 }))
  large.session.pause()
  const body = { gone: false, bytes: 10_000, release () {} }
  t.ok(large.session.hold(body))
  t.equal(large.host.accounted, 8192 + 10_000)
  t.equal(large.session.state, 'open', 'one body of the greatest size may wait')
  t.notOk(large.session.hold(body))
  t.match(large.closes, [{ code: 1008 }])
})

test('R6: senders whose connection is over do not count, and are not released', async (t) => {
  const { session, host } = attachedStage('xhr-streaming', new FakeHost({ inboxLimit: 10_000 }))
  session.pause()
  const gone: unknown[] = []
  for (let i = 0; i < 10_000; i++) session.hold({ gone: true, bytes: 5_000, release: () => gone.push(i) })
  t.equal(session.state, 'open')
  t.ok(host.accounted <= 16 * 8192 + 10_000, `${host.accounted} bytes`)
  const order: number[] = []
  for (let i = 0; i < 100; i++) session.hold({ gone: false, bytes: 1, release: () => order.push(i) })
  session.resume()
  t.strictSame(order, [], 'not within the call of the application')
  await settled()
  t.strictSame(order, Array.from({ length: 100 }, (_, i) => i))
  t.strictSame(gone, [])
  t.equal(host.accounted, 0)
})

test('iteration: in order, as they come, to the end', async (t) => {
  const { host, session } = attachedStage()
  session.receive(['a', 'b'], 0)
  const { seen, end } = readAll(session)
  await settled()
  t.strictSame(seen, ['a', 'b'])
  t.equal(host.accounted, 0)
  session.receive(['c', 'd'], 0)
  session.receive(['e'], 0)
  await settled()
  t.strictSame(seen, ['a', 'b', 'c', 'd', 'e'])
  t.equal(host.accounted, 0, 'what was read does not wait any more')
  session.close()
  session.receive(['late'], 0)
  t.strictSame(await end, ['a', 'b', 'c', 'd', 'e'])
  t.strictSame(await readAll(session).end, [], 'a second loop ends at once')
})

test('iteration: what came before the end can still be read', async (t) => {
  const { session, receiver, host } = attachedStage('websocket')
  session.receive(['a', 'b'], 0)
  session.output.closed(receiver, { code: 1000, reason: '' }, true)
  t.equal(host.accounted, 0)
  t.strictSame(await readAll(session).end, ['a', 'b'])
  t.equal(host.accounted, 0)
  const listened: string[] = []
  const other = attachedStage('websocket')
  other.session.receive(['a', 'b'], 0)
  other.session.output.closed(other.receiver, { code: 1000, reason: '' }, true)
  other.session.on('message', (message) => listened.push(message))
  t.strictSame(listened, ['a', 'b'])
})

test('iteration: an echo loop stops reading while its output is stuck', async (t) => {
  const { host, session, receiver } = attachedStage()
  receiver.slow = true
  const { seen } = readAll(session, (message) => { session.send(message) })
  session.receive([kilobyte], 0)
  await settled()
  host.turn()
  session.receive(['a', 'b'], 0)
  await settled()
  t.equal(seen.length, 1)
  receiver.release()
  await settled()
  t.equal(seen.length, 3)
  host.turn()
  t.strictSame(receiver.taken(), [`a["${kilobyte}"]`, 'a["a","b"]'])

  session.send(kilobyte)
  host.turn()
  session.receive(['c'], 0)
  session.terminate()
  await settled()
  t.equal(seen.length, 4, 'the end of the session lets the loop go on to its own')
})

test('iteration: leaving the loop does not close the session', async (t) => {
  const { session } = attachedStage()
  session.receive(['a', 'b'], 0)
  const first: string[] = []
  for await (const message of session) {
    if (first.push(message) === 1) break
  }
  t.strictSame(first, ['a'])
  t.equal(session.state, 'open')
  const { seen, end } = readAll(session)
  await settled()
  session.receive(['c'], 0)
  session.close()
  await end
  t.strictSame(seen, ['b', 'c'])
  const iterator = session[Symbol.asyncIterator]()
  t.equal(iterator[Symbol.asyncIterator](), iterator)
  t.strictSame(await iterator.return!(), { value: undefined, done: true })
})

test('iteration: one reader at a time; an older one is sent host', async (t) => {
  const { session } = attachedStage()
  const iterator = session[Symbol.asyncIterator]()
  const [older, newer] = [iterator.next(), iterator.next()]
  t.strictSame(await older, { value: undefined, done: true })
  session.receive(['a'], 0)
  t.strictSame(await newer, { value: 'a', done: false })
})

test('a long queue keeps its order', async (t) => {
  const fifo = new Fifo<number>()
  t.equal(fifo.shift(), undefined)
  let [pushed, shifted] = [0, 0]
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 2_000; i++) fifo.push(pushed++)
    for (let i = 0; i < 1_700; i++) if (fifo.shift() !== shifted++) t.fail('out of order')
    t.equal(fifo.length, pushed - shifted)
  }
  while (fifo.length > 0) if (fifo.shift() !== shifted++) t.fail('out of order')
  t.equal(shifted, pushed)
  t.equal(fifo.shift(), undefined)
})

test('SEC-S13 what was taken from the queue is not kept', async (t) => {
  const fifo = new Fifo<object>()
  let message: object | undefined = {}
  const reference = new WeakRef(message)
  fifo.push(message)
  fifo.push({})
  message = undefined
  fifo.shift()
  t.equal(fifo.length, 1)
  setFlagsFromString('--expose-gc')
  await new Promise((resolve) => setImmediate(resolve))
  runInNewContext('gc')()
  t.equal(reference.deref(), undefined)
})
