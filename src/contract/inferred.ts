import type { ReceivedHeaders, ReceivedParams, WireHeaders, WireParams } from './params.ts'
import type { Received, SchemaTypes, Sent, StandardTypes, Wire } from './schema-types.ts'
import type { ContractShape } from './shape.ts'

/** The type provider of a contract. */
export type TypesOf<Contract> = NonNullable<Field<Contract, '~types'>> extends infer Types extends SchemaTypes ? Types : StandardTypes

/** The type of a field, `undefined` where there is none. */
type Field<Holder, Name> = Name extends keyof Holder ? Holder[Name] : undefined

/** The destinations of one part of a contract. */
export type PathsOf<Contract extends ContractShape, Part extends keyof ContractShape> = keyof Contract[Part] & string

/** The schema in a field of an entry, `undefined` where there is none. */
type SchemaOf<Contract extends ContractShape, Part extends keyof ContractShape, Path, Name extends string> =
  Field<Field<Contract[Part], Path>, Name>

/** The value of a field that the server gives, such as the body of a destination. */
export type SentOf<Contract extends ContractShape, Part extends keyof ContractShape, Path, Name extends string> =
  Sent<TypesOf<Contract>, SchemaOf<Contract, Part, Path, Name>>

/** The value of a field that the server gets, such as the body of a message. */
export type ReceivedOf<Contract extends ContractShape, Part extends keyof ContractShape, Path, Name extends string> =
  Received<TypesOf<Contract>, SchemaOf<Contract, Part, Path, Name>>

/** The value of a field that a client gives or gets. */
export type WireOf<Contract extends ContractShape, Part extends keyof ContractShape, Path, Name extends string> =
  Wire<TypesOf<Contract>, SchemaOf<Contract, Part, Path, Name>>

/** The parameters of an entry that the server gets. */
export type ReceivedParamsOf<Contract extends ContractShape, Part extends keyof ContractShape, Path extends string> =
  ReceivedParams<TypesOf<Contract>, SchemaOf<Contract, Part, Path, 'params'>, Path>

/** The parameters that fill in the path of an entry. */
export type WireParamsOf<Contract extends ContractShape, Part extends keyof ContractShape, Path extends string> =
  WireParams<TypesOf<Contract>, SchemaOf<Contract, Part, Path, 'params'>, Path>

/** The headers of an entry that the server gets. */
export type ReceivedHeadersOf<Contract extends ContractShape, Part extends keyof ContractShape, Path> =
  ReceivedHeaders<TypesOf<Contract>, SchemaOf<Contract, Part, Path, 'headers'>>

/** The headers of an entry that a client gives. */
export type WireHeadersOf<Contract extends ContractShape, Part extends keyof ContractShape, Path> =
  WireHeaders<TypesOf<Contract>, SchemaOf<Contract, Part, Path, 'headers'>>

/** The messages with an answer at their `reply-to`. */
export type AnsweredPaths<Contract extends ContractShape> = {
  [Path in PathsOf<Contract, 'messages'>]: 'answer' extends keyof NonNullable<Contract['messages']>[Path] ? Path : never
}[PathsOf<Contract, 'messages'>]

/** The target of the answers of a message: the value of `sendTo` or `sendToUser`. */
export type TargetOf<Contract extends ContractShape, Path> =
  Field<Field<Contract['messages'], Path>, 'sendTo'> extends infer Target extends string ? Target : Field<Field<Contract['messages'], Path>, 'sendToUser'>
