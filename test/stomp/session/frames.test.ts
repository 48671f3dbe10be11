import t, { type Test } from 'tap'
import type { Version } from '../../../src/stomp.ts'
import { buildStomp, headersOf, refused, type StompTestServer } from '../support.ts'

/** What the server makes of octets, seen from outside: bodies with some headers that arrive at a subscriber, or the code of an ERROR. */
type Outcome = string | readonly (readonly [body: string, headers?: Readonly<Record<string, string>>])[]
type Row = readonly [ids: string, version: Version, octets: string | Buffer, outcome: Outcome]

type Cut = (octets: string | Buffer) => Iterable<string | Uint8Array>

const SEND = 'SEND\ndestination:/topic/a\n'
const hello: Outcome = [['hello']]

const ROWS: readonly Row[] = [
  ['STOMP-F1, SPRING-C2: no header but the needed one, no body', '1.2', `${SEND}\n\0`, [['']]],
  ['STOMP-F1: a body', '1.2', `${SEND}\nhello\0`, hello],
  ['STOMP-F2, SPRING-C1: CRLF, mixed with LF, in 1.2', '1.2', 'SEND\r\ndestination:/topic/a\nx:1\r\n\r\nhello\0', [['hello', { x: '1' }]]],
  ['STOMP-F2: CRLF in 1.1', '1.1', 'SEND\r\ndestination:/topic/a\r\nx:1\r\n\r\nhello\0', [['hello', { x: '1' }]]],
  ['STOMP-F2: CRLF in 1.0', '1.0', 'SEND\r\ndestination:/topic/a\r\nx:1\r\n\r\nhello\0', [['hello', { x: '1' }]]],
  ['STOMP-F3, SPRING-C27: a lone CR in 1.2', '1.2', `${SEND}x:1\r2\n\nhello\0`, 'STOMP_STRAY_CARRIAGE_RETURN'],
  ['STOMP-F3, SPRING-C27: a lone CR in 1.1 is data; a 1.2 subscriber gets it escaped', '1.1', `${SEND}x:1\r2\n\nhello\0`, [['hello', { x: '1\r2' }]]],
  ['STOMP-F3, SPRING-C27: and in 1.0', '1.0', `${SEND}x:1\r2\n\nhello\0`, [['hello', { x: '1\r2' }]]],
  ['STOMP-F4, SPRING-C11: EOLs after and before frames', '1.2', `\n\r\n${SEND}\nhello\0\n\n\r\n\n`, hello],
  ['STOMP-F4, SPRING-C17: EOLs alone', '1.2', '\n', []],
  ['STOMP-F5: a command in lower case', '1.2', 'send\ndestination:/topic/a\n\nhello\0', 'STOMP_UNKNOWN_COMMAND'],
  ['STOMP-F5: header names too', '1.2', 'SEND\nDestination:/topic/a\n\nhello\0', 'STOMP_HEADER_MISSING'],
  ['STOMP-F6: a header without a colon', '1.2', `${SEND}nonsense\n\nhello\0`, 'STOMP_HEADER_WITHOUT_COLON'],
  ['STOMP-F6: a header without a name', '1.2', `${SEND}:v\n\nhello\0`, 'STOMP_EMPTY_HEADER_NAME'],
  ['STOMP-F6, SPRING-C13: a header without a value', '1.2', `${SEND}x:\n\nhello\0`, [['hello', { x: '' }]]],
  ['STOMP-F6, SPRING-C13: in 1.0 too', '1.0', `${SEND}x:\n\nhello\0`, [['hello', { x: '' }]]],
  ['STOMP-F7: further colons', '1.1', `${SEND}x:a:b:c\n\nhello\0`, [['hello', { x: 'a:b:c' }]]],
  ['STOMP-F8: spaces are kept', '1.2', `${SEND}x: a \n y:b\n\nhello\0`, [['hello', { x: ' a ', ' y': 'b' }]]],
  ['STOMP-F8: and trimmed in 1.0', '1.0', `${SEND}x: a \n y:b\n\nhello\0`, [['hello', { x: 'a', y: 'b' }]]],
  ['STOMP-F9, SEC-S62: the first of repeated headers', '1.2', `${SEND}x:1\nx:2\ndestination:/topic/b\n\nhello\0`, [['hello', { x: '1', destination: '/topic/a' }]]],
  ['STOMP-F11: no UTF-8 in the head', '1.2', Buffer.concat([Buffer.from(SEND + 'x:'), Buffer.of(0xff), Buffer.from('\n\nhello\0')]), 'STOMP_INVALID_UTF8'],
  ['STOMP-F11: UTF-8 in head and body', '1.2', `${SEND}tür:日本 😀\n\nnaïve 😀\0`, [['naïve 😀', { tür: '日本 😀' }]]],
  ['STOMP-E1, STOMP-E5, SPRING-C8: all escapes, in names and values, in one pass', '1.2', `${SEND}a\\c\\r\\n\\\\b:alpha\\cbravo\\r\\n\\\\\\\\n\n\nhello\0`,
    [['hello', { 'a:\r\n\\b': 'alpha:bravo\r\n\\\\n' }]]],
  ['STOMP-E1: 1.1 has no escape for CR', '1.1', `${SEND}x:a\\rb\n\nhello\0`, 'STOMP_UNDEFINED_ESCAPE'],
  ['STOMP-E1: 1.1 has the others', '1.1', `${SEND}x:a\\n\\c\\\\b\n\nhello\0`, [['hello', { x: 'a\n:\\b' }]]],
  ['STOMP-E1: 1.0 has none', '1.0', `${SEND}x:a\\n\\t\\\n\nhello\0`, [['hello', { x: 'a\\n\\t\\' }]]],
  ['STOMP-E2, SEC-S58, SPRING-C23: an undefined escape', '1.2', `${SEND}x:a\\xb\n\nhello\0`, 'STOMP_UNDEFINED_ESCAPE'],
  ['STOMP-E2, SPRING-C24: a backslash at the end of a value', '1.2', `${SEND}x:a\\\n\nhello\0`, 'STOMP_UNDEFINED_ESCAPE'],
  ['STOMP-E2, SPRING-C24: and of a name', '1.2', `${SEND}x\\:a\n\nhello\0`, 'STOMP_UNDEFINED_ESCAPE'],
  ['STOMP-E6: a body is never escaped', '1.2', `${SEND}\na\\nb:c\\\0`, [['a\\nb:c\\']]],
  ['STOMP-B1, SPRING-C4: a body of so many octets', '1.2', `${SEND}content-length:23\n\nA body of 23 characters\0`, [['A body of 23 characters']]],
  ['STOMP-B1, SPRING-C7: NULs in a body with a length', '1.2', `${SEND}content-length:5\n\na\0b\0c\0`, [['a\0b\0c']]],
  ['STOMP-B1, SPRING-C16: no NUL where the length says', '1.2', `${SEND}content-length:3\n\nhello\0`, 'STOMP_BODY_LENGTH_MISMATCH'],
  ['STOMP-B2: without a length up to the first NUL', '1.2', `${SEND}\nhello\0${SEND}\nagain\0`, [['hello'], ['again']]],
  ['STOMP-B3, SPRING-C6: a length of 0', '1.2', `${SEND}content-length:0\n\n\0`, [['', { 'content-length': '0' }]]],
  ['STOMP-B4, SPRING-C5: a negative length', '1.2', `${SEND}content-length:-1\n\nhello\0`, 'STOMP_BAD_CONTENT_LENGTH'],
  ['STOMP-B4, SEC-S59: a length with an exponent', '1.2', `${SEND}content-length:1e3\n\nhello\0`, 'STOMP_BAD_CONTENT_LENGTH'],
  ['STOMP-B4, SEC-S59: a hexadecimal length', '1.2', `${SEND}content-length:0x5\n\nhello\0`, 'STOMP_BAD_CONTENT_LENGTH'],
  ['STOMP-B4: a length above 2^53', '1.2', `${SEND}content-length:9007199254740993\n\nhello\0`, 'STOMP_BAD_CONTENT_LENGTH'],
  ['STOMP-B4: two lengths that differ', '1.2', `${SEND}content-length:5\ncontent-length:4\n\nhello\0`, 'STOMP_CONFLICTING_CONTENT_LENGTH'],
  ['STOMP-B4, STOMP-F9: two that do not', '1.2', `${SEND}content-length:5\ncontent-length:5\n\nhello\0`, hello],
  ['STOMP-B5: a body on SUBSCRIBE', '1.2', 'SUBSCRIBE\nid:b\ndestination:/topic/b\n\nbody\0', 'STOMP_BODY_NOT_ALLOWED'],
  ['STOMP-B5: and in 1.0, where it is ignored', '1.0', `SUBSCRIBE\nid:b\ndestination:/topic/b\n\nbody\0${SEND}\nhello\0`, hello],
  ['STOMP-B6, SPRING-C26: the length counts octets, and is ours', '1.2', `${SEND}content-length:6\n\nnaïve\0`, [['naïve', { 'content-length': '6' }]]],
  ['STOMP-B6, SPRING-C15: any content-type goes through, none is added', '1.2', `${SEND}content-type:non/sense;;;\n\nhello\0${SEND}\nagain\0`,
    [['hello', { 'content-type': 'non/sense;;;' }], ['again']]],
  ['SPRING-C12: two frames in one buffer', '1.2', `${SEND}\nhello\0${SEND}\nagain\0`, [['hello'], ['again']]],
  ['STOMP-U1, SPRING-D10: an unknown command', '1.2', 'FOO\n\n\0', 'STOMP_UNKNOWN_COMMAND'],
  ['STOMP-U1: the words of a server', '1.2', 'MESSAGE\ndestination:/topic/a\n\nhello\0', 'STOMP_UNKNOWN_COMMAND'],
  ['STOMP-U1, STOMP-A3: NACK in 1.0', '1.0', 'NACK\nmessage-id:1\n\n\0', 'STOMP_UNKNOWN_COMMAND'],
  ['STOMP-F1: a NUL in the head', '1.2', 'SEND\ndestination:/topic/a\0', 'STOMP_NUL_IN_HEAD'],
  ['SEC-S60: names that mean something to an object', '1.2', `${SEND}__proto__:x\nconstructor:y\n\nhello\0`,
    [['hello', JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>]]]
]

