export { Body } from './body.ts'
export {
  type ClientCommand, type Command, type CommandFrom, type CommandRule, type Peer, ruleOf, type ServerCommand
} from './commands.ts'
export { EncodedFrame } from './encoding.ts'
export { type FrameError, type FrameErrorCode, isFrameError } from './errors.ts'
export { canCarry } from './escaping.ts'
export { createFrame, type Frame } from './frame.ts'
export { FrameHeaders, type HeadersLike } from './headers.ts'
export { DEFAULT_LIMITS, type FrameLimits } from './limits.ts'
export { encodeMessage, MessageEncoding } from './message.ts'
export { FrameParser, type FrameParserOptions } from './parser.ts'
export { encodeFrame, serialize, serializeBytes, serializeText } from './serialize.ts'
export {
  chooseSubprotocol, type HeartBeat, negotiateHeartBeat, negotiateVersion, parseHeartBeat, type Version, VERSIONS
} from './versions.ts'
