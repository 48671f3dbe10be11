import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Producer } from 'kafkajs'
import t, { type Test } from 'tap'
import type { ClientName, NodeReport, NodeSetup, Order } from './node.ts'
import { KafkaServer } from './server.ts'
import { until, within } from '../wait.ts'

/** The records that come in, and the messages that go out, in each direction. */
const COUNT = 10_000
const KEYS = 40
const PARTITIONS = 8

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** A node in a process of its own. */
class Node {
  readonly child: ChildProcess
  partitions = 0
  published = false
  closed = false

  constructor (t: Test, setup: NodeSetup, tally: Tally) {
    this.child = fork(`${ROOT}test/support/kafka/node.ts`, [JSON.stringify(setup)],
      { cwd: ROOT, execArgv: ['--import=./scripts/typescript/register.js'], env: { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '', KAFKAJS_NO_PARTITIONER_WARNING: '1' } })
    this.child.on('message', (report: NodeReport) => {
      switch (report.about) {
        case 'partitions': this.partitions = report.count; break
        case 'in': tally.note(report.id, report.text); break
        case 'confirmed': tally.confirmed.add(report.text); break
        case 'refused': tally.refused.push(report.text); break
        case 'published': this.published = true; break
        case 'closed': this.closed = true
      }
    })
    t.teardown(() => this.kill())
  }

  send (order: Order): void { this.child.send(order) }

  /** Ends the node as `kill -9` does. */
  async kill (): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill('SIGKILL')
    await once(this.child, 'exit')
  }

  async close (): Promise<void> {
    this.send('close')
    await until(() => this.closed, 'the node has closed')
  }
}

/** The sum of all nodes: first arrivals in their order, and repeats. */
class Tally {
  readonly first = new Map<string, string>()
  readonly confirmed = new Set<string>()
  readonly refused: string[] = []
  readonly strays: string[] = []
  repeats = 0

  note (id: string, text: string): void {
    const known = this.first.get(id)
    if (known === undefined) this.first.set(id, text)
    else if (known === text) this.repeats++
    else this.strays.push(`${id}: ${known} and ${text}`)
  }

  /** Tells how far the numbers of each key go back, among the first arrivals. */
  get disorder (): string[] { return disorderOf([...this.first.values()]) }
}

/** The places where the number of a key is not larger than that before. A text is `<key> <number>`. */
function disorderOf (texts: readonly string[]): string[] {
  const last = new Map<string, number>()
  return texts.filter((text) => {
    const [key, number] = text.split(' ')
    const before = last.get(key!) ?? -1
    last.set(key!, Number(number))
    return Number(number) <= before
  })
}

/** Sends records `<key> <number>`, in order for each key. It tries again until Kafka has them. */
class Source {
  #sent = 0
  readonly #producer: Producer

  constructor (producer: Producer) {
    this.#producer = producer
  }

