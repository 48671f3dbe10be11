import { createHmac } from 'node:crypto'

/** The characters of a name that is made from the secret: 132 bits. */
const LENGTH = 22

/** Makes the names of channels and keys. A stranger who does not have the secret cannot guess them. */
export class Names {
  /** The channel on which nodes find each other. It is the same for every secret, so that nodes with different secrets are told. */
  readonly members = 'members'
  readonly #secret: string

  constructor (secret: string) {
    this.#secret = secret
  }

  /** Makes a name of a kind of thing and its parts. Different parts have different names, with any characters. */
  key (...parts: readonly string[]): string {
    return createHmac('sha256', this.#secret).update(JSON.stringify(parts)).digest('base64url').slice(0, LENGTH)
  }

  /** The channel of a node, on which other nodes send their batches. */
  node (id: string): string { return `n.${id}` }
}
