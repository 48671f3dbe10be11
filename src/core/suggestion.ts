import { shorten } from './shorten.ts'

/** The most characters of a name that are compared and shown. */
const SHOWN_LENGTH = 60

/**
 * Says that a name is not known, and which one was probably meant.
 *
 * `hints` has answers for names from elsewhere, such as another package. For other names the nearest of `known` is named.
 */
export function unknownName (name: string, known: Iterable<string>, hints: Readonly<Record<string, string>> = {}): string {
  if (Object.hasOwn(hints, name)) return `is not known; ${hints[name]}`
  const near = nearestName(name, known)
  return near === undefined ? 'is not known' : `is not known; did you mean ${near}?`
}

/** Finds the known name that a misspelt one was probably meant to be. Returns `undefined` if none is near. */
export function nearestName (name: string, known: Iterable<string>): string | undefined {
  const given = letters(name)
  let nearest: string | undefined
  // A third of the letters may be wrong. With more, a short name would match nearly every known one.
  let least = Math.floor(given.length / 3) + 1
  for (const candidate of known) {
    const distance = editDistance(given, letters(candidate))
    if (distance < least) {
      nearest = candidate
      least = distance
    }
  }
  return nearest
}

/** Reduces a name to its letters, so that `xhr-polling`, `xhr_polling` and `XhrPolling` are one name. */
function letters (name: string): string {
  return name.slice(0, SHOWN_LENGTH).toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** Counts the letters to add, remove, replace or swap until one text is the other. */
function editDistance (a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, k) => k)]
  for (let i = 1; i <= a.length; i++) {
    const above = rows[i - 1]!
    const row = [i]
    for (let k = 1; k <= b.length; k++) {
      const replaced = above[k - 1]! + (a[i - 1] === b[k - 1] ? 0 : 1)
      const swapped = i > 1 && k > 1 && a[i - 1] === b[k - 2] && a[i - 2] === b[k - 1] ? rows[i - 2]![k - 2]! + 1 : Infinity
      row.push(Math.min(above[k]! + 1, row[k - 1]! + 1, replaced, swapped))
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}

/** Writes a value for an error text, short and on one line, and calls no code of the value. */
export function shown (value: unknown): string {
  if (typeof value === 'string') return shorten(JSON.stringify(value), SHOWN_LENGTH)
  if (typeof value === 'bigint') return shorten(`${value}n`, SHOWN_LENGTH)
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object'
}
