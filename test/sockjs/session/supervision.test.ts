import { test } from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import type { CloseEvent } from '../../../src/stream/message-stream.ts'
import { attachedStage, FakeHost, type FakeReceiver, type Stage } from './support.ts'

const UNANSWERED: CloseEvent = { code: 3000, reason: 'No response from heartbeat', clean: false, undelivered: 0 }
const SLOW: CloseEvent = { code: 1013, reason: 'slow consumer', clean: false, undelivered: 0 }

/** Moves time on tick by tick, and tells at which moments the receiver got something. */
function watch ({ host }: Stage, receiver: FakeReceiver, ms: number, eachTick: () => void = () => {}): string[] {
  const seen: string[] = []
  const end = host.clock.now() + ms
  while (host.clock.now() < end) {
    host.clock.advance(Math.min(50, end - host.clock.now()))
    host.turn()
    for (const frame of receiver.taken()) seen.push(`${frame}@${host.clock.now()}`)
    eachTick()
  }
  return seen
}

/** A WebSocket whose pings want an answer. */
function socketStage (host = new FakeHost()) {
  const all = attachedStage('websocket', host)
  all.receiver.pings = true
  return all
}

/** Answers every ping at once. */
function answering (receiver: FakeReceiver): () => void {
  return () => { receiver.answered = true }
}

test('HEARTBEAT-2 HEARTBEAT-8 a stream hears an h after each silence', async (t) => {
  const all = attachedStage('xhr-streaming')
  t.strictSame(watch(all, all.receiver, 80_000), ['h@25000', 'h@50000', 'h@75000'])
  all.session.send('x')
  t.strictSame(watch(all, all.receiver, 50_000), ['a["x"]@80050', 'h@105050'], 'each frame begins a new silence')
  for (let i = 0; i < 5; i++) {
    all.session.send('x')
    all.host.turn()
    t.notMatch(watch(all, all.receiver, 20_000).join(), 'h@')
  }
})

test('HEARTBEAT-1 an h ends a poll, and the disconnect delay begins', async (t) => {
  const all = attachedStage('xhr-polling')
  const poll = all.attach()
  t.strictSame(watch(all, poll, 24_950), [])
  t.strictSame(watch(all, poll, 50), ['h@25000'])
  t.ok(poll.ended)
  watch(all, poll, 4_950)
  t.equal(all.session.state, 'open')
  watch(all, poll, 100)
  t.strictSame(all.closes.map(({ reason }) => reason), ['Connection timed out'])
})

test('HEARTBEAT-6 WS-21 a WebSocket hears h and ping together', async (t) => {
  const all = socketStage()
  t.strictSame(watch(all, all.receiver, 50_000, answering(all.receiver)), ['h@25000', '(ping)@25000', 'h@50000', '(ping)@50000'])
})

test('WS-22 pings go out although the server speaks all the time', async (t) => {
  const all = socketStage()
  const pings = watch(all, all.receiver, 100_000, () => {
    all.receiver.answered = true
    if (all.host.clock.now() % 10_000 === 0) all.session.send('x')
  }).filter((entry) => entry.startsWith('(ping)') || entry.startsWith('h'))
  t.ok(pings.length >= 3, pings.join())
  t.ok(pings.every((entry) => entry.startsWith('(ping)')), 'and no h')
})

test('HEARTBEAT-9 a quiet session gets no h, and its pings stay', async (t) => {
  const socket = socketStage()
  socket.session.quiet()
  t.strictSame(watch(socket, socket.receiver, 50_000, answering(socket.receiver)), ['(ping)@25000', '(ping)@50000'])
  const stream = attachedStage('xhr-streaming')
  watch(stream, stream.receiver, 20_000)
  stream.session.quiet()
  t.strictSame(watch(stream, stream.receiver, 100_000), [], 'also when it was told late')
  t.equal(stream.session.state, 'open')
  const poll = attachedStage('xhr-polling')
  poll.session.quiet()
  const waiting = poll.attach()
  t.strictSame(watch(poll, waiting, 60_000), [])
  t.equal(poll.session.state, 'open')
})

