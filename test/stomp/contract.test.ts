import t, { type Test } from 'tap'
import { defineContract } from '../../src/contract.ts'
import { memoryBroker } from '../../src/stomp.ts'
import { buildStomp, type StompTestClient, type StompTestServer } from './support.ts'

const idOf = (client: StompTestClient): string => client.connected!.headers.get('session')!

const LINE = { type: 'object', required: ['text'], properties: { text: { type: 'string', minLength: 1 } } }
const ROOM = { type: 'object', properties: { room: { type: 'string', pattern: '^[a-z]+$' } } }

const CHAT = defineContract({
  messages: {
    '/app/chat/:room': { params: ROOM, body: LINE, sendTo: '/topic/chat/:room', summary: 'Says a line' },
    '/app/add': { body: { type: 'array', items: { type: 'number' } }, answer: { type: 'number' } },
    '/app/me': { sendTo: '/user/queue/me' },
    '/app/all': { sendToUser: '/user/queue/me' },
    '/app/note': {}
  },
  subscriptions: { '/app/rooms': { answer: { type: 'array', items: { type: 'string' } } } },
  destinations: {
    '/topic/chat/:room': { params: ROOM, body: { type: 'object', required: ['from', 'text'], properties: { from: { type: 'string' }, text: { type: 'string' } } } },
    '/user/queue/me': { body: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } }
  },
  requests: { '/user/queue/confirm/:what': { body: { type: 'string' }, answer: { type: 'boolean' } } }
})

const HANDLERS = {
  messages: {
    '/app/chat/:room': ({ body, params: { room } }: { body: unknown, params: { room: unknown } }) => ({ from: String(room), ...(body as object) }),
    '/app/add': ({ body }: { body: unknown }) => (body as number[]).reduce((a, b) => a + b, 0),
    '/app/me': () => ({ name: 'me' }),
    '/app/all': { preHandler: ({ user }: { user: unknown }) => { if (user === null) throw Object.assign(new Error('log in'), { statusCode: 401 }) }, handler: () => ({ name: 'all' }) },
    '/app/note': () => {}
  },
  subscriptions: { '/app/rooms': () => ['lobby'] }
}

/** A server with the contract, and its sender. */
async function build (t: Test, handlers = HANDLERS) {
  let sender!: ReturnType<StompTestServer['stomp']['contract']>
  const server = await buildStomp(t, { routes ({ stomp }) { sender = stomp.contract(CHAT, handlers as never) as never } })
  return { server, sender: sender as unknown as Sender }
}

/** The sender without its types, for calls that the compiler refuses. */
interface Sender {
  publish (destination: string, value: unknown, options?: object): Promise<void>
  publishToUser (user: string, destination: string, value: unknown, options?: object): { sessions: number }
  publishToSession (session: string, destination: string, value: unknown, options?: object): { sessions: number }
  request (session: string, destination: string, value: unknown, options?: object): Promise<unknown>
}

t.test('the routes of a contract: schemas, targets, and answers', async (t) => {
  const { server } = await build(t)
  const client = await server.connect({ user: { name: 'kim' } })
  for (const [id, destination] of ['/topic/chat/lobby', '/user/queue/me', '/user/queue/errors'].entries()) await client.ask('SUBSCRIBE', { id: String(id), destination })
  await client.ask('SEND', { destination: '/app/chat/lobby' }, '{"text":"hello"}')
  t.same(await client.json(), { from: 'lobby', text: 'hello' })
  await client.ask('SEND', { destination: '/app/chat/lobby' }, '{"text":""}')
  t.match(await client.json(), { error: 'FST_STOMP_VALIDATION' }, 'the schema of the body')
  await client.ask('SEND', { destination: '/app/chat/LOBBY' }, '{"text":"hello"}')
  t.match(await client.json(), { error: 'FST_STOMP_VALIDATION' }, 'the schema of the params')
  await client.ask('SEND', { destination: '/app/chat/lobby' }, '{"text":"hello","from":null}')
  t.match(await client.json(), { from: '' }, 'the answer is that of the destination, with its types')
  await client.ask('SEND', { destination: '/app/me' })
  t.same(await client.json(), { name: 'me' })
  await client.ask('SEND', { destination: '/app/all' })
  t.same(await client.json(), { name: 'all' })
  await client.ask('SEND', { destination: '/app/add', 'reply-to': '/temp-queue/a' }, '[1,2]')
  t.equal(await client.json(), 3)
  t.equal((await client.ask('SEND', { destination: '/app/note' })).command, 'RECEIPT')
  await client.ask('SUBSCRIBE', { id: 'rooms', destination: '/app/rooms' })
  t.same(await client.json(), ['lobby'])
  const anonymous = await server.connect()
  t.equal((await anonymous.ask('SEND', { destination: '/app/all' })).headers.get('message'), 'The message could not be processed (log in)', 'its preHandler')
})

