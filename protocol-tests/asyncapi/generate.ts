/** Values from schemas: a small generator, whose values a validator judges before they are used. */
import { textFor } from './patterns.ts'

/** Follows the reference that stands in place of a schema. */
export type Follow = (schema: unknown) => unknown

type Schema = Readonly<Record<string, unknown>>

const FORMATS: Readonly<Record<string, string>> = {
  date: '2030-01-31',
  'date-time': '2030-01-31T12:00:00Z',
  time: '12:00:00Z',
  duration: 'P1D',
  email: 'ada@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  'uri-reference': '/a',
  uuid: '123e4567-e89b-12d3-a456-426614174000',
  'json-pointer': '/a',
  regex: '^a$'
}

/** How deep a schema is followed that refers to itself. */
const deepest = 12

/** `least`: only what is required. `all`: every property, and the longest texts that are reasonable. */
export type Fullness = 'least' | 'all'

/** A value that should fit, as far as this generator can tell. */
export function valueFor (given: unknown, follow: Follow, fullness: Fullness, depth = 0): unknown {
  const schema = follow(given)
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema) || depth > deepest) return fullness === 'least' ? null : 'text'
  const { const: constant, enum: values, default: standard, examples, allOf, oneOf, anyOf } = schema as Schema
  if (constant !== undefined) return constant
  if (Array.isArray(values) && values.length > 0) return values[fullness === 'least' ? 0 : values.length - 1] as unknown
  if (Array.isArray(examples) && examples.length > 0) return examples[0] as unknown
  if (standard !== undefined && fullness === 'least') return standard
  if (Array.isArray(allOf)) return valueFor(merged([{ ...schema, allOf: undefined }, ...allOf as unknown[]], follow), follow, fullness, depth + 1)
  const choices = oneOf ?? anyOf
  if (Array.isArray(choices) && choices.length > 0) {
    const choice = follow(choices[fullness === 'least' ? 0 : choices.length - 1])
    return valueFor(typeof choice === 'object' ? { ...schema as Schema, oneOf: undefined, anyOf: undefined, ...choice } : schema, follow, fullness, depth + 1)
  }
  return makers[typeOf(schema as Schema)]?.(schema as Schema, follow, fullness, depth + 1) ?? null
}

function typeOf ({ type, properties, items, required, minLength, maxLength, pattern, format, minimum, maximum }: Schema): string {
  const named = [type].flat().find((each) => each !== 'null') ?? [type].flat()[0]
  if (typeof named === 'string') return named
  if (properties !== undefined || required !== undefined) return 'object'
  if (items !== undefined) return 'array'
  if (minimum !== undefined || maximum !== undefined) return 'number'
  return [minLength, maxLength, pattern, format].some((each) => each !== undefined) ? 'string' : 'null'
}

type Maker = (schema: Schema, follow: Follow, fullness: Fullness, depth: number) => unknown

const numberOf = (value: unknown, otherwise: number): number => typeof value === 'number' ? value : otherwise

const makers: Readonly<Record<string, Maker>> = {
  null: () => null,
  boolean: (_schema, _follow, fullness) => fullness === 'all',
  string: ({ format, pattern, minLength, maxLength }, _follow, fullness) => {
    const least = numberOf(minLength, 0)
    const most = Math.min(numberOf(maxLength, Infinity), Math.max(least, 40))
    const base = (typeof pattern === 'string' ? textFor(pattern) : undefined) ?? FORMATS[String(format)] ?? (fullness === 'least' ? 'x'.repeat(Math.max(least, 1)) : 'A text with letters, ä and €: 1')
    return Array.from(base.padEnd(least, 'x')).slice(0, Math.max(most, 0)).join('')
  },
  integer: (schema, _follow, fullness) => inRange(schema, fullness, 1),
  number: (schema, _follow, fullness) => inRange(schema, fullness, 0.5),
  array: ({ items, prefixItems, minItems, maxItems, uniqueItems }, follow, fullness, depth) => {
    const first = (Array.isArray(items) ? items : prefixItems) as readonly unknown[] | undefined
    if (first !== undefined) return first.map((each) => valueFor(each, follow, fullness, depth))
    const count = Math.min(Math.max(numberOf(minItems, 0), fullness === 'all' && depth < deepest / 2 ? 1 : 0), numberOf(maxItems, Infinity))
    const made = Array.from({ length: count }, () => valueFor(items ?? {}, follow, fullness, depth))
    return uniqueItems === true ? made.map((each, index) => typeof each === 'number' ? each + index : typeof each === 'string' && index > 0 ? each + String(index) : each) : made
  },
  object: ({ properties = {}, required = [], additionalProperties, minProperties }, follow, fullness, depth) => {
    const named = Object.entries(properties as Schema).filter(([name]) => (required as string[]).includes(name) || (fullness === 'all' && depth < deepest / 2))
    const made = Object.fromEntries(named.map(([name, each]) => [name, valueFor(each, follow, fullness, depth)]))
    for (const name of required as string[]) if (!(name in made)) made[name] = valueFor(additionalProperties ?? {}, follow, fullness, depth)
    for (let index = Object.keys(made).length; index < numberOf(minProperties, 0); index += 1) made[`property${index}`] = valueFor(additionalProperties ?? {}, follow, fullness, depth)
    return made
  }
}

