// Checked by `npm run types`, never run: what the public types allow, and what they refuse.
import Fastify from 'fastify'
import sockjs, { type Endpoint, ManualClock, type Message, PreparedMessage, type Session, type TransportName } from '../../src/index.ts'
import stomp, { type AsyncApiDocument, destination, memoryBroker, type StompSession, type StompUser } from '../../src/stomp.ts'

interface Account { id: string, roles: string[] }

const app = Fastify()
await app.register(sockjs, { origins: ['https://*.example.com', /localhost/, async (origin) => origin.length > 0], clock: new ManualClock() })

const echo: Endpoint = app.sockjs('/echo', async (session, request) => {
  const id: string = session.id
  const transport: TransportName = session.transport
  for await (const message of session) {
    const flowing: boolean = session.send(message + id + transport + request.ip)
    if (!flowing) await session.drained()
  }
})
echo.broadcast(new PreparedMessage('hello'), { except: [...echo.sessions][0]! })

app.sockjs('/typed', {
  session: async (): Promise<{ user: Account, attributes: { tenant: string } }> => ({ user: { id: '1', roles: [] }, attributes: { tenant: 'a' } })
}, (session) => {
  const roles: string[] = session.user.roles
  const tenant: string = session.attributes.tenant
  session.on('close', ({ code, clean }) => { roles.push(`${tenant}${code}${clean}`) })
})

app.sockjs('/binary', { binary: true, protocols: ['chat'] }, (session) => {
  session.on('message', (message: Message) => session.send(message))
})

// @ts-expect-error an option that does not exist
app.sockjs('/wrong', { heartbeats: 1 }, () => {})
// @ts-expect-error an endpoint needs a handler
app.sockjs('/wrong', {})
// @ts-expect-error sessions have no such event
app.sockjs('/wrong', (session: Session) => session.on('data', () => {}))
// @ts-expect-error only text and bytes can be sent
app.sockjs('/wrong', (session) => session.send(1))
// @ts-expect-error the id is ours, and fixed
app.sockjs('/wrong', (session) => { session.id = '' })

await app.register(stomp, { path: ['/stomp'], applicationPrefix: '/app', broker: memoryBroker() })
app.stomp.message<{ Body: { text: string }, Params: { room: string } }>('/chat/:room', { sendTo: '/topic/chat/:room' }, async ({ body, params, user, reply }) => {
  const known: StompUser | null = user
  reply.to('/topic/' + params.room).headers({ origin: 'test' })
  return { ...body, from: known?.name }
})
app.stomp.subscribe<{ Params: { room: string } }>('/history/:room', async function * ({ params }) { yield params.room })
app.stomp.addHook('onConnect', (frame, session: StompSession) => {
  session.user = { name: frame.login ?? 'nobody' }
  session.expiresAt = Date.now() + 1000
})

const price = destination<{ bid: number }>('/topic/price/:symbol')
await app.stomp.publish(price({ symbol: 'IBM' }), { bid: 1 })
// @ts-expect-error the message of a typed destination has its type
await app.stomp.publish(price({ symbol: 'IBM' }), { ask: 1 })
// @ts-expect-error there is no such hook
app.stomp.addHook('onMessage', () => {})
// @ts-expect-error a path is needed
await app.register(stomp, {})

const document: AsyncApiDocument = app.stomp.asyncapi({ info: { title: 'Chat', version: '1', license: { name: 'MIT' } }, servers: { production: 'https://a.example' }, security: ['login'] })
const address: string | null | undefined = document.channels['app.chat.room']?.address
app.stomp.message('/documented', { summary: `Sends to ${address}`, tags: ['chat'], examples: [{ text: 'hello' }], hide: false }, () => {})
// @ts-expect-error a document has a title
app.stomp.asyncapi({ info: { version: '1' } })
// @ts-expect-error a summary is a text
app.stomp.message('/documented', { summary: 1 }, () => {})
