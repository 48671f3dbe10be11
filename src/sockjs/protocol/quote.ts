/**
 * A text that needs no escape and has one byte a character.
 *
 * One test decides both. Such a text can be put between quotes unchanged, and its length in UTF-8 is the length of the string.
 */
const PLAIN = /^[ !#-[\]-~]*$/

/**
 * Characters that are escaped although JSON allows them (ENC-1), because old browsers and proxies drop or damage them.
 *
 * JSON.stringify escapes control characters and lone surrogates (ENC-2) already.
 */
const ESCAPABLE = /[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]/g

function escapeCharacter (character: string): string {
  return '\\u' + character.charCodeAt(0).toString(16).padStart(4, '0')
}

export function isPlain (text: string): boolean {
  return PLAIN.test(text)
}

/** Writes a message as an element of a SockJS array: a JSON string with the escapes that old clients need. */
export function quote (message: string): string {
  return PLAIN.test(message) ? '"' + message + '"' : JSON.stringify(message).replace(ESCAPABLE, escapeCharacter)
}

/** Characters that may end a script element or a line of script (HTMLFILE-8, JSONP-20). */
const UNSAFE_IN_SCRIPT = /[<>&\u2028\u2029]/g

/** Writes a text as a JavaScript string literal that can stand inside a script element. */
export function quoteForScript (text: string): string {
  return JSON.stringify(text).replace(UNSAFE_IN_SCRIPT, escapeCharacter)
}

const HTML_ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Writes a text as the value of a quoted HTML attribute (IFRAME-8). */
export function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ENTITIES[character]!)
}
