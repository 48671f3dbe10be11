import { called, type Hints, inside } from '../../core/check.ts'

/** The names of transports that other packages use. */
export const TRANSPORT_HINTS: Hints = {
  'websocket-raw': called('rawWebsocket'),
  xhr: called('xhrPolling'),
  'jsonp-polling': called('jsonp'),
  'iframe-eventsource': called('iframe'),
  'iframe-htmlfile': called('iframe'),
  'iframe-xhr-polling': called('iframe'),
  'xdr-streaming': 'it is served where xhrStreaming is',
  'xdr-polling': 'it is served where xhrPolling is'
}

/** Options that an application gives one level too high. */
const TOO_HIGH: Hints = {
  rawWebsocket: inside('transports', 'rawWebsocket'),
  xhrStreaming: inside('transports', 'xhrStreaming'),
  xhrPolling: inside('transports', 'xhrPolling'),
  eventsource: inside('transports', 'eventsource'),
  htmlfile: inside('transports', 'htmlfile'),
  jsonp: inside('transports', 'jsonp'),
  iframe: inside('transports', 'iframe'),
  highWater: inside('queue', 'highWater'),
  overflow: inside('queue', 'overflow'),
  compression: inside('websocket', 'compression'),
  perMessageDeflate: inside('websocket', 'compression')
}

/** Options of sockjs-node whose names are not similar to the names here. */
const SOCKJS_NODE: Hints = {
  sockjs_url: called('clientUrl'),
  jsessionid: called('sessionCookie'),
  heartbeat_delay: called('heartbeat'),
  disable_cors: 'write cors: false',
  faye_server_options: inside('websocket', 'compression'),
  log: 'the log is that of Fastify: its options logger and logLevel',
  prefix: 'the path is the first argument of app.sockjs(path, options, handler)',
  path: 'the path is the first argument of app.sockjs(path, options, handler)'
}

/** Options of other servers. */
const OTHER_SERVERS: Hints = {
  allowedOrigins: called('origins'),
  allowedOriginPatterns: called('origins'),
  heartbeatTime: called('heartbeat'),
  streamBytesLimit: called('responseLimit'),
  clientLibraryUrl: called('clientUrl'),
  sessionCookieNeeded: called('sessionCookie'),
  webSocketEnabled: inside('transports', 'websocket'),
  pingInterval: called('heartbeat'),
  pingTimeout: called('pongTimeout'),
  maxHttpBufferSize: called('maxMessageSize'),
  maxPayload: called('maxMessageSize'),
  bodyLimit: 'set maxMessageSize: a body may have four times as much',
  trustProxy: 'it is an option of Fastify: Fastify({ trustProxy: … })'
}

/** Options of `app.register(stomp, …)`. */
const STOMP: Hints = Object.fromEntries(['broker', 'applicationPrefix', 'rules', 'heartBeat', 'clientSend']
  .map((name) => [name, 'it is an option of fastify-sockjs/stomp: app.register(stomp, { … })']))

const EVERYWHERE: Hints = { ...TOO_HIGH, ...OTHER_SERVERS, ...STOMP, ...SOCKJS_NODE }

/** Makes the hints for `app.sockjs()`. `shared` names the options that all endpoints of a registration share. */
export function endpointHints (shared: readonly string[]): Hints {
  return { ...EVERYWHERE, ...Object.fromEntries(shared.map((name) => [name, `all endpoints share it: app.register(sockjs, { ${name}: … })`])) }
}

/** Makes the hints for `app.register(sockjs)`. `ofRoutes` names the route options of Fastify, which an endpoint may have. */
export function registrationHints (ofRoutes: readonly string[]): Hints {
  return { ...EVERYWHERE, ...Object.fromEntries(ofRoutes.map((name) => [name, `each endpoint has its own: app.sockjs(path, { ${name}: … }, handler)`])) }
}