test('WS-22 a ping without an answer', async (t) => {
  const all = socketStage()
  all.receiver.answered = false
  t.strictSame(watch(all, all.receiver, 34_950), ['h@25000', '(ping)@25000'])
  t.equal(all.session.state, 'open')
  t.strictSame(watch(all, all.receiver, 50), ['c[3000,"No response from heartbeat"]@35000', '(destroy)@35000'])
  t.strictSame(all.closes, [UNANSWERED])
  t.equal(all.host.forgotten, 1)
  t.equal(all.host.clock.pending, 0)
})

test('WS-22 any sign of life is an answer', async (t) => {
  const all = socketStage()
  watch(all, all.receiver, 25_000)
  all.receiver.answered = false
  watch(all, all.receiver, 9_950)
  all.receiver.answered = true
  watch(all, all.receiver, 10_000)
  t.equal(all.session.state, 'open')
  all.receiver.answered = false
  watch(all, all.receiver, 15_000)
  t.equal(all.session.state, 'open')
  watch(all, all.receiver, 50)
  t.equal(all.session.state, 'closed', 'the next ping asks again')
})

test('WS-22 a stall does not put off the answer that is due', async (t) => {
  const all = socketStage()
  all.receiver.answered = false
  watch(all, all.receiver, 30_000)
  all.receiver.slow = true
  all.session.send('x')
  watch(all, all.receiver, 5_050)
  t.strictSame(all.closes, [UNANSWERED])
})

test('WS-22 neither do stalls that come again and again put off the ping', async (t) => {
  const all = socketStage()
  all.receiver.slow = true
  const seen = watch(all, all.receiver, 60_000, () => {
    all.receiver.answered = true
    if (all.host.clock.now() % 5_000 !== 0) return
    all.receiver.release()
    all.session.send('x')
  })
  t.strictSame(seen.filter((entry) => entry.startsWith('(ping)')), ['(ping)@25000', '(ping)@50000'])
})

test('a heartbeat shorter than the time for an answer', async (t) => {
  const all = socketStage(new FakeHost({ heartbeat: 3_000 }))
  all.receiver.answered = false
  watch(all, all.receiver, 12_950)
  t.equal(all.session.state, 'open')
  watch(all, all.receiver, 50)
  t.strictSame(all.closes, [UNANSWERED], 'the first ping decides, whatever was asked since')
})

test('HTTP-7 a receiver that takes nothing', async (t) => {
  for (const transport of ['xhr-streaming', 'websocket'] as const) {
    const all = attachedStage(transport)
    watch(all, all.receiver, 1_000)
    all.receiver.slow = true
    all.session.send('stuck')
    all.host.turn()
    all.receiver.taken()
    watch(all, all.receiver, 9_950)
    t.equal(all.session.state, 'open')
    t.strictSame(watch(all, all.receiver, 100), ['c[1013,"slow consumer"]@11000', '(destroy)@11000'])
    t.strictSame(all.closes, [SLOW], transport)
  }
})

test('HTTP-7 sending more does not help a receiver that takes nothing', async (t) => {
  const all = attachedStage('xhr-streaming', undefined, { slow: true })
  watch(all, all.receiver, 9_950, () => { if (all.host.clock.now() % 1_000 === 0) all.session.send('x') })
  t.equal(all.session.state, 'open')
  watch(all, all.receiver, 150)
  t.match(all.closes, [{ code: 1013 }])
})

test('HTTP-7 a receiver that takes a little, and then no more', async (t) => {
  const all = attachedStage('xhr-streaming')
  all.receiver.slow = true
  all.session.send('x'.repeat(50_000))
  all.host.turn()
  watch(all, all.receiver, 60_000, () => { if (all.host.clock.now() % 8_000 === 0) all.receiver.release(100) })
  t.equal(all.session.state, 'open', 'slow is not stuck')
  watch(all, all.receiver, 20_050)
  t.strictSame(all.closes, [SLOW], 'at most two times the send timeout later')
})

