import { test } from 'tap'
import { type Frame, type FrameError, FrameParser, isFrameError } from '../../../src/stomp/codec/index.ts'
import type { FrameParserOptions } from '../../../src/stomp/codec/parser.ts'

type Seen = [command: string, headers: Record<string, string>, body: string] | string

/** A frame as a plain array, an error as its code. */
function seen (result: Frame | FrameError): Seen {
  if (isFrameError(result)) return result.code
  return [result.command, Object.fromEntries(result.headers), result.body.text]
}

function parse (input: string | Uint8Array, options: FrameParserOptions<'client'> = { version: '1.2' }): Seen[] {
  const parser = new FrameParser(options)
  parser.push(input)
  return [...parser].map(seen)
}

/** The same input on the short way for whole text frames and on the long way for octets. */
function parseBoth (input: string, options?: FrameParserOptions<'client'>): Seen[] {
  const [text, octets] = [parse(input, options), parse(Buffer.from(input), options)]
  return JSON.stringify(text) === JSON.stringify(octets) ? octets : [`text ${JSON.stringify(text)}`, `octets ${JSON.stringify(octets)}`]
}

/** The one error in the input. */
function refusalOf (input: string | Uint8Array, options: FrameParserOptions<'client'> = { version: '1.2' }): FrameError | undefined {
  const parser = new FrameParser(options)
  parser.push(input)
  return [...parser].find(isFrameError)
}

const versions = ['1.0', '1.1', '1.2'] as const

test('STOMP-F1 a frame is command, headers, an empty line, body and NUL', async (t) => {
  t.strictSame(parseBoth('SEND\ndestination:/queue/a\nfoo:bar\n\nhello\0'), [['SEND', { destination: '/queue/a', foo: 'bar' }, 'hello']])
  t.strictSame(parseBoth('DISCONNECT\n\n\0'), [['DISCONNECT', {}, '']])
  t.strictSame(parseBoth('SEND\n\nbody\n\nwith\nlines\0'), [['SEND', {}, 'body\n\nwith\nlines']])
  t.strictSame(parseBoth('BEGIN\ntransaction:t1\n\n\0COMMIT\ntransaction:t1\n\n\0'), [
    ['BEGIN', { transaction: 't1' }, ''], ['COMMIT', { transaction: 't1' }, '']
  ])
})

test('STOMP-F1 a NUL before the empty line ends nothing and is refused at once', async (t) => {
  t.strictSame(parseBoth('DISCONNECT\n\0'), ['STOMP_NUL_IN_HEAD'])
  t.strictSame(parseBoth('SEND\ndestination:/a\0b\n\n\0'), ['STOMP_NUL_IN_HEAD'])
  t.strictSame(parseBoth('\0'), ['STOMP_NUL_IN_HEAD'])
})

test('STOMP-F2 lines end in LF or CRLF, mixed too, in every version', async (t) => {
  for (const version of versions) {
    t.strictSame(parseBoth('SEND\r\ndestination:/a\nfoo:bar\r\n\r\nx\r\n\0\r\n', { version }), [['SEND', { destination: '/a', foo: 'bar' }, 'x\r\n']])
  }
})

test('STOMP-F3 a CR inside a line is an error in 1.2 and data before', async (t) => {
  const frame = 'SEND\ndestination:/a\nfoo:b\rar\r\r\n\n\0'
  t.strictSame(parseBoth(frame, { version: '1.2' }), ['STOMP_STRAY_CARRIAGE_RETURN'])
  t.strictSame(parseBoth(frame, { version: '1.1' }), [['SEND', { destination: '/a', foo: 'b\rar\r' }, '']])
  t.strictSame(parseBoth('SEND\nfoo:b\rar\n\n\0', { version: '1.0' }), [['SEND', { foo: 'b\rar' }, '']])
  t.strictSame(parseBoth('\rSEND\n\n\0'), ['STOMP_STRAY_CARRIAGE_RETURN'], 'between frames')
  t.strictSame(parseBoth('SEND\n\na\rb\0'), [['SEND', {}, 'a\rb']], 'a body is not lines')
})

