import type { ReceivedHeaders, ReceivedParams, SentHeaders, SentParams } from './params.ts'
import type { Received, SchemaTypes, Sent, StandardTypes } from './schema-types.ts'
import type { ContractShape } from './shape.ts'

/** The type provider of a contract. */
export type TypesOf<Contract> = Contract extends { readonly '~types'?: infer Types }
  ? NonNullable<Types> extends SchemaTypes ? NonNullable<Types> : StandardTypes
  : StandardTypes

/** The destinations of one part of a contract. */
export type PathsOf<Contract extends ContractShape, Part extends keyof ContractShape> = keyof Contract[Part] & string

/** The schema in a field of an entry, `undefined` where there is none. */
type SchemaOf<Contract extends ContractShape, Part extends keyof ContractShape, Path, Field extends string> =
  Path extends keyof Contract[Part] ? Contract[Part][Path] extends { readonly [Name in Field]: infer Schema } ? Schema : undefined : undefined

/** A value of an entry at the side that gives it. */
export type SentOf<Contract extends ContractShape, Part extends keyof ContractShape, Path, Field extends string> =
  Sent<TypesOf<Contract>, SchemaOf<Contract, Part, Path, Field>>

/** A value of an entry at the side that gets it. */
export type ReceivedOf<Contract extends ContractShape, Part extends keyof ContractShape, Path, Field extends string> =
  Received<TypesOf<Contract>, SchemaOf<Contract, Part, Path, Field>>

/** The parameters of an entry at the side that fills them in. */
export type SentParamsOf<Contract extends ContractShape, Part extends keyof ContractShape, Path extends string> =
  SentParams<TypesOf<Contract>, SchemaOf<Contract, Part, Path, 'params'>, Path>

/** The parameters of an entry at the side that reads them. */
export type ReceivedParamsOf<Contract extends ContractShape, Part extends keyof ContractShape, Path extends string> =
  ReceivedParams<TypesOf<Contract>, SchemaOf<Contract, Part, Path, 'params'>, Path>

/** The headers of an entry at the side that gives them. */
export type SentHeadersOf<Contract extends ContractShape, Part extends keyof ContractShape, Path> =
  SentHeaders<TypesOf<Contract>, SchemaOf<Contract, Part, Path, 'headers'>>

/** The headers of an entry at the side that reads them. */
export type ReceivedHeadersOf<Contract extends ContractShape, Part extends keyof ContractShape, Path> =
  ReceivedHeaders<TypesOf<Contract>, SchemaOf<Contract, Part, Path, 'headers'>>

/** The messages with an answer at their `reply-to`. */
export type AnsweredPaths<Contract extends ContractShape> = {
  [Path in PathsOf<Contract, 'messages'>]: NonNullable<Contract['messages']>[Path] extends { readonly answer: unknown } ? Path : never
}[PathsOf<Contract, 'messages'>]

/** The target of the answers of a message: the value of `sendTo` or `sendToUser`. */
export type TargetOf<Contract extends ContractShape, Path> = Path extends keyof Contract['messages']
  ? Contract['messages'][Path] extends { readonly sendTo: infer Target } | { readonly sendToUser: infer Target } ? Target : undefined
  : undefined
