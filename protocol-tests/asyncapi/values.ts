/** The values with which operations are tried. */
import { valueFor, wrongValues } from './generate.ts'
import type { Wrong } from './generate.ts'
import type { Kind, Part } from './operations.ts'
import type { Schemas } from './schemas.ts'

/** A body that fits its schema, and where it is from. */
export interface Good {
  readonly why: string
  readonly value: unknown
  /** What its schema says against it: the document is wrong where this is an example. */
  readonly problem?: string | undefined
}

/** At most so many wrong bodies of one operation are sent. */
const mostWrong = 16

/** Examples first, then generated values. */
export function goodBodies ({ message, payload }: Kind, schemas: Schemas): Good[] {
  const examples = (message.examples ?? []).flatMap(({ payload: value }, index): Good[] => value === undefined
    ? []
    : [{ why: `example ${index + 1}`, value, problem: payload === undefined ? undefined : schemas.problem(payload, value) }])
  if (payload === undefined) return examples
  const made = (['least', 'all'] as const).flatMap((fullness): Good[] => {
    const value = valueFor({ $ref: payload }, schemas.follow, fullness)
    return schemas.problem(payload, value) === undefined ? [{ why: fullness === 'least' ? 'the least body' : 'a body with all fields', value }] : []
  })
  return withoutDoubles([...examples, ...made])
}

/** Bodies that every server with this schema must refuse. */
export function wrongBodies (kind: Kind, schemas: Schemas): Wrong[] {
  const { payload } = kind
  if (payload === undefined) return []
  const bases = goodBodies(kind, schemas).filter(({ problem }) => problem === undefined).map(({ value }) => value)
  const wrong = bases.flatMap((value) => wrongValues({ $ref: payload }, schemas.follow, value)).filter(({ value }) => schemas.isSurelyWrong(payload, value))
  // The same fault in two values tells nothing new.
  return withoutDoubles(wrong).filter(({ why }, index, all) => all.findIndex((each) => each.why === why) === index).slice(0, mostWrong)
}

function withoutDoubles<T extends { readonly value: unknown }> (all: readonly T[]): T[] {
  const seen = new Set<string>()
  return all.filter(({ value }) => {
    const text = JSON.stringify(value) ?? ''
    if (seen.has(text)) return false
    seen.add(text)
    return true
  })
}

/** One text for each parameter. */
export function parametersFor (parameters: readonly Part[], schemas: Schemas): Record<string, string> {
  return Object.fromEntries(parameters.map((part) => [part.name, valueOf(part, schemas)]))
}

function valueOf ({ parameter, schema }: Part, schemas: Schemas): string {
  const { enum: values = [], examples = [], default: standard } = parameter
  const known = values[0] ?? standard ?? examples[0]
  if (known !== undefined) return known
  const made = schema === undefined ? 'x1' : valueFor({ $ref: schema }, schemas.follow, 'least')
  return typeof made === 'object' ? 'x1' : String(made)
}

/** A text for a parameter that no server with its schema takes; undefined where none was found. */
export function wrongParameter ({ parameter, schema }: Part, schemas: Schemas): string | undefined {
  const candidates = ['no-such-value-7f3a', '!', 'x'.repeat(300), '-1', '0', '99999999999']
  if (schema !== undefined) return candidates.find((text) => schemas.isSurelyWrong(schema, text))
  const { enum: values } = parameter
  return values === undefined ? undefined : candidates.find((text) => !values.includes(text))
}
