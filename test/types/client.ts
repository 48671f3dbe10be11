// Checked by `npm run types`, never run: the types of the client.
import { Client } from '@stomp/stompjs'
import SockJS, { type FailedAttempt, type Reconnecting, reconnecting, type Resumable, resumable, SockJS as Named, type SockJSTransport } from '../../src/client.ts'

const socket = new SockJS('/echo', null, { transports: ['websocket', 'xhr-polling'], headers: async () => ({ a: 'b' }), onattempt: (attempt: FailedAttempt) => attempt.code.toFixed() })
const transport: SockJSTransport | null = socket.transport
socket.onmessage = ({ data }) => data.trim()
socket.addEventListener('close', ({ code, wasClean }) => { socket.close(code, String(wasClean) + transport) }, { once: true })
const named: Named = socket
named.send('x')

/** It stands where a WebSocket of stompjs stands. */
const client = new Client({ webSocketFactory: () => new SockJS('/stomp') })
await client.deactivate()

const lasting: Resumable = resumable('/chat', { limit: 1000, minDelay: 1 })
lasting.addEventListener('suspend', ({ type }) => type.trim())
lasting.onclose = ({ undelivered }) => undelivered?.toFixed()
const asPlain: Named = lasting
asPlain.send(lasting.suspended ? lasting.bufferedAmount : 0)
const onResumed = new Client({ webSocketFactory: () => resumable('/stomp'), heartbeatIncoming: 0 })
await onResumed.deactivate()
// @ts-expect-error a plain session has no such event
named.addEventListener('suspend', () => {})

const stream: Reconnecting = reconnecting(async () => '/echo', { attempts: 3, retry: ({ code }) => code !== 1008 })
stream.oninterrupt = ({ delay, failures }) => delay + failures
const sent: boolean = stream.send('x')
stream.close(sent ? 3000 : 1000)

// @ts-expect-error there is no such event
socket.addEventListener('data', () => {})
// @ts-expect-error an option that does not exist
const wrong = new SockJS('/echo', null, { transport: 'websocket' })
wrong.send('x')
// @ts-expect-error the state is read-only
socket.readyState = 1
