import { receive } from '../client/session.ts'
import { expectBody, expectContains, expectCors, expectHeader, expectNotAllowed, expectNotCacheable, expectPreflight, expectRefusal, expectStatus, expectType, JS, TEXT } from '../runner/checks.ts'
import { expectBytes, expectEqual } from '../runner/expect.ts'
import type { Case, Section } from '../types.ts'

const usualTypes = [
  'text/plain', 'T', 'application/json', 'application/xml', '', 'application/json; charset=utf-8', 'text/xml; charset=utf-8', 'text/xml'
]
const otherTypes = ['application/octet-stream', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'not a type', undefined]

const cases: Case[] = [
  ...['xhr', 'xhr_send'].map((name): Case => ({
    id: `XHR-1.${name}`,
    title: `OPTIONS on ${name} is a preflight for POST`,
    level: 'S',
    async run (t) {
      for (const origin of ['test', 'null']) {
        expectPreflight(await t.request('OPTIONS', `${t.sessionPath('/echo')}/${name}`, { headers: { Origin: origin } }), origin, ['OPTIONS', 'POST'])
      }
    }
  })),
  {
    id: 'XHR-2',
    title: 'the first poll gets o, as JavaScript that is not cached',
    level: 'S',
    async run (t) {
      const answer = await t.post(`${t.sessionPath('/echo')}/xhr`, '', { Origin: 'test' })
      expectStatus(answer, 200)
      expectType(answer, JS)
      expectNotCacheable(answer)
      expectCors(answer, 'test')
      expectBody(answer, 'o\n')
    }
  },
  {
    id: 'XHR-3',
    title: 'a poll gets the messages that wait',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      await session.send('x')
      const answer = await t.post(session.receiveUrl)
      expectStatus(answer, 200)
      expectType(answer, JS)
      expectBody(answer, 'a["x"]\n')
    }
  },
  {
    id: 'XHR-3.waiting',
    title: 'a poll that waits gets the message when it comes',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      const poll = await t.begin('POST', session.receiveUrl)
      await t.expectSilence(poll.wire, 'a poll with nothing to deliver')
      await session.send('x')
      expectBody(await (await poll.response()).complete(), 'a["x"]\n')
    }
  },
  {
    id: 'XHR-5',
    title: 'a POST without Content-Length and body opens a session',
    level: 'Q',
    also: ['HTTP-5'],
    async run (t) {
      const answer = await t.request('POST', `${t.sessionPath('/echo')}/xhr`, { unsized: true })
      expectStatus(answer, 200)
      expectBody(answer, 'o\n')
    }
  },
  {
    id: 'XHR-7',
    title: 'a poll is one body with its length',
    level: 'D',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      await session.send('é')
      const answer = await t.post(session.receiveUrl)
      expectBody(answer, 'a["é"]\n')
      expectHeader(answer, 'Content-Length', '8')
    }
  },
  {
    id: 'XHR-8',
    title: 'GET is 405 and Allow names POST and OPTIONS',
    level: 'D',
    run: async (t) => expectNotAllowed(await t.get(`${t.sessionPath('/echo')}/xhr`), 'POST', 'OPTIONS')
  },
  {
    id: 'XHR-SEND-1',
    title: 'a send is 204, empty, with a text type, not cached',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      const incoming = await t.open('POST', session.sendUrl, { headers: { Origin: 'test', Connection: 'close', 'Content-Type': 'text/plain' }, body: '["a"]' })
      expectStatus(incoming, 204)
      expectType(incoming, TEXT)
      expectNotCacheable(incoming)
      expectCors(incoming, 'test')
      expectBytes(await incoming.wire.rest('the end of the connection'), '', 'what follows the head')
      expectEqual(await receive(session, 1), ['a'], 'the echo')
    }
  },
  {
    id: 'XHR-SEND-2',
    title: 'eight content types are accepted, and eight sends arrive as one frame',
    level: 'S',
    also: ['SESSION-15'],
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      for (const type of usualTypes) expectStatus(await t.post(session.sendUrl, '["a"]', { 'Content-Type': type }), 204)
      expectBody(await t.post(session.receiveUrl), `a${JSON.stringify(usualTypes.map(() => 'a'))}\n`)
    }
  },
  {
    id: 'XHR-SEND-3',
    title: 'any other content type is accepted too, and none',
    level: 'D',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      for (const type of otherTypes) expectStatus(await t.post(session.sendUrl, '["a"]', type === undefined ? {} : { 'Content-Type': type }), 204)
      expectEqual(await receive(session, otherTypes.length), otherTypes.map(() => 'a'), 'the echo')
    }
  },
  {
    id: 'XHR-SEND-4',
    title: 'broken JSON is 500 and says so',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      expectRefusal(await session.post('["x'), 'Broken JSON encoding.')
    }
  },
  {
    id: 'XHR-SEND-5',
    title: 'an empty body is 500 and says so',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      expectRefusal(await session.post(''), 'Payload expected.')
    }
  },
  {
    id: 'XHR-SEND-6',
    title: 'after an error the session still works',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      await session.post('["x')
      await session.post('')
      await session.send('a')
      expectEqual(await receive(session, 1), ['a'], 'the echo')
    }
  },
  {
    id: 'XHR-SEND-7',
    title: 'broken JSON for an unknown session is 404',
    level: 'D',
    run: async (t) => expectStatus(await t.post(`${t.sessionPath('/echo')}/xhr_send`, '["x'), 404)
  },
  ...([
    ['length', 'whose Content-Length is too large is refused before it is read', { 'Content-Length': '1000000' }, '["'],
    ['chunked', 'that grows too large in chunks is refused', { 'Transfer-Encoding': 'chunked' }, `1000\r\n["${'x'.repeat(4094)}\r\n1000\r\n${'x'.repeat(4096)}\r\n`]
  ] as const).map(([name, which, headers, body]): Case => ({
    id: `XHR-SEND-10.${name}`,
    title: `a body ${which} with 413, and the session goes on`,
    level: 'D',
    needs: ['/tiny'],
    also: ['PIT-5'],
    async run (t) {
      const session = await t.opened('/tiny', 'xhr')
      const pending = await t.begin('POST', session.sendUrl, { headers: { 'Content-Type': 'text/plain', ...headers }, body })
      expectStatus(await pending.response(), 413)
      await session.send('after')
      expectEqual(await receive(session, 1), ['after'], 'what is delivered afterwards')
    }
  })),
  {
    id: 'XHR-SEND-10.pieces',
    title: 'a body of 2 MiB in 2,048 pieces arrives whole',
    level: 'D',
    also: ['PIT-5'],
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      const pieces = 2048
      const pending = await t.begin('POST', session.sendUrl, { headers: { 'Content-Type': 'text/plain', 'Content-Length': String(pieces * 1024 + 4) }, body: '["' })
      for (let piece = 0; piece < pieces; piece += 1) pending.wire.write('x'.repeat(1024))
      pending.wire.write('"]')
      const [[message = '']] = await Promise.all([receive(session, 1), pending.response().then((response) => expectStatus(response, 204))])
      expectEqual([message.length, /^x*$/.test(message)], [pieces * 1024, true], 'the length of the echo, and whether it is intact')
    }
  },
  {
    id: 'XHR-SEND-11',
    title: 'the 404 for an unknown session is text that is not cached, with CORS headers',
    level: 'D',
    async run (t) {
      const answer = await t.post(`${t.sessionPath('/echo')}/xhr_send`, '["x"]', { Origin: 'test' })
      expectStatus(answer, 404)
      expectType(answer, TEXT)
      expectNotCacheable(answer)
      expectCors(answer, 'test')
    }
  },
  {
    id: 'HTTP-8',
    title: 'error answers are text, not cached, and hold the fixed words alone',
    level: 'D',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      for (const [body, words] of [['["x', 'Broken JSON encoding.'], ['', 'Payload expected.'], ['{}', 'Payload expected.']] as const) {
        const answer = await session.post(body)
        expectStatus(answer, 500)
        expectType(answer, TEXT)
        expectNotCacheable(answer)
        expectContains(answer, words)
        expectBytes(answer.body.toString('utf8').trim(), words, `the body of ${answer.request}`)
      }
    }
  }
]

export const xhr: Section = { name: 'xhr', title: 'XHR polling and sending', source: 'XhrPolling', transport: 'xhr', cases }
