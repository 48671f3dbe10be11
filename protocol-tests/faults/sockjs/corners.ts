/** Rules that are broken in a corner: for one transport, one route or one status, the rest being right. */
import { opcodes } from '../../client/frames.ts'
import { frames } from '../mutations/frames.ts'
import { body, head, header, json, requestHeader, status, target } from '../mutations/http.ts'
import { fromServer, text } from '../mutations/websocket.ts'
import { always, at, both, on, perSession, receiving, sending, streaming, when } from '../mutations/where.ts'
import type { JournalEntry } from '../../sockjs/journal.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Fault, Mutation } from '../types.ts'
import { never } from './numbered.ts'

/** The session URL has something before its question mark that no route has. */
const withoutQuery = (route: Exchange['route']): Mutation => on(route, when(({ query }) => query !== '', target((path) => path.replace('?', '/?'))))

const unescape = (frame: string): string => frame.startsWith('a') ? `a${JSON.stringify(JSON.parse(frame.slice(1)))}` : frame

/** Streams end by another count than the server's; where they end, the session breaks too. */
function limited (limit: number, size: (frame: string) => number, count: (exchange: Exchange) => { bytes: number }): Mutation {
  return on('xhr_streaming', frames((frame, exchange) => {
    const counter = count(exchange)
    if (frame.startsWith('a')) counter.bytes += size(frame) + 1
    if (counter.bytes >= limit) {
      exchange.write(Buffer.from(`${frame}\n`))
      exchange.stop()
      return []
    }
    return frame
  }))
}

function perResponse (): (exchange: Exchange) => { bytes: number } {
  const counters = new WeakMap<Exchange, { bytes: number }>()
  return (exchange) => {
    const counter = counters.get(exchange) ?? { bytes: 0 }
    counters.set(exchange, counter)
    return counter
  }
}

/** What comes within a few milliseconds is one chunk. */
const gathered: Mutation = on(streaming, (exchange) => {
  let held: Buffer[] = []
  const flush = (): Buffer => {
    const all = Buffer.concat(held)
    held = []
    return all
  }
  return {
    piece (piece) {
      if (held.length === 0) exchange.link.proxy.later(() => exchange.write(flush()), 20)
      held.push(piece)
      return []
    },
    last: () => [flush()]
  }
})

const withoutPrelude: Mutation = on(streaming, (exchange) => {
  let prelude: Buffer | undefined
  return {
    piece (piece) {
      if (prelude === undefined) {
        prelude = piece
        return []
      }
      const all = piece.includes('c[') ? [piece] : [prelude, piece]
      exchange.hooks = {}
      return all
    }
  }
})

