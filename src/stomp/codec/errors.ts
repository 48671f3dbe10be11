import { FRAME_ERRORS } from '../../core/error-codes.ts'

export type FrameErrorCode = keyof typeof FRAME_ERRORS

/** An error as a value, because the codec throws nothing. */
export interface FrameError {
  readonly code: FrameErrorCode
  readonly message: string
  /** The `receipt` header of the refused frame, if the parser could read it (STOMP-X1). */
  readonly receipt: string | undefined
}

/** Makes an error. `limit` is the one that was broken, for the codes that end in `TOO_LONG` and `TOO_MANY_HEADERS`. */
export function frameError (code: FrameErrorCode, limit?: number, receipt?: string): FrameError {
  return { code, message: FRAME_ERRORS[code].text.replace('#', String(limit)), receipt }
}

export function isFrameError (value: unknown): value is FrameError {
  return typeof value === 'object' && value !== null && 'code' in value && Object.hasOwn(FRAME_ERRORS, String(value.code))
}