/** Sends octets cut as told, behind a CONNECT; a subscriber tells what has come of it. */
async function play (t: Test, server: StompTestServer, [ids, version, octets, outcome]: Row, cut: Cut): Promise<void> {
  const observer = await (await server.connect()).subscribe('a', '/topic/a')
  const client = await server.connect({ version })
  for (const chunk of cut(octets)) client.raw(chunk)
  if (typeof outcome === 'string') {
    await refused(t, client, outcome)
    t.strictSame(await observer.bodies(), [], `${ids}: nothing is delivered`)
  } else {
    await client.ok('BEGIN', { transaction: 'a' })
    const messages = await observer.arrived()
    t.strictSame(messages.map(({ body }) => body.text), outcome.map(([body]) => body), ids)
    for (const [i, [, headers = {}]] of outcome.entries()) t.match(headersOf(messages[i]!), headers, ids)
  }
  observer.inner.abort()
  client.inner.abort()
}

for (const [name, cut] of [
  ['as text', (octets: string | Buffer) => [octets]],
  ['as octets', (octets: string | Buffer) => [Buffer.from(octets)]],
  ['octet by octet', (octets: string | Buffer) => [...Buffer.from(octets)].map((octet) => Buffer.of(octet))]
] as const) {
  t.test(`STOMP-F10, SPRING-C14, SPRING-C18, SPRING-C22: frames ${name}`, async (t) => {
    const server = await buildStomp(t)
    for (const row of ROWS) await t.test(row[0], (t) => play(t, server, row, cut))
    t.strictSame(server.failures, [])
  })
}

