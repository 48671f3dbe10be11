import fc from 'fast-check'
import { test } from 'tap'
import {
  Body, createFrame, DEFAULT_LIMITS, encodeFrame, type Frame, FrameParser, isFrameError, serialize, serializeBytes,
  type Version, VERSIONS
} from '../../../src/stomp/codec/index.ts'
import type { FrameParserOptions } from '../../../src/stomp/codec/parser.ts'

type Chunk = string | Uint8Array

/** Everything that came out, in a form to compare: headers in order, bodies as octets. */
function outcome (chunks: Iterable<Chunk>, options: FrameParserOptions<'client'>): unknown[] {
  const parser = new FrameParser(options)
  const results: unknown[] = []
  for (const chunk of chunks) {
    parser.push(chunk)
    for (const result of parser) {
      results.push(isFrameError(result)
        ? result
        : [result.command, [...result.headers], Buffer.from(result.body.bytes).toString('latin1')])
    }
  }
  // End-of-lines behind a mistake are not looked at, whichever way the chunks were cut.
  return isFrameError(results.at(-1)) ? results : [...results, parser.eols, parser.betweenFrames]
}

const STREAMS = [
  'CONNECT\naccept-version:1.2\nhost:é\n\n\0\n\n',
  '\r\nSEND\r\ndestination:/a\r\n\r\nbody\r\n\0\r\n\nSEND\n\n\0',
  'SEND\ndestination:/topic/日本😀\nfoo\\c:\\\\n\\r\ncontent-length:11\n\na\0😀\0é\0b\0BEGIN\ntransaction:t\n\n\0',
  'SEND\ncontent-length:3\n\nabcd\0SEND\n\n\0',
  'SEND\n\nSEND\n\n\0\0',
  'SEND\nfoo:\\t\nreceipt:1\n\n\0',
  'SUBSCRIBE\nid:0\nreceipt:é\n\nbody\0',
  'SEND\na:b\n\r\nx\0\n\r\n\rSEND'
]

test('STOMP-F10 every split in two, as octets and as text', async (t) => {
  for (const version of [undefined, ...VERSIONS]) {
    const options = version === undefined ? {} : { version }
    for (const stream of STREAMS) {
      const octets = Buffer.from(stream)
      const whole = outcome([octets], options)
      t.strictSame(outcome([stream], options), whole, 'whole text')
      for (let at = 0; at <= octets.length; at++) {
        t.strictSame(outcome([octets.subarray(0, at), octets.subarray(at)], options), whole)
      }
      for (let at = 0; at <= stream.length; at++) {
        t.strictSame(outcome([stream.slice(0, at), stream.slice(at)], options), whole)
      }
    }
  }
})

test('STOMP-F10 SEC-S34 one octet and one character at a time', async (t) => {
  for (const stream of STREAMS) {
    const whole = outcome([stream], { version: '1.2' })
    t.strictSame(outcome([...Buffer.from(stream)].map((octet) => Uint8Array.of(octet)), { version: '1.2' }), whole)
    t.strictSame(outcome(stream.split(''), { version: '1.2' }), whole)
  }
  const long = `SEND\ncontent-length:${DEFAULT_LIMITS.body}\n\n` + 'é'.repeat(DEFAULT_LIMITS.body / 2) + '\0'
  const whole = outcome([long], { version: '1.2' })
  t.strictSame(outcome([...Buffer.from(long)].map((octet) => Uint8Array.of(octet)), { version: '1.2' }), whole)
  t.strictSame(outcome(long.split(''), { version: '1.2' }), whole)
})

test('STOMP-W4 a surrogate pair cut between two texts is put together again, and half a pair is U+FFFD', async (t) => {
  const options = { version: '1.2' } as const
  const half = outcome([Buffer.from('SEND\nfoo:\ufffd\n\n\ufffd\0')], options)
  t.strictSame(outcome(['SEND\nfoo:\ud83d\n\n\ud83d', Buffer.of(0)], options), half, 'octets follow')
  t.strictSame(outcome(['SEND\nfoo:\ud83d\n\n\ud83d\0'], options), half)
  t.strictSame(outcome(['SEND\nfoo:\ude00\n\n\ude00\0'], options), half)
  const parser = new FrameParser(options)
  parser.push('\ud83d')
  t.equal(parser.next(), undefined)
  t.notOk(parser.betweenFrames)
})

/** Pieces of frames, so that random streams get past the first octet. */
const fragment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('SEND\n', 'SUBSCRIBE\n', 'CONNECT\n', 'SEND\n\n', 'a:b\n', 'receipt:r\n', '\n', '\n', '\0', '\0', '\r\n', '\r') },
  { weight: 2, arbitrary: fc.constantFrom('content-length:2\n', 'content-length:0\n', 'content-length:40\n', 'content-length:x\n', '\\n', '\\c', '\\', 'é', '😀', ':') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) }
)
const stream = fc.array(fragment, { maxLength: 40 }).map((fragments) => fragments.join(''))
const anyOctets = fc.array(fc.oneof(
  { weight: 3, arbitrary: fragment.map((text) => new Uint8Array(Buffer.from(text))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }) }
), { maxLength: 30 }).map((pieces) => Buffer.concat(pieces))

