import { Ajv } from 'ajv'
import t from 'tap'

/** The modules of the page that need no browser. */
const page = async (name: string) => await import(new URL(`../../../src/stomp/asyncapi/page/${name}.js`, import.meta.url).href)

const same = (value: unknown): unknown => value

t.test('addresses: their parts, and values in place of parameters', async (t) => {
  const { partsOf, fill } = await page('document')
  t.strictSame(partsOf('/app/{room}/a.{name}'), [{ text: '/app/' }, { parameter: 'room' }, { text: '/a.' }, { parameter: 'name' }])
  t.equal(fill('/app/{room}/a.{name}', { room: '$&', name: 'b' }), '/app/$&/a.b')
})

t.test('words about schemas', async (t) => {
  const { typeOf, limitsOf } = await page('document')
  t.strictSame([true, false, {}, { type: 'string', format: 'uuid' }, { type: ['string', 'null'] }, { enum: [1, 'a', null] }, { const: 'x' }, { oneOf: [] }, { properties: {} }].map(typeOf),
    ['any value', 'nothing', 'any value', 'string (uuid)', 'string | null', '1 | "a" | null', '"x"', 'one of', 'object'])
  t.strictSame(limitsOf({ minLength: 1, maxLength: 2, pattern: '^a', default: 'x', uniqueItems: false }), ['at least 1 character', 'at most 2 characters', 'like ^a', 'default "x"'])
  t.strictSame(limitsOf(true), [])
})

t.test('a search needs all its words', async (t) => {
  const { fits } = await page('document')
  const operation = { id: 'receive.app.add', address: '/app/add', summary: 'Adds two numbers', command: 'SEND', tags: ['maths'] }
  t.strictSame(['', 'add', 'TWO maths', 'add three'].map((search) => fits(operation, search)), [true, true, true, false])
})

t.test('groups: by tag, operations without a tag last', async (t) => {
  const { Document } = await page('document')
  const operation = (...tags: string[]) => ({ action: 'send', channel: { $ref: '#/channels/a' }, messages: [], tags: tags.map((name) => ({ name })) })
  const document = new Document({ operations: { one: operation(), two: operation('b', 'a'), three: operation('a') }, channels: { a: { address: '/a~b', messages: {} } } })
  t.strictSame(document.groups().map(([tag, operations]: [string, { id: string }[]]) => [tag, operations.map(({ id }) => id)]), [['a', ['two', 'three']], ['b', ['two']], ['', ['one']]])
  t.equal(document.at({ $ref: '#/nowhere/at/all' }), undefined)
})

t.test('samples fit their schemas', async (t) => {
  const { sampleOf } = await page('sample')
  const ajv = new Ajv()
  for (const schema of [
    { type: 'object', required: ['a'], properties: { a: { type: 'string', minLength: 7, maxLength: 9 }, b: { type: 'integer', minimum: 3 }, c: { type: 'boolean' }, d: { type: 'null' } } },
    { type: 'array', items: { type: 'number', exclusiveMinimum: 1 }, minItems: 2 }, { enum: ['x', 'y'] }, { const: 5 }, { type: 'string', maxLength: 2 }, { anyOf: [{ type: 'integer', maximum: -1 }, {}] },
    { allOf: [{ type: 'object', properties: { a: { type: 'string' } } }, { required: ['b'], properties: { b: { type: 'number' } } }] }, { type: ['null', 'string'] }, { default: { a: 1 } }, { type: 'number', exclusiveMaximum: 0 }
  ]) t.ok(ajv.validate(schema, sampleOf(schema, same)), JSON.stringify([schema, sampleOf(schema, same)]))
  const node: Record<string, unknown> = { type: 'object', required: ['next'] }
  node['properties'] = { next: node }
  t.ok(JSON.stringify(sampleOf(node, same)).length < 200, 'a schema that refers to itself ends')
})

t.test('the body of the editor: an example, a sample, a plain text, or nothing', async (t) => {
  const { bodyOf } = await page('sample')
  t.equal(bodyOf({ examples: [{ payload: { a: 1 } }], payload: { type: 'string' } }, same), '{\n  "a": 1\n}')
  t.equal(bodyOf({ payload: { type: 'boolean' } }, same), 'true')
  t.equal(bodyOf({ payload: { type: 'string' }, contentType: 'text/plain' }, same), 'text')
  t.equal(bodyOf({}, same), '')
})
