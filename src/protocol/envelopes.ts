import type { Frame } from './frame.ts'
import { quoteForScript } from './quote.ts'

/** How frames travel in the responses of one HTTP transport. */
export interface Envelope {
  readonly contentType: string
  /** What a streaming response begins with; `null` where the body is one frame. */
  readonly prelude: Buffer | null
  encode (frame: Frame): Buffer
}

/** Where each envelope keeps its form of a shared frame; a WebSocket's form has its place here too. */
export const FORM = { websocket: 0, line: 1, eventsource: 2, htmlfile: 3 } as const

const JAVASCRIPT = 'application/javascript; charset=UTF-8'

/** An envelope that looks the same for every request, so that shared frames are encoded once. */
function common (index: number, contentType: string, prelude: string | null, wrap: (text: string) => string): Envelope {
  const make = (frame: Frame) => Buffer.from(wrap(frame.text))
  return {
    contentType,
    prelude: prelude === null ? null : Buffer.from(prelude),
    encode: (frame) => frame.shared ? frame.form(index, make) : make(frame)
  }
}

const line = (text: string) => text + '\n'

/** xhr: one frame and a line end, then the response is over (XHR-2). */
export const xhr = common(FORM.line, JAVASCRIPT, null, line)

/** xhr_streaming: 2,048 `h` make browsers and proxies begin to pass the stream on (XHR-STREAM-3). */
export const xhrStreaming = common(FORM.line, JAVASCRIPT, 'h'.repeat(2048) + '\n', line)

/**
 * eventsource: the client runs decodeURI over the data, so `%` must be escaped (ES-6). Line ends and NUL are
 * escaped in the frame already, as JSON (ES-9).
 */
export const eventsource = common(FORM.eventsource, 'text/event-stream', '\r\n',
  (text) => 'data: ' + (text.includes('%') ? text.replaceAll('%', '%25') : text) + '\r\n\r\n')

const scriptElement = (text: string) => '<script>\np(' + quoteForScript(text) + ');\n</script>\r\n'

const htmlfileFrames = common(FORM.htmlfile, 'text/html; charset=UTF-8', null, scriptElement)

/** Browsers show nothing of a page before its first kilobyte (HTMLFILE-2). */
const HTMLFILE_HEAD = 1024

/** htmlfile: a page that never ends, with a script element for each frame. */
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
  return { ...htmlfileFrames, prelude: Buffer.from(head + ' '.repeat(HTMLFILE_HEAD + 1) + '\r\n\r\n') }
}

/** jsonp: the comment in front keeps the body from being read as anything but script (JSONP-1, SEC-S53). */
export function jsonp (callback: string): Envelope {
  return {
    contentType: JAVASCRIPT,
    prelude: null,
    encode: (frame) => Buffer.from('/**/' + callback + '(' + quoteForScript(frame.text) + ');\r\n')
  }
}
