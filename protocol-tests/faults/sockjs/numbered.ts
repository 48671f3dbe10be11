/** The faults that any suite for SockJS should catch, numbered so that two suites can be compared. */
import { frameBytes, opcodes } from '../../client/frames.ts'
import { delivered, frames, sent, parsed } from '../mutations/frames.ts'
import { body, header, headers, head, json, requestHeader, status, target } from '../mutations/http.ts'
import { always, at, both, on, receiving, streaming, whileOpen } from '../mutations/where.ts'
import { closes, fromServer } from '../mutations/websocket.ts'
import type { Fault, Mutation } from '../types.ts'

/** The longest that an option takes. */
export const never = 2 ** 31 - 1

const busy = 'c[2010,'

const entropy = { last: 0 }

/** The receiver that is open is ended for the one that comes, whose own refusal never arrives. */
const takeover: Mutation = on(receiving, both(always({ gone: () => Infinity }), whileOpen((holder, exchange) => {
  holder.link.client.end()
  return both(frames((frame) => frame.startsWith(busy) ? [] : frame), always({ ending: 'stay' }))(exchange)
})))

/** Pings never reach the client, and the server is told that they were answered. */
const unsupervised: Mutation = on(['websocket', 'raw'], fromServer(opcodes.ping, (frame, exchange) => {
  exchange.link.toServer(frameBytes(opcodes.pong, frame.payload))
  return undefined
}))

/** The server sees a short callback where the client sent a long one. */
export function unlimitedCallback (route: 'jsonp' | 'htmlfile', use: (name: string) => string): Mutation {
  return on(route, (exchange) => {
    const name = new URLSearchParams(exchange.query).get('c') ?? ''
    if (name.length <= 32) return undefined
    exchange.target = exchange.target.replace(name, 'short')
    return body((text) => text.replace(use('short'), use(name)))(exchange)
  })
}

const lowerCase = (text: string): string => text.replace(/^(\/[^/?]+\/[^/?]+\/[^/?]+\/)/, (path) => path.toLowerCase())

