import { connect, HTTP, newId, POLLS, SOCKETS, STREAMS } from '../support/client.ts'
import { contract } from '../support/contract.ts'
import { TcpPeer } from '../support/http.ts'
import { buildServer } from '../support/server.ts'
import { SocketTestClient } from '../support/socket-client.ts'
import { AWKWARD, SURROGATES } from '../support/texts.ts'
import { deferred, isSettled, until, within } from '../support/wait.ts'

const FRAMED = ['websocket', ...HTTP] as const

contract('ENC-1, ENC-3, ES-6, HTMLFILE-8: awkward text comes back as it was', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const texts = Object.values(AWKWARD)
  if (transport !== 'websocket-raw') texts.push(SURROGATES)
  for (const text of texts) await client.send(text)
  t.strictSame(await client.messages(texts.length), texts, 'one by one')
  await client.send(...texts)
  t.strictSame(await client.messages(texts.length), texts, 'all at once')
})

contract('XHR-SEND-9: a thousand messages keep their order', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { responseLimit: 4096 } })
  const client = await connect(server, transport)
  const messages = Array.from({ length: 1000 }, (_, i) => `message ${i}`)
  const size = transport.startsWith('websocket') ? 1 : 25
  for (let i = 0; i < messages.length; i += size) await client.send(...messages.slice(i, i + size))
  t.strictSame(await client.messages(1000), messages)
})

contract('SESSION-15: what one turn sends is one frame', async (t, transport) => {
  const server = await buildServer(t, {
    handler (session) {
      session.on('message', (message) => { for (const part of message) session.send(part) })
    }
  })
  const client = await connect(server, transport)
  await client.send('abcdefgh')
  t.equal(await client.frame(), 'a["a","b","c","d","e","f","g","h"]')
  await client.send('ij', 'k')
  t.strictSame(await client.messages(3), ['i', 'j', 'k'])
}, FRAMED)

contract('XHR-STREAM-9, SESSION-15: what was sent without a receiver waits for the next', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { responseLimit: 1 } })
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  await within(client.ended, 'the end of the response with o')
  for (let i = 0; i < 100; i++) session.send(String(i))
  client.receive()
  t.equal(await client.frame(), 'a[' + Array.from({ length: 100 }, (_, i) => `"${i}"`).join() + ']')
}, HTTP)

contract('WS-26: o comes before what the handler sends', async (t, transport) => {
  const server = await buildServer(t, { handler: (session) => { session.send('hello') } })
  const client = await connect(server, transport)
  t.strictSame(await client.messages(1), ['hello'])
})

contract('ENC-7, ENC-8, ENC-9, WS-3: payloads that are fine', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const status = { websocket: 0, 'jsonp-polling': 200 }[transport as string] ?? 204
  for (const text of ['[]', '[""]', ' \n["a" , "b"]\t\r\n']) t.equal((await client.sendText(text)).status, status, text)
  t.strictSame(await client.messages(3), ['', 'a', 'b'])
}, FRAMED)

const BROKEN = ['["x', '{"a":', '[', 'nonsense', '["a"]["b"]', '\ufeff["a"]', "['a']", '["a",]', '["\u0001"]', '[1'.repeat(50_000), '['.repeat(100_000)]
const WRONG = ['{"a":1}', '123', 'null', 'true', '[1]', '[true]', '[null]', '[{}]', '[["n"]]', '["a",1]', '["a",{"toString":"b"},"c"]',
  '[' + '{"a":'.repeat(10) + '1' + '}'.repeat(10) + ']']

contract('ENC-4, ENC-5, ENC-6, XHR-SEND-6: payloads that are not', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const nested = '[' + '['.repeat(100_000) + ']'.repeat(100_000) + ']'
  for (const text of BROKEN) {
    const answer = await client.sendText(text)
    t.equal(answer.status, 500, text.slice(0, 30))
    // A body that is too long to be parsed on suspicion is judged by its first wrong token.
    t.match(answer.body, text.length > 65536 ? /^(Broken JSON encoding|Payload expected)\.\n$/ : /^Broken JSON encoding\.\n$/)
  }
  for (const text of [...WRONG, '"x"', '', nested]) {
    t.match(await client.sendText(text), { status: 500, body: 'Payload expected.\n' }, text.slice(0, 30))
  }
  await client.send('still here')
  t.strictSame(await client.messages(1), ['still here'], 'nothing of a wrong payload was delivered, and the session goes on')
}, HTTP)

