/**
 * The types of schemas. It has the form of Fastify's type providers, so that each of them can stand here.
 *
 * The members are derived from `this['schema']`. `wire` may be left out. Then a client has the types of `validator`.
 */
export interface SchemaTypes {
  /** The type of the schema. */
  readonly schema: unknown
  /** The type of a value that the server gets, behind the validation. */
  readonly validator: unknown
  /** The type of a value that the server gives, before it is serialised. */
  readonly serializer: unknown
}

/** The types of schemas that say them: those of Standard Schema, such as Zod, and of TypeBox 0. A JSON Schema gives `unknown`. */
export interface StandardTypes extends SchemaTypes {
  readonly validator: TypeIn<this['schema'], 'output'>
  readonly serializer: TypeIn<this['schema'], 'output'>
  /** The type of a value in JSON, which a client gives or gets. */
  readonly wire: TypeIn<this['schema'], 'input'>
}

type TypeIn<Schema, Side extends 'input' | 'output'> =
  Schema extends { readonly '~standard': { readonly types?: infer Types } }
    ? NonNullable<Types> extends Readonly<Record<Side, infer Type>> ? Type : unknown
    : Schema extends { readonly static: infer Type } ? Type : unknown

/** The type of a value that the server gets. It is `unknown` where there is no schema, or where its type is not known. */
export type Received<Types extends SchemaTypes, Schema> = OrUnknown<Schema, (Types & HasSchema<Schema>)['validator']>

/** The type of a value that the server gives. It is `unknown` where there is no schema, or where its type is not known. */
export type Sent<Types extends SchemaTypes, Schema> = OrUnknown<Schema, (Types & HasSchema<Schema>)['serializer']>

/** The type of a value that a client gives or gets. It is `unknown` where there is no schema, or where its type is not known. */
export type Wire<Types extends SchemaTypes, Schema> =
  OrUnknown<Schema, Types & HasSchema<Schema> extends HasWire<infer Type> ? Type : (Types & HasSchema<Schema>)['validator']>

interface HasSchema<Schema> { readonly schema: Schema }

interface HasWire<Type> { readonly wire: Type }

type OrUnknown<Schema, Type> = [Schema] extends [undefined] ? unknown : Type
