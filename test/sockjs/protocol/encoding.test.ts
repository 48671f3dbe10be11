import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { type PayloadError, PlainTexts, quote } from '../../../src/sockjs/protocol/index.ts'
import * as protocol from '../../../src/sockjs/protocol/index.ts'
import { escapeHtml, isPlain, quoteForScript } from '../../../src/sockjs/protocol/quote.ts'

/** All payloads of this file are of one endpoint. */
const plain = new PlainTexts()
const decodePayload = (text: string): string[] | PayloadError => protocol.decodePayload(text, plain)
const decodeMessage = (text: string): string[] | PayloadError => protocol.decodeMessage(text, plain)

const BROKEN = 'Broken JSON encoding.'
const EXPECTED = 'Payload expected.'

/** What must never leave unescaped (ENC-1, ENC-2); surrogates only where they stand alone. */
const RAW_ESCAPABLE = /[\u0000-\u001f\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]|\p{Surrogate}/u

/** Any string at all: lone surrogates, pairs, and often what needs escaping. */
const anyText = fc.array(fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('"', '\\', '%', '</script>', '&', '\r\n', '\0', '\u2028', '\u2029', '\ufeff', '\uffff', '\ud83d', '\ude00', '😀')
), { maxLength: 12 }).map((parts) => parts.join(''))

test('ENC-1 ENC-2 every code unit leaves as it must', async (t) => {
  const shortForms: Record<string, string> = {
    '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '"': '\\"', '\\': '\\\\'
  }
  const escaped = [[0x00, 0x1f], [0x200c, 0x200f], [0x2028, 0x202f], [0x2060, 0x206f], [0xd800, 0xdfff], [0xfff0, 0xffff]] as const
  const wrong: string[] = []
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code)
    const hex = code.toString(16).padStart(4, '0')
    const must = escaped.some(([from, to]) => code >= from && code <= to) ? '\\u' + hex : character
    const literal = '"' + (shortForms[character] ?? must) + '"'
    if (quote(character) !== literal) wrong.push(hex)
    if (isPlain(character) !== (code >= 0x20 && code <= 0x7e && character !== '"' && character !== '\\')) wrong.push('plain ' + hex)
  }
  t.strictSame(wrong, [])
})

test('ENC-1 ENC-2 quoting, literally', async (t) => {
  const rows: [string, string][] = [
    ['', '""'],
    ['x', '"x"'],
    ['a b/c~', '"a b/c~"'],
    ['"\\', '"\\"\\\\"'],
    ['\u0000\u0001\u001f\u007f', '"\\u0000\\u0001\\u001f\u007f"'],
    ['  \u0000\n\r ', '"  \\u0000\\n\\r "'],
    ['\u200b\u200c\u200f\u2010', '"\u200b\\u200c\\u200f\u2010"'],
    ['\u2027\u2028\u2029\u202f\u2030', '"\u2027\\u2028\\u2029\\u202f\u2030"'],
    ['\u205f\u2060\u206f\u2070', '"\u205f\\u2060\\u206f\u2070"'],
    ['\uffef\ufff0\ufffe\uffff', '"\uffef\\ufff0\\ufffe\\uffff"'],
    ['\ud800', '"\\ud800"'],
    ['\udfffx\udbff', '"\\udfffx\\udbff"'],
    ['\ude00\ud83d', '"\\ude00\\ud83d"'],
    ['\ud83d😀\ude00', '"\\ud83d😀\\ude00"'],
    ['é日😀', '"é日😀"']
  ]
  for (const [text, literal] of rows) t.equal(quote(text), literal)
  t.strictSame(Buffer.from(quote('😀')), Buffer.from([0x22, 0xf0, 0x9f, 0x98, 0x80, 0x22]), 'a pair is four bytes of UTF-8')
})

test('ENC-1 ENC-2 every string comes back, and nothing dangerous leaves raw', async (t) => {
  fc.assert(fc.property(anyText, (text) => {
    const quoted = quote(text)
    return JSON.parse(quoted) === text && !RAW_ESCAPABLE.test(quoted) && Buffer.from(quoted).toString() === quoted
  }), { numRuns: 2000 })
  t.ok(RAW_ESCAPABLE.test('\ud800') && !RAW_ESCAPABLE.test('😀'), 'the check itself knows lone surrogates from pairs')
})

test('HTMLFILE-8 JSONP-20 a script literal means the text and cannot end the script', async (t) => {
  t.equal(quoteForScript('a["x"]'), '"a[\\"x\\"]"')
  t.equal(quoteForScript('</script><!--&\u2028\u2029'), '"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\\u2029"')
  fc.assert(fc.property(anyText, (text) => {
    const literal = quoteForScript(text)
    return JSON.parse(literal) === text && !/[<>&\u2028\u2029\r\n\0]/.test(literal)
  }), { numRuns: 2000 })
})

