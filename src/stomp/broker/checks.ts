import { type Check, expected, firstProblem, integer, plainObject } from '../../core/check.ts'
import { stompErrors } from '../errors.ts'

export { boolean, type Check } from '../../core/check.ts'

export const atLeast = (minimum: number, maximum = Number.MAX_SAFE_INTEGER): Check => integer(minimum, maximum)
export const text = expected((value) => typeof value === 'string', 'a text')
export const list = expected(Array.isArray, 'a list')
export const fields = plainObject
export const separator = expected((value) => value === '/' || value === '.', "'/' or '.'")
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
  const problem = firstProblem(value as object, checks)
  if (problem !== null) throw new stompErrors.InvalidOption(path + problem.name, problem.problem)
}

/** Keeps the options that have a value. */
export function defined<T extends object> (options: T): { [K in keyof T]-?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}
