import { head, header, reply, requestHeader, status } from '../mutations/http.ts'
import { at, on, request, sending, when } from '../mutations/where.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Answer } from '../proxy/hooks.ts'
import type { Fault, Mutation } from '../types.ts'

const allowOrigin = 'Access-Control-Allow-Origin'
const allowCredentials = 'Access-Control-Allow-Credentials'

/** Where there are CORS headers at all. */
function cors (change: (answer: Answer, exchange: Exchange) => void): Mutation {
  return head((answer, exchange) => { if (answer.headers.get(allowOrigin) !== undefined) change(answer, exchange) })
}

const preflight = ({ method }: Exchange): boolean => method === 'OPTIONS'
const allowed = 'https://allowed.example'
const passes = (test: (origin: string) => boolean): Mutation => at('/restricted', requestHeader('Origin', (origin) => test(origin) ? allowed : origin))

export const crossOrigin: readonly Fault[] = [
  {
    id: 'cors-any',
    row: 'CORS-1',
    breaks: 'every origin is answered with *',
    proxy: cors(({ headers }) => headers.set(allowOrigin, '*')),
    expect: ['CORS-1', 'CORS-3', 'CORS-4', 'CORS-5', 'INFO-1', 'INFO-5.test', 'INFO-5.null', 'XHR-1', 'XHR-2', 'XHR-STREAM-1', 'XHR-STREAM-2', 'XHR-SEND-1', 'XHR-SEND-11', 'CORS-8']
  },
  {
    id: 'cors-no-credentials',
    row: 'CORS-1',
    breaks: 'credentials are not allowed',
    proxy: header(allowCredentials),
    expect: ['CORS-1', 'CORS-3', 'CORS-4', 'CORS-5', 'INFO-1', 'INFO-5.test', 'XHR-2', 'XHR-SEND-1', 'XHR-STREAM-2']
  },
  {
    id: 'cors-credentials-for-all',
    row: 'CORS-2',
    breaks: 'credentials are allowed to a request without an origin',
    proxy: cors(({ headers }) => headers.set(allowCredentials, 'true')),
    expect: ['CORS-2']
  },
  {
    id: 'cors-nothing-without-origin',
    row: 'CORS-2',
    breaks: 'there are no CORS headers without an origin',
    proxy: cors(({ headers }, exchange) => { if (exchange.headers.get('origin') === undefined) headers.set(allowOrigin, undefined) }),
    expect: ['CORS-2']
  },
  {
    id: 'cors-null-any',
    row: 'CORS-3',
    breaks: 'the origin null is answered with *',
    proxy: cors(({ headers }) => {
      if (headers.get(allowOrigin) !== 'null') return
      headers.set(allowOrigin, '*')
      headers.set(allowCredentials, undefined)
    }),
    expect: ['CORS-3', 'INFO-5.null', 'XHR-1', 'XHR-STREAM-1']
  },
  {
    id: 'cors-not-on-errors',
    row: 'CORS-5',
    breaks: 'errors have no CORS headers',
    proxy: cors(({ status: code, headers }) => { if (code >= 400) headers.set(allowOrigin, undefined) }),
    expect: ['CORS-5', 'XHR-SEND-11']
  },
  {
    id: 'cors-headers-not-echoed',
    row: 'CORS-6',
    breaks: 'requested headers are not allowed',
    proxy: header('Access-Control-Allow-Headers'),
    expect: ['CORS-6']
  },
  {
    id: 'cors-headers-invented',
    row: 'CORS-6',
    breaks: 'headers are allowed that the request did not ask for',
    proxy: when(preflight, head(({ headers }) => headers.set('Access-Control-Allow-Headers', headers.get('Access-Control-Allow-Headers') ?? 'Content-Type'))),
    expect: ['CORS-6']
  },
  {
    id: 'vary-only-with-origin',
    row: 'CORS-7',
    breaks: 'answers to requests without an origin do not vary by it',
    proxy: when(({ headers }) => headers.get('origin') === undefined, header('Vary')),
    expect: ['CORS-7.info', 'CORS-7.xhr', 'CORS-7.xhr_send', 'CORS-7.xhr_streaming', 'CORS-7.eventsource']
  },
  {
    id: 'vary-not-on-preflight',
    row: 'CORS-7',
    breaks: 'preflights do not vary by origin',
    proxy: when(preflight, header('Vary')),
    expect: ['CORS-7.info', 'CORS-7.xhr', 'CORS-7.xhr_send', 'CORS-7.xhr_streaming', 'CORS-7.eventsource']
  },
  {
    id: 'vary-not-on-refusal',
    row: 'CORS-7',
    breaks: 'refusals do not vary by origin',
    proxy: head((answer) => { if (answer.status === 403) answer.headers.set('Vary', undefined) }),
    expect: ['CORS-7.refused']
  },
  {
    id: 'preflight-refused',
    row: 'XHR-1',
    breaks: 'OPTIONS is 405 everywhere',
    proxy: when(preflight, reply(405, '', { Allow: 'GET, POST' })),
    expect: ['CORS-6', 'CORS-8', 'INFO-5', 'XHR-1', 'XHR-STREAM-1']
  },
  {
    id: 'preflight-eventsource',
    row: 'CORS-8',
    breaks: 'OPTIONS on eventsource is 405',
    proxy: on('eventsource', when(preflight, reply(405, '', { Allow: 'GET' }))),
    expect: ['CORS-8', 'CORS-7.eventsource']
  },
  {
    id: 'preflight-body',
    row: 'INFO-5',
    breaks: 'a preflight is 200 with a text',
    proxy: status(204, 200, 'OK'),
    expect: ['INFO-5.test', 'INFO-5.null', 'XHR-1', 'XHR-STREAM-1', 'CORS-8', 'XHR-SEND-1']
  },
  {
    id: 'preflight-methods',
    row: 'XHR-1',
    breaks: 'a preflight allows GET alone',
    proxy: when(preflight, header('Access-Control-Allow-Methods', 'GET')),
    expect: ['INFO-5.test', 'INFO-5.null', 'XHR-1', 'XHR-STREAM-1', 'CORS-8']
  },
  {
    id: 'preflight-not-kept',
    row: 'INFO-5',
    breaks: 'a preflight may be kept for ten minutes',
    proxy: when(preflight, header('Access-Control-Max-Age', '600')),
    expect: ['INFO-5', 'XHR-1', 'XHR-STREAM-1', 'CORS-8']
  },
  {
    id: 'preflight-everywhere',
    row: 'CORS-9',
    breaks: 'OPTIONS is a preflight on every transport',
    proxy: when(preflight, on(['htmlfile', 'jsonp', 'jsonp_send', 'websocket'], reply(204, '', { Allow: 'GET' }))),
    expect: ['CORS-9']
  },
  {
    id: 'origin-by-prefix',
    row: 'CORS-10',
    breaks: 'an origin that only begins like a listed one passes',
    proxy: passes((origin) => origin.startsWith(allowed)),
    expect: ['CORS-10.info', 'CORS-10.xhr', 'CORS-10.xhr_streaming', 'CORS-10.eventsource']
  },
  {
    id: 'origin-without-scheme',
    row: 'CORS-10',
    breaks: 'origins are compared by their hosts alone',
    proxy: passes((origin) => /^https?:\/\/allowed\.example(:\d+)?$/.test(origin)),
    expect: ['CORS-10.info', 'CORS-10.xhr', 'CORS-10.xhr_streaming', 'CORS-10.eventsource']
  },
  {
    id: 'origin-only-of-info',
    row: 'CORS-10',
    breaks: 'the origin is judged for /info alone',
    proxy: at('/restricted', when(({ route }) => route !== 'info', requestHeader('Origin', () => undefined))),
    expect: ['CORS-10.xhr', 'CORS-10.xhr_streaming', 'CORS-10.eventsource', 'CORS-10.websocket', 'CORS-10.untouched', 'CORS-11']
  },
  {
    id: 'origin-not-of-websockets',
    row: 'CORS-10',
    breaks: 'the origin of a WebSocket is not judged',
    proxy: on(['websocket', 'raw'], requestHeader('Origin', () => undefined)),
    expect: ['CORS-10.websocket', 'CORS-13']
  },
  {
    id: 'origin-refused-with-cors',
    row: 'CORS-10',
    breaks: 'a refusal allows the origin that it refuses',
    proxy: head((answer, { headers }) => { if (answer.status === 403) answer.headers.set(allowOrigin, headers.get('origin')) }),
    expect: ['CORS-10.info', 'CORS-10.xhr', 'CORS-10.xhr_streaming', 'CORS-10.eventsource']
  },
  {
    id: 'origin-not-of-preflight',
    row: 'CORS-10',
    breaks: 'a preflight of a refused origin is answered',
    proxy: when(preflight, status(403, 204)),
    expect: ['CORS-10.info', 'CORS-10.xhr', 'CORS-10.xhr_streaming', 'CORS-10.eventsource', 'CORS-13']
  },
  {
    id: 'origin-judged-too-late',
    row: 'CORS-10',
    breaks: 'a refused request has created its session before it is refused',
    proxy: at('/restricted', on('xhr', (exchange) => {
      const origin = exchange.headers.get('origin')
      if (origin === undefined || origin === allowed) return undefined
      exchange.headers.set('Origin', allowed)
      return status(200, 403, 'Forbidden')(exchange)
    })),
    expect: ['CORS-10.untouched']
  },
  {
    id: 'origin-not-of-sends',
    row: 'CORS-10',
    breaks: 'the origin of a send is not judged, and a session does not remember its own',
    proxy: on(sending, requestHeader('Origin', () => undefined)),
    expect: ['CORS-10.untouched', 'SESSION-17.origin', 'CORS-1.xhr_send', 'CORS-3.xhr_send']
  },
  {
    id: 'origin-null-passes',
    row: 'CORS-11',
    breaks: 'the origin null passes every list',
    proxy: passes((origin) => origin === 'null'),
    expect: ['CORS-11']
  },
  {
    id: 'origin-default-open',
    row: 'CORS-13',
    breaks: 'without an origins option every origin passes',
    server: { endpoints: { '/same_origin': { origins: '*' } } },
    expect: ['CORS-13', 'HTMLFILE-12.same_origin', 'JSONP-19.same_origin', 'IFRAME-13.same']
  },
  {
    id: 'origin-own-refused',
    row: 'CORS-13',
    breaks: "the server's own origin is refused where none is listed",
    proxy: at('/same_origin', request(({ headers }) => {
      if (headers.get('origin')?.includes('127.0.0.1') === true) headers.set('Origin', 'https://refused.example')
    })),
    expect: ['CORS-13']
  }
]