t.test('STOMP-F10, SPRING-C19: two frames cut in two at every place', async (t) => {
  const server = await buildStomp(t)
  const observer = await (await server.connect()).subscribe('a', '/topic/a')
  const client = await server.connect()
  const octets = Buffer.from(`${SEND}x:tür\n\nhello\0\n${SEND}content-length:8\n\n😀\0\0\0\0\0`)
  for (let at = 1; at < octets.length; at++) {
    client.raw(octets.subarray(0, at)).raw(octets.subarray(at))
    await client.ok('BEGIN', { transaction: String(at) })
    await client.ok('ABORT', { transaction: String(at) })
    t.strictSame(await observer.bodies(), ['hello', '😀\0\0\0\0'], `${at}`)
  }
})

t.test('SPRING-C3, SPRING-C9, STOMP-E3: the head of CONNECT is taken as it is', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.addHook('onConnect', ({ headers }) => { seen.push([headers.get('login'), headers.get('key'), headers.get('a\\cb')]) })
  })
  const client = (await server.open()).raw('CONNECT\r\naccept-version:1.2\r\nlogin:kim\nkey:\\value\\n\na\\cb:\\\n\n\0')
  t.equal((await client.next()).command, 'CONNECTED')
  t.strictSame(seen, [['kim', '\\value\\n', '\\']])
})

t.test('SPRING-C10: CONNECT with a body', async (t) => {
  const server = await buildStomp(t)
  await refused(t, (await server.open()).raw('CONNECT\naccept-version:1.2\n\nbody\0'), 'STOMP_BODY_NOT_ALLOWED')
})

t.test('SPRING-C25, SPRING-E18, STOMP-M6: headers are escaped for each receiver anew', async (t) => {
  const server = await buildStomp(t)
  const receivers = await Promise.all((['1.0', '1.1', '1.2'] as const).map((version) => server.connect({ version })))
  for (const receiver of receivers) await receiver.subscribe('a', '/topic/a')
  const sender = await server.connect()
  await sender.send('/topic/a', '', { 'esc:ape': 'x:y\nz\\', plain: 'a:b' })
  const [v10, v11, v12] = await Promise.all(receivers.map((receiver) => receiver.message()))
  t.match(headersOf(v12!), { 'esc:ape': 'x:y\nz\\', plain: 'a:b' })
  t.match(headersOf(v11!), { 'esc:ape': 'x:y\nz\\', plain: 'a:b' })
  t.match(headersOf(v10!), { plain: 'a:b' })
  t.notOk(v10!.headers.has('esc:ape'), 'STOMP-M7: a name that 1.0 cannot say is left out')
  await (await server.connect({ version: '1.0' })).send('/topic/a', '', { back: 'a\\nb' })
  t.equal((await receivers[2]!.message()).headers.get('back'), 'a\\nb', 'a backslash of 1.0 is a backslash')
  await sender.send('/topic/a', '', { gap: 'a\r\nb' })
  t.equal((await receivers[0]!.arrived()).at(-1)!.headers.get('gap'), 'ab', 'STOMP-M7: 1.0 cannot say LF')
  t.equal((await receivers[1]!.arrived()).at(-1)!.headers.get('gap'), 'a\nb', 'nor 1.1 CR')
})
