import { expectBody, expectNotAllowed, expectNotCacheable, expectStatus } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectThat } from '../runner/expect.ts'
import { receive } from '../client/session.ts'
import type { Case, Section } from '../types.ts'
import type { Context } from '../runner/context.ts'

const badSegments = ['///xhr', '/a./a/xhr', '/a/a./xhr', '/././xhr', '//xhr', '////xhr', '/a/b/c/xhr', '/a/b/xhr/']

/** Method of another route, path below a session, and what the 405 must name. */
const wrongMethods = [
  ['GET', 'xhr_send', 'POST'],
  ['GET', 'xhr_streaming', 'POST'],
  ['POST', 'eventsource', 'GET'],
  ['POST', 'htmlfile?c=x', 'GET'],
  ['POST', 'jsonp?c=x', 'GET'],
  ['GET', 'jsonp_send', 'POST']
] as const

/** The same id may still be closing from an earlier run: wait until the server has forgotten it. */
async function openWithFixedId (t: Context, id: string): Promise<void> {
  const poll = async (): Promise<string> => {
    const answer = await t.post(`/close/000/${id}/xhr`)
    expectStatus(answer, 200)
    return answer.body.toString('utf8')
  }
  let body = await poll()
  for (let attempt = 0; body.startsWith('c[') && attempt < 70; attempt += 1) {
    await t.sleep(100)
    body = await poll()
  }
  expectBytes(body, 'o\n', `the first poll of session "${id}"`)
  expectBytes(await poll(), 'c[3000,"Go away!"]\n', `the second poll of session "${id}"`)
}

