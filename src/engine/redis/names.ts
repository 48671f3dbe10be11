/** The names of one namespace in Redis. Only a name of a channel has no further colon. */
export class Names {
  /** The start of every name, such as `sj:shop:`. */
  readonly head: string

  constructor (namespace: string) {
    this.head = `sj:${namespace}:`
  }

  channel (channel: string): string { return this.head + channel }

  /** The channel of a name, or the empty string if the name is that of an echo. */
  channelOf (name: string): string {
    const channel = name.slice(this.head.length)
    return channel.includes(':') ? '' : channel
  }

  /** The key of a claim. Its value is the token of the node that owns it. */
  claim (key: string): string { return `${this.head}c:${key}` }

  /** The key of the lease of a token. */
  lease (token: string): string { return `${this.head}node:${token}` }

  /** The channel on which a node gets its own echo. */
  echo (node: string): string { return `${this.head}echo:${node}` }
}
