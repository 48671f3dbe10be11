import { head, reply, status, target } from '../mutations/http.ts'
import { at, on, request, when } from '../mutations/where.ts'
import type { Fault } from '../types.ts'

const objectProperties = /\/(constructor|__proto__|toString|hasOwnProperty)\//

const idOf = (session: string): string => session.split('/')[3] ?? ''

export const url: readonly Fault[] = [
  {
    id: 'segments-too-narrow',
    row: 'URL-1',
    breaks: 'a segment with an encoded space is refused',
    proxy: when(({ target }) => target.includes('%20'), reply(404)),
    expect: ['URL-1']
  },
  {
    id: 'segments-too-wide',
    row: 'URL-2',
    breaks: 'dots in segments are allowed',
    proxy: target((path) => path.replace(/^(\/echo\/)([^/]+)\/([^/]+)\/xhr$/, (_all, start: string, server: string, id: string) =>
      `${start}${server.replaceAll('.', '_')}/${id.replaceAll('.', '_')}/xhr`)),
    expect: ['URL-2', 'URL-14']
  },
  {
    id: 'server-segment-counts',
    row: 'URL-3',
    breaks: 'the server segment is part of the name of a session',
    proxy: target((path) => path.replace(/^(\/[^/]+)\/([^/?]+)\/([^/?]+)\/(xhr|xhr_send)$/, '$1/$2/$2-$3/$4')),
    expect: ['URL-3']
  },
  {
    id: 'query-routed',
    row: 'URL-4',
    breaks: 'a query string belongs to the name of the transport',
    proxy: target((path, { session }) => session === '' ? path : path.replace('?', '%3F')),
    expect: ['URL-4']
  },
  {
    id: 'greeting-with-query',
    row: 'URL-5',
    breaks: 'a greeting with a query string is left to the application',
    proxy: on('greeting', when(({ target }) => target.includes('?'), reply(404))),
    expect: ['URL-5']
  },
  {
    id: 'unknown-transport',
    row: 'URL-6',
    breaks: 'an unknown transport is answered as xhr is',
    proxy: target((path) => path.replace(/\/(xhrs|xhr_|XHR|polling|websocket2|chunking_test)$/, '/xhr')),
    expect: ['=URL-6']
  },
  {
    id: 'origin-before-route',
    row: 'URL-6',
    breaks: 'the origin is judged before there is a route',
    proxy: at('/restricted', when(({ headers }) => /refused/.test(headers.get('origin') ?? ''), status(404, 403))),
    expect: ['URL-6.refused']
  },
  {
    id: 'path-parameters',
    row: 'URL-7',
    breaks: 'the text behind a semicolon in the last segment is ignored',
    proxy: target((path) => path.replace(/;[^?]*/, '')),
    expect: ['URL-7']
  },
  {
    id: 'object-as-map',
    row: 'URL-8',
    breaks: 'sessions are looked up in an object, which has properties of its own',
    proxy: when(({ target }) => objectProperties.test(target), reply(500, 'not a session')),
    expect: ['URL-8']
  },
  {
    id: 'prefix-as-pattern',
    row: 'URL-10',
    breaks: 'the dot of a prefix stands for any character',
    proxy: target((path) => path.replace(/^\/a.b\//, '/a.b/')),
    expect: ['URL-10']
  },
  {
    id: 'parameter-length',
    row: 'URL-12',
    breaks: "the router's limit of 100 characters decides about session ids",
    proxy: when(({ session }) => idOf(session).length > 100, reply(404)),
    expect: ['URL-12.101', 'URL-12.128']
  },
  {
    id: 'session-id-length',
    row: 'URL-12',
    breaks: 'session ids may be of any length',
    server: { everywhere: { maxSessionIdLength: 4096 } },
    expect: ['URL-12.129']
  },
  {
    id: 'wrong-method-not-found',
    row: 'URL-13',
    breaks: 'a wrong method is 404 instead of 405',
    proxy: status(405, 404),
    expect: ['URL-13.xhr_send', 'URL-13.xhr_streaming', 'URL-13.eventsource', 'URL-13.htmlfile', 'URL-13.jsonp', 'URL-13.jsonp_send', 'WS-14', 'HTTP-6', 'XHR-8', 'INFO-13', 'CORS-9']
  },
  {
    id: 'wrong-method-explained',
    row: 'URL-13',
    breaks: 'a 405 has a page with an explanation',
    proxy: head((answer) => {
      if (answer.status !== 405) return
      answer.headers.set('Content-Type', 'text/html')
      answer.body = '<h1>Method Not Allowed</h1>'
    }),
    expect: ['URL-13.xhr_send', 'URL-13.eventsource', 'WS-14', 'XHR-8', 'INFO-13', 'CORS-9', 'HTTP-6.PUT']
  },
  {
    id: 'method-pattern',
    row: 'URL-13',
    breaks: 'methods are matched by a pattern that is not anchored and does not regard case',
    proxy: when(({ method }) => /post/i.test(method), request((exchange) => { exchange.method = 'POST' })),
    expect: ['URL-13.exact']
  }
]
