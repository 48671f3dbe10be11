import t, { type Test } from 'tap'
import type { BodyKind } from '../../../src/stomp.ts'
import { buildStomp, codeOf, headersOf, StompSocket, type StompTestServer } from '../support.ts'

/** A server whose routes note the bodies that they get: `/a` as the content type says, `/json`, `/text` and `/bytes` by their option. */
async function build (t: Test): Promise<{ server: StompTestServer, seen: unknown[] }> {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    listen: true,
    routes ({ stomp }) {
      const note = ({ body }: { body: unknown }): void => { seen.push(body instanceof Uint8Array ? [...body] : body) }
      stomp.message('/a', note)
      for (const kind of ['json', 'text', 'bytes'] as const) stomp.message(`/${kind}`, { body: kind }, note)
    }
  })
  return { server, seen }
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()
const INVALID = 'FST_STOMP_INVALID_BODY'

type Row = readonly [type: string | undefined, body: string | Uint8Array, expected: unknown]

const CHARSETS: readonly Row[] = [
  ['text/plain;charset=ISO-8859-1', latin1('Käse'), 'Käse'], ['text/plain; charset="iso-8859-1"', latin1('Käse'), 'Käse'],
  ['TEXT/PLAIN; CHARSET = latin1', latin1('Käse'), 'Käse'], ['text/plain; format=flowed; charset=windows-1252', Buffer.of(0x80), '€'],
  ['text/plain;charset=shift_jis', Buffer.of(0x83, 0x65), 'テ'], ['text/plain;charset=utf-16le', Buffer.from('Käse', 'utf16le'), 'Käse'],
  ['text/plain;charset=utf-16', Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from('Käse', 'utf16le')]), 'Käse'],
  ['text/plain;charset=utf-16', Buffer.concat([Buffer.of(0xfe, 0xff), utf16be('Käse')]), 'Käse'], ['text/plain;charset=utf-16be', utf16be('Käse'), 'Käse'],
  ['text/plain;charset=utf-8', Buffer.from('Käse'), 'Käse'], ['text/plain', Buffer.from('\ufeffKäse'), 'Käse'], ['text/plain', '\ufeffKäse', 'Käse'],
  ['text/plain;charset=US-ASCII', Buffer.from('cheese'), 'cheese'], ['text/plain;charset=utf-8', '', ''],
  ['application/json;charset=ISO-8859-1', latin1('{"a":"ä"}'), { a: 'ä' }], ['application/json', Buffer.from('\ufeff{"a":"ä"}'), { a: 'ä' }],
  ['application/json;charset=utf-16le', Buffer.from('[1]', 'utf16le'), [1]],
  // The carrier has decoded a text message already.
  ['text/plain;charset=ISO-8859-1', 'Käse', 'Käse'], ['text/plain;charset=utf-16le', 'abc', 'abc'], ['application/json;charset=latin1', '"ä"', 'ä'],
  ['text/plain;charset=ISO-8859-1', 'ä'.repeat(5000), 'ä'.repeat(5000)],
  // What does not fit, or is not known.
  ['text/plain', latin1('Käse'), INVALID], ['text/plain;charset=utf-8', latin1('Käse'), INVALID], ['application/json', latin1('"ä"'), INVALID],
  ['text/plain;charset=utf-16le', Buffer.of(1, 2, 3), INVALID], ['text/plain;charset=utf-16le', Buffer.of(0, 0xd8), INVALID],
  ['text/plain;charset=shift_jis', Buffer.of(0x83), INVALID], ['text/plain;charset=nonsense', Buffer.from('x'), INVALID], ['text/plain;charset=nonsense', 'x', INVALID],
  ['text/plain;charset=utf-7', 'x', INVALID], ['text/plain;charset=', 'x', INVALID], ['text/plain;charset=""', 'x', INVALID],
  ['application/json;charset=utf-32', Buffer.from('1'), INVALID]
]

const TYPES: readonly Row[] = [
  ['text/json', '[1]', [1]], ['application/vnd.api+json; ext="a;b"', '[1]', [1]], ['application/problem+json', '{}', {}], ['image/x+json', '{}', {}],
  ['application/x-json', '1', 1], ['application/json', '', undefined], ['application/json;charset=utf-8', Buffer.alloc(0), undefined], [undefined, '', undefined],
  [' application/json ', '1', 1], ['application/jsonx', 'x', [120]], ['application/xml', 'x', [120]], ['text', 'x', [120]], ['nonsense', 'x', [120]],
  ['application/octet-stream', Buffer.of(0, 255), [0, 255]], ['text/html;charset=utf-8', '<p>', '<p>'], ['text/plain;charset', 'x', 'x']
]

