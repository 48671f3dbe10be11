import { receive } from '../client/session.ts'
import { expectBody, expectHeader, expectMatchHeader, expectNoHeader, expectNotAllowed, expectStatus } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectThat } from '../runner/expect.ts'
import type { Context } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'

const methods = ['HEAD', 'PUT', 'DELETE', 'PATCH', 'TRACE'] as const
const routes = ['xhr', 'xhr_send', 'xhr_streaming', 'eventsource', 'htmlfile?c=x', 'jsonp?c=x', 'jsonp_send', 'websocket'] as const

const greetingText = 'Welcome to SockJS!\n'

/** Sends until the server holds back or ends the session; resolves with the number of accepted messages. */
async function flood (t: Context, url: string, message: string, most: number): Promise<number> {
  for (let sent = 0; sent < most; sent += 1) {
    const pending = await t.begin('POST', url, { headers: { 'Content-Type': 'text/plain' }, body: JSON.stringify([message]) })
    if (!await pending.wire.stirs(400)) return sent
    const { status } = await pending.response()
    if (status !== 204) return sent
  }
  return most
}

const cases: Case[] = [
  {
    id: 'HTTP-1',
    title: 'HTTP/1.0 with keep-alive: no chunks; the body has a length or ends with the connection; keep-alive is kept if claimed',
    level: 'S',
    async run (t) {
      const wire = await t.connect()
      const request = { version: '1.0', headers: { Connection: 'Keep-Alive' } } as const
      const incoming = await t.beginOn(wire, 'GET', '/echo', request).response()
      expectStatus(incoming, 200)
      expectNoHeader(incoming, 'Transfer-Encoding')
      const kept = incoming.fields.get('connection')?.toLowerCase() === 'keep-alive'
      if (kept) expectHeader(incoming, 'Content-Length', String(greetingText.length))
      expectBody(await incoming.complete(), greetingText)
      if (!kept) return await wire.closed()
      expectStatus(await t.beginOn(wire, 'GET', '/echo', request).response(), 200)
    }
  },
  {
    id: 'HTTP-2',
    title: 'HTTP/1.0 streaming: raw bytes, delimited by the end of the connection',
    level: 'S',
    transport: 'xhr_streaming',
    needs: ['/close'],
    async run (t) {
      const incoming = await t.open('POST', `${t.sessionPath('/close')}/xhr_streaming`, { version: '1.0', headers: { Connection: 'Keep-Alive' } })
      expectStatus(incoming, 200)
      expectNoHeader(incoming, 'Content-Length', 'Transfer-Encoding')
      const { body } = await incoming.complete()
      expectBytes(body, `${'h'.repeat(2048)}\no\nc[3000,"Go away!"]\n`, 'the body')
    }
  },
  {
    id: 'HTTP-2.flow',
    title: 'HTTP/1.0 streaming: prelude and frames come when they are due, not at the end',
    level: 'S',
    transport: 'xhr_streaming',
    async run (t) {
      const path = t.sessionPath('/echo')
      const incoming = await t.open('POST', `${path}/xhr_streaming`, { version: '1.0' })
      expectBytes(await incoming.bytes(2051, 'prelude and o frame'), `${'h'.repeat(2048)}\no\n`, 'the first bytes')
      expectStatus(await t.post(`${path}/xhr_send`, '["x"]'), 204)
      expectBytes(await incoming.bytes(7, 'the echo'), 'a["x"]\n', 'the next bytes')
    }
  },
  {
    id: 'HTTP-3',
    title: 'HTTP/1.1: the connection stays, the body has a length or is one chunk',
    level: 'S',
    async run (t) {
      const wire = await t.connect()
      const incoming = await t.beginOn(wire, 'GET', '/echo').response()
      expectStatus(incoming, 200)
      const connection = incoming.fields.get('connection')?.toLowerCase() ?? 'keep-alive'
      expectEqual(connection, 'keep-alive', 'Connection')
      if (incoming.fields.has('transfer-encoding')) expectHeader(incoming, 'Content-Length', undefined)
      else expectHeader(incoming, 'Content-Length', String(greetingText.length))
      const answer = await incoming.complete()
      expectBody(answer, greetingText)
      expectEqual(answer.chunks.length, 1, 'the number of chunks')
      expectBody(await (await t.beginOn(wire, 'GET', '/echo').response()).complete(), greetingText)
    }
  },
  {
    id: 'HTTP-3.pipelined',
    title: 'pipelined requests are answered in order, a waiting poll first',
    level: 'D',
    transport: 'xhr',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      const wire = await t.connect()
      const [poll, greeting, info] = [
        t.beginOn(wire, 'POST', session.receiveUrl), t.beginOn(wire, 'GET', '/echo'), t.beginOn(wire, 'GET', '/echo/info')
      ] as const
      await t.expectSilence(wire, 'what is behind a waiting poll')
      await session.send('x')
      expectBody(await (await poll.response()).complete(), 'a["x"]\n')
      expectBody(await (await greeting.response()).complete(), greetingText)
      const answer = await (await info.response()).complete()
      expectThat(answer.body.includes('entropy'), 'the third answer', '/info', answer.body.toString('utf8'))
    }
  },
  {
    id: 'HTTP-3.kept',
    title: 'polls and sends over one connection',
    level: 'D',
    transport: 'xhr',
    async run (t) {
      const path = t.sessionPath('/echo')
      const wire = await t.connect()
      const exchange = async (name: string, body: string): Promise<string> => {
        const answer = await (await t.beginOn(wire, 'POST', `${path}/${name}`, { headers: { 'Content-Type': 'text/plain' }, body }).response()).complete()
        return `${answer.status} ${answer.body.toString('utf8')}`
      }
      expectEqual(await exchange('xhr', ''), '200 o\n', 'the first poll')
      for (const message of ['a', 'b', 'c']) {
        expectEqual(await exchange('xhr_send', `["${message}"]`), '204 ', 'a send')
        expectEqual(await exchange('xhr', ''), `200 a["${message}"]\n`, 'a poll')
      }
    }
  },
  ...(['xhr_streaming', 'eventsource', 'htmlfile'] as const).map((transport): Case => ({
    id: `HTTP-4.${transport}`,
    title: `HTTP/1.1 ${transport} is chunked, without a length, each frame its own chunk`,
    level: 'S',
    transport,
    async run (t) {
      const incoming = await t.httpSession('/echo', transport).receiver()
      expectMatchHeader(incoming, 'Transfer-Encoding', /^chunked$/i)
      expectNoHeader(incoming, 'Content-Length')
      const session = await t.opened('/echo', transport)
      await session.send('1')
      await session.send('2')
      expectEqual([await session.frame(), await session.frame()], ['a["1"]', 'a["2"]'], 'two chunks')
    }
  })),
  {
    id: 'HTTP-4.reuse',
    title: 'after a stream has ended its connection serves the next request',
    level: 'D',
    transport: 'xhr_streaming',
    needs: ['/close'],
    async run (t) {
      const wire = await t.connect()
      const path = `${t.sessionPath('/close')}/xhr_streaming`
      const first = await (await t.beginOn(wire, 'POST', path).response()).complete()
      expectEqual(first.chunks.length, 3, 'the number of chunks')
      const second = await (await t.beginOn(wire, 'POST', path).response()).complete()
      expectEqual(second.chunks.length, 2, 'the number of chunks')
    }
  },
  {
    id: 'HTTP-5.chunked',
    title: 'a chunked request body is accepted',
    level: 'C',
    transport: 'xhr',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      const headers = { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'chunked' }
      expectStatus(await t.request('POST', session.sendUrl, { headers, body: '3\r\n["x\r\n2\r\n"]\r\n0\r\n\r\n' }), 204)
      expectEqual(await receive(session, 1), ['x'], 'the echo')
    }
  },
  ...methods.map((method): Case => ({
    id: `HTTP-6.${method}`,
    title: `${method} on a transport URL is 405 with Allow, and opens no session`,
    level: 'D',
    also: ['URL-13'],
    async run (t) {
      for (const route of routes) {
        const path = t.sessionPath('/echo')
        const incoming = await t.open(method, `${path}/${route}`, { headers: { Connection: 'close' } })
        expectNotAllowed(await incoming.complete())
        expectBytes(await incoming.wire.rest('the end of the connection'), '', 'what follows the response')
        const sender = route.startsWith('jsonp') ? 'jsonp_send' : 'xhr_send'
        expectStatus(await t.post(`${path}/${sender}`, '[]'), 404)
      }
    }
  })),
  {
    id: 'HTTP-7',
    title: 'a client that does not read: its senders are held back or its session ends with 1013; the queue never grows without end',
    level: 'D',
    transport: 'xhr',
    needs: ['/tiny'],
    also: ['PIT-7', 'PIT-8', 'ENC-11'],
    async run (t) {
      const session = await t.opened('/tiny', 'xhr')
      const message = 'x'.repeat(1000)
      const accepted = await flood(t, session.sendUrl, message, 64)
      expectThat(accepted < 32, 'messages of 1,000 bytes that were accepted for a queue of 4 KiB', 'fewer than 32', accepted)
      const frame = await session.frame()
      if (frame.startsWith('a[')) {
        const waiting: unknown[] = JSON.parse(frame.slice(1))
        expectThat(waiting.length > 0 && waiting.every((text) => text === message), 'the messages that waited', 'whole ones', frame)
        const rest = accepted - waiting.length
        if (rest <= 0) return
        const more = await receive(session, rest)
        expectThat(more.length >= rest, 'the messages that were accepted after them', `at least ${rest}`, more.length)
        return
      }
      expectEqual(frame, 'c[1013,"slow consumer"]', 'the frame')
    }
  }
]

export const http: Section = { name: 'http', title: 'HTTP behaviour', source: 'Http10 and Http11', cases }
