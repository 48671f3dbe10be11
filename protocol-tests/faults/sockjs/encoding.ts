import { accepted, delivered, frames, parsed, sent } from '../mutations/frames.ts'
import { crash, status } from '../mutations/http.ts'
import { at, on, sending } from '../mutations/where.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Fault, Mutation } from '../types.ts'

/** Escapes of fragile characters, short forms of JSON left alone. */
const escapes = (change: (escape: string) => string): Mutation => frames((frame) => frame.startsWith('a') ? frame.replace(/\\u[0-9a-f]{4}/g, change) : frame)

const isLarge = (text: string, limit: number): boolean => Buffer.byteLength(text) > limit

/** The server refuses the body in its own words, and the answer has the status and the text of the fault. */
const tooLarge = (exchange: Exchange): string => {
  exchange.respond(413, 'Payload too large.')
  return ''
}

const deep = /\[{400}/

export const encoding: readonly Fault[] = [
  {
    id: 'escapes-upper-case',
    row: 'ENC-1',
    breaks: 'escapes are written in upper case',
    proxy: escapes((escape) => `\\u${escape.slice(2).toUpperCase()}`),
    expect: ['ENC-1.controls', 'ENC-1.joiners', 'ENC-1.separators', 'ENC-1.invisible', 'ENC-1.specials', 'ENC-2.escaped']
  },
  {
    id: 'controls-bare',
    row: 'ENC-1',
    breaks: 'control characters stand bare in frames',
    proxy: escapes((escape) => escape < '\\u0020' ? String.fromCharCode(parseInt(escape.slice(2), 16)) : escape),
    expect: ['ENC-1.controls', 'ES-4', '=ENC-3']
  },
  {
    id: 'line-breaks-bare',
    row: 'ES-4',
    breaks: 'line breaks stand bare in frames',
    proxy: frames((frame) => frame.startsWith('a') ? frame.replaceAll('\\n', '\n').replaceAll('\\r', '\r') : frame),
    expect: ['ES-4', 'ENC-1.controls', '=ENC-3', 'ENC-3.xhr', 'ENC-3.xhr_streaming', 'ENC-3.eventsource', 'ENC-3.htmlfile', 'ENC-3.jsonp', 'ENC-3.websocket']
  },
  {
    id: 'pairs-escaped',
    row: 'ENC-2',
    breaks: 'surrogate pairs are escaped as well',
    proxy: frames((frame) => frame.replace(/[\ud800-\udfff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`)),
    expect: ['ENC-2.pair']
  },
  {
    id: 'surrogates-replaced',
    row: 'ENC-2',
    breaks: 'lone surrogates are replaced when a message is read',
    proxy: accepted((messages) => messages.map((message) => typeof message === 'string' ? Buffer.from(message).toString('utf8') : message)),
    expect: ['ENC-2.xhr', 'ENC-2.xhr_streaming', 'ENC-2.eventsource', 'ENC-2.htmlfile', 'ENC-2.jsonp', 'ENC-2.websocket', 'ENC-2.escaped']
  },
  {
    id: 'text-latin-1',
    row: 'ENC-3',
    breaks: 'the bytes of a client are read as Latin-1',
    proxy: sent((text) => Buffer.from(text).toString('latin1')),
    expect: ['ENC-3.xhr', 'ENC-3.xhr_streaming', 'ENC-3.eventsource', 'ENC-3.htmlfile', 'ENC-3.jsonp', 'ENC-3.websocket', 'ENC-3.split', 'XHR-7', 'WS-1']
  },
  {
    id: 'text-in-pieces',
    row: 'ENC-3',
    breaks: 'each packet of a body is decoded by itself',
    proxy: on('xhr_send', () => ({ upload: (_body, pieces) => Buffer.from(pieces.map((piece) => piece.toString('utf8')).join('')) })),
    expect: ['ENC-3.split']
  },
  {
    id: 'nul-lost',
    row: 'ENC-3',
    breaks: 'NUL is lost',
    proxy: delivered((messages) => messages.map((message) => message.replaceAll('\0', ''))),
    expect: ['ENC-1.controls', '=ENC-3', 'ENC-3.xhr', 'ENC-3.xhr_streaming', 'ENC-3.eventsource', 'ENC-3.htmlfile', 'ENC-3.jsonp', 'ENC-3.websocket', 'ES-4']
  },
  {
    id: 'plane-ends-early',
    row: 'ENC-3',
    breaks: 'characters from U+FFFE on are lost',
    proxy: delivered((messages) => messages.map((message) => message.replace(/[\ufffe\uffff]/g, ''))),
    expect: ['=ENC-3', 'ENC-1.specials']
  },
  {
    id: 'frame-spaced',
    row: 'ENC-1',
    breaks: 'there are spaces between the messages of a frame',
    proxy: frames((frame) => frame.startsWith('a[') ? `a${(JSON.stringify(JSON.parse(frame.slice(1)), null, 1)).replace(/\n ?/g, ' ')}` : frame),
    expect: ['ENC-1.message', 'XHR-3', 'XHR-STREAM-5', 'ES-3', 'HTMLFILE-4', 'JSONP-2', 'WS-1', 'ENC-8', 'ENC-9', 'ENC-7']
  },
  {
    id: 'broken-json-400',
    row: 'ENC-4',
    breaks: 'a body that is refused is 400',
    proxy: on(sending, status(500, 400)),
    expect: ['ENC-4', 'ENC-5', 'ENC-6', 'ENC-10', 'XHR-SEND-4', 'XHR-SEND-5', 'JSONP-6', 'JSONP-7', 'JSONP-18', 'HTTP-8']
  },
  {
    id: 'broken-json-read',
    row: 'ENC-4',
    breaks: 'broken JSON is read up to the error',
    proxy: sent((text) => parsed(text) === undefined && text !== '' ? '[]' : text),
    expect: ['ENC-4', 'ENC-6.deep-open', 'ENC-10', 'XHR-SEND-4', 'JSONP-6', 'WS-6.1', 'WS-6.2', 'WS-6.3', 'WS-6.4', 'WS-7', 'WS-8.deep']
  },
  {
    id: 'no-array-read',
    row: 'ENC-5',
    breaks: 'a body that is not an array is accepted, and delivers nothing',
    proxy: on(sending, sent((text) => parsed(text) !== undefined && !Array.isArray(parsed(text)) ? '[]' : text)),
    expect: ['ENC-5', 'JSONP-18', 'HTTP-8']
  },
  {
    id: 'refusals-alike',
    row: 'ENC-5',
    breaks: 'every body that is refused is called broken JSON',
    proxy: on(sending, status(500, 500, 'Broken JSON encoding.')),
    expect: ['ENC-5', 'ENC-6.number', 'ENC-6.boolean', 'ENC-6.null', 'ENC-6.object', 'ENC-6.nested', 'ENC-6.mixed', 'ENC-6.last', 'XHR-SEND-5', 'JSONP-7', 'JSONP-18', 'HTTP-8']
  },
  {
    id: 'strings-picked',
    row: 'ENC-6',
    breaks: 'elements other than strings are skipped, and the strings delivered',
    proxy: accepted((messages) => messages.filter((message) => typeof message === 'string')),
    expect: ['ENC-6.number', 'ENC-6.boolean', 'ENC-6.null', 'ENC-6.object', 'ENC-6.nested', 'ENC-6.mixed', 'ENC-6.last', 'ENC-6.deep-closed', 'JSONP-18', '=WS-8']
  },
  {
    id: 'depth-crash',
    row: 'ENC-6',
    breaks: 'deeply nested arrays end the process',
    proxy: sent((text, exchange) => {
      if (deep.test(text)) crash(exchange)
      return text
    }),
    expect: ['ENC-6.deep-closed', 'ENC-6.deep-open', 'WS-8.deep']
  },
  {
    id: 'empty-array-message',
    row: 'ENC-7',
    breaks: 'an empty array is delivered as an empty message',
    proxy: sent((text) => text === '[]' ? '[""]' : text),
    expect: ['ENC-7', 'JSONP-8', 'WS-3']
  },
  {
    id: 'empty-array-refused',
    row: 'ENC-7',
    breaks: 'an empty array is refused',
    proxy: sent((text) => text === '[]' ? '{}' : text),
    expect: ['ENC-7', 'JSONP-8', 'WS-3']
  },
  {
    id: 'empty-text-refused',
    row: 'WS-3',
    breaks: 'an empty text drops a WebSocket',
    proxy: on('websocket', sent((text) => text === '' ? '[' : text)),
    expect: ['WS-3']
  },
  {
    id: 'empty-message-lost',
    row: 'ENC-8',
    breaks: 'an empty message is lost',
    proxy: accepted((messages) => messages.filter((message) => message !== '')),
    expect: ['ENC-8', 'XHR-STREAM-7']
  },
  {
    id: 'white-space-refused',
    row: 'ENC-9',
    breaks: 'white space around and inside the array is refused',
    proxy: sent((text) => /^\s|\s$|^\[\s/.test(text) ? '{' : text),
    expect: ['ENC-9']
  },
  {
    id: 'byte-order-mark',
    row: 'ENC-10',
    breaks: 'a byte order mark is skipped',
    proxy: sent((text) => text.replace(/^\ufeff/, '')),
    expect: ['ENC-10']
  },
  {
    id: 'measured-encoded',
    row: 'ENC-11',
    breaks: 'messages are measured as they are escaped',
    proxy: at('/tiny', on('xhr_send', sent((text, exchange) => isLarge(text, 1100) ? tooLarge(exchange) : text))),
    expect: ['ENC-11.inbound']
  },
  {
    id: 'large-message-skipped',
    row: 'ENC-11',
    breaks: 'of a body with one message that is too large the others are delivered',
    proxy: at('/tiny', accepted((messages) => messages.filter((message) => typeof message !== 'string' || !isLarge(message, 1024)))),
    expect: ['ENC-11.over', '=WS-23']
  },
  {
    id: 'no-message-limit',
    row: 'ENC-11',
    breaks: 'messages may be of any size',
    server: { endpoints: { '/tiny': { maxMessageSize: 1 << 20, queue: { highWater: 2048, limit: 4096 } } } },
    expect: ['ENC-11.over', 'WS-23', 'XHR-SEND-10.length', 'XHR-SEND-10.chunked']
  },
  {
    id: 'frame-letter',
    row: 'ENC-1',
    breaks: 'messages are sent as m frames, one each',
    proxy: frames((frame) => frame.startsWith('a[') ? (JSON.parse(frame.slice(1)) as string[]).map((message) => `m${JSON.stringify(message)}`) : frame),
    expect: ['ENC-1.message', 'XHR-3', 'XHR-STREAM-5', 'ES-3', 'HTMLFILE-4', 'JSONP-2', 'WS-1', 'SESSION-15.*']
  }
]
