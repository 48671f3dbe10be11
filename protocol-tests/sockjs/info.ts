import { expectCors, expectHeader, expectMatchHeader, expectNoHeader, expectNotAllowed, expectNotCacheable, expectPreflight, expectStatus, expectType, JSON_TYPE } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectThat } from '../runner/expect.ts'
import type { Answer } from '../client/http.ts'
import type { Context } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'

interface Info {
  websocket?: unknown
  cookie_needed?: unknown
  origins?: unknown
  entropy?: unknown
  base_url?: unknown
}

function infoOf (answer: Answer): Info {
  expectStatus(answer, 200)
  const value: unknown = JSON.parse(answer.body.toString('utf8'))
  expectThat(typeof value === 'object' && value !== null && !Array.isArray(value), `the body of ${answer.request}`, 'a JSON object', value)
  return value
}

async function entropy (t: Context): Promise<number> {
  const { entropy: value } = infoOf(await t.get('/echo/info'))
  expectThat(typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32, 'entropy', 'an integer from 0 to 4294967295', value)
  return value
}

const samples = 32

const cases: Case[] = [
  {
    id: 'INFO-1',
    title: 'GET answers JSON that is not cached, with CORS headers and no cookie',
    level: 'S',
    async run (t) {
      const answer = await t.get('/echo/info', { Origin: 'test' })
      expectStatus(answer, 200)
      expectType(answer, JSON_TYPE)
      expectNotCacheable(answer)
      expectCors(answer, 'test')
      expectNoHeader(answer, 'Set-Cookie')
    }
  },
  {
    id: 'INFO-2',
    title: 'the four fields and their types',
    level: 'S',
    async run (t) {
      const info = infoOf(await t.get('/echo/info'))
      expectThat(typeof info.websocket === 'boolean', 'websocket', 'a boolean', info.websocket)
      expectThat(typeof info.cookie_needed === 'boolean', 'cookie_needed', 'a boolean', info.cookie_needed)
      expectEqual(info.origins, ['*:*'], 'origins')
      expectThat(Number.isInteger(info.entropy), 'entropy', 'an integer', info.entropy)
    }
  },
  {
    id: 'INFO-3',
    title: 'entropy is a new 32-bit number each time',
    level: 'S',
    async run (t) {
      const [first, second] = [await entropy(t), await entropy(t)]
      expectThat(first !== second, 'entropy of two answers', 'two numbers', [first, second])
    }
  },
  {
    id: 'INFO-4',
    title: 'entropy cannot be foretold: no counter, no clock, no constant step, every byte alive',
    level: 'D',
    async run (t) {
      const values: number[] = []
      while (values.length < samples) values.push(await entropy(t))
      expectEqual(new Set(values).size, samples, 'the number of different values')
      const steps = values.slice(1).map((value, index) => ((value - (values[index] ?? 0)) + 2 ** 32) % 2 ** 32)
      expectThat(new Set(steps).size > samples / 2, 'the steps between values', 'different ones', steps)
      expectThat(values.some((value, index) => index > 0 && value < (values[index - 1] ?? 0)) &&
        values.some((value, index) => index > 0 && value > (values[index - 1] ?? 0)), 'the order of the values', 'rising and falling', values)
      for (const shift of [24, 16, 8, 0]) {
        const bytes = new Set(values.map((value) => (value >>> shift) & 255))
        expectThat(bytes.size >= 12, `byte ${3 - shift / 8} of entropy`, `at least 12 different values in ${samples} answers`, bytes.size)
      }
    }
  },
  ...['test', 'null'].map((origin): Case => ({
    id: `INFO-5.${origin}`,
    title: `OPTIONS with the origin ${origin} is a preflight for GET`,
    level: 'S',
    also: ['INFO-6'],
    run: async (t) => expectPreflight(await t.request('OPTIONS', '/echo/info', { headers: { Origin: origin } }), origin, ['OPTIONS', 'GET'])
  })),
  {
    id: 'INFO-5.year',
    title: 'preflights and other cacheable answers may be kept for a year',
    level: 'D',
    also: ['XHR-1', 'IFRAME-4'],
    async run (t) {
      const answer = await t.request('OPTIONS', '/echo/info', { headers: { Origin: 'test' } })
      expectHeader(answer, 'Access-Control-Max-Age', '31536000')
      for (const cached of [answer, await t.get('/echo/iframe.html')]) expectMatchHeader(cached, 'Cache-Control', /max-age=31536000\b/)
    }
  },
  {
    id: 'INFO-7',
    title: 'websocket is false where it is switched off',
    level: 'S',
    needs: ['/disabled_websocket_echo'],
    run: async (t) => expectEqual(infoOf(await t.get('/disabled_websocket_echo/info')).websocket, false, 'websocket')
  },
  {
    id: 'INFO-7.on',
    title: 'websocket is true and cookie_needed is false where nothing is switched',
    level: 'C',
    async run (t) {
      const info = infoOf(await t.get('/echo/info'))
      expectEqual([info.websocket, info.cookie_needed], [true, false], 'websocket and cookie_needed')
    }
  },
  {
    id: 'INFO-8',
    title: 'cookie_needed is true where sticky cookies are on',
    level: 'S',
    needs: ['/cookie_needed_echo'],
    run: async (t) => expectEqual(infoOf(await t.get('/cookie_needed_echo/info')).cookie_needed, true, 'cookie_needed')
  },
  {
    id: 'INFO-9',
    title: 'a configured base_url is passed on',
    level: 'C',
    needs: ['/base_url'],
    run: async (t) => expectEqual(infoOf(await t.get('/base_url/info')).base_url, 'https://node1.example/base_url', 'base_url')
  },
  {
    id: 'INFO-9.absent',
    title: 'base_url is absent where none is configured',
    level: 'C',
    run: async (t) => expectEqual(infoOf(await t.get('/echo/info')).base_url, undefined, 'base_url')
  },
  {
    id: 'INFO-13',
    title: 'POST is 405 and Allow names GET and OPTIONS',
    level: 'D',
    run: async (t) => expectNotAllowed(await t.post('/echo/info'), 'GET', 'OPTIONS')
  },
  {
    id: 'INFO-14',
    title: 'HEAD answers 200 without a body',
    level: 'D',
    async run (t) {
      const incoming = await t.open('HEAD', '/echo/info', { headers: { Connection: 'close' } })
      expectStatus(incoming, 200)
      expectBytes(await incoming.wire.rest('the end of the connection'), '', 'what follows the head')
    }
  },
  {
    id: 'INFO-15',
    title: 'an upgrade is refused and the server lives on',
    level: 'D',
    also: ['PIT-6'],
    async run (t) {
      const { response, wire } = await t.handshake('/echo/info')
      expectThat(response.status >= 400 && response.status < 500, 'the answer to an upgrade of /info', 'a status from 400 to 499', response.statusLine)
      await wire.closed()
      await t.expectAlive()
    }
  }
]

export const info: Section = { name: 'info', title: '/info', source: 'InfoTest', cases }
