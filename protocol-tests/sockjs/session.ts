import { nextFrame, receive } from '../client/session.ts'
import type { HttpSession } from '../client/session.ts'
import { httpTransports, sessionTransports } from '../client/transports.ts'
import type { HttpTransport } from '../client/transports.ts'
import { expectBody, expectStatus } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectThat } from '../runner/expect.ts'
import type { Context, Pending } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'

export const busy = 'c[2010,"Another connection still open"]'
export const interrupted = 'c[1002,"Connection interrupted"]'
export const goAway = 'c[3000,"Go away!"]'

/** A receiver that has nothing to deliver and therefore stays. */
export async function waitingReceiver (t: Context, session: HttpSession): Promise<Pending> {
  const { method, polling } = session.envelope
  if (polling) {
    const pending = await t.begin(method, session.receiveUrl)
    await t.expectSilence(pending.wire, 'a poll with nothing to deliver')
    return pending
  }
  const response = session.response
  return { wire: response.wire, response: async () => response }
}

/** One more receiver: the single frame that it gets before its response ends. */
async function onlyFrame (session: HttpSession): Promise<string> {
  const incoming = await session.receiver()
  const chunk = await incoming.chunk('the only frame')
  const frame = session.envelope.unwrap(chunk ?? Buffer.alloc(0))
  expectEqual(await incoming.chunk('the end'), undefined, `what follows ${frame} on ${incoming.request}`)
  return frame
}

async function frameAfterAbort (t: Context, session: HttpSession, milliseconds: number): Promise<string> {
  const deadline = Date.now() + milliseconds
  for (;;) {
    const incoming = await session.receiver()
    const frame = session.envelope.unwrap(await incoming.chunk('the first frame') ?? Buffer.alloc(0))
    incoming.abort()
    if (frame !== busy || Date.now() > deadline) return frame
    await t.sleep(20)
  }
}

function abortCase (transport: HttpTransport, how: 'destroy' | 'reset'): Case {
  return {
    id: `SESSION-6.${transport}.${how === 'destroy' ? 'fin' : 'rst'}`,
    title: `${transport}: a client that goes away (${how === 'destroy' ? 'FIN' : 'RST'}) is noticed at once`,
    level: 'S',
    transport,
    async run (t) {
      const session = await t.opened('/echo', transport)
      const { wire } = await waitingReceiver(t, session)
      wire[how]()
      const frame = await frameAfterAbort(t, session, 1000)
      expectThat(frame === 'o' || frame === interrupted, 'the frame for the next receiver, within a second', `o or ${interrupted}`, frame)
    }
  }
}

