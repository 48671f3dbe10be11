import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { natsEngine } from '../../src/nats.ts'
import { LogNode } from '../support/engines/log-node.ts'
import { LEAST_RIGHTS, PASSWORD, serverWith } from '../support/engines/nats-rights.ts'
import { addressOf, CLIENTS, type ClientName, LIVELY, SECRET, startCluster } from '../support/engines/nats-world.ts'
import { EngineNode } from '../support/engines/node.ts'
import { BOUNDS, QueueNode } from '../support/engines/queue-node.ts'
import { startJetStream, startNats } from '../support/engines/servers.ts'
import { until } from '../support/wait.ts'

const JETSTREAM = '\njetstream { store_dir: "$FOLDER" }\n'
const RIGHTS = [...LEAST_RIGHTS.matchAll(/"(\$JS\.[^"]+)"/g)].map(([, right]) => right!)
const RULE = { messages: 10, bytes: 10_000, ttl: 600_000 }

/** A node with one group of logs and with queues. */
class KeepingNode {
  readonly node: EngineNode
  readonly logs: LogNode
  readonly queues: QueueNode

  constructor (t: Test, client: ClientName, port: number, jetstream: object = {}) {
    this.node = new EngineNode(natsEngine({
      connect: () => CLIENTS[client]({ servers: [addressOf(port)], user: 'sockjs', pass: PASSWORD, ...LIVELY }),
      namespace: 'shop',
      secret: SECRET,
      jetstream: { ackWait: 1_000, ...jetstream }
    }))
    this.logs = new LogNode(this.node, this.node.engine.logs.group('topics', RULE))
    this.node.engine.queues.bound(BOUNDS)
    this.queues = new QueueNode(this.node)
    t.teardown(() => this.node.stop())
  }

  async start (): Promise<this> {
    await this.node.start()
    return this
  }
}

