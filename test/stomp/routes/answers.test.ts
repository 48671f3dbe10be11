import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { destination } from '../../../src/stomp.ts'
import { buildStomp, type StompTestServer } from '../support.ts'

const QUOTE = { type: 'object', required: ['bid'], additionalProperties: false, properties: { bid: { type: 'number' }, note: { type: 'string', default: 'none' } } }

/** The messages of the errors in the log. */
const logged = (server: StompTestServer): string[] => server.log.flatMap((line) => {
  const { level, err } = JSON.parse(line) as { level: number, err?: { message: string } }
  return level >= 50 ? [err?.message ?? ''] : []
})

t.test('an answer is judged by its schema, and sent as the compiler made it', async (t) => {
  const kept = { bid: 1, secret: 2 }
  const server = await buildStomp(t, {
    routes ({ stomp }) {
      stomp.message('/quote', { schema: { answer: QUOTE }, sendTo: '/topic/quotes' }, () => kept)
      stomp.message('/number', { schema: { answer: { type: 'number' } }, sendTo: '/topic/quotes' }, () => '5')
      stomp.message('/text', { schema: { answer: { type: 'string' } }, sendTo: '/topic/quotes' }, () => 'five')
      stomp.message('/none', { schema: { answer: QUOTE }, sendTo: '/topic/quotes' }, () => {})
      stomp.message('/each', { schema: { answer: QUOTE }, sendTo: '/topic/quotes' }, async function * () { yield { bid: 1 }; yield { bid: 2 } })
      stomp.message('/send', { schema: { answer: QUOTE } }, ({ reply }) => reply.to('/topic/quotes').send({ bid: 3 }))
      stomp.subscribe('/quotes', { schema: { answer: QUOTE } }, async function * () { yield { bid: 4 } })
    }
  })
  const client = await server.connect()
  await client.ask('SUBSCRIBE', { id: '1', destination: '/topic/quotes' })
  await client.ask('SEND', { destination: '/app/quote' })
  const first = await client.message()
  t.same(JSON.parse(first.body.text), { bid: 1, note: 'none' }, 'with its default, and without the field that the schema has not')
  t.equal(first.headers.get('content-type'), 'application/json;charset=UTF-8')
  t.same(kept, { bid: 1, secret: 2 }, 'the value of the application stays as it is')
  await client.ask('SEND', { destination: '/app/number' })
  t.equal((await client.message()).body.text, '5')
  await client.ask('SEND', { destination: '/app/text' })
  t.equal((await client.message()).body.text, '"five"', 'a text with a schema is JSON too')
  await client.ask('SEND', { destination: '/app/none' })
  await client.ask('SEND', { destination: '/app/each' })
  t.same([await client.json(), await client.json()], [{ bid: 1, note: 'none' }, { bid: 2, note: 'none' }])
  await client.ask('SEND', { destination: '/app/send' })
  t.same(await client.json(), { bid: 3, note: 'none' })
  await client.ask('SUBSCRIBE', { id: '2', destination: '/app/quotes' })
  t.same(await client.json(), { bid: 4, note: 'none' })
  t.strictSame(server.failures, [])
})

t.test('an answer that does not fit is a failure of the handler: the log names the place, and the client learns nothing of it', async (t) => {
  const server = await buildStomp(t, {
    routes ({ stomp }) {
      stomp.message('/quote', { schema: { answer: QUOTE }, sendTo: '/topic/quotes' }, () => ({ bid: 'much' }))
      stomp.message('/bytes', { schema: { answer: QUOTE }, sendTo: '/topic/quotes' }, () => Buffer.from('{"bid":1}'))
      stomp.message('/send', { schema: { answer: QUOTE } }, ({ reply }) => reply.to('/topic/quotes').send({}))
      stomp.subscribe('/quotes', { schema: { answer: QUOTE } }, () => [])
    }
  })
  const client = await server.connect()
  await client.ask('SUBSCRIBE', { id: '1', destination: '/topic/quotes' })
  await client.ask('SUBSCRIBE', { id: '2', destination: '/user/queue/errors' })
  for (const path of ['quote', 'bytes', 'send']) {
    await client.ask('SEND', { destination: `/app/${path}` })
    t.match(await client.json(), { error: 'STOMP_HANDLER_FAILED', statusCode: 500, destination: `/app/${path}` })
  }
  await client.ask('SUBSCRIBE', { id: '3', destination: '/app/quotes' })
  t.match(await client.json(), { error: 'STOMP_HANDLER_FAILED', destination: '/app/quotes' })
  t.strictSame(logged(server), [
    'answer of /quote: /bid must be number', "answer of /bytes: must have required property 'bid'", "answer of /send: must have required property 'bid'",
    'answer of /quotes: must be object'
  ])
  const other = await server.connect()
  const error = await other.ask('SEND', { destination: '/app/quote' })
  t.equal(error.headers.get('code'), 'STOMP_HANDLER_FAILED', 'without a subscription for errors, an ERROR')
  t.notMatch(error.body.text + [...error.headers].join(), /bid/)
})

