/** Values of formats, for samples. */
const FORMATS = {
  date: '2030-01-31',
  'date-time': '2030-01-31T12:00:00Z',
  time: '12:00:00Z',
  email: 'ada@example.com',
  uri: 'https://example.com',
  uuid: '123e4567-e89b-12d3-a456-426614174000',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  hostname: 'example.com'
}

/** The most levels of a sample, for schemas that refer to themselves. */
const DEEPEST = 6

/** Makes a value that shows the form of a schema. It is a start for a person, and not always valid. `follow` follows references. */
export function sampleOf (given, follow, depth = 0) {
  const schema = follow(given)
  if (typeof schema !== 'object' || schema === null) return null
  if (schema.const !== undefined) return schema.const
  if (schema.default !== undefined) return schema.default
  if (schema.examples?.length > 0) return schema.examples[0]
  if (schema.enum?.length > 0) return schema.enum[0]
  if (depth > DEEPEST) return null
  if (schema.allOf !== undefined) return Object.assign({}, ...[{ ...schema, allOf: undefined }, ...schema.allOf].map((each) => sampleOf(each, follow, depth + 1)))
  const choice = schema.oneOf ?? schema.anyOf
  if (choice?.length > 0) return sampleOf(choice[0], follow, depth + 1)
  const type = [schema.type].flat().find((each) => each !== 'null') ?? (schema.properties === undefined ? schema.items === undefined ? undefined : 'array' : 'object')
  return SAMPLES[type]?.(schema, follow, depth + 1) ?? null
}

const SAMPLES = {
  object: ({ properties = {}, required = [] }, follow, depth) => Object.fromEntries(Object.entries(properties)
    // A schema that refers to itself ends where it may.
    .filter(([name]) => depth < 3 || required.includes(name))
    .map(([name, each]) => [name, sampleOf(each, follow, depth)])),
  array: ({ items = true, minItems = 1 }, follow, depth) => items === true ? [] : Array.from({ length: Math.min(minItems, 10) }, () => sampleOf([items].flat()[0], follow, depth)),
  string: ({ format, minLength = 0, maxLength = Infinity }) => (FORMATS[format] ?? 'text').padEnd(Math.min(minLength, 1_000), 'x').slice(0, maxLength),
  integer: (schema) => Math.ceil(number(schema)),
  number: (schema) => number(schema),
  boolean: () => true
}

function number ({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }) {
  return minimum ?? (exclusiveMinimum === undefined ? maximum ?? (exclusiveMaximum === undefined ? 1 : exclusiveMaximum - 1) : exclusiveMinimum + 1)
}

/** The text that an editor begins with: an example of the document, or a sample of the schema. */
export function bodyOf (message, follow) {
  const [example] = message.examples ?? []
  const value = example === undefined ? message.payload === undefined ? null : sampleOf(message.payload, follow) : example.payload
  if (value === null) return ''
  return message.contentType === 'text/plain' && typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}
