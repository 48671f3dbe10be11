import type { TransportFacts } from '../../stream/message-stream.ts'
import type { TransportName } from './urls.ts'

const STREAMING: TransportFacts = Object.freeze({ framing: 'sockjs', resumable: true, costlyHeartbeats: false })
const POLLING: TransportFacts = Object.freeze({ framing: 'sockjs', resumable: true, costlyHeartbeats: true })
const RAW: TransportFacts = Object.freeze({ framing: 'none', resumable: false, costlyHeartbeats: false })

/** The facts about each transport. A new transport gets its row here. */
export const TRANSPORTS: Readonly<Record<TransportName, TransportFacts>> = {
  websocket: { framing: 'sockjs', resumable: false, costlyHeartbeats: false },
  'xhr-streaming': STREAMING,
  'xhr-polling': POLLING,
  eventsource: STREAMING,
  htmlfile: STREAMING,
  'jsonp-polling': POLLING,
  'websocket-raw': RAW,
  tcp: RAW
}

/** The route by which the clients of each transport send; `null` where they send on their connection (SESSION-16). */
export const SENDS_BY: Readonly<Record<TransportName, 'xhr_send' | 'jsonp_send' | null>> = {
  'xhr-polling': 'xhr_send',
  'xhr-streaming': 'xhr_send',
  eventsource: 'xhr_send',
  htmlfile: 'xhr_send',
  'jsonp-polling': 'jsonp_send',
  websocket: null,
  'websocket-raw': null,
  tcp: null
}