const cases: Case[] = [
  {
    id: 'URL-1',
    title: 'server and session segments may be anything without a dot or a slash',
    level: 'S',
    transport: 'xhr',
    async run (t) {
      const n = t.id()
      for (const path of [`/a/a${n}`, `/_/_${n}`, `/1/${parseInt(n.slice(0, 10), 16)}`, `/abcdefgh_i-j%20/abcdefg_i-j%20${n}`]) {
        const answer = await t.post(`/echo${path}/xhr`)
        expectStatus(answer, 200)
        expectBody(answer, 'o\n')
      }
    }
  },
  {
    id: 'URL-2',
    title: 'empty segments, dots in segments and a wrong number of segments are 404',
    level: 'S',
    async run (t) {
      for (const path of badSegments) {
        expectStatus(await t.get(`/echo${path}`), 404)
        expectStatus(await t.post(`/echo${path}`), 404)
      }
    }
  },
  {
    id: 'URL-3',
    title: 'the server segment does not tell sessions apart',
    level: 'S',
    transport: 'xhr',
    async run (t) {
      const id = t.id()
      expectBody(await t.post(`/echo/000/${id}/xhr`), 'o\n')
      expectStatus(await t.post(`/echo/000/${id}/xhr_send`, '["a"]'), 204)
      expectBody(await t.post(`/echo/999/${id}/xhr`), 'a["a"]\n')
    }
  },
  {
    id: 'URL-4',
    title: 'query strings have no part in routing',
    level: 'C',
    async run (t) {
      const xhr = t.sessionPath('/echo')
      expectBody(await t.post(`${xhr}/xhr?t=1`), 'o\n')
      expectStatus(await t.post(`${xhr}/xhr_send?t=2&a=b`, '["x"]'), 204)
      expectBody(await t.post(`${xhr}/xhr?t=3&user=a/b.c`), 'a["x"]\n')
      const jsonp = t.sessionPath('/echo')
      expectStatus(await t.get(`${jsonp}/jsonp?c=f&user=me`), 200)
      expectStatus(await t.post(`${jsonp}/jsonp_send?i=abc`, 'd=%5B%22x%22%5D', { 'Content-Type': 'application/x-www-form-urlencoded' }), 200)
      expectStatus(await t.get('/echo/info?t=5&user=/me'), 200)
      expectStatus(await t.get('/echo/iframe.html?user=.'), 200)
      expectStatus(await t.open('GET', `${t.sessionPath('/echo')}/eventsource?t=6`), 200)
      expectStatus(await t.open('POST', `${t.sessionPath('/echo')}/xhr_streaming?t=7`), 200)
      expectStatus(await t.open('GET', `${t.sessionPath('/echo')}/htmlfile?c=f&user=me`), 200)
      for (const path of [`${t.sessionPath('/echo')}/websocket`, '/echo/websocket']) expectStatus((await t.handshake(`${path}?t=8`)).response, 101)
    }
  },
  {
    id: 'URL-5',
    title: 'the greeting answers with a query string, with and without the slash',
    level: 'D',
    async run (t) {
      for (const path of ['/echo?x=1', '/echo/?x=1']) {
        const answer = await t.get(path)
        expectStatus(answer, 200)
        expectBody(answer, 'Welcome to SockJS!\n')
      }
    }
  },
  {
    id: 'URL-6',
    title: 'unknown transport names are 404',
    level: 'D',
    async run (t) {
      for (const name of ['xhrs', 'xhr_', 'XHR', 'polling', 'websocket2', 'chunking_test']) {
        expectStatus(await t.get(`${t.sessionPath('/echo')}/${name}`), 404)
        expectStatus(await t.post(`${t.sessionPath('/echo')}/${name}`), 404)
      }
    }
  },
  {
    id: 'URL-6.refused',
    title: 'a refused origin does not turn the 404 of an unknown transport into 403',
    level: 'D',
    needs: ['/restricted'],
    async run (t) {
      expectStatus(await t.post(`${t.sessionPath('/restricted')}/xhrs`, '', { Origin: 'https://refused.example' }), 404)
    }
  },
  {
    id: 'URL-7',
    title: 'path parameters in the last segment are 404',
    level: 'D',
    also: ['PIT-11'],
    async run (t) {
      for (const name of ['jsonp;Setup.pl?c=x', 'jsonp;x?c=x', 'htmlfile;Setup.bat?c=x', 'eventsource;a', 'websocket;a']) {
        expectStatus(await t.get(`${t.sessionPath('/echo')}/${name}`), 404)
      }
      expectStatus(await t.post(`${t.sessionPath('/echo')}/xhr;a`), 404)
    }
  },
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty'].map((id): Case => ({
    id: `URL-8.${id}`,
    title: `"${id}" is an ordinary session id`,
    level: 'D',
    transport: 'xhr',
    needs: ['/close'],
    also: ['PIT-3'],
    patience: 7000,
    run: async (t) => await openWithFixedId(t, id)
  })),
  {
    id: 'URL-9',
    title: 'session ids that differ in case are two sessions',
    level: 'D',
    transport: 'xhr',
    async run (t) {
      const id = `case${t.id()}`
      expectBody(await t.post(`/echo/000/${id}/xhr`), 'o\n')
      expectBody(await t.post(`/echo/000/${id.toUpperCase()}/xhr`), 'o\n')
      expectStatus(await t.post(`/echo/000/${id}/xhr_send`, '["lower"]'), 204)
      expectStatus(await t.post(`/echo/000/${id.toUpperCase()}/xhr_send`, '["upper"]'), 204)
      expectBody(await t.post(`/echo/000/${id}/xhr`), 'a["lower"]\n')
    }
  },
  {
    id: 'URL-10',
    title: 'a prefix with a dot is literal text',
    level: 'D',
    needs: ['/a.b'],
    async run (t) {
      expectStatus(await t.get('/a.b/info'), 200)
      const neighbour = t.path('/a.b').slice(t.target.base.length).replace('.', 'x')
      expectStatus(await t.get(`${neighbour}/info`), 404)
    }
  },
  {
    id: 'URL-11',
    title: 'a session cannot be reached through another prefix',
    level: 'D',
    transport: 'xhr',
    needs: ['/echo', '/disabled_websocket_echo'],
    also: ['PIT-4'],
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      const elsewhere = session.path.replace('/echo', '/disabled_websocket_echo')
      expectStatus(await t.post(`${elsewhere}/xhr_send`, '["intruder"]'), 404)
      expectBody(await t.post(`${elsewhere}/xhr`), 'o\n')
      expectStatus(await t.post(`${elsewhere}/xhr_send`, '["there"]'), 204)
      await session.send('here')
      expectEqual(await receive(session, 1), ['here'], 'the messages of the first session')
      expectBody(await t.post(`${elsewhere}/xhr`), 'a["there"]\n')
    }
  },
  ...[101, 128].map((length): Case => ({
    id: `URL-12.${length}`,
    title: `a session id of ${length} characters is accepted`,
    level: 'D',
    transport: 'xhr',
    async run (t) {
      const answer = await t.post(`/echo/000/${t.id().padEnd(length, 'x')}/xhr`)
      expectStatus(answer, 200)
      expectBody(answer, 'o\n')
    }
  })),
  {
    id: 'URL-12.129',
    title: 'a session id of 129 characters is 404',
    level: 'D',
    transport: 'xhr',
    run: async (t) => expectStatus(await t.post(`/echo/000/${t.id().padEnd(129, 'x')}/xhr`), 404)
  },
  ...wrongMethods.map(([method, name, allowed]): Case => ({
    id: `URL-13.${name.replace(/\?.*/, '')}`,
    title: `${method} on ${name.replace(/\?.*/, '')} is 405 with Allow, without body and content type`,
    level: 'D',
    run: async (t) => expectNotAllowed(await t.request(method, `${t.sessionPath('/echo')}/${name}`), allowed)
  })),
  {
    id: 'URL-13.exact',
    title: 'a method that only contains POST or GET is refused, and opens no session',
    level: 'D',
    also: ['PIT-12'],
    async run (t) {
      for (const method of ['POSTX', 'XPOST', 'post']) {
        const path = t.sessionPath('/echo')
        const { status } = await t.request(method, `${path}/xhr`, { headers: { 'Content-Length': '0', Connection: 'close' } })
        expectThat([400, 405, 501].includes(status), `the answer to the method ${method}`, '400, 405 or 501', status)
        expectStatus(await t.post(`${path}/xhr_send`, '[]'), 404)
      }
    }
  },
  {
    id: 'URL-14',
    title: 'no 404 can be cached',
    level: 'D',
    async run (t) {
      const session = t.sessionPath('/echo')
      for (const path of ['/echo/a', '/echo/a.html', '/echo/iframe.htm', '/echo/a./a/xhr', `${session}/unknown`]) {
        const answer = await t.get(path)
        expectStatus(answer, 404)
        expectNotCacheable(answer)
      }
      for (const sender of ['xhr_send', 'jsonp_send']) {
        const answer = await t.post(`${session}/${sender}`, '[]')
        expectStatus(answer, 404)
        expectNotCacheable(answer)
      }
    }
  }
]

export const url: Section = { name: 'url', title: 'URL scheme', source: 'SessionURLs', cases }
