import { ruleOf } from './commands.ts'
import { EncodedFrame, FrameEnd, headerLines } from './encoding.ts'
import { headerRulesFor } from './escaping.ts'
import type { Frame } from './frame.ts'
import type { Version } from './versions.ts'

/** The headers that are left out, because they are counted again from the body that is sent. */
const COUNTED: ReadonlySet<string> = new Set(['content-length'])

/**
 * Encodes a frame by the rules of one version. Before a version is agreed that is 1.0, which escapes nothing (STOMP-E4).
 * Every EOL is a line feed alone (STOMP-F2).
 */
export function encodeFrame ({ command, headers, body }: Frame, version: Version): EncodedFrame {
  const lines = headerLines(headers, headerRulesFor(command, version), COUNTED)
  return new EncodedFrame(command + '\n', new FrameEnd(lines, ruleOf(command).body ? body : undefined))
}

/** Encodes a frame as text when the body is text, else as bytes (STOMP-W6). */
export function serialize (frame: Frame, version: Version): string | Uint8Array {
  const encoded = encodeFrame(frame, version)
  return encoded.isText ? encoded.text : encoded.bytes
}

export function serializeBytes (frame: Frame, version: Version): Uint8Array {
  return encodeFrame(frame, version).bytes
}
