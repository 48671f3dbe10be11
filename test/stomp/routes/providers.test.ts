import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { JSONSchema, FromSchema } from 'json-schema-to-ts'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import t from 'tap'
import Type from 'typebox'
import { z } from 'zod'
import { defineContract, type SchemaTypes, type WireOf } from '../../../src/contract.ts'
import { buildStomp } from '../support.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
const same = <A, B>(answer: Same<A, B>): boolean => answer

t.test('TypeBox: its types and its compiler, on the scope of the route', async (t) => {
  const server = await buildStomp(t, {
    async routes (root) {
      await root.register(async (scope) => {
        const app = scope.setValidatorCompiler(TypeBoxValidatorCompiler).withTypeProvider<TypeBoxTypeProvider>()
        app.stomp.message('/box/:count', {
          schema: {
            params: Type.Object({ count: Type.Integer() }), body: Type.Object({ text: Type.String() }), answer: Type.Object({ texts: Type.Array(Type.String()) })
          },
          sendTo: '/topic/box'
        }, ({ body, params }) => {
          same<typeof body, { text: string }>(true)
          same<typeof params, { count: number }>(true)
          return { texts: Array.from({ length: params.count }, () => body.text) }
        })
        // @ts-expect-error the answer has another type
        app.stomp.message('/wrong', { schema: { answer: Type.Object({ text: Type.String() }) }, sendTo: '/topic/box' }, () => ({ text: 1 }))
      })
    }
  })
  const client = await server.connect()
  for (const [id, destination] of ['/topic/box', '/user/queue/errors'].entries()) await client.ask('SUBSCRIBE', { id: String(id), destination })
  await client.ask('SEND', { destination: '/app/box/2' }, '{"text":"a"}')
  t.same(await client.json(), { texts: ['a', 'a'] }, 'the parameter is a number')
  await client.ask('SEND', { destination: '/app/box/2' }, '{"text":1}')
  t.match(await client.json(), { error: 'FST_STOMP_VALIDATION' })
  await client.ask('SEND', { destination: '/app/wrong' })
  t.match(await client.json(), { error: 'STOMP_HANDLER_FAILED' })
  t.match(server.log.join(), 'answer of /wrong: /text must be string')
})

t.test('Zod: its types and its compilers, and a codec in both directions', async (t) => {
  const When = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })
  const seen: unknown[] = []
  const server = await buildStomp(t, {
    routes (root) {
      root.setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler)
      const app = root.withTypeProvider<ZodTypeProvider>()
      app.stomp.message('/zod', { schema: { body: z.object({ when: When, note: z.string().default('none') }), answer: z.object({ when: When }) }, sendTo: '/topic/zod' }, ({ body }) => {
        same<typeof body, { when: Date, note: string }>(true)
        seen.push(body.note)
        return { when: new Date(body.when.getTime() + 1000) }
      })
      // @ts-expect-error the answer has another type
      app.stomp.message('/wrong', { schema: { answer: z.object({ name: z.string() }) }, sendTo: '/topic/zod' }, () => ({ name: 1 }))
    }
  })
  const client = await server.connect()
  for (const [id, destination] of ['/topic/zod', '/user/queue/errors'].entries()) await client.ask('SUBSCRIBE', { id: String(id), destination })
  await client.ask('SEND', { destination: '/app/zod' }, '{"when":"2026-01-01T00:00:00Z"}')
  t.same(await client.json(), { when: '2026-01-01T00:00:01.000Z' })
  t.same(seen, ['none'])
  await client.ask('SEND', { destination: '/app/wrong' })
  t.match(await client.json(), { error: 'STOMP_HANDLER_FAILED' })
  t.match(server.log.join(), /answer of \/wrong: .*name/s, 'the log names the place')
})

t.test('contracts of TypeBox, of Zod and of JSON Schema', async (t) => {
  const box = defineContract<TypeBoxTypeProvider>()({ messages: { '/app/box': { body: Type.Object({ a: Type.Number() }), answer: Type.Number() } } })
  const When = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })
  const zod = defineContract({ messages: { '/app/zod/:n': { params: z.object({ n: z.coerce.number<string>() }), body: z.object({ when: When }), answer: When } } })
  interface Json extends SchemaTypes {
    readonly validator: this['schema'] extends JSONSchema ? FromSchema<this['schema']> : unknown
    readonly serializer: this['schema'] extends JSONSchema ? FromSchema<this['schema']> : unknown
  }
  const json = defineContract<Json>()({
    messages: { '/app/json': { body: { type: 'object', required: ['kind'], properties: { kind: { enum: ['a', 'b'] } }, additionalProperties: false } } }
  })
  same<WireOf<typeof zod, 'messages', '/app/zod/:n', 'body'>, { when: string }>(true)
  const server = await buildStomp(t, {
    async routes (app) {
      app.stomp.contract(box, { messages: { '/app/box': ({ body }) => { same<typeof body, { a: number }>(true); return body.a } } })
      app.stomp.contract(json, { messages: { '/app/json': ({ body }) => { same<typeof body, { kind: 'a' | 'b' }>(true) } } })
      await app.register(async (scope) => {
        scope.setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler)
        scope.stomp.contract(zod, {
          messages: {
            '/app/zod/:n': ({ body, params }) => {
              same<typeof body, { when: Date }>(true)
              same<typeof params, { n: number }>(true)
              return new Date(body.when.getTime() + params.n)
            }
          }
        })
      })
    }
  })
  const client = await server.connect()
  await client.ask('SEND', { destination: '/app/zod/5', 'reply-to': '/temp-queue/a' }, '{"when":"2026-01-01T00:00:00Z"}')
  t.equal(await client.json(), '2026-01-01T00:00:00.005Z')
  await client.ask('SEND', { destination: '/app/box', 'reply-to': '/temp-queue/a' }, '{"a":3}')
  t.equal(await client.json(), 3)
  t.equal((await client.ask('SEND', { destination: '/app/json' }, '{"kind":"c"}')).headers.get('message'), 'The message could not be processed (body /kind must be equal to one of the allowed values)')
})

t.test('a contract of Zod in a scope without its compiler is refused at boot', async (t) => {
  const contract = defineContract({ messages: { '/app/x': { body: z.object({ a: z.number() }) } } })
  await t.rejects(buildStomp(t, { routes ({ stomp }) { stomp.contract(contract, { messages: { '/app/x': () => {} } }) } }), { code: 'FST_STOMP_INVALID_ROUTE' })
})
