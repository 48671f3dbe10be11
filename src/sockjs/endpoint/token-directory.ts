import type { Endpoint } from './endpoint.ts'

/** The tokens of this node, by which other nodes find the sessions that clients resume there. */
export interface TokenDirectory {
  /** Lets other nodes find a token. It takes some time. */
  announce (endpoint: Endpoint, token: string): void
  /** Ends that, because the token is not valid any more. */
  retire (endpoint: Endpoint, token: string): void
}

/** The directory of a process that is alone. */
export const NO_TOKENS: TokenDirectory = { announce () {}, retire () {} }
