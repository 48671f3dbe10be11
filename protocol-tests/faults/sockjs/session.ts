import { opcodes } from '../../client/frames.ts'
import { frames } from '../mutations/frames.ts'
import { crash, requestHeader, status } from '../mutations/http.ts'
import { text } from '../mutations/websocket.ts'
import { always, at, later, on, perSession, receiving, sending, streaming, whileOpen } from '../mutations/where.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Hooks } from '../proxy/hooks.ts'
import type { Fault, Mutation } from '../types.ts'

const busy = 'c[2010,"Another connection still open"]'
const interrupted = 'c[1002,"Connection interrupted"]'

/** Something is different from the second `c` frame of a session on. */
function laterCloses (change: (frame: string) => string | readonly string[]): Mutation {
  const seen = perSession(() => ({ closes: 0 }))
  return on(receiving, frames((frame, exchange) => frame.startsWith('c[3') && ++seen(exchange).closes > 1 ? change(frame) : frame))
}

/** The response of a second receiver ends the connection of the first. */
const disturbance: Mutation = on(receiving, whileOpen((holder, exchange) => frames((frame) => {
  if (frame === busy) holder.link.cut()
  return frame
})(exchange)))

const turnedAway: Hooks = { frame: (frame) => frame.opcode === opcodes.text ? [text(busy)] : [frame] }

/** Sessions of WebSockets are found by `xhr_send`. */
function sharedRegistry (): Mutation {
  const sockets = new Set<string>()
  return (exchange) => {
    if (exchange.route === 'websocket') sockets.add(exchange.session)
    return exchange.route === 'xhr_send' && sockets.has(exchange.session) ? status(404, 204)(exchange) : undefined
  }
}

const headerOf = (name: string) => (exchange: Exchange): string => exchange.headers.get(name) ?? ''

