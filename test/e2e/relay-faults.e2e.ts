import t, { type Test } from 'tap'
import { SystemClock } from '../../src/core/clock.ts'
import { type RelayBroker, rabbitmq, relayBroker, type RelayBrokerOptions } from '../../src/stomp.ts'
import { connect, message, refused, testLog, type TestConnection } from '../support/broker.ts'
import { within } from '../support/wait.ts'
import { startRabbitMq } from './brokers/rabbitmq.ts'

/** The failures of brokers in the field, done to a real one. Each case prints how long clients had to wait. */
const PATIENCE = 60_000
const rabbit = await startRabbitMq()
t.teardown(() => rabbit.stop())

// The timers of a clock do not hold a process, and there is no server here that would, while a client waits for the planned attempt.
const alive = setInterval(() => {}, PATIENCE)
t.teardown(() => clearInterval(alive))

async function openRelay (t: Test, options: Partial<RelayBrokerOptions> = {}): Promise<RelayBroker> {
  const relay = relayBroker({
    servers: `tcp://127.0.0.1:${rabbit.port}`, dialect: rabbitmq(), connectTimeout: 3000, reconnect: { min: 200, max: 1000 }, heartBeat: [1000, 1000], ...options
  })
  await relay.start({ clock: new SystemClock((error) => { throw error }), log: testLog(), applicationPrefixes: ['/app'] })
  t.teardown(() => within(relay.stop(), 'the end of the relay', PATIENCE))
  return relay
}

/** Resolves when the relay is in a state. */
function reaches (relay: RelayBroker, wanted: string): Promise<void> {
  return within(new Promise<void>((resolve) => {
    if (relay.state === wanted) return resolve()
    relay.onState((state) => { if (state === wanted) resolve() })
  }), `the state ${wanted}`, PATIENCE)
}

async function timed (t: Test, what: string, work: () => Promise<unknown>): Promise<void> {
  const began = Date.now()
  await within(work(), what, PATIENCE)
  t.comment(`${what}: ${Date.now() - began} ms`)
}

/** A message goes round: the broker, the relay and this client are well. */
async function echoes (client: TestConnection, name: string): Promise<void> {
  await client.subscribe(name, `/topic/${name}`)
  await client.publish(`/topic/${name}`, name)
  await client.sink.next(1)
}

for (const mode of ['per-client', 'shared'] as const) {
  t.test(`${mode}: the broker is killed, and comes back`, async (t) => {
    const relay = await openRelay(t, { mode })
    const client = await connect(relay)
    await echoes(client, 'before')
    rabbit.signal('SIGKILL')
    await timed(t, 'SIGKILL until the client is told', async () => t.match(await client.sink.ends.next(), { code: 'STOMP_BROKER_LOST', fatal: true }))
    await reaches(relay, 'unavailable')
    await refused(t, () => connect(relay), true)
    await refused(t, () => client.publish('/topic/x'), true)
    const waiting = relay.publish(message('/topic/after', 'kept')).then(() => 'sent', (error: { code: string }) => error.code)
    await rabbit.restart()
    await timed(t, 'restart until the relay is available', () => reaches(relay, 'available'))
    t.match(await waiting, /^(sent|STOMP_BROKER_UNAVAILABLE)$/, 'within its time, or refused in words')
    await echoes(await connect(relay), 'again')
  })

  t.test(`${mode}: the broker's application is stopped and started`, async (t) => {
    const relay = await openRelay(t, { mode })
    const client = await connect(relay)
    await echoes(client, 'before')
    const stopped = rabbit.control('stop_app')
    await timed(t, 'stop_app until the client is told', async () => t.match(await client.sink.ends.next(), { fatal: true }))
    await stopped
    await rabbit.control('start_app')
    await timed(t, 'start_app until the relay is available', () => reaches(relay, 'available'))
    await echoes(await connect(relay), 'again')
  })

  t.test(`${mode}: the broker freezes`, async (t) => {
    const relay = await openRelay(t, { mode })
    const client = await connect(relay)
    await echoes(client, 'before')
    rabbit.signal('SIGSTOP')
    await timed(t, 'SIGSTOP until the client is told', async () => t.match(await client.sink.ends.next(), { code: 'STOMP_BROKER_LOST' }))
    await timed(t, 'a CONNECT to a frozen broker is given up', async () => { await refused(t, () => connect(relay), true) })
    rabbit.signal('SIGCONT')
    await timed(t, 'SIGCONT until the relay is available', () => reaches(relay, 'available'))
    await echoes(await connect(relay), 'again')
  })
}