const tight = { command: 9, headers: 3, headerLine: 20, head: 48, body: 16, connectFrame: 40 }
const options = fc.record({
  version: fc.option(fc.constantFrom(...VERSIONS), { nil: undefined }),
  limits: fc.constantFrom(tight, DEFAULT_LIMITS)
}).map(({ version, limits }) => version === undefined ? { limits } : { limits, version })
const cuts = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 20 })

/** Cuts at the widths given, over and over. */
function * cut<T extends { length: number, slice (from: number, to: number): T }> (whole: T, widths: number[]): Generator<T> {
  for (let at = 0, turn = 0; at < whole.length; turn++) {
    const width = (widths[turn % widths.length] ?? 0) + 1
    yield whole.slice(at, at + width)
    at += width
  }
}

test('STOMP-F10 the outcome does not depend on the chunking, nor on text or octets', async () => {
  fc.assert(fc.property(stream, options, cuts, (text, options, widths) => {
    const octets = Buffer.from(text)
    const whole = JSON.stringify(outcome([octets], options))
    if (JSON.stringify(outcome([text], options)) !== whole) throw new Error('text')
    if (JSON.stringify(outcome(cut(octets, widths), options)) !== whole) throw new Error('octets in pieces')
    if (JSON.stringify(outcome(cut(text, widths), options)) !== whole) throw new Error('text in pieces')
    const mixed = [...text].map((character, index) => index % 3 === 0 ? Buffer.from(character) : character)
    if (JSON.stringify(outcome(mixed, options)) !== whole) throw new Error('text and octets in turn')
  }), { numRuns: 3000 })
})

test('STOMP-L1 random octets never throw, never break a limit, and end at the first error', async () => {
  fc.assert(fc.property(anyOctets, options, cuts, (octets, options, widths) => {
    const parser = new FrameParser(options)
    const limits = { ...DEFAULT_LIMITS, ...options.limits }
    let failed = false
    for (const chunk of cut<Uint8Array>(octets, widths)) {
      parser.push(chunk)
      for (const result of parser) {
        if (isFrameError(result)) {
          failed = true
          if (parser.next() !== undefined) throw new Error('more after an error')
          continue
        }
        if (failed) throw new Error('a frame after an error')
        if (result.headers.size > limits.headers) throw new Error('headers')
        if (result.body.length > limits.body) throw new Error('body')
        for (const [name, value] of result.headers) {
          if (Buffer.byteLength(name + value) >= limits.headerLine) throw new Error('header line')
        }
      }
    }
    if (parser.pending !== 0) throw new Error('left unread')
  }), { numRuns: 3000 })
})

const headerText = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ':', '\\', '\n', '\r', 'n', 'c', 'r', ' ', '\0', 'é') }),
  fc.string({ unit: 'binary' })
)
const headers = fc.array(fc.tuple(headerText, headerText), { maxLength: 8 })
  .map((entries) => entries.filter(([name]) => name !== 'content-length'))
const body = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array())

/** What a version has no escape for is gone from a value, and a name with it is gone as a whole (STOMP-M7). */
const LOST = new Map<Version, { inValue: RegExp, inName: RegExp }>([
  ['1.0', { inValue: /[\r\n\0]/g, inName: /^$|^\s|\s$|[\r\n\0:]/ }],
  ['1.1', { inValue: /[\r\0]/g, inName: /^$|[\r\0]/ }],
  ['1.2', { inValue: /\0/g, inName: /^$|\0/ }]
])

function survivors (entries: [string, string][], version: Version): [string, string][] {
  const { inValue, inName } = LOST.get(version) as { inValue: RegExp, inName: RegExp }
  const survivors = new Map<string, string>()
  for (const [name, value] of entries) {
    const kept = value.replace(inValue, '')
    if (!inName.test(name) && !survivors.has(name)) survivors.set(name, version === '1.0' ? kept.trim() : kept)
  }
  return [...survivors]
}

test('STOMP-E6 SEC-S58 decode(encode(x)) = x in every version, as text and as octets', async () => {
  fc.assert(fc.property(fc.constantFrom(...VERSIONS), headers, body, (version, entries, content) => {
    const frame = createFrame('SEND', entries, content)
    const octets = Buffer.from(frame.body.bytes)
    const want = JSON.stringify([...survivors(entries, version), ['content-length', String(octets.length)]])
    for (const encoded of [serialize(frame, version), serializeBytes(frame, version)]) {
      const parser = new FrameParser({ version })
      parser.push(encoded)
      const decoded = parser.next() as Frame
      if (JSON.stringify([...decoded.headers]) !== want) throw new Error(`headers ${JSON.stringify([...decoded.headers])}, not ${want}`)
      if (!octets.equals(decoded.body.bytes)) throw new Error('body')
      if (parser.next() !== undefined || !parser.betweenFrames) throw new Error('more than one frame')
    }
  }), { numRuns: 2000 })
})

test('STOMP-K2 octets come back from base64', async () => {
  fc.assert(fc.property(fc.uint8Array(), (octets) => {
    const frame = createFrame('SEND', {}, octets)
    const parser = new FrameParser({ version: '1.2' })
    parser.push(encodeFrame(frame, '1.2').text)
    const decoded = parser.next() as Frame
    const isBase64 = decoded.headers.get('content-transfer-encoding') === 'base64'
    if (isBase64 === Body.from(octets).isText) throw new Error('base64 for octets that are not UTF-8, and for no others')
    if (!Buffer.from(decoded.body.text, isBase64 ? 'base64' : 'utf8').equals(octets)) throw new Error('body')
  }))
})
