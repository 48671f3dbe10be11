/** A name of a channel in its parts. */
export interface NameParts {
  /** The text with colons before the channel. It is empty for the channels of the cluster. */
  readonly space: string
  readonly channel: string
}

/** The parts of a log: its state, its messages, and the ids of its last messages. */
export type LogPart = 'state' | 'entries' | 'id'

/** The parts of a queue. The script of a turn says what each has. */
export type QueuePart = 'state' | 'data' | 'back' | 'holders' | 'returns' | 'owners' | 'id'

/** The names of one namespace in Redis. Only a name of a channel of the cluster has no further colon. */
export class Names {
  /** The start of every name, such as `sj:shop:`. */
  readonly head: string

  constructor (namespace: string) {
    this.head = `sj:${namespace}:`
  }

  channel (channel: string, space = ''): string { return this.head + space + channel }

  /** Takes a name of a channel apart. */
  partsOf (name: string): NameParts {
    const rest = name.slice(this.head.length)
    const start = rest.lastIndexOf(':') + 1
    return { space: rest.slice(0, start), channel: rest.slice(start) }
  }

  /** The key of a claim. Its value is the token of the node that owns it. */
  claim (key: string): string { return `${this.head}c:${key}` }

  /** The key of the lease of a token. */
  lease (token: string): string { return `${this.head}node:${token}` }

  /** The channel on which a node gets its own echo. */
  echo (node: string): string { return `${this.head}echo:${node}` }

  /** The space of the channels that tell of new messages in the logs of a group. */
  logs (group: string): string { return `l:${group}:` }

  /** The key of the rule of a group. A Redis Cluster has it once in each shard, so that a script finds it beside the log. */
  rule (group: string, shard: number): string { return `${this.head}l:{${shard}}:${group}:rule` }

  /** A key of a log. All keys of a shard are in one hash slot. */
  log (group: string, shard: number, part: LogPart, log: string): string { return `${this.head}l:{${shard}}:${group}:${part}:${log}` }

  /** The space of the channels that tell of new messages in queues. */
  get queues (): string { return 'q:' }

  /** A key of a queue. All keys of a queue are in one hash slot. */
  queue (queue: string, part: QueuePart): string { return `${this.head}q:{${queue}}:${part}` }
}
