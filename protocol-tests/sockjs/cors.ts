import { expectCors, expectHeader, expectNotAllowed, expectPreflight, expectStatus, expectVary } from '../runner/checks.ts'
import { expectThat } from '../runner/expect.ts'
import type { Head } from '../client/http.ts'
import type { Transport } from '../client/transports.ts'
import type { Context } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'

const routes = ['info', 'xhr', 'xhr_send', 'xhr_streaming', 'eventsource'] as const
type Route = typeof routes[number]

const foreign = 'https://refused.example'
const allowed = 'https://allowed.example'

type Judged = Head & { readonly request: string }

/** The answer of a route to a request with these headers, on a session of its own. */
async function answerOf (t: Context, endpoint: string, route: Route, headers: Record<string, string> = {}): Promise<Judged> {
  switch (route) {
    case 'info': return await t.get(`${endpoint}/info`, headers)
    case 'eventsource': return await t.open('GET', `${t.sessionPath(endpoint)}/eventsource`, { headers })
    case 'xhr_send': {
      const session = await t.opened(endpoint, 'xhr', headers)
      return await session.post('["x"]')
    }
    default: return await t.open('POST', `${t.sessionPath(endpoint)}/${route}`, { headers })
  }
}

const preflighted = { info: 'GET', xhr: 'POST', xhr_send: 'POST', xhr_streaming: 'POST', eventsource: 'GET' } as const

async function preflight (t: Context, endpoint: string, route: Route, headers: Record<string, string>): Promise<Judged> {
  const path = route === 'info' ? `${endpoint}/info` : `${t.sessionPath(endpoint)}/${route}`
  return await t.request('OPTIONS', path, { headers: { 'Access-Control-Request-Method': preflighted[route], ...headers } })
}

const transportOf: Record<Route, { transport?: Transport }> = {
  info: {},
  xhr: { transport: 'xhr' },
  xhr_send: { transport: 'xhr' },
  xhr_streaming: { transport: 'xhr_streaming' },
  eventsource: { transport: 'eventsource' }
}

const levelOf = (route: Route): 'C' | 'S' => route === 'eventsource' ? 'C' : 'S'

