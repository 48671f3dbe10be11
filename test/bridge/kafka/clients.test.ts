import { EventEmitter } from 'node:events'
import t from 'tap'
import { type KafkaConsumerOptions, kafkajs, type KafkaRead, platformatic, type Taken } from '../../../src/kafka.ts'
import { Lanes } from '../../../src/bridge/kafka/platformatic/lanes.ts'
import { deferred, until } from '../../support/wait.ts'
import { turn } from './support.ts'

/** A reader that notes its calls, and answers as the test wants. */
class Reader {
  readonly taken: string[] = []
  readonly assignments: unknown[] = []
  readonly ends: unknown[] = []
  answer: (record: KafkaRead) => Taken | Promise<Taken> = () => 'done'

  assigned (partitions: unknown): void { this.assignments.push(partitions) }
  async take (record: KafkaRead): Promise<Taken> {
    this.taken.push(`${record.topic}:${record.partition}:${record.offset}`)
    return await this.answer(record)
  }

  ended (error: unknown): void { this.ends.push(error) }
}

const wishes = (reader: Reader, more: Partial<KafkaConsumerOptions> = {}): KafkaConsumerOptions => ({ group: 'g', topics: ['a'], fromBeginning: true, concurrency: 2, reader, ...more })
const WRITE = { key: Buffer.from('k'), value: Buffer.from('v'), headers: [['h', Buffer.from('1')], ['h', Buffer.from('2')], ['i', Buffer.from('3')]] } as const

/** The parts of `kafkajs` that note their calls. */
class FakeKafkaJs extends EventEmitter {
  readonly calls: [name: string, ...args: unknown[]][] = []
  readonly events = { GROUP_JOIN: 'join', CRASH: 'crash' }
  failing: string | null = null
  run: { eachBatch: (payload: object) => Promise<void> } | null = null

  readonly #call = (name: string, answer?: unknown) => async (...args: unknown[]): Promise<never> => {
    this.calls.push([name, ...args])
    if (this.failing === name) throw new Error(`${name} failed`)
    if (name === 'run') this.run = args[0] as never
    return answer as never
  }

  producer (options: unknown) {
    this.calls.push(['producer', options])
    return { connect: this.#call('connect'), disconnect: this.#call('disconnect'), send: this.#call('send') }
  }

  consumer (options: unknown) {
    this.calls.push(['consumer', options])
    return {
      events: this.events,
      connect: this.#call('connect'),
      disconnect: this.#call('disconnect'),
      subscribe: this.#call('subscribe'),
      run: this.#call('run'),
      commitOffsets: this.#call('commit'),
      pause: (partitions: unknown) => { this.calls.push(['pause', partitions]) },
      resume: (partitions: unknown) => { this.calls.push(['resume', partitions]) },
      on: (event: string, listener: (event: unknown) => void) => this.on(event, listener)
    }
  }

  admin () {
    return {
      connect: this.#call('admin connect'),
      disconnect: this.#call('admin disconnect'),
      fetchTopicOffsets: this.#call('ends', [{ partition: 0, offset: '10', low: '0' }, { partition: 1, offset: '20', low: '0' }, { partition: 2, offset: '30', low: '0' }]),
      fetchOffsets: this.#call('committed', [{ topic: 'a', partitions: [{ partition: 0, offset: '4' }, { partition: 1, offset: '-1' }, { partition: 2, offset: '0' }] }])
    }
  }

  named (name: string): unknown[][] { return this.calls.filter(([each]) => each === name).map(([, ...args]) => args) }
}

t.test('kafkajs: a producer writes with acks=all, one request at a time, and knows refusals that are final', async (t) => {
  const fake = new FakeKafkaJs()
  const producer = await kafkajs(fake as never, { producer: { idempotent: true } }).openProducer()
  await producer.send('a', [WRITE])
  t.strictSame(fake.named('producer'), [[{ maxInFlightRequests: 1, idempotent: true }]])
  t.strictSame(fake.named('send'), [[{ topic: 'a', acks: -1, messages: [{ key: WRITE.key, value: WRITE.value, headers: { h: [Buffer.from('1'), Buffer.from('2')], i: [Buffer.from('3')] } }] }]])
  const tooLarge = Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' })
  t.ok(producer.isFinal(tooLarge))
  t.ok(producer.isFinal(new Error('retries', { cause: tooLarge })))
  for (const error of [new Error('away'), Object.assign(new Error('no leader'), { type: 'LEADER_NOT_AVAILABLE' }), 'odd', undefined]) t.notOk(producer.isFinal(error))
  await producer.close()
  t.equal(fake.named('disconnect').length, 1)
})

