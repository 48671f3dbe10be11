/** The bounds of one frame, in octets except for `headers` (STOMP-L1, STOMP-L2, SEC-S68). */
export interface FrameLimits {
  /** The command line without its line feed. */
  readonly command: number
  /** The number of header lines, repeated ones included. */
  readonly headers: number
  /** One header line without its line feed. */
  readonly headerLine: number
  /** The command and the headers with the empty line that ends them. */
  readonly head: number
  readonly body: number
  /** A whole frame with its NUL, until a version is agreed. */
  readonly connectFrame: number
}

export const DEFAULT_LIMITS: FrameLimits = Object.freeze({
  command: 32,
  headers: 64,
  headerLine: 8 * 1024,
  head: 32 * 1024,
  body: 64 * 1024,
  connectFrame: 8 * 1024
})
