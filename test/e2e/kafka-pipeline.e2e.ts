// The example `pipeline` by its one command, with the Redis and the Kafka that it starts itself.
import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import t from 'tap'
import { installPackage } from '../support/docs/package.ts'
import { checkPage, connect, post } from '../support/examples/people.ts'
import { deferred, until, within } from '../support/wait.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const STARTS = 300_000
const NODES = ['amber', 'blue', 'cyan']

/** Below the repository, so that all packages are there; ours is made of the sources as they are now. The jars of Kafka are those of all suites. */
const project = t.testdir({ 'package.json': '{"private":true}' })
cpSync(join(ROOT, 'examples'), join(project, 'examples'), { recursive: true })
installPackage(ROOT, join(project, 'node_modules/fastify-sockjs'))
mkdirSync(join(ROOT, 'node_modules/.cache'), { recursive: true })
symlinkSync(join(ROOT, 'node_modules/.cache'), join(project, 'node_modules/.cache'))

/** Runs the command, and gives its process and all that it has printed. */
function startExample (): { readonly child: ChildProcess, readonly text: () => string } {
  const child = fork(join(project, 'examples/pipeline/start.js'), {
    silent: true, execArgv: [], env: { ...process.env, PORT: '0', REDIS_URL: '', KAFKA_BROKERS: '', POSTGRES_URL: '', NODE_V8_COVERAGE: '', NODE_OPTIONS: '' }
  })
  let text = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  return { child, text: () => text }
}

interface Message { readonly id: string, readonly from: string, readonly text: string, readonly node: string }

t.test('examples/pipeline', { timeout: 600_000 }, async (t) => {
  const { child, text } = startExample()
  const ended = once(child, 'exit')
  t.teardown(async () => {
    if (!t.passing()) t.comment(text())
    child.kill('SIGTERM')
    await ended
  })
  await until(() => text().includes('random balancer: http') || child.exitCode !== null, 'the example has started', STARTS)
  const valueOf = (name: string): string => new RegExp(`${name}: (\\S+)`).exec(text())?.[1] ?? ''
  const url = valueOf('random balancer')
  const redis = new Redis(valueOf('Redis'))
  const kafka = new Kafka({ brokers: [valueOf('Kafka')], logLevel: logLevel.NOTHING })
  redis.on('error', () => {})
  t.teardown(() => redis.disconnect())

  /** All records of the topic of messages, as they arrive. */
  const records: { readonly key: string, readonly message: Message }[] = []
  const consumer = kafka.consumer({ groupId: 'test', maxWaitTimeInMs: 100 })
  await consumer.connect()
  t.teardown(() => consumer.disconnect())
  await consumer.subscribe({ topic: 'pipeline-messages', fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message: { key, value } }) => { records.push({ key: String(key), message: JSON.parse(String(value)) as Message }) } })

  const stored = async (): Promise<Message[]> => (await redis.xrange('pipeline:room:lobby', '-', '+')).map(([, [, text]]) => JSON.parse(text!) as Message)
  const tokenOf = async (name: string): Promise<string> => (await (await post(`${url}/login`, { name, room: 'lobby' })).json() as { token: string }).token
  const headers = async (name: string): Promise<Record<string, string>> => ({ Authorization: `Bearer ${await tokenOf(name)}` })

  await checkPage(t, url)

  // A session at each node. The client goes through the balancer, and the answer of the route names the node.
  const sessions = new Map<string, Awaited<ReturnType<typeof connect>>>()
  for (let tries = 0; sessions.size < NODES.length && tries < 50; tries++) {
    const person = await connect(t, url, await headers(`p${tries}`), 'xhr-polling')
    const { node } = await (await person.hear('/app/rooms/lobby')).next() as { node: string }
    if (sessions.has(node)) await person.client.deactivate()
    else sessions.set(node, person)
  }
  t.strictSame([...sessions.keys()].sort(), NODES, 'each node has a session')

  const id = randomUUID()
  const sender = sessions.get('amber')!
  const [blue, cyan] = await Promise.all(['blue', 'cyan'].map(async (name) => {
    const person = sessions.get(name)!
    return { messages: await person.hear('/topic/rooms/lobby'), counts: await person.hear('/topic/counts/lobby') }
  }))
  const confirmed = deferred<void>()
  sender.client.watchForReceipt(id, () => confirmed.resolve())
  sender.client.publish({ destination: '/app/rooms/lobby', body: JSON.stringify({ id, text: 'hello to everybody' }), headers: { receipt: id } })
  await within(confirmed.promise, 'the receipt')

  const ends = kafka.admin()
  await ends.connect()
  t.equal((await ends.fetchTopicOffsets('pipeline-messages')).reduce((sum, { offset }) => sum + Number(offset), 0), 1, 'Kafka has the message before the receipt')
  await ends.disconnect()
  t.match(await stored(), [{ id: new RegExp(id), text: 'hello to everybody', node: 'amber' }], 'the store has it before the receipt')
  for (const each of [blue!, cyan!]) {
    t.match(await each.messages.next(), { text: 'hello to everybody', node: 'amber' }, 'a client at another node has it over xhr-polling')
    t.same(await each.counts.next(), { messages: 1, words: 3 }, 'the count has come back through Kafka')
  }
  await until(() => records.length === 1, 'Kafka gives the record')
  t.match(records[0], { key: 'lobby', message: { text: 'hello to everybody', node: 'amber' } })
  const again = await connect(t, url, await headers('again'), 'sockjs')
  t.match(await (await again.hear('/app/rooms/lobby')).next(), { kafka: true, messages: [{ text: 'hello to everybody' }], count: { messages: 1, words: 3 } },
    'a page that is loaded again has the message and the count')

  // What is refused reaches no station. The last message, which is taken, shows that there is nothing before it.
  again.client.publish({ destination: '/app/rooms/lobby', body: JSON.stringify({ id: randomUUID(), text: '' }), headers: { receipt: 'invalid' } })
  t.match(await again.errors.next(), { code: 'STOMP_HANDLER_FAILED', message: /body/, 'receipt-id': 'invalid' })
  const forged = (await tokenOf('forger')).replace(/[^.]+$/, 'forged')
  await t.rejects(connect(t, url, { Authorization: `Bearer ${forged}` }, 'xhr-polling'), /Login refused/)
  const last = deferred<void>()
  sender.client.watchForReceipt('last', () => last.resolve())
  sender.client.publish({ destination: '/app/rooms/lobby', body: JSON.stringify({ id: randomUUID(), text: 'last' }), headers: { receipt: 'last' } })
  await within(last.promise, 'the receipt')
  const texts = ['hello to everybody', 'last']
  t.strictSame((await stored()).map(({ text }) => text), texts)
  t.match(await blue!.messages.next(), { text: 'last' })
  t.same(await blue!.counts.next(), { messages: 2, words: 4 })
  await until(() => records.length >= 2, 'Kafka gives the record')
  t.strictSame(records.map(({ message }) => message.text), texts)

  await consumer.disconnect()
  redis.disconnect()
  await Promise.all([...sessions.values(), again].map(({ client }) => client.deactivate({ force: true })))
  child.kill('SIGTERM')
  const [code] = await ended
  t.equal(code, 0, 'the command ends all that it has started')
})
