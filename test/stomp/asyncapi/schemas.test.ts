import t, { type Test } from 'tap'
import { z } from 'zod'
import type { AsyncApiDocument, StompFacade } from '../../../src/stomp.ts'
import { buildStomp } from '../support.ts'
import { complaints, INFO } from './support.ts'

/** The document of an application that has shared schemas. The compiler takes anything, because this is not about checks. */
async function documentOf (t: Test, add: (stomp: StompFacade) => void, shared: readonly object[] = []): Promise<AsyncApiDocument> {
  const { stomp } = await buildStomp(t, {
    routes (app) {
      app.setValidatorCompiler(() => () => true)
      for (const schema of shared) app.addSchema(schema)
      add(app.stomp)
    }
  })
  return stomp.asyncapi(INFO)
}

/** The same, and the parser has no complaint about it. */
async function parsed (t: Test, add: (stomp: StompFacade) => void, shared: readonly object[] = []): Promise<AsyncApiDocument> {
  const document = await documentOf(t, add, shared)
  t.strictSame(await complaints(document), [])
  return document
}

const payloadOf = ({ channels }: AsyncApiDocument, id: string): unknown => channels[id]!.messages['message']!.payload

t.test('shared schemas of Fastify stand in the document once, under their own names', async (t) => {
  const shared = [
    { $id: 'text', type: 'string', maxLength: 5 },
    { $id: 'http://a.example/post.json', type: 'object', properties: { text: { $ref: 'text#' }, author: { $ref: 'person#/properties/name' }, answers: { type: 'array', items: { $ref: '#' } } } },
    { $id: 'person', type: 'object', properties: { name: { $ref: 'text' }, friend: { $ref: 'person#' } } }
  ]
  const document = await parsed(t, (stomp) => {
    stomp.message('/a', { schema: { body: { $ref: 'http://a.example/post.json#' } } }, () => {})
    stomp.message('/b', { schema: { body: { type: 'array', items: { $ref: 'http://a.example/post.json#' } } } }, () => {})
  }, shared)
  t.strictSame(payloadOf(document, 'app.a'), { $ref: '#/components/schemas/http.a.example.post.json' })
  const { error, ...schemas } = Object.fromEntries(Object.entries(document.components.schemas).map(([name, schema]) => [name.replace('.body', ''), schema]))
  t.strictSame(schemas, {
    'app.b': { type: 'array', items: { $ref: '#/components/schemas/http.a.example.post.json' } },
    'http.a.example.post.json': {
      type: 'object',
      properties: {
        text: { $ref: '#/components/schemas/text' },
        author: { $ref: '#/components/schemas/person/properties/name' },
        answers: { type: 'array', items: { $ref: '#/components/schemas/http.a.example.post.json' } }
      }
    },
    person: { type: 'object', properties: { name: { $ref: '#/components/schemas/text' }, friend: { $ref: '#/components/schemas/person' } } },
    text: { type: 'string', maxLength: 5 }
  })
})

t.test('references inside a schema follow it to its place; data and names of properties stay', async (t) => {
  const body = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    definitions: { node: { type: 'object', properties: { next: { $ref: '#/definitions/node' } } } },
    properties: { list: { $ref: '#/definitions/node' }, default: { $ref: '#/definitions/node' }, $ref: { type: 'string' }, kind: { const: { $ref: 'data' }, default: { $ref: 'data' } } }
  }
  // The parser takes every `$ref` for a reference, also in data.
  const document = await documentOf(t, (stomp) => stomp.message('/a', { schema: { body } }, () => {}))
  const node = { $ref: '#/components/schemas/app.a.body/definitions/node' }
  t.strictSame(document.components.schemas['app.a.body'], {
    type: 'object',
    definitions: { node: { type: 'object', properties: { next: node } } },
    properties: { list: node, default: node, $ref: { type: 'string' }, kind: { const: { $ref: 'data' }, default: { $ref: 'data' } } }
  })
})

