import type { FastifyInstance } from 'fastify'
import { type Side, toJsonSchema } from './json-schema.ts'
import { byCode, idOf, Names } from './names.ts'
import type { Json, JsonSchema, Reference } from './types.ts'

/** A schema at its place in the document, or the reason for which there is none. */
export interface Placed {
  readonly ref?: Reference
  readonly note?: string
}

/** Keywords whose values are data, in which `$ref` is a name like any other. */
const DATA: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples'])
/** Keywords whose values are schemas by name, so that `default` is a name there. */
const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'definitions', '$defs', 'dependencies', 'dependentSchemas'])

/** The place of a schema that is being written, its `$id`, and the scope whose shared schemas it may name. */
interface Home {
  readonly place: string
  readonly id: string
  readonly scope: FastifyInstance
}

/**
 * The schemas of a document. A schema that several routes share stands in it once.
 *
 * A reference inside a schema begins at that schema, and a reference of the document at the document. So each one is written anew.
 */
export class SchemaTable {
  readonly #schemas = new Map<string, JsonSchema>()
  readonly #names = new Names()
  readonly #placed = new Map<unknown, ReadonlyMap<string, Placed>>()
  /** The places of the shared schemas of Fastify, by their text. Each scope has a copy of its own. */
  readonly #shared = new Map<string, string>()

  /** The schemas by their names, in the order of the names. */
  get schemas (): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => byCode(a, b)))
  }

  /** Puts a schema into the table. `name` is used where it has no `$id`. */
  add (given: unknown, side: Side, name: string, scope: FastifyInstance): Placed {
    if (given === undefined) return {}
    const converted = toJsonSchema(given, side)
    if ('note' in converted) return converted
    const { schema } = converted
    const text = JSON.stringify(schema)
    const known = this.#placed.get(given)?.get(text)
    if (known !== undefined) return known
    const placed = { ref: { $ref: this.#alias(schema, scope) ?? this.#write(schema, name, scope) } }
    // A boolean has no identity. A schema of Zod has one, and another text for each side.
    if (typeof given === 'object') this.#placed.set(given, new Map([...this.#placed.get(given) ?? [], [text, placed]]))
    return placed
  }

  /** The schema at a place of the table. */
  at ({ $ref }: Reference): JsonSchema | undefined {
    const [name = '', ...rest] = $ref.replace('#/components/schemas/', '').split('/')
    return rest.reduce<JsonSchema | undefined>((found, part) => typeof found === 'object' ? found[part] as JsonSchema | undefined : undefined, this.#schemas.get(name))
  }

  /** The place of a schema that only names a shared one. */
  #alias (schema: JsonSchema, scope: FastifyInstance): string | undefined {
    return typeof schema === 'object' && Object.keys(schema).join() === '$ref' ? this.#sharedPlace(String(schema['$ref']), scope) : undefined
  }

  /** Writes one schema. Returns its place. The place is told before the content is written, because schemas refer to each other. */
  #write (schema: JsonSchema, name: string, scope: FastifyInstance, placed?: (place: string) => void): string {
    const id = typeof schema === 'object' && typeof schema['$id'] === 'string' ? schema['$id'] : ''
    const key = this.#names.take(idOf(id === '' ? name : id))
    const place = `#/components/schemas/${key}`
    placed?.(place)
    // AsyncAPI takes only an object at this place.
    const whole = typeof schema === 'object' ? schema : schema ? {} : { not: {} }
    this.#schemas.set(key, this.#rewritten(whole, { place, id, scope }, false) as JsonSchema)
    return place
  }

  #rewritten (value: Json, home: Home, isMap: boolean): Json {
    if (Array.isArray(value)) return (value as readonly Json[]).map((each) => this.#rewritten(each, home, false))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value as { [name: string]: Json }).flatMap(([name, inner]): [string, Json][] => {
      if (isMap) return [[name, this.#rewritten(inner, home, false)]]
      // The document has its own addresses, so that an id would only lead readers astray.
      if (name === '$id') return []
      if (name === '$ref' && typeof inner === 'string') return [[name, this.#target(inner, home)]]
      return [[name, DATA.has(name) ? inner : this.#rewritten(inner, home, MAPS.has(name))]]
    }))
  }

  #target (ref: string, { place, id, scope }: Home): string {
    const [whole = '', pointer = ''] = ref.split('#', 2)
    return whole === '' || whole === id ? place + pointer : this.#sharedPlace(ref, scope) ?? ref
  }

  /** Finds a shared schema of Fastify, such as `message#/properties/text`, and writes it where that is due. */
  #sharedPlace (ref: string, scope: FastifyInstance): string | undefined {
    const [id = '', pointer = ''] = ref.split('#', 2)
    const schema = scope.getSchemas()[id]
    if (id === '' || schema === undefined) return undefined
    const converted = toJsonSchema(schema, 'input')
    if ('note' in converted) return undefined
    const text = JSON.stringify(converted.schema)
    return (this.#shared.get(text) ?? this.#write(converted.schema, id, scope, (place) => this.#shared.set(text, place))) + pointer
  }
}
