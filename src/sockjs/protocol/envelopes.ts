import type { SockjsFrame } from './frame.ts'
import { quoteForScript } from './quote.ts'

/** The form of the frames in the responses of one HTTP transport. */
export interface Envelope {
  readonly contentType: string
  /** Encodes a frame as a body, or as a part of one. */
  encode (frame: SockjsFrame): Encoded
  /** The parts of a response that streams, or `null` if the body is one frame. */
  readonly stream: Streaming | null
}

export interface Streaming {
  /** The bytes before the first frame. */
  readonly prelude: Buffer
  /** Encodes a frame as a whole chunk of a chunked response. */
  chunk (frame: SockjsFrame): Chunk
}

/** Bytes for the connection. A string has one byte a character and is for one session, so that it needs no buffer. */
export type Encoded = Buffer | string

/** A chunk of a response (RFC 9112, section 7.1), in one piece. `node:http` would write it in three. */
export interface Chunk {
  /** Bytes of the body in it. */
  readonly bytes: number
  readonly data: Encoded
}

/** The index of each encoded form of a shared frame. A chunk is the form of an envelope in a stream. */
export const FORM = { websocket: 0, line: 1, lineChunk: 2, eventsource: 3, eventsourceChunk: 4, htmlfile: 5, htmlfileChunk: 6, deflated: 7 } as const

function encoded (text: string, frame: SockjsFrame): Encoded {
  return frame.ascii && !frame.shared ? text : Buffer.from(text)
}

function chunkOf (body: string, frame: SockjsFrame): Chunk {
  const bytes = frame.ascii ? body.length : Buffer.byteLength(body)
  return { bytes, data: encoded(bytes.toString(16) + '\r\n' + body + '\r\n', frame) }
}

const JAVASCRIPT = 'application/javascript; charset=UTF-8'

/** Makes an envelope that is the same for every request, so that a shared frame is encoded once. */
function common (form: 'line' | 'eventsource' | 'htmlfile', contentType: string, prelude: string | null, wrap: (text: string) => string): Envelope {
  const body = FORM[form]
  const asChunk = FORM[`${form}Chunk`]
  const make = (frame: SockjsFrame) => encoded(wrap(frame.text), frame)
  const makeChunk = (frame: SockjsFrame) => chunkOf(wrap(frame.text), frame)
  const chunk = (frame: SockjsFrame) => frame.shared ? frame.form(asChunk, makeChunk) : makeChunk(frame)
  return {
    contentType,
    encode: (frame) => frame.shared ? frame.form(body, make) : make(frame),
    stream: prelude === null ? null : { prelude: Buffer.from(prelude), chunk }
  }
}

const line = (text: string) => text + '\n'

/** The envelope of xhr: one frame and a line end, then the response ends (XHR-2). */
export const xhr = common('line', JAVASCRIPT, null, line)

/** The envelope of xhr_streaming. Its 2,048 `h` make browsers and proxies begin to pass the stream on (XHR-STREAM-3). */
export const xhrStreaming = common('line', JAVASCRIPT, 'h'.repeat(2048) + '\n', line)

/**
 * The envelope of eventsource. The client runs decodeURI over the data, so `%` must be escaped (ES-6).
 * The frame is JSON, so line ends and NUL are escaped already (ES-9).
 */
export const eventsource = common('eventsource', 'text/event-stream', '\r\n',
  (text) => 'data: ' + (text.includes('%') ? text.replaceAll('%', '%25') : text) + '\r\n\r\n')

const scriptElement = (text: string) => '<script>\np(' + quoteForScript(text) + ');\n</script>\r\n'

const htmlfileFrames = common('htmlfile', 'text/html; charset=UTF-8', '', scriptElement)

/** The bytes that a browser reads before it begins to show a page (HTMLFILE-2). */
const HTMLFILE_HEAD = 1024

/** Makes the envelope of htmlfile: a page that streams, with a script element for each frame. */
export function htmlfile (callback: string): Envelope {
  const head = [
    '<!doctype html>',
    '<html><head>',
    '  <meta http-equiv="X-UA-Compatible" content="IE=edge" />',
    '  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />',
    '</head><body><h2>Don\'t panic!</h2>',
    '  <script>',
    '    document.domain = document.domain;',
    '    var c = parent.' + callback + ';',
    '    c.start();',
    '    function p(d) {c.message(d);};',
    '    window.onload = function() {c.stop();};',
    '  </script>'
  ].join('\n')
  const prelude = Buffer.from(head + ' '.repeat(HTMLFILE_HEAD + 1) + '\r\n\r\n')
  return { ...htmlfileFrames, stream: { ...htmlfileFrames.stream!, prelude } }
}

/** Makes the envelope of jsonp. The comment in front makes sure that the body is read as script only (JSONP-1, SEC-S53). */
export function jsonp (callback: string): Envelope {
  return {
    contentType: JAVASCRIPT,
    encode: (frame) => Buffer.from('/**/' + callback + '(' + quoteForScript(frame.text) + ');\r\n'),
    stream: null
  }
}
