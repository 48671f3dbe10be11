/** Expectations: each throws a Mismatch that says what was looked at, what should have come and what came. */
import { inspect, isDeepStrictEqual } from 'node:util'

export class Mismatch extends Error {
  readonly what: string
  readonly expected: string
  readonly received: string

  constructor (what: string, expected: string, received: string) {
    super(`${what}: expected ${expected}, received ${received}`)
    this.name = 'Mismatch'
    this.what = what
    this.expected = expected
    this.received = received
  }
}

/** Thrown by a case that cannot be run against this server; the reason is reported. */
export class NotApplicable extends Error {}

const controls: Record<string, string> = { '\r': '␍', '\n': '␊\n', '\t': '␉', '\0': '␀' }

/** Text with its control characters visible; a line break stays a line break. */
export function visible (bytes: string | Uint8Array): string {
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')
  return text.replace(/[\x00-\x1f\x7f\u2028\u2029\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (found) => controls[found] ?? `⟨${found.charCodeAt(0).toString(16).padStart(4, '0')}⟩`)
}

const shownLength = 400

/** The neighbourhood of the first difference, where the whole is too long to be read. */
function excerpt (bytes: Buffer, from: number): string {
  const start = Math.max(0, Math.min(from - 40, bytes.length - 80))
  const shown = visible(bytes.subarray(bytes.length <= shownLength ? 0 : start, bytes.length <= shownLength ? bytes.length : start + shownLength / 2))
  return bytes.length <= shownLength ? shown : `${start > 0 ? '…' : ''}${shown}… (${bytes.length} bytes)`
}

export function expectBytes (received: string | Uint8Array, expected: string | Uint8Array, what: string): void {
  const left = Buffer.from(received)
  const right = Buffer.from(expected)
  if (left.equals(right)) return
  let at = 0
  while (at < left.length && left[at] === right[at]) at += 1
  throw new Mismatch(`${what} (differs at byte ${at})`, excerpt(right, at), excerpt(left, at))
}

export function expectEqual (received: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(received, expected)) return
  throw new Mismatch(what, shown(expected), shown(received))
}

/** `expected` says in words what `holds` stands for. */
export function expectThat (holds: boolean, what: string, expected: string, received: unknown): asserts holds {
  if (!holds) throw new Mismatch(what, expected, typeof received === 'string' ? excerpt(Buffer.from(received), 0) : shown(received))
}

export function expectMatch (received: string | undefined, pattern: RegExp, what: string): void {
  expectThat(received !== undefined && pattern.test(received), what, `something that matches ${pattern}`, received ?? 'nothing')
}

function shown (value: unknown): string {
  const text = inspect(value, { depth: 4, maxArrayLength: 12, maxStringLength: 200, breakLength: 120 })
  return text.length > 1200 ? `${text.slice(0, 1200)}…` : text
}
