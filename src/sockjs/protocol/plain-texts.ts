import { isPlain } from './quote.ts'

/** The most characters of a text that is remembered, because it is kept until the next one comes. */
const MOST_REMEMBERED = 64 * 1024

/**
 * Tells which texts are plain, and remembers the last one. All sessions of an endpoint share one.
 *
 * Most messages are looked at more than once: when they come in and when they go out, or once for each receiver. A look at 1 KB takes
 * half a microsecond, and to compare a string with itself takes nothing.
 */
export class PlainTexts {
  #last = ''

  isPlain (text: string): boolean {
    if (text === this.#last) return true
    if (!isPlain(text)) return false
    this.note(text)
    return true
  }

  /** Notes a text that needs no escape and has one byte a character, as another look has shown. */
  note (text: string): void {
    if (text.length <= MOST_REMEMBERED) this.#last = text
  }
}
