import { isDeepStrictEqual } from 'node:util'
import type { ContractShape } from '../contract.ts'

/** The parts whose destinations clients subscribe to. A destination stands in one of them. */
const PARTS = ['subscriptions', 'destinations', 'requests'] as const

type Schemas = Readonly<Record<'params' | 'body' | 'answer', unknown>>

interface Entry {
  readonly part: typeof PARTS[number]
  readonly path: string
  readonly schemas: Schemas
}

/**
 * Finds the first destination that a contract and those before it describe in different ways. Returns the problem, or `null`.
 *
 * Names of parameters do not matter: `/topic/:a` and `/topic/:b` are the same destinations.
 */
export function disagreement (contract: ContractShape, others: readonly ContractShape[]): string | null {
  const known = new Map(others.flatMap(entriesOf))
  for (const [key, { part, path, schemas }] of entriesOf(contract)) {
    const other = known.get(key)
    if (other === undefined) continue
    const at = `${part}[${JSON.stringify(path)}]`
    const there = `${other.part}[${JSON.stringify(other.path)}] of another contract`
    if (part !== other.part) return `${at} stands in another part than ${there}`
    const fields = path === other.path ? ['params', 'body', 'answer'] as const : ['body', 'answer'] as const
    const different = fields.find((field) => !isDeepStrictEqual(schemas[field], other.schemas[field]))
    if (different !== undefined) return `${at} has another schema of ${different} than ${there}`
  }
  return null
}

function entriesOf (contract: ContractShape): [key: string, entry: Entry][] {
  return PARTS.flatMap((part) => Object.entries(contract[part] ?? {}).map(([path, schemas]): [string, Entry] =>
    [path.replaceAll(/:\w+/g, ':'), { part, path, schemas: schemas as unknown as Schemas }]))
}
