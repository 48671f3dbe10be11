import type { FastifyInstance } from 'fastify'
import type { Content } from './content.ts'
import type { DestinationLike, DestinationSchema } from './typed-destination.ts'
import { compileEncoder } from './value-schema.ts'

/** The schemas of typed destinations, compiled by one scope. A schema is compiled when the scope first sends by it. */
export class DestinationSchemas {
  readonly #scope: FastifyInstance
  readonly #encoders = new WeakMap<DestinationSchema, (value: unknown) => Content>()

  constructor (scope: FastifyInstance) {
    this.#scope = scope
  }

  /**
   * Judges and encodes a value by the schema of its destination. Without one the value stays as it is.
   *
   * @throws FST_STOMP_INVALID_VALUE, FST_STOMP_INVALID_BODY, FST_STOMP_INVALID_ROUTE
   */
  encode (destination: DestinationLike, value: unknown): unknown {
    const owner = typeof destination === 'string' ? undefined : (destination as { schema?: DestinationSchema } | null | undefined)?.schema
    if (owner === undefined) return value
    let encode = this.#encoders.get(owner)
    if (encode === undefined) this.#encoders.set(owner, encode = compileEncoder(this.#scope, owner.template, 'body', owner.schema))
    return encode(value)
  }
}
