import type { ClusterNode } from '../../cluster/node.ts'
import { delay } from '../../core/delay.ts'
import type { Endpoint } from '../endpoint/endpoint.ts'
import type { TokenDirectory } from '../endpoint/token-directory.ts'
import type { Directory } from './directory.ts'

/** The time after which a claim is tried again, because the engine was away, in milliseconds. */
const PAUSE = 1_000

/** A token of this node. */
interface OwnToken {
  readonly endpoint: Endpoint
  readonly token: string
  /** Frees the claim; `null` until the engine has it. */
  release: (() => void) | null
}

/**
 * The claims by which other nodes find the tokens of this one.
 *
 * The key of a claim is made from the token by HMAC, so that the token itself is not visible to the messaging system. The claim is made in the
 * background, because the client must not wait for the engine.
 */
export class TokenClaims implements TokenDirectory {
  readonly #node: ClusterNode
  readonly #directory: Directory
  readonly #own = new Map<string, OwnToken>()

  constructor (node: ClusterNode, directory: Directory) {
    this.#node = node
    this.#directory = directory
  }

  /** Makes the key of a token. */
  keyOf ({ name }: Endpoint, token: string): string { return this.#node.names.key('resume', name, token) }

  /** Finds a token of this node by its key. */
  find (key: string): Pick<OwnToken, 'endpoint' | 'token'> | undefined { return this.#own.get(key) }

  announce (endpoint: Endpoint, token: string): void {
    const key = this.keyOf(endpoint, token)
    const own: OwnToken = { endpoint, token, release: null }
    this.#own.set(key, own)
    // A node that cannot reach its engine serves its own clients only.
    this.#claim(key, own).catch(() => {})
  }

  retire (endpoint: Endpoint, token: string): void {
    const key = this.keyOf(endpoint, token)
    this.#own.get(key)?.release?.()
    this.#own.delete(key)
  }

  async #claim (key: string, own: OwnToken): Promise<void> {
    while (this.#own.get(key) === own) {
      const release = await this.#directory.announce(key)
      if (release === null) {
        await delay(this.#node.clock, PAUSE)
      } else if (this.#own.get(key) === own) {
        own.release = release
        return
      } else {
        release()
      }
    }
  }
}
