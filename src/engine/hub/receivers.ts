import type { EngineLog } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import type { TakenMessage } from '../queues.ts'
import type { Fields } from './fields.ts'
import { OUTCOME, type PageEntry, readPage } from './pages.ts'
import type { Requests } from './requests.ts'
import { OP } from './wire.ts'

/** The logs of a node, as frames of the hub reach them. */
export interface LogReceiver {
  /** The epoch of all logs of the hub. */
  epoch: string
  /** Takes a new message of a log. An error of a listener goes to the log of the node. */
  arrive (name: string, entry: PageEntry, log: EngineLog): void
}

/** The queues of a node, as frames of the hub reach them. */
export interface QueueReceiver {
  /** Takes a message for a consumer. An error of its listener goes to the log of the node. */
  arrive (consumer: number, tag: number, message: TakenMessage, log: EngineLog): void
}

/** The parts of a node that take frames about logs and queues. */
export interface Receiving {
  readonly logs: LogReceiver
  readonly queues: QueueReceiver
  readonly requests: Requests
  readonly log: EngineLog
}

/** Takes the fields of one operation that the hub sends. */
type Receiver = (to: Receiving, fields: Fields) => void

export const RECEIVERS: Readonly<Partial<Record<number, Receiver>>> = {
  [OP.epoch]: ({ logs }, { names: [epoch] }) => { logs.epoch = epoch! },
  [OP.place]: ({ requests }, { numbers: [request, offset] }) => requests.answer(request!, offset),
  [OP.page]: ({ requests }, { numbers: [request, outcome], data }) => {
    requests.answer(request!, outcome === OUTCOME.missing ? null : { entries: readPage(data), more: outcome === OUTCOME.more })
  },
  [OP.shown]: ({ requests }, { numbers: [request, messages, bytes], data }) => {
    requests.answer(request!, { messages, bytes, first: readPage(data).map((entry) => entry.data) })
  },
  [OP.failed]: ({ requests }, { numbers: [request], names: [reason] }) => requests.fail(request!, new engineErrors.Full('hub', reason!)),
  [OP.entry]: ({ logs, log }, { numbers: [offset, previous], names: [name], data }) => {
    logs.arrive(name!, { offset: offset!, previous: previous!, data }, log)
  },
  [OP.taken]: ({ queues, log }, { numbers: [consumer, tag, deliveries], data }) => {
    // The message stays valid longer than the buffer of the line should.
    queues.arrive(consumer!, tag!, { data: Buffer.from(data), deliveries: deliveries! }, log)
  }
}
