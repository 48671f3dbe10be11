import type { Fault } from '../types.ts'
import { callbacks } from './callbacks.ts'
import { cookie } from './cookie.ts'
import { corners } from './corners.ts'
import { crossOrigin } from './cors.ts'
import { legacyDrafts } from './drafts.ts'
import { encoding } from './encoding.ts'
import { handshake } from './handshake.ts'
import { heartbeat } from './heartbeat.ts'
import { http, pitfalls } from './http.ts'
import { info } from './info.ts'
import { lifetime } from './lifetime.ts'
import { decisions, numbered } from './numbered.ts'
import { order } from './order.ts'
import { greeting, iframe } from './pages.ts'
import { jsonp, xhr } from './polling.ts'
import { rawWebSocket } from './raw-websocket.ts'
import { resume } from './resume.ts'
import { identity, session } from './session.ts'
import { eventSource, htmlfile, xhrStreaming } from './streaming.ts'
import { url } from './url.ts'
import { websocket } from './websocket.ts'

export const sockjs: readonly Fault[] = [
  ...numbered, ...decisions, ...url, ...greeting, ...iframe, ...info, ...crossOrigin, ...session, ...lifetime, ...order, ...identity, ...encoding,
  ...xhr, ...xhrStreaming, ...eventSource, ...htmlfile, ...jsonp, ...callbacks, ...handshake, ...websocket, ...rawWebSocket, ...cookie, ...http,
  ...legacyDrafts, ...heartbeat, ...resume, ...pitfalls, ...corners
]