test('IFRAME-8 an attribute value cannot end its attribute', async (t) => {
  t.equal(escapeHtml('/a?b=1&c=\'"<>'), '/a?b=1&amp;c=&#39;&quot;&lt;&gt;')
  t.equal(escapeHtml('/sockjs.js'), '/sockjs.js')
})

/** Payload, and what comes of it as the body of a send. */
const PAYLOADS: readonly (readonly [string, string, readonly string[] | string])[] = [
  ['ENC-3', '["\\u0000\\ud800\\uffff\\u2028\\ud83d\\ude00"]', ['\0\ud800\uffff\u2028😀']],
  ['ENC-4', '["a', BROKEN],
  ['ENC-4', '["a"', BROKEN],
  ['ENC-4', '["a",]', BROKEN],
  ['ENC-4', '[,"a"]', BROKEN],
  ['ENC-4', '["a""b"]', BROKEN],
  ['ENC-4', '["a"] x', BROKEN],
  ['ENC-4', '["a"]["b"]', BROKEN],
  ['ENC-4', '["\\x"]', BROKEN],
  ['ENC-4', '["\\"]', BROKEN],
  ['ENC-4', '["a\nb"]', BROKEN],
  ['ENC-4', '["a\tb"]', BROKEN],
  ['ENC-4', '["\u0000"]', BROKEN],
  ['ENC-4', "['a']", BROKEN],
  ['ENC-4', '["]', BROKEN],
  ['ENC-4', '[', BROKEN],
  ['ENC-4', ']', BROKEN],
  ['ENC-4', 'undefined', BROKEN],
  ['ENC-4', ' ', BROKEN],
  ['ENC-5', '', EXPECTED],
  ['ENC-5', '{"a":1}', EXPECTED],
  ['ENC-5', '{}', EXPECTED],
  ['ENC-5', '"x"', EXPECTED],
  ['ENC-5', '123', EXPECTED],
  ['ENC-5', '-1', EXPECTED],
  ['ENC-5', 'null', EXPECTED],
  ['ENC-5', 'true', EXPECTED],
  ['ENC-5', 'false', EXPECTED],
  ['ENC-6', '[1]', EXPECTED],
  ['ENC-6', '[-1.5e3]', EXPECTED],
  ['ENC-6', '[true]', EXPECTED],
  ['ENC-6', '[false]', EXPECTED],
  ['ENC-6', '[null]', EXPECTED],
  ['ENC-6', '[{}]', EXPECTED],
  ['ENC-6', '[["n"]]', EXPECTED],
  ['ENC-6', '["a",1]', EXPECTED],
  ['ENC-6', '["a",["b"]]', EXPECTED],
  ['ENC-6', '["a", "b", null]', EXPECTED],
  ['ENC-7', '[]', []],
  ['ENC-7', ' [ ] ', []],
  ['ENC-8', '[""]', ['']],
  ['ENC-8', '["",""]', ['', '']],
  ['ENC-9', ' ["a"]', ['a']],
  ['ENC-9', '\r\n\t[ "a" ,\n"b"\t] \r\n', ['a', 'b']],
  ['ENC-9', '\u00a0["a"]', BROKEN],
  ['ENC-10', '\ufeff["a"]', BROKEN],
  ['ENC-10', '["\ufeff"]', ['\ufeff']],
  ['XHR-SEND-1', '["x"]', ['x']],
  ['XHR-SEND-1', '["a","b"]', ['a', 'b']],
  ['XHR-SEND-1', '["a\\"]","b"]', ['a"]', 'b']],
  ['XHR-SEND-1', '["\\\\","b\\\\\\""]', ['\\', 'b\\"']],
  ['XHR-SEND-1', '["],["]', ['],[']],
  ['XHR-SEND-1', '["é😀\u2028"]', ['é😀\u2028']]
]

/** A payload in the name of an assertion. */
function shown (text: string): string {
  return text.replace(/[^ -~]/g, (character) => `U+${character.charCodeAt(0).toString(16)}`)
}

/** White space that makes a payload too large for the exact mode. */
const PADDING = ' '.repeat(65_536)

test('ENC-3 to ENC-10 payloads, small and large', async (t) => {
  for (const [row, text, result] of PAYLOADS) {
    t.strictSame(decodePayload(text), result, `${row} ${shown(text)}`)
    // With an empty text no padding applies; padded white space alone is no longer an empty body.
    if (text === '') continue
    t.strictSame(decodePayload(text + PADDING), result, `${row} ${shown(text)} with much white space behind`)
    if (text[0] === '\ufeff') continue
    t.strictSame(decodePayload(PADDING + text), result, `${row} ${shown(text)} with much white space before`)
  }
  t.equal(decodePayload(PADDING), BROKEN)
})

