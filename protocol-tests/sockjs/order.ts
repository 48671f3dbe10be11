import { echo, receive } from '../client/session.ts'
import { sessionTransports } from '../client/transports.ts'
import { expectStatus } from '../runner/checks.ts'
import { expectEqual } from '../runner/expect.ts'
import type { Case, Section } from '../types.ts'

const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `m${from + index}`)

function expectAll (received: string[], count: number): void {
  const expected = numbers(count)
  const wrong = expected.findIndex((message, index) => received[index] !== message)
  const context = wrong < 0 ? received.slice(count) : received.slice(Math.max(0, wrong - 2), wrong + 4)
  expectEqual([received.length, wrong, context], [count, -1, []], `${count} messages: how many came, index of the first wrong one, its neighbours`)
}

const cases: Case[] = [
  ...sessionTransports.map((transport): Case => ({
    id: `SESSION-15.${transport}.one-body`,
    title: `${transport}: 1,000 messages of one body arrive complete and in order`,
    level: 'D',
    transport,
    async run (t) {
      const session = await t.session('/echo', transport)
      await session.send(...numbers(1000))
      expectAll(await receive(session, 1000), 1000)
    }
  })),
  ...sessionTransports.map((transport): Case => ({
    id: `SESSION-15.${transport}.bodies`,
    title: `${transport}: bodies of 1 and 9 messages in turn arrive complete and in order`,
    level: 'D',
    transport,
    async run (t) {
      const session = await t.session('/echo', transport)
      for (let sent = 0; sent < 200;) {
        const count = sent % 10 === 0 ? 1 : 9
        await session.send(...numbers(count, sent))
        // Over a WebSocket nothing waits for an answer, and all bodies would be one packet, and one frame back.
        if (transport === 'websocket') await t.sleep(1)
        sent += count
      }
      expectAll(await receive(session, 200), 200)
    }
  })),
  ...(['xhr', 'jsonp'] as const).map((transport): Case => ({
    id: `SESSION-15.${transport}.one-frame`,
    title: `${transport}: messages that wait come as one a frame`,
    level: 'D',
    transport,
    async run (t) {
      const session = await t.opened('/echo', transport)
      for (const message of numbers(25)) await session.send(message)
      expectEqual(await session.frame(), `a${JSON.stringify(numbers(25))}`, 'the frame')
    }
  })),
  ...sessionTransports.map((transport): Case => ({
    id: `SESSION-15.${transport}.large`,
    title: `${transport}: messages of up to 256 KiB arrive intact`,
    level: 'D',
    transport,
    async run (t) {
      const session = await t.session('/echo', transport)
      const messages = [1, 1000, 65_535, 65_536, 262_144].map((length) => 'é'.repeat(length / 2) + 'x'.repeat(length % 2))
      for (const message of messages) {
        const received = await echo(session, message)
        expectEqual([received.length, received === message], [message.length, true], 'length and equality of the echo')
      }
    }
  })),
  {
    id: 'XHR-SEND-9',
    title: 'of two sends in flight, the one whose body is complete first counts first',
    level: 'D',
    transport: 'xhr',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      const slow = await t.begin('POST', session.sendUrl, { headers: { 'Content-Length': '19', 'Content-Type': 'text/plain' }, body: '["slow1",' })
      await t.sleep(30)
      await session.send('fast1', 'fast2')
      slow.wire.write('"slow2"  ]')
      expectStatus(await slow.response(), 204)
      expectEqual(await receive(session, 4), ['fast1', 'fast2', 'slow1', 'slow2'], 'the order of the messages')
    }
  },
  {
    id: 'XHR-SEND-9.pipelined',
    title: 'sends that are pipelined on one connection are answered and delivered in order',
    level: 'D',
    transport: 'xhr',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      const wire = await t.connect()
      const pending = numbers(20).map((message) => t.beginOn(wire, 'POST', session.sendUrl, { headers: { 'Content-Type': 'text/plain' }, body: JSON.stringify([message]) }))
      for (const { response } of pending) expectStatus(await response(), 204)
      expectEqual(await receive(session, 20), numbers(20), 'the order of the messages')
    }
  }
]

export const order: Section = { name: 'order', title: 'Order and completeness', source: 'Protocol', cases }
