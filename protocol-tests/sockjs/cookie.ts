import { httpTransports } from '../client/transports.ts'
import { expectHeader, expectNoHeader, expectStatus } from '../runner/checks.ts'
import { expectEqual } from '../runner/expect.ts'
import type { Fields } from '../client/http.ts'
import type { HttpTransport } from '../client/transports.ts'
import type { Context } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'

const service = '/cookie_needed_echo'

/** The one cookie, attributes in any order and case where there are more than two. */
function expectCookie (t: Context, fields: Fields, value: string): void {
  const cookies = fields.all('set-cookie')
  if (!t.target.secure) {
    expectEqual(cookies, [`JSESSIONID=${value}; path=/`], 'Set-Cookie')
    return
  }
  const [name = '', ...attributes] = (cookies[0] ?? '').split(';').map((part) => part.trim())
  expectEqual([cookies.length, name, attributes.map((attribute) => attribute.toLowerCase()).sort()],
    [1, `JSESSIONID=${value}`, ['httponly', 'path=/', 'samesite=none', 'secure']], 'Set-Cookie')
}

async function cookieOf (t: Context, transport: HttpTransport, headers: Record<string, string>): Promise<Fields> {
  const answer = await t.httpSession(service, transport, headers).attach()
  return answer.fields
}

const cases: Case[] = [
  {
    id: 'COOKIE-1',
    title: '/info says that cookies are needed, and sets none',
    level: 'S',
    needs: [service],
    async run (t) {
      const answer = await t.get(`${service}/info`)
      expectStatus(answer, 200)
      const { cookie_needed: needed }: { cookie_needed?: unknown } = JSON.parse(answer.body.toString('utf8'))
      expectEqual(needed, true, 'cookie_needed')
      expectNoHeader(answer, 'Set-Cookie')
    }
  },
  ...httpTransports.map((transport): Case => ({
    id: `COOKIE-2.${transport}`,
    title: `${transport} sets the dummy cookie`,
    level: 'S',
    needs: [service],
    transport,
    run: async (t) => expectCookie(t, await cookieOf(t, transport, {}), 'dummy')
  })),
  {
    id: 'COOKIE-2.jsonp_send',
    title: 'jsonp_send sets the dummy cookie',
    level: 'S',
    needs: [service],
    transport: 'jsonp',
    async run (t) {
      const session = await t.opened(service, 'jsonp')
      const answer = await session.post('["x"]')
      expectStatus(answer, 200)
      expectCookie(t, answer.fields, 'dummy')
    }
  },
  ...httpTransports.map((transport): Case => ({
    id: `COOKIE-3.${transport}`,
    title: `${transport} echoes the cookie of the request`,
    level: 'S',
    needs: [service],
    transport,
    async run (t) {
      expectCookie(t, await cookieOf(t, transport, { Cookie: 'JSESSIONID=abcdef' }), 'abcdef')
      expectCookie(t, await cookieOf(t, transport, { Cookie: 'a=b; JSESSIONID=abc-DEF_1.n2; XJSESSIONID=no' }), 'abc-DEF_1.n2')
    }
  })),
  {
    id: 'COOKIE-4',
    title: 'greeting, /info and iframe page set no cookie',
    level: 'S',
    needs: [service],
    async run (t) {
      for (const path of ['', '/', '/info', '/iframe.html']) expectNoHeader(await t.get(service + path, { Cookie: 'JSESSIONID=abcdef' }), 'Set-Cookie')
    }
  },
  {
    id: 'COOKIE-5',
    title: 'a value that is not safe in a cookie is replaced',
    level: 'D',
    needs: [service],
    async run (t) {
      for (const value of ['a b', 'a"b', 'a,b', 'a\\b', '', 'é']) {
        expectCookie(t, await cookieOf(t, 'xhr', { Cookie: `JSESSIONID=${value}` }), 'dummy')
      }
    }
  },
  {
    id: 'COOKIE-6',
    title: 'without the option there is no cookie',
    level: 'D',
    async run (t) {
      for (const transport of httpTransports) {
        expectHeader(await t.httpSession('/echo', transport, { Cookie: 'JSESSIONID=abcdef' }).attach(), 'Set-Cookie', undefined)
      }
    }
  }
]

export const cookie: Section = { name: 'cookie', title: 'JSESSIONID cookie', source: 'JsessionidCookie', cases }
