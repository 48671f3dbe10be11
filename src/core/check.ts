import { shown, unknownName } from './suggestion.ts'

/** Checks a value. Returns `null` if it is good, else the problem in words that follow the name of the option. */
export type Check = (value: unknown) => string | null

/** The checks of a set of options, by the name of the option. */
export type CheckTable = Readonly<Record<string, Check>>

/** Answers for names that are not known, by name. Each answer says which option was meant. */
export type Hints = Readonly<Record<string, string>>

/** Writes the hint for an option that has another name here. */
export const called = (name: string): string => `it is called ${name} here`
/** Writes the hint for an option that stands in another object. */
export const inside = (place: string, name: string): string => `it stands in ${place}: { ${name}: … }`

/** Accepts the values for which `isGood` is true. `expectation` describes them: "an integer", "a function". */
export function expected (isGood: (value: unknown) => boolean, expectation: string): Check {
  return (value) => isGood(value) ? null : `must be ${expectation}, not ${shown(value)}`
}

/** Accepts a whole number. Without a maximum, it accepts all that a number holds exactly. */
export function integer (minimum: number, maximum = Number.MAX_SAFE_INTEGER): Check {
  return expected((value) => Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum,
    `an integer from ${minimum} to ${maximum}`)
}

/** The longest time that a timer of Node can wait. */
export const MAX_MILLISECONDS = 2 ** 31 - 1

export const milliseconds = integer(1, MAX_MILLISECONDS)
/** Accepts an interval in milliseconds. 0 is none. */
export const interval = integer(0, MAX_MILLISECONDS)
export const twoIntervals = expected((value) => Array.isArray(value) && value.length === 2 && value.every((each) => interval(each) === null),
  'two numbers of milliseconds, such as [10000, 10000]')
export const count = integer(1)
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

/** The class of the error about a wrong option. It gets the name of the option and the problem. */
export type OptionError = new (name: string, problem: string) => Error

export interface OptionRules extends CheckedNames {
  /** The text before the name of each option in an error. The name of the whole and a dot by default. */
  readonly path?: string
  /** Names of options that must be there. */
  readonly required?: readonly string[]
}

/** Checks options, and throws an error about the first problem. `whole` names all of them together, such as `limits`. */
export function checkOptions (WrongOption: OptionError, whole: string, options: unknown, table: CheckTable, rules: OptionRules = {}): void {
  const { path = `${whole}.`, required = [] } = rules
  const wrong = plainObject(options)
  if (wrong !== null) throw new WrongOption(whole, wrong)
  const found = firstProblem(options as object, table, rules)
  if (found !== null) throw new WrongOption(path + found.name, found.problem)
  for (const name of required) {
    const problem = table[name]!((options as Record<string, unknown>)[name])
    if (problem !== null) throw new WrongOption(path + name, problem)
  }
}

/** Keeps the options that have a value. */
export function defined<T extends object> (options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}
