import { receive } from '../client/session.ts'
import { expectBody, expectHeader, expectNotCacheable, expectRefusal, expectStatus, expectType, JS, TEXT } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectMatch, expectThat } from '../runner/expect.ts'
import { callbackCases } from './callbacks.ts'
import type { Answer } from '../client/http.ts'
import type { HttpSession } from '../client/session.ts'
import type { Context } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'

const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

async function sendForm (t: Context, session: HttpSession, body: string): Promise<Answer> {
  return await t.post(session.sendUrl, body, form)
}

/** Bodies that are refused, the session going on. */
function refusedBodies (id: string, level: 'S' | 'D', title: string, bodies: readonly string[], words: string): Case {
  return {
    id,
    title,
    level,
    async run (t) {
      const session = await t.opened('/echo', 'jsonp')
      for (const body of bodies) expectRefusal(await sendForm(t, session, body), words)
      await session.send('after')
      expectEqual(await receive(session, 1), ['after'], 'what is delivered afterwards')
    }
  }
}

const cases: Case[] = [
  {
    id: 'JSONP-1',
    title: 'the first poll calls the decoded callback with o, as JavaScript that is not cached',
    level: 'S',
    async run (t) {
      const answer = await t.get(`${t.sessionPath('/echo')}/jsonp?c=%63allback`)
      expectStatus(answer, 200)
      expectType(answer, JS)
      expectNotCacheable(answer)
      expectBody(answer, '/**/callback("o");\r\n')
    }
  },
  {
    id: 'JSONP-2',
    title: 'messages come as a quoted a frame',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'jsonp')
      await session.send('x')
      expectBody(await t.get(session.receiveUrl), '/**/callback("a[\\"x\\"]");\r\n')
    }
  },
  {
    id: 'JSONP-3',
    title: 'a form is accepted: ok, as text that is not cached',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'jsonp')
      const answer = await sendForm(t, session, 'd=%5B%22x%22%5D')
      expectStatus(answer, 200)
      expectBody(answer, 'ok')
      expectType(answer, TEXT)
      expectNotCacheable(answer)
      expectEqual(await receive(session, 1), ['x'], 'the echo')
    }
  },
  {
    id: 'JSONP-3.form',
    title: 'in a form, + is a space, %2B is a plus, and other fields do not matter',
    level: 'C',
    async run (t) {
      const session = await t.opened('/echo', 'jsonp')
      expectStatus(await sendForm(t, session, 'd=%5B%22a+b%2Bc%26%25%22%5D'), 200)
      expectStatus(await sendForm(t, session, 'x=y&d=%5B%22second%22%5D&z='), 200)
      expectEqual(await receive(session, 2), ['a b+c&%', 'second'], 'the echo')
    }
  },
  {
    id: 'JSONP-4',
    title: 'a text body is taken as it stands, not decoded',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'jsonp')
      const answer = await t.post(session.sendUrl, '["%61bc"]', { 'Content-Type': 'text/plain' })
      expectStatus(answer, 200)
      expectBody(answer, 'ok')
      expectEqual(await receive(session, 1), ['%61bc'], 'the echo')
    }
  },
  ...callbackCases('jsonp', {
    required: 'JSONP-5.required',
    invalid: 'JSONP-5.invalid',
    length: 'JSONP-11',
    empty: 'JSONP-12',
    repeated: 'JSONP-13',
    alias: 'JSONP-14',
    noSession: 'JSONP-5.no-session'
  }),
  refusedBodies('JSONP-6', 'S', 'broken JSON is 500 and says so', ['d=%5B%22x'], 'Broken JSON encoding.'),
  refusedBodies('JSONP-7', 'S', 'an empty body, an empty d and no d are 500 and say so', ['', 'd=', 'p=p'], 'Payload expected.'),
  {
    id: 'JSONP-8',
    title: 'an empty array is ok and brings nothing',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'jsonp')
      const answer = await sendForm(t, session, 'd=%5B%5D')
      expectStatus(answer, 200)
      expectBody(answer, 'ok')
      await session.send('x')
      expectEqual(await session.frame(), 'a["x"]', 'the next frame')
    }
  },
  {
    id: 'JSONP-9',
    title: 'a close by the server is repeated on each poll',
    level: 'S',
    needs: ['/close'],
    async run (t) {
      const path = t.sessionPath('/close')
      expectBody(await t.get(`${path}/jsonp?c=x`), '/**/x("o");\r\n')
      for (let again = 0; again < 2; again += 1) expectBody(await t.get(`${path}/jsonp?c=x`), '/**/x("c[3000,\\"Go away!\\"]");\r\n')
    }
  },
  {
    id: 'JSONP-10',
    title: 'no sniffing by browsers',
    level: 'D',
    also: ['PIT-11'],
    run: async (t) => expectHeader(await t.get(`${t.sessionPath('/echo')}/jsonp?c=x`), 'X-Content-Type-Options', 'nosniff')
  },
  {
    id: 'JSONP-15',
    title: 'a poll with nothing to deliver is answered within 35 seconds',
    level: 'C',
    also: ['HEARTBEAT-5'],
    patience: 35_000,
    async run (t) {
      const session = await t.opened('/echo', 'jsonp')
      const started = Date.now()
      expectEqual(await session.frame(), 'h', 'the frame')
      expectThat(Date.now() - started < 35_000, 'the time to the heartbeat', 'less than 35 s', `${Date.now() - started} ms`)
    }
  },
  {
    id: 'JSONP-16',
    title: 'the answer to a form loads as a page: no download, no attachment',
    level: 'C',
    async run (t) {
      const session = await t.opened('/echo', 'jsonp')
      const answer = await sendForm(t, session, 'd=%5B%22x%22%5D')
      expectStatus(answer, 200)
      expectHeader(answer, 'Content-Disposition', undefined)
      expectMatch(answer.fields.get('content-type'), /^text\/(plain|html)/, 'the content type')
    }
  },
  {
    id: 'JSONP-17',
    title: 'jsonp_send to an unknown session is 404',
    level: 'D',
    run: async (t) => expectStatus(await t.post(`${t.sessionPath('/echo')}/jsonp_send`, 'd=%5B%22x%22%5D', form), 404)
  },
  refusedBodies('JSONP-18', 'D', 'a body other than an array of strings is refused as a whole',
    ['d={}', 'd="x"', 'd=123', 'd=null', 'd=[1]', 'd=[null]', 'd=["a",1]', 'd=[["n"]]'].map((body) => body.replaceAll('"', '%22')), 'Payload expected.'),
  ...['/restricted', '/same_origin'].map((endpoint): Case => ({
    id: `JSONP-19.${endpoint.slice(1)}`,
    title: `where not every origin is allowed (${endpoint}) jsonp and jsonp_send are 404`,
    level: 'D',
    needs: [endpoint],
    async run (t) {
      expectStatus(await t.get(`${t.sessionPath(endpoint)}/jsonp?c=x`), 404)
      expectStatus(await t.post(`${t.sessionPath(endpoint)}/jsonp_send`, 'd=%5B%5D', form), 404)
    }
  })),
  {
    id: 'JSONP-20',
    title: 'U+2028 and U+2029 never stand bare in the script',
    level: 'D',
    async run (t) {
      const session = await t.opened('/echo', 'jsonp')
      await session.send('\u2028\u2029')
      const answer = await t.get(session.receiveUrl)
      expectBytes(answer.body, '/**/callback("a[\\"\\\\u2028\\\\u2029\\"]");\r\n', 'the script')
    }
  }
]

export const jsonp: Section = { name: 'jsonp', title: 'JSONP', source: 'JsonPolling', transport: 'jsonp', cases }
