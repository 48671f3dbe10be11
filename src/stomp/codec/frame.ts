import { Body } from './body.ts'
import type { Command } from './commands.ts'
import { FrameHeaders, type HeadersLike } from './headers.ts'

export interface Frame<C extends Command = Command> {
  readonly command: C
  readonly headers: FrameHeaders
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