t.test('FACT-9: a memory alarm', async (t) => {
  const relay = await openRelay(t, { blockedAfter: 500, heartBeat: [0, 0] })
  const [client, other] = [await connect(relay), await connect(relay)]
  await other.subscribe('1', '/topic/alarm')
  await rabbit.control('set_vm_memory_high_watermark', '0.00000001')
  t.teardown(() => rabbit.control('set_vm_memory_high_watermark', '0.5'))
  const sent: unknown[] = []
  await timed(t, 'the alarm until the relay is blocked', async () => {
    const blocked = reaches(relay, 'blocked')
    // The alarm is raised when the broker next looks at its memory; frames before that are confirmed.
    const sending = setInterval(() => { sent.push(client.publish('/topic/alarm', String(sent.length))) }, 100)
    await blocked.finally(() => clearInterval(sending))
  })
  await rabbit.control('set_vm_memory_high_watermark', '0.5')
  await timed(t, 'the end of the alarm until the relay is available', () => reaches(relay, 'available'))
  await within(Promise.all(sent), 'every message', PATIENCE)
  t.strictSame(await other.sink.next(sent.length), sent.map((_promise, i) => String(i)), 'nothing is lost, and in order')
})

t.test('a login that the broker refuses', async (t) => {
  const relay = await openRelay(t, { client: { login: 'guest', passcode: 'wrong' } })
  await timed(t, 'a refused login', async () => t.equal((await refused(t, () => connect(relay), true)).code, 'STOMP_ACCESS_REFUSED'))
  t.equal(relay.state, 'available', 'the application\'s own connection stands')
})

t.test('RELAY-6, FACT-8: a refusal of the broker comes in words of the relay, and names its frame', async (t) => {
  await rabbit.control('add_user', 'reader', 'secret')
  await rabbit.control('set_permissions', 'reader', '^stomp-subscription-.*', '^stomp-subscription-.*', '.*')
  const relay = await openRelay(t, { client: { login: 'reader', passcode: 'secret' } })
  const client = await connect(relay)
  await client.subscribe('1', '/topic/readable')
  const error = await refused(t, () => client.publish('/topic/readable', 'no'))
  t.equal(error.code, 'STOMP_ACCESS_REFUSED')
  t.notMatch(error.message, /reader|amq|vhost/i)
})

t.test('RELAY-24: a queue that is deleted under its consumer ends one subscription', async (t) => {
  const relay = await openRelay(t)
  const client = await connect(relay)
  await client.subscribe('one', '/queue/doomed')
  await rabbit.control('delete_queue', 'doomed')
  t.match(await client.sink.endedSubscriptions.next(), { key: 'one', error: { code: 'STOMP_SUBSCRIPTION_ENDED' } })
  await echoes(client, 'alive')
})

t.test('10,000 clients on one topic cost the broker one subscription', async (t) => {
  const relay = await openRelay(t, { mode: 'shared', heartBeat: [10_000, 10_000] })
  const clients = await Promise.all(Array.from({ length: 10_000 }, () => connect(relay)))
  await Promise.all(clients.map((client) => client.subscribe('1', '/topic/all')))
  t.equal(relay.stats().sharedTopics, 1)
  t.equal(relay.stats().connections, 2, 'the application\'s own, and the shared one')
  await timed(t, 'one message to 10,000 clients', async () => {
    await relay.publish(message('/topic/all', 'hello'))
    for (const { sink } of clients) await sink.deliveries.next()
  })
  t.strictSame(new Set(clients.flatMap(({ sink }) => sink.texts)), new Set(['hello']))
})