t.test('kafkajs: a consumer reads batch by batch, leaves unresolved what must come again, and keeps its place in the group', async (t) => {
  const fake = new FakeKafkaJs()
  const reader = new Reader()
  const consumer = await kafkajs(fake as never, { consumer: { sessionTimeout: 9000, retry: { retries: 2 } } }).openConsumer(wishes(reader))
  t.match(fake.named('consumer'), [[{ groupId: 'g', sessionTimeout: 9000, maxWaitTimeInMs: 500, retry: { retries: 2 } }]])
  t.strictSame(fake.named('subscribe'), [[{ topics: ['a'], fromBeginning: true }]])
  t.match(fake.named('run'), [[{ autoCommit: false, eachBatchAutoResolve: false, partitionsConsumedConcurrently: 2 }]])
  fake.emit('join', { payload: { memberAssignment: { a: [0, 2] } } })
  t.strictSame(reader.assignments, [[{ topic: 'a', partition: 0 }, { topic: 'a', partition: 2 }]])

  const resolved: string[] = []
  let beats = 0
  let running = true
  const messages = ['5', '6', '7'].map((offset) => ({ offset, key: null, value: null, timestamp: '9', headers: { one: Buffer.from('1'), two: ['a', Buffer.from('b')], none: undefined } }))
  const payload = {
    batch: { topic: 'a', partition: 0, messages },
    resolveOffset: (offset: string) => { resolved.push(offset) },
    heartbeat: async () => { beats++ },
    isRunning: () => running,
    isStale: () => false
  }
  reader.answer = ({ offset, headers, timestamp }) => {
    t.strictSame([timestamp, headers.map(([name, value]) => `${name}=${Buffer.from(value).toString()}`)], [9, ['one=1', 'two=a', 'two=b', 'none=']])
    return offset === 7n ? 'later' : 'done'
  }
  await fake.run!.eachBatch(payload)
  t.strictSame([reader.taken, resolved, beats], [['a:0:5', 'a:0:6', 'a:0:7'], ['5', '6'], 2])
  running = false
  await fake.run!.eachBatch(payload)
  t.equal(reader.taken.length, 3, 'a consumer that stops reads nothing more')

  consumer.pause({ topic: 'a', partition: 0 })
  consumer.resume({ topic: 'a', partition: 0 })
  await consumer.commit([{ topic: 'a', partition: 0, offset: 7n }])
  t.strictSame([fake.named('pause'), fake.named('resume'), fake.named('commit')],
    [[[[{ topic: 'a', partitions: [0] }]]], [[[{ topic: 'a', partitions: [0] }]]], [[[{ topic: 'a', partition: 0, offset: '7' }]]]])
  t.strictSame(await consumer.lag(), [{ topic: 'a', partition: 0, lag: 6 }, { topic: 'a', partition: 2, lag: 30 }])
  await consumer.lag()
  t.equal(fake.named('admin connect').length, 1)
  const crash = new Error('crash')
  fake.emit('crash', { payload: { error: crash, restart: false } })
  t.strictSame(reader.ends, [crash])
  await consumer.close()
  t.strictSame([fake.named('disconnect').length, fake.named('admin disconnect').length], [1, 1])
})

t.test('kafkajs: a consumer that cannot be opened is closed', async (t) => {
  const fake = new FakeKafkaJs()
  fake.failing = 'subscribe'
  await t.rejects(kafkajs(fake as never).openConsumer(wishes(new Reader())), { message: 'subscribe failed' })
  t.equal(fake.named('disconnect').length, 1)
})

