/** What each transport puts around a frame. Every receiving test reads this table, so the bytes stand here once. */
import { expectBytes } from '../runner/expect.ts'

export const httpTransports = ['xhr', 'xhr_streaming', 'eventsource', 'htmlfile', 'jsonp'] as const
export type HttpTransport = typeof httpTransports[number]
export type Transport = HttpTransport | 'websocket' | 'raw-websocket'

export const sessionTransports: readonly (HttpTransport | 'websocket')[] = [...httpTransports, 'websocket']
export const transports: readonly Transport[] = [...sessionTransports, 'raw-websocket']

export const callback = 'callback'

export const html = {
  metaLines: [
    '  <meta http-equiv="X-UA-Compatible" content="IE=edge" />',
    '  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />'
  ]
} as const

export function htmlfileHead (name: string): string {
  return [
    '<!doctype html>', '<html><head>', ...html.metaLines, "</head><body><h2>Don't panic!</h2>", '  <script>',
    '    document.domain = document.domain;', `    var c = parent.${name};`, '    c.start();', '    function p(d) {c.message(d);};',
    '    window.onload = function() {c.stop();};', '  </script>'
  ].join('\n')
}

export interface Envelope {
  readonly method: 'GET' | 'POST'
  readonly query: string
  readonly send: 'xhr_send' | 'jsonp_send'
  readonly contentType: string
  /** A polling response carries one frame and ends. */
  readonly polling: boolean
  /** Checks the chunk that precedes the first frame. */
  readonly prelude?: (chunk: Buffer) => void
  /** The bytes of a frame, where nothing in it needs escaping beyond JSON. */
  wrap: (frame: string) => string
  /** The frame inside the bytes; an error where the wrapping is not exact. */
  unwrap: (bytes: Buffer) => string
}

function unwrapWith (start: string, end: string, inner: (text: string) => string): (bytes: Buffer) => string {
  return (bytes) => {
    const text = bytes.toString('utf8')
    if (text.length < start.length + end.length || !text.startsWith(start) || !text.endsWith(end)) {
      expectBytes(bytes, `${start}…${end}`, 'the wrapping of the frame')
    }
    return inner(text.slice(start.length, text.length - end.length))
  }
}

const plain = (text: string): string => text

function unquote (text: string): string {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'string') throw new Error(`not a quoted frame: ${text}`)
  return value
}

export const envelopes: Record<HttpTransport, Envelope> = {
  xhr: {
    method: 'POST',
    query: '',
    send: 'xhr_send',
    contentType: 'application/javascript;charset=UTF-8',
    polling: true,
    wrap: (frame) => `${frame}\n`,
    unwrap: unwrapWith('', '\n', plain)
  },
  xhr_streaming: {
    method: 'POST',
    query: '',
    send: 'xhr_send',
    contentType: 'application/javascript;charset=UTF-8',
    polling: false,
    prelude: (chunk) => expectBytes(chunk, 'h'.repeat(2048) + '\n', 'the prelude'),
    wrap: (frame) => `${frame}\n`,
    unwrap: unwrapWith('', '\n', plain)
  },
  eventsource: {
    method: 'GET',
    query: '',
    send: 'xhr_send',
    contentType: 'text/event-stream',
    polling: false,
    prelude: (chunk) => expectBytes(chunk, '\r\n', 'the prelude'),
    wrap: (frame) => `data: ${frame.replaceAll('%', '%25')}\r\n\r\n`,
    // The client decodes each event with decodeURI (ES-6), which throws at a lone percent sign.
    unwrap: unwrapWith('data: ', '\r\n\r\n', (text) => decodeURI(text))
  },
  htmlfile: {
    method: 'GET',
    query: `?c=${callback}`,
    send: 'xhr_send',
    contentType: 'text/html;charset=UTF-8',
    polling: false,
    prelude: (chunk) => {
      expectBytes(chunk.toString('utf8').trim(), htmlfileHead(callback), 'the head of the page')
    },
    wrap: (frame) => `<script>\np(${JSON.stringify(frame)});\n</script>\r\n`,
    unwrap: unwrapWith('<script>\np(', ');\n</script>\r\n', unquote)
  },
  jsonp: {
    method: 'GET',
    query: `?c=${callback}`,
    send: 'jsonp_send',
    contentType: 'application/javascript;charset=UTF-8',
    polling: true,
    wrap: (frame) => `/**/${callback}(${JSON.stringify(frame)});\r\n`,
    unwrap: unwrapWith(`/**/${callback}(`, ');\r\n', unquote)
  }
}
