import type { Received, SchemaTypes, Wire } from './schema-types.ts'

/** The names of the `:name` parts of a path. */
export type ParamNames<Path extends string> = string extends Path
  ? string
  : Path extends `${string}:${infer Rest}` ? FirstPart<Rest> | ParamNames<Rest> : never

/** The text up to the next separator. */
type FirstPart<Text extends string> =
  Text extends `${infer Part}/${string}` ? FirstPart<Part> : Text extends `${infer Part}.${string}` ? Part : Text

/** The parameters that the server gets. Without a schema they are texts, and with one whose type is not known they are `unknown`. */
export type ReceivedParams<Types extends SchemaTypes, Schema, Path extends string> =
  OrByName<Received<Types, Schema>, Path, [Schema] extends [undefined] ? string : unknown>

/** The parameters that fill a path in, at the client and at the server. */
export type WireParams<Types extends SchemaTypes, Schema, Path extends string> = OrByName<Wire<Types, Schema>, Path, string | number>

type OrByName<Type, Path extends string, Value> = unknown extends Type ? { [Name in ParamNames<Path>]: Value } : Type

/** The headers that the server gets. */
export type ReceivedHeaders<Types extends SchemaTypes, Schema> = OrTexts<Received<Types, Schema>>

/** The headers that a client gives. */
export type WireHeaders<Types extends SchemaTypes, Schema> = OrTexts<Wire<Types, Schema>>

type OrTexts<Type> = unknown extends Type ? Readonly<Record<string, string>> : Type