export const numbered: readonly Fault[] = [
  {
    id: 'FAULT-1',
    row: 'SESSION-9',
    breaks: 'the disconnect delay is always 60 s, and never the configured one',
    server: { everywhere: { disconnectDelay: 60_000 } },
    expect: ['SESSION-9', 'SESSION-10', 'SESSION-20', 'SESSION-4.ends', 'SESSION-7', 'SESSION-14.delay']
  },
  {
    id: 'FAULT-2',
    row: 'HEARTBEAT-1',
    breaks: 'heartbeats are never sent',
    server: { everywhere: { heartbeat: never } },
    expect: ['heartbeat', 'JSONP-15']
  },
  {
    id: 'FAULT-3',
    row: 'XHR-STREAM-3',
    breaks: 'the prelude of xhr_streaming has 1,024 letters instead of 2,048',
    proxy: on('xhr_streaming', body((text) => text.replace(/^h{2048}\n/, 'h'.repeat(1024) + '\n'))),
    expect: ['XHR-STREAM-3', 'HTTP-2', 'HTTP-4.xhr_streaming']
  },
  {
    id: 'FAULT-4',
    row: 'ENC-1',
    breaks: 'fragile characters leave the server as they are',
    proxy: frames((frame) => frame.startsWith('a') ? `a${JSON.stringify(JSON.parse(frame.slice(1)))}` : frame),
    expect: ['ENC-1.joiners', 'ENC-1.separators', 'ENC-1.invisible', 'ENC-1.specials']
  },
  {
    id: 'FAULT-5',
    row: 'ENC-2',
    breaks: 'lone surrogates leave the server as they are',
    proxy: frames((frame) => frame.replace(/\\u(d[89a-f]..)/g, (_all, unit: string) => String.fromCharCode(parseInt(unit, 16)))),
    expect: ['ENC-2.xhr', 'ENC-2.xhr_streaming', 'ENC-2.eventsource', 'ENC-2.websocket', 'ENC-2.escaped']
  },
  {
    id: 'FAULT-6',
    row: 'ES-6',
    breaks: 'percent signs in event streams are not encoded',
    proxy: on('eventsource', body((text) => text.replaceAll('%25', '%'))),
    expect: ['ES-6', 'ENC-3.eventsource']
  },
  {
    id: 'FAULT-7',
    row: 'SESSION-3',
    breaks: 'a second receiver gets no 2010 frame, its response just ends',
    proxy: frames((frame) => frame.startsWith(busy) ? [] : frame),
    expect: ['SESSION-3']
  },
  {
    id: 'FAULT-8',
    row: 'SESSION-3',
    breaks: 'a second receiver takes the session over',
    proxy: takeover,
    expect: ['SESSION-3']
  },
  {
    id: 'FAULT-9',
    row: 'SESSION-2',
    breaks: 'a send to an unknown session is 204',
    proxy: on('xhr_send', status(404, 204)),
    expect: ['SESSION-2', 'XHR-SEND-7', 'XHR-SEND-11', 'RAW-7']
  },
  {
    id: 'FAULT-10',
    row: 'XHR-STREAM-6',
    breaks: 'the response limit is twice as large',
    server: { endpoints: { '/echo': { responseLimit: 8192 } } },
    expect: ['XHR-STREAM-6', 'XHR-STREAM-7', 'XHR-STREAM-8', 'ES-5', 'HTMLFILE-7', 'XHR-STREAM-12']
  },
  {
    id: 'FAULT-11',
    row: 'XHR-STREAM-6',
    breaks: 'the response limit is never applied',
    server: { everywhere: { responseLimit: Number.MAX_SAFE_INTEGER } },
    expect: ['XHR-STREAM-6', 'XHR-STREAM-7', 'XHR-STREAM-8', 'ES-5', 'HTMLFILE-7', 'XHR-STREAM-12', 'SESSION-9.stream']
  },
  {
    id: 'FAULT-12',
    row: 'SESSION-15',
    breaks: 'messages inside one frame come in reverse order',
    proxy: delivered((messages) => messages.toReversed()),
    expect: ['SESSION-15.xhr.one-*', 'SESSION-15.jsonp.one-*', 'SESSION-15.*.bodies', '=WS-24', '=SESSION-12.xhr', 'XHR-SEND-9']
  },
  {
    id: 'FAULT-13',
    row: 'SESSION-15',
    breaks: 'one message is lost from every frame that has more than eight',
    proxy: delivered((messages) => messages.length > 8 ? messages.toSpliced(5, 1) : messages),
    expect: ['SESSION-15.*.one-*', 'SESSION-15.*.bodies', 'XHR-SEND-9.pipelined']
  },
  {
    id: 'FAULT-14',
    row: 'SESSION-14',
    breaks: 'the application never gets a close event',
    proxy: at('/journal', json(() => [])),
    expect: ['SESSION-14', 'SESSION-8']
  },
  {
    id: 'FAULT-15',
    row: 'CORS-7',
    breaks: 'no Vary: Origin',
    proxy: header('Vary'),
    expect: ['CORS-7']
  },
  {
    id: 'FAULT-16',
    row: 'CORS-4',
    breaks: 'no CORS headers on eventsource',
    proxy: on('eventsource', headers({ 'Access-Control-Allow-Origin': undefined, 'Access-Control-Allow-Credentials': undefined })),
    expect: ['CORS-4', 'CORS-2.eventsource', 'CORS-3.eventsource', 'CORS-5', 'CORS-8']
  },
  {
    id: 'FAULT-17',
    row: 'JSONP-10',
    breaks: 'no nosniff on jsonp',
    proxy: on('jsonp', header('X-Content-Type-Options')),
    expect: ['JSONP-10']
  },
  {
    id: 'FAULT-18',
    row: 'JSONP-11',
    breaks: 'the length of the callback of jsonp is not limited',
    proxy: unlimitedCallback('jsonp', (name) => `/**/${name}(`),
    expect: ['JSONP-11.33']
  },
  {
    id: 'FAULT-19',
    row: 'IFRAME-3',
    breaks: 'the pattern of the iframe page is too wide',
    proxy: on('iframe', target((path) => path.replace(/\/iframe[^?]*/i, '/iframe.html'))),
    expect: ['IFRAME-3', 'URL-14']
  },
  {
    id: 'FAULT-20',
    row: 'WS-7',
    breaks: 'broken JSON closes a WebSocket with 1000 instead of 3000',
    proxy: on('websocket', closes((status) => status.reason === 'Broken framing.' ? { code: 1000, reason: '' } : status)),
    expect: ['WS-7', 'WS-8']
  },
  {
    id: 'FAULT-21',
    row: 'WS-4',
    breaks: 'the WebSocket stays open after the c frame',
    proxy: on('websocket', () => ({ frame: (frame) => frame.opcode === opcodes.close ? [] : [frame], ending: 'stay' })),
    expect: ['WS-4', 'WS-5', '=WS-22']
  },
  {
    id: 'FAULT-22',
    row: 'WS-4',
    breaks: 'closing a WebSocket fails over an illegal code: the connection breaks without a close frame',
    proxy: at('/close', on('websocket', fromServer(opcodes.close, (_frame, { link }) => {
      link.cut()
      return undefined
    }))),
    expect: ['WS-4', 'WS-5']
  },
  {
    id: 'FAULT-23',
    row: 'INFO-4',
    breaks: 'entropy counts from 1',
    proxy: on('info', json<object>((info) => ({ ...info, entropy: ++entropy.last }))),
    expect: ['INFO-4']
  },
  {
    id: 'FAULT-24',
    row: 'INFO-1',
    breaks: '/info may be cached',
    proxy: on('info', header('Cache-Control')),
    expect: ['INFO-1']
  },
  {
    id: 'FAULT-25',
    row: 'SESSION-6',
    breaks: 'a client that has gone is noticed only after five seconds',
    proxy: always({ gone: () => 5000 }),
    expect: ['SESSION-6', 'SESSION-7', 'SESSION-8', 'SESSION-14.cut']
  },
  {
    id: 'FAULT-26',
    row: 'WS-22',
    breaks: 'no WebSocket ping, and the server waits for no pong',
    proxy: unsupervised,
    expect: ['=HEARTBEAT-6', 'HEARTBEAT-7', '=WS-22', 'RAW-5.silent']
  },
  {
    id: 'FAULT-27',
    row: 'INFO-5',
    breaks: 'a preflight may be kept for 1,000,001 seconds instead of a year',
    proxy: head((answer) => { if (answer.headers.get('access-control-max-age') !== undefined) answer.headers.set('Access-Control-Max-Age', '1000001') }),
    expect: ['INFO-5.year']
  },
  {
    id: 'FAULT-28',
    row: 'URL-9',
    breaks: 'session ids are compared without regard to case',
    proxy: target(lowerCase),
    expect: ['URL-9']
  },
  {
    id: 'FAULT-29',
    row: 'SESSION-12',
    breaks: 'messages that wait when the server closes are lost',
    proxy: at('/farewell', (exchange) => exchange.route === 'raw'
      ? fromServer(opcodes.text, () => undefined)(exchange)
      : frames((frame) => !frame.startsWith('a') ? frame : exchange.streaming || exchange.route === 'websocket' ? [] : 'c[3001,"bye"]')(exchange)),
    expect: ['SESSION-12.xhr', 'SESSION-12.xhr_streaming', 'SESSION-12.eventsource', 'SESSION-12.htmlfile', 'SESSION-12.jsonp', 'SESSION-12.websocket', 'RAW-3.farewell']
  },
  {
    id: 'FAULT-30',
    row: 'COOKIE-3',
    breaks: 'the JSESSIONID of the request is not echoed',
    proxy: at('/cookie_needed_echo', requestHeader('Cookie', () => undefined)),
    expect: ['COOKIE-3', 'WS-25']
  },
  {
    id: 'FAULT-31',
    row: 'URL-13',
    breaks: '405 without Allow',
    proxy: header('Allow'),
    expect: ['URL-13.xhr_send', 'URL-13.xhr_streaming', 'URL-13.eventsource', 'URL-13.htmlfile', 'URL-13.jsonp', 'URL-13.jsonp_send', 'WS-14', 'HTTP-6', 'XHR-8', 'INFO-13', 'CORS-9']
  },
  {
    id: 'FAULT-32',
    row: 'RAW-3',
    breaks: "a raw WebSocket closes with 1000 instead of the application's code",
    proxy: on('raw', closes(({ code, reason }) => ({ code: code >= 3000 ? 1000 : code, reason }))),
    expect: ['RAW-3', 'RAW-2.client']
  },
  {
    id: 'FAULT-33',
    row: 'INFO-9',
    breaks: 'a configured base_url is missing in /info',
    server: { endpoints: { '/base_url': { baseUrl: () => undefined } } },
    expect: ['=INFO-9']
  }
]

