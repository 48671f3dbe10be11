import { quote } from './quote.ts'

/**
 * One SockJS frame: `o`, `h`, `a[…]`, `c[…]`, or `r[…]` of sessions that can be resumed. A shared frame, such as a heartbeat or a broadcast, goes to many sessions.
 * Each of its encoded forms is made once, and every session gets the same buffer.
 */
export class SockjsFrame {
  readonly text: string
  /** Length of the text in UTF-8. */
  readonly bytes: number
  readonly shared: boolean
  #forms: unknown[] | undefined

  constructor (text: string, bytes: number, shared: boolean) {
    this.text = text
    this.bytes = bytes
    this.shared = shared
  }

  /** True when the text has one byte a character. */
  get ascii (): boolean {
    return this.bytes === this.text.length
  }

  /** Returns the encoded form with this index. It calls `make` the first time only. */
  form<T> (index: number, make: (frame: SockjsFrame) => T): T {
    const forms = this.#forms ??= []
    return (forms[index] ??= make(this)) as T
  }
}

export const OPEN = new SockjsFrame('o', 1, true)
export const HEARTBEAT = new SockjsFrame('h', 1, true)

export function closeFrame (code: number, reason: string): SockjsFrame {
  const text = 'c[' + code + ',' + quote(reason) + ']'
  return new SockjsFrame(text, Buffer.byteLength(text), false)
}