for (const [name, rows] of [['U14: a text is decoded by its charset, and what does not fit is refused', CHARSETS], ['K11: which content type is which kind of body', TYPES]] as const) {
  t.test(name, async (t) => {
    const { server, seen } = await build(t)
    const client = await server.connect()
    await client.subscribe('e', '/user/queue/errors')
    for (const [type, body, expected] of rows) {
      seen.length = 0
      await client.send('/app/a', body, type === undefined ? {} : { 'content-type': type })
      const [error] = await client.arrived()
      const label = `${type} ${typeof body === 'string' ? body.slice(0, 20) : body.toString()}`
      if (expected === INVALID) t.equal((JSON.parse(error?.body.text ?? '{}') as { error?: string }).error, INVALID, label)
      else t.strictSame([error?.body.text, seen], [undefined, [expected]], label)
    }
  })
}

t.test('K11: the header may be written as in HTTP', async (t) => {
  const { server, seen } = await build(t)
  const client = await server.connect()
  for (const name of ['Content-Type', 'CONTENT-TYPE', 'content-Type']) await client.send('/app/a', latin1('ä'), { [name]: 'text/plain;charset=latin1' })
  t.strictSame(seen, ['ä', 'ä', 'ä'])
})

t.test('U14: over a WebSocket with bytes, cut in pieces, and over one with text', async (t) => {
  const { server, seen } = await build(t)
  const socket = new StompSocket(t, server)
  await socket.connect()
  const frame = Buffer.concat([Buffer.from('SEND\ndestination:/app/a\ncontent-type:text/plain;charset=ISO-8859-1\nreceipt:r\n\n'), latin1('Käse\0')])
  for (const cut of [10, frame.length - 4, frame.length - 2]) {
    socket.send(frame.subarray(0, cut)).send(frame.subarray(cut))
    await socket.next()
  }
  // Not one whole frame, so that it is read as octets inside the server.
  socket.send('SEND\ndestination:/app/a\ncontent-type:text/plain;charset=ISO-8859-1\nreceipt:r\n\nKä').send('se\0')
  await socket.next()
  t.strictSame(seen, ['Käse', 'Käse', 'Käse', 'Käse'])
})

t.test('U15: the option body says what a body is, whatever the client says', async (t) => {
  const { server, seen } = await build(t)
  const client = await server.connect()
  await client.subscribe('e', '/user/queue/errors')
  const rows: readonly (readonly [kind: BodyKind, type: string | undefined, body: string | Uint8Array, expected: unknown])[] = [
    ['text', undefined, 'hello', 'hello'], ['text', undefined, '', ''], ['text', 'application/json', '{"a":1}', '{"a":1}'], ['text', 'application/octet-stream', 'x', 'x'],
    ['text', 'text/plain;charset=latin1', latin1('ä'), 'ä'], ['text', undefined, latin1('ä'), INVALID],
    ['json', undefined, '[1]', [1]], ['json', 'text/plain', '[1]', [1]], ['json', 'application/octet-stream', '[1]', [1]], ['json', 'text/plain', 'x', INVALID],
    ['bytes', undefined, 'ab', [97, 98]], ['bytes', 'application/json', '1', [49]], ['bytes', 'text/plain;charset=nonsense', latin1('ä'), [0xe4]], ['bytes', undefined, '', []]
  ]
  for (const [kind, type, body, expected] of rows) {
    seen.length = 0
    await client.send(`/app/${kind}`, body, type === undefined ? {} : { 'content-type': type })
    const [error] = await client.arrived()
    if (expected === INVALID) t.equal((JSON.parse(error?.body.text ?? '{}') as { error?: string }).error, INVALID, `${kind} ${type}`)
    else t.strictSame([error?.body.text, seen], [undefined, [expected]], `${kind} ${type}`)
  }
  await server.app.close()
  for (const body of ['xml', 'JSON', true, null, {}]) {
    t.equal(await codeOf(() => buildStomp(t, { routes: ({ stomp }) => stomp.message('/b', { body: body as never }, () => {}) })), 'FST_STOMP_INVALID_ROUTE', String(body))
  }
})

