import type { FastifyInstance } from 'fastify'
import type { EndpointOptions } from 'fastify-sockjs'
import stomp, { type Broker, clusterBroker, type HistoryOptions, memoryBroker, StompError, type StompPluginOptions } from 'fastify-sockjs/stomp'

interface Hello { name: string }
interface ChatMessage { type?: string, sender?: string, content?: string }

/** The paths of the endpoint. The second is the path of the guide of Spring, so that its client works here unchanged. */
const PATHS = ['/stomp', '/gs-guide-websocket'] as const

const TEXT = { type: 'string', maxLength: 100_000 } as const
const HELLO = { type: 'object', required: ['name'], properties: { name: TEXT } } as const
const CHAT_MESSAGE = { type: 'object', additionalProperties: false, properties: { type: TEXT, sender: TEXT, content: TEXT } } as const

const GREETING = { type: 'object', required: ['content'], properties: { content: { type: 'string' } } } as const
const SAID = { type: 'object', required: ['room', 'time'], properties: { ...CHAT_MESSAGE.properties, room: { type: 'string' }, time: { type: 'string', format: 'date-time' } } } as const
const ROOMS = { type: 'array', items: { type: 'string' } } as const
const ME = { type: 'object', required: ['session', 'user', 'transport', 'version'], properties: { session: { type: 'string' }, user: { type: ['string', 'null'] }, transport: { type: 'string' }, version: { type: 'string' } } } as const

/** The facts about the API of the demo, for its document at `/asyncapi.json`. */
const API = { title: 'Demo of fastify-sockjs', version: '1.0.0', description: 'A greeting, and a chat with rooms. The login is guest with the passcode guest, or none at all.' }

/** The most rooms that the demo remembers. A room is remembered from its first message on. */
const MAX_ROOMS = 100

/** The topics that keep messages for `x-recover`. Those of `long` keep enough for a client that is away for some time. */
const HISTORY: readonly HistoryOptions[] = [
  { pattern: '/topic/history/**' },
  { pattern: '/topic/last/**', replay: 'last' },
  { pattern: '/topic/long/**', messages: 10_000, bytes: 16 * 1024 * 1024, ttl: 600_000 }
]

/** Makes the embedded broker: the broker of the cluster on a node, else a broker in memory. */
export function demoBroker (isNode: boolean): Broker {
  return isNode ? clusterBroker({ history: HISTORY }) : memoryBroker({ history: HISTORY })
}

/** Adds the STOMP part of the demo server: a greeting, a chat with rooms, a broker for other destinations. */
export async function addStomp (app: FastifyInstance, endpoint: EndpointOptions, tcpPort: number | undefined, own: Partial<StompPluginOptions> = {}): Promise<void> {
  const body = 4 * 1024 * 1024
  await app.register(stomp, {
    path: PATHS,
    broker: demoBroker(app.sockjs.node !== null),
    presence: [{ pattern: '/topic/rooms/**' }],
    asyncapi: { path: '/asyncapi', info: API, security: ['login'] },
    endpoint: { ...endpoint, resume: true },
    limits: { body },
    ...(tcpPort === undefined ? {} : { tcp: { port: tcpPort, host: '127.0.0.1' } }),
    ...own
  })

  app.stomp.addHook('onConnect', (frame, session) => {
    if (frame.login === undefined || frame.login === '') return
    if (frame.login !== 'guest' || frame.passcode !== 'guest') throw new StompError('STOMP_AUTHENTICATION_FAILED')
    session.user = { name: frame.login }
  })

  app.stomp.message<{ Body: Hello }>('/hello', {
    summary: 'Greets all subscribers', tags: ['greeting'], examples: [{ name: 'Ada' }], sendTo: '/topic/greetings', schema: { body: HELLO, answer: GREETING }
  }, ({ body }) => ({ content: `Hello, ${body.name}!` }))

  const rooms = new Set<string>(['lobby'])
  app.stomp.message<{ Body: ChatMessage, Params: { room: string } }>('/chat/:room', {
    summary: 'Says something in a room', tags: ['chat'], examples: [{ type: 'CHAT', sender: 'Ada', content: 'Good morning' }], sendTo: '/topic/chat/:room', schema: { body: CHAT_MESSAGE, answer: SAID }
  }, ({ body, params: { room } }) => {
    if (rooms.size < MAX_ROOMS) rooms.add(room)
    return { ...body, room, time: new Date().toISOString() }
  })
  app.stomp.subscribe('/rooms', { summary: 'The names of the rooms', tags: ['chat'], examples: [['lobby']], schema: { answer: ROOMS } }, () => [...rooms])

  app.stomp.message('/me', { summary: 'Tells who the sender is', sendToSender: '/queue/me', schema: { answer: ME } }, ({ session, user }) => ({
    session: session.id,
    user: user?.name ?? null,
    transport: session.transport,
    version: session.version
  }))
  app.stomp.message('/fail', { hide: true }, () => { throw new Error('failed as asked') })
}
