import { Ajv } from 'ajv'
import t from 'tap'
import { Schemas } from '../protocol-tests/asyncapi/schemas.ts'
import { textFor } from '../protocol-tests/asyncapi/patterns.ts'
import { goodBodies, wrongBodies, wrongParameter } from '../protocol-tests/asyncapi/values.ts'

t.test('texts for patterns', async (t) => {
  for (const pattern of ['^[a-z]+$', '^[^\\s@]+@example\\.com$', '^\\d{4}-\\d{2}$', '^(?:red|green)$', '^(?<year>\\d+)x?$', '^a{2,5}b*$', '\\S', '^[A-Z][a-z]*(?: [A-Z][a-z]*)+$', '^\\p{L}{3}$', '^[\\w.-]+$', '^.{3}$', '^$', '[\\]]', '^a|b$', '^[^x]$', '^\\u{61}?$']) {
    const text = textFor(pattern)
    if (pattern.includes('\\u')) t.equal(text, undefined, 'no text, where the pattern is not understood')
    else t.match(text, new RegExp(pattern, 'u'), pattern)
  }
  for (const pattern of ['(', '^(?=a)a$', '^(a)\\1$', '[', 'a**', '\\p{Script=Greek}']) t.equal(textFor(pattern), undefined, pattern)
})

/** Schemas of bodies, and parts of the reasons for which wrong bodies are wrong. */
const SCHEMAS: readonly (readonly [schema: unknown, reasons: readonly string[]])[] = [
  [{ type: 'object', required: ['a'], properties: { a: { type: 'string', minLength: 2, maxLength: 5 }, b: { type: 'integer', minimum: 3, maximum: 9 } } }, ['a is missing', 'a is too short', 'a is too long', 'b is too small', 'b is too large', 'the body has another type']],
  [{ type: 'array', items: { type: 'number', exclusiveMinimum: 0 }, minItems: 2, maxItems: 3 }, ['has too few items', 'has too many items', '0 is too small']],
  [{ type: 'string', format: 'date-time' }, ['does not fit its format']],
  [{ type: 'string', pattern: '^[A-Z]{3}$' }, ['does not fit its pattern']],
  [{ enum: [1, 2] }, ['is none of its values']],
  [{ const: 'x' }, ['is none of its values']],
  [{ oneOf: [{ type: 'string', maxLength: 3 }, { type: 'object', required: ['x'], properties: { x: { type: 'boolean' } } }] }, []],
  [{ allOf: [{ type: 'object', required: ['a'], properties: { a: { type: 'string' } } }, { required: ['b'], properties: { b: { type: 'number', multipleOf: 5, minimum: 11 } } }] }, ['a is missing', 'b is missing']],
  [{ type: 'object', additionalProperties: { type: 'integer' }, minProperties: 2 }, []],
  [{ type: ['string', 'null'] }, []],
  [{ type: 'array', items: { type: 'string' }, minItems: 3, uniqueItems: true }, ['has too few items']],
  [{ type: 'object', required: ['deep'], properties: { deep: { type: 'object', required: ['er'], properties: { er: { type: 'string' } } } } }, ['deep.er is missing']],
  [{ $ref: '#/components/schemas/node' }, ['name is missing']],
  [{ type: 'object', properties: { a: { type: 'string', default: 'x' } }, required: ['a'] }, []],
  [true, []],
  [{ type: 'number', multipleOf: 0.1, maximum: 0.5 }, []],
  [{ items: [{ type: 'string' }, { type: 'number' }], type: 'array' }, []]
]

const NODE = { type: 'object', required: ['name'], properties: { name: { type: 'string' }, next: { $ref: '#/components/schemas/node' } } }

t.test('generated bodies fit, and wrong bodies are wrong for servers that convert types, too', async (t) => {
  for (const [schema, reasons] of SCHEMAS) {
    const document = { asyncapi: '3.1.0', components: { schemas: { node: NODE, body: schema } } } as never
    const schemas = new Schemas(document)
    const kind = { message: {}, payload: '#/components/schemas/body', contentType: 'application/json' }
    const text = JSON.stringify(schema)
    const good = goodBodies(kind, schemas)
    t.ok(good.length > 0, `there is a body for ${text}`)
    const ajv = new Ajv({ strict: false, coerceTypes: 'array', useDefaults: true, removeAdditional: true, logger: false, validateFormats: false })
    ajv.addSchema({ $id: 'document', components: { schemas: { node: NODE, body: schema } } })
    const wrong = wrongBodies(kind, schemas)
    for (const { value, why } of wrong) t.notOk(why.includes('format') ? false : ajv.compile({ $ref: 'document#/components/schemas/body' })(structuredClone(value)), `${text}: ${why}: ${JSON.stringify(value).slice(0, 80)}`)
    for (const reason of reasons) t.ok(wrong.some(({ why }) => why.includes(reason)), `${text}: ${reason}, among ${wrong.map(({ why }) => why).join('; ')}`)
  }
})

t.test('a parameter that does not fit', async (t) => {
  const document = { asyncapi: '3.1.0', components: { schemas: { a: { type: 'integer', minimum: 1 }, b: { type: 'string' }, c: { type: 'string', pattern: '^[a-z]+$' } } } } as never
  const schemas = new Schemas(document)
  const wrongFor = (name: string): string | undefined => wrongParameter({ name, parameter: {}, schema: `#/components/schemas/${name}` }, schemas)
  t.strictSame([wrongFor('a'), wrongFor('b'), wrongFor('c')], ['no-such-value-7f3a', undefined, 'no-such-value-7f3a'])
  t.equal(wrongParameter({ name: 'x', parameter: { enum: ['no-such-value-7f3a'] }, schema: undefined }, schemas), '!')
  t.equal(wrongParameter({ name: 'x', parameter: {}, schema: undefined }, schemas), undefined)
})
