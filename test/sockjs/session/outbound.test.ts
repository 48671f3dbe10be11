import { readFileSync } from 'node:fs'
import { test } from 'tap'
import ts from 'typescript'
import type { AnySession } from '../../../src/sockjs/session/index.ts'
import { PreparedMessage } from '../../../src/stream/prepared-message.ts'
import type { CloseEvent } from '../../../src/stream/message-stream.ts'
import { attachedStage, FakeHost, outcome, settled, stage } from './support.ts'

const kilobyte = 'x'.repeat(1_000)
const SLOW: CloseEvent = { code: 1013, reason: 'slow consumer', clean: false, undelivered: 0 }

test('send tells when to stop, drained when to go on', async (t) => {
  const { host, session, receiver } = attachedStage()
  receiver.slow = true
  t.ok(session.send('x'.repeat(997)), 'ENC-11 999 bytes, quotes included')
  t.equal(session.bufferedBytes, 999)
  t.notOk(session.send(''), 'the mark is reached')
  t.equal(session.bufferedBytes, 1_001)
  t.equal(host.accounted, 1_001)
  const drained = session.drained()
  t.equal(await outcome(drained), 'pending')
  host.turn()
  t.equal(session.bufferedBytes, 1_005, 'in the receiver now, with a frame around them')
  t.equal(await outcome(drained), 'pending')
  receiver.release(4)
  receiver.release()
  t.equal(await outcome(drained), undefined)
  t.equal(await outcome(session.drained()), undefined, 'nothing to wait for')
  t.equal(host.accounted, 0)
})

test('drained ends with the session', async (t) => {
  const { session } = stage()
  session.send(kilobyte)
  const drained = [session.drained(), session.drained()]
  t.equal(await outcome(drained[0]!), 'pending')
  session.terminate()
  await Promise.all(drained)
  await session.drained()
  t.equal(session.bufferedBytes, 0)
})

test('a poll that has left completely is drained', async (t) => {
  const { host, session, attach } = attachedStage('xhr-polling')
  session.send(kilobyte)
  const drained = session.drained()
  const poll = attach({ slow: true })
  t.equal(await outcome(drained), 'pending', 'on its way out still')
  t.ok(session.bufferedBytes > 1_000)
  t.equal(host.accounted, session.bufferedBytes)
  poll.release()
  t.equal(await outcome(drained), undefined)
  t.equal(host.accounted, 0)
})

test('HTTP-7 above the high-water mark nothing more is written until the receiver has drained', async (t) => {
  const { host, session, receiver } = attachedStage()
  receiver.slow = true
  session.send(kilobyte)
  host.turn()
  receiver.taken()
  session.send('a')
  host.turn()
  session.send('b')
  host.turn()
  t.strictSame(receiver.taken(), [])
  receiver.release()
  t.equal(host.waiting, 1)
  host.turn()
  t.strictSame(receiver.taken(), ['a["a","b"]'])

  session.send(kilobyte)
  host.turn()
  session.send('last')
  session.close(3000, 'bye')
  host.turn()
  t.equal(session.state, 'closing', 'SESSION-12 the messages come first')
  receiver.taken()
  receiver.release()
  host.turn()
  t.strictSame(receiver.taken(), ['(cork)', 'a["last"]', 'c[3000,"bye"]', '(uncork)'])
})

test('HTTP-7 above the hard limit the session closes with 1013', async (t) => {
  const { host, session, closes, receiver } = attachedStage()
  for (let i = 0; i < 9; i++) session.send(kilobyte)
  t.equal(session.state, 'open')
  t.equal(session.send('x'.repeat(980)), false, 'exactly at the limit')
  t.equal(session.bufferedBytes, 10_000)
  t.equal(session.state, 'open')
  t.equal(session.send(''), false)
  t.strictSame(closes, [{ ...SLOW, undelivered: 11 }])
  t.strictSame(receiver.taken(), ['c[1013,"slow consumer"]'], 'what waits is not written any more')
  host.turn()
  t.strictSame(receiver.taken(), [])
  t.equal(host.accounted, 0)
})

test('HTTP-7 what waits in the receiver counts, and so does what escaping adds', async (t) => {
  const { host, session, closes, receiver } = attachedStage()
  receiver.slow = true
  session.send('x'.repeat(5_000))
  host.turn()
  session.send('\uffff'.repeat(800))
  t.equal(session.bufferedBytes, 5_005 + 4_802)
  t.equal(closes.length, 0)
  session.send('\uffff'.repeat(33))
  t.equal(closes[0]?.code, 1013)
})

test('one message is always taken when nothing waits', async (t) => {
  const { host, session, closes, receiver } = attachedStage()
  const huge = 'x'.repeat(50_000)
  t.notOk(session.send(huge))
  host.turn()
  t.strictSame(receiver.taken(), [`a["${huge}"]`])
  t.notOk(session.send(new PreparedMessage(huge)))
  t.equal(session.state, 'open')
  session.send('one more')
  t.equal(closes[0]?.code, 1013)
})

test('overflow: drop', async (t) => {
  const { host, session, closes, receiver } = attachedStage('xhr-streaming', new FakeHost({ overflow: 'drop' }))
  session.send('a'.repeat(9_000))
  const before = session.bufferedBytes
  t.notOk(session.send('b'.repeat(2_000)))
  t.equal(session.bufferedBytes, before)
  t.equal(host.accounted, before)
  session.send('c')
  host.turn()
  t.strictSame(receiver.taken(), [`a["${'a'.repeat(9_000)}","c"]`])
  t.strictSame(closes, [])
  t.equal(host.accounted, 0)
})

