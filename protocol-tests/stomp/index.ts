import type { Suite } from '../types.ts'
import { acknowledging } from './acknowledging.ts'
import { bodies } from './bodies.ts'
import { connecting } from './connecting.ts'
import { destinations } from './destinations.ts'
import { errors } from './errors.ts'
import { escaping } from './escaping.ts'
import { framing } from './framing.ts'
import { heartBeating } from './heart-beating.ts'
import { messages } from './messages.ts'
import { notBlackBox } from './not-black-box.ts'
import { overSockjs } from './over-sockjs.ts'
import { overWebSocket } from './over-websocket.ts'
import { receipts } from './receipts.ts'
import { subscriptions } from './subscriptions.ts'
import { transactions } from './transactions.ts'

export const stomp: Suite = {
  name: 'stomp',
  title: 'STOMP',
  sections: [
    framing, escaping, bodies, connecting, heartBeating, messages, subscriptions, acknowledging, transactions, receipts, errors,
    overWebSocket, overSockjs, destinations
  ],
  notBlackBox,
  clauses: {
    S: 'STOMP',
    Q: 'STOMP',
    C: 'STOMP (SHOULD), or its known clients',
    P: 'STOMP',
    D: 'fastify-sockjs'
  }
}