function inRange ({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: Schema, fullness: Fullness, step: number): number {
  const unit = numberOf(multipleOf, step)
  const least = typeof exclusiveMinimum === 'number' ? exclusiveMinimum + unit : numberOf(minimum, -Infinity)
  const most = typeof exclusiveMaximum === 'number' ? exclusiveMaximum - unit : numberOf(maximum, Infinity)
  const wanted = fullness === 'least' ? Math.min(Math.max(0, least), most) : Math.max(Math.min(Number.isFinite(most) ? most : 41, most), least)
  const whole = Math.ceil(wanted / unit) * unit
  return whole > most ? Math.floor(most / unit) * unit : whole
}

/** One schema of several that all hold. Properties and required names come together, other keywords are those of the last. */
function merged (schemas: readonly unknown[], follow: Follow): Schema {
  return schemas.map(follow).filter((each): each is Schema => typeof each === 'object' && each !== null).reduce<Schema>((whole, { allOf, ...each }) => ({
    ...whole,
    ...each,
    properties: { ...whole['properties'] as object, ...each['properties'] as object },
    required: [...(whole['required'] ?? []) as string[], ...(each['required'] ?? []) as string[]],
    ...Array.isArray(allOf) ? merged(allOf, follow) : {}
  }), {})
}

/** A value that should not fit, and the reason. */
export interface Wrong {
  readonly why: string
  readonly value: unknown
}

/** The name of the place of a value, for people. */
const placeOf = (path: readonly (string | number)[]): string => path.length === 0 ? 'the body' : path.join('.')

/** How deep faults are put into a value. */
const faultDepth = 4

/** Changes a value that fits in one place at a time, so that it should fit no more. A validator judges the outcome. */
export function wrongValues (given: unknown, follow: Follow, value: unknown): Wrong[] {
  return faults(given, follow, value, []).map(({ why, path, value: replaced }) => ({ why, value: withAt(value, path, replaced) }))
}

interface Fault { readonly why: string, readonly path: readonly (string | number)[], readonly value: unknown }

/** Stands for a property that is left out. */
const absent = Symbol('absent')

function faults (given: unknown, follow: Follow, value: unknown, path: readonly (string | number)[]): Fault[] {
  const schema = follow(given)
  if (typeof schema !== 'object' || schema === null || path.length > faultDepth) return []
  const { allOf } = schema as Schema
  if (Array.isArray(allOf)) return faults(merged([{ ...schema, allOf: undefined }, ...allOf as unknown[]], follow), follow, value, path)
  const { properties = {}, required = [], items, enum: values, const: constant, minLength, maxLength, pattern, format, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minItems, maxItems } = schema as Schema
  const where = placeOf(path)
  const found: Fault[] = []
  const add = (why: string, wrong: unknown): void => { found.push({ why: `${where} ${why}`, path, value: wrong }) }
  // Each of these is of another type than the value, and no validator that converts types can make the type of it.
  add('has another type', typeof value === 'object' && value !== null && !Array.isArray(value) ? 'a text in place of an object' : { unexpected: true })
  if (Array.isArray(values) || constant !== undefined) add('is none of its values', 'no-such-value-7f3a')
  if (typeof value === 'string') {
    if (typeof minLength === 'number' && minLength > 0) add('is too short', Array.from(value).slice(0, minLength - 1).join(''))
    if (typeof maxLength === 'number' && maxLength <= 100_000) add('is too long', value + 'x'.repeat(maxLength))
    if (typeof pattern === 'string') for (const text of ['\u0000', '!?', '', 'x'.repeat(300), '7']) add('does not fit its pattern', text)
    if (typeof format === 'string') add('does not fit its format', 'no such format')
  }
  if (typeof value === 'number') {
    const least = numberOf(minimum, numberOf(exclusiveMinimum, NaN))
    const most = numberOf(maximum, numberOf(exclusiveMaximum, NaN))
    if (!Number.isNaN(least)) add('is too small', least - 1)
    if (!Number.isNaN(most)) add('is too large', most + 1)
    add('is no number', 'not a number')
  }
  if (Array.isArray(value)) {
    if (typeof minItems === 'number' && minItems > 0) add('has too few items', value.slice(0, minItems - 1))
    if (typeof maxItems === 'number' && maxItems < 1_000) add('has too many items', Array.from({ length: maxItems + 1 }, () => value[0] as unknown))
    if (items !== undefined && !Array.isArray(items) && value.length > 0) found.push(...faults(items, follow, value[0], [...path, 0]))
  } else if (typeof value === 'object' && value !== null) {
    for (const name of required as string[]) found.push({ why: `${placeOf([...path, name])} is missing`, path: [...path, name], value: absent })
    for (const [name, each] of Object.entries(properties as Schema)) if (name in value) found.push(...faults(each, follow, (value as Record<string, unknown>)[name], [...path, name]))
  }
  return found
}

function withAt (whole: unknown, [first, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (first === undefined) return value
  if (Array.isArray(whole)) return whole.map((each, index) => index === first ? withAt(each, rest, value) : each as unknown)
  const entries = Object.entries(whole as Record<string, unknown>)
  if (rest.length === 0 && value === absent) return Object.fromEntries(entries.filter(([name]) => name !== first))
  return Object.fromEntries(entries.map(([name, each]) => [name, name === first ? withAt(each, rest, value) : each]))
}
