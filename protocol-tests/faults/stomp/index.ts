import type { Fault } from '../types.ts'
import { acknowledging } from './acknowledging.ts'
import { bodies } from './bodies.ts'
import { connecting } from './connecting.ts'
import { destinations } from './destinations.ts'
import { errors } from './errors.ts'
import { escaping } from './escaping.ts'
import { framing } from './framing.ts'
import { heartBeating } from './heart-beating.ts'
import { messages } from './messages.ts'
import { overSockjs } from './over-sockjs.ts'
import { overWebSocket } from './over-websocket.ts'
import { receipts } from './receipts.ts'
import { subscriptions } from './subscriptions.ts'
import { transactions } from './transactions.ts'

/** In the order of the cases. */
export const stomp: readonly Fault[] = [
  ...framing, ...escaping, ...bodies, ...connecting, ...heartBeating, ...messages, ...subscriptions, ...acknowledging,
  ...transactions, ...receipts, ...errors, ...destinations, ...overWebSocket, ...overSockjs
]
