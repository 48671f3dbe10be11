/** The greeting and the page for the iframe transports. */
import { body, head, header, headers, reply, requestHeader } from '../mutations/http.ts'
import { always, both, on, request, when } from '../mutations/where.ts'
import type { Fault } from '../types.ts'

export const greeting: readonly Fault[] = [
  {
    id: 'greeting-text',
    row: 'GREETING-1',
    breaks: 'the greeting has no line break at its end',
    proxy: on('greeting', body((text) => text.trimEnd())),
    expect: ['GREETING-1', 'URL-5', 'HTTP-1', '=HTTP-3', 'HTTP-3.pipelined']
  },
  {
    id: 'greeting-cookie',
    row: 'GREETING-1',
    breaks: 'every response sets a cookie',
    proxy: head((answer) => answer.headers.set('Set-Cookie', 'JSESSIONID=dummy; path=/')),
    expect: ['GREETING-1', 'COOKIE-1', 'COOKIE-4', 'COOKIE-6', 'INFO-1', 'IFRAME-4']
  },
  {
    id: 'greeting-everywhere',
    row: 'GREETING-2',
    breaks: 'every path below the base that is nothing else greets',
    proxy: on('other', when(({ method, target }) => method === 'GET' && target.startsWith('/echo/'), request((exchange) => { exchange.target = '/echo' }))),
    expect: ['GREETING-2', 'URL-2', '=URL-6', 'URL-7', 'URL-14']
  },
  {
    id: 'head-refused',
    row: 'GREETING-3',
    breaks: 'HEAD is 405 everywhere',
    proxy: when(({ method }) => method === 'HEAD', reply(405, '', { Allow: 'GET', Connection: 'close' })),
    expect: ['GREETING-3', 'INFO-14', 'IFRAME-12']
  },
  {
    id: 'head-with-body',
    row: 'GREETING-3',
    breaks: 'HEAD is answered with the body of GET',
    proxy: when(({ method }) => method === 'HEAD', request((exchange) => { exchange.method = 'GET' })),
    expect: ['GREETING-3', 'INFO-14', 'IFRAME-12', 'HTTP-6.HEAD']
  },
  {
    id: 'upgrade-of-base-served',
    row: 'GREETING-4',
    breaks: 'an upgrade of a path without WebSocket is answered like a request without upgrade',
    proxy: when(({ route }) => route !== 'websocket' && route !== 'raw', request((exchange) => {
      if (exchange.headers.get('upgrade') === 'websocket') exchange.headers.set('Upgrade', undefined)
    })),
    expect: ['GREETING-4', 'INFO-15', '=PIT-6']
  },
  {
    id: 'refused-upgrade-open',
    row: 'GREETING-4',
    breaks: 'the socket of a refused upgrade stays open',
    proxy: when(({ headers }) => headers.get('upgrade') === 'websocket', both(always({ ending: 'stay' }), (exchange) => ({
      // The head goes out, or nobody would know that the upgrade was refused.
      head: (answer) => {
        if (answer.status === 101) return
        exchange.link.toClient(answer.headers.bytes(`${answer.version} ${answer.status} ${answer.reason}`))
      }
    }))),
    expect: ['GREETING-4', 'INFO-15', '=PIT-6', 'WS-15', 'WS-17', 'CORS-10.websocket']
  }
]

