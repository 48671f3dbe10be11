import { HttpSession, messagesOf, nextFrame, receive, WebSocketSession } from '../client/session.ts'
import type { ClientSession } from '../client/session.ts'
import type { Context } from '../runner/context.ts'
import { expectEqual, expectMatch, expectThat } from '../runner/expect.ts'
import type { Case, Section } from '../types.ts'

const endpoint = '/resumable'

/** The transports over which a session can be resumed. */
const transports = ['websocket', 'xhr_streaming', 'eventsource', 'xhr'] as const
type ResumableTransport = typeof transports[number]

/** The same without the one that sends on its connection. */
const overHttp = ['xhr_streaming', 'eventsource', 'xhr'] as const

/** A token that no server has given. */
const unknown = 'AAAAAAAAAAAAAAAAAAAAAA'

/** A session over HTTP whose first request has a query, and whose later ones may confirm messages. */
class ResumingSession extends HttpSession {
  query = ''

  override get receiveUrl (): string { return super.receiveUrl + this.query }
}

/** One connection of a session that can be resumed. */
interface Link {
  readonly session: ClientSession
  /** The path of the session, without the transport. */
  readonly path: string
  confirm: (count: number) => Promise<void>
}

async function within (t: Context): Promise<number> {
  const { resume } = JSON.parse((await t.get(`${endpoint}/info`)).body.toString('utf8')) as { resume?: unknown }
  if (resume === undefined) return t.notApplicable('the server does not resume sessions: /info has no resume')
  return resume as number
}

/** Connects, and reads `o`; a poll that is refused has none. */
async function connect (t: Context, transport: ResumableTransport, resume: string, greets = true): Promise<Link> {
  const path = t.sessionPath(endpoint)
  if (transport === 'websocket') {
    const session = new WebSocketSession(t.webSocket(`${path}/websocket?resume=${resume}`))
    await session.start()
    return { session, path, confirm: async (count) => session.socket.send(`r${count}`) }
  }
  const session = new ResumingSession(t, path, transport)
  session.query = `?resume=${resume}`
  if (greets) await session.start()
  session.query = ''
  return {
    session,
    path,
    async confirm (count) {
      session.query = `?r=${count}`
      expectEqual((await t.post(`${path}/xhr_send?r=${count}`, '[]')).status, 204, 'the status of a send that only confirms')
    }
  }
}

interface Greeting {
  readonly token: string
  readonly count: number
}

/** Reads the frame with the token. */
async function greeting ({ session }: Link): Promise<Greeting> {
  const frame = await nextFrame(session)
  expectMatch(frame, /^r\["[\w-]{22}",(?:0|[1-9]\d*)\]$/, 'the frame behind o')
  const [token, count] = JSON.parse(frame.slice(1)) as [string, number]
  return { token, count }
}

async function begin (t: Context, transport: ResumableTransport): Promise<{ link: Link, token: string }> {
  await within(t)
  const link = await connect(t, transport, '1')
  const { token, count } = await greeting(link)
  expectEqual(count, 0, 'the count of a new session')
  return { link, token }
}

async function resume (t: Context, transport: ResumableTransport, token: string, count: number): Promise<{ link: Link } & Greeting> {
  const link = await connect(t, transport, `${token}.${count}`)
  return { link, ...await greeting(link) }
}

