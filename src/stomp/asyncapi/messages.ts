import type { FastifyInstance } from 'fastify'
import type { BodyKind } from '../routes/content.ts'
import { exampleText } from '../routes/examples.ts'
import { BINDINGS } from './drafts.ts'
import type { Side } from './json-schema.ts'
import type { SchemaTable } from './schema-table.ts'
import type { AsyncApiExample, AsyncApiMessage, AsyncApiParameter, Json, JsonSchema, Reference } from './types.ts'

/** The facts about one kind of message. */
export interface MessageFacts {
  /** The name of the message for programs, and the start of the names of its schemas. */
  readonly name: string
  readonly summary?: string | undefined
  readonly scope: FastifyInstance
  readonly side: Side
  readonly body?: unknown
  readonly bodyKind?: BodyKind | undefined
  readonly headers?: unknown
  readonly examples?: readonly unknown[] | undefined
  /** True if the sender may name the place of the answer. */
  readonly hasReplyTo?: boolean
}

const CONTENT_TYPES: Readonly<Record<BodyKind, string>> = { json: 'application/json', text: 'text/plain', bytes: 'application/octet-stream' }

const REPLY_TO = {
  type: 'object',
  properties: { 'reply-to': { type: 'string', description: 'The destination of the answer, such as /temp-queue/answers.' } }
}

/** Writes one kind of message. */
export function messageOf (table: SchemaTable, facts: MessageFacts): AsyncApiMessage {
  const { name, summary, scope, side, body, bodyKind = 'json', examples = [] } = facts
  const payload = table.add(body, side, `${name}.body`, scope)
  const schema = payload.ref === undefined ? undefined : table.at(payload.ref)
  const title = typeof schema === 'object' ? schema['title'] : undefined
  const headers = headersOf(table, facts)
  const written = examples.flatMap(exampleOf)
  return {
    name,
    ...typeof title === 'string' ? { title } : {},
    ...summary === undefined ? {} : { summary },
    // The application sends a text as it is, without quotes.
    contentType: side === 'output' && typeof schema === 'object' && schema['type'] === 'string' ? CONTENT_TYPES.text : CONTENT_TYPES[bodyKind],
    ...headers === undefined ? {} : { headers },
    ...payload.ref === undefined ? {} : { payload: payload.ref },
    ...written.length === 0 ? {} : { examples: written },
    bindings: BINDINGS,
    ...payload.note === undefined ? {} : { 'x-stomp-note': payload.note }
  }
}

function headersOf (table: SchemaTable, { name, scope, headers, hasReplyTo = false }: MessageFacts): JsonSchema | Reference | undefined {
  const { ref } = table.add(headers, 'input', `${name}.headers`, scope)
  if (!hasReplyTo) return ref
  return ref === undefined ? REPLY_TO : { ...REPLY_TO, allOf: [{ $ref: ref.$ref }] }
}

/** Writes an example. A value without a form in JSON, such as bytes, is left out. */
function exampleOf (value: unknown): AsyncApiExample[] {
  const text = exampleText(value)
  return text === null ? [] : [{ payload: JSON.parse(text) as Json }]
}

/** Writes the parameters of an address. AsyncAPI takes only texts for their values. */
export function parametersOf (address: string, schema: unknown, table: SchemaTable, name: string, scope: FastifyInstance): Record<string, AsyncApiParameter> {
  const { ref } = table.add(schema, 'input', `${name}.params`, scope)
  const whole = ref === undefined ? undefined : table.at(ref)
  const properties = new Map(typeof whole === 'object' ? Object.entries(whole['properties'] as { readonly [name: string]: JsonSchema } | undefined ?? {}) : [])
  return Object.fromEntries([...address.matchAll(/\{(\w+)\}/g)].map(([, each]) => [each!, parameterOf(properties.get(each!))]))
}

function parameterOf (schema: JsonSchema | undefined): AsyncApiParameter {
  if (typeof schema !== 'object') return {}
  const { enum: values, default: standard, description, examples } = schema
  return {
    ...Array.isArray(values) ? { enum: values.map(String) } : {},
    ...standard === undefined ? {} : { default: String(standard) },
    ...typeof description === 'string' ? { description } : {},
    ...Array.isArray(examples) ? { examples: examples.map(String) } : {},
    'x-stomp-schema': schema
  }
}
