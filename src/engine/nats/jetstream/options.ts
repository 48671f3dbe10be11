import { type CheckTable, fields, integer, oneOf } from '../../../core/check.ts'

/** The settings of logs and queues on NATS, which JetStream keeps. */
export interface JetStreamOptions {
  /** `file`: on the disk of the server; `memory`: gone with the server, which must not be in a cluster. Default `file`. */
  readonly storage?: 'file' | 'memory'
  /** The number of servers of a cluster that keep each message: 1 to 5. Default 1. */
  readonly replicas?: number
  /** The time after which the messages of a node that was killed go back into their queue, in milliseconds. At least 1,000. Default 30,000. */
  readonly ackWait?: number
}

/** The settings with their defaults. */
export type JetStreamSettings = Required<JetStreamOptions>

const CHECKS: CheckTable = {
  storage: oneOf('file', 'memory'),
  replicas: integer(1, 5),
  ackWait: integer(1_000, 24 * 60 * 60_000)
}

export const checkJetStream = fields(CHECKS)

/** Adds the defaults. */
export function resolveJetStream ({ storage = 'file', replicas = 1, ackWait = 30_000 }: JetStreamOptions): JetStreamSettings {
  return { storage, replicas, ackWait }
}
