import { Body } from './body.ts'
import type { Command } from './commands.ts'
import { FrameHeaders, type HeadersLike } from './headers.ts'

/** A STOMP frame, decoded. */
export interface Frame<C extends Command = Command> {
  /** The command, such as CONNECT, SEND or MESSAGE. */
  readonly command: C
  /** The headers, in the order in which they came. Frames that a parser has read one after the other may share them, so they must not be changed. */
  readonly headers: FrameHeaders
  /** The body, which is empty for most commands. */
  readonly body: Body
}

export function createFrame<C extends Command> (
  command: C,
  headers: HeadersLike = {},
  body: Body | string | Uint8Array = Body.EMPTY
): Frame<C> {
  return {
    command,
    headers: FrameHeaders.from(headers),
    body: body instanceof Body ? body : Body.from(body)
  }
}
