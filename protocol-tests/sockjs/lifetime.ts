import { nextFrame, receive } from '../client/session.ts'
import { httpTransports, sessionTransports } from '../client/transports.ts'
import { expectBody, expectStatus } from '../runner/checks.ts'
import { expectEqual, expectThat } from '../runner/expect.ts'
import { Journal, journalNames } from './journal.ts'
import type { JournalEntry } from './journal.ts'
import { waitingReceiver } from './session.ts'
import type { HttpSession } from '../client/session.ts'
import type { Context } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'

const quickDelay = 500
/** What the scheduling of two processes on a busy machine may add. */
const slack = 450

/** Milliseconds until `xhr_send` finds the session gone; sending does not keep a session alive. */
async function lifeOf (t: Context, session: HttpSession, from: number, limit: number, step: number): Promise<number> {
  for (;;) {
    const { status } = await t.post(session.sendUrl, '[]')
    const after = Date.now() - from
    if (status === 404) return after
    expectThat(after < limit, 'the session without a receiver', `gone within ${limit} ms`, `still there after ${after} ms`)
    await t.sleep(step)
  }
}

function expectBetween (value: number, least: number, most: number, what: string): void {
  expectThat(value >= least && value <= most, what, `${least} to ${most} ms`, `${value} ms`)
}

function expectEnd (end: JournalEntry, expected: Partial<JournalEntry>): void {
  const seen = Object.fromEntries(Object.keys(expected).map((key) => [key, end[key as keyof JournalEntry]]))
  expectEqual(seen, expected, 'the close event')
}

const journalled = { needs: ['/quick', '/journal'], alone: true, level: 'D', patience: 4000 } as const

