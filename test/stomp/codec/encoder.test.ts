import { test } from 'tap'
import {
  Body, type Command, createFrame, encodeFrame, type Frame, FrameHeaders, FrameParser, isFrameError,
  MessageEncoding,
  MessageLines,
  negotiateHeartBeat, negotiateVersion, parseHeartBeat, serialize, serializeBytes, type Version, VERSIONS
} from '../../../src/stomp/codec/index.ts'

function headersOf (command: string, line: string, version?: Version): [string, string][] | string {
  const results = [`${command}\n${line}\n\n\0`, Buffer.from(`${command}\n${line}\n\n\0`)].map((input) => {
    const parser = new FrameParser(version === undefined ? {} : { version })
    parser.push(input)
    const result = parser.next()
    return result === undefined ? 'nothing' : isFrameError(result) ? result.code : [...result.headers]
  })
  return JSON.stringify(results[0]) === JSON.stringify(results[1]) ? results[0] as [string, string][] : 'text and octets differ'
}

function written (command: Command, headers: Record<string, string>, version: Version, body?: string | Uint8Array): string | Uint8Array {
  return serialize(createFrame(command, headers, body), version)
}

test('STOMP-E1 each version decodes its own escapes, in names and values', async (t) => {
  t.strictSame(headersOf('SEND', 'n\\c\\n\\\\\\r:v\\r\\n\\c\\\\', '1.2'), [['n:\n\\\r', 'v\r\n:\\']])
  t.strictSame(headersOf('SEND', 'n\\c\\n\\\\:v\\n\\c\\\\', '1.1'), [['n:\n\\', 'v\n:\\']])
  t.strictSame(headersOf('SEND', 'n\\c\\t:v\\n\\c\\\\\\r\\', '1.0'), [['n\\c\\t', 'v\\n\\c\\\\\\r\\']])
})

test('STOMP-E1 each version encodes its own escapes, and leaves out what has none', async (t) => {
  const headers = { 'a:b': 'c:d\\e\nf\rg\0h' }
  t.equal(written('RECEIPT', headers, '1.2'), 'RECEIPT\na\\cb:c\\cd\\\\e\\nf\\rgh\n\n\0')
  t.equal(written('RECEIPT', headers, '1.1'), 'RECEIPT\na\\cb:c\\cd\\\\e\\nfgh\n\n\0')
  t.equal(written('RECEIPT', { a: headers['a:b'] }, '1.0'), 'RECEIPT\na:c:d\\efgh\n\n\0')
})

test('STOMP-M7 a name that a version cannot say goes with its value, and never turns into another name', async (t) => {
  const names = (version: Version): string[] => {
    const headers = { 'message-id': '1', 'mess\nage-id': '2', 'mess\rage-id': '3', 'mess\0age-id': '4', ' message-id': '5', 'message:-id': '6', '': '7' }
    const text = written('RECEIPT', headers, version) as string
    return text.slice(0, -3).split('\n').slice(1).map((line) => line.slice(0, line.indexOf(':')))
  }
  t.strictSame(names('1.2'), ['message-id', 'mess\\nage-id', 'mess\\rage-id', ' message-id', 'message\\c-id'])
  t.strictSame(names('1.1'), ['message-id', 'mess\\nage-id', ' message-id', 'message\\c-id'])
  t.strictSame(names('1.0'), ['message-id'])
})

test('STOMP-E2 SEC-S58 an undefined escape is an error', async (t) => {
  for (const version of ['1.1', '1.2'] as const) {
    for (const line of ['a:\\t', 'a:\\x', 'a:b\\', 'a:\\', 'a:\\\\\\', 'a\\t:b', 'a\\:b', 'a:\\C', 'a:\\\u00e9', 'a:\\0', 'a:\\__proto__']) {
      t.equal(headersOf('SEND', line, version), 'STOMP_UNDEFINED_ESCAPE', `${version} ${line}`)
    }
  }
  t.equal(headersOf('SEND', 'a:\\r', '1.1'), 'STOMP_UNDEFINED_ESCAPE')
})

