import { stompErrors } from '../errors.ts'

/** Checks a value. Returns `null` where it is good, else the problem in words that follow the name of the option. */
export type Check = (value: unknown) => string | null

export const atLeast = (minimum: number, maximum = Number.MAX_SAFE_INTEGER): Check => (value) =>
  Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum
    ? null
    : `must be an integer from ${minimum} to ${maximum}`
export const boolean: Check = (value) => typeof value === 'boolean' ? null : 'must be true or false'
export const text: Check = (value) => typeof value === 'string' ? null : 'must be a text'
export const list: Check = (value) => Array.isArray(value) ? null : 'must be a list'
export const fields: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value) ? null : 'must be an object'
export const separator: Check = (value) => value === '/' || value === '.' ? null : "must be '/' or '.'"
export const prefix: Check = (value) => typeof value === 'string' && /^(\/[^/*]+)+$/.test(value)
  ? null
  : 'must begin with /, not end with it, and hold no *'
export const prefixes: Check = (value) => Array.isArray(value)
  ? value.length === 0 ? 'must name one prefix at least' : value.map(prefix).find((wrong) => wrong !== null) ?? null
  : prefix(value)

export const MAX_MILLISECONDS = 2 ** 31 - 1
export const ONE_OR_MORE = atLeast(1)
export const milliseconds = atLeast(1, MAX_MILLISECONDS)

/**
 * Checks options, field by field. `where` names the options, and `path` stands before the name of a field.
 *
 * @throws FST_STOMP_INVALID_OPTION
 */
export function checkOptions (where: string, value: unknown, checks: Readonly<Record<string, Check>>, path = `${where}.`): void {
  const wrong = fields(value)
  if (wrong !== null) throw new stompErrors.InvalidOption(where, wrong)
  for (const [name, field] of Object.entries(value as object)) {
    if (field === undefined) continue
    const problem = Object.hasOwn(checks, name) ? checks[name]!(field) : 'is not known'
    if (problem !== null) throw new stompErrors.InvalidOption(path + name, problem)
  }
}

/** Keeps the options that have a value. */
export function defined<T extends object> (options: T): { [K in keyof T]-?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}