export const iframe: readonly Fault[] = [
  {
    id: 'iframe-page',
    row: 'IFRAME-1',
    breaks: 'one line of the page is not the one of the protocol',
    proxy: on('iframe', body((text) => text.replace('SockJS.bootstrap_iframe()', '_sockjs_onload()'))),
    expect: ['IFRAME-1', 'IFRAME-2', 'IFRAME-7.other', 'IFRAME-13.same']
  },
  {
    id: 'iframe-name-narrow',
    row: 'IFRAME-1',
    breaks: 'names of the page have no letters in their version',
    proxy: on('iframe', when(({ target }) => /iframe-[^?]*[a-z][^?]*\.html/.test(target), reply(404))),
    expect: ['IFRAME-1', 'IFRAME-2']
  },
  {
    id: 'iframe-query',
    row: 'IFRAME-2',
    breaks: 'the page is 404 with a query string',
    proxy: on('iframe', when(({ query }) => query !== '', reply(404))),
    expect: ['IFRAME-2', 'URL-4', 'IFRAME-8.fixed']
  },
  {
    id: 'iframe-cache',
    row: 'IFRAME-4',
    breaks: 'the page may not be cached',
    proxy: on('iframe', header('Cache-Control', 'no-store, no-cache, no-transform, must-revalidate, max-age=0')),
    expect: ['IFRAME-4', 'INFO-5.year']
  },
  {
    id: 'iframe-last-modified',
    row: 'IFRAME-4',
    breaks: 'the page says when it was last changed',
    proxy: on('iframe', header('Last-Modified', 'Thu, 01 Jan 2015 00:00:00 GMT')),
    expect: ['IFRAME-4']
  },
  {
    id: 'iframe-tag-missing',
    row: 'IFRAME-4',
    breaks: 'the page has no entity tag',
    proxy: on('iframe', header('ETag')),
    expect: ['IFRAME-4', 'IFRAME-5', 'IFRAME-6']
  },
  {
    id: 'iframe-tag-changes',
    row: 'IFRAME-5',
    breaks: 'the entity tag is another one each time',
    proxy: on('iframe', head((answer) => answer.headers.set('ETag', `"${process.hrtime.bigint()}"`))),
    expect: ['IFRAME-5', 'IFRAME-6', 'IFRAME-7.weak', 'IFRAME-7.list']
  },
  {
    id: 'iframe-never-304',
    row: 'IFRAME-6',
    breaks: 'If-None-Match is not looked at',
    proxy: on('iframe', requestHeader('If-None-Match', () => undefined)),
    expect: ['IFRAME-6', 'IFRAME-7.weak', 'IFRAME-7.any', 'IFRAME-7.list']
  },
  {
    id: 'iframe-304-typed',
    row: 'IFRAME-6',
    breaks: 'a 304 has a content type',
    proxy: on('iframe', header('Content-Type', 'text/html; charset=UTF-8')),
    expect: ['IFRAME-6', 'IFRAME-7.weak', 'IFRAME-7.any', 'IFRAME-7.list']
  },
  {
    id: 'iframe-any-ignored',
    row: 'IFRAME-7',
    breaks: 'If-None-Match: * is not recognised',
    proxy: requestHeader('If-None-Match', (value) => value === '*' ? undefined : value),
    expect: ['IFRAME-7.any']
  },
  {
    id: 'iframe-list-ignored',
    row: 'IFRAME-7',
    breaks: 'a list in If-None-Match is taken for one tag',
    proxy: requestHeader('If-None-Match', (value) => value.includes(',') ? undefined : value),
    expect: ['IFRAME-7.list']
  },
  {
    id: 'iframe-always-304',
    row: 'IFRAME-7',
    breaks: 'any If-None-Match is 304',
    proxy: requestHeader('If-None-Match', () => '*'),
    expect: ['IFRAME-7.other']
  },
  {
    id: 'iframe-relative-client',
    row: 'IFRAME-8',
    breaks: "the client's URL is relative to the page",
    proxy: on('iframe', body((text) => text.replace(/<script src="[^"]*"/, '<script src="sockjs.min.js"'))),
    expect: ['=IFRAME-8']
  },
  {
    id: 'iframe-client-from-request',
    row: 'IFRAME-8',
    breaks: "the client's URL is made from the Host header",
    proxy: on('iframe', body((text, { headers }) => text.replace(/<script src="[^"]*"/, `<script src="http://${headers.get('host')}/sockjs.js"`))),
    expect: ['IFRAME-8.fixed']
  },
  {
    id: 'iframe-client-unescaped',
    row: 'IFRAME-8',
    breaks: "the client's URL stands in the page without escapes",
    proxy: on('iframe', body((text) => text.replace(/<script src="[^"]*"/, '<script src="/sockjs.js?a=1&b=<2>"'))),
    expect: ['IFRAME-8.fixed']
  },
  {
    id: 'iframe-frame-options',
    row: 'IFRAME-10',
    breaks: 'X-Frame-Options forbids every frame',
    proxy: on('iframe', header('X-Frame-Options', 'DENY')),
    expect: ['IFRAME-10', 'IFRAME-13.any', 'IFRAME-13.same']
  },
  {
    id: 'iframe-frame-ancestors',
    row: 'IFRAME-10',
    breaks: 'a Content-Security-Policy forbids every frame',
    proxy: on('iframe', header('Content-Security-Policy', "default-src *; frame-ancestors 'none'")),
    expect: ['IFRAME-10', 'IFRAME-13.any', 'IFRAME-13.same']
  },
  {
    id: 'iframe-always-framable',
    row: 'IFRAME-13',
    breaks: 'any page may frame it, with any origins',
    proxy: on('iframe', headers({ 'X-Frame-Options': undefined, 'Content-Security-Policy': undefined })),
    expect: ['IFRAME-13.same']
  },
  {
    id: 'iframe-with-list',
    row: 'IFRAME-13',
    breaks: 'the page is served where origins are listed',
    server: { endpoints: { '/restricted': { origins: ['https://allowed.example'], transports: { iframe: true } } } },
    expect: ['IFRAME-13.list']
  }
]