test('STOMP-E3 CONNECT, STOMP and CONNECTED are not escaped in either direction', async (t) => {
  for (const version of VERSIONS) {
    t.strictSame(headersOf('CONNECT', 'passcode:a\\cb', version), [['passcode', 'a\\cb']])
    t.strictSame(headersOf('STOMP', 'passcode:a\\tb\\', version), [['passcode', 'a\\tb\\']])
    t.equal(written('CONNECTED', { server: 'a:b\\c' }, version), 'CONNECTED\nserver:a:b\\c\n\n\0')
    t.equal(written('CONNECT', { passcode: 'a\\cb:' }, version), 'CONNECT\npasscode:a\\cb:\n\n\0')
    const parser = new FrameParser({ from: 'server', version })
    parser.push('CONNECTED\nsession:a\\cb\n\n\0')
    t.strictSame([...(parser.next() as Frame).headers], [['session', 'a\\cb']])
  }
})

test('STOMP-E5 decoding is one pass', async (t) => {
  t.strictSame(headersOf('SEND', 'a:\\\\n', '1.2'), [['a', '\\n']])
  t.strictSame(headersOf('SEND', 'a:\\\\\\n', '1.2'), [['a', '\\\n']])
  t.strictSame(headersOf('SEND', 'a:\\\\c\\c', '1.1'), [['a', '\\c:']])
})

test('STOMP-E6 encoding is one pass and stops before the body', async (t) => {
  t.equal(written('MESSAGE', { a: '\\n' }, '1.2', 'x:\\\r\n'), 'MESSAGE\na:\\\\n\ncontent-length:5\n\nx:\\\r\n\0')
})

test('SEC-S57 no value of another gets a header, an empty line or a frame of its own', async (t) => {
  const evil = 'r\nreceipt-id:other\r\n\r\n\0MESSAGE\n\nhello\0'
  t.equal(written('RECEIPT', { 'receipt-id': evil }, '1.2'), 'RECEIPT\nreceipt-id:r\\nreceipt-id\\cother\\r\\n\\r\\nMESSAGE\\n\\nhello\n\n\0')
  t.equal(written('RECEIPT', { 'receipt-id': evil }, '1.0'), 'RECEIPT\nreceipt-id:rreceipt-id:otherMESSAGEhello\n\n\0')
  t.equal(written('CONNECTED', { session: evil }, '1.2'), 'CONNECTED\nsession:rreceipt-id:otherMESSAGEhello\n\n\0')
})

test('STOMP-B3 MESSAGE and ERROR always count their body, also an empty one, and only those', async (t) => {
  t.equal(written('MESSAGE', { destination: '/a' }, '1.2'), 'MESSAGE\ndestination:/a\ncontent-length:0\n\n\0')
  t.equal(written('ERROR', { message: 'no' }, '1.2', 'why'), 'ERROR\nmessage:no\ncontent-length:3\n\nwhy\0')
  t.equal(written('SEND', { destination: '/a' }, '1.2', 'a\0b'), 'SEND\ndestination:/a\ncontent-length:3\n\na\0b\0')
  t.equal(written('RECEIPT', { 'receipt-id': '1', 'content-length': '9' }, '1.2', 'ignored'), 'RECEIPT\nreceipt-id:1\n\n\0')
})

test('STOMP-B6 content-length counts octets and replaces what was there', async (t) => {
  t.equal(written('MESSAGE', { 'content-length': '99' }, '1.2', 'é😀'), 'MESSAGE\ncontent-length:6\n\né😀\0')
  t.equal(written('MESSAGE', {}, '1.1', '\ud83d'), 'MESSAGE\ncontent-length:3\n\n\ud83d\0', 'half a pair leaves as U+FFFD')
})