/** The answer to a claim that cannot be met. */
async function expectRefused (t: Context, transport: ResumableTransport, token: string, count = 0): Promise<void> {
  const { session } = await connect(t, transport, `${token}.${count}`, transport !== 'xhr')
  if (transport === 'xhr') (session as ResumingSession).query = `?resume=${token}.${count}`
  expectEqual(await session.frame(), 'r[]', 'the frame')
  if (transport !== 'xhr') expectMatch(await session.frame(), /^c\[1002,/, 'the frame behind r[]')
}

/** Brings messages to the server, and waits until their echoes are on their way or lost. */
async function sendAndCut (t: Context, { session }: Link, ...messages: string[]): Promise<void> {
  await session.send(...messages)
  await t.sleep(50)
  session.abandon()
}

const each = (list: readonly ResumableTransport[], id: string, title: string, run: (t: Context, transport: ResumableTransport) => Promise<void>, more: Partial<Case> = {}): Case[] =>
  list.map((transport): Case => ({ id: `${id}.${transport}`, title: `${transport}: ${title}`, level: 'D', needs: [endpoint], transport, run: (t) => run(t, transport), ...more }))

const cases: Case[] = [
  {
    id: 'RESUME-1',
    title: 'info names the milliseconds within which a session can be resumed',
    level: 'D',
    needs: [endpoint],
    async run (t) {
      const resume: unknown = await within(t)
      expectThat(Number.isSafeInteger(resume) && resume as number > 0, 'resume', 'a positive integer', resume)
    }
  },
  ...each(transports, 'RESUME-2', 'a client that asks gets its token behind o, in a frame of its own', async (t, transport) => {
    const { link: { session } } = await begin(t, transport)
    await session.send('a')
    expectEqual(messagesOf(await nextFrame(session)), ['a'], 'the messages behind the token')
  }),
  ...each(transports, 'RESUME-3', 'a client that does not ask gets no r frame', async (t, transport) => {
    await within(t)
    const session = await t.session(endpoint, transport)
    await session.send('a')
    expectEqual(await nextFrame(session), 'a["a"]', 'the frame behind o')
  }),
  ...each(transports, 'RESUME-4', 'after a cut, the session goes on with the messages that the client has not got', async (t, transport) => {
    const { link, token } = await begin(t, transport)
    await link.session.send('one')
    expectEqual(await receive(link.session, 1), ['one'], 'the first echo')
    await sendAndCut(t, link, 'two', 'three')
    const next = await resume(t, transport, token, 1)
    expectThat(next.token !== token, 'the new token', 'another one', next.token)
    expectEqual(await receive(next.link.session, 2), ['two', 'three'], 'the messages that were lost')
    await next.link.session.send('four')
    expectEqual(await receive(next.link.session, 1), ['four'], 'the echo over the new connection')
  }),
  ...each(transports, 'RESUME-5', 'the server says how many messages of the client it has, over all connections', async (t, transport) => {
    const { link, token } = await begin(t, transport)
    await sendAndCut(t, link, 'one', 'two')
    const second = await resume(t, transport, token, 0)
    expectEqual(second.count, 2, 'the count')
    await sendAndCut(t, second.link, 'three')
    expectEqual((await resume(t, transport, second.token, 0)).count, 3, 'the count of the third connection')
  }),
  ...each(transports, 'RESUME-6', 'the server confirms 64 messages before it sends newer ones', async (t, transport) => {
    const { link: { session } } = await begin(t, transport)
    await session.send(...Array.from({ length: 64 }, (_, index) => `${index}`))
    for (let at = 0; at < 4; at++) if ((await nextFrame(session)) === 'r[64]') return
    expectThat(false, 'the next four frames', 'r[64] among them', 'none')
  }),
  ...each(transports, 'RESUME-7', 'a token is used up when the client confirms over the next connection', async (t, transport) => {
    const { link, token } = await begin(t, transport)
    link.session.abandon()
    const next = await resume(t, transport, token, 0)
    await next.link.confirm(0)
    await t.sleep(50)
    await expectRefused(t, transport, token)
    await next.link.session.send('alive')
    expectEqual(await receive(next.link.session, 1), ['alive'], 'the echo over the connection that lives')
  }),
  ...each(transports, 'RESUME-8', 'an unknown token is refused with r[]', async (t, transport) => {
    await within(t)
    await expectRefused(t, transport, unknown)
  }),
  ...each(transports, 'RESUME-9', 'a token stays valid while the answer to it may be lost', async (t, transport) => {
    const { link, token } = await begin(t, transport)
    await sendAndCut(t, link, 'one')
    const lost = await connect(t, transport, `${token}.0`)
    lost.session.abandon()
    const next = await resume(t, transport, token, 0)
    expectEqual(await receive(next.link.session, 1), ['one'], 'the message that was lost twice')
  }),
  ...each(['websocket', 'xhr_streaming', 'eventsource'], 'RESUME-10', 'the new connection takes the place of one that still stands', async (t, transport) => {
    const { link, token } = await begin(t, transport)
    await resume(t, transport, token, 0)
    expectMatch(await nextFrame(link.session), /^c\[2010,/, 'the last frame of the first connection')
  }),
  ...each(overHttp, 'RESUME-11', 'requests with the old id get 404, and their messages are not taken', async (t, transport) => {
    const { link, token } = await begin(t, transport)
    link.session.abandon()
    const next = await resume(t, transport, token, 0)
    expectEqual((await t.post(`${link.path}/xhr_send?r=0`, '["late"]')).status, 404, 'the status of a late send')
    expectEqual((await t.post(`${link.path}/xhr?r=0`)).status, 404, 'the status of a late poll')
    await next.link.session.send('new')
    expectEqual(await receive(next.link.session, 1), ['new'], 'the echo')
  }),
  ...each(overHttp, 'RESUME-12', 'close=1 in the query of a send ends the session', async (t, transport) => {
    const { link, token } = await begin(t, transport)
    expectEqual((await t.post(`${link.path}/xhr_send?close=1`, '[]')).status, 204, 'the status of the last send')
    await expectRefused(t, transport, token)
  }),
  ...each(transports, 'RESUME-13', 'a count of messages that were never sent is refused', async (t, transport) => {
    const { link, token } = await begin(t, transport)
    link.session.abandon()
    await expectRefused(t, transport, token, 1)
    await resume(t, transport, token, 0)
  }),
  ...each(transports, 'RESUME-14', 'a session ends when its client does not come back in time', async (t, transport) => {
    const milliseconds = await within(t)
    if (milliseconds > 6_000) return t.notApplicable(`the server waits ${milliseconds} ms`)
    const { link, token } = await begin(t, transport)
    link.session.abandon()
    // A poll that does not come is noticed after the disconnect delay.
    await t.sleep(milliseconds + (transport === 'xhr' ? 6_500 : 1_500))
    await expectRefused(t, transport, token)
  }, { patience: 14_000 }),
  ...transports.flatMap((from) => transports.filter((to) => to !== from).map((to): Case => ({
    id: `RESUME-15.${from}-${to}`,
    title: `a session goes on from ${from} to ${to}`,
    level: 'D',
    needs: [endpoint],
    transport: to,
    async run (t) {
      const { link, token } = await begin(t, from)
      await sendAndCut(t, link, 'one')
      const next = await resume(t, to, token, 0)
      expectEqual(await receive(next.link.session, 1), ['one'], 'the message that was lost')
      await next.link.session.send('two')
      expectEqual(await receive(next.link.session, 1), ['two'], 'the echo over the new transport')
    }
  })))
]

export const resumed: Section = {
  name: 'resume',
  title: 'Resumed sessions',
  source: 'PROTOCOL.md, Resumed sessions',
  cases
}
