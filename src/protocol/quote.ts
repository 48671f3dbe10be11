/**
 * Everything that may stand between quotes as it is, in one byte each. One test decides both: nothing to
 * escape, and the UTF-8 length equals the length of the string.
 */
const PLAIN = /^[ !#-[\]-~]*$/

/**
 * What must leave escaped although JSON would let it pass (ENC-1): old browsers and proxies drop or mangle it.
 * Control characters and lone surrogates (ENC-2) are escaped by JSON.stringify already.
 */
const ESCAPABLE = /[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]/g

function escapeCharacter (character: string): string {
  return '\\u' + character.charCodeAt(0).toString(16).padStart(4, '0')
}

export function isPlain (text: string): boolean {
  return PLAIN.test(text)
}

/** A message as an element of a SockJS array: a JSON string, escaped as far as every client needs it. */
export function quote (message: string): string {
  return PLAIN.test(message) ? '"' + message + '"' : JSON.stringify(message).replace(ESCAPABLE, escapeCharacter)
}

/** Characters that could end a script element or a line of script (HTMLFILE-8, JSONP-20). */
const UNSAFE_IN_SCRIPT = /[<>&\u2028\u2029]/g

/** A text as a JavaScript string literal that can stand inside a script element. */
export function quoteForScript (text: string): string {
  return JSON.stringify(text).replace(UNSAFE_IN_SCRIPT, escapeCharacter)
}

const HTML_ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** A text as the value of a quoted HTML attribute (IFRAME-8). */
export function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ENTITIES[character]!)
}
