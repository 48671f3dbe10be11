/** XHR polling and JSONP. */
import { frames } from '../mutations/frames.ts'
import { body, head, header, headers, reply, status, upload } from '../mutations/http.ts'
import { always, on, polling, sending, when } from '../mutations/where.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Fault, Mutation } from '../types.ts'

const typed = ({ headers: fields }: Exchange): string => fields.get('content-type') ?? 'none'
const usual = /^(text\/|application\/(json|xml)|T$|$)/

const form = (change: (text: string) => string): Mutation => on('jsonp_send', when((exchange) => typed(exchange).includes('urlencoded'), upload(change)))

/** After a refusal nobody finds the session any more. */
function endedByRefusal (code: number): Mutation {
  const ended = new Set<string>()
  return on([...polling, ...sending], (exchange) => {
    if (ended.has(exchange.session)) return exchange.respond(404)
    return { head: (answer) => { if (answer.status === code) ended.add(exchange.session) } }
  })
}

export const xhr: readonly Fault[] = [
  {
    id: 'xhr-type',
    row: 'XHR-2',
    breaks: 'the frames of xhr are sent as text',
    proxy: on(['xhr', 'xhr_streaming', 'jsonp'], header('Content-Type', 'text/plain; charset=UTF-8')),
    expect: ['XHR-2', '=XHR-3', 'XHR-STREAM-2', 'JSONP-1']
  },
  {
    id: 'frames-cached',
    row: 'XHR-2',
    breaks: 'responses with frames may be cached',
    proxy: on([...polling, 'xhr_streaming', 'eventsource', 'htmlfile'], header('Cache-Control', 'no-cache')),
    expect: ['XHR-2', 'XHR-STREAM-2', 'ES-1', 'HTMLFILE-1', 'JSONP-1']
  },
  {
    id: 'poll-never-waits',
    row: 'XHR-4',
    breaks: 'a poll with nothing to deliver ends at once with a heartbeat',
    server: { everywhere: { heartbeat: 1 } },
    expect: ['XHR-3.waiting', 'SESSION-3.xhr', 'SESSION-3.jsonp', '=HEARTBEAT-1', 'HEARTBEAT-8.receiver']
  },
  {
    id: 'length-demanded',
    row: 'XHR-5',
    breaks: 'a POST without Content-Length is 411',
    proxy: when(({ method, headers: fields }) => method === 'POST' && fields.get('content-length') === undefined, reply(411, '', { Connection: 'close' })),
    expect: ['XHR-5', 'HTTP-5.chunked', 'XHR-SEND-10.chunked']
  },
  {
    id: 'poll-chunked',
    row: 'XHR-7',
    breaks: 'a poll has chunks instead of a length',
    proxy: on('xhr', headers({ 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' })),
    expect: ['XHR-7']
  },
  {
    id: 'allow-incomplete',
    row: 'XHR-8',
    breaks: 'Allow does not name OPTIONS',
    proxy: head((answer) => { if (answer.status === 405) answer.headers.set('Allow', (answer.headers.get('Allow') ?? '').replace(/, *OPTIONS|OPTIONS, */, '')) }),
    expect: ['XHR-8', 'INFO-13']
  },
  {
    id: 'poll-loses-frame',
    row: 'XHR-3',
    breaks: 'a poll that had to wait ends empty',
    proxy: on('xhr', (exchange) => {
      const started = Date.now()
      return frames((frame) => frame.startsWith('a') && Date.now() - started > 50 ? [] : frame)(exchange)
    }),
    expect: ['XHR-3.waiting', 'SESSION-3.xhr']
  },
  {
    id: 'send-200',
    row: 'XHR-SEND-1',
    breaks: 'a send is 200 with ok',
    proxy: on('xhr_send', status(204, 200, 'ok')),
    expect: ['XHR-SEND-1', 'XHR-SEND-2', 'XHR-SEND-3', 'HTTP-2.flow', 'HTTP-3.kept', 'HTTP-5.chunked', 'SESSION-18', 'URL-3']
  },
  {
    id: 'send-untyped',
    row: 'XHR-SEND-1',
    breaks: 'the 204 of a send has no content type',
    proxy: on('xhr_send', header('Content-Type')),
    expect: ['XHR-SEND-1', 'XHR-SEND-11', 'HTTP-8']
  },
  {
    id: 'send-xml',
    row: 'XHR-SEND-2',
    breaks: 'a send in XML is 415',
    proxy: on('xhr_send', when((exchange) => typed(exchange).includes('xml'), reply(415))),
    expect: ['XHR-SEND-2']
  },
  {
    id: 'send-types',
    row: 'XHR-SEND-3',
    breaks: 'a send with an unusual content type, or none, is 415',
    proxy: on('xhr_send', when((exchange) => !usual.test(typed(exchange)), reply(415))),
    expect: ['XHR-SEND-3']
  },
  {
    id: 'refusal-silent',
    row: 'XHR-SEND-4',
    breaks: 'a refusal does not say why',
    proxy: on(sending, status(500, 500, 'Internal Server Error')),
    expect: ['XHR-SEND-4', 'XHR-SEND-5', 'JSONP-6', 'JSONP-7', 'JSONP-18', 'ENC-4', 'ENC-5', 'ENC-10', 'HTTP-8']
  },
  {
    id: 'refusal-detailed',
    row: 'HTTP-8',
    breaks: 'a refusal repeats the message of the parser',
    proxy: on(sending, (exchange) => ({
      piece: (piece) => exchange.answer?.status === 500 ? [piece, Buffer.from('\nSyntaxError: Unexpected end of JSON input')] : [piece]
    })),
    expect: ['HTTP-8']
  },
  {
    id: 'refusal-cached',
    row: 'HTTP-8',
    breaks: 'a refusal may be cached',
    proxy: head((answer) => { if (answer.status === 500) answer.headers.set('Cache-Control', undefined) }),
    expect: ['HTTP-8']
  },
  {
    id: 'empty-body-read',
    row: 'XHR-SEND-5',
    breaks: 'an empty body is accepted',
    proxy: on(sending, upload((text, { route }) => text !== '' ? text : route === 'xhr_send' ? '[]' : 'd=%5B%5D')),
    expect: ['XHR-SEND-5', 'HTTP-8', 'JSONP-7']
  },
  {
    id: 'refusal-ends-session',
    row: 'XHR-SEND-6',
    breaks: 'a body that is refused ends its session',
    proxy: endedByRefusal(500),
    expect: ['XHR-SEND-6', 'ENC-4', 'ENC-5', 'ENC-6', 'ENC-10', 'JSONP-6', 'JSONP-7', 'JSONP-18', 'HTTP-8']
  },
  {
    id: 'large-body-ends-session',
    row: 'XHR-SEND-10',
    breaks: 'a body that is too large ends its session',
    proxy: endedByRefusal(413),
    expect: ['XHR-SEND-10.length', 'XHR-SEND-10.chunked', 'ENC-11.over']
  },
  {
    id: 'body-before-session',
    row: 'XHR-SEND-7',
    breaks: 'the body is judged before the session is looked for',
    proxy: on('xhr_send', (exchange) => ({
      upload: (bytes) => {
        if (bytes.toString().startsWith('["x') && !bytes.toString().endsWith(']')) exchange.hooks.head = (answer) => { answer.status = 500 }
        return bytes
      }
    })),
    expect: ['XHR-SEND-7']
  },
  {
    id: 'large-body-cut',
    row: 'XHR-SEND-10',
    breaks: 'the connection breaks where a body is too large',
    proxy: on('xhr_send', (exchange) => ({ head: (answer) => { if (answer.status === 413) exchange.link.cut() } })),
    expect: ['XHR-SEND-10.length', 'XHR-SEND-10.chunked', 'ENC-11.over']
  },
  {
    id: 'unknown-send-page',
    row: 'XHR-SEND-11',
    breaks: 'the 404 of a send is a page of HTML',
    proxy: on('xhr_send', head((answer) => { if (answer.status === 404) answer.headers.set('Content-Type', 'text/html; charset=UTF-8') })),
    expect: ['XHR-SEND-11']
  }
]

export const jsonp: readonly Fault[] = [
  {
    id: 'jsonp-comment',
    row: 'JSONP-1',
    breaks: 'the script does not begin with a comment',
    proxy: on('jsonp', body((text) => text.replace('/**/', ''))),
    expect: ['JSONP-1', 'JSONP-2', 'JSONP-9', 'JSONP-20', 'JSONP-14', 'JSONP-11.32', 'SESSION-1.jsonp']
  },
  {
    id: 'jsonp-line-break',
    row: 'JSONP-1',
    breaks: 'the script ends in a bare line feed',
    proxy: on('jsonp', body((text) => text.replace(/\r\n$/, '\n'))),
    expect: ['JSONP-1', 'JSONP-2', 'JSONP-9', 'JSONP-20']
  },
  {
    id: 'jsonp-not-quoted',
    row: 'JSONP-2',
    breaks: 'the frame in the script is not quoted',
    proxy: on('jsonp', body((text) => text.replace(/\("([^]*)"\);/, (_all, inside: string) => `('${inside.replaceAll('\\"', '"')}');`))),
    expect: ['JSONP-1', 'JSONP-2', 'JSONP-9', 'JSONP-20']
  },
  {
    id: 'jsonp-send-answer',
    row: 'JSONP-3',
    breaks: 'jsonp_send answers 204',
    proxy: on('jsonp_send', status(200, 204)),
    expect: ['JSONP-3', 'JSONP-4', 'JSONP-8', 'JSONP-16', 'COOKIE-2.jsonp_send', 'URL-4']
  },
  {
    id: 'jsonp-send-text',
    row: 'JSONP-3',
    breaks: 'jsonp_send answers OK',
    proxy: on('jsonp_send', status(200, 200, 'OK')),
    expect: ['=JSONP-3', 'JSONP-4', 'JSONP-8']
  },
  {
    id: 'jsonp-send-cached',
    row: 'JSONP-3',
    breaks: 'the answer of jsonp_send may be cached',
    proxy: on('jsonp_send', header('Cache-Control')),
    expect: ['=JSONP-3']
  },
  {
    id: 'form-plus',
    row: 'JSONP-3',
    breaks: 'a plus sign in a form stays one',
    proxy: form((text) => text.replaceAll('+', '%2B')),
    expect: ['JSONP-3.form']
  },
  {
    id: 'form-first-field',
    row: 'JSONP-3',
    breaks: 'only the first field of a form is looked at',
    proxy: form((text) => text.split('&')[0] ?? ''),
    expect: ['JSONP-3.form']
  },
  {
    id: 'form-not-decoded',
    row: 'JSONP-3',
    breaks: 'a form is not decoded',
    proxy: form((text) => text.replaceAll('%', '%25')),
    expect: ['JSONP-3', 'JSONP-8', 'COOKIE-2.jsonp_send']
  },
  {
    id: 'text-decoded',
    row: 'JSONP-4',
    breaks: 'a text body is decoded as a form is',
    proxy: on('jsonp_send', when((exchange) => typed(exchange).startsWith('text/plain'), upload((text) => decodeURIComponent(text)))),
    expect: ['JSONP-4']
  },
  {
    id: 'field-missing-read',
    row: 'JSONP-7',
    breaks: 'a form without its field is accepted',
    proxy: form((text) => text.startsWith('d=') && text !== 'd=' ? text : 'd=%5B%5D'),
    expect: ['JSONP-7']
  },
  {
    id: 'jsonp-late',
    row: 'JSONP-15',
    breaks: 'a poll of jsonp waits for minutes',
    proxy: on('jsonp', frames((frame, exchange) => {
      if (frame === 'h') exchange.hooks.ending = 'stay'
      return frame
    })),
    expect: ['JSONP-15', 'HEARTBEAT-5']
  },
  {
    id: 'jsonp-download',
    row: 'JSONP-16',
    breaks: 'the answer to a form is a download',
    proxy: on('jsonp_send', header('Content-Disposition', 'attachment; filename="f.txt"')),
    expect: ['JSONP-16']
  },
  {
    id: 'jsonp-separators',
    row: 'JSONP-20',
    breaks: 'U+2028 and U+2029 stand bare in the script',
    proxy: on('jsonp', always({
      piece: (piece) => [Buffer.from(piece.toString('utf8').replace(/\\\\u(202[89])/g, (_all, code: string) => String.fromCharCode(parseInt(code, 16))))]
    })),
    expect: ['JSONP-20']
  },
  {
    id: 'unsafe-transports-restricted',
    row: 'JSONP-19',
    breaks: 'jsonp and htmlfile are served where not every origin is allowed',
    server: {
      endpoints: {
        '/restricted': { transports: { jsonp: true, htmlfile: true } },
        '/same_origin': { transports: { jsonp: true, htmlfile: true } }
      }
    },
    expect: ['JSONP-19', 'HTMLFILE-12']
  }
]
