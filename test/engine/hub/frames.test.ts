import { Writable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { Batch } from '../../../src/engine/hub/batch.ts'
import { readFields } from '../../../src/engine/hub/fields.ts'
import { FrameReader } from '../../../src/engine/hub/frame-reader.ts'
import { MAX_FRAME, OP, readHello, VERSION, writeHello } from '../../../src/engine/hub/wire.ts'

/** A frame as a test compares it: the operation and its fields. */
type Read = [op: number, fields: Buffer]

/** A stream that keeps each write. */
class Sink extends Writable {
  readonly writes: Buffer[] = []
  get all (): Buffer { return Buffer.concat(this.writes) }

  override _write (piece: Buffer, _encoding: string, done: () => void): void {
    // The batch uses its buffer again.
    this.writes.push(Buffer.from(piece))
    done()
  }

  override _writev (pieces: { chunk: Buffer }[], done: () => void): void {
    this.writes.push(Buffer.concat(pieces.map(({ chunk }) => chunk)))
    done()
  }
}

function written (fill: (batch: Batch) => void): Buffer {
  const [batch, sink] = [new Batch(), new Sink()]
  fill(batch)
  batch.writeTo(sink)
  return sink.all
}

function readAll (pieces: readonly Buffer[]): { frames: Read[], problem: string | null } {
  const frames: Read[] = []
  const reader = new FrameReader({ frame: (op, bytes, start, end) => { frames.push([op, Buffer.from(bytes.subarray(start, end))]) } })
  for (const piece of pieces) {
    const problem = reader.push(piece)
    if (problem !== null) return { frames, problem }
  }
  return { frames, problem: null }
}

t.test('each frame has its bytes', async (t) => {
  t.equal(written((batch) => batch.text(OP.subscribe, 'a.b')).toString('hex'), '00000004' + '04' + '612e62')
  t.equal(written((batch) => batch.numbered(OP.claim, 0x01020304, 'k')).toString('hex'), '00000006' + '08' + '01020304' + '6b')
  t.equal(written((batch) => batch.numbered(OP.ping, 7, '')).toString('hex'), '00000005' + '07' + '00000007')
  t.equal(written((batch) => batch.publication('a.b', Buffer.of(1, 2))).toString('hex'), '00000008' + '06' + '0003' + '612e62' + '0102')
  t.equal(written((batch) => batch.bytes(OP.welcome, Buffer.of(1))).toString('hex'), '00000002' + '02' + '01')
  t.equal(written((batch) => batch.fields(OP.push, [2], ['q', 'id'], Buffer.of(1, 2))).toString('hex'), '00000012' + '14' + '4000000000000000' + '0001' + '71' + '0002' + '6964' + '0102')
  t.equal(written((batch) => batch.fields(OP.close, [Infinity])).toString('hex'), '00000009' + '19' + '7ff0000000000000')
  const hello = { version: VERSION, returning: true, node: 'abcdefghijklmnop', namespace: 'shop' }
  t.equal(writeHello(hello).toString('latin1'), '\x03\x01abcdefghijklmnopshop')
})

t.test('fields are read as they were written, and a short frame has none', async (t) => {
  const frame = written((batch) => batch.fields(OP.append, [7], ['g.x', ''], Buffer.of(1, 2, 3)))
  t.strictSame(readFields(OP.append, frame, 5, frame.length), { numbers: [7], names: ['g.x', ''], data: Buffer.of(1, 2, 3) })
  for (let end = 5; end < frame.length - 3; end++) t.equal(readFields(OP.append, frame, 5, end), null)
  t.equal(readFields(OP.ping, frame, 5, frame.length), null, 'an operation of another kind')
  t.throws(() => written((batch) => batch.fields(OP.append, [1], ['x'.repeat(0x10000), 'id'])), { message: 'a name has at most 65535 characters, and this one has 65536' })
})

t.test('a hello is read as it was written, and a short one is none', async (t) => {
  const hello = { version: 9, returning: false, node: 'abcdefghijklmnop', namespace: 'shop' }
  const bytes = writeHello(hello)
  t.strictSame(readHello(bytes, 0, bytes.length), hello)
  t.equal(readHello(bytes, 0, 17), null)
})

t.test('the frames of one turn leave in one write', async (t) => {
  const [batch, sink] = [new Batch(), new Sink()]
  for (let i = 0; i < 1_000; i++) batch.publication('a', Buffer.alloc(200, i))
  t.equal(batch.size, 1_000 * (5 + 2 + 1 + 200))
  batch.writeTo(sink)
  t.equal(sink.writes.length, 1)
  t.equal(batch.size, 0)
  t.equal(readAll(sink.writes).frames.length, 1_000)
})

t.test('a chunk is used again only after it was written', async (t) => {
  const batch = new Batch()
  const held: { piece: Buffer, done: () => void }[] = []
  const slow = new Writable({ write: (piece: Buffer, _encoding, done) => { held.push({ piece, done }) } })
  for (const text of ['one', 'two', 'three']) {
    batch.text(OP.release, text)
    batch.writeTo(slow)
  }
  batch.text(OP.release, 'four')
  for (const text of ['one', 'two', 'three']) {
    const { piece, done } = held.shift()!
    t.equal(piece.toString('latin1', 5), text)
    done()
    await new Promise(setImmediate)
  }
})

t.test('a frame is passed on byte by byte', async (t) => {
  const frame = written((batch) => batch.publication('a.b', Buffer.from('data')))
  const around = Buffer.concat([Buffer.alloc(3), frame, Buffer.alloc(3)])
  t.same(written((batch) => batch.again(around, 3 + 5, 3 + frame.length)), frame)
})

t.test('any split of any frames gives the same frames', async (t) => {
  const frame = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.oneof({ weight: 8, arbitrary: fc.uint8Array({ maxLength: 40 }) }, { weight: 1, arbitrary: fc.constant(new Uint8Array(70_000).fill(7)) }))
  fc.assert(fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 30 }), (frames, cuts) => {
    const stream = written((batch) => { for (const [op, fields] of frames) batch.bytes(op, fields) })
    const ends = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b)
    const pieces = [...ends, stream.length].map((end, i) => stream.subarray(i === 0 ? 0 : ends[i - 1], end))
    const { frames: found, problem } = readAll(pieces)
    return problem === null && found.length === frames.length &&
      found.every(([op, fields], i) => op === frames[i]![0] && fields.equals(frames[i]![1]))
  }), { numRuns: 300 })
})

