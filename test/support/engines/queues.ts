import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import type { EngineConsumer } from '../../../src/engine/queues.ts'
import { until, within } from '../wait.ts'
import { startChild } from './child.ts'
import type { Check } from './contract.ts'
import { type QueueNode, queueNodes, type Taken, type Taking } from './queue-node.ts'

const UNAVAILABLE = { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' }
const FULL = { code: 'FST_SOCKJS_ENGINE_FULL' }

/** Messages whose node has died come back so many milliseconds after the lease, on a busy machine. */
const PATIENCE = 60_000

const texts = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => String(from + i))
const textsOf = (taken: readonly Taken[]): string[] => taken.map(({ text }) => text)

/** Compares texts, in order where the engine keeps it. */
function same (t: Test, { node }: QueueNode, given: readonly string[], wanted: readonly string[], title: string): void {
  const { inOrder } = node.engine.facts.queues
  const seen = (list: readonly string[]): readonly string[] => inOrder ? list : [...list].sort()
  t.strictSame(seen(given), seen(wanted), inOrder ? `${title}, in order` : title)
}

/** Acknowledges all that consumers take. */
class Drain {
  /** The texts that were acknowledged for sure. */
  readonly acked: string[] = []
  /** The texts of which the engine could not say whether they were acknowledged: they may come again. */
  readonly unsure = new Set<string>()
  /** The texts that came after their acknowledgement. */
  readonly again: string[] = []
  readonly #done = new Set<string>()

  consume ({ node }: QueueNode, queue: string, credit: number, act: () => 'ack' | 'nack' = () => 'ack'): EngineConsumer {
    const consumer = node.engine.queues.consume(queue, (message) => {
      const text = Buffer.from(message.data).toString()
      if (this.#done.has(text)) this.again.push(text)
      if (act() === 'nack') consumer.nack(message)
      else consumer.ack(message).then(() => { this.#note(text) }, () => { this.unsure.add(text) })
      consumer.credit(1)
    })
    consumer.credit(credit)
    return consumer
  }

  /** The different texts that came, in order. */
  get came (): string[] { return [...new Set([...this.acked, ...this.unsure])].sort() }

  /** Waits for so many different texts. */
  async reaches (count: number, patience = PATIENCE): Promise<void> {
    await until(() => this.came.length >= count, `${count} messages were acknowledged`, patience)
  }

  #note (text: string): void {
    this.acked.push(text)
    this.#done.add(text)
  }
}

/** Queues: each message for one consumer, until it is acknowledged. */
export function queueChecks (check: Check): void {
  check('each message of a queue is for one consumer, on any node', [], async (t, room) => {
    const queue = room.name('q')
    const made = await queueNodes(room, 3)
    const consumers = made.map((node) => node.consume(queue, 1_000))
    await Promise.all(made.map(async (node, n) => { await node.pushAll(queue, texts(100, n * 100)) }))
    await until(() => consumers.reduce((sum, { all }) => sum + all.length, 0) >= 300, 'all messages arrive')
    for (const taking of consumers) {
      t.ok(taking.all.every(({ deliveries }) => deliveries === 1))
      await Promise.all(taking.all.map((taken) => taking.ack(taken)))
    }
    await made[0].quiet(queue)
    const all = consumers.flatMap((taking) => taking.texts)
    t.strictSame(all.sort(), texts(300).sort(), 'each message came once')
    t.comment(`the consumers got ${consumers.map((taking) => taking.all.length).join(', ')}`)
  })

  check('a queue is shown, and nothing is taken out of it', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2)
    const shown = async (most: number) => {
      const { messages, bytes, first } = await within(b.node.engine.queues.view(queue, most), 'the view of a queue')
      return { messages, bytes, first: first.map((data) => Buffer.from(data).toString()) }
    }
    t.match(await shown(10), { messages: 0, first: [] }, 'an empty queue')
    await a.pushAll(queue, texts(5))
    const full = await shown(3)
    t.match(full, { messages: 5, first: ['0', '1', '2'] })
    t.ok(full.bytes === null || full.bytes === 5, `${full.bytes} bytes`)
    t.strictSame((await shown(0)).first, [])
    t.strictSame((await shown(100)).first, texts(5))
    const taking = a.consume(queue, 2)
    const [first, second] = await taking.take(2)
    t.equal((await shown(0)).messages, 5, 'messages that were taken count')
    await taking.ack(first!)
    taking.nack(second!)
    taking.consumer.close()
    await a.quiet(queue)
    const rest = await shown(100)
    t.equal(rest.messages, 4, 'those that were acknowledged do not')
    t.strictSame([...rest.first].sort(), texts(4, 1))
    await a.pushAll(queue, ['x'.repeat(700_000), 'y'.repeat(700_000), 'z'.repeat(700_000)])
    t.ok((await shown(100)).first.length < 7, 'a view has about 1 MiB')
  })