t.test('schemas of TypeBox are JSON Schema, apart from symbols and functions', async (t) => {
  const body = { [Symbol('TypeBox.Kind')]: 'Object', type: 'object', title: 'Order', properties: { amount: { [Symbol('TypeBox.Kind')]: 'Number', type: 'number' } } }
  const document = await parsed(t, (stomp) => stomp.message('/a', { schema: { body } }, () => {}))
  t.strictSame(document.components.schemas['app.a.body'], { type: 'object', title: 'Order', properties: { amount: { type: 'number' } } })
  t.equal(document.channels['app.a']!.messages['message']!.title, 'Order')
})

t.test('schemas of Zod write themselves, on the side of the client and on that of the server', async (t) => {
  const both = z.object({ name: z.string().max(5), age: z.string().transform(Number).pipe(z.number()) })
  const document = await parsed(t, (stomp) => {
    stomp.message('/a', { schema: { body: both, params: z.object({}) } }, () => {})
    stomp.message('/room/:room', { schema: { params: z.object({ room: z.enum(['lobby', 'kitchen']) }) } }, () => {})
  })
  t.match(document.components.schemas['app.a.body'], { type: 'object', properties: { name: { type: 'string', maxLength: 5 }, age: { type: 'string' } } })
  t.strictSame(document.channels['app.room.room']!.parameters!['room']!.enum, ['lobby', 'kitchen'])
})

t.test('a library that has the standard interface, or none', async (t) => {
  class Standard { readonly '~standard' = { version: 1, vendor: 'x', jsonSchema: { input: ({ target }: { target: string }) => ({ type: 'string', description: target }), output: () => ({ type: 'number' }) } } }
  class Foreign { readonly rules = [1] }
  class Failing { toJSONSchema (): never { throw new Error('a date has no JSON Schema') } }
  const circle: Record<string, unknown> = { type: 'object' }
  circle['self'] = circle
  const document = await parsed(t, (stomp) => {
    stomp.message('/standard', { schema: { body: new Standard() } }, () => {})
    stomp.message('/foreign', { schema: { body: new Foreign() } }, () => {})
    stomp.message('/failing', { schema: { body: new Failing() } }, () => {})
    stomp.message('/circle', { schema: { body: circle } }, () => {})
    stomp.message('/true', { schema: { body: true } }, () => {})
    stomp.message('/false', { schema: { body: false } }, () => {})
    stomp.message('/text', { schema: { body: 'a schema of some compiler' } }, () => {})
  })
  const noteOf = (id: string): string | undefined => document.channels[id]!.messages['message']!['x-stomp-note']
  t.strictSame(document.components.schemas['app.standard.body'], { type: 'string', description: 'draft-07' })
  t.strictSame(document.components.schemas['app.true.body'], {})
  t.strictSame(document.components.schemas['app.false.body'], { not: {} })
  for (const id of ['app.foreign', 'app.text']) t.strictSame([noteOf(id), payloadOf(document, id)], ['The schema of this route has no form in JSON Schema.', undefined])
  t.match(noteOf('app.failing'), /a date has no JSON Schema/)
  t.match(noteOf('app.circle'), /circular/)
})

t.test('names of the prototype are names like any other', async (t) => {
  const body = JSON.parse('{ "$id": "__proto__", "type": "string", "properties": { "__proto__": { "type": "number" } } }') as object
  const document = await documentOf(t, (stomp) => {
    stomp.message('/__proto__/:constructor', { schema: { params: { type: 'object', properties: {} }, body } }, () => {})
  })
  t.strictSame(Object.entries(document.channels['app.__proto__.constructor']!.parameters!), [['constructor', {}]])
  t.strictSame(payloadOf(document, 'app.__proto__.constructor'), { $ref: '#/components/schemas/__proto__' })
  t.match(JSON.stringify(document.components.schemas), /"__proto__":\{"type":"string","properties":\{"__proto__":\{"type":"number"\}\}\}/)
})

t.test('examples without a form in JSON are left out', async (t) => {
  const document = await parsed(t, (stomp) => stomp.message('/a', { examples: [1, Buffer.from('x'), 1n, undefined, { at: new Date(0) }] }, () => {}))
  t.strictSame(document.channels['app.a']!.messages['message']!.examples, [{ payload: 1 }, { payload: { at: '1970-01-01T00:00:00.000Z' } }])
})