t.test('platformatic: a producer writes with acks=all, and knows refusals that are final', async (t) => {
  const sent: unknown[] = []
  class Producer {
    constructor (options: unknown) { t.match(options, { clientId: 'c' }) }
    async send (options: unknown): Promise<void> { sent.push(options) }
    async close (): Promise<void> { sent.push('closed') }
  }
  const producer = await platformatic({ Producer, Consumer: Producer } as never, { clientId: 'c', bootstrapBrokers: [] }).openProducer()
  await producer.send('a', [WRITE, { key: null, value: null, headers: [] }])
  const [{ messages, acks }] = sent as [{ messages: { key: unknown, value: unknown, headers: Map<Buffer, Buffer> }[], acks: number }]
  t.strictSame([acks, messages[0]!.key, messages[1]!.key, messages[1]!.value], [-1, WRITE.key, undefined, undefined])
  t.strictSame([...messages[0]!.headers].map(String), ['h,1', 'h,2', 'i,3'])
  const tooLarge = Object.assign(new Error('x'), { apiId: 'MESSAGE_TOO_LARGE' })
  t.ok(producer.isFinal(new AggregateError([new Error('a'), new Error('b', { cause: tooLarge })])))
  for (const error of [new Error('away'), 'odd', new AggregateError([])]) t.notOk(producer.isFinal(error))
  await producer.close()
  t.equal(sent.at(-1), 'closed')
})

class FakeStream extends EventEmitter {
  flows = true
  pause (): void { this.flows = false }
  resume (): void { this.flows = true }
}

class FakeConsumer extends EventEmitter {
  static last: FakeConsumer
  readonly options: unknown
  readonly stream = new FakeStream()
  readonly calls: unknown[] = []
  assignments: { topic: string, partitions: number[] }[] | null = null

  constructor (options: unknown) {
    super()
    this.options = options
    FakeConsumer.last = this
  }

  async consume (options: { topics: string[] }): Promise<FakeStream> {
    this.calls.push(options)
    if (options.topics.includes('missing')) throw new Error('no such topic')
    return this.stream
  }

  async commit (options: unknown): Promise<void> { this.calls.push(options) }
  async listOffsets (): Promise<Map<string, bigint[]>> { return new Map([['a', [10n, 20n, 30n]]]) }
  async listCommittedOffsets (): Promise<Map<string, bigint[]>> { return new Map([['a', [4n, -1n, 30n]]]) }
  async close (force: boolean): Promise<void> { this.calls.push(['close', force]) }

  join (...partitions: number[]): void {
    this.assignments = partitions.length === 0 ? null : [{ topic: 'a', partitions }]
    this.emit('consumer:group:join', { assignments: this.assignments })
  }

  message (partition: number, offset: bigint, more: object = {}): void {
    this.stream.emit('data', { topic: 'a', partition, offset, timestamp: 9n, key: undefined, value: Buffer.from('v'), headers: new Map([[Buffer.from('h'), Buffer.from('1')]]), ...more })
  }
}

const platformaticClient = platformatic({ Consumer: FakeConsumer, Producer: FakeConsumer } as never, { clientId: 'c', bootstrapBrokers: [] })

t.test('platformatic: a consumer reads its stream, commits, and tells its partitions, its lag and its end', async (t) => {
  const reader = new Reader()
  const consumer = await platformaticClient.openConsumer(wishes(reader))
  const fake = FakeConsumer.last
  t.match(fake.options, { groupId: 'g', clientId: 'c' })
  t.match(fake.calls, [{ topics: ['a'], mode: 'committed', fallbackMode: 'earliest', autocommit: false }])
  t.strictSame(await consumer.lag(), [])
  fake.join(0, 1, 2)
  fake.message(0, 4n)
  fake.message(1, 7n, { value: undefined, key: Buffer.from('k') })
  fake.message(3, 1n)
  await until(() => reader.taken.length === 2, 'both are read')
  t.strictSame(reader.taken, ['a:0:4', 'a:1:7'], 'a record of a partition that is not ours is left out')
  await consumer.commit([{ topic: 'a', partition: 0, offset: 5n }])
  t.strictSame(fake.calls.at(-1), { offsets: [{ topic: 'a', partition: 0, offset: 5n, leaderEpoch: -1 }] })
  t.strictSame(await consumer.lag(), [{ topic: 'a', partition: 0, lag: 6 }, { topic: 'a', partition: 2, lag: 0 }])
  const lost = new Error('lost')
  fake.stream.emit('error', lost)
  fake.emit('error', new Error('second'))
  t.strictSame(reader.ends, [lost], 'the end is told once')
  fake.join()
  t.strictSame(reader.assignments.at(-1), [])
  await consumer.close()
  t.strictSame(fake.calls.at(-1), ['close', true])
})