test('ENC-6 in a large payload the first wrong token decides', async (t) => {
  const long = '"' + 'x'.repeat(70_000) + '"'
  t.equal(decodePayload(`[${long},1,`), EXPECTED)
  t.equal(decodePayload(`[${long} 1]`), BROKEN)
  t.equal(decodePayload(`[${long},x]`), BROKEN)
  t.equal(decodePayload(`[${long}`), BROKEN)
  t.equal(decodePayload(`[${long},"\\`), BROKEN)
  t.equal(decodePayload(`{${long}`), EXPECTED)
  t.equal(decodePayload(`[${long}]`)[0]?.length, 70_000)
  t.equal(decodePayload(`[${long},"\\u12"]`), BROKEN)
  t.equal(decodePayload(`["${'\\"'.repeat(40_000)}"]`)[0], '"'.repeat(40_000))
})

test('SEC-S06 deep nesting costs nothing and breaks nothing', async (t) => {
  for (const depth of [1_000, 30_000, 100_000]) {
    t.equal(decodePayload('['.repeat(depth) + ']'.repeat(depth)), EXPECTED)
    t.equal(decodePayload('["a",' + '['.repeat(depth) + ']'.repeat(depth) + ']'), EXPECTED)
    t.equal(decodePayload('{"a":'.repeat(depth) + '1' + '}'.repeat(depth)), EXPECTED)
    t.equal(decodeMessage('['.repeat(depth) + ']'.repeat(depth)), EXPECTED)
    t.equal(decodeMessage('"a"' + '['.repeat(depth)), BROKEN)
  }
})

test('WS-2 WS-3 WS-8 WS-9 a WebSocket message is a payload or one string', async (t) => {
  for (const [row, text, result] of PAYLOADS) {
    if (text !== '"x"') t.strictSame(decodeMessage(text), result, `${row} ${shown(text)}`)
  }
  t.strictSame(decodeMessage('"x"'), ['x'])
  t.strictSame(decodeMessage('""'), [''])
  t.strictSame(decodeMessage('"[\\"x\\"]"'), ['["x"]'])
  t.equal(decodeMessage('"x'), BROKEN)
  t.equal(decodeMessage('"x" "y"'), BROKEN)
})

/** What a payload means by JSON's own rules. */
function reference (text: string): readonly string[] | string {
  if (text === '') return EXPECTED
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return BROKEN
  }
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : EXPECTED
}

const isList = (result: unknown): boolean => Array.isArray(result)

test('ENC-4 to ENC-6 any text at all is answered, as JSON has it', async (t) => {
  const payload = fc.array(fc.oneof({ weight: 8, arbitrary: anyText.map((text) => JSON.stringify(text)) }, { weight: 1, arbitrary: fc.json() }))
    .map((items) => `[${items.join(',')}]`)
  // Payloads with one character taken out, doubled or put in.
  const damaged = fc.tuple(payload, fc.nat(), fc.constantFrom('', '"', '\\', ',', '[', ']', ' ', '\n', '1'))
    .map(([text, at, character]) => text.slice(0, at % (text.length + 1)) + character + text.slice(at % (text.length + 1) + 1))
  const texts = fc.oneof(anyText, payload, damaged, fc.json(), anyText.map((text) => `["${text}"]`))
  fc.assert(fc.property(texts, (text) => {
    const expected = reference(text)
    assert.deepEqual(decodePayload(text), expected)
    // White space may stand before the string, as everywhere in JSON.
    const single = /^[ \t\r\n]*"/.test(text) && expected === EXPECTED ? [JSON.parse(text)] : expected
    assert.deepEqual(decodeMessage(text), single)
  }), { numRuns: 1000 })
  // The large mode accepts the same payloads and reads the same messages.
  fc.assert(fc.property(texts, (text) => {
    const large = decodePayload(PADDING + text)
    const small = reference(' ' + text)
    return isList(small) || isList(large) ? JSON.stringify(large) === JSON.stringify(small) : large === BROKEN || large === EXPECTED
  }), { numRuns: 300 })
  t.pass('agreed')
})

test('a message that came in leaves as any other text, whatever its length', async (t) => {
  // The reader remembers the last message without an escape, so that the writer does not look at it again.
  const long = fc.tuple(fc.string({ minLength: 1 }), fc.nat(600), anyText).map(([start, times, end]) => start.repeat(times) + end)
  const white = fc.constantFrom('', ' ', '\n')
  fc.assert(fc.property(fc.oneof(anyText, long), white, (text, space) => {
    for (const payload of [JSON.stringify([text]), `[${space}${JSON.stringify(text)}${space}]`, `["${text}"]`]) {
      const read = decodePayload(payload)
      if (!Array.isArray(read)) continue
      for (const message of read as string[]) {
        // One character before it is a text that no reader has seen.
        assert.equal(quote(message), `"${quote('"' + message).slice(3)}`)
        assert.ok(!isPlain(message) || Buffer.byteLength(quote(message)) === message.length + 2)
      }
    }
  }), { numRuns: 2000 })
  t.pass('agreed')
})
