import t from 'tap'
import { natsEngine, type NatsEngineOptions } from '../../../src/nats.ts'

const GOOD: NatsEngineOptions = { connect: () => new Promise(() => {}), secret: 'sixteen letters!' }

t.test('an engine has a namespace, a secret and no signatures by default', async (t) => {
  t.match(natsEngine(GOOD).facts, { name: 'nats', namespace: 'default', secret: 'sixteen letters!', sign: false, maxPayload: 1024 * 1024 - 128 }, 'messages of logs and queues have headers')
  t.match(natsEngine({ ...GOOD, namespace: 'shop', sign: true }).facts, { namespace: 'shop', sign: true })
})

t.test('a wrong option is refused by name', async (t) => {
  const wrong: [object, RegExp][] = [
    [{ secret: GOOD.secret }, /option connect of the engine: must be a function, not undefined/],
    [{ ...GOOD, connect: 'nats://localhost' }, /option connect of the engine: must be a function/],
    [{ connect: GOOD.connect }, /option secret of the engine: must be a text of at least 16 characters, not undefined/],
    [{ ...GOOD, secret: 'fifteen letters' }, /option secret of the engine: must be a text of at least 16 characters, not of 15/],
    [{ ...GOOD, namespace: 'a.b' }, /option namespace of the engine: must be a text of 1 to 32 letters, digits, _ or -/],
    [{ ...GOOD, namespace: 'x'.repeat(33) }, /option namespace/],
    [{ ...GOOD, sign: 'yes' }, /option sign of the engine/],
    [{ ...GOOD, servers: [] }, /option servers of the engine/]
  ]
  for (const [options, message] of wrong) t.throws(() => natsEngine(options as NatsEngineOptions), { code: 'FST_SOCKJS_ENGINE_INVALID_OPTION', message })
})

t.test('logs and queues are on the disk of one server by default', async (t) => {
  t.match(natsEngine(GOOD).facts, { durable: true, queues: { inOrder: false, passesOn: false, acksLast: false, lease: 30_000 } })
  t.match(natsEngine({ ...GOOD, jetstream: { storage: 'memory', replicas: 3, ackWait: 1_000 } }).facts, { durable: false, queues: { lease: 1_000 } })
  const wrong: [unknown, RegExp][] = [
    ['file', /option jetstream of the engine: must be an object, not "file"/],
    [{ storage: 'disk' }, /option jetstream of the engine: has a wrong field: storage must be one of "file", "memory", not "disk"/],
    [{ replicas: 6 }, /replicas must be an integer from 1 to 5, not 6/],
    [{ ackWait: 999 }, /ackWait must be an integer from 1000 to 86400000, not 999/],
    [{ ttl: 1 }, /ttl/]
  ]
  for (const [jetstream, message] of wrong) t.throws(() => natsEngine({ ...GOOD, jetstream: jetstream as {} }), { code: 'FST_SOCKJS_ENGINE_INVALID_OPTION', message })
})

t.test('the text of an error does not show the secret', async (t) => {
  t.throws(() => natsEngine({ ...GOOD, secret: 'hush' }), { message: /^(?!.*hush)/ })
})

t.test('a value of connect() that is no connection is refused', async (t) => {
  const { EngineNode } = await import('../../support/engines/node.ts')
  const node = new EngineNode(natsEngine({ ...GOOD, connect: async () => ({}) as never }))
  await t.rejects(node.start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: /connect\(\) must return a connection to NATS, not / })
})