export const corners: readonly Fault[] = [
  {
    id: 'query-on-websocket',
    row: 'URL-4',
    breaks: 'a WebSocket is 404 with a query string',
    proxy: both(withoutQuery('websocket'), withoutQuery('raw')),
    expect: ['URL-4']
  },
  {
    id: 'query-on-streaming',
    row: 'URL-4',
    breaks: 'xhr_streaming is 404 with a query string',
    proxy: withoutQuery('xhr_streaming'),
    expect: ['URL-4']
  },
  {
    id: 'segments-too-many',
    row: 'URL-2',
    breaks: 'segments before the last three are ignored',
    proxy: target((path) => path.replace(/^(\/echo)\/[^/]+(\/[^/]+\/[^/]+\/xhr)$/, '$1$2')),
    expect: ['URL-2']
  },
  {
    id: 'trailing-slash',
    row: 'URL-2',
    breaks: 'a slash at the end of a transport is ignored',
    proxy: target((path) => path.replace(/(\/[^/]+\/[^/]+\/xhr)\/$/, '$1')),
    expect: ['URL-2']
  },
  {
    id: 'not-found-of-sends-cacheable',
    row: 'URL-14',
    breaks: 'the 404 of jsonp_send may be cached',
    proxy: on('jsonp_send', head((answer) => { if (answer.status === 404) answer.headers.set('Cache-Control', undefined) })),
    expect: ['URL-14']
  },
  {
    id: 'not-found-of-switch-cacheable',
    row: 'URL-14',
    breaks: 'the 404 for a session of another transport may be cached',
    proxy: on(receiving, head((answer) => { if (answer.status === 404) answer.headers.set('Cache-Control', undefined) })),
    expect: ['URL-14']
  },
  {
    id: 'not-found-of-page-cacheable',
    row: 'URL-14',
    breaks: 'the 404 for a page that is not served may be cached',
    proxy: on('iframe', head((answer) => { if (answer.status === 404) answer.headers.set('Cache-Control', 'public, max-age=31536000') })),
    expect: ['URL-14']
  },
  {
    id: 'greeting-type',
    row: 'GREETING-1',
    breaks: 'the greeting is HTML',
    proxy: on('greeting', header('Content-Type', 'text/html; charset=UTF-8')),
    expect: ['GREETING-1']
  },
  {
    id: 'cacheable-without-expires',
    row: 'IFRAME-4',
    breaks: 'responses that may be cached have no Expires',
    proxy: header('Expires'),
    expect: ['IFRAME-4', 'INFO-5.test', 'INFO-5.null', 'XHR-1', 'XHR-STREAM-1', 'CORS-8']
  },
  {
    id: 'info-expires',
    row: 'INFO-1',
    breaks: '/info has an Expires',
    proxy: on('info', when(({ method }) => method === 'GET', header('Expires', 'Thu, 31 Dec 2099 23:59:59 GMT'))),
    expect: ['INFO-1']
  },
  {
    id: 'entropy-signed',
    row: 'INFO-3',
    breaks: 'entropy is a signed number',
    proxy: on('info', json<{ entropy: number }>((info) => ({ ...info, entropy: info.entropy | 0 }))),
    expect: ['INFO-4']
  },
  {
    id: 'entropy-long',
    row: 'INFO-3',
    breaks: 'entropy has 53 bits',
    proxy: on('info', json<{ entropy: number }>((info) => ({ ...info, entropy: info.entropy * 2 ** 21 + 1 }))),
    expect: ['INFO-3', 'INFO-4']
  },
  {
    id: 'cors-doubled',
    row: 'CORS-1',
    breaks: 'CORS headers are sent twice',
    proxy: head((answer) => { answer.headers.lines.push(...answer.headers.lines.filter(([name]) => /^access-control-allow-origin$/i.test(name))) }),
    expect: ['CORS-1', 'CORS-2', 'CORS-3', 'CORS-4', 'CORS-5', 'INFO-1']
  },
  {
    id: 'origin-null-on-websockets',
    row: 'CORS-11',
    breaks: 'the origin null passes on WebSockets',
    proxy: at('/restricted', on(['websocket', 'raw'], requestHeader('Origin', (origin) => origin === 'null' ? 'https://allowed.example' : origin))),
    expect: ['CORS-11']
  },
  {
    id: 'origin-null-on-streams',
    row: 'CORS-11',
    breaks: 'the origin null passes on xhr_streaming',
    proxy: at('/restricted', on('xhr_streaming', requestHeader('Origin', (origin) => origin === 'null' ? 'https://allowed.example' : origin))),
    expect: ['CORS-11']
  },
  {
    id: 'origin-of-raw-websockets',
    row: 'CORS-10',
    breaks: 'the origin of a raw WebSocket is not judged',
    proxy: on('raw', requestHeader('Origin', () => undefined)),
    expect: ['CORS-10.websocket']
  },
  {
    id: 'refused-stream-without-prelude',
    row: 'SESSION-3',
    breaks: 'a stream that only brings a c frame has no prelude',
    proxy: withoutPrelude,
    expect: ['SESSION-3.xhr_streaming', 'SESSION-3.eventsource', 'SESSION-3.htmlfile', 'SESSION-5', 'SESSION-7.xhr_streaming']
  },
  {
    id: 'leaving-noticed-late',
    row: 'SESSION-6',
    breaks: 'a client that has gone is noticed after 700 ms',
    proxy: always({ gone: () => 700 }),
    expect: ['SESSION-7', 'SESSION-8', 'SESSION-14.cut']
  },
  {
    id: 'switch-of-streams',
    row: 'SESSION-16',
    breaks: 'sessions of the three streaming transports are one family',
    proxy: on(streaming, status(404, 200, '\r\n')),
    expect: ['SESSION-16.xhr_streaming.htmlfile', 'SESSION-16.xhr_streaming.eventsource', 'SESSION-16.eventsource.htmlfile', 'SESSION-16.htmlfile.xhr_streaming']
  },
  {
    id: 'raw-close-event-missing',
    row: 'SESSION-14',
    breaks: 'the end of a raw WebSocket emits no close event',
    proxy: at('/journal', json<JournalEntry[]>((entries) => entries.filter(({ transport }) => transport !== 'websocket-raw'))),
    expect: ['SESSION-14.raw']
  },
  {
    id: 'error-answers-sender',
    row: 'SESSION-22',
    breaks: 'an error in the application is the answer to the sender',
    proxy: at('/throw', on(sending, (exchange) => ({
      upload (bytes) {
        if (bytes.includes('throw')) exchange.hooks.head = (answer) => { answer.status = 500 }
        return bytes
      }
    }))),
    expect: ['SESSION-22.xhr']
  },
  ...(['eventsource', 'htmlfile', 'jsonp', 'websocket', 'xhr_streaming'] as const).map((route): Fault => ({
    id: `escapes-missing-on-${route}`,
    row: 'ENC-1',
    breaks: `${route} does not escape fragile characters`,
    proxy: on(route, frames(unescape)),
    expect: [`ENC-1.${route}`]
  })),
  {
    id: 'send-204-with-body',
    row: 'XHR-SEND-1',
    breaks: 'the 204 of a send is followed by a body',
    proxy: on('xhr_send', (exchange) => ({
      head (answer) {
        if (answer.status === 204) exchange.done.then(() => exchange.link.toClient(Buffer.from('ok'))).catch(() => {})
      }
    })),
    expect: ['XHR-SEND-1']
  },
  {
    id: 'frames-share-chunk',
    row: 'XHR-STREAM-5',
    breaks: 'frames that follow each other closely are one chunk',
    proxy: gathered,
    expect: ['XHR-STREAM-3', 'XHR-STREAM-4', 'HTTP-4', 'SESSION-12.xhr_streaming', 'SESSION-12.eventsource', 'SESSION-12.htmlfile', 'ES-2', 'HTMLFILE-3']
  },
  {
    id: 'limit-in-characters',
    row: 'XHR-STREAM-8',
    breaks: 'the response limit counts characters',
    server: { endpoints: { '/echo': { responseLimit: never } } },
    proxy: limited(4096, (frame) => frame.length, perResponse()),
    expect: ['XHR-STREAM-8']
  },
  {
    id: 'limit-of-session',
    row: 'XHR-STREAM-7',
    breaks: 'the response limit counts on from one response of a session to the next',
    server: { endpoints: { '/echo': { responseLimit: 4096 } } },
    proxy: limited(4097 + 134, (frame) => frame.length, perSession(() => ({ bytes: 0 }))),
    expect: ['XHR-STREAM-7']
  },
  {
    id: 'limit-without-line-breaks',
    row: 'XHR-STREAM-7',
    breaks: 'the response limit does not count the line breaks',
    server: { endpoints: { '/echo': { responseLimit: never } } },
    proxy: limited(4096, (frame) => frame.length - 1, perResponse()),
    expect: ['XHR-STREAM-7']
  },
  {
    id: 'o-late',
    row: 'WS-26',
    breaks: 'the o frame of a WebSocket comes after messages that the application sends at once',
    proxy: on('websocket', () => {
      let held = false
      return {
        frame (frame) {
          if (frame.opcode !== opcodes.text) return [frame]
          if (frame.payload.toString() === 'o') {
            held = true
            return []
          }
          const all = held ? [frame, text('o')] : [frame]
          held = false
          return all
        }
      }
    }),
    expect: ['WS-4', 'SESSION-12.websocket']
  },
  {
    id: 'frames-masked',
    row: 'WS-2',
    breaks: 'frames of the server are masked',
    proxy: on('websocket', fromServer(opcodes.text, (frame) => ({ ...frame, masked: true }))),
    expect: ['WS-2.fragmented']
  },
  {
    id: 'version-not-read-on-raw',
    row: 'WS-15',
    breaks: 'a raw WebSocket takes every version for 13',
    proxy: on('raw', requestHeader('Sec-WebSocket-Version', () => '13')),
    expect: ['WS-15']
  },
  {
    id: 'page-truncated',
    row: 'IFRAME-1',
    breaks: 'the page lacks its last line',
    proxy: on('iframe', body((page) => page.replace(/<\/html>\s*$/, ''))),
    expect: ['IFRAME-1']
  }
]
