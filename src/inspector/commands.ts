import { type CheckTable, expected, firstProblem, integer, oneOf, plainObject } from '../core/check.ts'

/** The names of the tables. */
export const TABLES = ['sessions', 'topics', 'queues', 'users', 'presence', 'letters'] as const

/** The name of a table. */
export type TableName = typeof TABLES[number]

/** The most rows of one answer. */
const MOST_ROWS = 500

/** All nodes together, as the target of a command. The empty text is the node that serves the page. */
export const ALL = '*'

/** A command of the page, or of the node that serves the page to another node. */
export type Command =
  | { readonly name: 'hello' }
  | { readonly name: 'numbers', readonly node: string }
  | { readonly name: 'rows', readonly node: string, readonly table: TableName, readonly from: number, readonly count: number, readonly sort: string, readonly descending: boolean, readonly filter: string }
  | { readonly name: 'session', readonly node: string, readonly session: string }
  | { readonly name: 'watch', readonly node: string, readonly session: string, readonly after: number }
  | { readonly name: 'close', readonly node: string, readonly session: string }
  | { readonly name: 'replay', readonly node: string, readonly letter: string }

/** The name of a command. */
export type CommandName = Command['name']

/** The codes of commands without a result. */
export type FailureCode = 'INVALID_COMMAND' | 'READ_ONLY' | 'NOT_FOUND' | 'NODE_AWAY' | 'NOT_POSSIBLE' | 'REFUSED' | 'FAILED'

/** A command that has no result. The text is for a person. */
export class CommandFailure extends Error {
  readonly code: FailureCode

  constructor (code: FailureCode, text: string) {
    super(text)
    this.code = code
  }
}

const textUpTo = (most: number) => expected((value) => typeof value === 'string' && value.length <= most, `a text of at most ${most} characters`)

const node = textUpTo(64)
const id = textUpTo(128)

/** The fields of each command, with their checks. All of them must be there. */
const FIELDS: Readonly<Record<CommandName, CheckTable>> = {
  hello: {},
  numbers: { node },
  rows: {
    node,
    table: oneOf(...TABLES),
    from: integer(0, 10_000_000),
    count: integer(1, MOST_ROWS),
    sort: textUpTo(32),
    descending: oneOf(true, false),
    filter: textUpTo(200)
  },
  session: { node, session: id },
  watch: { node, session: id, after: integer(0) },
  close: { node, session: id },
  replay: { node, letter: id }
}

/**
 * Checks a command that came as JSON.
 *
 * @throws CommandFailure INVALID_COMMAND. The text names the problem.
 */
export function checkCommand (value: unknown): Command {
  if (plainObject(value) !== null) throw new CommandFailure('INVALID_COMMAND', 'a command must be an object')
  const { name } = value as { name?: unknown }
  if (typeof name !== 'string' || !Object.hasOwn(FIELDS, name)) throw new CommandFailure('INVALID_COMMAND', `the command is not known; there are ${Object.keys(FIELDS).join(', ')}`)
  const fields = FIELDS[name as CommandName]
  const problem = firstProblem(value as object, fields, { passed: ['name', 'id'] })
  if (problem !== null) throw new CommandFailure('INVALID_COMMAND', `${problem.name} ${problem.problem}`)
  const missing = Object.keys(fields).find((field) => !Object.hasOwn(value as object, field) || (value as Record<string, unknown>)[field] === undefined)
  if (missing !== undefined) throw new CommandFailure('INVALID_COMMAND', `${missing} is missing`)
  return value as Command
}
