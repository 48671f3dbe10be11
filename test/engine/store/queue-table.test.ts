import t from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import type { QueueMessage } from '../../../src/engine/store/queue.ts'
import type { QueueConsumer, Taker } from '../../../src/engine/store/queue-consumer.ts'
import { QueueTable } from '../../../src/engine/store/queue-table.ts'

/** A consumer that notes its messages as `text:deliveries`, and the tag of each text. */
class Notes implements Taker {
  readonly notes: string[] = []
  readonly tags = new Map<string, number>()
  /** The most messages that it takes before it waits. */
  room = Infinity
  took: (text: string) => void = () => {}
  readonly consumer: QueueConsumer

  constructor (queues: QueueTable, queue = 'q', credit = 0) {
    this.consumer = queues.consume(queue, this)
    if (credit > 0) this.consumer.credit(credit)
  }

  take (tag: number, { data, deliveries }: QueueMessage): boolean {
    const text = Buffer.from(data).toString()
    this.notes.push(`${text}:${deliveries}`)
    this.tags.set(text, tag)
    this.took(text)
    return --this.room > 0
  }

  ack (text: string): boolean { return this.consumer.ack(this.tags.get(text)!) }
  nack (text: string): void { this.consumer.nack(this.tags.get(text)!) }
}

function open (): { clock: ManualClock, queues: QueueTable, push: (...texts: string[]) => (string | null)[] } {
  const clock = new ManualClock()
  const queues = new QueueTable(clock)
  let ids = 0
  return { clock, queues, push: (...texts) => texts.map((text) => queues.push('q', `id${ids++}`, Buffer.from(text))) }
}

t.test('consumers with credit take turns', async (t) => {
  const { queues, push } = open()
  const [a, b, c] = [new Notes(queues, 'q', 2), new Notes(queues, 'q', 4), new Notes(queues)]
  push('1', '2', '3', '4', '5', '6', '7')
  t.strictSame([a.notes, b.notes, c.notes], [['1:1', '3:1'], ['2:1', '4:1', '5:1', '6:1'], []])
  c.consumer.credit(5)
  t.strictSame(c.notes, ['7:1'])
})

t.test('a message that was given back goes to another consumer first, and stands at its old place', async (t) => {
  const { queues, push } = open()
  const [a, b] = [new Notes(queues, 'q', 3), new Notes(queues)]
  push('1', '2', '3', '4')
  a.nack('3')
  a.nack('1')
  b.consumer.credit(1)
  t.strictSame(b.notes, ['1:2'])
  a.consumer.credit(1)
  t.strictSame(a.notes.slice(3), ['3:2'], 'the one that gave it back gets it, if no other can')
  b.consumer.credit(9)
  a.consumer.credit(9)
  b.nack('1')
  t.equal(a.notes.at(-1), '1:3')
  t.strictSame(b.notes, ['1:2', '4:1'])
})

t.test('a consumer that closes gives back in order', async (t) => {
  const { queues, push } = open()
  const [a, b] = [new Notes(queues, 'q', 4), new Notes(queues)]
  push('1', '2', '3', '4', '5')
  t.ok(a.ack('2'))
  a.consumer.close()
  a.consumer.close()
  t.notOk(a.ack('1'), 'it has gone back')
  a.nack('1')
  b.consumer.credit(9)
  t.strictSame(b.notes, ['1:2', '3:2', '4:2', '5:1'])
  t.strictSame([b.ack('3'), b.ack('3')], [true, false])
})

t.test('a consumer acts while it takes a message', async (t) => {
  const { queues, push } = open()
  const [a, b] = [new Notes(queues), new Notes(queues)]
  push('1', '2', '3')
  a.took = (text) => {
    if (text === '1') a.consumer.credit(1)
    else a.consumer.close()
  }
  a.consumer.credit(1)
  t.strictSame(a.notes, ['1:1', '2:1'])
  b.took = (text) => {
    if (b.notes.length < 3) b.nack(text)
    else b.ack(text)
  }
  b.consumer.credit(4)
  t.strictSame(b.notes, ['1:2', '1:3', '1:4', '2:2'])
  b.consumer.credit(1)
  t.equal(b.notes.at(-1), '3:1')
  b.consumer.close()
  t.equal(queues.size, 0)
})