const cases: Case[] = [
  ...httpTransports.map((transport): Case => ({
    id: `SESSION-1.${transport}`,
    title: `${transport}: an unknown id opens a session, and its first frame is o`,
    level: 'S',
    transport,
    run: async (t) => await t.httpSession('/echo', transport).start()
  })),
  {
    id: 'SESSION-2',
    title: 'xhr_send to an unknown session is 404',
    level: 'S',
    transport: 'xhr',
    run: async (t) => expectStatus(await t.post(`${t.sessionPath('/echo')}/xhr_send`, '["x"]'), 404)
  },
  ...httpTransports.map((transport): Case => ({
    id: `SESSION-3.${transport}`,
    title: `${transport}: a second receiver is turned away with 2010, and the first one stays`,
    level: 'S',
    transport,
    async run (t) {
      const session = await t.opened('/echo', transport)
      const first = await waitingReceiver(t, session)
      expectBytes(await onlyFrame(session), busy, 'the frame for the second receiver')
      await session.send('x')
      const chunk = await (await first.response()).chunk('the next frame')
      expectBytes(session.envelope.unwrap(chunk ?? Buffer.alloc(0)), 'a["x"]', 'the frame for the first receiver')
    }
  })),
  ...httpTransports.map((transport): Case => ({
    id: `SESSION-4.${transport}`,
    title: `${transport}: after the server has closed, every receiver gets the same c frame`,
    level: 'S',
    needs: ['/close'],
    transport,
    async run (t) {
      const session = await t.opened('/close', transport)
      expectBytes(await session.frame(), goAway, 'the frame after o')
      for (let again = 0; again < 3; again += 1) expectBytes(await onlyFrame(session), goAway, 'the frame for a later receiver')
    }
  })),
  ...(['xhr_streaming', 'eventsource', 'htmlfile'] as const).map((transport): Case => ({
    id: `SESSION-5.${transport}`,
    title: `${transport}: a closing session sends prelude, o, the c frame, and ends; a new request gets the c frame too`,
    level: 'S',
    needs: ['/close'],
    transport,
    async run (t) {
      const session = await t.opened('/close', transport)
      const { response } = session
      expectBytes(await session.frame(), goAway, 'the frame after o')
      expectEqual(await response.chunk('the end'), undefined, 'what follows the c frame')
      expectBytes(await onlyFrame(session), goAway, 'the frame for a new request')
    }
  })),
  ...httpTransports.map((transport) => abortCase(transport, 'destroy')),
  ...httpTransports.map((transport) => abortCase(transport, 'reset')),
  ...httpTransports.map((transport): Case => ({
    id: `SESSION-7.${transport}`,
    title: `${transport}: after an abort every receiver gets 1002 until the disconnect delay ends, then the id is new`,
    level: 'D',
    needs: ['/quick'],
    also: ['SESSION-20'],
    transport,
    async run (t) {
      const session = await t.opened('/quick', transport)
      const { method, polling } = session.envelope
      const receiver = polling ? await t.begin(method, session.receiveUrl) : session.response
      await t.sleep(60)
      receiver.wire.destroy()
      expectBytes(await frameAfterAbort(t, session, 300), interrupted, 'the frame for the next receiver')
      expectBytes(await onlyFrame(session), interrupted, 'the frame for the one after it')
      await t.sleep(900)
      expectBytes(await frameAfterAbort(t, session, 0), 'o', 'the first frame after the disconnect delay')
    }
  })),
  ...sessionTransports.map((transport): Case => ({
    id: `SESSION-12.${transport}`,
    title: `${transport}: messages sent before a close arrive before the c frame`,
    level: 'D',
    needs: ['/farewell'],
    transport,
    async run (t) {
      const session = await t.session('/farewell', transport)
      expectEqual(await receive(session, 2), ['one', 'two'], 'the messages before the close')
      expectBytes(await nextFrame(session), 'c[3001,"bye"]', 'the frame after the messages')
    }
  })),
  ...httpTransports.map((transport): Case => ({
    id: `SESSION-12.${transport}.repeat`,
    title: `${transport}: the c frame after queued messages is repeated to later receivers, the messages are not`,
    level: 'D',
    needs: ['/farewell'],
    also: ['SESSION-13'],
    transport,
    async run (t) {
      const session = await t.opened('/farewell', transport)
      await receive(session, 2)
      await nextFrame(session)
      expectBytes(await onlyFrame(session), 'c[3001,"bye"]', 'the frame for a later receiver')
    }
  })),
  {
    id: 'SESSION-12.ignored',
    title: 'xhr_send to a session that is closing is 204, and its messages are dropped',
    level: 'D',
    transport: 'xhr',
    needs: ['/close'],
    async run (t) {
      const session = await t.opened('/close', 'xhr')
      await session.send('late')
      expectBytes(await session.frame(), goAway, 'the next frame')
    }
  },
  ...httpTransports.flatMap((transport) => httpTransports.filter((other) => other !== transport).map((other): Case => ({
    id: `SESSION-16.${transport}.${other}`,
    title: `a session of ${transport} is not there for ${other}`,
    level: 'D',
    transport,
    async run (t) {
      const session = await t.opened('/echo', transport)
      const stranger = t.httpSession('/echo', other)
      expectStatus(await t.open(stranger.envelope.method, `${session.path}/${other}${stranger.envelope.query}`), 404)
      await session.send('still here')
      expectEqual(await receive(session, 1), ['still here'], 'the messages of the session')
    }
  }))),
  ...(['xhr', 'jsonp'] as const).map((transport): Case => ({
    id: `SESSION-16.${transport}.send`,
    title: `a session of ${transport} takes no messages from the sender of the other family`,
    level: 'D',
    transport,
    async run (t) {
      const session = await t.opened('/echo', transport)
      const answer = transport === 'xhr'
        ? await t.post(`${session.path}/jsonp_send`, 'd=%5B%22x%22%5D', { 'Content-Type': 'application/x-www-form-urlencoded' })
        : await t.post(`${session.path}/xhr_send`, '["x"]')
      expectStatus(answer, 404)
      await session.send('mine')
      expectEqual(await receive(session, 1), ['mine'], 'the messages of the session')
    }
  })),
  {
    id: 'SESSION-18',
    title: 'a client whose address changes keeps its session',
    level: 'D',
    transport: 'xhr',
    async run (t) {
      if (t.target.host !== '127.0.0.1' && t.target.host !== 'localhost') t.notApplicable('only a server on 127.0.0.1 can be reached from two addresses')
      const path = t.sessionPath('/echo')
      const request = { localAddress: '127.0.0.2' }
      const elsewhere = await t.begin('POST', `${path}/xhr`, request).catch(() => t.notApplicable('this machine has no second loopback address'))
      expectBody(await (await elsewhere.response()).complete(), 'o\n')
      expectStatus(await t.post(`${path}/xhr_send`, '["x"]'), 204)
      expectBody(await t.post(`${path}/xhr`), 'a["x"]\n')
    }
  },
  {
    id: 'SESSION-19',
    title: 'two WebSockets with one session id are two sessions',
    level: 'S',
    transport: 'websocket',
    also: ['WS-16'],
    async run (t) {
      const path = `${t.sessionPath('/echo')}/websocket`
      const [left, right] = [t.webSocket(path), t.webSocket(path)]
      for (const socket of [left, right]) expectEqual(await socket.message('the o frame'), 'o', 'the first frame')
      left.send('["left"]')
      right.send('["right"]')
      expectEqual(await left.message(), 'a["left"]', 'the echo on the first')
      expectEqual(await right.message(), 'a["right"]', 'the echo on the second')
      expectEqual([left.unread, right.unread], [[], []], 'further messages')
    }
  },
  ...(['xhr', 'websocket'] as const).map((transport): Case => ({
    id: `SESSION-22.${transport}`,
    title: `${transport}: a handler that throws closes its session with 1011, and the error stays inside`,
    level: 'D',
    needs: ['/throw'],
    transport,
    async run (t) {
      const session = await t.session('/throw', transport)
      await session.send('fine')
      expectEqual(await receive(session, 1), ['fine'], 'the messages before the error')
      await session.send('throw')
      const frame = await nextFrame(session)
      const [code, reason]: unknown[] = frame.startsWith('c[') ? JSON.parse(frame.slice(1)) : []
      expectEqual(code, 1011, `the code of ${frame}`)
      expectThat(typeof reason === 'string' && !/throw|\.ts|\.js|\n/.test(reason), 'the reason', 'nothing about the error', reason)
      await t.expectAlive('/throw')
    }
  }))
]

export const session: Section = { name: 'session', title: 'Session rules', source: 'HandlingClose', cases }