export const session: readonly Fault[] = [
  {
    id: 'no-o-frame',
    row: 'SESSION-1',
    breaks: 'a session begins without an o frame',
    proxy: frames((frame) => frame === 'o' ? [] : frame),
    expect: ['SESSION-1', 'WS-1', 'XHR-2', 'XHR-STREAM-4', 'ES-3', 'HTMLFILE-3', 'JSONP-1', 'WS-16', 'SESSION-19', 'URL-3', 'XHR-5']
  },
  {
    id: 'o-twice',
    row: 'SESSION-1',
    breaks: 'a session begins with two o frames',
    proxy: frames((frame) => frame === 'o' ? ['o', 'o'] : frame),
    expect: ['SESSION-1.xhr', 'SESSION-1.jsonp', 'XHR-2', 'XHR-STREAM-5', 'ES-4', 'HTMLFILE-4', 'JSONP-1', 'WS-1', 'WS-3', 'WS-5', 'WS-9', 'HTTP-3.kept']
  },
  {
    id: 'unknown-send-opens',
    row: 'SESSION-2',
    breaks: 'a send to an unknown session is 200 with an empty body',
    proxy: on(sending, status(404, 200, '')),
    expect: ['SESSION-2', 'JSONP-17', 'JSONP-5.no-session', 'HTMLFILE-11', 'SESSION-16.xhr.send', 'SESSION-16.jsonp.send', 'WS-16.separate', 'URL-11', 'SESSION-17.other', 'SESSION-17.nobody', 'SESSION-17.somebody']
  },
  {
    id: 'second-receiver-conflict',
    row: 'SESSION-3',
    breaks: 'a second receiver is 409 instead of a frame',
    proxy: on(receiving, whileOpen((_holder, exchange) => exchange.respond(409, 'Conflict'))),
    expect: ['SESSION-3']
  },
  {
    id: 'second-receiver-disturbs',
    row: 'SESSION-3',
    breaks: 'a second receiver ends the first one too',
    proxy: disturbance,
    expect: ['SESSION-3']
  },
  {
    id: 'second-receiver-stays',
    row: 'SESSION-3',
    breaks: "a second receiver's response does not end after its 2010 frame",
    proxy: on(streaming, frames((frame, exchange) => {
      if (frame === busy) exchange.hooks.ending = 'stay'
      return frame
    })),
    expect: ['SESSION-3.xhr_streaming', 'SESSION-3.eventsource', 'SESSION-3.htmlfile']
  },
  {
    id: 'close-only-once',
    row: 'SESSION-4',
    breaks: 'only one receiver gets the c frame of the server, later ones get 2010',
    proxy: laterCloses(() => busy),
    expect: ['SESSION-4.xhr', 'SESSION-4.xhr_streaming', 'SESSION-4.eventsource', 'SESSION-4.htmlfile', 'SESSION-4.jsonp', 'SESSION-4.ends', 'SESSION-5', 'SESSION-12.*.repeat', 'JSONP-9']
  },
  {
    id: 'close-then-new',
    row: 'SESSION-4',
    breaks: 'a receiver after the c frame opens a new session',
    proxy: laterCloses(() => 'o'),
    expect: ['SESSION-4.xhr', 'SESSION-4.xhr_streaming', 'SESSION-4.eventsource', 'SESSION-4.htmlfile', 'SESSION-4.jsonp', 'SESSION-5', 'SESSION-12.*.repeat', 'JSONP-9']
  },
  {
    id: 'close-frame-shape',
    row: 'SESSION-4',
    breaks: 'the c frame has a space after its comma',
    proxy: frames((frame) => frame.startsWith('c[') ? frame.replace(',', ', ') : frame),
    expect: ['SESSION-4.xhr', 'SESSION-5', 'SESSION-3', 'SESSION-7', 'SESSION-12.*', 'WS-4', 'WS-5', 'URL-8', '=WS-22']
  },
  {
    id: 'close-without-end',
    row: 'SESSION-5',
    breaks: 'a stream stays open after the c frame of the server',
    proxy: at('/close', on(streaming, always({ ending: 'stay' }))),
    expect: ['SESSION-5', 'SESSION-4.xhr_streaming', 'SESSION-4.eventsource', 'SESSION-4.htmlfile', 'HTTP-4.reuse', '=HTTP-2']
  },
  {
    id: 'close-repeats-messages',
    row: 'SESSION-12',
    breaks: 'later receivers get the messages before the c frame again',
    proxy: at('/farewell', laterCloses((frame) => ['a["one","two"]', frame])),
    expect: ['SESSION-12.*.repeat']
  },
  {
    id: 'close-before-messages',
    row: 'SESSION-12',
    breaks: 'the c frame comes before the messages that wait',
    proxy: at('/farewell', (exchange) => {
      let held: string[] = []
      return frames((frame) => {
        if (frame.startsWith('a')) {
          held = [frame]
          return exchange.streaming || exchange.route === 'websocket' ? [] : 'c[3001,"bye"]'
        }
        return frame.startsWith('c') ? [frame, ...held] : frame
      })(exchange)
    }),
    expect: ['SESSION-12.xhr', 'SESSION-12.xhr_streaming', 'SESSION-12.eventsource', 'SESSION-12.htmlfile', 'SESSION-12.jsonp', 'SESSION-12.websocket', 'SESSION-14.xhr.server', 'SESSION-14.jsonp.server']
  },
  {
    id: 'reset-not-noticed',
    row: 'SESSION-6',
    breaks: 'a client that resets its connection is not noticed',
    proxy: always({ gone: (how) => how === 'rst' ? Infinity : 0 }),
    expect: ['SESSION-6.*.rst', 'SESSION-14.cut']
  },
  {
    id: 'leaving-not-noticed',
    row: 'SESSION-6',
    breaks: 'a client that closes its connection is not noticed',
    proxy: always({ gone: (how) => how === 'fin' ? Infinity : 0 }),
    expect: ['SESSION-6.*.fin', 'SESSION-7', 'SESSION-8']
  },
  {
    id: 'abort-starts-again',
    row: 'SESSION-7',
    breaks: 'the receiver after an abort opens a new session',
    proxy: frames((frame) => frame === interrupted ? 'o' : frame),
    expect: ['SESSION-7']
  },
  {
    id: 'send-to-closing',
    row: 'SESSION-12',
    breaks: 'a send to a closing session is 404',
    proxy: at('/close', on('xhr_send', status(204, 404))),
    expect: ['SESSION-12.ignored']
  },
  {
    id: 'sender-switch',
    row: 'SESSION-16',
    breaks: 'either sender serves every session',
    proxy: (exchange) => {
      if (exchange.route === 'jsonp_send') return status(404, 200, 'ok')(exchange)
      return exchange.route === 'xhr_send' ? status(404, 204)(exchange) : undefined
    },
    expect: ['SESSION-16.*.send', 'JSONP-17']
  },
  {
    id: 'address-bound',
    row: 'SESSION-18',
    breaks: 'a session belongs to the address that opened it',
    server: { everywhere: { bindAddress: true } },
    expect: ['SESSION-18']
  },
  {
    id: 'socket-per-id',
    row: 'SESSION-19',
    breaks: 'a second WebSocket with the id of an open one is turned away',
    proxy: on('websocket', whileOpen(() => turnedAway)),
    expect: ['SESSION-19']
  },
  {
    id: 'socket-id-used-up',
    row: 'WS-16',
    breaks: 'the id of a WebSocket cannot be used again',
    proxy: on('websocket', later(() => true, () => turnedAway)),
    expect: ['WS-16.reuse', 'SESSION-19']
  },
  {
    id: 'socket-id-registered',
    row: 'WS-16',
    breaks: 'HTTP transports find the session of a WebSocket under its id',
    proxy: sharedRegistry(),
    expect: ['WS-16.separate']
  },
  {
    id: 'error-told',
    row: 'SESSION-22',
    breaks: 'the text of an error in the application is the reason of the close',
    proxy: at('/throw', frames((frame) => frame.startsWith('c[1011') ? 'c[1011,"Error: thrown as asked"]' : frame)),
    expect: ['SESSION-22']
  },
  {
    id: 'error-code',
    row: 'SESSION-22',
    breaks: 'an error in the application closes with 1000',
    proxy: at('/throw', frames((frame) => frame.startsWith('c[1011') ? 'c[1000,"Normal closure"]' : frame)),
    expect: ['SESSION-22']
  },
  {
    id: 'error-crash',
    row: 'SESSION-22',
    breaks: 'an error in the application ends the process',
    proxy: at('/throw', frames((frame, exchange) => {
      if (frame.startsWith('c[1011')) crash(exchange)
      return frame
    })),
    expect: ['SESSION-22']
  }
]