t.test('a consumer waits when it has no room, and goes on', async (t) => {
  const { queues, push } = open()
  const a = new Notes(queues, 'q', 9)
  a.room = 2
  push('1', '2', '3')
  t.strictSame(a.notes, ['1:1', '2:1'])
  a.room = 9
  push('4')
  t.equal(a.notes.length, 2)
  a.consumer.resume()
  t.strictSame(a.notes, ['1:1', '2:1', '3:1', '4:1'])
  a.consumer.resume()
})

t.test('the bounds count messages that were taken', async (t) => {
  const { queues, push } = open()
  queues.bound({ messages: 2, bytes: 5, allBytes: 1_000 })
  t.strictSame(push('12', '123', '1'), [null, null, 'the queue has 2 messages, and that is the most'])
  const a = new Notes(queues, 'q', 1)
  t.match(push('1'), ['the queue has 2 messages, and that is the most'])
  a.ack('12')
  t.strictSame(push('123', '12'), ['the queue has at most 5 bytes', null])
  // A message counts 200 bytes more in all queues together.
  t.equal(queues.push('p', 'a', Buffer.alloc(5)), null)
  t.equal(queues.push('p', 'b', Buffer.alloc(0)), null)
  t.equal(queues.push('r', 'c', Buffer.alloc(0)), 'all queues together have at most 1000 bytes')
  const p = new Notes(queues, 'p', 1)
  p.consumer.ack(1)
  t.equal(queues.push('r', 'c', Buffer.alloc(0)), null, 'an id that was refused may come again')
})

t.test('an id of the last two minutes adds nothing, also after its message was acknowledged', async (t) => {
  const { clock, queues } = open()
  const a = new Notes(queues, 'q', 9)
  t.strictSame(['id', 'id', 'other'].map((id) => queues.push('q', id, Buffer.from(id))), [null, null, null])
  a.ack('id')
  a.ack('other')
  a.consumer.close()
  t.equal(queues.size, 0)
  clock.advance(119_000)
  queues.push('q', 'id', Buffer.from('again'))
  t.equal(queues.size, 0)
  t.strictSame(a.notes, ['id:1', 'other:1'])
})

t.test('a queue that holds nothing is forgotten', async (t) => {
  const { queues, push } = open()
  const a = new Notes(queues, 'q', 1)
  t.equal(queues.size, 1, 'a consumer keeps it')
  push('1')
  a.consumer.close()
  t.equal(queues.size, 1, 'a message keeps it')
  const b = new Notes(queues, 'q', 1)
  b.ack('1')
  t.equal(queues.size, 1)
  b.consumer.close()
  t.equal(queues.size, 0)
})

t.test('a million messages wait, and each step costs the same', async (t) => {
  const { queues } = open()
  const empty = Buffer.alloc(0)
  for (let i = 0; i < 1_000_000; i++) queues.push('q', String(i), empty)
  const orders: number[] = []
  const a = queues.consume('q', { take: () => true })
  const b = queues.consume('q', { take: (_tag, { order }) => orders.push(order) > 0 })
  a.credit(500_000)
  // Messages go back while half a million wait: the last ones, every second of the first ones, and the others at once.
  for (let tag = 500_000; tag > 250_000; tag--) a.nack(tag)
  for (let tag = 1; tag < 100_000; tag += 2) a.nack(tag)
  a.close()
  b.credit(1_000_000)
  t.equal(orders.length, 1_000_000)
  t.ok(orders.every((order, i) => order === i), 'in their order')
  for (let tag = 1; tag <= 1_000_000; tag++) b.ack(tag)
  b.close()
  t.equal(queues.size, 0)
})
