/** The responses of this node that carry sessions of other nodes, as far as a shutdown needs them. */
export interface ForeignLegs {
  /** The number of such responses. */
  readonly legs: number
  /** Asks the nodes that own the sessions to end these responses at the next frame. */
  release (): void
  /** Drops the connections that are left. */
  destroyAll (): void
}

/** The legs of a process that is alone. */
export const NO_LEGS: ForeignLegs = { legs: 0, release () {}, destroyAll () {} }
