import type { NotBlackBox } from '../types.ts'

/** Rules that no client can see kept or broken. */
export const notBlackBox: readonly NotBlackBox[] = [
  { row: 'STOMP-C5', rule: 'an option demands the host header of CONNECT', reason: 'it is a matter of the options; the default is judged' },
  { row: 'STOMP-H8', rule: 'all sessions share one clock', reason: 'describes the inside of a server' },
  { row: 'STOMP-T5', rule: 'an option gives receipts inside a transaction at once', reason: 'it is a matter of the options; the default is judged' },
  { row: 'STOMP-W2', rule: 'an option refuses foreign subprotocols', reason: 'it is a matter of the options; the default is judged' },
  { row: 'STOMP-W7', rule: 'a server that shuts down closes with 1001', reason: 'the runner stops no server' }
]