  check('a queue gives its messages in order', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2)
    await a.pushAll(queue, texts(100))
    const taking = b.consume(queue, 150)
    t.strictSame(textsOf(await taking.take(100)), texts(100), 'messages that waited')
    await a.pushAll(queue, texts(50, 100))
    t.strictSame(textsOf(await taking.take(50)), texts(50, 100), 'messages that the consumer waited for')
    await Promise.all(taking.all.map((taken) => taking.ack(taken)))
  })

  check('a consumer gets as many messages as it has credit for', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2)
    const taking = b.consume(queue)
    await a.pushAll(queue, texts(12))
    await a.quiet(queue)
    t.strictSame(taking.texts, [], 'it begins with none')
    taking.consumer.credit(3)
    const three = await taking.take(3)
    await Promise.all(three.map((taken) => taking.ack(taken)))
    await a.quiet(queue)
    t.strictSame(taking.texts, texts(3), 'an acknowledgement gives no credit')
    taking.consumer.credit(1)
    taking.consumer.credit(4)
    await taking.take(5)
    await a.quiet(queue)
    t.strictSame(taking.texts, texts(8))
    taking.consumer.credit(10)
    await taking.take(4)
    await a.pushAll(queue, texts(10, 12))
    await taking.take(6)
    await a.quiet(queue)
    t.strictSame(taking.texts, texts(18), 'credit that was left counts for later messages')
  })

  check('an acknowledged message never comes again', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2)
    await a.pushAll(queue, texts(6))
    const first = b.consume(queue, 6)
    const taken = await first.take(6)
    for (const i of [0, 2, 5]) await first.ack(taken[i]!)
    first.consumer.close()
    await b.quiet(queue)
    const second = a.consume(queue, 10)
    const back = await second.take(3)
    await a.quiet(queue)
    same(t, a, second.texts, ['1', '3', '4'], 'the others come again')
    t.strictSame(back.map(({ deliveries }) => deliveries), [2, 2, 2])
    await Promise.all(back.map((each) => second.ack(each)))
    t.ok(Buffer.from(taken[0]!.message.data).equals(Buffer.from('0')), 'a message stays valid')
  })

  check('a message that a consumer gives back goes to another one', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2)
    const consumers = [a.consume(queue, 10), b.consume(queue, 10)]
    // Both consumers are known to the engine before the message is there.
    await Promise.all([a.quiet(queue), b.quiet(queue)])
    let last: Taking | null = null
    await a.push(queue, 'hot')
    for (let deliveries = 1; deliveries <= 4; deliveries++) {
      await until(() => consumers.some((taking) => taking.waiting > 0), `delivery ${deliveries}`)
      const holder = consumers.find((taking) => taking.waiting > 0)!
      const taken = await holder.next()
      t.strictSame([taken.text, taken.deliveries], ['hot', deliveries])
      if (a.node.engine.facts.queues.passesOn) t.not(holder, last, 'another consumer gets it')
      last = holder
      if (deliveries < 4) holder.nack(taken)
      else await holder.ack(taken)
    }
    await a.quiet(queue)
    t.equal(consumers.reduce((sum, { all }) => sum + all.length, 0), 4)
  })

  check('a message comes again to a consumer that is alone', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2)
    const taking = b.consume(queue, 1)
    await a.push(queue, 'x')
    taking.nack(await taking.next())
    await a.quiet(queue)
    t.equal(taking.all.length, 1, 'it needs credit for that')
    for (let deliveries = 2; deliveries <= 5; deliveries++) {
      taking.consumer.credit(1)
      const taken = await taking.next()
      t.equal(taken.deliveries, deliveries)
      if (deliveries < 5) taking.nack(taken)
      else await taking.ack(taken)
    }
  })

  check('messages that come back stand at their old places', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2)
    await a.pushAll(queue, texts(10))
    const taking = b.consume(queue, 5)
    const taken = await taking.take(5)
    for (const i of [3, 1, 4]) taking.nack(taken[i]!)
    await b.quiet(queue)
    taking.consumer.credit(100)
    const rest = await taking.take(8)
    same(t, b, textsOf(rest), ['1', '3', '4', '5', '6', '7', '8', '9'], 'the messages that came back, and the others')
    t.strictSame(rest.filter(({ deliveries }) => deliveries === 2).map(({ text }) => text).sort(), ['1', '3', '4'])
    for (const each of [taken[0]!, taken[2]!, ...rest]) await taking.ack(each)
  })

  check('the messages of a consumer that closes go back', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2)
    await a.pushAll(queue, texts(8))
    const first = b.consume(queue, 5)
    const [zero] = await first.take(5)
    await first.ack(zero!)
    first.consumer.close()
    first.consumer.close()
    await b.quiet(queue)
    const second = a.consume(queue, 20)
    const taken = await second.take(7)
    same(t, a, textsOf(taken), texts(7, 1), 'the messages that came back, and the others')
    t.strictSame(taken.map(({ text, deliveries }) => `${text}:${deliveries}`).sort(), ['1:2', '2:2', '3:2', '4:2', '5:1', '6:1', '7:1'])
    await Promise.all(taken.map((each) => second.ack(each)))
    await a.pushAll(queue, texts(2, 8))
    t.strictSame(textsOf(await second.take(2)), texts(2, 8))
    t.equal(first.all.length, 5, 'a closed consumer gets nothing')
  })

  check('each end of the only consumer counts as a delivery, and the next consumer is at another node', [], async (t, room) => {
    const queue = room.name('q')
    const made = await queueNodes(room, 2)
    const [a] = made
    await a.pushAll(queue, texts(3))
    for (let deliveries = 1; deliveries <= 6; deliveries++) {
      const since = performance.now()
      // It has credit for more messages than the queue has: the messaging system still has its request when it ends.
      const taking = made[deliveries % 2]!.consume(queue, 10)
      const taken = await taking.take(3)
      t.strictSame(taken.map(({ text, deliveries }) => `${text}:${deliveries}`).sort(), texts(3).map((text) => `${text}:${deliveries}`))
      t.comment(`delivery ${deliveries} took ${(performance.now() - since).toFixed(0)} ms`)
      if (deliveries === 6) {
        for (const each of taken) await taking.ack(each)
        await a.quiet(queue)
      }
      t.equal(taking.all.length, 3, 'each comes once')
      taking.consumer.close()
    }
  })

  check('the messages of a node that stops go back', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2)
    await a.pushAll(queue, texts(5))
    // It has credit for one message more than there are.
    const first = b.consume(queue, 6)
    await first.take(5)
    const second = a.consume(queue)
    await b.node.stop()
    await a.quiet(queue)
    second.consumer.credit(10)
    const taken = await second.take(5)
    same(t, a, textsOf(taken), texts(5), 'the messages that came back')
    t.strictSame(taken.map(({ deliveries }) => deliveries), [2, 2, 2, 2, 2])
    await a.quiet(queue)
    t.equal(second.all.length, 5, 'each comes once')
    await Promise.all(taken.map((each) => second.ack(each)))
  })

  check('a repeated id adds nothing', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2)
    const id = room.name('id')
    await a.push(queue, 'one', id)
    await a.push(queue, 'one', id)
    await b.push(queue, 'one', id)
    await Promise.all([a, b, a].map(async (node) => { await node.push(queue, 'two', `${id}-2`) }))
    const taking = b.consume(queue, 10)
    await taking.ack((await taking.take(2))[0]!)
    await a.push(queue, 'one', id)
    await a.push(queue, 'end')
    await taking.next()
    t.strictSame(taking.texts, ['one', 'two', 'end'], 'also after the message was acknowledged')
  })

  check('a queue that is full refuses messages', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2, { messages: 5 })
    await a.pushAll(queue, texts(5))
    const id = room.name('id')
    await t.rejects(a.push(queue, 'late', id), FULL)
    await b.push(`${queue}.other`, 'other queues have room')
    const taking = b.consume(queue, 2)
    const [taken] = await taking.take(2)
    await t.rejects(b.push(queue, 'late'), FULL, 'a message that was taken counts')
    await taking.ack(taken!)
    await a.push(queue, 'late', id)
    await t.rejects(a.push(queue, 'more'), FULL)
    taking.consumer.credit(10)
    await taking.take(4)
    t.strictSame(taking.texts, ['0', '1', '2', '3', '4', 'late'], 'a message that was refused may come later with its id')
  })

  check('queues have so many bytes, if the engine has that bound', [], async (t, room) => {
    const kilobyte = Buffer.alloc(1_000, 'x')
    const fill = async (node: QueueNode, queue: string): Promise<number> => {
      for (let count = 0; count < 30; count++) {
        try {
          await node.push(queue, kilobyte)
        } catch (error) {
          t.match(error, FULL)
          return count
        }
      }
      return 30
    }
    const [a] = await queueNodes(room, 1, { bytes: 10_000 })
    const one = await fill(a, room.name('one'))
    t.ok(one === 30 || (one > 5 && one <= 10), `one queue took ${one}`)
    t.comment(one === 30 ? 'the engine does not bound the bytes of a queue' : 'the engine bounds the bytes of a queue')
    const empty = a.consume(room.name('one'), 100)
    for (let i = 0; i < one; i++) await empty.ack(await empty.next())
    const [b] = await queueNodes(room, 1, { allBytes: 10_000 })
    const all = await fill(b, room.name('two'))
    t.equal(all < 30, a.node.engine.facts.queues.boundedTogether, 'the engine says whether it bounds the bytes of all queues')
    if (all < 30) await t.rejects(b.push(room.name('three'), kilobyte), FULL)
    const [c] = await queueNodes(room, 1)
    await c.push(room.name('three'), kilobyte)
  })

  check('a message of a queue is empty, has bytes of every value, or is as large as the engine takes', [], async (t, room) => {
    const queue = room.name('q')
    const [a, b] = await queueNodes(room, 2)
    const { maxPayload } = a.node.engine.facts
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))
    const largest = Buffer.alloc(maxPayload, 'abcdefg')
    await a.push(queue, '')
    await a.push(queue, bytes)
    for (let i = 0; i < 3; i++) await a.push(queue, largest)
    await t.rejects(a.push(queue, Buffer.alloc(maxPayload + 1)), { code: 'FST_SOCKJS_ENGINE_TOO_LARGE', message: new RegExp(`${maxPayload + 1}.*${maxPayload}`) })
    await a.push(queue, 'end')
    const taking = b.consume(queue, 10)
    const taken = await taking.take(6)
    t.strictSame(taken.map(({ message }) => message.data.byteLength), [0, 512, maxPayload, maxPayload, maxPayload, 3])
    t.ok(Buffer.from(taken[1]!.message.data).equals(bytes) && Buffer.from(taken[4]!.message.data).equals(largest))
    for (const each of taken) await taking.ack(each)
    t.strictSame([a.node.reports, b.node.reports], [['available'], ['available']])
  })

  check('10,000 messages with random answers are acknowledged once each', [], async (t, room) => {
    const queue = room.name('q')
    const made = await queueNodes(room, 3)
    const drain = new Drain()
    // A fixed sequence: a fifth goes back, and a consumer closes now and then.
    let seed = 1
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed / 2_147_483_647
    }
    const act = (): 'ack' | 'nack' => random() < 0.2 ? 'nack' : 'ack'
    const consumers = [...made, ...made].map((node, i) => drain.consume(node, queue, 1 + i * 20, act))
    for (let from = 0; from < 10_000; from += 500) {
      await made[from % 3]!.pushAll(queue, texts(500, from))
      if (from % 2_500 !== 2_000) continue
      consumers.shift()!.close()
      consumers.push(drain.consume(made[from % 3]!, queue, 30, act))
    }
    await drain.reaches(10_000)
    await made[0].quiet(queue)
    t.strictSame(drain.acked.sort(), texts(10_000).sort())
    t.strictSame(drain.again, [], 'none came after its acknowledgement')
  })

  check('a consumer begins when the engine is there', ['kill', 'revive'], async (t, room) => {
    const queue = room.name('q')
    const { faults } = room
    const [a, b] = await queueNodes(room, 2)
    await faults.kill()
    await Promise.all([a, b].map(({ node }) => node.reaches('unavailable')))
    await t.rejects(a.push(queue, 'lost'), UNAVAILABLE)
    const taking = b.consume(queue, 2)
    taking.consumer.credit(1)
    const closed = b.consume(queue, 1)
    closed.consumer.close()
    await faults.revive()
    await Promise.all([a, b].map(({ node }) => node.reaches('available')))
    await a.pushAll(queue, texts(5))
    await taking.take(3)
    await a.quiet(queue)
    t.strictSame([taking.texts, closed.texts], [texts(3), []])
  })

  check('the messaging system is killed, and the messages of a queue are there again or gone', ['kill', 'revive'], async (t, room) => {
    const queue = room.name('q')
    const { faults } = room
    const [a, b] = await queueNodes(room, 2)
    const { durable, queues: { acksLast, lease } } = a.node.engine.facts
    await a.pushAll(queue, texts(6))
    const taking = b.consume(queue, 4)
    const taken = await taking.take(4)
    await taking.ack(taken[0]!)
    taking.consumer.credit(2)
    await taking.take(2)
    taking.consumer.credit(1)
    await faults.kill()
    await Promise.all([a, b].map(({ node }) => node.reaches('unavailable')))
    await t.rejects(taking.consumer.ack(taken[1]!.message), UNAVAILABLE)
    taking.nack(taken[2]!)
    await faults.revive()
    await Promise.all([a, b].map(({ node }) => node.reaches('available')))
    // A later message is for the credit that was left, unless an earlier one came again.
    await a.push(queue, 'after')
    await taking.next()
    taking.consumer.credit(100)
    const wanted = durable ? [...texts(5, 1), 'after'] : ['after']
    const came = (): string[] => [...new Set(taking.texts.slice(6))].filter((text) => acksLast || text !== '0').sort()
    await until(() => came().length === wanted.length, 'the messages that are left', lease + PATIENCE)
    await a.quiet(queue)
    t.strictSame(came(), [...wanted].sort(), durable ? 'all that were not acknowledged' : 'the queue is empty')
  })

  check('the messages of a node that was cut go back, and its consumer goes on', ['cut', 'mend'], async (t, room) => {
    const queue = room.name('q')
    const { faults } = room
    const [a, b] = await queueNodes(room, 2)
    const { lease } = a.node.engine.facts.queues
    const taking = b.consume(queue, 5)
    await a.pushAll(queue, texts(3))
    const taken = await taking.take(3)
    await taking.ack(taken[0]!)
    await faults.cut(b.node.engine)
    await b.node.reaches('unavailable')
    await t.rejects(taking.consumer.ack(taken[1]!.message), UNAVAILABLE)
    const other = a.consume(queue, 10)
    const since = Date.now()
    await until(() => other.all.length === 2, 'the messages that were taken', lease + PATIENCE)
    t.comment(`the messages of a node that was cut come back after ${Date.now() - since} ms`)
    same(t, a, other.texts, ['1', '2'], 'those that were not acknowledged')
    t.ok(other.all.every(({ deliveries }) => deliveries === 2))
    for (const each of other.all) await other.ack(each)
    other.consumer.close()
    await faults.mend(b.node.engine)
    await b.node.reaches('available')
    await a.pushAll(queue, texts(5, 3))
    await taking.take(2)
    await a.quiet(queue)
    t.strictSame(taking.texts, texts(5), 'it has the credit that was left')
  })

  check('the process of a node is killed, and its messages go back', ['child'], async (t, room) => {
    const queue = room.name('q')
    const { faults } = room
    const [a] = await queueNodes(room, 1)
    const { lease } = a.node.engine.facts.queues
    const child = await startChild(t, faults.child, { claim: [], publish: room.name('x'), hold: { queue, messages: 5 } })
    const taking = a.consume(queue, 10)
    await a.push(queue, '5')
    await taking.ack(await taking.next())
    t.strictSame(taking.texts, ['5'], 'the others are taken')
    const since = Date.now()
    child.kill()
    await until(() => taking.all.length === 6, 'the messages of a dead node', lease + PATIENCE)
    t.comment(`the messages of a killed process come back after ${Date.now() - since} ms`)
    same(t, a, taking.texts.slice(1), texts(5), 'each once')
    t.ok(taking.all.slice(1).every(({ deliveries }) => deliveries === 2))
    for (const each of taking.all.slice(1)) await taking.ack(each)
  })

  check('the messaging system is killed while a queue works', ['kill', 'revive'], async (t, room) => {
    const queue = room.name('q')
    const { faults } = room
    const [a, b] = await queueNodes(room, 2)
    const { durable, queues: { acksLast, lease } } = a.node.engine.facts
    const drain = new Drain()
    for (const node of [a, b]) drain.consume(node, queue, 10)
    const pushes = Promise.all(texts(1_000).map((text) => a.insist(queue, text)))
    await until(() => drain.acked.length > 50, 'the queue works')
    await faults.kill()
    await Promise.all([a, b].map(({ node }) => node.reaches('unavailable')))
    const before = new Set(drain.acked)
    await faults.revive()
    await Promise.all([a, b].map(({ node }) => node.reaches('available')))
    await within(pushes, 'every push in the end')
    await a.push(queue, 'end')
    if (durable) await drain.reaches(1_001, lease + PATIENCE)
    else await until(() => drain.acked.includes('end'), 'the last message')
    await a.quiet(queue)
    t.comment(`${drain.acked.length} of 1001 were acknowledged`)
    if (acksLast) t.equal(new Set(drain.acked).size, drain.acked.length, 'none was acknowledged twice')
    const again = drain.again.filter((text) => acksLast || !before.has(text))
    if (durable) t.strictSame(again, [], acksLast ? 'none came after its acknowledgement' : 'none came after its acknowledgement, but those from before the crash')
  })

  check('the messaging system is stopped for three seconds while a queue works', ['stop', 'cont'], async (t, room) => {
    const queue = room.name('q')
    const { faults } = room
    const [a, b] = await queueNodes(room, 2)
    const { lease } = a.node.engine.facts.queues
    const drain = new Drain()
    for (const node of [a, b]) drain.consume(node, queue, 10)
    const pushes = Promise.all(texts(1_000).map((text) => a.insist(queue, text)))
    await until(() => drain.acked.length > 50, 'the queue works')
    await faults.stop()
    await delay(3_000)
    await faults.cont()
    await within(pushes, 'every push in the end')
    await drain.reaches(1_000, lease + PATIENCE)
    await a.quiet(queue)
    t.strictSame(drain.came, texts(1_000).sort(), 'each was acknowledged')
    t.equal(new Set(drain.acked).size, drain.acked.length, 'none was acknowledged twice')
    t.strictSame(drain.again, [])
  })
}