t.test('a wrong schema of answers is refused at boot', async (t) => {
  const build = (answer: unknown): Promise<unknown> => buildStomp(t, { routes ({ stomp }) { stomp.message('/x', { schema: { answer } }, () => 1) } })
  await t.rejects(build({ type: 'nonsense' }), { code: 'FST_STOMP_INVALID_ROUTE', message: /^route \/x: schema of answer: / })
  await t.rejects(build({ bid: { type: 'number' } }), { code: 'FST_STOMP_INVALID_ROUTE', message: /write a whole schema/ })
  await t.rejects(build(null), { code: 'FST_STOMP_INVALID_ROUTE', message: /schema.answer must be a schema/ })
  await t.rejects(buildStomp(t, { routes ({ stomp }) { stomp.message('/x', { schema: { response: {} } as {} }, () => 1) } }), { code: 'FST_STOMP_INVALID_ROUTE', message: /response.*it is called answer here/ })
})

t.test('a serializer compiler of the application judges and writes the answers of its scope', async (t) => {
  const server = await buildStomp(t, {
    async routes (app) {
      await app.register(async (scope: FastifyInstance) => {
        scope.setSerializerCompiler(({ schema }) => (value) => {
          if (value?.constructor.name !== schema as unknown) throw new Error(`it must be a ${String(schema)}`)
          return JSON.stringify({ written: value })
        })
        scope.stomp.message('/own', { schema: { answer: 'String' }, sendTo: '/topic/x' }, ({ body }) => body)
      })
      app.stomp.message('/other', { schema: { answer: { type: 'string' } }, sendTo: '/topic/x' }, () => 'y')
      // A response of an HTTP route makes Fastify build its own serializer, which judges nothing.
      app.get('/http', { schema: { response: { 200: { type: 'string' } } } }, () => 'y')
    }
  })
  const client = await server.connect()
  await client.ask('SUBSCRIBE', { id: '1', destination: '/topic/x' })
  await client.ask('SEND', { destination: '/app/own' }, '"x"')
  t.same(await client.json(), { written: 'x' })
  await client.ask('SEND', { destination: '/app/other' })
  t.equal(await client.json(), 'y')
  t.equal((await client.ask('SEND', { destination: '/app/own' }, '1')).headers.get('code'), 'STOMP_HANDLER_FAILED')
  t.match(logged(server), ['answer of /own: it must be a String'])
})

t.test('the schema of a destination judges the messages that are published there', async (t) => {
  const price = destination('/topic/prices/:symbol', QUOTE)
  const alerts = destination('/queue/alerts', { enum: ['red', 'green'] })
  const server = await buildStomp(t)
  const client = await server.connect({ user: { name: 'kim' } })
  await client.ask('SUBSCRIBE', { id: '1', destination: '/topic/prices/*' })
  await client.ask('SUBSCRIBE', { id: '2', destination: '/user/queue/alerts' })
  const { stomp } = server
  await stomp.publish(price({ symbol: 'IBM' }), { bid: 1 })
  t.same(await client.json(), { bid: 1, note: 'none' })
  await t.rejects(stomp.publish(price({ symbol: 'IBM' }), { ask: 1 }), { code: 'FST_STOMP_INVALID_VALUE', statusCode: 500, message: "body of /topic/prices/:symbol: must have required property 'bid'" })
  t.same(stomp.publishToUser('kim', alerts(), 'red'), { sessions: 1 })
  t.equal(await client.json(), 'red')
  t.throws(() => stomp.publishToUser('kim', alerts(), 'blue'), { code: 'FST_STOMP_INVALID_VALUE' })
  const [session] = stomp.sessions
  t.same(stomp.publishToSession(session!, alerts(), 'green'), { sessions: 1 })
  t.equal(await client.json(), 'green')
  t.throws(() => stomp.publishToSession(session!, alerts(), 1), { code: 'FST_STOMP_INVALID_VALUE' })
  const broken = destination('/topic/x', { type: 'nonsense' })
  await t.rejects(stomp.publish(broken(), 1), { code: 'FST_STOMP_INVALID_ROUTE', message: /^route \/topic\/x: schema of body: / })
})

t.test('a body that is no object is replaced by the value that the compiler made of it', async (t) => {
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    routes ({ stomp }) { stomp.message('/x', { schema: { body: { type: 'number' } } }, ({ body }) => { seen.push(body) }) }
  })
  const client = await server.connect()
  await client.ask('SEND', { destination: '/app/x' }, '"5"')
  t.strictSame(seen, [5])
})
