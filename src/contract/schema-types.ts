/**
 * The types of schemas. It has the form of Fastify's type providers, so that each of them can stand here.
 *
 * `validator` is the type of a value behind the validation, and `serializer` that of a value that is given to be sent. Both are derived from `this['schema']`.
 */
export interface SchemaTypes {
  /** The type of the schema. */
  readonly schema: unknown
  /** The type of a value that the receiver gets. */
  readonly validator: unknown
  /** The type of a value that the sender gives. */
  readonly serializer: unknown
}

/** The types of schemas that say them: those of Standard Schema, such as Zod, and of TypeBox 0. A JSON Schema gives `unknown`. */
export interface StandardTypes extends SchemaTypes {
  readonly validator: TypeIn<this['schema'], 'output'>
  readonly serializer: TypeIn<this['schema'], 'input'>
}

type TypeIn<Schema, Side extends 'input' | 'output'> =
  Schema extends { readonly '~standard': { readonly types?: infer Types } }
    ? NonNullable<Types> extends Readonly<Record<Side, infer Type>> ? Type : unknown
    : Schema extends { readonly static: infer Type } ? Type : unknown

/** The type of a value that the receiver gets. It is `unknown` where there is no schema, or where its type is not known. */
export type Received<Types extends SchemaTypes, Schema> = Known<Schema, (Types & { readonly schema: Schema })['validator']>

/** The type of a value that the sender gives. It is `unknown` where there is no schema, or where its type is not known. */
export type Sent<Types extends SchemaTypes, Schema> = Known<Schema, (Types & { readonly schema: Schema })['serializer']>

type Known<Schema, Type> = [Schema] extends [undefined] ? unknown : Type