export const identity: readonly Fault[] = [
  {
    id: 'user-ignored',
    row: 'SESSION-17',
    breaks: 'sessions ignore the user',
    server: { endpoints: { '/whoami': { user: () => undefined } } },
    expect: ['SESSION-17.owner', 'SESSION-17.other', 'SESSION-17.nobody', 'SESSION-17.somebody']
  },
  {
    id: 'user-not-compared',
    row: 'SESSION-17',
    breaks: 'later requests of a session count as those of its user, from any user',
    proxy: at('/whoami', later(headerOf('x-user'), (user, { headers }) => {
      headers.set('x-user', user === '' ? undefined : user)
      return undefined
    })),
    expect: ['SESSION-17.other', 'SESSION-17.nobody', 'SESSION-17.somebody']
  },
  {
    id: 'origin-not-compared',
    row: 'SESSION-17',
    breaks: 'a session may be used by another origin',
    proxy: at('/echo', requestHeader('Origin', () => undefined)),
    expect: ['SESSION-17.origin']
  },
  {
    id: 'origin-always-demanded',
    row: 'SESSION-17',
    breaks: 'a request without an origin is refused where the session has one',
    proxy: at('/echo', later(headerOf('Origin'), (origin, exchange) =>
      origin !== '' && exchange.headers.get('origin') === undefined ? exchange.respond(404) : undefined)),
    expect: ['SESSION-17.origin']
  }
]