contract('WS-6, WS-7, WS-8: payloads that end a WebSocket', async (t, transport) => {
  const server = await buildServer(t)
  for (const text of [...BROKEN, ...WRONG]) {
    const client = await connect(server, transport)
    const session = await server.session()
    const received: string[] = []
    session.on('message', (message) => received.push(message))
    await client.sendText(text)
    await t.rejects(client.closed, { message: 'no close frame, but 3000 Broken framing.' }, text.slice(0, 30))
    t.match(await server.closing(), { code: 3000, reason: 'Broken framing.', clean: false })
    t.strictSame(received, [])
  }
  const other = await connect(server, transport)
  await other.sendText('"a single string"')
  t.strictSame(await other.messages(1), ['a single string'], 'WS-9')
}, ['websocket'])

contract('WS-23, XHR-SEND-10, SEC-S19: messages and bodies have a size', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { maxMessageSize: 1000 } })
  const largest = 'é'.repeat(500)
  const client = await connect(server, transport)
  await client.send(largest)
  t.strictSame(await client.messages(1), [largest])
  if (transport === 'websocket' || transport === 'websocket-raw') {
    // Too big once decoded, and too big for the parser already.
    for (const text of [largest + 'x', 'x'.repeat(4001)]) {
      const one = await connect(server, transport)
      await one.send(text)
      await within(one.ended, 'the end of the WebSocket')
      await t.rejects(Promise.reject(await one.closed.then(({ code }) => new Error(`but ${code}`), (error: Error) => error)), { message: /but 1009/ })
      t.match(await server.closing(), { code: 1009, reason: 'Message too big', clean: false })
    }
  } else {
    t.match(await client.send('first', largest + 'x', 'last'), { status: 413 })
    t.match(await client.sendText(' '.repeat(4000) + '["too far"]'), { status: 413 })
  }
  const other = transport.startsWith('websocket') ? await connect(server, transport) : client
  await other.send('goes on')
  t.strictSame(await other.messages(1), ['goes on'], 'and nothing of the refused bodies came through')
})

contract('messages reach iterations and listeners alike, and wait for them', async (t, transport) => {
  const late = deferred<void>()
  const server = await buildServer(t, { handler: () => late.promise })
  const client = await connect(server, transport)
  const session = await server.session()
  await client.send('one', 'two')
  await client.send('three', 'four', 'five')
  const first: string[] = []
  for await (const message of session) {
    first.push(message)
    if (first.length === 2) break
  }
  t.strictSame(first, ['one', 'two'])
  t.equal(session.state, 'open', 'leaving the loop closes nothing')
  const heard: string[] = []
  const listener = (message: string): void => { heard.push(message) }
  session.on('message', listener)
  await until(() => heard.length === 3, 'all messages were heard')
  t.strictSame(heard, ['three', 'four', 'five'])
  session.off('message', listener)
  await client.send('six')
  const iterator = session[Symbol.asyncIterator]()
  t.strictSame(await within(iterator.next(), 'the sixth'), { value: 'six', done: false })
  const waiting = iterator.next()
  session.close()
  t.strictSame(await within(waiting, 'the end of the iteration'), { value: undefined, done: true })
  t.strictSame(await iterator.next(), { value: undefined, done: true })
})

contract('a session without anybody who listens holds its client back', async (t, transport) => {
  const server = await buildServer(t, { handler: () => {}, endpoint: { queue: { highWater: 1000, limit: 10_000 } } })
  const client = await connect(server, transport)
  const session = await server.session()
  const first = client.send('x'.repeat(2000))
  await until(() => server.endpoint.registration.bufferedBytes >= 2000, 'the message waits')
  t.notOk(await isSettled(first), 'the sender waits for its answer')
  session.on('message', () => {})
  t.match(await first, { status: transport === 'jsonp-polling' ? 200 : 204 })
}, HTTP)