t.test('any bytes give frames or a problem, and never an error', async () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (pieces) => {
    const { problem } = readAll(pieces.map((piece) => Buffer.from(piece)))
    return problem === null || problem.startsWith('a frame has 1 to ')
  }), { numRuns: 300 })
})

t.test('a frame has at least one byte and at most the bytes of the limit', async (t) => {
  const head = (length: number): Buffer => {
    const bytes = Buffer.alloc(5)
    bytes.writeUInt32BE(length)
    return bytes
  }
  t.equal(readAll([head(0)]).problem, `a frame has 1 to ${MAX_FRAME} bytes, and the length of this one is 0`)
  t.equal(readAll([head(MAX_FRAME + 1)]).problem, `a frame has 1 to ${MAX_FRAME} bytes, and the length of this one is ${MAX_FRAME + 1}`)
  t.strictSame(readAll([head(MAX_FRAME)]), { frames: [], problem: null })
  t.equal(readAll([head(MAX_FRAME), Buffer.alloc(MAX_FRAME - 1)]).frames[0]?.[1].length, MAX_FRAME - 1)
})

t.test('a reader that is closed by a frame takes no later frame', async (t) => {
  const taken: number[] = []
  const reader = new FrameReader({
    frame (op) {
      taken.push(op)
      if (op === 2) reader.close()
    }
  })
  const stream = written((batch) => { for (const op of [1, 2, 3]) batch.bytes(op, Buffer.alloc(0)) })
  t.equal(reader.push(stream), null)
  t.equal(reader.push(stream), null)
  t.strictSame(taken, [1, 2])
})
