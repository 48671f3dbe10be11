import type { Suite } from '../types.ts'
import { cookie } from './cookie.ts'
import { cors } from './cors.ts'
import { encoding } from './encoding.ts'
import { eventsource } from './eventsource.ts'
import { greeting } from './greeting.ts'
import { heartbeat } from './heartbeat.ts'
import { htmlfile } from './htmlfile.ts'
import { http } from './http.ts'
import { identity } from './identity.ts'
import { iframe } from './iframe.ts'
import { info } from './info.ts'
import { jsonp } from './jsonp.ts'
import { legacyDrafts } from './legacy-drafts.ts'
import { lifetime } from './lifetime.ts'
import { notBlackBox } from './not-black-box.ts'
import { order } from './order.ts'
import { pitfalls } from './pitfalls.ts'
import { rawWebSocket } from './raw-websocket.ts'
import { resumed } from './resume.ts'
import { session } from './session.ts'
import { url } from './url.ts'
import { websocketHandshake } from './websocket-handshake.ts'
import { websocket } from './websocket.ts'
import { xhrStreaming } from './xhr-streaming.ts'
import { xhr } from './xhr.ts'

export const sockjs: Suite = {
  name: 'sockjs',
  title: 'SockJS',
  sections: [
    url, greeting, iframe, info, cors, session, lifetime, order, identity, encoding, xhr, xhrStreaming, eventsource, htmlfile, jsonp,
    websocketHandshake, websocket, rawWebSocket, cookie, http, legacyDrafts, heartbeat, resumed, pitfalls
  ],
  notBlackBox,
  clauses: {
    S: 'sockjs-protocol',
    Q: 'sockjs-protocol, HTTP quirks',
    C: 'sockjs-client 1.6',
    P: 'sockjs-protocol, prose',
    D: 'fastify-sockjs'
  }
}