const cases: Case[] = [
  ...routes.map((route): Case => ({
    id: route === 'eventsource' ? 'CORS-4' : `CORS-1.${route}`,
    ...transportOf[route],
    title: `${route} echoes the origin and allows credentials`,
    level: levelOf(route),
    ...(route === 'eventsource' ? { also: ['ES-8'] } : {}),
    async run (t) {
      const answer = await answerOf(t, '/echo', route, { Origin: 'test' })
      expectStatus(answer, 200, 204)
      expectCors(answer, 'test')
    }
  })),
  ...routes.map((route): Case => ({
    id: `CORS-2.${route}`,
    ...transportOf[route],
    title: `${route} without an Origin allows any, and no credentials`,
    level: levelOf(route),
    run: async (t) => expectCors(await answerOf(t, '/echo', route))
  })),
  ...routes.map((route): Case => ({
    id: `CORS-3.${route}`,
    ...transportOf[route],
    title: `${route} answers the origin null with null and credentials`,
    level: route === 'eventsource' ? 'D' : 'S',
    run: async (t) => expectCors(await answerOf(t, '/echo', route, { Origin: 'null' }), 'null')
  })),
  {
    id: 'CORS-5',
    title: 'no answer of a session is open to every origin when one was named, errors included',
    level: 'C',
    async run (t) {
      const origin = 'http://127.0.0.1:9'
      for (const route of routes) expectCors(await answerOf(t, '/echo', route, { Origin: origin }), origin)
      const session = await t.opened('/echo', 'xhr', { Origin: origin })
      expectCors(await session.post('["'), origin)
    }
  },
  {
    id: 'CORS-6',
    transport: 'xhr',
    title: 'requested headers are echoed in a preflight, and nothing is sent for none',
    level: 'S',
    async run (t) {
      expectHeader(await preflight(t, '/echo', 'xhr', { Origin: 'test', 'Access-Control-Request-Headers': 'a, b, c' }), 'Access-Control-Allow-Headers', 'a, b, c')
      expectHeader(await preflight(t, '/echo', 'xhr', { Origin: 'test', 'Access-Control-Request-Headers': '' }), 'Access-Control-Allow-Headers', undefined)
      expectHeader(await preflight(t, '/echo', 'xhr', { Origin: 'test' }), 'Access-Control-Allow-Headers', undefined)
    }
  },
  ...routes.map((route): Case => ({
    id: `CORS-7.${route}`,
    ...transportOf[route],
    title: `${route} and its preflight vary by Origin, with and without one`,
    level: 'D',
    async run (t) {
      expectVary(await answerOf(t, '/echo', route, { Origin: 'test' }))
      expectVary(await answerOf(t, '/echo', route))
      expectVary(await preflight(t, '/echo', route, { Origin: 'test' }))
    }
  })),
  {
    id: 'CORS-7.refused',
    title: 'a refusal varies by Origin',
    level: 'D',
    needs: ['/restricted'],
    run: async (t) => expectVary(await answerOf(t, '/restricted', 'info', { Origin: foreign }))
  },
  {
    id: 'CORS-8',
    transport: 'eventsource',
    title: 'OPTIONS on eventsource is a preflight for GET',
    level: 'D',
    run: async (t) => expectPreflight(await t.request('OPTIONS', `${t.sessionPath('/echo')}/eventsource`, { headers: { Origin: 'test' } }), 'test', ['OPTIONS', 'GET'])
  },
  ...['htmlfile', 'jsonp', 'jsonp_send', 'websocket'].map((name): Case => ({
    id: `CORS-9.${name}`,
    title: `OPTIONS on ${name} is 405`,
    level: 'D',
    run: async (t) => expectNotAllowed(await t.request('OPTIONS', `${t.sessionPath('/echo')}/${name}`, { headers: { Origin: 'test' } }))
  })),
  ...(['info', 'xhr', 'xhr_streaming', 'eventsource'] as const).map((route): Case => ({
    id: `CORS-10.${route}`,
    ...transportOf[route],
    title: `${route} and its preflight are 403 for an origin that is not listed`,
    level: 'D',
    needs: ['/restricted'],
    async run (t) {
      expectStatus(await answerOf(t, '/restricted', route, { Origin: allowed }), 200)
      for (const origin of [foreign, `${allowed}.evil.example`, `${allowed}:444`, allowed.replace('https', 'http')]) {
        const answer = await answerOf(t, '/restricted', route, { Origin: origin })
        expectStatus(answer, 403)
        expectHeader(answer, 'Access-Control-Allow-Origin', undefined)
      }
      expectStatus(await preflight(t, '/restricted', route, { Origin: foreign }), 403)
    }
  })),
  {
    id: 'CORS-10.websocket',
    transport: 'websocket',
    title: 'both WebSocket URLs are 403 for an origin that is not listed',
    level: 'D',
    needs: ['/restricted'],
    async run (t) {
      for (const path of [`${t.sessionPath('/restricted')}/websocket`, '/restricted/websocket']) {
        const refused = await t.handshake(path, { headers: { Origin: foreign } })
        expectStatus(refused.response, 403)
        await refused.wire.closed()
        expectStatus((await t.handshake(path, { headers: { Origin: allowed } })).response, 101)
      }
    }
  },
  {
    id: 'CORS-10.untouched',
    transport: 'xhr',
    title: 'a refused origin neither creates a session nor reaches one',
    level: 'D',
    needs: ['/restricted'],
    async run (t) {
      const path = t.sessionPath('/restricted')
      expectStatus(await t.post(`${path}/xhr`, '', { Origin: foreign }), 403)
      expectStatus(await t.post(`${path}/xhr_send`, '["x"]', { Origin: allowed }), 404)

      const session = await t.opened('/restricted', 'xhr', { Origin: allowed })
      expectStatus(await t.post(session.sendUrl, '["intruder"]', { Origin: foreign }), 403)
      expectStatus(await t.post(session.receiveUrl, '', { Origin: foreign }), 403)
      await session.send('mine')
      const frame = await session.frame()
      expectThat(frame === 'a["mine"]', 'the next frame of the owner', 'a["mine"]', frame)
    }
  },
  {
    id: 'CORS-11',
    title: 'the origin null is refused unless it is listed',
    level: 'D',
    needs: ['/restricted'],
    async run (t) {
      for (const route of ['info', 'xhr', 'xhr_streaming', 'eventsource'] as const) expectStatus(await answerOf(t, '/restricted', route, { Origin: 'null' }), 403)
      for (const path of [`${t.sessionPath('/restricted')}/websocket`, '/restricted/websocket']) {
        expectStatus((await t.handshake(path, { headers: { Origin: 'null' } })).response, 403)
      }
    }
  },
  {
    id: 'CORS-13',
    title: "without an origins option only the server's own origin passes",
    level: 'D',
    needs: ['/same_origin'],
    async run (t) {
      for (const route of ['info', 'xhr', 'xhr_send', 'xhr_streaming', 'eventsource'] as const) {
        expectStatus(await answerOf(t, '/same_origin', route, { Origin: t.target.origin }), 200, 204)
        if (route !== 'xhr_send') expectStatus(await answerOf(t, '/same_origin', route, { Origin: foreign }), 403)
        expectStatus(await preflight(t, '/same_origin', route, { Origin: foreign }), 403)
      }
      expectStatus((await t.handshake(`${t.sessionPath('/same_origin')}/websocket`, { headers: { Origin: foreign } })).response, 403)
      expectStatus((await t.handshake(`${t.sessionPath('/same_origin')}/websocket`, { headers: { Origin: t.target.origin } })).response, 101)
    }
  }
]

export const cors: Section = { name: 'cors', title: 'CORS and caching', source: 'Protocol', cases }
