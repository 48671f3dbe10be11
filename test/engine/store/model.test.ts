import fc from 'fast-check'
import { test } from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import { LogTable } from '../../../src/engine/store/log-table.ts'
import type { QueueMessage } from '../../../src/engine/store/queue.ts'
import type { QueueConsumer } from '../../../src/engine/store/queue-consumer.ts'
import { QueueTable } from '../../../src/engine/store/queue-table.ts'

/** The runs of each model. `STORE_RUNS=10000` makes the test longer. */
const RUNS = Number(process.env.STORE_RUNS ?? 300)

/** The bound of a queue. */
const MOST = 20

/** A message as the model has it. */
interface Known {
  readonly number: number
  deliveries: number
  state: 'waiting' | 'taken' | 'acknowledged'
}

/** A consumer of the table, with the credit that the model gave it and the messages that it holds. */
interface Actor {
  readonly consumer: QueueConsumer
  readonly held: Map<number, Known>
  credit: number
}

const queueStep = fc.record({
  do: fc.constantFrom('push', 'push', 'push', 'push', 'repeat', 'consume', 'credit', 'credit', 'ack', 'ack', 'ack', 'nack', 'nack', 'close'),
  which: fc.nat(1_000),
  count: fc.integer({ min: 1, max: 4 })
})

test('a queue does as its model', async (t) => {
  fc.assert(fc.property(fc.array(queueStep, { maxLength: 120, size: 'max' }), (steps) => {
    const queues = new QueueTable(new ManualClock())
    queues.bound({ messages: MOST, bytes: 1_000, allBytes: 100_000 })
    const known: Known[] = []
    let actors: Actor[] = []
    const faults: string[] = []
    const live = (): Known[] => known.filter(({ state }) => state !== 'acknowledged')

    const taking = (actor: () => Actor) => (tag: number, { data, deliveries }: QueueMessage): boolean => {
      const message = known[Number(Buffer.from(data).toString())]!
      const { held } = actor()
      if (message.state !== 'waiting') faults.push(`${message.number} was ${message.state} when it was taken`)
      if (known.some(({ state, number }) => state === 'waiting' && number < message.number)) faults.push(`${message.number} was not the first`)
      if (deliveries !== ++message.deliveries) faults.push(`${message.number} has ${deliveries} deliveries`)
      if (actor().credit-- === 0) faults.push('a consumer had no credit')
      message.state = 'taken'
      held.set(tag, message)
      return true
    }
    const act = (which: number, change: (actor: Actor) => void): void => {
      if (actors.length > 0) change(actors[which % actors.length]!)
    }
    const one = ({ held }: Actor, which: number): [tag: number, message: Known] | undefined => [...held][which % held.size]

    for (const { do: step, which, count } of steps) {
      if (step === 'push') {
        for (let i = 0; i < count * 2; i++) {
          const full = live().length >= MOST
          const number = known.length
          if (!full) known.push({ number, deliveries: 0, state: 'waiting' })
          const reason = queues.push('q', String(number), Buffer.from(String(number)))
          if ((reason !== null) !== full) faults.push(`a push to ${live().length} messages: ${reason}`)
        }
      } else if (step === 'repeat' && known.length > 0) {
        queues.push('q', String(which % known.length), Buffer.from('never'))
      } else if (step === 'consume') {
        const held = new Map<number, Known>()
        const actor: Actor = { held, credit: 0, consumer: queues.consume('q', { take: taking(() => actor) }) }
        actors.push(actor)
      } else if (step === 'credit') {
        act(which, (actor) => {
          actor.credit += count
          actor.consumer.credit(count)
        })
      } else if (step === 'ack' || step === 'nack') {
        act(which, (actor) => {
          const found = one(actor, which)
          if (found === undefined) return
          const [tag, message] = found
          actor.held.delete(tag)
          message.state = step === 'ack' ? 'acknowledged' : 'waiting'
          if (step === 'nack') actor.consumer.nack(tag)
          else if (!actor.consumer.ack(tag)) faults.push(`${message.number} could not be acknowledged`)
        })
      } else if (step === 'close') {
        act(which, (actor) => {
          for (const message of actor.held.values()) message.state = 'waiting'
          actors = actors.filter((each) => each !== actor)
          actor.consumer.close()
        })
      }
      const waits = known.some(({ state }) => state === 'waiting')
      if (waits && actors.some(({ credit }) => credit > 0)) faults.push('a message waits, and a consumer has credit')
      if ((queues.size === 1) !== (live().length > 0 || actors.length > 0)) faults.push('an empty queue is kept, or one with messages is gone')
      if (faults.length > 0) break
    }
    if (faults.length > 0) throw new Error(faults.join('; '))
  }), { numRuns: RUNS })
  t.pass(`${RUNS} runs`)
})

const logStep = fc.record({
  do: fc.constantFrom('append', 'append', 'append', 'repeat', 'since', 'since', 'position', 'advance'),
  log: fc.nat(4),
  size: fc.nat(40),
  back: fc.nat(12)
})

test('a log never leaves a message out', async (t) => {
  fc.assert(fc.property(fc.array(logStep, { maxLength: 100, size: 'max' }), (steps) => {
    const clock = new ManualClock()
    const logs = new LogTable('e', clock, { logs: 3, bytes: 2_000 })
    logs.group('g', { messages: 5, bytes: 100, ttl: 1_000 })
    /** All that was ever appended, by log: the offset and the text. */
    const appended = new Map<string, [offset: number, text: string][]>()
    let ids = 0
    for (const { do: step, log, size, back } of steps) {
      const name = `g.l${log}`
      const all = appended.get(name) ?? []
      appended.set(name, all)
      if (step === 'append') {
        const text = `${ids}${'x'.repeat(size)}`
        const { offset, entry } = logs.append(name, String(ids++), Buffer.from(text))
        if (entry === null || offset <= (all.at(-1)?.[0] ?? 0) || entry.previous < (all.at(-1)?.[0] ?? 0)) throw new Error('an offset does not rise, or names no message before')
        all.push([offset, text])
      } else if (step === 'repeat' && all.length > 0) {
        const [offset, text] = all[back % all.length]!
        if (logs.append(name, /^\d+/.exec(text)![0], Buffer.from('never')).offset !== offset) throw new Error('a repeat has another place')
      } else if (step === 'position') {
        const position = logs.position(name)
        if (position.offset < (all.at(-1)?.[0] ?? 0) || logs.since(name, position)?.entries.length !== 0) throw new Error('something stands behind the position')
      } else if (step === 'since') {
        const offset = all.at(-1 - back)?.[0] ?? 0
        const page = logs.since(name, { epoch: 'e', offset }, back === 0 ? Infinity : 50)
        const wanted = all.filter(([at]) => at > offset).map(([, text]) => text)
        const got = page?.entries.map(({ data }) => Buffer.from(data).toString()) ?? null
        if (got === null) continue
        if (got.join() !== wanted.slice(0, got.length).join() || page!.more !== (got.length < wanted.length)) throw new Error(`since ${offset}: ${got.join()} of ${wanted.join()}`)
      } else if (step === 'advance') {
        clock.advance(back * 100)
      }
    }
  }), { numRuns: RUNS })
  t.pass(`${RUNS} runs`)
})
