import fc from 'fast-check'
import t from 'tap'
import { clientError } from '../../../src/client/stomp/errors.ts'
import type { Frame } from '../../../src/client/stomp/frame.ts'
import { encodeFrame, readFrame } from '../../../src/client/stomp/frames.ts'
import { decodeBody } from '../../../src/client/stomp/bodies.ts'
import { sending } from '../../../src/client/stomp/sending.ts'

/** Reads a text in one piece, as `[command, headers, body]`. */
function read (text: string): [string, Record<string, string>, string][] {
  return plain(readAll([text]))
}

/** Reads texts as a connection does. */
function readAll (pieces: readonly string[]): Frame[] {
  const frames: Frame[] = []
  let rest = ''
  for (const piece of pieces) {
    rest += piece
    for (;;) {
      rest = rest.replace(/^[\r\n]+/, '')
      const read = readFrame(rest)
      if (read === undefined) break
      frames.push(read[0])
      rest = rest.slice(read[1])
    }
  }
  return frames
}

const plain = (frames: readonly Frame[]): [string, Record<string, string>, string][] => frames.map(({ command, headers, body }) => [command, { ...headers }, body])

t.test('frames that it writes, byte for byte', async (t) => {
  t.equal(encodeFrame('CONNECT', { 'accept-version': '1.2', login: 'a:\\b', passcode: 'c\nd\re\0f' }), 'CONNECT\naccept-version:1.2\nlogin:a:\\b\npasscode:cdef\n\n\0')
  t.equal(encodeFrame('SEND', { destination: '/topic/a', 'x:y': 'a:b\\c\nd\re\0f' }, 'body'), 'SEND\ndestination:/topic/a\nx\\cy:a\\cb\\\\c\\nd\\ref\n\nbody\0')
  t.equal(encodeFrame('SEND', { a: undefined, b: null, c: 0, d: false }), 'SEND\nc:0\nd:false\n\n\0')
  t.equal(encodeFrame('SEND', {}, 'é\0€\0\u{1f600}\ud800'), 'SEND\ncontent-length:14\n\né\0€\0\u{1f600}\ud800\0')
})

t.test('frames that it reads', async (t) => {
  t.strictSame(read('MESSAGE\nsubscription:1\na\\cb:c\\n\\r\\\\d\n\nbody\0'), [['MESSAGE', { subscription: '1', 'a:b': 'c\n\r\\d' }, 'body']])
  t.strictSame(read('CONNECTED\nversion:1.2\nserver:a\\cb\\x\n\n\0'), [['CONNECTED', { version: '1.2', server: 'a\\cb\\x' }, '']])
  t.strictSame(read('ERROR\nmessage:a\\cb\n\nb\0'), [['ERROR', { message: 'a:b' }, 'b']])
  t.strictSame(read('\n\r\n\nMESSAGE\r\na:b\r\na:c\r\nd: e :f \r\n\r\n\r\nbody\n\0\r\n\nRECEIPT\nreceipt-id:1\n\n\0\n'),
    [['MESSAGE', { a: 'b', d: ' e :f ' }, '\r\nbody\n'], ['RECEIPT', { 'receipt-id': '1' }, '']])
  t.strictSame(read('MESSAGE\n\n\0'), [['MESSAGE', {}, '']])
  t.strictSame(read('MESSAGE\ncontent-length:6\n\né\0€\0MESSAGE\n\n\0'), [['MESSAGE', { 'content-length': '6' }, 'é\0€'], ['MESSAGE', {}, '']])
  t.strictSame(read('MESSAGE\ncontent-length:9\n\né\0€\0'), [], 'its end has not come')
  t.strictSame(read('\n\n\r\n'), [])
  const [[, headers]] = read('MESSAGE\n__proto__:a\nconstructor:b\ntoString:c\n\n\0') as [[string, object, string]]
  t.strictSame(Object.entries(headers).sort(), [['__proto__', 'a'], ['constructor', 'b'], ['toString', 'c']].sort())
})

