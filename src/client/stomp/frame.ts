/** The headers of a frame. */
export type Headers = Readonly<Record<string, string>>

/** The headers that a frame gets. One without a value is left out, and other values become texts. */
export type GivenHeaders = Readonly<Record<string, unknown>>

/** A frame of the server. */
export interface Frame {
  readonly command: string
  readonly headers: Headers
  readonly body: string
}
