import { ruleOf } from './commands.ts'
import { EncodedFrame, FrameEnd, headerLines } from './encoding.ts'
import { dialectFor } from './escaping.ts'
import type { Frame } from './frame.ts'
import type { Version } from './versions.ts'

/** Counted anew from the body that is sent. */
const COUNTED: ReadonlySet<string> = new Set(['content-length'])

/**
 * A frame in the words of one version; before a version is agreed that is 1.0, which escapes nothing (STOMP-E4).
 * Every EOL is a bare line feed (STOMP-F2).
 */
export function encodeFrame ({ command, headers, body }: Frame, version: Version): EncodedFrame {
  const lines = headerLines(headers, dialectFor(command, version), COUNTED)
  return new EncodedFrame(command + '\n', new FrameEnd(lines, ruleOf(command).body ? body : undefined))
}

/** Text when the body is text, else bytes (STOMP-W6). */
export function serialize (frame: Frame, version: Version): string | Uint8Array {
  const encoded = encodeFrame(frame, version)
  return encoded.isText ? encoded.text : encoded.bytes
}

export function serializeBytes (frame: Frame, version: Version): Uint8Array {
  return encodeFrame(frame, version).bytes
}