t.test('bytes that are not a frame', async (t) => {
  const wrong = [
    'garbage\0', '\0', 'MESSAGE\na:b\0', 'MESSAGE\na\n\n\0', 'MESSAGE\n:a\n\n\0', 'MESSAGE\na:\\x\n\n\0', 'MESSAGE\na:\\\n\n\0', 'ERROR\nmessage:\\t\n\n\0',
    'MESSAGE\ncontent-length:3\n\nbody\0', 'MESSAGE\ncontent-length:-1\n\nbody\0', 'MESSAGE\ncontent-length:x\n\nbody\0'
  ]
  for (const text of wrong) t.throws(() => read(text), { code: 'STOMP_CLIENT_BAD_FRAME' }, JSON.stringify(text))
})

const frame = fc.record({
  headers: fc.dictionary(fc.string({ minLength: 1, unit: 'binary' }), fc.string({ unit: 'binary' }), { noNullPrototype: false }),
  body: fc.string({ unit: 'binary' })
}).map(({ headers, body }) => {
  // A header cannot carry NUL, so that it is left out.
  const carried = (text: string): string => text.replaceAll('\0', '')
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) if (carried(name) !== '' && name !== 'content-length') kept[carried(name)] = carried(value)
  return { command: 'MESSAGE', headers: kept, body }
})

t.test('every frame is read as it was written, however it is cut', async (t) => {
  fc.assert(fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(400)), (frames, cuts) => {
    const text = frames.map(({ command, headers, body }) => encodeFrame(command, headers, body)).join('\n')
    const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b)
    const pieces = [...places, text.length].map((place, i) => text.slice(places[i - 1] ?? 0, place))
    const seen = plain(readAll(pieces)).map(([command, { 'content-length': _length, ...headers }, body]) => ({ command, headers, body }))
    t.strictSame(seen, frames.map(({ command, headers, body }) => ({ command, headers: { ...headers }, body })))
  }), { numRuns: 300 })
})

t.test('any bytes are frames, a part of one, or the error for them, however they are cut', async (t) => {
  const piece = fc.oneof(fc.constantFrom('MESSAGE\n', 'a:b\n', '\n', '\r\n', '\0', 'content-length:2\n', '\\x', '\n\n'), fc.string({ unit: 'binary' }))
  const outcome = (pieces: string[]): unknown => {
    try {
      return plain(readAll(pieces))
    } catch (error) {
      return error
    }
  }
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    const text = pieces.join('')
    const whole = outcome([text])
    const cut = outcome(pieces)
    if (whole instanceof Error) t.match([whole, cut], [{ code: 'STOMP_CLIENT_BAD_FRAME' }, { code: 'STOMP_CLIENT_BAD_FRAME' }])
    else t.strictSame(cut, whole)
  }), { numRuns: 500 })
})

t.test('bodies', async (t) => {
  const sent = (value: unknown): unknown[] => {
    const [headers, body] = sending('/topic/a', value)
    return [headers['content-type'], body]
  }
  t.strictSame(sent(undefined), [null, undefined])
  t.strictSame(sent('a'), ['text/plain', 'a'])
  t.strictSame(sent(null), ['application/json', 'null'])
  t.strictSame(sent({ a: [1] }), ['application/json', '{"a":[1]}'])
  const decoded = (body: string, type?: string): unknown => decodeBody(type === undefined ? {} : { 'content-type': type }, body)
  t.strictSame(['{"a":1}', 'a', '1', ''].map((body) => decoded(body)), [{ a: 1 }, 'a', 1, undefined])
  t.strictSame(['application/json;charset=UTF-8', 'text/json', 'application/problem+json', 'application/octet-stream'].map((type) => decoded('1', type)), [1, 1, 1, 1])
  t.strictSame(['text/plain', 'text/plain;charset=UTF-8'].map((type) => decoded('1', type)), ['1', '1'])
  t.equal(decoded('{', 'application/json'), '{')
  t.match(clientError('QUEUE_FULL', '100 frames wait'), { message: 'queue full: 100 frames wait', code: 'STOMP_CLIENT_QUEUE_FULL', name: 'StompClientError' })
})
