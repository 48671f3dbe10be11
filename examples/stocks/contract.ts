import type { FromSchema, JSONSchema } from 'json-schema-to-ts'
import { defineContract, type SchemaTypes } from 'fastify-sockjs/contract'

/** The types of the JSON Schemas below. It is a type alone, so that nothing of it is in the page. */
interface JsonSchemaTypes extends SchemaTypes {
  readonly validator: this['schema'] extends JSONSchema ? FromSchema<this['schema']> : unknown
  readonly serializer: this['schema'] extends JSONSchema ? FromSchema<this['schema']> : unknown
}

const QUOTE = {
  type: 'object',
  required: ['symbol', 'price', 'opening', 'time'],
  additionalProperties: false,
  properties: {
    symbol: { type: 'string' },
    price: { type: 'number' },
    opening: { type: 'number', description: 'The first price of the day.' },
    time: { type: 'integer', description: 'Milliseconds since 1970.' }
  }
} as const

export type Quote = FromSchema<typeof QUOTE>

/** The destinations of the server, with their types. Server and page import it. */
export const contract = defineContract<JsonSchemaTypes>()({
  subscriptions: {
    '/app/symbols': { summary: 'The symbols of all stocks', answer: { type: 'array', items: { type: 'string' } } }
  },
  destinations: {
    '/topic/quotes/:symbol': { summary: 'The latest quote of a stock, and then each new one', body: QUOTE }
  }
})
