/**
 * Names the subjects of one namespace.
 *
 * Channels, keys and answers have branches of their own, so that no name of a channel meets a key. One line of rights covers all: `all`.
 */
export class Subjects {
  /** Every subject of the engine, for a line of rights. */
  readonly all: string
  readonly #channels: string
  readonly #keys: string
  readonly #attempts: string
  readonly #answers: string

  constructor (namespace: string) {
    const root = `sj.${namespace}.`
    this.all = `${root}>`
    this.#channels = `${root}m.`
    this.#keys = `${root}c.`
    this.#attempts = `${root}a.`
    this.#answers = `${root}r.`
  }

  channel (name: string): string { return this.#channels + name }

  channelOf (subject: string): string { return subject.slice(this.#channels.length) }

  /** The subject that the owner of a key listens to. */
  key (key: string): string { return this.#keys + key }

  keyOf (subject: string): string { return subject.slice(this.#keys.length) }

  /** The subject that all listen to which try to claim a key. */
  attempt (key: string): string { return this.#attempts + key }

  /** The subject of one answer to a node, or of all with the token `*`. */
  answer (node: string, token: string): string { return `${this.#answers}${node}.${token}` }
}