test('STOMP-F4 end-of-lines between frames are skipped and counted, before CONNECT too', async (t) => {
  for (const stream of ['\n\r\nCONNECT\n\n\0\n\n\r\n', '\n', '\r\n', '\n\n\n']) {
    for (const input of [stream, Buffer.from(stream)]) {
      const parser = new FrameParser()
      parser.push(input)
      t.strictSame([...parser].map(seen), stream.includes('CONNECT') ? [['CONNECT', {}, '']] : [])
      t.equal(parser.eols, stream.replaceAll('\r', '').replace('CONNECT\n\n\0', '').length)
      t.ok(parser.betweenFrames)
    }
  }
})

test('SEC-S35 a flood of end-of-lines is one number', async (t) => {
  for (const input of ['\n'.repeat(1e6), Buffer.alloc(1e6, '\n')]) {
    const parser = new FrameParser()
    parser.push(input)
    t.equal(parser.next(), undefined)
    t.equal(parser.eols, 1e6)
    t.equal(parser.pending, 0)
  }
})

test('STOMP-F5 case matters', async (t) => {
  t.strictSame(parseBoth('send\ndestination:/a\n\n\0'), ['STOMP_UNKNOWN_COMMAND'])
  t.strictSame(parseBoth('SEND\nDestination:/a\ndestination:/b\n\n\0'), [['SEND', { Destination: '/a', destination: '/b' }, '']])
})

test('STOMP-F6 a header has a colon and a name, but may have no value', async (t) => {
  for (const version of versions) {
    t.strictSame(parseBoth('SEND\nnonsense\n\n\0', { version }), ['STOMP_HEADER_WITHOUT_COLON'])
    t.strictSame(parseBoth('SEND\n:v\n\n\0', { version }), ['STOMP_EMPTY_HEADER_NAME'])
    t.strictSame(parseBoth('SEND\nempty:\n\n\0', { version }), [['SEND', { empty: '' }, '']])
  }
  t.strictSame(parseBoth('SEND\n :v\n\n\0', { version: '1.0' }), ['STOMP_EMPTY_HEADER_NAME'])
  t.strictSame(parseBoth('CONNECT\n :v\n\n\0', {}), ['STOMP_EMPTY_HEADER_NAME'])
})

test('STOMP-F7 the first colon splits, further ones are data', async (t) => {
  for (const version of versions) {
    t.strictSame(parseBoth('SEND\nurl:http://a:80/\n\n\0', { version }), [['SEND', { url: 'http://a:80/' }, '']])
  }
})

test('STOMP-F8 spaces are data, except in 1.0', async (t) => {
  const frame = 'SEND\n a : b \n\n\0'
  t.strictSame(parseBoth(frame, { version: '1.2' }), [['SEND', { ' a ': ' b ' }, '']])
  t.strictSame(parseBoth(frame, { version: '1.1' }), [['SEND', { ' a ': ' b ' }, '']])
  t.strictSame(parseBoth(frame, { version: '1.0' }), [['SEND', { a: 'b' }, '']])
  t.strictSame(parseBoth('CONNECT\nlogin: kim\n\n\0', {}), [['CONNECT', { login: 'kim' }, '']], 'only a 1.0 client has no accept-version')
  t.strictSame(parseBoth('CONNECT\naccept-version:1.0\nlogin: kim\n\n\0', {}), [['CONNECT', { 'accept-version': '1.0', login: 'kim' }, '']])
  t.strictSame(parseBoth('CONNECT\naccept-version:1.1,1.0\nlogin: kim\n\n\0', {}), [['CONNECT', { 'accept-version': '1.1,1.0', login: ' kim' }, '']])
})

test('STOMP-F9 the first of repeated headers wins', async (t) => {
  t.strictSame(parseBoth('SEND\nfoo:World\nfoo:Hello\nbar:x\n\n\0'), [['SEND', { foo: 'World', bar: 'x' }, '']])
})

