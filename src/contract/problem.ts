import type { ContractMessage, ContractShape } from './shape.ts'

/** A mistake in a contract: its place, and the problem in words that follow the place. */
export interface ContractProblem {
  readonly at: string
  readonly problem: string
}

type Entries = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const WORDS: readonly string[] = ['summary', 'description', 'tags', 'examples']

/** The fields of an entry, by the part of the contract in which it stands. */
const FIELDS: Readonly<Record<keyof ContractShape, readonly string[]>> = {
  messages: ['params', 'headers', 'body', 'answer', 'sendTo', 'sendToUser', ...WORDS],
  subscriptions: ['params', 'headers', 'answer', ...WORDS],
  destinations: ['params', 'body', ...WORDS],
  requests: ['params', 'body', 'answer', ...WORDS]
}

/** Finds the first mistake in a contract, or `null`. */
export function contractProblem (contract: ContractShape): ContractProblem | null {
  if (!isObject(contract)) return { at: 'the contract', problem: 'must be an object' }
  for (const part of Object.keys(contract)) {
    if (!Object.hasOwn(FIELDS, part)) return { at: part, problem: `is not a part of a contract; the parts are ${Object.keys(FIELDS).join(', ')}` }
    const entries: unknown = contract[part as keyof ContractShape]
    if (entries === undefined) continue
    if (!isObject(entries)) return { at: part, problem: 'must be an object' }
    for (const [path, entry] of Object.entries(entries as Entries)) {
      const problem = pathProblem(path) ?? entryProblem(entry, part as keyof ContractShape) ?? paramsProblem(path, entry.params) ??
        OWN_RULES[part as keyof ContractShape](path, entry, contract)
      if (problem !== null) return { at: `${part}[${JSON.stringify(path)}]`, problem }
    }
  }
  return null
}

/** The rules of each part beside those of all. */
const OWN_RULES: Readonly<Record<keyof ContractShape, (path: string, entry: object, contract: ContractShape) => string | null>> = {
  messages: (path, entry, { destinations = {} }) => targetProblem(path, entry, destinations),
  subscriptions: (path, _entry, { destinations = {} }) => Object.hasOwn(destinations, path) ? 'is among the destinations, too' : null,
  destinations: () => null,
  requests: (path, _entry, { destinations = {} }) => {
    if (!isUserPath(path)) return 'must begin with /user/, because it goes to one session'
    return Object.hasOwn(destinations, path) ? 'is among the destinations, too' : null
  }
}

/** Lists the names of the parameters in a path. */
export function paramNames (path: string): string[] {
  return path.split(/[/.]/).filter((segment) => segment.startsWith(':')).map((segment) => segment.slice(1))
}

function pathProblem (path: string): string | null {
  const [first, ...segments] = path.split(/[/.]/)
  if (first !== '' || !path.startsWith('/') || segments.includes('')) return 'must begin with /, without empty segments'
  if (segments.some((segment) => segment.includes('*'))) return 'must not be a pattern'
  const wrong = segments.find((segment) => segment.includes(':') && !/^:[A-Za-z_]\w*$/.test(segment))
  if (wrong !== undefined) return `has ${wrong}; a parameter is a whole segment, such as :room`
  const names = paramNames(path)
  return new Set(names).size < names.length ? 'names a parameter twice' : null
}

function entryProblem (entry: unknown, part: keyof ContractShape): string | null {
  if (!isObject(entry)) return 'must be an object'
  const unknown = Object.keys(entry).find((field) => !FIELDS[part].includes(field))
  return unknown === undefined ? null : `has the unknown field ${unknown}; the fields are ${FIELDS[part].join(', ')}`
}

/** Compares the parameters of a path with their schema. A JSON Schema lists them in `properties`, Zod in `shape`. */
function paramsProblem (path: string, schema: unknown): string | null {
  if (!isObject(schema)) return null
  const { properties, shape } = schema as { properties?: unknown, shape?: unknown }
  const listed = properties ?? shape
  if (!isObject(listed)) return null
  const names = paramNames(path)
  const missing = names.find((name) => !Object.hasOwn(listed, name))
  if (missing !== undefined) return `has a schema of params without ${missing}`
  const surplus = Object.keys(listed).find((name) => !names.includes(name))
  return surplus === undefined ? null : `has a schema of params with ${surplus}, which the path has not`
}

function targetProblem (path: string, { answer, sendTo, sendToUser }: ContractMessage, destinations: object): string | null {
  if ([answer, sendTo, sendToUser].filter((each) => each !== undefined).length > 1) return 'has more than one of answer, sendTo and sendToUser'
  const target = sendTo ?? sendToUser
  if (target === undefined) return null
  if (!Object.hasOwn(destinations, target)) return `sends to ${target}, which is not among the destinations`
  if (sendToUser !== undefined && !isUserPath(target)) return `has the sendToUser ${target}, which must begin with /user/`
  const unknown = paramNames(target).find((name) => !paramNames(path).includes(name))
  return unknown === undefined ? null : `sends to ${target}, but its path has no :${unknown}`
}

function isUserPath (path: string): boolean { return path.startsWith('/user/') }

function isObject (value: unknown): value is object { return typeof value === 'object' && value !== null && !Array.isArray(value) }
