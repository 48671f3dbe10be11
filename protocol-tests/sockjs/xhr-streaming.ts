import { expectCors, expectHeader, expectNotCacheable, expectPreflight, expectStatus, expectType, JS } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectThat } from '../runner/expect.ts'
import type { HttpSession } from '../client/session.ts'
import type { Case, Section } from '../types.ts'

/** Sends messages one by one and demands that each comes back as a chunk of its own. */
async function echoes (session: HttpSession, count: number, message: string): Promise<void> {
  const { response } = session
  const expected = `a${JSON.stringify([message])}\n`
  for (let index = 1; index <= count; index += 1) {
    await session.send(message)
    const chunk = await response.chunk(`frame ${index}`)
    expectThat(chunk !== undefined, `frame ${index} of ${count}`, 'a chunk', 'the end of the response')
    expectBytes(chunk, expected, `chunk ${index} of ${count}`)
  }
}

const limitMessage = 'x'.repeat(128)

const cases: Case[] = [
  {
    id: 'XHR-STREAM-1',
    title: 'OPTIONS is a preflight for POST',
    level: 'S',
    async run (t) {
      for (const origin of ['test', 'null']) {
        expectPreflight(await t.request('OPTIONS', `${t.sessionPath('/echo')}/xhr_streaming`, { headers: { Origin: origin } }), origin, ['OPTIONS', 'POST'])
      }
    }
  },
  {
    id: 'XHR-STREAM-2',
    title: 'the response is JavaScript that is not cached, with CORS headers',
    level: 'S',
    async run (t) {
      const answer = await t.open('POST', `${t.sessionPath('/echo')}/xhr_streaming`, { headers: { Origin: 'test' } })
      expectStatus(answer, 200)
      expectType(answer, JS)
      expectNotCacheable(answer)
      expectCors(answer, 'test')
    }
  },
  {
    id: 'XHR-STREAM-3',
    title: 'the first chunk is 2,048 times h and a newline',
    level: 'S',
    async run (t) {
      const incoming = await t.httpSession('/echo', 'xhr_streaming').attach()
      expectBytes(await incoming.chunk('the prelude') ?? '', 'h'.repeat(2048) + '\n', 'the first chunk')
    }
  },
  {
    id: 'XHR-STREAM-4',
    title: 'the second chunk is the o frame',
    level: 'S',
    async run (t) {
      const incoming = await t.httpSession('/echo', 'xhr_streaming').receiver()
      expectBytes(await incoming.chunk('the o frame') ?? '', 'o\n', 'the second chunk')
    }
  },
  {
    id: 'XHR-STREAM-5',
    title: 'each frame is exactly one chunk',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'xhr_streaming')
      await echoes(session, 5, 'x')
      await session.send('y'.repeat(300))
      expectBytes(await session.response.chunk() ?? '', `a["${'y'.repeat(300)}"]\n`, 'the next chunk')
    }
  },
  {
    id: 'XHR-STREAM-6',
    title: 'with a limit of 4,096 the response ends after 31 messages of 128 characters',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'xhr_streaming')
      await echoes(session, 31, limitMessage)
      expectEqual(await session.response.chunk('the end'), undefined, 'what follows frame 31')
    }
  },
  {
    id: 'XHR-STREAM-7',
    title: 'the limit counts anew with each request, and the prelude does not count',
    level: 'D',
    async run (t) {
      const session = await t.opened('/echo', 'xhr_streaming')
      await echoes(session, 31, limitMessage)
      expectEqual(await session.response.chunk('the end'), undefined, 'what follows frame 31')
      await session.send('next')
      expectBytes(await session.frame(), 'a["next"]', 'the first frame of the next response')
      const message = 'y'.repeat(4096 - 'a["next"]\n'.length - 'a[""]\n'.length - 1)
      await echoes(session, 1, message)
      await echoes(session, 1, '')
      expectEqual(await session.response.chunk('the end'), undefined, 'what follows byte 4,101')
    }
  },
  {
    id: 'XHR-STREAM-8',
    title: 'the limit is counted in bytes',
    level: 'D',
    async run (t) {
      const session = await t.opened('/echo', 'xhr_streaming')
      await echoes(session, 3, 'é'.repeat(1000))
      expectEqual(await session.response.chunk('the end'), undefined, 'what follows 6,018 bytes')
    }
  },
  {
    id: 'XHR-STREAM-9',
    title: 'after the limit the session goes on with the next request, and nothing is lost',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'xhr_streaming')
      await session.send('x'.repeat(4096))
      expectBytes(await session.frame(), `a["${'x'.repeat(4096)}"]`, 'the frame that reaches the limit')
      await session.send('between')
      expectBytes(await session.frame(), 'a["between"]', 'the first frame of the next response')
      await echoes(session, 1, 'after')
    }
  },
  {
    id: 'XHR-STREAM-11',
    title: 'proxies are told not to buffer',
    level: 'D',
    run: async (t) => expectHeader(await t.httpSession('/echo', 'xhr_streaming').attach(), 'X-Accel-Buffering', 'no')
  },
  ...(['xhr_streaming', 'eventsource', 'htmlfile'] as const).map((transport): Case => ({
    id: `XHR-STREAM-12.${transport}`,
    title: `${transport}: head and prelude come at once, when there is no frame to send yet`,
    level: 'C',
    transport,
    async run (t) {
      const session = await t.opened('/echo', transport)
      const { response } = session
      await session.send('x'.repeat(4096))
      await session.frame()
      expectEqual(await response.chunk('the end'), undefined, 'what follows the limit')
      const next = await session.receiver()
      await t.expectSilence(next.wire, 'a stream with nothing to deliver')
    }
  }))
]

export const xhrStreaming: Section = { name: 'xhr-streaming', title: 'XHR streaming', source: 'XhrStreaming', transport: 'xhr_streaming', cases }
