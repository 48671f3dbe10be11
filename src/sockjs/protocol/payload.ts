import { Buffer } from 'node:buffer'
import type { PlainTexts } from './plain-texts.ts'

/** The fault of a payload from a client, in the words of the protocol (ENC-4, ENC-5). */
export type PayloadError = 'Broken JSON encoding.' | 'Payload expected.'

const BROKEN: PayloadError = 'Broken JSON encoding.'
const EXPECTED: PayloadError = 'Payload expected.'

/** The length up to which the answer to a wrong payload is exact. Above it the first wrong token decides (SEC-S06). */
const EXACT_LIMIT = 64 * 1024

/**
 * The length up to which one test of the inside of `["…"]` is cheaper than `JSON.parse`.
 *
 * With 32 characters the test takes half of the time of `JSON.parse`, with 256 the same, and with 1,024 almost twice as much.
 */
const SHORT = 256

/**
 * Reads the body of a send, which must be a JSON array of strings (ENC-6). Returns the messages or the fault.
 *
 * With a fault, no message of the payload counts.
 */
export function decodePayload (text: string, plain: PlainTexts): string[] | PayloadError {
  if (text.length <= SHORT && text.length >= 4 && text.startsWith('["') && text.endsWith('"]')) {
    const inner = text.slice(2, -2)
    if (plain.isPlain(inner)) return [inner]
  }
  if (text === '') return EXPECTED
  if (text.length > EXACT_LIMIT) {
    const error = firstWrongToken(text)
    if (error !== null) return error
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return BROKEN
  }
  if (!Array.isArray(value) || !value.every(isString)) return EXPECTED
  if (value.length === 1 && isUnescaped(value[0]!, text)) plain.note(value[0]!)
  return value
}

/**
 * Tells whether a message stands in its payload `["…"]` as it is: without an escape, and with one byte a character.
 *
 * U+007F may be in it. No JSON escapes that, so the message can leave as it came.
 */
function isUnescaped (message: string, payload: string): boolean {
  return message.length === payload.length - 4 && Buffer.byteLength(message) === message.length
}

/** The beginning of a JSON string. A text that begins with it is a string, or broken. */
const STARTS_STRING = /^[ \t\r\n]*"/

/** Reads a WebSocket message as `decodePayload` does, and takes a single JSON string too (WS-9). */
export function decodeMessage (text: string, plain: PlainTexts): string[] | PayloadError {
  if (!STARTS_STRING.test(text)) return decodePayload(text, plain)
  try {
    return [JSON.parse(text) as string]
  } catch {
    return BROKEN
  }
}

function isString (value: unknown): value is string {
  return typeof value === 'string'
}

/**
 * Looks for a token that cannot stand in an array of strings.
 *
 * It builds no values, because a hostile body must not cost a tree of a hundred thousand nested arrays.
 */
function firstWrongToken (text: string): PayloadError | null {
  let at = skipSpace(text, 0)
  if (text[at] !== '[') return startsValue(text[at]) ? EXPECTED : BROKEN
  at = skipSpace(text, at + 1)
  if (text[at] === ']') return null
  for (;;) {
    if (text[at] !== '"') return startsValue(text[at]) ? EXPECTED : BROKEN
    at = endOfString(text, at + 1)
    if (at < 0) return BROKEN
    at = skipSpace(text, at)
    if (text[at] === ']') return null
    if (text[at] !== ',') return BROKEN
    at = skipSpace(text, at + 1)
  }
}

function skipSpace (text: string, at: number): number {
  for (;; at++) {
    const code = text.charCodeAt(at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at
  }
}

/** The position behind the closing quote, or -1. */
function endOfString (text: string, from: number): number {
  for (let at = from; ;) {
    const end = text.indexOf('"', at)
    if (end < 0) return -1
    let slashes = 0
    while (end - slashes > from && text[end - slashes - 1] === '\\') slashes++
    if (slashes % 2 === 0) return end + 1
    at = end + 1
  }
}

function startsValue (character: string | undefined): boolean {
  return character !== undefined && /[[{"\-0-9tfn]/.test(character)
}
