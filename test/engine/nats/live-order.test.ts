import t, { type Test } from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import { LiveOrder } from '../../../src/engine/nats/jetstream/live-order.ts'

/** An order with the messages that it has given, as `log offset`. */
function orderOf (t: Test): { clock: ManualClock, order: LiveOrder, given: string[], take (log: string, offset: number, previous: number, epoch?: string): void } {
  const clock = new ManualClock()
  const given: string[] = []
  const order = new LiveOrder({ context: { clock } }, ({ log, offset, data }) => given.push(`${log} ${offset} ${Buffer.from(data).toString()}`))
  t.teardown(() => order.close())
  return {
    clock,
    order,
    given,
    take (log, offset, previous, epoch = 'e') {
      const data = Buffer.from(String(offset))
      order.take({ log, epoch, offset, previous, data })
      // The client may use its buffer again.
      data.fill('?')
    }
  }
}

t.test('a message that comes before an earlier one of its log waits for it', async (t) => {
  const { given, take, clock } = orderOf(t)
  take('a', 1, 0)
  take('a', 5, 3)
  take('a', 6, 5)
  take('b', 4, 2)
  take('b', 2, 0)
  t.strictSame(given, ['a 1 1', 'b 2 2', 'b 4 4'])
  take('a', 3, 1)
  t.strictSame(given.slice(3), ['a 3 3', 'a 5 5', 'a 6 6'])
  clock.advance(1_000)
  t.strictSame([given.length, clock.pending], [6, 0])
})

t.test('a message waits 200 ms for a lost one, and a late one is dropped', async (t) => {
  const { given, take, clock } = orderOf(t)
  take('a', 1, 0)
  take('a', 4, 3)
  take('a', 5, 4)
  clock.advance(150)
  t.strictSame(given, ['a 1 1'])
  clock.advance(100)
  t.strictSame(given, ['a 1 1', 'a 4 4', 'a 5 5'])
  take('a', 3, 1)
  take('a', 6, 5)
  take('a', 6, 5)
  t.strictSame(given.slice(3), ['a 6 6'])
})

t.test('no message waits for one from before the subscription', async (t) => {
  const { order, given, take } = orderOf(t)
  take('a', 12, 11)
  take('b', 9, 8)
  t.strictSame(given, [])
  order.begin('e', 10)
  t.strictSame(given, ['b 9 9'], 'only the messages above the beginning are waited for')
  take('c', 13, 10)
  take('a', 11, 2)
  t.strictSame(given.slice(1), ['c 13 13', 'a 11 11', 'a 12 12'])
})

t.test('another epoch begins with the first message', async (t) => {
  const { given, take } = orderOf(t)
  take('a', 7, 0)
  take('a', 9, 8)
  take('a', 1, 0, 'f')
  take('a', 2, 1, 'f')
  t.strictSame(given, ['a 7 7', 'a 9 9', 'a 1 1', 'a 2 2'])
})

t.test('logs that are forgotten do not wait for old messages', async (t) => {
  const { given, take } = orderOf(t)
  take('first', 1, 0)
  for (let i = 2; i <= 25_000; i++) take(`l${i}`, i, 0)
  take('first', 25_001, 1)
  take('l24999', 25_003, 25_002)
  t.equal(given.at(-1), 'first 25001 25001')
  take('l24999', 25_002, 24_999)
  t.strictSame(given.slice(-2), ['l24999 25002 25002', 'l24999 25003 25003'])
})

t.test('an order that waits for too many messages gives all of them', async (t) => {
  const { given, take } = orderOf(t)
  for (let i = 10_002; i > 1; i--) take('a', i, i - 1)
  t.equal(given.length, 10_001)
  t.strictSame([given[0], given.at(-1)], ['a 2 2', 'a 10002 10002'])
})

t.test('a closed order gives nothing, and has no timer', async (t) => {
  const { order, given, take, clock } = orderOf(t)
  take('a', 5, 4)
  t.equal(clock.pending, 1)
  order.close()
  clock.advance(1_000)
  t.strictSame([given, clock.pending], [[], 0])
})
