import { FRAME_ERRORS } from '../../core/error-codes.ts'

export type FrameErrorCode = keyof typeof FRAME_ERRORS

/** An error as a value, because the codec throws nothing. */
export interface FrameError {
  readonly code: FrameErrorCode
  /** The row of the checklist that asks for the error. */
  readonly row: string
  readonly message: string
  /** The limit that was broken, for the codes that end in `TOO_LONG` and `TOO_MANY_HEADERS`. */
  readonly limit: number | undefined
  /** The `receipt` header of the refused frame, where the parser could read it (STOMP-X1). */
  readonly receipt: string | undefined
}

export function frameError (code: FrameErrorCode, limit?: number, receipt?: string): FrameError {
  const { row, text } = FRAME_ERRORS[code]
  return { code, row, message: text.replace('#', String(limit)), limit, receipt }
}

export function isFrameError (value: unknown): value is FrameError {
  return typeof value === 'object' && value !== null && 'code' in value && Object.hasOwn(FRAME_ERRORS, String(value.code))
}
