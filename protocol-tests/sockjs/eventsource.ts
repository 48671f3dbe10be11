import { expectHeader, expectNotCacheable, expectStatus } from '../runner/checks.ts'
import { expectBytes, expectEqual } from '../runner/expect.ts'
import type { Context } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'

/** The exact chunk in which one message comes back. */
async function echoChunk (t: Context, body: string): Promise<Buffer> {
  const session = await t.opened('/echo', 'eventsource')
  await session.sendBody(body)
  return await session.response.chunk('the echo') ?? Buffer.alloc(0)
}

const percents = [
  ['%', '%25'], ['100%41', '100%2541'], ['%25', '%2525'], ['%0d%0a', '%250d%250a'], ['50% é%', '50%25 é%25']
] as const

const cases: Case[] = [
  {
    id: 'ES-1',
    title: 'the response is an event stream without a charset, and not cached',
    level: 'S',
    async run (t) {
      const answer = await t.open('GET', `${t.sessionPath('/echo')}/eventsource`)
      expectStatus(answer, 200)
      expectHeader(answer, 'Content-Type', 'text/event-stream')
      expectNotCacheable(answer)
    }
  },
  {
    id: 'ES-2',
    title: 'the first chunk is CR LF',
    level: 'S',
    async run (t) {
      const incoming = await t.httpSession('/echo', 'eventsource').attach()
      expectBytes(await incoming.chunk('the prelude') ?? '', '\r\n', 'the first chunk')
    }
  },
  {
    id: 'ES-3',
    title: 'each frame is one event in one chunk',
    level: 'S',
    async run (t) {
      const session = t.httpSession('/echo', 'eventsource')
      const incoming = await session.receiver()
      expectBytes(await incoming.chunk() ?? '', 'data: o\r\n\r\n', 'the chunk of the o frame')
      for (const message of ['x', 'y']) {
        await session.send(message)
        expectBytes(await incoming.chunk() ?? '', `data: a["${message}"]\r\n\r\n`, 'the chunk of a message')
      }
    }
  },
  {
    id: 'ES-4',
    title: 'line breaks and NUL in a message stay escaped',
    level: 'S',
    async run (t) {
      expectBytes(await echoChunk(t, '["  \\u0000\\n\\r "]'), 'data: a["  \\u0000\\n\\r "]\r\n\r\n', 'the chunk')
    }
  },
  {
    id: 'ES-5',
    title: 'with a limit of 4,096 the response ends after one message of 4,096 characters',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'eventsource')
      const message = 'x'.repeat(4096)
      await session.send(message)
      expectBytes(await session.response.chunk() ?? '', `data: a["${message}"]\r\n\r\n`, 'the chunk')
      expectEqual(await session.response.chunk('the end'), undefined, 'what follows the limit')
    }
  },
  {
    id: 'ES-6',
    title: 'percent signs are written as %25, for the client decodes them',
    level: 'C',
    async run (t) {
      for (const [message, written] of percents) {
        expectBytes(await echoChunk(t, JSON.stringify([message])), `data: a["${written}"]\r\n\r\n`, `the chunk of ${message}`)
      }
    }
  },
  {
    id: 'ES-11',
    title: 'proxies are told not to buffer',
    level: 'D',
    run: async (t) => expectHeader(await t.httpSession('/echo', 'eventsource').attach(), 'X-Accel-Buffering', 'no')
  }
]

export const eventsource: Section = { name: 'eventsource', title: 'EventSource', source: 'EventSource', transport: 'eventsource', cases }
