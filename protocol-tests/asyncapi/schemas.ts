/** The schemas of a document, and two judges of values: a strict one, and one that forgives as much as servers do. */
import { Ajv } from 'ajv'
import type { ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import { follow } from './document.ts'
import type { AsyncApi } from './document.ts'
import type { Follow } from './generate.ts'

/** The name under which the validators know the document. */
const name = 'document'

const common = { strict: false, validateSchema: false, logger: false, allErrors: false } as const

function validators (document: AsyncApi, options: object): (pointer: string) => ValidateFunction {
  const ajv = new Ajv({ ...common, ...options })
  formats.default(ajv)
  ajv.addSchema(document, name, false, false)
  return (pointer) => ajv.getSchema(`${name}${pointer}`) ?? ajv.compile({ $ref: `${name}${pointer}` })
}

export class Schemas {
  private readonly document: AsyncApi
  private readonly strict: (pointer: string) => ValidateFunction
  private readonly forgiving: (pointer: string) => ValidateFunction

  constructor (document: AsyncApi) {
    this.document = document
    this.strict = validators(document, {})
    // As Fastify: it converts types, fills in defaults and drops what is not known.
    this.forgiving = validators(document, { coerceTypes: 'array', useDefaults: true, removeAdditional: true })
  }

  /** What is wrong with a value; undefined where it fits. */
  problem (pointer: string, value: unknown): string | undefined {
    const validate = this.strict(pointer)
    if (validate(value) === true) return undefined
    const [first] = validate.errors ?? []
    return first === undefined ? 'does not fit' : `${first.instancePath} ${first.message ?? ''}`.trim()
  }

  /** No server that follows the schema takes this value, also where it converts types. */
  isSurelyWrong (pointer: string, value: unknown): boolean {
    return this.strict(pointer)(value) !== true && this.forgiving(pointer)(structuredClone(value)) !== true
  }

  readonly follow: Follow = (schema) => {
    const ref = (schema as { $ref?: unknown } | undefined | null)?.$ref
    return typeof ref === 'string' && ref.startsWith('#') ? follow(this.document, ref).value : schema
  }
}
