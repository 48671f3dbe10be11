import type { ParamNames } from './params.ts'
import { contractProblem } from './problem.ts'
import type { SchemaTypes, StandardTypes } from './schema-types.ts'
import type { ContractDestination, ContractMessage, ContractRequest, ContractShape, ContractSubscription } from './shape.ts'

/** A contract, with the types of its schemas. */
export type Contract<Shape extends ContractShape = ContractShape, Types extends SchemaTypes = StandardTypes> = Shape & {
  /** The types of the schemas. The property has no value. */
  readonly '~types'?: Types
}

/** The entry types, by part. */
interface EntryTypes {
  messages: ContractMessage
  subscriptions: ContractSubscription
  destinations: ContractDestination
  requests: ContractRequest
}

/** The form that the compiler asks of a contract: known fields, and targets that are destinations and fit the path. */
export type Checked<Shape extends ContractShape> = {
  readonly [Part in keyof Shape]: Part extends keyof EntryTypes
    ? { readonly [Path in keyof Shape[Part]]: CheckedEntry<Shape, Part, Path, Shape[Part][Path]> }
    : never
}

type CheckedEntry<Shape extends ContractShape, Part extends keyof EntryTypes, Path, Entry> = {
  readonly [Field in keyof Entry]: Field extends keyof EntryTypes[Part]
    ? Field extends 'sendTo' | 'sendToUser' ? TargetFor<Shape, Path> : EntryTypes[Part][Field]
    : never
}

/** The destinations whose parameters the path of a message has all. */
type TargetFor<Shape extends ContractShape, Path> = {
  [Target in keyof Shape['destinations'] & string]: [ParamNames<Target>] extends [ParamNames<Path & string>] ? Target : never
}[keyof Shape['destinations'] & string]

/**
 * Checks a contract, and returns it. Server and clients import it, so it stands in a file without code of either.
 *
 * The schemas of Zod and of TypeBox 0, and all of Standard Schema, say their types. For other schemas name a type provider, and call the result:
 * `defineContract<TypeBoxTypeProvider>()({ … })`.
 *
 * @throws TypeError with the code FST_STOMP_INVALID_CONTRACT, with the place of the mistake
 */
export function defineContract<const Shape extends ContractShape> (contract: Shape & Checked<Shape>): Contract<Shape>
/** Names a type provider. The result takes the contract. */
export function defineContract<Types extends SchemaTypes> (): <const Shape extends ContractShape>(contract: Shape & Checked<Shape>) => Contract<Shape, Types>
export function defineContract (...given: [ContractShape?]): unknown {
  return given.length === 0 ? checked : checked(given[0]!)
}

function checked (contract: ContractShape): ContractShape {
  const wrong = contractProblem(contract)
  if (wrong === null) return contract
  throw Object.assign(new TypeError(`contract: ${wrong.at} ${wrong.problem}`), { code: 'FST_STOMP_INVALID_CONTRACT' })
}
