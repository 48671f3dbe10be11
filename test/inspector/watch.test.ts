import t from 'tap'
import { showFrame, showMessage } from '../../src/inspector/frames.ts'
import type { AnySession } from '../../src/index.ts'
import { connect } from '../support/client.ts'
import { inspectedServer, openPage } from './support.ts'

t.test('a watched session shows kinds and sizes, and nothing while no page asks', async (t) => {
  const server = await inspectedServer(t)
  const client = await connect(server, 'websocket')
  const session = await server.session() as AnySession
  await client.send('before')
  await client.messages(1)
  const page = await openPage(server)
  const watch = async (after = 0) => (await page.ask({ name: 'watch', node: '', session: session.id, after })).result
  t.equal(session.watcher, null, 'a session that nobody watches has no watcher')
  await page.rows('sessions')
  t.equal((await page.ask({ name: 'watch', node: '', session: session.id, after: 0 })).failure, undefined)
  await client.send('hällo', 'two')
  await client.messages(2)
  const news = await watch()
  t.match(news, {
    messages: [{ number: 1, direction: 'in', kind: 'message', bytes: 6 }, { direction: 'in', bytes: 3 }, { direction: 'out', bytes: 6 }, { number: 4, direction: 'out', bytes: 3 }],
    counts: { in: 2, out: 2, bytesIn: 9, bytesOut: 9 },
    skipped: 0
  })
  t.notOk(news.messages.some((message: object) => 'text' in message), 'bodies are not shown without the option')
  t.strictSame((await watch(3)).messages.map(({ number }: { number: number }) => number), [4])
  t.not(session.watcher, null)
  server.clock.advance(6_000)
  t.equal(session.watcher, null, 'the watch ends when no page asks any more')
})

t.test('the sample bounds the messages that are shown in a second, and all are counted', async (t) => {
  const server = await inspectedServer(t, { inspector: { open: true, sample: 3, bodies: true } })
  const client = await connect(server, 'websocket')
  const session = await server.session() as AnySession
  const page = await openPage(server)
  await page.rows('sessions')
  const watch = async () => (await page.ask({ name: 'watch', node: '', session: session.id, after: 0 })).result
  await watch()
  await client.send('1', '2', '3', '4', '5')
  await client.messages(5)
  t.match(await watch(), { messages: [{ text: '1' }, { text: '2' }, { text: '3' }], counts: { in: 5, out: 5 }, skipped: 7 })
  server.clock.advance(1_000)
  await client.send('x'.repeat(5_000))
  await client.messages(1)
  const { messages } = await watch()
  t.equal(messages.length, 5)
  t.equal(messages.at(-1).text.length, 1_024, 'a long message is cut')
  session.close()
  await client.ended
})

t.test('many pages share a watch, and the number of watched sessions has a bound', async (t) => {
  const server = await inspectedServer(t)
  const pages = [await openPage(server), await openPage(server)]
  const clients = await Promise.all(Array.from({ length: 51 }, () => connect(server, 'websocket')))
  const { rows } = (await pages[0]!.rows('sessions', { count: 60 })).result
  t.equal(rows.length, clients.length)
  let refused = 0
  for (const [i, { id }] of rows.entries()) {
    if (i % 25 === 0) server.clock.advance(1_000)
    const answer = await pages[i % 2]!.ask({ name: 'watch', node: '', session: id, after: 0 })
    if (answer.failure !== undefined) refused++
  }
  t.equal(refused, 1)
  t.match(await pages[1]!.ask({ name: 'watch', node: '', session: rows[0].id, after: 0 }), { result: { messages: [] } })
})

t.test('the server stops all watches as it closes', async (t) => {
  const server = await inspectedServer(t)
  await connect(server, 'websocket')
  const session = await server.session() as AnySession
  const page = await openPage(server)
  await page.rows('sessions')
  await page.ask({ name: 'watch', node: '', session: session.id, after: 0 })
  await server.stop()
  t.equal(session.watcher, null)
})

t.test('a STOMP frame shows its command, and the headers that hold no secret', async (t) => {
  const connect = 'CONNECT\naccept-version:1.2\nlogin:kim\npasscode:S3CRET\nAuthorization:Bearer S3CRET\nheart-beat:0,0\n\n\0'
  t.strictSame(showFrame(connect, false), { kind: 'CONNECT', bytes: connect.length })
  t.strictSame(showFrame(connect, true).text, 'accept-version:1.2\nlogin:(not shown)\npasscode:(not shown)\nAuthorization:(not shown)\nheart-beat:0,0\n\n')
  t.strictSame(showFrame('SEND\ndestination:/queue/x\ntoken:S3CRET\n\nhello\0', true).text, 'destination:/queue/x\ntoken:(not shown)\n\nhello')
  t.strictSame(showFrame('\n', true), { kind: 'heart-beat', bytes: 1 })
  t.strictSame(showFrame(Buffer.from('\n\nMESSAGE\r\nmessage-id:1\r\nsecret:S3CRET\r\n\r\nbytes\0'), true).text, 'message-id:1\nsecret:(not shown)\n\nbytes')
})

t.test('no secret comes out of frames that are cut, joined or malformed', async (t) => {
  const frame = 'CONNECT\nlogin:kim\npasscode:S3CRET\n\n\0'
  for (let at = 1; at < frame.length; at++) {
    for (const part of [frame.slice(0, at), frame.slice(at)]) t.notMatch(JSON.stringify(showFrame(part, true)), /S3CRET/, JSON.stringify(part))
  }
  for (const text of [
    `SEND\ndestination:/a\n\nbody\0${frame}`, 'passcode:S3CRET\n\nx\0', 'SEND\npasscode : S3CRET\n\n\0', 'SEND\n passcode:S3CRET\n\n\0', 'SEND\npasscode\\c:S3CRET\n\n\0', 'SEND\nPASSCODE:S3CRET\n\n\0',
    'SEND\r\npasscode:S3CRET\r\n\r\n\0', 'SEND\nS3CRET\n\n\0', 'S3CRET\n\n\0', `WHAT\n\n${frame}`, 'SEND\ndestination:/a\r\rpasscode:S3CRET\n\n\0', 'CONNECT\nhost:a\nhost\0:S3CRET\n\n\0'
  ]) t.notMatch(JSON.stringify(showFrame(text, true)), /S3CRET/, JSON.stringify(text))
  t.strictSame(showMessage(new Uint8Array(3), true), { kind: 'message', bytes: 3, text: '3 bytes that are not text' })
})
