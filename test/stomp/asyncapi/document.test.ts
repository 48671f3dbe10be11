import t, { type Test } from 'tap'
import { type AsyncApiDocument, memoryBroker, type Rule, type StompFacade } from '../../../src/stomp.ts'
import { buildStomp } from '../support.ts'
import { complaints, INFO } from './support.ts'

const TEXT = { type: 'object', required: ['text'], properties: { text: { type: 'string', maxLength: 10 } } }
const ROOM = { type: 'object', properties: { room: { type: 'string', enum: ['lobby', 'kitchen'], description: 'The name of the room.' } } }

/** Each route adds one kind of operation. */
const ROUTES: readonly ((stomp: StompFacade) => void)[] = [
  (stomp) => stomp.message('/chat/:room', {
    summary: 'Says something', description: 'All people in the room hear it.', tags: ['chat'], examples: [{ text: 'hello' }], schema: { params: ROOM, body: TEXT }, sendTo: '/topic/chat/:room'
  }, () => {}),
  (stomp) => stomp.message('/me', { sendToSender: '/queue/me' }, () => {}),
  (stomp) => stomp.message('/mine', { sendToUser: ['/queue/mine'] }, () => {}),
  (stomp) => stomp.message('/add', { schema: { headers: { type: 'object', properties: { priority: { type: 'string' } } } } }, () => {}),
  (stomp) => stomp.message('/note', { body: 'text' }, () => {}),
  (stomp) => stomp.subscribe('/rooms', { summary: 'The names of the rooms', examples: [['lobby']] }, () => {}),
  (stomp) => stomp.subscribe('/chat/:room', { schema: { params: ROOM } }, () => {}),
  (stomp) => stomp.message('/secret', { hide: true }, () => {})
]

async function documentOf (t: Test, routes: readonly ((stomp: StompFacade) => void)[] = ROUTES, options = {}): Promise<AsyncApiDocument> {
  const { stomp } = await buildStomp(t, { stomp: options, routes: ({ stomp }) => { for (const add of routes) add(stomp) } })
  return stomp.asyncapi(INFO)
}

t.test('the parser of AsyncAPI has no complaint, whatever the routes are', async (t) => {
  t.strictSame(await complaints(await documentOf(t)), [])
  t.strictSame(await complaints(await documentOf(t, [])), [], 'not about an application without routes either')
})

t.test('a message route receives, with the schemas and the words of its options', async (t) => {
  const { channels, operations, components } = await documentOf(t)
  t.strictSame(operations['receive.app.chat.room'], {
    action: 'receive',
    channel: { $ref: '#/channels/app.chat.room' },
    summary: 'Says something',
    description: 'All people in the room hear it.',
    tags: [{ name: 'chat' }],
    messages: [{ $ref: '#/channels/app.chat.room/messages/message' }],
    bindings: { stomp: {} },
    'x-stomp-command': 'SEND',
    'x-stomp-kind': 'message',
    'x-stomp-access': 'all',
    'x-stomp-answers': [{ operation: 'send.topic.chat.room', to: 'all' }]
  })
  t.match(channels['app.chat.room'], {
    address: '/app/chat/{room}',
    parameters: { room: { enum: ['lobby', 'kitchen'], description: 'The name of the room.', 'x-stomp-schema': ROOM.properties.room } },
    messages: { message: { contentType: 'application/json', payload: { $ref: '#/components/schemas/app.chat.room.body' }, examples: [{ payload: { text: 'hello' } }] } }
  })
  t.strictSame(components.schemas['app.chat.room.body'], TEXT)
  t.equal(channels['app.note']!.messages['message']!.contentType, 'text/plain')
})

t.test('answers: to a topic, to a user, to the sender, and to the reply-to of the message', async (t) => {
  const { channels, operations } = await documentOf(t)
  t.match(operations['send.topic.chat.room'], { action: 'send', summary: 'The answers to /app/chat/{room}', 'x-stomp-kind': 'destination', 'x-stomp-command': 'SUBSCRIBE' })
  t.notHas(operations['receive.app.chat.room'], 'reply', 'a topic is no reply')
  t.match(channels['topic.chat.room'], { address: '/topic/chat/{room}', parameters: { room: { enum: ['lobby', 'kitchen'] } } })
  for (const [name, target, to] of [['me', 'user.queue.me', 'sender'], ['mine', 'user.queue.mine', 'user']]) {
    t.match(operations[`receive.app.${name}`], { reply: { channel: { $ref: `#/channels/${target}` } }, 'x-stomp-answers': [{ operation: `send.${target}`, to }] })
    t.equal(channels[target!]!.address, `/user/queue/${name}`)
  }
  t.match(operations['receive.app.add'], { reply: { address: { location: '$message.header#/reply-to' }, channel: { $ref: '#/channels/app.add.reply' } } })
  t.equal(channels['app.add.reply']!.address, null)
  t.match(channels['app.add']!.messages['message']!.headers, { type: 'object', properties: { 'reply-to': { type: 'string' } }, allOf: [{ $ref: '#/components/schemas/app.add.headers' }] })
})

