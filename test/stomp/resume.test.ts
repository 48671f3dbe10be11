import t, { type Test } from 'tap'
import type { AnySession } from '../../src/sockjs/session/index.ts'
import { readToken, RESUMABLE, type ResumableTransport, TestLink } from '../support/resuming-client.ts'
import { until } from '../support/wait.ts'
import { buildStomp, type StompTestServer } from './support.ts'

const HEART_BEATS = 'heart-beat:1000,1000'

interface Client {
  readonly link: TestLink
  readonly token: string
  /** The next message of the server; heart-beats and confirmations are left out. */
  message (): Promise<string>
}

async function connect (t: Test, server: StompTestServer, transport: ResumableTransport, resume: string): Promise<Client> {
  const link = TestLink.open(transport, { port: server.port, path: '/stomp', resume })
  t.teardown(() => link.cut())
  t.equal(await link.next(), 'o')
  const { token } = readToken(await link.next())
  const waiting: string[] = []
  const message = async (): Promise<string> => {
    for (;;) {
      const next = waiting.shift()
      if (next !== undefined && next !== '\n') return next
      if (next !== undefined) continue
      const frame = await link.next()
      if (frame.startsWith('a')) waiting.push(...JSON.parse(frame.slice(1)) as string[])
    }
  }
  return { link, token, message }
}

function messagesIn (link: TestLink): string[] {
  return link.frames.all.filter((frame) => frame.startsWith('a')).flatMap((frame) => JSON.parse(frame.slice(1)) as string[])
}

for (const from of RESUMABLE) {
  const to = RESUMABLE[(RESUMABLE.indexOf(from) + 1) % RESUMABLE.length]!
  t.test(`a STOMP session keeps its subscriptions, transactions and receipts: ${from} to ${to}`, async (t) => {
    const server = await buildStomp(t, { listen: true, stomp: { endpoint: { resume: true } } })
    const first = await connect(t, server, from, '1')
    await first.link.send(`CONNECT\naccept-version:1.2\n${HEART_BEATS}\n\n\0`)
    t.match(await first.message(), /^CONNECTED\n/)
    await first.link.send('SUBSCRIBE\nid:a\ndestination:/topic/a\nreceipt:s\n\n\0')
    t.equal(await first.message(), 'RECEIPT\nreceipt-id:s\n\n\0')
    await first.link.send('BEGIN\ntransaction:tx\n\n\0', 'SEND\ndestination:/topic/a\ntransaction:tx\n\nin the transaction\0')
    const [session] = [...server.app.sockjs.endpoints.get('/stomp')!.sessions] as [AnySession]
    await until(() => session.resumption!.received === 4, 'the frames are here')
    first.link.cut()
    await until(() => {
      if (session.output.receiver === null && !session.suspended) server.clock.advance(5_100)
      return session.suspended
    }, 'the session is suspended')

    // Longer than the heart-beats allow.
    server.clock.advance(30_000)
    await server.stomp.publish('/topic/a', 'while the client was away')
    t.equal(server.stomp.sessions.size, 1)
    const got = messagesIn(first.link)
    const second = await connect(t, server, to, `${first.token}.${got.length}`)
    t.match(await second.message(), /\n\n"?while the client was away"?\0$/)
    t.notOk(messagesIn(second.link).filter((message) => message === '\n').length > 1, 'no heart-beats have piled up')
    await second.link.send('COMMIT\ntransaction:tx\nreceipt:c\n\n\0')
    const answers = [await second.message(), await second.message()]
    t.ok(answers.some((answer) => answer.endsWith('\n\nin the transaction\0')))
    t.ok(answers.includes('RECEIPT\nreceipt-id:c\n\n\0'))
    t.equal([...server.stomp.sessions.values()][0]!.transport, to)

    // The deadline of the client's heart-beats begins anew. A poll must be there again before time goes on.
    await until(() => session.output.receiver !== null, 'the receiver')
    server.clock.advance(1_500)
    t.equal(server.stomp.sessions.size, 1)
    await until(() => session.output.receiver !== null, 'the receiver')
    server.clock.advance(60_000)
    await until(() => server.stomp.sessions.size === 0, 'a client that stays silent loses its session')
    t.strictSame(server.failures, [])
  })
}