t.test('platformatic: a consumer that cannot be opened is closed, and one that was closed does not tell its end', async (t) => {
  const reader = new Reader()
  await t.rejects(platformaticClient.openConsumer(wishes(reader, { topics: ['missing'], fromBeginning: false })), { message: 'no such topic' })
  t.match(FakeConsumer.last.calls, [{ fallbackMode: 'latest' }, ['close', true]])
  FakeConsumer.last.emit('error', new Error('late'))
  t.strictSame(reader.ends, [])
})

const read = (partition: number, offset: number): KafkaRead => ({ topic: 'a', partition, offset: BigInt(offset), timestamp: 0, key: null, value: null, headers: [] })

t.test('the lanes of a stream: one record of a partition at a time, a bounded number of partitions, each has its turn', async (t) => {
  const reader = new Reader()
  let running = 0
  let most = 0
  reader.answer = async (): Promise<Taken> => {
    most = Math.max(most, ++running)
    await turn()
    running--
    return 'done'
  }
  const lanes = new Lanes(reader, 2, () => t.fail('so few records stop nothing'))
  lanes.assign([0, 1, 2, 3].map((partition) => ({ topic: 'a', partition })))
  for (let offset = 0; offset < 5; offset++) for (const partition of [0, 1, 2, 3]) lanes.add(read(partition, offset))
  await until(() => reader.taken.length === 20, 'all are read')
  t.equal(most, 2)
  for (const partition of [0, 1, 2, 3]) {
    t.strictSame(reader.taken.filter((each) => each.startsWith(`a:${partition}:`)), [0, 1, 2, 3, 4].map((offset) => `a:${partition}:${offset}`))
    t.ok(reader.taken.indexOf(`a:${partition}:0`) < 12, 'no partition waits for the end of another')
  }
})

t.test('the lanes of a stream: a partition that pauses keeps its records, and a full one stops the stream', async (t) => {
  const reader = new Reader()
  const flows: boolean[] = []
  const lanes = new Lanes(reader, 2, (goes) => { flows.push(goes) })
  const [zero, one] = [{ topic: 'a', partition: 0 }, { topic: 'a', partition: 1 }]
  lanes.assign([zero, one])
  let away = true
  reader.answer = ({ partition }) => {
    if (partition !== 0 || !away) return 'done'
    lanes.pause(zero)
    return 'later'
  }
  for (let offset = 0; offset < 255; offset++) lanes.add(read(0, offset))
  lanes.add(read(1, 0))
  await turn()
  t.strictSame([reader.taken, flows], [['a:0:0', 'a:1:0'], [false]])
  away = false
  lanes.resume(zero)
  await until(() => reader.taken.length === 257, 'the rest is read')
  t.strictSame([reader.taken[2], flows], ['a:0:0', [false, true]], 'the record that waited comes again')
})

t.test('the lanes of a stream: a partition that stays keeps its place, and one that goes is forgotten', async (t) => {
  const reader = new Reader()
  const held = deferred<Taken>()
  reader.answer = () => held.promise
  const lanes = new Lanes(reader, 8, () => {})
  const [zero, one] = [{ topic: 'a', partition: 0 }, { topic: 'a', partition: 1 }]
  lanes.assign([zero, one])
  for (const partition of [0, 1]) for (const offset of [0, 1]) lanes.add(read(partition, offset))
  lanes.assign([zero])
  lanes.add(read(1, 2))
  lanes.pause(one)
  lanes.resume(one)
  held.resolve('done')
  await turn()
  t.strictSame(reader.taken, ['a:0:0', 'a:1:0', 'a:0:1'])
})