const cases: Case[] = [
  {
    id: 'SESSION-9',
    title: 'a session without a receiver ends after the default disconnect delay of five seconds',
    level: 'P',
    transport: 'xhr',
    patience: 11_000,
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      expectBetween(await lifeOf(t, session, Date.now(), 11_000, 100), 4900, 10_500, 'the life of a session without a receiver')
    }
  },
  ...(['xhr', 'jsonp'] as const).map((transport): Case => ({
    id: `SESSION-9.${transport}`,
    title: `${transport}: a session without a receiver ends after its disconnect delay, not earlier and not much later`,
    level: 'D',
    needs: ['/quick'],
    transport,
    async run (t) {
      const session = await t.opened('/quick', transport)
      expectBetween(await lifeOf(t, session, Date.now(), 3000, 20), quickDelay - 30, quickDelay + slack, 'the life of a session without a receiver')
    }
  })),
  {
    id: 'SESSION-9.stream',
    title: 'a stream that reached its limit leaves a session that ends after its disconnect delay',
    level: 'D',
    needs: ['/quick'],
    transport: 'xhr_streaming',
    async run (t) {
      const session = await t.opened('/quick', 'xhr_streaming')
      const { response } = session
      await session.send('x'.repeat(140_000))
      await receive(session, 1)
      expectEqual(await response.chunk('the end'), undefined, 'what follows the response limit')
      expectBetween(await lifeOf(t, session, Date.now(), 3000, 20), quickDelay - 30, quickDelay + slack, 'the life of a session without a receiver')
    }
  },
  {
    id: 'SESSION-10',
    title: 'the disconnect delay counts from the last receiver',
    level: 'P',
    transport: 'xhr',
    needs: ['/quick'],
    async run (t) {
      const session = await t.opened('/quick', 'xhr')
      await t.sleep(200)
      await session.send('x')
      expectEqual(await receive(session, 1), ['x'], 'the messages of the session')
      expectBetween(await lifeOf(t, session, Date.now(), 3000, 20), quickDelay - 30, quickDelay + slack, 'the life after the last receiver')
    }
  },
  {
    id: 'SESSION-20',
    title: 'after its delay a session is forgotten: the next poll opens a new one',
    level: 'C',
    transport: 'xhr',
    needs: ['/quick'],
    async run (t) {
      const session = await t.opened('/quick', 'xhr')
      await t.sleep(quickDelay + 600)
      expectStatus(await t.post(session.sendUrl, '["x"]'), 404)
      expectBody(await t.post(session.receiveUrl), 'o\n')
    }
  },
  {
    id: 'SESSION-4.ends',
    title: 'the c frame is repeated only until the disconnect delay ends',
    level: 'D',
    transport: 'xhr',
    needs: ['/close'],
    patience: 11_000,
    async run (t) {
      const session = await t.opened('/close', 'xhr')
      expectEqual(await session.frame(), 'c[3000,"Go away!"]', 'the frame after o')
      const closed = Date.now()
      await t.sleep(4000)
      expectEqual(await session.frame(), 'c[3000,"Go away!"]', 'the frame after four seconds')
      while (Date.now() - closed < 10_500) {
        if ((await session.frame()) === 'o') return
        await t.sleep(200)
      }
      expectThat(false, 'a poll 10.5 s after the close', 'o', 'the c frame')
    }
  },
  ...httpTransports.map((transport): Case => ({
    ...journalled,
    id: `SESSION-8.${transport}`,
    title: `${transport}: an abort is one close event, 1002, at once`,
    also: ['SESSION-14', 'SESSION-6'],
    transport,
    async run (t) {
      const journal = await Journal.watch(t, '/quick')
      const session = await t.opened('/quick', transport)
      const { wire } = await waitingReceiver(t, session)
      wire.destroy()
      expectEnd(await journal.only(quickDelay - 100), { transport: journalNames[transport], code: 1002, reason: 'Connection interrupted', undelivered: 0 })
    }
  })),
  {
    ...journalled,
    id: 'SESSION-14.delay',
    title: 'the end of the disconnect delay is one close event that counts the undelivered messages',
    also: ['SESSION-8', 'SESSION-9'],
    transport: 'xhr',
    async run (t) {
      const journal = await Journal.watch(t, '/quick')
      const session = await t.opened('/quick', 'xhr')
      await session.send('one', 'two')
      await session.send('three')
      expectEnd(await journal.only(quickDelay + slack), { transport: journalNames.xhr, undelivered: 3 })
    }
  },
  {
    ...journalled,
    id: 'SESSION-14.client',
    title: 'a WebSocket that its client closes is one clean close event',
    transport: 'websocket',
    async run (t) {
      const journal = await Journal.watch(t, '/quick')
      const socket = t.webSocket(`${t.sessionPath('/quick')}/websocket`)
      expectEqual(await socket.message(), 'o', 'the first frame')
      socket.close(4321, 'enough')
      expectEnd(await journal.only(1000), { transport: 'websocket', clean: true, undelivered: 0 })
    }
  },
  {
    ...journalled,
    id: 'SESSION-14.cut',
    title: 'a WebSocket whose connection is cut is one close event, not clean, at once',
    transport: 'websocket',
    async run (t) {
      const journal = await Journal.watch(t, '/quick')
      const socket = await t.wireSocket(`${t.sessionPath('/quick')}/websocket`)
      expectEqual(await socket.data(), 'o', 'the first frame')
      socket.wire.reset()
      expectEnd(await journal.only(quickDelay - 100), { transport: 'websocket', clean: false })
    }
  },
  {
    ...journalled,
    id: 'SESSION-14.raw',
    title: 'a raw WebSocket that its client closes is one clean close event',
    transport: 'raw-websocket',
    async run (t) {
      const journal = await Journal.watch(t, '/quick')
      const socket = await t.webSocket('/quick/websocket').open()
      socket.close(4321, 'enough')
      expectEnd(await journal.only(1000), { transport: 'websocket-raw', clean: true, undelivered: 0 })
    }
  },
  {
    ...journalled,
    id: 'SESSION-14.raw.server',
    title: 'a raw WebSocket that the server closes is one clean close event with its code and reason',
    needs: ['/farewell', '/journal'],
    also: ['SESSION-13'],
    patience: 12_000,
    transport: 'raw-websocket',
    async run (t) {
      const journal = await Journal.watch(t, '/farewell', 200)
      await t.webSocket('/farewell/websocket').closed()
      expectEnd(await journal.only(2000), { transport: 'websocket-raw', code: 3001, reason: 'bye', clean: true, undelivered: 0 })
    }
  },
  ...sessionTransports.map((transport): Case => ({
    ...journalled,
    id: `SESSION-14.${transport}.server`,
    title: `${transport}: a close by the server is one clean close event with its code and reason`,
    needs: ['/farewell', '/journal'],
    also: ['SESSION-13'],
    patience: 12_000,
    transport,
    async run (t) {
      // Sessions of earlier cases that nobody polled again end within the default delay.
      const journal = await Journal.watch(t, '/farewell', 200)
      const session = await t.session('/farewell', transport)
      await receive(session, 2)
      expectEqual(await nextFrame(session), 'c[3001,"bye"]', 'the frame after the messages')
      expectEnd(await journal.only(2000), { transport: journalNames[transport], code: 3001, reason: 'bye', clean: true, undelivered: 0 })
    }
  }))
]

export const lifetime: Section = { name: 'lifetime', title: 'Ends of sessions', source: 'HandlingClose', cases }
