import { once } from 'node:events'
import http2 from 'node:http2'
import t from 'tap'
import { connect, newId } from '../../support/client.ts'
import { TcpPeer } from '../../support/http.ts'
import { buildServer } from '../../support/server.ts'
import { until, within } from '../../support/wait.ts'

t.test('SEC-S23: a body that does not come to its end is answered with 408', async (t) => {
  const server = await buildServer(t)
  const id = newId()
  const client = await connect(server, 'xhr-streaming', { id })
  const peers = []
  for (const path of [`/echo/000/${id}/xhr_send`, `/echo/000/${newId()}/xhr`]) {
    const peer = server.own(new TcpPeer(server.port))
    peer.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n["`)
    peers.push(peer)
  }
  await until(() => server.clock.pending >= 3, 'both deadlines run')
  server.clock.advance(29_900)
  // Heartbeats of the stream, and nothing on the others.
  for (const peer of peers) t.equal(peer.text, '')
  server.clock.advance(200)
  for (const peer of peers) t.match(await peer.end(), /^HTTP\/1\.1 408 /)
  await client.send('on')
  t.match(await client.frame(), 'h')
  t.strictSame(await client.messages(1), ['on'])
})

t.test('R19: over HTTP/2 the answer to a body that does not come to its end is a 408 too', async (t) => {
  const lines: string[] = []
  const server = await buildServer(t, { fastify: { http2: true, logger: { level: 'warn', stream: { write: (line: string) => lines.push(line) } } } })
  const id = newId()
  const connection = http2.connect(`http://127.0.0.1:${server.port}`)
  server.own({ abort: () => connection.destroy() })
  const request = (path: string): http2.ClientHttp2Stream => connection.request({ ':method': 'POST', ':path': `/echo/000/${id}/${path}` })
  const stream = request('xhr_streaming')
  stream.end()
  let text = ''
  stream.on('data', (chunk: Buffer) => { text += chunk.toString() })
  await until(() => text.endsWith('o\n'), 'the stream')
  const before = server.clock.pending
  const slow = Array.from({ length: 20 }, () => request('xhr_send'))
  const answers = slow.map(async (stream) => {
    stream.write('["')
    let body = ''
    stream.on('data', (chunk: Buffer) => { body += chunk.toString() })
    const closed = once(stream, 'close')
    const [headers] = await once(stream, 'response') as [http2.IncomingHttpHeaders]
    await closed
    return `${headers[':status']} ${body}`
  })
  await until(() => server.clock.pending === before + 20, 'the deadlines run')
  server.clock.advance(30_100)
  t.strictSame(await within(Promise.all(answers), 'the answers'), slow.map(() => '408 '))
  await until(() => server.endpoint.registration.bodies.size === 1, 'nothing is left of them, but of the stream that goes on')
  t.notOk(server.endpoint.registration.bodies.values().next().value!.pending)
  const good = request('xhr_send')
  good.end('["unharmed"]')
  await until(() => text.endsWith('a["unharmed"]\n'), 'other streams of the connection go on')
  t.strictSame(lines.map((line) => (JSON.parse(line) as { refused?: string }).refused), ['slow body'], 'the log has no line but that of the refusal')
})

t.test('behind a stream that is under way there is no room for an answer', async (t) => {
  const server = await buildServer(t)
  const id = newId()
  const peer = server.own(new TcpPeer(server.port))
  peer.write(`POST /echo/000/${id}/xhr_streaming HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
  await peer.see('o\n')
  const before = server.clock.pending
  peer.write(`POST /echo/000/${id}/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n["`)
  await until(() => server.clock.pending > before, 'the deadline runs')
  server.clock.advance(30_100)
  t.notMatch(await peer.end(), /408/)
})

t.test('SEC-S23: each body of a connection has a deadline of its own', async (t) => {
  let read = 0
  const count = (_request: unknown, _reply: unknown, payload: unknown, done: (error: null, payload: unknown) => void): void => {
    read++
    done(null, payload)
  }
  const server = await buildServer(t, { endpoint: { heartbeat: 1_000_000 }, before: (app) => app.addHook('preParsing', count as never) })
  const id = newId()
  const client = await connect(server, 'xhr-streaming', { id })
  const before = read
  const head = (length: number) => `POST /echo/000/${id}/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`
  const running = server.clock.pending

  const peer = server.own(new TcpPeer(server.port))
  peer.write(head(5) + '["')
  await until(() => server.clock.pending === running + 1, 'the first deadline runs')
  server.clock.advance(20_000)
  peer.write('1"]')
  t.strictSame(await client.messages(1), ['1'])
  await peer.see('204')
  peer.write(head(5) + '["')
  await until(() => read === before + 2, 'the second body is read')
  server.clock.advance(20_000)
  peer.write('2"]')
  t.strictSame(await client.messages(1), ['2'], 'the deadline of the first body is none of the second')

  // The head of the next request comes with the body before: that one's arrival does not end this one's deadline.
  peer.write(head(5) + '["3"]' + head(10) + '["')
  t.strictSame(await client.messages(1), ['3'])
  await until(() => read === before + 4, 'the fourth body is read')
  server.clock.advance(30_100)
  t.match(await peer.end(), /408 Request Timeout/)
})

t.test('SEC-S23: a connection that goes from one endpoint to another has the deadline of each', async (t) => {
  const server = await buildServer(t, { after: (app) => app.sockjs('/quick', { bodyTimeout: 1000 }, () => {}) })
  const peer = server.own(new TcpPeer(server.port))
  const head = (path: string) => `POST ${path}/000/${newId()}/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n`
  peer.write(head('/echo') + '12')
  await until(() => server.clock.pending === 1, 'the first deadline runs')
  peer.write('34')
  await peer.see('o\n')
  const running = server.clock.pending
  peer.write(head('/quick') + '12')
  await until(() => server.clock.pending === running + 1, 'the second deadline runs')
  server.clock.advance(1100)
  t.match(await peer.end(), /408 Request Timeout/)
})

t.test('SEC-S23: a request that was judged late does not take the deadline of the next one', async (t) => {
  const judged: (() => void)[] = []
  const origins = () => new Promise<boolean>((resolve) => judged.push(() => resolve(true)))
  const server = await buildServer(t, { endpoint: { origins } })
  const peer = server.own(new TcpPeer(server.port))
  const head = (path: string) => `POST /echo/000/${newId()}/${path} HTTP/1.1\r\nHost: x\r\nOrigin: http://a.test\r\nContent-Length: 4\r\n\r\n`
  peer.write(head('xhr_send') + '1234' + head('xhr') + '12')
  await until(() => judged.length === 2, 'both wait for their origin')
  judged[1]!()
  await until(() => server.clock.pending === 1, 'the deadline of the second runs')
  judged[0]!()
  await peer.see('404')
  server.clock.advance(30_100)
  t.match(await peer.end(), /408 Request Timeout/)
})

t.test('R14, SEC-S23: the start warns of a timeout that was switched off, and of no default of Fastify', async (t) => {
  const rows = [
    [{}, 0],
    [{ requestTimeout: 1000 }, 0],
    [{ requestTimeout: 0 }, 0],
    [{ http: { headersTimeout: 0 } }, 1],
    [{ requestTimeout: 0, http: { headersTimeout: 0 } }, 1]
  ] as const
  for (const [fastify, count] of rows) {
    const lines: { level: number, headersTimeout: number, msg: string }[] = []
    await buildServer(t, { fastify: { ...fastify, logger: { level: 'warn', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } } })
    t.equal(lines.length, count, JSON.stringify(fastify))
    for (const line of lines) t.match(line, { level: 40, headersTimeout: 0, msg: /headersTimeout/ })
  }
})
