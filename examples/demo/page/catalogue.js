/** Lists the endpoints of the demo server and the transports of sockjs-client. */

const LONG = { label: '20,000 characters', text: 'sockjs '.repeat(2857) + '!' }
const AWKWARD = { label: 'awkward text', text: 'é 😀 %41 "quoted" <b>&amp; \u2028 \\u0041' }
const TALK = ['hello', AWKWARD, LONG]

/** STOMP frames as texts. Each ends with a NUL. */
const FRAMES = [
  { label: 'CONNECT', text: 'CONNECT\naccept-version:1.2\nhost:demo\n\n\0' },
  { label: 'SUBSCRIBE', text: 'SUBSCRIBE\nid:1\ndestination:/topic/greetings\n\n\0' },
  { label: 'SEND', text: 'SEND\ndestination:/app/hello\ncontent-type:application/json\n\n{"name":"kim"}\0' },
  { label: 'DISCONNECT', text: 'DISCONNECT\nreceipt:bye\n\n\0' }
]

/**
 * - `echoes`: each message comes back as it was sent, so that its round trip can be measured;
 * - `tries`: messages to send, as text or with a label;
 * - `protocols`: the subprotocols that a bare WebSocket offers.
 */
export const ENDPOINTS = [
  {
    group: 'Echo and limits',
    entries: [
      { name: 'echo', echoes: true, tries: TALK, words: 'Sends back each message. A stream ends after 4,096 bytes, and the client asks for the next one.' },
      { name: 'disabled_websocket_echo', echoes: true, tries: TALK, words: 'An echo without WebSocket.' },
      { name: 'tiny', echoes: true, tries: ['hello', { label: '2,000 characters', text: 'x'.repeat(2000) }], words: 'Accepts messages up to 1 KiB, and queues up to 4 KiB.' },
      { name: 'patient', echoes: true, tries: TALK, words: 'Keeps a session without a receiver for 30 s, for clients on busy machines.' },
      { name: 'resumable', echoes: true, tries: TALK, words: 'An echo whose sessions outlive a cut connection for 5 s, with the client of this package.' },
      { name: 'quick', echoes: true, tries: TALK, words: 'Sends a heartbeat after 200 ms without a frame. The list of frames shows the heartbeats.' },
      { name: 'amplify', tries: ['3', '10', '18'], words: 'Answers a number n with 2ⁿ characters.' },
      { name: 'a.b', echoes: true, tries: TALK, words: 'An echo whose path has a dot.' }
    ]
  },
  {
    group: 'Many clients and timers',
    entries: [
      { name: 'broadcast', echoes: true, tries: TALK, words: 'Sends each message to every session. Open this page twice.' },
      { name: 'ticker', tries: [], words: 'Sends “tick!” every second and reads no messages.' }
    ]
  },
  {
    group: 'Closing',
    entries: [
      { name: 'close', tries: [], words: 'Closes every session at once with code 3000.' },
      { name: 'farewell', tries: [], words: 'Sends two messages, then closes. The client receives both before the close.' },
      { name: 'throw', echoes: true, tries: ['hello', 'throw'], words: 'An echo whose handler throws at the message “throw”.' }
    ]
  },
  {
    group: 'Origins, users and cookies',
    entries: [
      { name: 'same_origin', echoes: true, tries: TALK, words: 'Accepts only pages of this server, which is the default.' },
      { name: 'restricted', echoes: true, tries: TALK, words: 'Accepts the origin https://allowed.example and its own, so this page may connect.' },
      { name: 'whoami', tries: ['who am I?'], words: 'Answers with the user of the session. A browser cannot send the header x-user, so you are anonymous.' },
      { name: 'cookie_needed_echo', echoes: true, tries: TALK, words: 'An echo with the cookie JSESSIONID, which some load balancers need.' },
      { name: 'base_url', echoes: true, tries: TALK, words: 'Sends its clients to a server that does not exist, to show how a client fails.' }
    ]
  },
  {
    group: 'Bare WebSockets',
    entries: [
      { name: 'subprotocol', echoes: true, tries: TALK, protocols: ['news', 'chat'], words: 'A bare WebSocket that offers news and chat gets chat.' },
      { name: 'binary', echoes: true, tries: TALK, words: 'A bare WebSocket may carry bytes here.' }
    ]
  },
  {
    group: 'Several nodes',
    entries: [
      { name: 'where', tries: ['where are you?'], words: 'Answers with the node that owns the session. Any node of a cluster serves it.' },
      { name: 'everywhere', tries: ['hello, everyone'], words: 'Sends each message to all sessions of this endpoint, on every node of the cluster.' }
    ]
  },
  {
    group: 'STOMP',
    entries: [
      { name: 'stomp', tries: FRAMES, protocols: ['v12.stomp'], words: 'Speaks STOMP. Send the frames in their order. The greeting comes back as a MESSAGE.' }
    ]
  }
]

/** The name under which this page offers a WebSocket without sockjs-client. */
export const BARE = 'bare WebSocket'

/** The clients that the page can try transports with. */
export const SOCKJS_CLIENT = 'sockjs-client'
export const OWN_CLIENT = 'fastify-sockjs/client'

/** The transports of the client of this package. It tries them in this order. */
export const OWN_TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling']

export const TRANSPORTS = [
  { name: 'auto', words: 'sockjs-client tries the transports in order and keeps the first that works.' },
  { name: 'websocket', words: 'One connection carries both directions. sockjs-client tries it first.' },
  { name: 'xhr-streaming', words: 'One long response brings frames; a request sends each message.' },
  { name: 'eventsource', words: 'Server-sent events bring frames; a request sends each message.' },
  { name: 'iframe-eventsource', words: 'EventSource inside a hidden frame of the server, used by pages of other origins.' },
  { name: 'htmlfile', words: 'A page in a hidden frame that never ends, with a script element for each SockJS frame. Old versions of Internet Explorer need it.' },
  { name: 'iframe-htmlfile', words: 'htmlfile inside a hidden frame of the server, used by pages of other origins.' },
  { name: 'xhr-polling', words: 'One request for each frame. It works through every proxy.' },
  { name: 'iframe-xhr-polling', words: 'Polling from a hidden frame of the server, used by pages of other origins.' },
  { name: 'jsonp-polling', words: 'A script element for each frame. It works even if no other transport does.' },
  { name: BARE, words: 'The raw WebSocket of the endpoint, without sockjs-client and without SockJS frames.' }
]

export function findEndpoint (name) {
  return ENDPOINTS.flatMap(({ entries }) => entries).find((entry) => entry.name === name)
}