t.test('the sender of a contract judges values and parameters', async (t) => {
  const { server, sender } = await build(t)
  const client = await server.connect({ user: { name: 'kim' } })
  for (const [id, destination] of ['/topic/chat/*', '/user/queue/me', '/user/queue/confirm/all'].entries()) await client.ask('SUBSCRIBE', { id: String(id), destination })
  await sender.publish('/topic/chat/:room', { from: 'a', text: 'b' }, { params: { room: 'lobby' }, headers: { lang: 'en' } })
  const message = await client.message()
  t.same([message.headers.get('destination'), message.headers.get('lang'), JSON.parse(message.body.text)], ['/topic/chat/lobby', 'en', { from: 'a', text: 'b' }])
  t.same(sender.publishToUser('kim', '/user/queue/me', { name: 'x' }), { sessions: 1 })
  t.same(await client.json(), { name: 'x' })
  t.same(sender.publishToSession(idOf(client), '/user/queue/me', { name: 'y' }), { sessions: 1 })
  t.same(await client.json(), { name: 'y' })

  const ask = async (answer: string): Promise<unknown> => {
    const asked = sender.request(idOf(client), '/user/queue/confirm/:what', 'sure?', { params: { what: 'all' }, timeout: 5_000 })
    const question = await client.message()
    t.equal(question.body.text, '"sure?"')
    await client.ask('SEND', { destination: question.headers.get('reply-to')! }, answer)
    return asked
  }
  t.equal(await ask('true'), true)
  await t.rejects(ask('[]'), { code: 'FST_STOMP_REQUEST_INVALID', message: 'the answer of the client: must be boolean' })

  const value = { from: 'a', text: 'b' }
  const wrong: [Promise<unknown>, { code: string, message?: string | RegExp }][] = [
    [sender.publish('/topic/chat/:room', { from: 'a' }, { params: { room: 'x' } }), { code: 'FST_STOMP_INVALID_VALUE', message: "body of /topic/chat/:room: must have required property 'text'" }],
    [sender.publish('/topic/chat/:room', value, { params: { room: 'X' } }), { code: 'FST_STOMP_INVALID_VALUE', message: /^params of \/topic\/chat\/:room: \/room must match pattern/ }],
    [sender.publish('/topic/chat/:room', value), { code: 'FST_STOMP_INVALID_DESTINATION', message: /there is no value for :room/ }],
    [sender.publish('/topic/chat/:room', value, { params: { room: 'a/b' } }), { code: 'FST_STOMP_INVALID_DESTINATION', message: /the value for :room must be one segment, not "a\/b"/ }],
    [sender.publish('/topic/chat/lobby', value), { code: 'FST_STOMP_INVALID_DESTINATION', message: /in the contract$/ }],
    [sender.publish('/topic/chat/:room', value, { params: { room: 'x' }, header: {} }), { code: 'FST_STOMP_INVALID_OPTION' }],
    [sender.publish('/topic/chat/:room', value, null!), { code: 'FST_STOMP_INVALID_OPTION' }]
  ]
  for (const [call, error] of wrong) await t.rejects(call, error)
})

