import { opcodes } from '../client/frames.ts'
import type { ClientSession } from '../client/session.ts'
import { httpTransports } from '../client/transports.ts'
import { expectBody } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectThat } from '../runner/expect.ts'
import type { HttpTransport } from '../client/transports.ts'
import type { Case, Section } from '../types.ts'
import { socketPath } from './websocket-handshake.ts'

const quickHeartbeat = 200
/** Timers of the server may be coarse, and the machine busy. */
const early = 60
const late = 400

/** On `/echo`, every server has a heartbeat of about 25 seconds. */
const usualLimit = 35_000

const rowOf: Record<HttpTransport, string> = { xhr: 'HEARTBEAT-1', xhr_streaming: 'HEARTBEAT-2', eventsource: 'HEARTBEAT-3', htmlfile: 'HEARTBEAT-4', jsonp: 'HEARTBEAT-5' }
const alsoOf: Partial<Record<HttpTransport, string[]>> = { xhr: ['XHR-4'], xhr_streaming: ['XHR-STREAM-10'], eventsource: ['ES-7'], htmlfile: ['HTMLFILE-10'] }

/** Demands that the delay has passed since `asked`. The server has spoken later than that, so the demand is fair however late the client reads. */
function expectDelay (asked: number, what: string): void {
  const took = Date.now() - asked
  expectThat(took >= quickHeartbeat - early, what, `at least ${quickHeartbeat - early} ms`, `${took} ms`)
}

/** Demands that a heartbeat has come, neither too early after `asked`, nor too late after `seen`, when the client had all that came before it. */
function expectInterval (asked: number, seen: number, what: string): void {
  expectDelay(asked, what)
  const took = Date.now() - seen
  expectThat(took <= quickHeartbeat + late, what, `at most ${quickHeartbeat + late} ms`, `${took} ms`)
}

/** Demands that the ten seconds for a pong have ended the connection, by the same two moments. */
function expectPongTimeout (asked: number, seen: number, what: string): void {
  const now = Date.now()
  expectThat(now - asked > 9500 && now - seen < 13_000, what, '9.5 to 13 s', `${now - seen} ms`)
}

/** Reads the next frame with messages. On a busy machine it may come after the delay since `asked`, and then heartbeats come before it. */
async function framePastHeartbeats (session: ClientSession, asked: number): Promise<string> {
  for (;;) {
    const frame = await session.frame()
    if (frame !== 'h') return frame
    expectDelay(asked, 'the time from the last message to a heartbeat')
  }
}

