import type { NotBlackBox } from '../types.ts'

const client = 'describes the behaviour of the client'
const inside = 'describes the inside of a server'

/** Rules that no request can show, each with the reason. */
export const notBlackBox: readonly NotBlackBox[] = [
  { row: 'IFRAME-9', rule: "the version in the client's URL can be pinned", reason: 'it is a matter of the options; the page shows one URL only' },
  { row: 'IFRAME-11', rule: 'the iframe page loads within 15 s and its script runs within 2 s', reason: client },
  { row: 'INFO-10', rule: 'a status other than 200 ends the connection with that status as its code', reason: client },
  { row: 'INFO-11', rule: 'no answer in 8 s ends the connection', reason: client },
  { row: 'INFO-12', rule: "the time of the answer sets the client's timeouts", reason: client },
  { row: 'CORS-12', rule: 'CORS headers that the application has set already are kept and not doubled', reason: 'needs an application that sets some' },
  { row: 'SESSION-11', rule: 'a close without arguments is 1000, Normal closure', reason: 'needs an endpoint that closes so' },
  { row: 'SESSION-21', rule: "the client's session id never reaches the application, the log or another message", reason: inside },
  { row: 'SESSION-23', rule: 'a server that shuts down closes its sessions with 1001 and ends their receivers', reason: 'the runner stops no server' },
  { row: 'XHR-6', rule: 'a status other than 200 on a poll is a permanent close', reason: client },
  { row: 'XHR-SEND-8', rule: 'an answer to a send other than 200 and 204 closes with 1006', reason: client },
  { row: 'ES-9', rule: 'no codec can let a bare line break out of the encoder', reason: 'needs a codec of the application' },
  { row: 'ES-10', rule: 'each reconnect of an event stream costs the client 200 ms', reason: client },
  { row: 'PIT-9', rule: 'two receivers that race with a close raise nothing inside a timer', reason: inside }
]