  async sendUpTo (count: number): Promise<void> {
    while (this.#sent < count) {
      const from = this.#sent
      this.#sent = Math.min(count, from + 200)
      const messages = Array.from({ length: this.#sent - from }, (_, i) => ({ key: `k${(from + i) % KEYS}`, value: `k${(from + i) % KEYS} ${Math.floor((from + i) / KEYS)}` }))
      await this.#producer.send({ topic: 'orders', acks: -1, messages })
      await delay(10)
    }
  }
}

/** Reads a topic to its end. */
async function readAll (kafka: KafkaServer, topic: string): Promise<{ partition: number, text: string }[]> {
  const admin = kafka.client().admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const total = ends.reduce((sum, { offset }) => sum + Number(offset), 0)
  const found: { partition: number, text: string }[] = []
  const consumer = kafka.client().consumer({ groupId: `reader-${Date.now()}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ partition, message }) => { found.push({ partition, text: message.value!.toString() }) } })
  await until(() => found.length >= total, `${topic} is read`)
  await consumer.disconnect()
  return found
}

/** The tests of a client with Apache Kafka. */
export function kafkaSuite (client: ClientName): void {
  t.test(`${client}: ${COUNT} records in and ${COUNT} messages out through three nodes, one of which is killed, and then Kafka`, { timeout: 300_000 }, async (t) => {
    const kafka = await KafkaServer.start()
    t.teardown(() => kafka.close())
    await kafka.createTopics({ orders: PARTITIONS, audit: 4 })
    const tally = new Tally()
    const [one, two, three] = ['one', 'two', 'three'].map((name) => new Node(t, { client, brokers: kafka.brokers, name, group: 'nodes' }, tally)) as [Node, Node, Node]
    const nodes = [one, two, three]
    await until(() => nodes.reduce((sum, { partitions }) => sum + partitions, 0) === PARTITIONS && nodes.every(({ partitions }) => partitions > 0), 'all nodes read')
    const producer = kafka.client().producer({ retry: { retries: 20 } })
    await producer.connect()
    t.teardown(() => producer.disconnect())
    const source = new Source(producer)

    const began = performance.now()
    for (const node of [two, three]) node.send({ publish: COUNT / 2 })
    await source.sendUpTo(COUNT * 0.3)
    await until(() => tally.first.size > COUNT * 0.2, 'records come in')
    const quiet = tally.repeats
    await one.kill()
    await source.sendUpTo(COUNT * 0.6)
    await until(() => tally.first.size > COUNT * 0.5, 'records come in after the death of a node')
    const restart = kafka.restart(1000)
    await restart
    await source.sendUpTo(COUNT)
    await until(() => tally.first.size >= COUNT, 'all records are in', 120_000)
    await until(() => two.published && three.published, 'all messages are out', 120_000)
    t.comment(`${client}: ${Math.round(performance.now() - began)} ms, ${quiet} repeats before the death, ${tally.repeats} in all, ${tally.refused.length} not confirmed`)

    t.equal(tally.first.size, COUNT, 'no record is lost')
    t.strictSame(tally.strays, [], 'an id stands for one record')
    t.strictSame(tally.disorder, [], 'the records of a key come in their order')
    const audit = await readAll(kafka, 'audit')
    const produced = new Set(audit.map(({ text }) => text))
    t.strictSame([...tally.confirmed].filter((text) => !produced.has(text)), [], 'Kafka has each message that was confirmed')
    t.equal(tally.confirmed.size + tally.refused.length, COUNT)
    t.strictSame(disorderOf([...produced]), [], 'the messages of a key keep their order')
    t.comment(`${client}: ${audit.length - produced.size} messages are twice in Kafka`)
    await Promise.all([two.close(), three.close()])
  })

  t.test(`${client}: nodes that come and go share the partitions, and a rebalance loses nothing`, { timeout: 300_000 }, async (t) => {
    const kafka = await KafkaServer.start()
    t.teardown(() => kafka.close())
    await kafka.createTopics({ orders: PARTITIONS, audit: 1 })
    const tally = new Tally()
    const start = (name: string): Node => new Node(t, { client, brokers: kafka.brokers, name, group: 'nodes' }, tally)
    const one = start('one')
    await until(() => one.partitions === PARTITIONS, 'one node reads all')
    const producer = kafka.client().producer()
    await producer.connect()
    t.teardown(() => producer.disconnect())
    const source = new Source(producer)
    await source.sendUpTo(1000)
    await until(() => tally.first.size === 1000, 'all are in')
    t.equal(tally.repeats, 0, 'nothing comes twice while the group stays')

    const two = start('two')
    const sending = source.sendUpTo(3000)
    await until(() => one.partitions === PARTITIONS / 2 && two.partitions === PARTITIONS / 2, 'both have their half')
    await sending
    await until(() => tally.first.size === 3000, 'all are in')
    const onJoin = tally.repeats

    const rest = source.sendUpTo(5000)
    await one.close()
    await until(() => two.partitions === PARTITIONS, 'the other node has all')
    await within(rest, 'the rest is sent')
    await until(() => tally.first.size === 5000, 'all are in')
    t.strictSame([tally.disorder, tally.strays], [[], []])
    t.comment(`${client}: ${onJoin} repeats when a node came, ${tally.repeats - onJoin} when it left`)
    await two.close()
  })
}