const cases: Case[] = [
  ...httpTransports.map((transport): Case => ({
    id: rowOf[transport],
    title: `${transport}: an h frame comes after the heartbeat delay, in the exact wrapping`,
    level: 'P',
    needs: ['/quick'],
    also: alsoOf[transport] ?? [],
    transport,
    async run (t) {
      let asked = Date.now()
      const session = await t.opened('/quick', transport)
      const expected = session.envelope.wrap('h')
      for (const which of ['first', 'second']) {
        const seen = Date.now()
        if (session.envelope.polling) {
          asked = seen
          expectBody(await t.request(session.envelope.method, session.receiveUrl), expected)
        } else expectBytes(await session.response.chunk('the heartbeat') ?? '', expected, `the ${which} heartbeat`)
        expectInterval(asked, seen, `the time to the ${which} heartbeat`)
        asked += quickHeartbeat - early
      }
    }
  })),
  ...(['xhr', 'eventsource'] as const).map((transport): Case => ({
    id: `${rowOf[transport]}.usual`,
    title: `${transport}: a heartbeat comes within 35 seconds by default`,
    level: 'P',
    patience: usualLimit,
    transport,
    async run (t) {
      const session = await t.opened('/echo', transport)
      expectEqual(await session.frame(), 'h', 'the frame')
    }
  })),
  {
    id: 'HEARTBEAT-6',
    title: 'websocket: silence for the heartbeat delay brings text h and a ping',
    level: 'D',
    needs: ['/quick'],
    also: ['WS-21'],
    transport: 'websocket',
    async run (t) {
      const asked = Date.now()
      const socket = await t.wireSocket(socketPath(t, '/quick'))
      expectEqual(await socket.data(), 'o', 'the first frame')
      const seen = Date.now()
      const frames = [await socket.frame('the heartbeat'), await socket.frame('the heartbeat')]
      expectInterval(asked, seen, 'the time to the heartbeat')
      expectEqual(frames.map((frame) => frame.opcode).sort(), [opcodes.text, opcodes.ping], 'the opcodes of the two frames')
      expectEqual(frames.find((frame) => frame.opcode === opcodes.text)?.payload.toString(), 'h', 'the text')
    }
  },
  {
    id: 'HEARTBEAT-6.usual',
    title: 'websocket: a ping or an h frame comes within 35 seconds by default',
    level: 'P',
    patience: usualLimit,
    transport: 'websocket',
    async run (t) {
      const socket = await t.wireSocket(socketPath(t, '/echo'))
      expectEqual(await socket.data(), 'o', 'the first frame')
      const frame = await socket.frame('the heartbeat')
      expectThat(frame.opcode === opcodes.ping || frame.payload.toString() === 'h', 'the frame', 'a ping or h', frame)
    }
  },
  {
    id: 'HEARTBEAT-7',
    title: 'raw websocket: the heartbeat is a ping alone',
    level: 'D',
    needs: ['/quick'],
    also: ['RAW-5'],
    transport: 'raw-websocket',
    async run (t) {
      const asked = Date.now()
      const socket = await t.wireSocket('/quick/websocket')
      const seen = Date.now()
      const frame = await socket.frame('the ping')
      expectInterval(asked, seen, 'the time to the ping')
      expectEqual(frame.opcode, opcodes.ping, 'the opcode')
      socket.send(opcodes.pong, frame.payload)
      expectEqual((await socket.frame('the second ping')).opcode, opcodes.ping, 'the next opcode')
    }
  },
  ...(['xhr_streaming', 'eventsource', 'htmlfile', 'websocket'] as const).map((transport): Case => ({
    id: `HEARTBEAT-8.${transport}`,
    title: `${transport}: the timer starts anew with each frame`,
    level: 'D',
    needs: ['/quick'],
    transport,
    async run (t) {
      let asked = Date.now()
      const session = await t.session('/quick', transport)
      const sendLater = async (message: string): Promise<void> => {
        await t.sleep(quickHeartbeat / 2)
        asked = Date.now()
        await session.send(message)
      }
      for (const message of ['1', '2', '3', '4']) {
        const [frame] = await Promise.all([framePastHeartbeats(session, asked), sendLater(message)])
        expectEqual(frame, `a["${message}"]`, 'the next frame')
      }
      const seen = Date.now()
      expectEqual(await session.frame(), 'h', 'the frame after the messages')
      expectInterval(asked, seen, 'the time from the last message to the heartbeat')
    }
  })),
  {
    id: 'HEARTBEAT-8.receiver',
    title: 'the timer starts when a receiver attaches',
    level: 'D',
    needs: ['/quick'],
    transport: 'xhr',
    async run (t) {
      const session = await t.opened('/quick', 'xhr')
      await t.sleep(quickHeartbeat * 0.75)
      const asked = Date.now()
      expectEqual(await session.frame(), 'h', 'the frame')
      expectInterval(asked, asked, 'the time from the poll to the heartbeat')
    }
  },
  {
    id: 'WS-22',
    title: 'websocket: ten seconds without a pong bring the c frame of that, and the end of the connection',
    level: 'D',
    needs: ['/quick'],
    patience: 14_000,
    transport: 'websocket',
    async run (t) {
      const asked = Date.now()
      const socket = await t.wireSocket(socketPath(t, '/quick'))
      const seen = Date.now()
      let text = await socket.data()
      while (text === 'o' || text === 'h') text = await socket.data('the c frame')
      expectBytes(text, 'c[3000,"No response from heartbeat"]', 'the frame')
      expectPongTimeout(asked, seen, 'the time until it')
      await socket.wire.closed()
    }
  },
  {
    id: 'WS-22.pong',
    title: 'websocket: a client that answers its pings stays',
    level: 'D',
    needs: ['/quick'],
    patience: 14_000,
    transport: 'websocket',
    async run (t) {
      const socket = t.webSocket(socketPath(t, '/quick'))
      expectEqual(await socket.message(), 'o', 'the first frame')
      const until = Date.now() + 11_500
      while (Date.now() < until) expectEqual(await socket.message(), 'h', 'the frame')
    }
  },
  {
    id: 'RAW-5.silent',
    title: 'raw websocket: ten seconds without a pong end the connection, and no message comes',
    level: 'D',
    needs: ['/quick'],
    patience: 14_000,
    transport: 'raw-websocket',
    async run (t) {
      const asked = Date.now()
      const socket = await t.wireSocket('/quick/websocket')
      const seen = Date.now()
      while (await socket.wire.stirs(14_000) && socket.wire.peek().length > 0) {
        const frame = await socket.frame()
        expectThat(frame.opcode >= opcodes.close, 'what comes', 'control frames alone', frame)
      }
      await socket.wire.closed()
      expectPongTimeout(asked, seen, 'the time until the end')
    }
  }
]

export const heartbeat: Section = { name: 'heartbeat', title: 'Heartbeats', source: 'no test', cases }
