import t from 'tap'
import type { Delivery } from '../../../src/stomp/broker/broker.ts'
import { message, startMemoryBroker, type TestConnection, textOf } from '../../support/broker.ts'

function positionOf ({ publication }: Delivery): string {
  return `${publication.headers.get('x-epoch')}:${publication.headers.get('x-offset')}`
}

/** Returns the answer and the messages for a client that stopped at `position`. */
async function recover (connection: TestConnection, destination: string, position: string): Promise<[unknown, string[]]> {
  connection.sink.deliveries.all.length = 0
  const result = await connection.subscribe('recover', destination, 'client', { 'x-recover': position })
  const got = connection.sink.texts
  connection.broker.unsubscribe('recover')
  return [result?.recovered, got]
}

t.test('history: offsets count by one for every publisher, and a forged one counts for nothing', async (t) => {
  const { broker, connect } = await startMemoryBroker(t, { history: [{ pattern: '/topic/h/*' }] })
  const a = await connect()
  a.subscribe('1', '/topic/**')
  a.publish('/topic/h/x', '1', { 'x-offset': '99', 'x-epoch': 'mine' })
  await broker.publish(message('/topic/h/x', '2'))
  a.publish('/topic/h/y', 'y')
  a.publish('/topic/other', 'other')
  const [one, two, y, other] = a.sink.deliveries.all.map(({ publication }) => publication.headers)
  t.match([one, two, y].map((headers) => headers!.get('x-offset')), ['1', '2', '1'])
  t.equal(one!.get('x-epoch'), two!.get('x-epoch'))
  t.not(one!.get('x-epoch'), y!.get('x-epoch'))
  t.match(one!.get('x-epoch'), /^[\w-]+$/)
  t.notOk(other!.has('x-offset'))
})

t.test('history: a subscriber learns the position of a topic', async (t) => {
  const { connect } = await startMemoryBroker(t, { history: [{ pattern: '/topic/h/*' }] })
  const a = await connect()
  const before = await a.subscribe('1', '/topic/h/x')
  t.match(before, { position: /^[\w-]+:0$/ })
  a.publish('/topic/h/x', 'missed')
  t.strictSame(await recover(await connect(), '/topic/h/x', before!.position!), [true, ['missed']])
  t.strictSame(await a.subscribe('2', '/topic/h/*'), {}, 'a pattern has no place')
})

t.test('history: a client learns that messages may be missing, and gets no invented ones', async (t) => {
  const { clock, connect } = await startMemoryBroker(t, { history: [{ pattern: '/topic/h/*', messages: 3, bytes: 1000, ttl: 60_000 }, { pattern: '/topic/**', ttl: 1 }] })
  const [a, b] = [await connect(), await connect()]
  a.subscribe('1', '/topic/**')
  const { position: start0 } = await b.subscribe('0', '/topic/h/x') as { position: string }
  b.broker.unsubscribe('0')
  for (const text of ['1', '2', '3', '4']) a.publish('/topic/h/x', text)
  const at = (i: number): string => positionOf(a.sink.deliveries.all[i]!)
  const epoch = at(0).split(':')[0]
  t.strictSame(await recover(b, '/topic/h/x', at(3)), [true, []], 'nothing was missed')
  t.strictSame(await recover(b, '/topic/h/x', at(0)), [true, ['2', '3', '4']])
  t.strictSame(await recover(b, '/topic/h/x', start0), [false, []], 'too many came since')
  t.strictSame(await recover(b, '/topic/h/x', `${epoch}:5`), [false, []], 'that is still to come')
  t.strictSame(await recover(b, '/topic/h/*', at(0)), [false, []], 'a pattern')
  t.strictSame(await recover(b, '/topic/h/y', at(0)), [false, []], 'another topic')
  for (const wrong of ['', ':', `${epoch}:`, `${epoch}:x`, `${epoch}:-1`, `${epoch}`, ':1', `${epoch}:1:1`, 'x'.repeat(1000)]) {
    t.strictSame(await recover(b, '/topic/h/x', wrong), [false, []], wrong)
  }
  clock.advance(59_000)
  t.strictSame(await recover(b, '/topic/h/x', at(0)), [true, ['2', '3', '4']])
  a.publish('/topic/h/x', '5'.repeat(700))
  t.strictSame(await recover(b, '/topic/h/x', at(2)), [false, []], 'octets are bounded')
  clock.advance(30_000)
  t.strictSame(await recover(b, '/topic/h/x', at(3)), [true, ['5'.repeat(700)]])
  clock.advance(40_000)
  t.strictSame(await recover(b, '/topic/h/x', at(3)), [false, []], 'too old')
  t.strictSame(await recover(b, '/topic/h/x', at(4)), [true, []], 'the count goes on')
  t.equal(clock.pending, 0)
  a.publish('/topic/brief', 'brief')
  const brief = positionOf(a.sink.deliveries.all.at(-1)!).replace(/\d+$/, '0')
  t.strictSame(await recover(b, '/topic/brief', brief), [true, ['brief']])
  clock.advance(100)
  t.strictSame(await recover(b, '/topic/brief', brief), [false, []], 'age counts from the message, whenever histories are tidied')
})

t.test('SEC-S30: histories are bounded in number and in all', async (t) => {
  const { connect } = await startMemoryBroker(t, { history: [{ pattern: '/topic/**' }], maxHistories: 3, maxHistoryBytes: 2000 })
  const [a, b] = [await connect(), await connect()]
  a.subscribe('1', '/topic/**')
  for (const name of ['a', 'b', 'c', 'a', 'd']) a.publish(`/topic/${name}`, name)
  const at = (i: number): string => positionOf(a.sink.deliveries.all[i]!)
  t.strictSame(await recover(b, '/topic/a', at(0)), [true, ['a']])
  t.strictSame(await recover(b, '/topic/b', at(1)), [false, []], 'the one used least recently')
  t.strictSame(await recover(b, '/topic/d', at(4)), [true, []])
  for (let i = 0; i < 3; i++) a.publish('/topic/d', 'x'.repeat(1000))
  t.strictSame(await recover(b, '/topic/a', at(0)), [false, []])
  a.publish('/topic/e', 'x'.repeat(5000))
  t.strictSame(await recover(b, '/topic/e', at(8)), [false, []], 'no history holds a message that is larger than its limit')
})

t.test('history: zero gaps and zero duplicates however often a client comes back', async (t) => {
  const { connect } = await startMemoryBroker(t, { history: [{ pattern: '/topic/x' }] })
  const publisher = await connect()
  let position = (await (await connect()).subscribe('1', '/topic/x'))!.position!
  const seen: string[] = []
  let count = 0
  for (let round = 0; round < 200; round++) {
    const client = await connect()
    client.sink.react = (delivery) => {
      seen.push(textOf(delivery))
      position = positionOf(delivery)
      // Publishes while it catches up, now and then.
      if (Number(textOf(delivery)) % 7 === 0) publisher.publish('/topic/x', String(count++))
    }
    const result = await client.subscribe('1', '/topic/x', 'auto', { 'x-recover': position })
    t.equal(result?.recovered, true)
    for (let i = round % 5; i > 0; i--) publisher.publish('/topic/x', String(count++))
    client.broker.close()
    for (let i = round % 3; i > 0; i--) publisher.publish('/topic/x', String(count++))
  }
  await (await connect()).subscribe('1', '/topic/x', 'auto', { 'x-recover': position })
  t.strictSame(seen, Array.from({ length: seen.length }, (_, i) => String(i)))
  t.ok(seen.length > 500)
})
