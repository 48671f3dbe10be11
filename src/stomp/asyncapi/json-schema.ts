import type { Json, JsonSchema } from './types.ts'

/** The side of a schema: the values that clients send, or the values that the application sends. */
export type Side = 'input' | 'output'

/** Schemas that can write themselves as JSON Schema: Standard JSON Schema, and the method of Zod. */
interface Convertible {
  readonly '~standard'?: { readonly jsonSchema?: { readonly [side in Side]?: (options: { target: string }) => unknown } }
  readonly toJSONSchema?: (options: { target: string, io: Side }) => unknown
}

/** A schema as JSON Schema, or the reason for which there is none. */
export type Converted = { readonly schema: JsonSchema } | { readonly note: string }

const WITHOUT_FORM = { note: 'The schema of this route has no form in JSON Schema.' }

/** Writes a schema of a route as JSON Schema. TypeBox is JSON Schema already, and Zod converts its own. */
export function toJsonSchema (given: unknown, side: Side): Converted {
  if (typeof given === 'boolean') return { schema: given }
  if (typeof given !== 'object' || given === null) return WITHOUT_FORM
  try {
    const written = convert(given, side) ?? (isPlain(given) ? given : undefined)
    if (written === undefined) return WITHOUT_FORM
    const { $schema, ...schema } = JSON.parse(JSON.stringify(written)) as { [name: string]: Json }
    return { schema }
  } catch (error) {
    // Zod throws for types without a form in JSON, and a schema that refers to itself has none.
    return { note: `${WITHOUT_FORM.note} ${error instanceof Error ? error.message : String(error)}` }
  }
}

function convert (given: Convertible, side: Side): unknown {
  // AsyncAPI reads schemas as a superset of draft 7.
  const target = 'draft-07'
  const standard = given['~standard']?.jsonSchema?.[side]
  if (standard !== undefined) return standard({ target })
  // The plain property `toJSONSchema` of a JSON Schema cannot be a function.
  return typeof given.toJSONSchema === 'function' ? given.toJSONSchema({ target: 'draft-7', io: side }) : undefined
}

function isPlain (value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
