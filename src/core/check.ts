import { shown, unknownName } from './suggestion.ts'

/** Checks a value. Returns `null` where it is good, else the problem in words that follow the name of the option. */
export type Check = (value: unknown) => string | null

/** The checks of a set of options, by the name of the option. */
export type CheckTable = Readonly<Record<string, Check>>

/** Answers for names that are not known, by name. Each answer says which option was meant. */
export type Hints = Readonly<Record<string, string>>

/** Accepts the values for which `isGood` is true. `expectation` describes them: "an integer", "a function". */
export function expected (isGood: (value: unknown) => boolean, expectation: string): Check {
  return (value) => isGood(value) ? null : `must be ${expectation}, not ${shown(value)}`
}

export function integer (minimum: number, maximum: number): Check {
  return expected((value) => Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum,
    `an integer from ${minimum} to ${maximum}`)
}

export const boolean = expected((value) => typeof value === 'boolean', 'true or false')
export const func = expected((value) => typeof value === 'function', 'a function')
export const text = expected((value) => typeof value === 'string' && value !== '', 'a text that is not empty')
export const plainObject = expected((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'an object')

export function oneOf (...values: readonly unknown[]): Check {
  return expected((value) => values.includes(value), `one of ${values.map(shown).join(', ')}`)
}

/** Accepts the values that one of the checks accepts. `expectation` describes all of them. */
export function either (expectation: string, ...checks: readonly Check[]): Check {
  return expected((value) => checks.some((check) => check(value) === null), expectation)
}

/** Accepts a list whose every place holds a good value. A place that was left out (`[, 1]`) holds `undefined`. */
export function list (item: Check, expectation: string): Check {
  const isList = expected(Array.isArray, expectation)
  return (value) => {
    const wrong = isList(value)
    if (wrong !== null) return wrong
    for (const [i, entry] of (value as unknown[]).entries()) {
      const problem = item(entry)
      if (problem !== null) return `has a wrong entry: number ${i + 1} ${problem}`
    }
    return null
  }
}

/** Accepts an object whose fields are all known and good. */
export function fields (table: CheckTable, hints: Hints = {}): Check {
  return (value) => {
    const wrong = plainObject(value)
    if (wrong !== null) return wrong
    const problem = firstProblem(value as object, table, { hints })
    return problem === null ? null : `has a wrong field: ${problem.name} ${problem.problem}`
  }
}

export interface CheckedNames {
  /** Names of options that are checked elsewhere. */
  readonly passed?: readonly string[]
  readonly hints?: Hints
}

/** Finds the first value that is wrong or that has no check. An undefined value counts as left out. */
export function firstProblem (options: object, table: CheckTable, { passed = [], hints = {} }: CheckedNames = {}): { name: string, problem: string } | null {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || passed.includes(name)) continue
    const check = Object.hasOwn(table, name) ? table[name] : undefined
    const problem = check === undefined ? unknownName(name, [...Object.keys(table), ...passed], hints) : check(value)
    if (problem !== null) return { name, problem }
  }
  for (const name of [...Object.keys(table), ...passed]) {
    if (name in options && !Object.hasOwn(options, name)) return { name, problem: 'is inherited from a prototype and would not count; set it on the options themselves' }
  }
  return null
}
