import { body, crash, head, header, headers, reply } from '../mutations/http.ts'
import { always, both, on, request, sending, streaming, when } from '../mutations/where.ts'
import { transportRoutes } from '../proxy/exchange.ts'
import type { DemoEndpoint } from '../../../examples/demo/src/endpoints.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Fault, Mutation } from '../types.ts'

const old = (mutation: Mutation): Mutation => when(({ version }) => version === 'HTTP/1.0', mutation)

const unusual = ({ method }: Exchange): boolean => ['HEAD', 'PUT', 'DELETE', 'PATCH', 'TRACE'].includes(method)
const onTransport = ({ route }: Exchange): boolean => transportRoutes.some((name) => name === route)

/** An echo that is never held back. */
const eager: DemoEndpoint['handler'] = (session) => {
  session.on('message', (message) => session.send(message))
}

/** The process dies when this client resets its connection. */
const dyingOnReset: Mutation = (exchange) => ({
  gone (how) {
    if (how === 'rst') crash(exchange)
    return 0
  }
})

export const http: readonly Fault[] = [
  {
    id: 'http10-chunked',
    row: 'HTTP-1',
    breaks: 'an answer to HTTP/1.0 is chunked',
    proxy: old(on('greeting', headers({ 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' }))),
    expect: ['HTTP-1']
  },
  {
    id: 'http10-keep-alive-broken',
    row: 'HTTP-1',
    breaks: 'keep-alive is claimed to HTTP/1.0 and not kept',
    proxy: old(on('greeting', both(header('Connection', 'keep-alive'), always({ ending: 'close' })))),
    expect: ['HTTP-1']
  },
  {
    id: 'http10-stays',
    row: 'HTTP-1',
    breaks: 'an answer to HTTP/1.0 has no length, and its connection stays',
    proxy: old(on('greeting', (exchange) => ({
      head: (answer) => {
        answer.headers.set('Content-Length', undefined)
        answer.headers.set('Connection', undefined)
        exchange.link.toClient(answer.headers.bytes('HTTP/1.1 200 OK'))
      },
      ending: 'stay'
    }))),
    expect: ['HTTP-1']
  },
  {
    id: 'http10-stream-chunked',
    row: 'HTTP-2',
    breaks: 'a stream to HTTP/1.0 is chunked',
    proxy: old(request((exchange) => { exchange.version = 'HTTP/1.1' })),
    expect: ['=HTTP-2', 'HTTP-2.flow']
  },
  {
    id: 'http10-stream-length',
    row: 'HTTP-2',
    breaks: 'a stream to HTTP/1.0 has a length',
    proxy: old(on('xhr_streaming', header('Content-Length', '4096'))),
    expect: ['=HTTP-2']
  },
  {
    id: 'http10-stream-late',
    row: 'HTTP-2',
    breaks: 'a stream to HTTP/1.0 is sent when it ends',
    proxy: old(on('xhr_streaming', () => {
      const held: Buffer[] = []
      return {
        piece (piece) {
          held.push(piece)
          return []
        },
        last: () => held
      }
    })),
    expect: ['HTTP-2.flow']
  },
  {
    id: 'http11-closes',
    row: 'HTTP-3',
    breaks: 'the connection ends with every answer',
    proxy: both(header('Connection', 'close'), always({ ending: 'close' })),
    expect: ['=HTTP-3', 'HTTP-3.kept', 'HTTP-3.pipelined', 'HTTP-4.reuse', 'XHR-SEND-9.pipelined']
  },
  {
    id: 'http11-closes-silently',
    row: 'HTTP-3',
    breaks: 'the connection ends with a poll, without a header that says so',
    proxy: on('xhr', always({ ending: 'close' })),
    expect: ['HTTP-3.kept', 'HTTP-3.pipelined']
  },
  {
    id: 'http11-chunks',
    row: 'HTTP-3',
    breaks: 'a short body is cut into chunks',
    proxy: on('greeting', both(headers({ 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' }), body((text) => [text.slice(0, 4), text.slice(4)]))),
    expect: ['=HTTP-3', 'HTTP-1']
  },
  {
    id: 'pipeline-out-of-order',
    row: 'HTTP-3',
    breaks: 'a pipelined request is answered before the poll that waits',
    proxy: on('greeting', when(({ link }) => link.waiting > 1, (exchange) => {
      exchange.link.toClient(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\nWelcome to SockJS!\n'))
      return exchange.respond(204)
    })),
    expect: ['HTTP-3.pipelined']
  },
  {
    id: 'stream-unchunked',
    row: 'HTTP-4',
    breaks: 'a stream is delimited by the end of the connection',
    proxy: on(streaming, header('Transfer-Encoding')),
    expect: ['HTTP-4', 'XHR-STREAM-3', 'ES-2', 'XHR-STREAM-12']
  },
  {
    id: 'stream-ends-connection',
    row: 'HTTP-4',
    breaks: 'the connection ends with a stream',
    proxy: on(streaming, always({ ending: 'close' })),
    expect: ['HTTP-4.reuse']
  },
  {
    id: 'stream-cut',
    row: 'HTTP-4',
    breaks: 'a stream ends without its last chunk',
    proxy: on(streaming, always({ ending: 'cut' })),
    expect: ['HTTP-4.reuse', 'SESSION-5', 'XHR-STREAM-6', 'ES-5', 'HTMLFILE-7', 'SESSION-3.xhr_streaming', 'SESSION-3.eventsource', 'SESSION-3.htmlfile']
  },
  {
    id: 'chunked-body-refused',
    row: 'HTTP-5',
    breaks: 'a chunked body is 501',
    proxy: on(sending, when(({ headers: fields }) => fields.get('transfer-encoding') !== undefined, reply(501))),
    expect: ['HTTP-5.chunked', 'XHR-SEND-10.chunked']
  },
  {
    id: 'method-taken-for-get',
    row: 'HTTP-6',
    breaks: 'an unusual method is served as GET is',
    proxy: when((exchange) => unusual(exchange) && onTransport(exchange), request((exchange) => { exchange.method = 'GET' })),
    expect: ['HTTP-6']
  },
  {
    id: 'method-opens-session',
    row: 'HTTP-6',
    breaks: 'a request with a wrong method has opened a session before it is refused',
    proxy: on('xhr', when(unusual, (exchange) => {
      exchange.method = 'POST'
      return head((answer) => {
        answer.status = 405
        answer.body = ''
        answer.headers.set('Allow', 'POST, OPTIONS')
        answer.headers.set('Content-Type', undefined)
      })(exchange)
    })),
    expect: ['HTTP-6']
  },
  {
    id: 'no-queue-limit',
    row: 'HTTP-7',
    breaks: 'the queue of a session has no limit',
    server: { endpoints: { '/tiny': { maxMessageSize: 1024, queue: { highWater: 1 << 24, limit: 1 << 24 } } } },
    expect: ['HTTP-7']
  },
  {
    id: 'slow-consumer-code',
    row: 'HTTP-7',
    breaks: 'messages for a client that does not read are dropped',
    server: { endpoints: { '/tiny': { maxMessageSize: 1024, queue: { highWater: 2048, limit: 4096, overflow: 'drop' } } }, handlers: { '/tiny': eager } },
    expect: ['HTTP-7']
  }
]

export const pitfalls: readonly Fault[] = [
  {
    id: 'upgrade-crash',
    row: 'PIT-6',
    breaks: 'an upgrade of a path without WebSocket ends the process',
    proxy: when(({ route, headers: fields }) => fields.get('upgrade') === 'websocket' && route !== 'websocket' && route !== 'raw', crash),
    expect: ['=PIT-6', 'PIT-6.reset', 'GREETING-4', 'INFO-15']
  },
  {
    id: 'upgrade-unanswered',
    row: 'PIT-6',
    breaks: 'an upgrade of a path without WebSocket is never answered',
    proxy: when(({ route, headers: fields }) => fields.get('upgrade') === 'websocket' && route !== 'websocket' && route !== 'raw',
      always({ head: () => {}, ending: 'stay' })),
    expect: ['=PIT-6', 'GREETING-4', 'INFO-15']
  },
  {
    id: 'reset-crash',
    row: 'PIT-6',
    breaks: 'a reset after an upgrade request ends the process',
    proxy: when(({ headers: fields }) => fields.get('upgrade') !== undefined, dyingOnReset),
    expect: ['PIT-6.reset']
  },
  {
    id: 'reset-in-body-crash',
    row: 'PIT-6',
    breaks: 'a reset in the middle of a body ends the process',
    proxy: on('xhr_send', dyingOnReset),
    expect: ['PIT-6.mid-frame']
  },
  {
    id: 'other-protocol-crash',
    row: 'PIT-6',
    breaks: 'an upgrade to another protocol ends the process',
    proxy: when(({ headers: fields }) => fields.get('upgrade') === 'h2c', crash),
    expect: ['PIT-6.other-protocol']
  },
  {
    id: 'other-protocol-switched',
    row: 'PIT-6',
    breaks: 'an upgrade to another protocol is agreed to',
    proxy: when(({ headers: fields }) => fields.get('upgrade') === 'h2c', reply(101, '', { Connection: 'Upgrade', Upgrade: 'h2c' })),
    expect: ['PIT-6.other-protocol']
  }
]
