import type { Endpoint } from '../endpoint/endpoint.ts'
import { responseLimitOf } from '../options/options.ts'
import { type Envelope, envelopes, type TransportName } from '../protocol/index.ts'
import type { LegOptions } from './leg-receiver.ts'

/** A callback stands in the head of a response, which the edge writes. It changes no length that counts for the limit. */
const ANY_CALLBACK = 'c'

const ENVELOPES: Partial<Readonly<Record<TransportName, Envelope>>> = {
  'xhr-polling': envelopes.xhr,
  'xhr-streaming': envelopes.xhrStreaming,
  eventsource: envelopes.eventsource,
  htmlfile: envelopes.htmlfile(ANY_CALLBACK),
  'jsonp-polling': envelopes.jsonp(ANY_CALLBACK),
  // A WebSocket at an edge gets frame after frame, as a stream does.
  websocket: envelopes.xhrStreaming
}

/** Returns the values of a leg for a session of this node. */
export function legRoute (endpoint: Endpoint, transport: TransportName): LegOptions {
  return { transport, envelope: ENVELOPES[transport]!, limit: transport === 'websocket' ? Infinity : responseLimitOf(endpoint.options, transport), lingering: endpoint.lingering }
}