const X = { messages: { '/app/x': {} } }
const REFUSED: Readonly<Record<string, readonly [contract: object, handlers: unknown, text: RegExp]>> = {
  'a mistake of its own': [{ messages: { x: {} } }, {}, /^contract: messages\["x"\] must begin with \//],
  'no handlers': [X, undefined, /the handlers must be an object/],
  'no handler for a message': [X, {}, /messages\["\/app\/x"\] has no handler/],
  'no handler for a subscription': [{ subscriptions: { '/app/x': {} } }, { subscriptions: {} }, /subscriptions\["\/app\/x"\] has no handler/],
  'a handler too many': [X, { messages: { '/app/x': () => {}, '/app/y': () => {} } }, /the handlers have messages\["\/app\/y"\], which is not known; did you mean \/app\/x\?/],
  'handlers of another part': [X, { messages: { '/app/x': () => {} }, destinations: {} }, /the handlers have destinations, which is not known/],
  'a message without the prefix': [{ messages: { '/api/x': {} } }, { messages: { '/api/x': () => {} } }, /messages\["\/api\/x"\] must begin with the application prefix, \/app/],
  'a destination that the broker does not serve': [{ destinations: { '/topics/x': {} } }, {}, /destinations\["\/topics\/x"\] is not served by the broker/]
}

for (const [name, [contract, handlers, message]] of Object.entries(REFUSED)) {
  t.test(`a contract is refused at boot: ${name}`, async (t) => {
    await t.rejects(buildStomp(t, { routes ({ stomp }) { stomp.contract(contract, handlers as never) } }), { code: 'FST_STOMP_INVALID_CONTRACT', message })
  })
}

t.test('contracts that describe a destination in different ways are refused at boot, and those that agree are not', async (t) => {
  const build = (...contracts: object[]): Promise<unknown> => buildStomp(t, { routes ({ stomp }) { for (const each of contracts) stomp.contract(each, {}) } })
  const text = { destinations: { '/topic/:a': { body: { type: 'string' } } } }
  await build(text, structuredClone(text), { destinations: { '/topic/:b': { body: { type: 'string' } } } })
  for (const [other, message] of [
    [{ destinations: { '/topic/:a': { body: { type: 'number' } } } }, /destinations\["\/topic\/:a"\] has another schema of body than destinations\["\/topic\/:a"\] of another contract/],
    [{ destinations: { '/topic/:b': {} } }, /another schema of body/],
    [{ destinations: { '/topic/:a': { body: { type: 'string' }, params: { type: 'object' } } } }, /another schema of params/]
  ] as const) await t.rejects(build(text, other), { code: 'FST_STOMP_INVALID_CONTRACT', message })
  await t.rejects(build({ destinations: { '/user/queue/a': {} } }, { requests: { '/user/queue/a': {} } }),
    { code: 'FST_STOMP_INVALID_CONTRACT', message: /requests\["\/user\/queue\/a"\] stands in another part than destinations/ })
})

t.test('examples that do not fit their schema are refused at boot', async (t) => {
  const entry = { body: LINE, examples: [{ text: 'a' }, { text: '' }] }
  const wrong = (path: string): { code: string, message: RegExp } => ({ code: 'FST_STOMP_INVALID_ROUTE', message: new RegExp(`^route ${path}: examples\\[1\\] does not fit the schema`) })
  await t.rejects(buildStomp(t, { routes ({ stomp }) { stomp.message('/a', { schema: { body: LINE }, examples: entry.examples }, () => {}) } }), wrong('/a'))
  await t.rejects(buildStomp(t, { routes ({ stomp }) { stomp.subscribe('/a', { schema: { answer: LINE }, examples: entry.examples } as never, (() => {}) as never) } }), wrong('/a'))
  await t.rejects(buildStomp(t, { routes ({ stomp }) { stomp.contract({ messages: { '/app/a': entry } }, { messages: { '/app/a': () => {} } }) } }), wrong('/a'))
  for (const [part, path] of [['destinations', '/topic/a'], ['requests', '/user/queue/a']] as const) {
    await t.rejects(buildStomp(t, { routes ({ stomp }) { stomp.contract({ [part]: { [path]: entry } } as object, {}) } }), wrong(path))
  }
  await buildStomp(t, { routes ({ stomp }) { stomp.message('/a', { schema: { body: LINE }, examples: [{ text: 'a' }, Buffer.from('x')] }, () => {}) } })
})

t.test('a contract is refused at boot: schemas that do not compile, routes that exist, and wrong handlers', async (t) => {
  const build = (contract: object, handlers: object): Promise<unknown> => buildStomp(t, { routes ({ stomp }) { stomp.contract(contract, handlers) } })
  const handlers = { messages: { '/app/x': () => {} } }
  await t.rejects(build({ messages: { '/app/x': { body: { type: 'nonsense' } } } }, handlers), { code: 'FST_STOMP_INVALID_ROUTE', message: /schema of body/ })
  await t.rejects(build({ destinations: { '/topic/x': { body: { type: 'nonsense' } } } }, {}), { code: 'FST_STOMP_INVALID_ROUTE', message: /^route \/topic\/x: schema of body/ })
  await t.rejects(build({ requests: { '/user/x': { answer: { type: 'nonsense' } } } }, {}), { code: 'FST_STOMP_INVALID_ROUTE', message: /schema of answer/ })
  await t.rejects(build({ destinations: { '/topic/:x': { params: { type: 'nonsense' } } } }, {}), { code: 'FST_STOMP_INVALID_ROUTE', message: /schema of params/ })
  await t.rejects(build(X, { messages: { '/app/x': 'y' } }), { code: 'FST_STOMP_INVALID_ROUTE', message: /the handler must be a function/ })
  await t.rejects(build(X, { messages: { '/app/x': { handler: () => {}, preHandler: 1 } } }), { code: 'FST_STOMP_INVALID_ROUTE', message: /preHandler/ })
  await t.rejects(buildStomp(t, { routes ({ stomp }) { stomp.message('/x', () => {}); stomp.contract(X, handlers) } }), { code: 'FST_STOMP_DUPLICATE_ROUTE' })
})

t.test('a contract for destinations with dots, and one after the start', async (t) => {
  const server = await buildStomp(t, { stomp: { broker: memoryBroker({ separator: '.' }), applicationPrefix: ['/app', '/api'] } })
  const sender = server.stomp.contract(
    { messages: { '/api/chat.:room': { sendTo: '/topic/chat.:room' } }, destinations: { '/topic/chat.:room': {} } },
    { messages: { '/api/chat.:room': ({ params: { room } }) => room } }
  )
  const client = await server.connect()
  await client.ask('SUBSCRIBE', { id: '1', destination: '/topic/chat.a' })
  await client.ask('SEND', { destination: '/api/chat.a' })
  t.equal((await client.message()).body.text, 'a')
  await sender.publish('/topic/chat.:room', 'b', { params: { room: 'a' } })
  t.equal((await client.message()).body.text, 'b')
  await t.rejects(sender.publish('/topic/chat.:room', 'b', { params: { room: 'a.b' } }), { code: 'FST_STOMP_INVALID_DESTINATION' })
})