contract('binary: bytes on raw WebSockets only, and only where the endpoint takes them', async (t, transport) => {
  const server = await buildServer(t, {
    endpoint: { binary: true },
    handler (session) { session.on('message', (message) => { session.send(message) }) }
  })
  for (const bytes of ['', '00', 'ff'.repeat(65536)]) {
    const client = await connect(server, transport)
    if (!(client instanceof SocketTestClient)) throw new Error('no WebSocket')
    client.ws.send(Buffer.from(bytes, 'hex'))
    if (transport === 'websocket-raw') {
      t.equal(await client.frame(), 'binary ' + bytes, 'RAW-4')
      await client.send('text')
      t.strictSame(await client.messages(1), ['text'])
    } else {
      t.match(await client.socketClosed, { code: 1003 }, 'WS-10')
    }
  }
  const strict = await buildServer(t)
  const client = await connect(strict, transport)
  if (!(client instanceof SocketTestClient)) throw new Error('no WebSocket')
  client.ws.send(Buffer.from([0xff]))
  t.match(await client.socketClosed, { code: 1003 }, 'SEC-S05')
  t.match(await strict.closing(), { code: 1003, clean: false })
}, SOCKETS)

contract('send() takes strings only, and says so', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport)
  const session = await server.session()
  for (const wrong of [undefined, null, 1, {}, ['a']]) {
    t.throws(() => session.send(wrong as never), { code: 'FST_SOCKJS_INVALID_MESSAGE' }, String(wrong))
  }
  // The endpoint does not take bytes, so nothing may send them either.
  t.throws(() => session.send(new Uint8Array(1)), { code: 'FST_SOCKJS_INVALID_MESSAGE' })
  session.send('fine')
  t.strictSame(await client.messages(1), ['fine'])
})

contract('XHR-STREAM-7: a response takes frames up to its limit, then the next one goes on', async (t, transport) => {
  const server = await buildServer(t, { endpoint: { responseLimit: 4096 } })
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  const message = 'x'.repeat(128)
  const overhead = { 'xhr-streaming': 6, eventsource: 15, htmlfile: 34 }[transport as string]!
  const open = { 'xhr-streaming': 2, eventsource: 11, htmlfile: 28 }[transport as string]!
  const count = Math.ceil((4096 - open) / (128 + overhead))
  for (let i = 0; i < count; i++) {
    t.notOk(await isSettled(client.ended), `there is room for message ${i + 1}`)
    session.send(message)
    t.strictSame(await client.messages(1), [message])
  }
  await within(client.ended, 'the end of the response')
  client.receive()
  session.send('next')
  t.strictSame(await client.messages(1), ['next'])
}, STREAMS)

const CHUNKS: Readonly<Record<string, { open: string, frames: string }>> = {
  'xhr-streaming': { open: 'POST /echo/0/ID/xhr_streaming', frames: '2\r\no\n\r\n' + '7\r\na["x"]\n\r\n' + '13\r\nc[3000,"Go away!"]\n\r\n' },
  eventsource: {
    open: 'GET /echo/0/ID/eventsource',
    frames: 'b\r\ndata: o\r\n\r\n\r\n' + '10\r\ndata: a["x"]\r\n\r\n\r\n' + '1c\r\ndata: c[3000,"Go away!"]\r\n\r\n\r\n'
  },
  htmlfile: {
    open: 'GET /echo/0/ID/htmlfile?c=cb',
    frames: '1c\r\n<script>\np("o");\n</script>\r\n\r\n' + '23\r\n<script>\np("a[\\"x\\"]");\n</script>\r\n\r\n' +
      '2f\r\n<script>\np("c[3000,\\"Go away!\\"]");\n</script>\r\n\r\n'
  }
}

contract('XHR-STREAM-5, HTTP-4: each frame is a chunk of its own, also when they leave together', async (t, transport) => {
  const server = await buildServer(t, {
    handler (session) {
      session.send('x')
      session.close(3000, 'Go away!')
    }
  })
  const { open, frames } = CHUNKS[transport]!
  const peer = server.own(new TcpPeer(server.port))
  peer.write(open.replace('ID', newId()) + ' HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n')
  const text = await peer.see('Go away!').then(() => peer.see('\r\n0\r\n\r\n'))
  t.ok(text.endsWith('\r\n' + frames + '0\r\n\r\n'), JSON.stringify(text.slice(-200)))
}, STREAMS)

contract('XHR-2, JSONP-1: a poll carries one frame', async (t, transport) => {
  const server = await buildServer(t)
  const client = await connect(server, transport, { comeBack: false })
  const session = await server.session()
  client.receive()
  await until(() => session.output.receiver !== null, 'the second poll waits')
  session.send('one')
  t.strictSame(await client.messages(1), ['one'])
  await within(client.ended, 'the end of the poll')
  session.send('two')
  client.receive()
  t.strictSame(await client.messages(1), ['two'])
}, POLLS)