/** Decisions that no older suite pins. */
export const decisions: readonly Fault[] = [
  {
    id: 'htmlfile-unescaped',
    row: 'HTMLFILE-8',
    breaks: '<, > and & stand bare in the scripts of htmlfile',
    proxy: on('htmlfile', body((text) => text.replace(/\\u00(3c|3e|26)/g, (_all, code: string) => String.fromCharCode(parseInt(code, 16))))),
    expect: ['HTMLFILE-8']
  },
  {
    id: 'non-strings-delivered',
    row: 'ENC-6',
    breaks: 'elements other than strings are delivered as text',
    proxy: sent((text) => {
      const value = parsed(text)
      return Array.isArray(value) ? JSON.stringify(value.map((element) => typeof element === 'string' ? element : JSON.stringify(element))) : text
    }),
    expect: ['ENC-6.number', 'ENC-6.boolean', 'ENC-6.null', 'ENC-6.object', 'ENC-6.nested', 'ENC-6.mixed', 'ENC-6.last', 'ENC-6.deep-closed', 'JSONP-18', '=WS-8']
  },
  {
    id: 'not-found-cacheable',
    row: 'URL-14',
    breaks: 'a 404 may be cached for a year',
    proxy: head((answer) => { if (answer.status === 404) answer.headers.set('Cache-Control', 'public, max-age=31536000') }),
    expect: ['URL-14', 'WS-17', 'XHR-SEND-11']
  },
  {
    id: 'weak-tag-ignored',
    row: 'IFRAME-7',
    breaks: 'the weak form of an entity tag is not recognised',
    proxy: requestHeader('If-None-Match', (value) => value.startsWith('W/') ? undefined : value),
    expect: ['IFRAME-7.weak']
  },
  {
    id: 'transport-switch',
    row: 'SESSION-16',
    breaks: 'a session goes on with another receiving transport',
    proxy: on(receiving, status(404, 200, 'o\n')),
    expect: ['SESSION-16.*.xhr', 'SESSION-16.*.xhr_streaming', 'SESSION-16.*.eventsource', 'SESSION-16.*.htmlfile', 'SESSION-16.*.jsonp']
  },
  {
    id: 'prefixes-share-sessions',
    row: 'URL-11',
    breaks: 'a session can be reached through the prefix of another endpoint',
    proxy: at('/disabled_websocket_echo', target((path, { session }) => session === '' ? path : path.replace('/disabled_websocket_echo', '/echo'))),
    expect: ['URL-11']
  },
  {
    id: 'websocket-without-h',
    row: 'HEARTBEAT-6',
    breaks: 'the heartbeat of a WebSocket is a ping alone',
    proxy: on('websocket', frames((frame) => frame === 'h' ? [] : frame)),
    expect: ['=HEARTBEAT-6', 'WS-22.pong']
  },
  {
    id: 'buffering-allowed',
    row: 'XHR-STREAM-11',
    breaks: 'streams do not tell proxies to leave them unbuffered',
    proxy: on(streaming, header('X-Accel-Buffering')),
    expect: ['XHR-STREAM-11', 'ES-11', 'HTMLFILE-13']
  }
]
