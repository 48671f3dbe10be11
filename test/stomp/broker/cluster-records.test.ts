import fc from 'fast-check'
import t from 'tap'
import { MalformedRecord } from '../../../src/cluster/bytes.ts'
import { matchesChannel } from '../../../src/engine/patterns.ts'
import { nameOf, patternsOf } from '../../../src/stomp/broker/cluster/names.ts'
import { idOf, type MessageRecord, publicationOf, readRecord, writeRecord } from '../../../src/stomp/broker/cluster/record.ts'
import { Body, FrameHeaders } from '../../../src/stomp/codec/index.ts'
import { type Destination, matchesPattern } from '../../../src/stomp/destinations.ts'

const NODE = 'AAAABBBBCCCCDDDD'

const destinationOf = (...segments: string[]): Destination => ({ kind: 'topic', name: segments.join('/'), segments })

t.test('a record has these bytes', async (t) => {
  const headers = new FrameHeaders([['a', 'b']])
  const bytes = writeRecord({ node: NODE, number: 35, ownId: '', destination: '/topic/x', headers, body: Body.from('é'), expires: 0 })
  t.equal(Buffer.from(bytes).toString('latin1'), [
    '\0\0\0\x10', NODE, '\0\0\0\0\0\x23', '\0\0\0\0', '\0\0\0\0\0\0', '\0\0\0\x08/topic/x', '\0\0\0\x01', '\0\0\0\x01a\0\0\0\x01b', '\x03', '\0\0\0\x02\xc3\xa9'
  ].join(''))
  t.equal(idOf(readRecord(bytes)), `${NODE}-z`)
})

t.test('every record is read as it was written', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 })
  const body = fc.oneof(text.map((value) => Body.from(value)), text.map((value) => Body.from(value, undefined, 'bytes')), fc.uint8Array({ maxLength: 50 }).map((value) => Body.from(value)))
  const record = fc.record({
    node: fc.constant(NODE), number: fc.nat(), ownId: text, destination: fc.string({ minLength: 1, maxLength: 20 }), headers: fc.array(fc.tuple(text, text)).map((list) => FrameHeaders.from(list)), body, expires: fc.nat()
  })
  fc.assert(fc.property(record, (given) => {
    const read = readRecord(writeRecord(given))
    const plain = ({ node, number, ownId, destination, headers, body, expires }: MessageRecord): unknown =>
      [node, number, ownId, destination, [...headers], [...body.bytes], body.form, body.carrier, expires]
    return JSON.stringify(plain(read)) === JSON.stringify(plain(given)) && publicationOf(read).id === idOf(given)
  }))
})

t.test('a record that was cut, or that is none, is refused', async (t) => {
  const whole = writeRecord({ node: NODE, number: 1, ownId: 'x', destination: '/topic/x', headers: new FrameHeaders([['a', 'b']]), body: Body.from('text'), expires: 1 })
  for (let i = 0; i < whole.length; i++) t.throws(() => readRecord(whole.subarray(0, i)), { message: /malformed/ }, `${i} bytes`)
  t.throws(() => readRecord(Buffer.concat([whole, Buffer.from('x')])), { message: /malformed/ })
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    try {
      readRecord(bytes)
      return true
    } catch (error) {
      return error instanceof MalformedRecord
    }
  }), { numRuns: 1_000 })
})

t.test('names for the engine keep letters, digits and hyphens, and are different for different destinations', async (t) => {
  const names: [segments: string[], name: string][] = [
    [['/topic', 'rooms', '7'], 'topic.rooms.7'],
    [['/topic', 'a.b', 'c_d'], 'topic.a_2eb.c_5fd'],
    [['/topic', 'é', '>', ' '], 'topic._c3_a9._3e._20'],
    [['/dead/letters', 'x'], 'dead_2fletters.x'],
    [['/dlq'], 'dlq']
  ]
  for (const [segments, name] of names) t.equal(nameOf(destinationOf(...segments)), name)
  const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }).filter((value) => value !== '*' && value !== '**')
  fc.assert(fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.array(segment, { minLength: 1, maxLength: 4 }), (a, b) => {
    const [one, other] = [nameOf(destinationOf('/topic', ...a)), nameOf(destinationOf('/topic', ...b))]
    return /^[\w.-]+$/.test(one) && (one === other) === (JSON.stringify(a) === JSON.stringify(b))
  }))
})

t.test('the patterns of the engine fit the same topics as the pattern of the client', async () => {
  const word = fc.constantFrom('a', 'b', 'é')
  const pattern = fc.tuple(fc.array(fc.constantFrom('a', 'b', 'é', '*'), { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([segments, rest]) => ['/topic', ...segments, ...(rest ? ['**'] : [])])
  fc.assert(fc.property(pattern, fc.array(word, { minLength: 1, maxLength: 4 }), (pattern, rest) => {
    const segments = ['/topic', ...rest]
    const name = nameOf(destinationOf(...segments))
    return patternsOf(destinationOf(...pattern)).some((each) => matchesChannel(each, name)) === matchesPattern(pattern, segments)
  }), { numRuns: 2_000 })
})