t.test('a subscribe route sends, beside a message route of the same path', async (t) => {
  const { channels, operations } = await documentOf(t)
  t.match(operations['send.app.rooms'], { action: 'send', summary: 'The names of the rooms', 'x-stomp-kind': 'subscribe' })
  t.strictSame(Object.keys(channels['app.chat.room']!.messages), ['answer', 'message'])
  t.strictSame(operations['send.app.chat.room']!.messages, [{ $ref: '#/channels/app.chat.room/messages/answer' }])
})

t.test('a hidden route is not told', async (t) => {
  t.notMatch(JSON.stringify(await documentOf(t)), /secret/)
})

t.test('the order in which routes are added does not matter', async (t) => {
  const shared = { type: 'object', properties: { a: { type: 'string' } } }
  const twice = [...ROUTES,
    (stomp: StompFacade) => stomp.message('/b', { schema: { body: shared }, sendTo: '/topic/x' }, () => {}),
    (stomp: StompFacade) => stomp.message('/a', { schema: { body: shared }, sendTo: '/topic/x' }, () => {}),
    (stomp: StompFacade) => stomp.message('/chat/room', () => {})]
  const one = await documentOf(t, twice)
  t.equal(JSON.stringify(await documentOf(t, [...twice].reverse())), JSON.stringify(one))
  t.strictSame(Object.keys(one.channels['topic.x']!.messages), ['app.a.answer', 'app.b.answer'])
  t.strictSame([one.channels['app.chat.room']!.address, one.channels['app.chat.room.2']!.address], ['/app/chat/room', '/app/chat/{room}'])
  t.strictSame(one.channels['app.b']!.messages['message']!.payload, { $ref: '#/components/schemas/app.a.body' }, 'a schema of two routes stands there once')
  t.strictSame(await complaints(one), [])
})

t.test('rules: the access to each operation, and the login', async (t) => {
  const rules: Rule[] = [
    { type: 'connect', allow: 'authenticated' },
    { type: 'send', destination: '/app/chat/kitchen', deny: 'all' },
    { type: 'send', destination: '/app/add', allow: 'authenticated' },
    { type: 'send', destination: '/app/mine', allow: () => true },
    { type: 'send', destination: '/app/note', allow: 'all' },
    { type: 'subscribe', destination: ['/app/**', '/user/queue/*'], allow: 'authenticated' },
    { type: 'subscribe', deny: 'all' }
  ]
  const server = await buildStomp(t, { stomp: { rules }, routes: ({ stomp }) => { for (const add of ROUTES) add(stomp) } })
  const found = server.stomp.asyncapi({ ...INFO, security: ['login', 'bearer', 'cookie'], securitySchemes: { cookie: { type: 'httpApiKey', name: 'sid', in: 'cookie' } } })
  const access = Object.fromEntries(Object.entries(found.operations).map(([name, operation]) => [name, operation['x-stomp-access']]))
  t.strictSame(access, {
    'receive.app.add': 'authenticated',
    'receive.app.chat.room': 'custom',
    'receive.app.me': 'none',
    'receive.app.mine': 'custom',
    'receive.app.note': 'all',
    'send.app.chat.room': 'authenticated',
    'send.app.rooms': 'authenticated',
    'send.topic.chat.room': 'none',
    'send.user.queue.errors': 'authenticated',
    'send.user.queue.me': 'authenticated',
    'send.user.queue.mine': 'authenticated'
  })
  t.equal(found['x-stomp-authentication'], 'required')
  const security = [{ $ref: '#/components/securitySchemes/login' }, { $ref: '#/components/securitySchemes/bearer' }, { $ref: '#/components/securitySchemes/cookie' }]
  t.strictSame(found.operations['receive.app.add']!.security, security)
  t.strictSame(found.servers['stomp.sockjs']!.security, security)
  t.strictSame(Object.keys(found.components.securitySchemes ?? {}), ['login', 'bearer', 'cookie'])
  t.strictSame(await complaints(found), [])
  t.equal(server.stomp.asyncapi({ ...INFO, authentication: 'optional' })['x-stomp-authentication'], 'optional')
})

