import fc from 'fast-check'
import { test } from 'tap'
import { MalformedRecord, Reader, Writer } from '../../src/cluster/bytes.ts'

test('a record is written byte by byte', async (t) => {
  const record = new Writer().u8(7).u32(0x01020304).u48(0x0a0b0c0d0e0f).text('aé').bytes(new Uint8Array([255, 0])).done()
  t.equal(Buffer.from(record).toString('hex'), '07' + '01020304' + '0a0b0c0d0e0f' + '00000003' + '61c3a9' + '00000002' + 'ff00')
})

test('a record grows with its values', async (t) => {
  for (const length of [250, 251, 252, 253, 256, 257, 1000, 100_000]) {
    const text = 'x'.repeat(length)
    const bytes = new Uint8Array(length).fill(7)
    for (const last of ['u8', 'u32', 'u48'] as const) {
      const reader = new Reader(new Writer().text(text).bytes(bytes)[last](200).done())
      t.equal(reader.text(), text)
      t.ok(Buffer.from(reader.bytes()).equals(bytes))
      t.equal(reader[last](), 200)
    }
    const numbers = new Writer()
    for (let i = 0; i < length; i++) numbers.u48(i)
    const reader = new Reader(numbers.done())
    for (let i = 0; i < length; i++) if (reader.u48() !== i) t.fail(`number ${i}`)
  }
})

const value = fc.oneof(
  fc.record({ type: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ type: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
  fc.record({ type: fc.constant('u48' as const), value: fc.integer({ min: 0, max: 2 ** 48 - 1 }) }),
  fc.record({ type: fc.constant('text' as const), value: fc.string({ unit: 'grapheme', maxLength: 400 }) }),
  fc.record({ type: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 2000 }) })
)

test('a reader reads the values that were written, and no more', async (t) => {
  fc.assert(fc.property(fc.array(value, { maxLength: 20 }), (values) => {
    const writer = new Writer()
    for (const each of values) (writer[each.type] as (value: unknown) => Writer)(each.value)
    const reader = new Reader(writer.done())
    for (const each of values) {
      const read = reader[each.type]()
      const same = each.type === 'bytes' ? Buffer.from(read as Uint8Array).equals(each.value) : read === each.value
      if (!same) return false
    }
    return reader.ended
  }))
  t.pass()
})

/** The class of the error that a function throws. */
function classOf (run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return (error as Error).constructor
  }
  return null
}

test('a record that is cut at any place is malformed', async (t) => {
  const record = new Writer().u32(2).text('one').text('two').done()
  const read = (bytes: Uint8Array): string[] => {
    const reader = new Reader(bytes)
    return reader.list(() => reader.text())
  }
  t.strictSame(read(record), ['one', 'two'])
  for (let length = 0; length < record.length; length++) t.equal(classOf(() => read(record.subarray(0, length))), MalformedRecord, `${length} bytes`)
})

test('a record cannot announce more items than it holds', async (t) => {
  const reader = new Reader(new Writer().u32(0xffffffff).text('one').done())
  t.throws(() => reader.list(() => reader.text()), { message: 'a record of another node is malformed: expected 4294967295 items' })
})