test('STOMP-W6 text where the body is UTF-8, else bytes', async (t) => {
  t.equal(written('MESSAGE', {}, '1.2', Buffer.from('é')), 'MESSAGE\ncontent-length:2\n\né\0')
  t.strictSame(written('MESSAGE', {}, '1.2', Buffer.of(0xff, 0)), Buffer.from('MESSAGE\ncontent-length:2\n\n\xff\0\0', 'latin1'))
  const frame = createFrame('MESSAGE', { a: 'é' }, 'é')
  t.strictSame(serializeBytes(frame, '1.2'), Buffer.from('MESSAGE\na:é\ncontent-length:2\n\né\0'))
  t.strictSame(serializeBytes(createFrame('RECEIPT', { 'receipt-id': '1' }), '1.2'), Buffer.from('RECEIPT\nreceipt-id:1\n\n\0'))
})

test('STOMP-K2 other octets reach a receiver of text as base64', async (t) => {
  const frame = createFrame('MESSAGE', { 'content-transfer-encoding': '8bit' }, Buffer.of(0xff, 0))
  t.equal(encodeFrame(frame, '1.2').text, 'MESSAGE\ncontent-transfer-encoding:base64\ncontent-transfer-encoding:8bit\ncontent-length:4\n\n/wA=\0')
})

test('a body changes form on demand and counts octets', async (t) => {
  t.strictSame([Body.from('é').length, Body.from('é').isText, [...Body.from('é').bytes]], [2, true, [0xc3, 0xa9]])
  const bytes = Body.from(new Uint8Array([0x61, 0xff]))
  t.strictSame([bytes.length, bytes.text, bytes.isText, bytes.base64], [2, 'a\ufffd', false, 'Yf8='])
  t.equal(Body.from(''), Body.EMPTY)
  t.equal(Body.from(new Uint8Array()), Body.EMPTY)
  t.strictSame([...Body.EMPTY.bytes], [])
  t.equal(createFrame('SEND', {}, bytes).body, bytes)
})

test('STOMP-F9 headers keep their order, and the first of one name', async (t) => {
  const headers = FrameHeaders.from([['b', '1'], ['a', '2'], ['b', '3']])
  t.strictSame([...headers], [['b', '1'], ['a', '2']])
  t.strictSame([...headers.set('b', '4').add('c', '5')], [['b', '4'], ['a', '2'], ['c', '5']])
  t.equal(FrameHeaders.from(headers), headers)
})

/** All messages of this file are of one server. */
const lines = new MessageLines()

const encodingOf = (headers: Record<string, string>, body: string | Uint8Array = ''): MessageEncoding =>
  new MessageEncoding('/topic/a:b', 'm1', FrameHeaders.from(headers), Body.from(body))

test('one MESSAGE for many: only the subscription differs', async (t) => {
  const encoding = encodingOf({}, 'hé')
  const rest = 'destination:/topic/a\\cb\nmessage-id:m1\ncontent-length:3\n\nhé\0'
  t.equal(encoding.frame([['subscription', 'sub-0']], '1.2', lines).text, 'MESSAGE\nsubscription:sub-0\n' + rest)
  t.equal(encoding.frame([['subscription', 'sub:1']], '1.1', lines).text, 'MESSAGE\nsubscription:sub\\c1\n' + rest)
  t.equal(encoding.frame([['subscription', 's']], '1.0', lines).text, 'MESSAGE\nsubscription:s\n' + rest.replace('\\c', ':'))
  t.strictSame(encoding.frame([['subscription', 'sub-0']], '1.2', lines).bytes, Buffer.from('MESSAGE\nsubscription:sub-0\n' + rest))
})

test('the lines that are remembered are those of the id, the destination and the version', async (t) => {
  for (const destination of ['/topic/a:b', '/topic/c']) {
    for (const id of ['s:1', 's2', 's:1']) {
      for (const version of ['1.2', '1.0', '1.1'] as const) {
        const encoding = new MessageEncoding(destination, 'm1', [], Body.from(''))
        const written = (text: string): string => version === '1.0' ? text : text.replace(':', '\\c')
        t.equal(encoding.shared(id, version, lines).text, `MESSAGE\nsubscription:${written(id)}\ndestination:${written(destination)}\nmessage-id:m1\ncontent-length:0\n\n\0`)
      }
    }
  }
})

