/** What there is to choose from: the endpoints of the demo server and the transports of sockjs-client. */

const LONG = { label: '20,000 characters', text: 'sockjs '.repeat(2857) + '!' }
const AWKWARD = { label: 'awkward text', text: 'é 😀 %41 "quoted" <b>&amp; \u2028 \\u0041' }
const TALK = ['hello', AWKWARD, LONG]

/**
 * - `echoes`: a message comes back as it was sent, so that its round trip can be measured;
 * - `tries`: messages worth sending, as text or with a label;
 * - `protocols`: what a bare WebSocket offers.
 */
export const ENDPOINTS = [
  {
    group: 'Talk',
    entries: [
      { name: 'echo', echoes: true, tries: TALK, words: 'Sends back what it receives. Streams end after 4,096 bytes, so you see the client come back for the next.' },
      { name: 'broadcast', echoes: true, tries: TALK, words: 'Every message goes to everybody who is here. Open this page twice.' },
      { name: 'ticker', tries: [], words: 'Sends “tick!” every second, and asks for nothing.' },
      { name: 'amplify', tries: ['3', '10', '18'], words: 'A number n brings 2ⁿ characters back.' },
      { name: 'whoami', tries: ['who am I?'], words: 'Answers with the name of whoever opened the session. Browsers cannot send it: you are anonymous.' }
    ]
  },
  {
    group: 'Endings',
    entries: [
      { name: 'close', tries: [], words: 'Closes every session at once with code 3000.' },
      { name: 'farewell', tries: [], words: 'Sends two messages, then closes: what was sent before the close arrives before it.' },
      { name: 'throw', echoes: true, tries: ['hello', 'throw'], words: 'An echo whose handler throws at the message “throw”.' },
      { name: 'tiny', echoes: true, tries: ['hello', { label: '2,000 characters', text: 'x'.repeat(2000) }], words: 'Messages up to 1 KiB, queues up to 4 KiB.' },
      { name: 'quick', echoes: true, tries: TALK, words: 'A heartbeat every 200 ms. Watch them in the view of frames.' }
    ]
  },
  {
    group: 'Options',
    entries: [
      { name: 'disabled_websocket_echo', echoes: true, tries: TALK, words: 'An echo with WebSocket switched off.' },
      { name: 'cookie_needed_echo', echoes: true, tries: TALK, words: 'An echo with the cookie JSESSIONID, for load balancers that need one.' },
      { name: 'restricted', echoes: true, tries: TALK, words: 'Accepts the origin https://allowed.example, and always its own: this page may connect.' },
      { name: 'same_origin', echoes: true, tries: TALK, words: 'The default: pages of this server only.' },
      { name: 'base_url', echoes: true, tries: TALK, words: 'Sends its clients to another server, which does not exist: a look at how that fails.' },
      { name: 'subprotocol', echoes: true, tries: TALK, protocols: ['superchat', 'chat'], words: 'A bare WebSocket that offers superchat and chat gets chat.' },
      { name: 'binary', echoes: true, tries: TALK, words: 'A bare WebSocket may carry bytes here.' }
    ]
  }
]

/** The name under which this page offers a WebSocket without sockjs-client. */
export const BARE = 'bare WebSocket'

export const TRANSPORTS = [
  { name: 'auto', words: 'sockjs-client tries them in order and keeps the first that works.' },
  { name: 'websocket', words: 'One connection, both ways. The first choice of every browser of today.' },
  { name: 'xhr-streaming', words: 'One long response brings frames; a request sends each message.' },
  { name: 'eventsource', words: 'Server-sent events bring frames; a request sends each message.' },
  { name: 'iframe-eventsource', words: 'EventSource inside a hidden frame of the server, for pages of other origins.' },
  { name: 'htmlfile', words: 'An endless page in a hidden frame, a script element for each frame. For old Internet Explorer.' },
  { name: 'iframe-htmlfile', words: 'The same, inside a hidden frame of the server.' },
  { name: 'xhr-polling', words: 'One request for each frame. Gets through every proxy.' },
  { name: 'iframe-xhr-polling', words: 'Polling from a hidden frame of the server, for pages of other origins.' },
  { name: 'jsonp-polling', words: 'A script element for each frame: what works where nothing else does.' },
  { name: BARE, words: 'No sockjs-client and no framing: the raw WebSocket below the endpoint.' }
]

export function findEndpoint (name) {
  return ENDPOINTS.flatMap(({ entries }) => entries).find((entry) => entry.name === name)
}
