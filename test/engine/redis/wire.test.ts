import t from 'tap'
import { shardOf } from '../../../src/engine/redis/logs/group.ts'
import { arrivedEntry, keptEntry, positionOf } from '../../../src/engine/redis/logs/wire.ts'
import { Names } from '../../../src/engine/redis/names.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

t.test('a message of a log arrives behind a line with its place', async (t) => {
  const { data, ...place } = arrivedEntry('x.y', bytes('abc_-1 28719077789787 12\nhel\nlo\u0000'))!
  t.strictSame(place, { log: 'x.y', epoch: 'abc_-1', offset: 28_719_077_789_787, previous: 12 })
  t.equal(Buffer.from(data).toString('latin1'), 'hel\nlo\u0000')
  t.equal(arrivedEntry('x', bytes('e 1 0\n'))!.data.byteLength, 0)
})

t.test('rubbish on the channel of a log is no message', async (t) => {
  const rubbish = ['', '\n', 'x', 'e 1\ndata', 'e 1 0', 'e 1 0 \ndata', 'e -1 0\ndata', 'e 1.5 0\ndata', ' 1 0\ndata', 'e! 1 0\ndata', `e ${'1'.repeat(16)} 0\n`, `${'e'.repeat(65)} 1 0\n`, `${'é'.repeat(200)}\n`]
  for (const text of rubbish) t.equal(arrivedEntry('x', bytes(text)), null, JSON.stringify(text.slice(0, 20)))
})

t.test('an entry of a stream has its offset and the one before it in its id', async (t) => {
  t.strictSame(keptEntry('x', 'e', [bytes('28719077789787-28719077789780'), [bytes('m'), bytes('data')]]), { log: 'x', epoch: 'e', offset: 28_719_077_789_787, previous: 28_719_077_789_780, data: bytes('data') })
  t.strictSame(positionOf([bytes('e-1'), bytes('999999999999999')]), { epoch: 'e-1', offset: 999_999_999_999_999 })
})

t.test('all keys of a log, and of a queue, are in one hash slot', async (t) => {
  const names = new Names('shop')
  t.equal(names.rule('history', 7), 'sj:shop:l:{7}:history:rule')
  t.equal(names.log('history', 7, 'state', 'a.b'), 'sj:shop:l:{7}:history:state:a.b')
  t.equal(names.queue('a.b', 'holders'), 'sj:shop:q:{a.b}:holders')
  t.strictSame(names.partsOf('sj:shop:l:history:a.b'), { space: 'l:history:', channel: 'a.b' })
  t.strictSame(names.partsOf('sj:shop:a.b'), { space: '', channel: 'a.b' })
})

t.test('logs are spread over the shards', async (t) => {
  t.strictSame(['', 'a', 'b', 'a.b'].map((log) => shardOf(log, 16)), [0, 1, 2, (97 * 31 * 31 + 46 * 31 + 98) % 16])
  t.equal(shardOf('any', 1), 0)
  const counts = new Array<number>(16).fill(0)
  for (let i = 0; i < 16_000; i++) counts[shardOf(`topic.chat.room-${i}`, 16)]!++
  t.ok(counts.every((count) => count > 500), String(counts))
})