test('STOMP-M2 a 1.0 subscription without id gets none', async (t) => {
  const encoding = encodingOf({})
  t.equal(encoding.frame([], '1.0', lines).text, 'MESSAGE\ndestination:/topic/a:b\nmessage-id:m1\ncontent-length:0\n\n\0')
  t.equal(encoding.frame([['subscription', 'undefined']], '1.0', lines).text, 'MESSAGE\nsubscription:undefined\ndestination:/topic/a:b\nmessage-id:m1\ncontent-length:0\n\n\0')
})

test('STOMP-M3 STOMP-M5 a delivery may have headers of its own; what the publisher put there is not shared', async (t) => {
  const forged = { subscription: 'x', ack: 'y', redelivered: 'true', 'content-length': '7', 'message-id': 'm2', destination: '/topic/b', own: 'z' }
  const encoding = encodingOf(forged, 'a')
  t.equal(encoding.frame([['subscription', 's']], '1.2', lines).text, 'MESSAGE\nsubscription:s\ndestination:/topic/a\\cb\nmessage-id:m1\nown:z\ncontent-length:1\n\na\0')
  t.equal(encoding.frame([['subscription', 's'], ['ack', 'a:1']], '1.2', lines).text, 'MESSAGE\nsubscription:s\nack:a\\c1\ndestination:/topic/a\\cb\nmessage-id:m1\nown:z\ncontent-length:1\n\na\0')
})

test('one MESSAGE with other octets goes as bytes or as base64', async (t) => {
  const encoded = encodingOf({}, Buffer.of(0xff)).frame([['subscription', 's']], '1.2', lines)
  t.notOk(encoded.isText)
  t.equal(encoded.text, 'MESSAGE\nsubscription:s\ncontent-transfer-encoding:base64\ndestination:/topic/a\\cb\nmessage-id:m1\ncontent-length:4\n\n/w==\0')
  t.strictSame(encoded.bytes, Buffer.from('MESSAGE\nsubscription:s\ndestination:/topic/a\\cb\nmessage-id:m1\ncontent-length:1\n\n\xff\0', 'latin1'))
})

test('STOMP-C2 STOMP-C3 the highest common version', async (t) => {
  t.equal(negotiateVersion(undefined), '1.0')
  t.equal(negotiateVersion('1.0,1.2,1.1'), '1.2')
  t.equal(negotiateVersion(' 1.1 , 9.9,1.0'), '1.1')
  t.equal(negotiateVersion('1.0,9.9'), '1.0')
  for (const value of ['', '2.0', '1', '1.20', '1.2;1.1']) t.match(negotiateVersion(value), { code: 'STOMP_NO_COMMON_VERSION' })
})

test('STOMP-H1 heart-beat is two non-negative integers', async (t) => {
  t.strictSame(parseHeartBeat(undefined), { outgoing: 0, incoming: 0 })
  t.strictSame(parseHeartBeat('0,0'), { outgoing: 0, incoming: 0 })
  t.strictSame(parseHeartBeat('10000,500'), { outgoing: 10000, incoming: 500 })
  for (const value of ['', '1', '1,', ',1', '-1,0', '0,-1', '1,2,3', 'abc', '1.5,0', '1e3,0', '0x1,0', ' 1,2', '1, 2', '1,2\n', '1'.repeat(16) + ',0']) {
    t.match(parseHeartBeat(value), { code: 'STOMP_BAD_HEART_BEAT' }, JSON.stringify(value))
  }
})

test('STOMP-H2 the intervals follow from both sides', async (t) => {
  const ours = { outgoing: 1000, incoming: 2000 }
  t.strictSame(negotiateHeartBeat(ours, { outgoing: 5000, incoming: 500 }), { outgoing: 1000, incoming: 5000 })
  t.strictSame(negotiateHeartBeat(ours, { outgoing: 0, incoming: 3000 }), { outgoing: 3000, incoming: 0 })
  t.strictSame(negotiateHeartBeat({ outgoing: 0, incoming: 0 }, { outgoing: 5, incoming: 5 }), { outgoing: 0, incoming: 0 })
})
