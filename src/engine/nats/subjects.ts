/**
 * Names the subjects and the streams of one namespace.
 *
 * Channels, keys, answers, logs and queues have branches of their own, so that no name of a channel meets a key. One line of rights covers all
 * subjects: `all`. The parts of the name of a stream are joined by `+`, which stands in no name.
 */
export class Subjects {
  /** Every subject of the engine, for a line of rights. */
  readonly all: string
  /** The stream of the queues. */
  readonly queueStream: string
  readonly #namespace: string
  readonly #root: string
  readonly #channels: string
  readonly #keys: string

  constructor (namespace: string) {
    this.#namespace = namespace
    this.#root = `sj.${namespace}.`
    this.all = `${this.#root}>`
    this.queueStream = `sj+${namespace}+q`
    this.#channels = `${this.#root}m.`
    this.#keys = `${this.#root}c.`
  }

  channel (name: string): string { return this.#channels + name }

  channelOf (subject: string): string { return subject.slice(this.#channels.length) }

  /** The subject that the owner of a key listens to. */
  key (key: string): string { return this.#keys + key }

  keyOf (subject: string): string { return subject.slice(this.#keys.length) }

  /** The subject that all listen to which try to claim a key. */
  attempt (key: string): string { return `${this.#root}a.${key}` }

  /** The subject of one answer to a node, or of all with the token `*`. */
  answer (node: string, token: string): string { return `${this.#root}r.${node}.${token}` }

  /** The subject of one answer of JetStream to a node, or of all with the token `*`. */
  result (node: string, token: string): string { return `${this.#root}j.${node}.${token}` }

  /** The subject to which JetStream sends the messages of one consumer. */
  taken (node: string, token: string): string { return `${this.#root}t.${node}.${token}` }

  /** The subject that a message of a log is published to. */
  log (group: string, name: string): string { return `${this.#root}h.${group}.${name}` }

  /** The subject to which JetStream passes on a message of a log. */
  live (group: string, name: string): string { return `${this.#root}l.${group}.${name}` }

  /** The stream of a group of logs. */
  logStream (group: string): string { return `sj+${this.#namespace}+h+${group}` }

  queue (name: string): string { return `${this.#root}q.${name}` }
}