test('prepared messages are the same frame for every session', async (t) => {
  const prepared = new PreparedMessage('h\u00e9')
  const [one, two] = [attachedStage(), attachedStage('xhr-polling')]
  t.ok(one.session.send(prepared))
  t.equal(one.session.bufferedBytes, 5)
  two.session.send(prepared)
  one.session.send('x')
  one.host.turn()
  t.strictSame(one.receiver.taken(), ['a["h\u00e9","x"]'])
  t.strictSame(two.attach().taken(), ['a["h\u00e9"]'])
})

test('a session with SockJS framing carries strings only', async (t) => {
  const { session } = attachedStage('websocket', new FakeHost({}, true))
  t.equal(session.binary, false)
  for (const wrong of [5, null, undefined, {}, ['a'], Buffer.from('x'), new PreparedMessage(Buffer.from('x'))]) {
    t.throws(() => session.send(wrong as never), { code: 'FST_SOCKJS_INVALID_MESSAGE' })
  }
  t.equal(session.bufferedBytes, 0)
  t.equal(session.state, 'open')
})

test('RAW-4 a raw session carries messages as they are, and bytes where it may', async (t) => {
  const text = attachedStage('websocket-raw')
  t.equal(text.session.binary, false)
  for (const wrong of [5, null, {}, Buffer.from('x'), new PreparedMessage(Buffer.from('x'))]) {
    t.throws(() => text.session.send(wrong as never), { code: 'FST_SOCKJS_INVALID_MESSAGE' })
  }
  t.equal(text.session.bufferedBytes, 0)

  const { host, session, receiver, closes } = attachedStage('websocket-raw', new FakeHost({}, true))
  t.equal(session.binary, true)
  session.send('"\u2028é')
  t.equal(session.bufferedBytes, 6, 'neither quoted nor escaped')
  session.send(Uint8Array.of(0, 255))
  session.send(new PreparedMessage('p'))
  session.send(new PreparedMessage(Buffer.of(1)))
  t.equal(session.bufferedBytes, 10)
  host.turn()
  t.strictSame(receiver.taken(), ['"\u2028é', '0x00ff', 'p', '0x01'], 'and there is no greeting')
  const seen: unknown[] = []
  session.on('message', (message) => seen.push(message))
  session.receive(['x', Buffer.of(7)], 0)
  t.strictSame(seen, ['x', Buffer.of(7)])
  session.close(3000, 'bye')
  host.turn()
  t.equal(closes[0]?.clean, true)
})

test('every way to end leaves nothing accounted for', async (t) => {
  const ends: ((all: ReturnType<typeof attachedStage>) => void)[] = [
    ({ session }) => session.terminate(),
    ({ session, receiver }) => session.output.interrupted(receiver),
    ({ session, receiver }) => session.output.closed(receiver, { code: 1000, reason: '' }, true),
    ({ session }) => session.end('slow'),
    ({ session, host, receiver }) => { session.close(); host.turn(); receiver.release(); host.turn() },
    ({ host, receiver }) => { receiver.finish(); receiver.release(); host.clock.advance(5_050) },
    ({ host, receiver }) => { receiver.queued = true; receiver.finish(); host.clock.advance(5_050) },
    ({ host }) => host.clock.advance(60_000)
  ]
  for (const end of ends) {
    const all = attachedStage()
    all.receiver.slow = true
    all.session.send(kilobyte)
    all.host.turn()
    all.session.send('waiting')
    all.session.receive(['unread'], 0)
    t.ok(all.host.accounted > 1_000)
    end(all)
    t.equal(all.session.state, 'closed')
    t.equal(all.closes.length, 1)
    t.equal(all.host.accounted, 0)
    t.equal(all.host.attachments, 0)
    t.equal(all.session.bufferedBytes, 0)
    all.receiver.release()
    all.host.turn()
    all.host.clock.advance(10_000)
    t.equal(all.host.accounted, 0)
    t.equal(all.host.clock.pending, 0)
    t.equal(all.host.forgotten, 1)
  }
})

test('the example of MessageStream echoes, and holds back a client that does not read', async (t) => {
  const source = readFileSync(new URL('../../../src/stream/message-stream.ts', import.meta.url), 'utf8')
  const code = /```ts\n(.*?)```/s.exec(source)![1]!.replaceAll(/^ \* ?/gm, '')
  const logged: unknown[][] = []
  const module = ts.transpile(`export function using (console: Console) { ${code}; return echo }`, { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 })
  const { using } = await import(`data:text/javascript,${encodeURIComponent(module)}`) as { using (console: { log (...values: unknown[]): void }): (stream: AnySession) => void }
  const echo = using({ log: (...values) => { logged.push(values) } })
  const { host, session, receiver } = attachedStage('websocket-raw', undefined, { slow: true })
  echo(session)
  session.receive(['a', 'x'.repeat(2_000)], 0)
  host.turn()
  t.ok(session.held, 'the client waits above the high-water mark')
  session.receive(['b'], 0)
  receiver.release()
  await settled()
  t.notOk(session.held)
  host.turn()
  t.strictSame(receiver.taken().filter((text) => !text.startsWith('(')), ['a', 'x'.repeat(2_000), 'b'])
  receiver.release()
  session.receive(['bye'], 0)
  host.turn()
  t.strictSame(logged, [[1000, 0]])
})