t.test('facts about the registration', async (t) => {
  const found = await documentOf(t, ROUTES, { applicationPrefix: ['/app', '/do'], clientSend: 'application-only', limits: { body: 1000 }, presence: [{ pattern: '/topic/chat/*' }] })
  t.match(found, { 'x-stomp-application-prefixes': ['/app', '/do'], 'x-stomp-client-send': 'application-only', 'x-stomp-max-body': 1000, 'x-stomp-presence': ['/topic/chat/*'], 'x-stomp-authentication': 'optional' })
  t.strictSame(await complaints(found), [])
})

t.test('servers: each endpoint at each origin, and TCP', async (t) => {
  const { app, stomp } = await buildStomp(t, { listen: true, stomp: { path: ['/stomp', '/other'], tcp: { port: 0 } } })
  const { port } = app.server.address() as { port: number }
  const own = stomp.asyncapi(INFO)
  t.strictSame(Object.entries(own.servers).map(([name, { host, protocol, pathname }]) => [name, host, protocol, pathname]), [
    ['stomp.sockjs', `127.0.0.1:${port}`, 'http', '/stomp'],
    ['stomp.websocket', `127.0.0.1:${port}`, 'ws', '/stomp'],
    ['other.sockjs', `127.0.0.1:${port}`, 'http', '/other'],
    ['other.websocket', `127.0.0.1:${port}`, 'ws', '/other'],
    ['tcp', `127.0.0.1:${stomp.tcpPort}`, 'stomp', undefined]
  ])
  const given = stomp.asyncapi({ ...INFO, servers: { production: 'https://a.example/base/', local: 'http://[::1]:3000' } })
  t.match(given.servers, {
    'production.stomp.sockjs': { host: 'a.example', protocol: 'https', pathname: '/base/stomp' },
    'production.stomp.websocket': { protocol: 'wss', pathname: '/base/stomp' },
    'local.other.websocket': { host: '[::1]:3000', protocol: 'ws', pathname: '/other' }
  })
  t.strictSame(await complaints(given), [])
})

t.test('the separator of the broker stands in the addresses', async (t) => {
  const found = await documentOf(t, [(stomp) => stomp.message('/rooms/:room', { sendTo: '/topic/rooms.:room' }, () => {})], { broker: memoryBroker({ separator: '.' }) })
  t.strictSame(Object.values(found.channels).map(({ address }) => address), ['/app/rooms.{room}', '/topic/rooms.{room}', '/user/queue/errors'])
  t.strictSame(await complaints(found), [])
})

t.test('mistakes: too early, and options that are wrong', async (t) => {
  const early = await buildStomp(t, { routes: ({ stomp }) => t.throws(() => stomp.asyncapi(INFO), { code: 'FST_STOMP_NOT_READY' }) })
  const { asyncapi } = early.stomp
  t.throws(() => asyncapi(), { code: 'FST_STOMP_INVALID_OPTION', message: /option asyncapi: must be an object, not undefined/ })
  const wrong: [options: object, message: RegExp][] = [
    [{}, /asyncapi\.info: must be an object/],
    [{ info: { title: 'x' } }, /asyncapi\.info: has a wrong field: version/],
    [{ ...INFO, path: '/x' }, /path/],
    [{ ...INFO, servers: { a: 'ws://x' } }, /asyncapi\.servers: has a wrong entry: a must be a URL of http or https/],
    [{ ...INFO, servers: { 'a b': 'http://x' } }, /has the name "a b"/],
    [{ ...INFO, security: ['jwt'] }, /names "jwt"; it must be one of login, bearer/],
    [{ ...INFO, securitySchemes: { jwt: {} } }, /jwt must be a text/],
    [{ ...INFO, authentication: true }, /must be one of "required", "optional"/]
  ]
  for (const [options, message] of wrong) t.throws(() => asyncapi(options as never), { code: 'FST_STOMP_INVALID_OPTION', message }, JSON.stringify(options))
  for (const [option, value] of [['summary', ''], ['tags', 'chat'], ['examples', {}], ['hide', 1]]) {
    t.throws(() => early.stomp.message('/x', { [option as string]: value } as never, () => {}), { code: 'FST_STOMP_INVALID_ROUTE', message: new RegExp(`option ${String(option)} must be`) })
  }
})
