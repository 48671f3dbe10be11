import { isPromise } from '../../../core/promise.ts'
import type { ClientCommand, Frame } from '../../codec/index.ts'
import { StompError } from '../../errors.ts'
import { aboutFrame } from '../error-frame.ts'
import type { ReceiptHeaders } from '../receipts.ts'
import type { StompSession } from '../stomp-session.ts'

/** Reads a header that the command needs. */
export function required (frame: Frame<ClientCommand>, name: string): string {
  const value = frame.headers.get(name)
  if (value === undefined || value === '') throw new StompError('STOMP_HEADER_MISSING', name)
  return value
}

/** Confirms a frame. Its receipt goes out when `work` is done, after the receipts of the frames before it. */
export function confirm (session: StompSession, frame: Frame<ClientCommand>, work?: unknown, headers?: ReceiptHeaders): void {
  // Most frames ask for no receipt, and are done.
  if (!isPromise(work) && !frame.headers.has('receipt')) return
  const { receipt, destination } = aboutFrame(frame, session.host.settings.limits)
  session.receipts.after(work, receipt === undefined ? [] : [receipt], headers, destination)
}