t.test('U15: plain text without a content type is refused with both ways out', async (t) => {
  const { server } = await build(t)
  const client = await server.connect()
  const error = await client.ask('SEND', { destination: '/app/a' }, 'hello')
  t.match(headersOf(error), { code: 'STOMP_HANDLER_FAILED', message: /not JSON.*text\/plain.*body/ })
})

t.test('K11: the application cannot label a text with a charset that it is not in', async (t) => {
  const { server } = await build(t)
  const client = await server.connect()
  await client.subscribe('a', '/topic/a')
  for (const type of ['text/plain;charset=ISO-8859-1', 'text/plain; charset="utf-16"']) {
    t.equal(await codeOf(() => server.stomp.publish('/topic/a', 'Käse', { headers: { 'content-type': type } })), INVALID)
    t.equal(await codeOf(() => server.stomp.publish('/topic/a', { a: 'ä' }, { headers: { 'content-type': type } })), INVALID)
  }
  await server.stomp.publish('/topic/a', latin1('Käse'), { headers: { 'content-type': 'text/plain;charset=ISO-8859-1' } })
  const message = await client.message()
  t.strictSame([message.headers.get('content-type'), Buffer.from(message.body.bytes).toString('latin1')], ['text/plain;charset=ISO-8859-1', 'Käse'])
  await server.stomp.publish('/topic/a', 'Käse', { headers: { 'content-type': 'text/csv;charset=UTF-8' } })
  t.equal((await client.message()).body.text, 'Käse')
})

for (const version of ['1.0', '1.1', '1.2'] as const) {
  t.test(`U16: ${version}: an ACK with all the headers of its MESSAGE is an ACK`, async (t) => {
    const { server } = await build(t)
    const client = await server.connect({ version })
    await client.subscribe('a', '/queue/a', { ack: 'client' })
    for (const body of ['x', 'y'.repeat(70_000)]) {
      await server.stomp.publish('/queue/a', body)
      const { headers } = await client.message()
      const copied = [...headers].map(([name, value]) => `${name}:${value}`).join('\n')
      client.raw(`ACK\n${version === '1.2' ? `id:${headers.get('ack')}\n` : ''}${copied}\nreceipt:r\n\n\0\n`)
      t.strictSame([headers.get('content-length'), (await client.next()).command], [String(body.length), 'RECEIPT'])
    }
    const next = await server.connect()
    await next.subscribe('a', '/queue/a')
    client.inner.abort()
    t.strictSame(await next.bodies(), [], 'nothing comes again')
  })
}

t.test('U16: the other frames without a body take a content-length too, and a body is still refused', async (t) => {
  const { server } = await build(t)
  const client = await server.connect()
  await client.ok('SUBSCRIBE', { id: 'a', destination: '/topic/a', 'content-length': '5' })
  await client.ok('BEGIN', { transaction: 't', 'content-length': '999999' })
  await client.ok('COMMIT', { transaction: 't', 'content-length': '5' })
  await client.ok('UNSUBSCRIBE', { id: 'a', 'content-length': '5' })
  client.raw('BEGIN\ntransaction:t\ncontent-length:5\n\nhello\0')
  t.equal((await client.next()).headers.get('code'), 'STOMP_BODY_NOT_ALLOWED')
})

t.test('K11: bytes for a stream that has text only are base64, and say so, whatever their content type', async (t) => {
  const { server } = await build(t)
  const socket = new StompSocket(t, server)
  await socket.connect()
  socket.send('SUBSCRIBE\nid:a\ndestination:/topic/a\nreceipt:s\n\n\0')
  await socket.next()
  await server.stomp.publish('/topic/a', latin1('Käse'), { headers: { 'content-type': 'text/plain;charset=ISO-8859-1' } })
  const message = await socket.messages.next('a message')
  t.ok(message.isBinary, 'a WebSocket takes bytes')
  const strict = await buildStomp(t, { listen: true, stomp: { messages: 'text' } })
  const text = new StompSocket(t, strict)
  await text.connect()
  text.send('SUBSCRIBE\nid:a\ndestination:/topic/a\nreceipt:s\n\n\0')
  await text.next()
  await strict.stomp.publish('/topic/a', latin1('Käse'), { headers: { 'content-type': 'text/plain;charset=ISO-8859-1' } })
  t.match(await text.next(), /^MESSAGE\n(?=[^]*content-transfer-encoding:base64\n)(?=[^]*content-length:8\n)[^]*\n\nS\+RzZQ==\0$/)
})
