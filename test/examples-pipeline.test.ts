// The example whose services are real ones: e2e/kafka-pipeline.e2e.ts runs it with them. Here its nodes have services in memory.
import { randomUUID } from 'node:crypto'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t from 'tap'
import { installPackage } from './support/docs/package.ts'
import { checkPage, connect, post } from './support/examples/people.ts'
import { PipelineWorld, startWithout } from './support/examples/pipeline.ts'
import { deferred, isSettled, until, within } from './support/wait.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Below the repository, so that all packages are there; ours is made of the sources as they are now. */
const project = t.testdir({ 'package.json': '{"private":true}' })
const folder = join(project, 'examples/pipeline')
cpSync(join(ROOT, 'examples'), join(project, 'examples'), { recursive: true })
installPackage(ROOT, join(project, 'node_modules/fastify-sockjs'))

const { MemoryNetwork } = await import(pathToFileURL(join(project, 'node_modules/fastify-sockjs/dist/index.js')).href) as typeof import('../src/index.ts')
const world = new PipelineWorld(folder, MemoryNetwork)
const [amber, blue, plain] = [await world.node('amber'), await world.node('blue'), await world.node('plain', null)]
t.teardown(() => Promise.all([amber, blue, plain].map(({ app }) => app.close())))

t.test('the page', async (t) => {
  await checkPage(t, amber.url)
  const page = await fetch(amber.url)
  t.match(page.headers.get('content-security-policy'), /script-src 'self'; style-src 'self'/)
  t.equal(page.headers.get('x-node'), 'amber')
  t.notMatch(await page.text(), /<script>|<style|style=|\son\w+=/, 'has no inline script and no inline style')
})

const signIn = async (name: string, room = 'lobby'): Promise<string> => (await (await post(`${amber.url}/login`, { name, room })).json() as { token: string }).token
const headers = async (name: string): Promise<Record<string, string>> => ({ Authorization: `Bearer ${await signIn(name)}` })

t.test('a message passes all stations', async (t) => {
  const kim = await connect(t, amber.url, await headers('kim'))
  const lee = await connect(t, blue.url, await headers('lee'), 'sockjs')
  const lobby = await lee.hear('/topic/rooms/lobby')
  const counts = await lee.hear('/topic/counts/lobby')
  const id = randomUUID()
  const confirmed = deferred<void>()
  kim.client.watchForReceipt('sent', () => confirmed.resolve())
  const released = deferred<void>()
  world.kafka.hold = released.promise
  kim.client.publish({ destination: '/app/rooms/lobby', body: JSON.stringify({ id, text: 'hello there' }), headers: { receipt: 'sent' } })
  const message = { id: `kim/${id}`, from: 'kim', text: 'hello there', node: 'amber' }
  t.match(await lobby.next(), message, 'the other node has it')
  t.match(world.stored, [message], 'the store has it')
  await until(() => world.kafka.requests.length === 1, 'Kafka is asked')
  t.equal(await isSettled(confirmed.promise), false, 'the receipt waits for Kafka')
  world.kafka.hold = null
  released.resolve()
  await within(confirmed.promise, 'the receipt')
  t.match(world.kafka.produced, [{ topic: 'pipeline-messages' }])
  t.equal(Buffer.from(world.kafka.produced[0]!.write.key!).toString(), 'lobby')

  const { counted } = await world.import('count.js')
  const record: unknown = JSON.parse(world.kafka.textsOf('pipeline-messages')[0]!)
  const count = counted!(null, record)
  t.match(count, { messages: 1, words: 2 })
  t.equal(counted!(count, record), count, 'a message that comes again counts once')
  world.kafka.consumer.assign({ topic: 'pipeline-counts', partition: 0 })
  world.kafka.give('pipeline-counts', 0, { key: 'lobby', value: JSON.stringify({ messages: 1, words: 2 }) })
  t.same(await counts.next(), { messages: 1, words: 2 }, 'the count comes back')
  t.match(await (await lee.hear('/app/rooms/lobby')).next(), { node: 'blue', kafka: true, messages: [message], count: null }, 'the history is from the store')
  const other = await connect(t, plain.url, await headers('ann'))
  t.match(await (await other.hear('/app/rooms/lobby')).next(), { node: 'plain', kafka: false }, 'a node tells that Kafka is left out')
})

t.test('refusals', async (t) => {
  const before = [world.stored.length, world.kafka.produced.length]
  const send = async (body: unknown, destination = '/app/rooms/lobby'): Promise<Readonly<Record<string, string>>> => {
    const kim = await connect(t, amber.url, await headers('kim'))
    kim.client.publish({ destination, body: JSON.stringify(body), headers: { receipt: 'sent' } })
    return await kim.errors.next()
  }
  const id = randomUUID()
  t.match(await send({ id, text: {} }), { code: 'STOMP_HANDLER_FAILED', message: /body/, 'receipt-id': 'sent' })
  t.match(await send({ id, text: ' ' }), { code: 'STOMP_HANDLER_FAILED' })
  t.match(await send({ text: 'hello' }), { code: 'STOMP_HANDLER_FAILED', message: /id/ })
  t.match(await send({ id, text: 'hello' }, '/app/rooms/kitchen'), { code: 'STOMP_ACCESS_REFUSED' }, 'the token does not name the kitchen')
  t.match(await send({ id, text: 'hello' }, '/topic/rooms/lobby'), { code: 'STOMP_ACCESS_REFUSED' }, 'no way leads around the route')
  world.storeError = new Error('out of order')
  t.match(await send({ id, text: 'hello' }), { code: 'STOMP_BROKER_UNAVAILABLE', 'receipt-id': 'sent' })
  world.storeError = null
  await t.rejects(connect(t, blue.url), /Login refused/)
  await t.rejects(connect(t, blue.url, { Authorization: `Bearer ${(await signIn('kim')).replace(/[^.]+$/, 'forged')}` }), /Login refused/)
  t.equal((await post(`${amber.url}/login`, { name: '<b>', room: 'lobby' })).status, 400)
  t.same([world.stored.length, world.kafka.produced.length], before, 'nothing that was refused came further')
})

t.test('a service that is missing', async (t) => {
  const without = await startWithout(folder, {})
  t.match(without, { code: 1, text: /apt-get install redis-server/ })
  const half = await startWithout(folder, { REDIS_URL: 'redis://127.0.0.1:1' })
  t.match(half, { code: 1, text: /maven[^]*KAFKA_HOME[^]*KAFKA_BROKERS[^]*--without-kafka/ })
})
