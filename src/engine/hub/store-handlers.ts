import type { LogTable } from '../store/log-table.ts'
import type { QueueMessage } from '../store/queue.ts'
import type { QueueConsumer, Taker } from '../store/queue-consumer.ts'
import type { QueueTable } from '../store/queue-table.ts'
import type { Fields } from './fields.ts'
import type { Line } from './line.ts'
import { OUTCOME, PAGE, writePage } from './pages.ts'
import type { Routes } from './routes.ts'
import { OP } from './wire.ts'

/** The bytes that wait for a node above which its consumers take nothing. */
const BUSY = 1024 * 1024

/** The messages that the hub keeps for all nodes. */
export interface HubStore {
  readonly logs: LogTable
  readonly queues: QueueTable
  readonly followers: Routes<StoreUser>
}

/** One node at the hub, with its consumers and the logs that it follows. */
export class StoreUser {
  readonly line: Line
  readonly store: HubStore
  readonly consumers = new Map<number, QueueConsumer>()
  /** The patterns that the node follows. */
  readonly patterns = new Set<string>()

  constructor (line: Line, store: HubStore) {
    this.line = line
    this.store = store
  }

  /** The line has room again. */
  resume (): void {
    for (const consumer of this.consumers.values()) consumer.resume()
  }

  /** Gives back all messages of a node whose line has closed. None of them must go to another consumer of the node. */
  leave (): void {
    for (const consumer of this.consumers.values()) consumer.pause()
    for (const consumer of this.consumers.values()) consumer.close()
    this.consumers.clear()
    for (const pattern of this.patterns) this.store.followers.delete(pattern, this)
    this.patterns.clear()
  }

  done (request: number): void { this.line.out.numbered(OP.answer, request, '') }
}

/** Sends the messages of one consumer to its node. */
class Sender implements Taker {
  readonly #line: Line
  readonly #number: number

  constructor (line: Line, number: number) {
    this.#line = line
    this.#number = number
  }

  take (tag: number, { deliveries, data }: QueueMessage): boolean {
    this.#line.out.fields(OP.taken, [this.#number, tag, deliveries], [], data)
    return this.#line.waiting < BUSY
  }
}

/** Takes the fields of one operation that a node sends. */
type Handler = (user: StoreUser, fields: Fields) => void

export const STORE_HANDLERS: Readonly<Partial<Record<number, Handler>>> = {
  [OP.group]: ({ store }, { numbers: [messages, bytes, ttl], names: [name] }) => {
    store.logs.group(name!, { messages: messages!, bytes: bytes!, ttl: ttl! })
  },
  [OP.append]: ({ store, line }, { numbers: [request], names: [name, id], data }) => {
    const { logs, followers } = store
    if (!logs.has(name!)) return line.destroy(`the log ${name} belongs to no group`)
    const { offset, entry } = logs.append(name!, id!, new Uint8Array(data))
    if (entry !== null) for (const each of followers.find(name!)) each.line.out.fields(OP.entry, [offset, entry.previous], [name!], data)
    line.out.fields(OP.place, [request!, offset])
  },
  [OP.follow]: (user, { names: [pattern] }) => {
    if (user.patterns.has(pattern!)) return
    user.patterns.add(pattern!)
    user.store.followers.add(pattern!, user)
  },
  [OP.unfollow]: (user, { names: [pattern] }) => {
    if (user.patterns.delete(pattern!)) user.store.followers.delete(pattern!, user)
  },
  [OP.since]: ({ store: { logs }, line }, { numbers: [request, offset], names: [name] }) => {
    const page = logs.since(name!, { epoch: logs.epoch, offset: offset! }, PAGE)
    if (page === null) line.out.fields(OP.page, [request!, OUTCOME.missing])
    else line.out.fields(OP.page, [request!, page.more ? OUTCOME.more : OUTCOME.last], [], writePage(page))
  },
  [OP.position]: ({ store, line }, { numbers: [request], names: [name] }) => {
    line.out.fields(OP.place, [request!, store.logs.position(name!).offset])
  },
  [OP.last]: ({ store, line }, { numbers: [request], names: [name] }) => {
    const entry = store.logs.last(name!)
    line.out.fields(OP.page, [request!, OUTCOME.last], [], writePage({ entries: entry === undefined ? [] : [entry] }))
  },
  [OP.bound]: ({ store }, { numbers: [messages, bytes, allBytes] }) => {
    store.queues.bound({ messages: messages!, bytes: bytes!, allBytes: allBytes! })
  },
  [OP.push]: (user, { numbers: [request], names: [queue, id], data }) => {
    const full = user.store.queues.push(queue!, id!, new Uint8Array(data))
    if (full === null) user.done(request!)
    else user.line.out.fields(OP.failed, [request!], [full])
  },
  [OP.view]: ({ store, line }, { numbers: [request, most], names: [queue] }) => {
    const { messages, bytes, first } = store.queues.view(queue!, most!)
    const entries = first.map((data) => ({ offset: 0, previous: 0, data }))
    line.out.fields(OP.shown, [request!, messages, bytes!], [], writePage({ entries }))
  },
  [OP.consume]: ({ store, line, consumers }, { numbers: [number, credit], names: [queue] }) => {
    if (consumers.has(number!)) return line.destroy(`the number ${number} is that of another consumer`)
    const consumer = store.queues.consume(queue!, new Sender(line, number!))
    consumers.set(number!, consumer)
    consumer.credit(credit!)
  },
  [OP.credit]: ({ consumers }, { numbers: [number, more] }) => { consumers.get(number!)?.credit(more!) },
  [OP.ack]: (user, { numbers: [request, number, tag] }) => {
    user.consumers.get(number!)?.ack(tag!)
    user.done(request!)
  },
  [OP.nack]: ({ consumers }, { numbers: [number, tag] }) => { consumers.get(number!)?.nack(tag!) },
  [OP.close]: ({ consumers }, { numbers: [number] }) => {
    consumers.get(number!)?.close()
    consumers.delete(number!)
  }
}