test('HTTP-7 a receiver that took everything is watched anew', async (t) => {
  const all = attachedStage('xhr-streaming')
  all.receiver.slow = true
  for (let i = 0; i < 5; i++) {
    all.session.send('x')
    watch(all, all.receiver, 9_000)
    all.receiver.release()
    watch(all, all.receiver, 500)
  }
  t.equal(all.session.state, 'open')
  all.session.send('x')
  all.host.turn()
  // It is taken, but nobody says so: sockets do not always.
  all.receiver.progress += all.receiver.buffered
  all.receiver.buffered = 0
  watch(all, all.receiver, 20_000)
  t.equal(all.session.state, 'open')
})

test('R19 the disconnect delay waits for a client that reads, and not for a response behind another', async (t) => {
  const all = attachedStage('xhr-streaming', new FakeHost(), { slow: true })
  all.session.send('late')
  all.host.turn()
  all.receiver.finish()
  watch(all, all.receiver, 20_000)
  t.equal(all.session.state, 'open', 'the client reads')
  all.receiver.queued = true
  watch(all, all.receiver, 5_050)
  t.match(all.closes, [{ code: 1002, reason: 'Connection timed out' }])
  t.equal(all.host.forgotten, 1)
  t.equal(all.host.accounted, 0)
  all.receiver.release()
  all.host.turn()
  t.equal(all.host.clock.pending, 0)
})

test('SEC-S79 the time for which the loop was blocked does not count as a stall', async (t) => {
  class BlockedClock extends ManualClock {
    override get coarse (): number { return Math.max(0, this.now() - 9_000) }
  }
  const all = attachedStage('xhr-streaming', new FakeHost({}, false, new BlockedClock()))
  watch(all, all.receiver, 20_000)
  all.receiver.slow = true
  all.session.send('stuck')
  watch(all, all.receiver, 9_950)
  t.equal(all.session.state, 'open')
  watch(all, all.receiver, 100)
  t.strictSame(all.closes, [SLOW])
})

test('HTTP-7 a close that waits behind a stuck receiver', async (t) => {
  const all = attachedStage('websocket')
  all.receiver.slow = true
  all.session.send('x'.repeat(5_000))
  all.host.turn()
  all.session.send('behind')
  all.session.close(3000, 'bye')
  watch(all, all.receiver, 9_950)
  t.equal(all.session.state, 'closing')
  watch(all, all.receiver, 100)
  t.equal(all.closes.length, 1)
  t.match(all.closes[0], { clean: false, undelivered: 1 })
  t.equal(all.host.forgotten, 1)
  t.equal(all.host.accounted, 0)
})

test('a new receiver begins with a clean slate', async (t) => {
  const all = attachedStage('xhr-streaming')
  all.receiver.slow = true
  all.session.send('x')
  watch(all, all.receiver, 9_000)
  all.receiver.finish()
  all.receiver.release()
  const next = all.attach()
  t.strictSame(watch(all, next, 24_950), [], 'neither the stall nor the silence of the one before counts')
  t.strictSame(watch(all, next, 50), ['h@34000'])
  const slow = attachedStage('xhr-streaming', undefined, { slow: true })
  slow.session.send('x')
  watch(slow, slow.receiver, 9_000)
  slow.receiver.finish()
  slow.receiver.release()
  slow.session.send('y')
  watch(slow, slow.attach({ slow: true }), 9_950)
  t.equal(slow.session.state, 'open')
})

test('an idle session costs one timer', async (t) => {
  const { host, session } = attachedStage('websocket')
  t.equal(host.clock.pending, 1)
  session.send('x')
  host.turn()
  t.equal(host.clock.pending, 1)
  session.terminate()
  t.equal(host.clock.pending, 0)
})