test('STOMP-F11 the head is UTF-8, the body is bytes', async (t) => {
  t.strictSame(parseBoth('SEND\ndestination:/tøpic/日本/😀\n\nnaïve\0'), [['SEND', { destination: '/tøpic/日本/😀' }, 'naïve']])
  for (const octets of [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
    t.strictSame(parse(Buffer.concat([Buffer.from('SEND\nfoo:'), Buffer.from(octets), Buffer.from('\n\n\0')])), ['STOMP_INVALID_UTF8'])
  }
  const parser = new FrameParser({ version: '1.2' })
  parser.push(Buffer.concat([Buffer.from('SEND\ncontent-length:3\n\n'), Buffer.of(0xff, 0x00, 0xfe, 0x00)]))
  const frame = parser.next() as Frame
  t.strictSame([...frame.body.bytes], [0xff, 0x00, 0xfe])
  t.notOk(frame.body.isText)
})

test('SEC-S60 names that mean something to an object are plain headers', async (t) => {
  const parser = new FrameParser({ version: '1.2' })
  parser.push('SEND\n__proto__:x\nconstructor:y\nhasOwnProperty:z\ntoString:t\n\n\0')
  const { headers } = parser.next() as Frame
  t.strictSame([...headers], [['__proto__', 'x'], ['constructor', 'y'], ['hasOwnProperty', 'z'], ['toString', 't']])
  t.equal(headers.get('valueOf'), undefined)
  t.equal(({} as { x?: string }).x, undefined)
  t.strictSame(parseBoth('toString\n\n\0'), ['STOMP_UNKNOWN_COMMAND'])
  t.strictSame(parseBoth('__proto__\n\n\0'), ['STOMP_UNKNOWN_COMMAND'])
})

test('STOMP-B1 content-length counts octets, NULs included, and a NUL must follow', async (t) => {
  t.strictSame(parseBoth('SEND\ncontent-length:5\n\na\0b\0c\0'), [['SEND', { 'content-length': '5' }, 'a\0b\0c']])
  t.strictSame(parseBoth('SEND\ncontent-length:2\n\n\0\0\0'), [['SEND', { 'content-length': '2' }, '\0\0']])
  t.strictSame(parseBoth('SEND\ncontent-length:0\n\n\0'), [['SEND', { 'content-length': '0' }, '']])
  t.strictSame(parseBoth('SEND\ncontent-length:0005\n\nhello\0'), [['SEND', { 'content-length': '0005' }, 'hello']])
  t.strictSame(parseBoth('SEND\ncontent-length:4\n\nhello\0'), ['STOMP_BODY_LENGTH_MISMATCH'], 'too short')
  t.strictSame(parseBoth('SEND\ncontent-length:6\n\nhello\0ACK\n'), ['STOMP_BODY_LENGTH_MISMATCH'], 'too long')
  t.strictSame(parseBoth('SEND\ncontent-length:6\n\nhello\0'), [], 'too long, the rest may still come')
})

test('STOMP-B2 without content-length the body ends at the first NUL', async (t) => {
  t.strictSame(parseBoth('SEND\n\nabc\0\nSEND\n\nd\0'), [['SEND', {}, 'abc'], ['SEND', {}, 'd']])
})

test('STOMP-B4 SEC-S59 a content-length that is no plain number is refused', async (t) => {
  for (const value of ['-1', '+1', '1e3', '0x10', '1.0', '', ' 1', '1 ', 'one', '1,1', '٣', '9007199254740993', '1'.repeat(400)]) {
    t.strictSame(parseBoth(`SEND\ncontent-length:${value}\n\nx\0`), ['STOMP_BAD_CONTENT_LENGTH'], value)
  }
  t.strictSame(parseBoth('SEND\ncontent-length:65537\n\n'), ['STOMP_BODY_TOO_LONG'], 'before any of the body comes')
  t.strictSame(parseBoth('SEND\ncontent-length:999999999999999\n\n'), ['STOMP_BODY_TOO_LONG'])
  t.strictSame(parseBoth('SEND\ncontent-length: 1 \n\nx\0', { version: '1.0' }), [['SEND', { 'content-length': '1' }, 'x']])
})

test('STOMP-B4 a repeated content-length may only say the same', async (t) => {
  t.strictSame(parseBoth('SEND\ncontent-length:1\ncontent-length:1\n\nx\0'), [['SEND', { 'content-length': '1' }, 'x']])
  t.strictSame(parseBoth('SEND\ncontent-length:1\ncontent-length:2\n\nx\0'), ['STOMP_CONFLICTING_CONTENT_LENGTH'])
})

test('STOMP-B5 only some commands carry a body; 1.0 ignores it on the others', async (t) => {
  for (const command of ['SUBSCRIBE', 'UNSUBSCRIBE', 'ACK', 'BEGIN', 'COMMIT', 'ABORT', 'DISCONNECT', 'CONNECT']) {
    for (const version of ['1.1', '1.2'] as const) {
      t.strictSame(parseBoth(`${command}\n\nbody\0`, { version }), ['STOMP_BODY_NOT_ALLOWED'])
      t.strictSame(parseBoth(`${command}\ncontent-length:4\n\nbody\0`, { version }), ['STOMP_BODY_NOT_ALLOWED'])
      t.strictSame(parseBoth(`${command}\ncontent-length:0\n\n\0`, { version }), [[command, { 'content-length': '0' }, '']])
      for (const length of ['4', '65537', '999999999999999']) {
        t.strictSame(parseBoth(`${command}\ncontent-length:${length}\n\n\0\n${command}\n\n\0`, { version }), [[command, { 'content-length': length }, ''], [command, {}, '']], 'U16')
      }
    }
    t.strictSame(parseBoth(`${command}\n\nbody\0${command}\ncontent-length:3\n\na\0b\0`, { version: '1.0' }), [
      [command, {}, ''], [command, { 'content-length': '3' }, '']
    ])
    t.strictSame(parseBoth(`${command}\ncontent-length:70000\n\n\0\n${command}\n\n\0`, { version: '1.0' }), [
      [command, { 'content-length': '70000' }, ''], [command, {}, '']
    ])
  }
  t.strictSame(parseBoth('CONNECT\n\nbody\0', {}), [['CONNECT', {}, '']], 'a 1.0 client, for it names no version')
  t.strictSame(parseBoth('CONNECT\naccept-version:1.2\n\nbody\0', {}), ['STOMP_BODY_NOT_ALLOWED'])
  t.strictSame(parse('SUBSCRIBE\n\n' + 'x'.repeat(65537), { version: '1.0' }), ['STOMP_BODY_TOO_LONG'], 'ignored, yet counted')
})

test('STOMP-B6 content-length counts octets where text has other units', async (t) => {
  for (const body of ['é', '日本', '😀', 'a😀\0é\0', '\0', '\ufeffx']) {
    const length = Buffer.byteLength(body)
    t.strictSame(parseBoth(`SEND\ncontent-length:${length}\n\n${body}\0`), [['SEND', { 'content-length': String(length) }, body]])
    t.strictSame(parseBoth(`SEND\ncontent-length:${length}\n\n${body}x\0`), ['STOMP_BODY_LENGTH_MISMATCH'])
  }
})

test('STOMP-E4 STOMP-C8 before a version is agreed nothing is unescaped', async (t) => {
  t.strictSame(parseBoth('SEND\nfoo:a\\tb\n\n\0', {}), [['SEND', { foo: 'a\\tb' }, '']])
})

test('STOMP-C1 STOMP is read as CONNECT is', async (t) => {
  for (const command of ['CONNECT', 'STOMP']) {
    t.strictSame(parseBoth(`${command}\naccept-version:1.2\nhost:a\n\n\0`, {}), [[command, { 'accept-version': '1.2', host: 'a' }, '']])
  }
})

test('STOMP-E4 the version agreed after CONNECT holds for what was already pushed behind it', async (t) => {
  const parser = new FrameParser()
  parser.push('CONNECT\naccept-version:1.2\npasscode:a\\cb\n\n\0SEND\nfoo:a\\cb\n\n' + 'x'.repeat(9000) + '\0')
  t.strictSame(seen(parser.next() as Frame), ['CONNECT', { 'accept-version': '1.2', passcode: 'a\\cb' }, ''])
  t.ok(parser.pending > 9000)
  parser.connected('1.2')
  t.strictSame(seen(parser.next() as Frame), ['SEND', { foo: 'a:b' }, 'x'.repeat(9000)])
  t.equal(parser.pending, 0)
})

test('STOMP-U1 unknown commands and those of the other side are refused', async (t) => {
  for (const command of ['MESSAGE', 'CONNECTED', 'RECEIPT', 'ERROR', 'SENDX', 'SEN', ' SEND', 'SEND ', 'SÉND', 'GET / HTTP/1.1']) {
    t.strictSame(parseBoth(`${command}\n\n\0`), ['STOMP_UNKNOWN_COMMAND'], command)
  }
  const parser = new FrameParser({ from: 'server', version: '1.2' })
  parser.push('MESSAGE\nsubscription:0\n\nhi\0SEND\n\n\0')
  t.strictSame([...parser].map(seen), [['MESSAGE', { subscription: '0' }, 'hi'], 'STOMP_UNKNOWN_COMMAND'])
})

test('STOMP-A3 NACK is unknown in 1.0', async (t) => {
  t.strictSame(parseBoth('NACK\nid:1\n\n\0', { version: '1.0' }), ['STOMP_UNKNOWN_COMMAND'])
  t.strictSame(parseBoth('NACK\nid:1\n\n\0', { version: '1.1' }), [['NACK', { id: '1' }, '']])
})

test('STOMP-X1 an error knows the receipt of the frame that it refuses', async (t) => {
  for (const frame of [
    'SEND\nnonsense\nreceipt:r\\c1\n\n\0',
    'SEND\nfoo:\\t\nreceipt:r\\c1\n\n\0',
    'SEND\nreceipt:r\\c1\ncontent-length:1\n\nhello\0',
    'SEND\nreceipt:r\\c1\ncontent-length:x\n\nhello\0',
    'SEND\nreceipt:r\\c1\ncontent-length:99999\n\n',
    'SUBSCRIBE\nreceipt:r\\c1\n\nhello\0',
    'NONSENSE\nreceipt:r\\c1\n\n\0'
  ]) {
    t.equal(refusalOf(frame)?.receipt, 'r:1', frame)
    t.equal(refusalOf(Buffer.from(frame))?.receipt, 'r:1', frame)
  }
  t.equal(refusalOf('CONNECT\nreceipt:r\ncontent-length:x\n\n\0', {})?.receipt, undefined, 'STOMP-C10')
})

test('STOMP-X2 errors quote nothing', async (t) => {
  const error = refusalOf('SEND\nsecret\n\n\0')
  t.strictSame(error, { code: 'STOMP_HEADER_WITHOUT_COLON', message: 'A header line has no colon', receipt: undefined })
  const long = refusalOf('SEND\n' + 'x'.repeat(9000))
  t.strictSame(long, { code: 'STOMP_HEADER_LINE_TOO_LONG', message: 'A header line is longer than 8192 octets', receipt: undefined })
})

test('after an error nothing more is read', async (t) => {
  const parser = new FrameParser({ version: '1.2' })
  parser.push('nonsense\n\n\0SEND\n\n\0')
  t.ok(isFrameError(parser.next()))
  parser.push('SEND\n\n\0')
  t.equal(parser.next(), undefined)
  t.equal(parser.pending, 0)
})

test('STOMP-L1 SEC-S68 each limit, exactly and plus one', async (t) => {
  const cases: [name: string, code: string, frame: (size: number) => string, size: number][] = [
    ['command', 'STOMP_COMMAND_TOO_LONG', (size) => 'C'.repeat(size) + '\n\n\0', 32],
    ['header line', 'STOMP_HEADER_LINE_TOO_LONG', (size) => 'SEND\na:' + 'b'.repeat(size - 2) + '\n\n\0', 8192],
    ['header line in octets', 'STOMP_HEADER_LINE_TOO_LONG', (size) => 'SEND\n' + 'b'.repeat(size - 8190) + ':' + 'é'.repeat(4094) + 'c\n\n\0', 8192],
    ['headers', 'STOMP_TOO_MANY_HEADERS', (size) => 'SEND\n' + 'a:b\n'.repeat(size) + '\n\0', 64],
    ['head', 'STOMP_HEAD_TOO_LONG', (size) => 'SEND\n' + ('a:' + 'b'.repeat(8000) + '\n').repeat(4) + 'a:' + 'b'.repeat(size - 5 - 4 * 8003 - 4) + '\n\n\0', 32768],
    ['body', 'STOMP_BODY_TOO_LONG', (size) => 'SEND\n\n' + 'x'.repeat(size) + '\0', 65536],
    ['body in octets', 'STOMP_BODY_TOO_LONG', (size) => 'SEND\n\n' + 'é'.repeat(32768) + 'x'.repeat(size - 65536) + '\0', 65536],
    ['counted body', 'STOMP_BODY_TOO_LONG', (size) => `SEND\ncontent-length:${size}\n\n` + 'x'.repeat(size) + '\0', 65536]
  ]
  for (const [name, code, frame, limit] of cases) {
    const exact = parseBoth(frame(limit))
    t.equal(exact.length, 1)
    t.equal(exact[0] === 'STOMP_UNKNOWN_COMMAND' || Array.isArray(exact[0]), true, `${name} exactly`)
    t.strictSame(parseBoth(frame(limit + 1)), [code], `${name} plus one`)
  }
})

test('SEC-S35 a limit holds for a frame that never ends, at the first octet above it', async (t) => {
  const cases: [start: string, filler: string, code: string, limit: number][] = [
    ['', 'C', 'STOMP_COMMAND_TOO_LONG', 32],
    ['SEND\n', 'x', 'STOMP_HEADER_LINE_TOO_LONG', 8192],
    ['SEND\n\n', 'x', 'STOMP_BODY_TOO_LONG', 65536]
  ]
  for (const [start, filler, code, limit] of cases) {
    const parser = new FrameParser({ version: '1.2' })
    parser.push(start)
    parser.push(filler.repeat(limit))
    t.equal(parser.next(), undefined)
    t.notOk(parser.betweenFrames)
    parser.push(filler)
    t.equal((parser.next() as FrameError).code, code)
  }
})

test('STOMP-L2 a whole frame has 8 KiB until CONNECTED', async (t) => {
  const connect = (size: number): string => 'CONNECT\na:' + 'b'.repeat(size - 13) + '\n\n\0'
  const padded = (size: number): string => 'SEND\n\n' + 'b'.repeat(size - 7) + '\0'
  t.equal(connect(8192).length, 8192)
  for (const frame of [connect, padded]) {
    t.ok(Array.isArray(parseBoth(frame(8192), {})[0]))
    t.strictSame(parseBoth(frame(8193), {}), ['STOMP_CONNECT_FRAME_TOO_LONG'])
    t.ok(Array.isArray(parseBoth(frame(8193), { version: '1.2' })[0]))
  }
  t.strictSame(parseBoth('SEND\ncontent-length:8166\n\n', {}), ['STOMP_CONNECT_FRAME_TOO_LONG'])
  t.strictSame(parseBoth('SEND\ncontent-length:8165\n\n', {}), [])
  t.strictSame(parse('CONNECT\n' + 'a:b\n'.repeat(60) + 'a:' + 'b'.repeat(7942), {}), [])
  t.strictSame(parse('CONNECT\n' + 'a:b\n'.repeat(60) + 'a:' + 'b'.repeat(7943), {}), ['STOMP_CONNECT_FRAME_TOO_LONG'])
})

test('STOMP-L1 every limit is an option and may change with the connection', async (t) => {
  t.strictSame(parseBoth('SEND\n\n12345\0', { version: '1.2', limits: { body: 4 } }), ['STOMP_BODY_TOO_LONG'])
  t.strictSame(parseBoth('SEND\na:b\n\n\0', { version: '1.2', limits: { headers: 0 } }), ['STOMP_TOO_MANY_HEADERS'])
  t.strictSame(parseBoth('SEND\na:b\n\n\0', { version: '1.2', limits: { headerLine: 2 } }), ['STOMP_HEADER_LINE_TOO_LONG'])
  t.strictSame(parseBoth('SEND\na:b\n\n\0', { version: '1.2', limits: { head: 9 } }), ['STOMP_HEAD_TOO_LONG'])
  t.strictSame(parseBoth('SEND\na:b\n\n\0', { limits: { head: 9, connectFrame: 9 } }), ['STOMP_HEAD_TOO_LONG'])
  t.strictSame(parseBoth('SEND\n\n\0', { version: '1.2', limits: { command: 3 } }), ['STOMP_COMMAND_TOO_LONG'])
  t.strictSame(parseBoth('SEND\n\n12345\0', { limits: { body: 4 } }), ['STOMP_BODY_TOO_LONG'])
  const parser = new FrameParser({ limits: { body: 10 } })
  parser.connected('1.1', { body: 1_000_000 })
  parser.push('SEND\n\n' + 'x'.repeat(1_000_000) + '\0')
  t.equal((parser.next() as Frame).body.length, 1_000_000)
})

test('STOMP-L1 a limit that becomes smaller while a head arrives holds for that head', async (t) => {
  const parser = new FrameParser()
  parser.push('SEND\na:b\nc:d\n')
  t.equal(parser.next(), undefined)
  parser.connected('1.2', { headers: 1 })
  parser.push('\n\0')
  t.strictSame([...parser].map(seen), ['STOMP_TOO_MANY_HEADERS'])
})

test('a frame from one text message keeps its body as text, one from octets as octets', async (t) => {
  const parser = new FrameParser({ version: '1.2' })
  parser.push('SEND\ncontent-length:2\n\né\0')
  parser.push(Buffer.from('SEND\n\né\0'))
  const [text, octets] = [...parser] as [Frame, Frame]
  t.strictSame([text.body.form, text.body.length, text.body.text, [...text.body.bytes]], ['text', 2, 'é', [0xc3, 0xa9]])
  t.strictSame([octets.body.form, octets.body.length, octets.body.text, [...octets.body.bytes]], ['bytes', 2, 'é', [0xc3, 0xa9]])
  t.ok(octets.body.isText)
  t.equal(octets.body.bytes, octets.body.bytes, 'made once')
})

test('what a frame keeps of a text does not keep much more of it in memory', async (t) => {
  const forms = (text: string): string[] => {
    const parser = new FrameParser({ version: '1.2' })
    parser.push(text)
    return [...parser].map((frame) => (frame as Frame).body.form)
  }
  const small = 'SEND\n\nhello\0'
  const large = `SEND\n\n${'x'.repeat(5000)}\0`
  t.strictSame(forms(small + '\n'.repeat(4000)), ['text'])
  t.strictSame(forms(small + '\n'.repeat(5000)), ['bytes'])
  t.strictSame(forms('\n'.repeat(5000) + small), ['bytes'])
  t.strictSame(forms(large + small), ['text', 'bytes'])
  t.strictSame(forms(small.repeat(3)), ['text', 'text', 'text'])
})

test('a body from octets is its own: the chunk may be used again', async (t) => {
  const chunk = Buffer.from('SEND\nfoo:bar\n\nhello\0')
  const parser = new FrameParser({ version: '1.2' })
  parser.push(chunk)
  const frame = parser.next() as Frame
  chunk.fill('x')
  t.strictSame(seen(frame), ['SEND', { foo: 'bar' }, 'hello'])
})

test('heads that come again are read as the first one was', async (t) => {
  const head = 'SEND\ndestination:/topic/a\n\n'
  const ways = [
    [head + 'one\0', head + 'two\0', head + 'three\0', head + '\0'],
    [head + 'one\0' + head + 'two\0\n\n' + head + 'three\0'],
    [head + '\u00e9\u20ac\0', head + '\u00e9\0', head + '\ud83d\ude00\0'],
    // A head that differs at its end, at its beginning, and by its length.
    [head + 'x\0', 'SEND\ndestination:/topic/b\n\nx\0', head + 'x\0', 'SEND\ndestination:/topic/a\nfoo:bar\n\nx\0', 'SEND\n\nx\0'],
    [head + 'x\0', 'BEGIN\ntransaction:t\n\n\0', head + 'x\0', 'BEGIN\ntransaction:t\n\n\0'],
    // The body ends by its length, and may hold NUL.
    ['a\0b', 'abc', '\0\0\0'].map((body) => `SEND\ncontent-length:3\n\n${body}\0`),
    ['abc', 'abc', 'abc', 'abcd'].map((body) => `SEND\ncontent-length:3\n\n${body}\0`),
    // A frame that is cut, after frames that are not.
    [head + 'x\0', head + 'x\0', head, 'x\0', head + 'y\0', head + 'y', 'z\0'],
    ['SEND\nkey:a\\nb\n\nx\0', 'SEND\nkey:a\\nb\n\nx\0', 'SEND\nkey:a\\nb\n\nx\0'],
    ['SEND\r\nkey:v\r\n\r\nx\0', 'SEND\r\nkey:v\r\n\r\nx\0', 'SEND\r\nkey:v\r\n\r\nx\0']
  ]
  for (const version of versions) {
    for (const chunks of ways) {
      const [text, octets] = [new FrameParser({ version }), new FrameParser({ version })]
      const [fromText, fromOctets]: [Seen[], Seen[]] = [[], []]
      for (const chunk of chunks) {
        text.push(chunk)
        fromText.push(...[...text].map(seen))
        octets.push(Buffer.from(chunk))
        fromOctets.push(...[...octets].map(seen))
      }
      t.strictSame(fromText, fromOctets, JSON.stringify(chunks))
    }
  }
})

test('frames with the same head share its headers, so that its facts are found once', async (t) => {
  const parser = new FrameParser({ version: '1.2' })
  const next = (destination: string, body: string): Frame => {
    parser.push(`SEND\ndestination:${destination}\n\n${body}\0`)
    const frame = parser.next() as Frame
    t.strictSame(seen(frame), ['SEND', { destination }, body])
    return frame
  }
  next('/topic/a', '1')
  const second = next('/topic/a', '2')
  second.headers.facts = 'known'
  t.equal(next('/topic/a', '3').headers.facts, 'known')
  t.equal(next('/topic/b', '4').headers.facts, undefined, 'another head')
  t.equal(next('/topic/a', '5').headers.facts, undefined, 'only the last head is kept')
})

test('STOMP-L1 a head that came before is judged by the limits and the version of now', async (t) => {
  const parser = new FrameParser({ version: '1.1' })
  const next = (): Seen => {
    parser.push('SEND\nkey:a\\rb\nother:1\n\nbody\0')
    return seen(parser.next()!)
  }
  parser.connected('1.2')
  t.strictSame([next(), next(), next()], Array(3).fill(['SEND', { key: 'a\rb', other: '1' }, 'body']))
  parser.connected('1.0')
  t.strictSame(next(), ['SEND', { key: 'a\\rb', other: '1' }, 'body'])
  parser.connected('1.0', { body: 3 })
  t.equal(next(), 'STOMP_BODY_TOO_LONG')

  const strict = new FrameParser({ version: '1.2' })
  const frame = 'SEND\na:1\nb:2\n\nbody\0'
  strict.push(frame + frame)
  t.strictSame([...strict].map(seen), Array(2).fill(['SEND', { a: '1', b: '2' }, 'body']))
  strict.connected('1.2', { headers: 1 })
  strict.push(frame)
  t.strictSame([...strict].map(seen), ['STOMP_TOO_MANY_HEADERS'])
})