for (const client of Object.keys(CLIENTS) as ClientName[]) {
  t.test(`${client}: the least rights of the example are enough for logs and queues`, async (t) => {
    const { port } = await serverWith(t, LEAST_RIGHTS + JETSTREAM)
    const [a, b] = [await new KeepingNode(t, client, port).start(), await new KeepingNode(t, client, port).start()]
    const followed = await b.logs.follow('>')
    const empty = await a.logs.position('x')
    const position = await a.logs.append('x', 'one')
    t.strictSame(await followed.texts(1), ['one'])
    t.match(await b.logs.since('x', empty), [{ text: 'one' }])
    t.strictSame(await b.logs.position('x'), position)
    const taking = b.queues.consume('q.a', 2)
    await a.queues.push('q.a', 'x')
    const taken = await taking.next()
    taking.nack(taken)
    await taking.ack(await taking.next())
    t.strictSame(a.node.lines, [])
  })

  t.test(`${client}: a start without a right on JetStream is refused, with the lines that grant it`, async (t) => {
    for (const right of RIGHTS) {
      const { port } = await serverWith(t, LEAST_RIGHTS.replace(`"${right}"`, '') + JETSTREAM)
      const subject = right.replace(/[*>]$/, 'probe')
      const error: Error = await new KeepingNode(t, client, port).start().then(() => { throw new Error('it started') }, (error: Error) => error)
      t.match(error, { code: 'FST_SOCKJS_ENGINE_REFUSED' })
      t.ok(error.message.startsWith(`engine nats: the user of the connection has no right to publish ${subject};`), error.message)
      for (const each of RIGHTS) t.ok(error.message.includes(JSON.stringify(each)), `the error has the line ${each}`)
    }
  })

  t.test(`${client}: a node starts without JetStream, and says that queues and logs need it`, async (t) => {
    const server = await startNats()
    t.teardown(() => server.close())
    const keeping = await new KeepingNode(t, client, server.port).start()
    t.strictSame(keeping.node.reports, ['available'])
    t.match(keeping.node.lines.join('\n'), /JetStream is not available: .*the server has no JetStream.*start nats-server with -js/)
    await t.rejects(keeping.node.engine.queues.push('q', 'id', Buffer.from('x')), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE', message: /JetStream/ })
    const node = new EngineNode(natsEngine({ connect: () => CLIENTS[client]({ servers: [addressOf(server.port)] }), secret: SECRET }))
    t.teardown(() => node.stop())
    await node.start()
    t.strictSame(node.reports, ['available'])
  })

  t.test(`${client}: a start with settings that the streams cannot get is refused`, async (t) => {
    const server = await startJetStream()
    t.teardown(() => server.close())
    await new KeepingNode(t, client, server.port).start()
    await t.rejects(new KeepingNode(t, client, server.port, { storage: 'memory' }).start(), {
      code: 'FST_SOCKJS_ENGINE_REFUSED', message: /the stream sj\+shop\+\S+ with the settings \{.*can not change storage type/
    })
    await t.rejects(new KeepingNode(t, client, server.port, { replicas: 3 }).start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: /replicas/ })
  })

  t.test(`${client}: streams in the memory of a cluster are refused, because it hides their loss`, async (t) => {
    const [server] = await startCluster(1)
    t.teardown(() => server!.close())
    const single = await startJetStream()
    t.teardown(() => single.close())
    await t.rejects(new KeepingNode(t, client, server!.port, { storage: 'memory' }).start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: /needs a server that is in no cluster/ })
    const { node, logs } = await new KeepingNode(t, client, single.port, { storage: 'memory' }).start()
    const { epoch } = await logs.append('x', 'one')
    await single.kill()
    await node.reaches('unavailable')
    await single.revive()
    await node.reaches('available')
    t.not((await logs.append('x', 'two')).epoch, epoch, 'a single server shows it')
  })

  t.test(`${client}: a server that comes back with an empty disk begins a new epoch, and takes no old acknowledgement for a new message`, async (t) => {
    const first = await startJetStream()
    const [a, b] = [await new KeepingNode(t, client, first.port).start(), await new KeepingNode(t, client, first.port).start()]
    const followed = await b.logs.follow('x')
    const before = await a.logs.append('x', 'old')
    const taking = b.queues.consume('q', 1)
    await a.queues.push('q', 'old')
    const old = await taking.next()
    await first.close()
    await Promise.all([a, b].map(({ node }) => node.reaches('unavailable')))
    const second = await startJetStream([], first.port)
    t.teardown(() => second.close())
    await Promise.all([a, b].map(({ node }) => node.reaches('available')))
    t.equal(await b.logs.since('x', before), null)
    const after = await a.logs.append('x', 'new')
    t.not(after.epoch, before.epoch)
    t.match(await followed.take(2), [{ text: 'old', epoch: before.epoch }, { text: 'new', ...after }])
    await a.queues.push('q', 'new')
    await t.rejects(taking.ack(old), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE', message: /lost its queues/ })
    taking.nack(old)
    taking.consumer.credit(1)
    const taken = await taking.next()
    t.strictSame([taken.text, taken.deliveries], ['new', 1], 'the new message has the number of the old one')
    await taking.ack(taken)
  })

  t.test(`${client}: streams and consumers that an operator deletes are made again`, async (t) => {
    const server = await startJetStream()
    t.teardown(() => server.close())
    const a = await new KeepingNode(t, client, server.port).start()
    const operator = await CLIENTS.nats({ servers: [addressOf(server.port)] })
    t.teardown(() => operator.close())
    const taking = a.queues.consume('q.a', 3)
    await a.queues.push('q.a', 'one')
    await taking.ack(await taking.next())
    await operator.request('$JS.API.CONSUMER.DELETE.sj+shop+q.q+a')
    await a.queues.push('q.a', 'two')
    await taking.ack(await taking.next())
    const before = await a.logs.append('x', 'one')
    for (const stream of ['h+topics', 'q']) await operator.request(`$JS.API.STREAM.DELETE.sj+shop+${stream}`)
    await a.logs.insist('x', 'two')
    await a.queues.insist('q.a', 'three')
    t.not((await a.logs.position('x')).epoch, before.epoch)
    await taking.ack(await taking.next())
    t.strictSame(taking.texts, ['one', 'two', 'three'])
    t.strictSame(a.node.reports, ['available'])
  })

  t.test(`${client}: a message that is worked at for longer than the lease does not come again`, async (t) => {
    const server = await startJetStream()
    t.teardown(() => server.close())
    // A busy machine may stop a node for a second or two.
    const lease = { ackWait: 3_000 }
    const [a, b] = [await new KeepingNode(t, client, server.port, lease).start(), await new KeepingNode(t, client, server.port, lease).start()]
    await a.queues.push('q', 'slow')
    const taking = a.queues.consume('q', 1)
    const other = b.queues.consume('q', 1)
    await until(() => taking.all.length + other.all.length === 1, 'one of them has it')
    await delay(7_000)
    t.equal(taking.all.length + other.all.length, 1, 'the other has not')
    const [holder, idle] = taking.all.length === 1 ? [taking, other] : [other, taking]
    await holder.ack(await holder.next())
    await a.queues.push('q', 'next')
    t.equal((await idle.next()).text, 'next', 'it has its credit still')
  })
}
