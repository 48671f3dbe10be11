import { type Diagnostic, Parser } from '@asyncapi/parser'
import type { AsyncApiDocument, AsyncApiOptions } from '../../../src/stomp.ts'

export const INFO: AsyncApiOptions = { info: { title: 'Chat', version: '1.0.0' } }

/** The complaints of the parser of AsyncAPI: errors, warnings and hints. */
export async function complaints (document: AsyncApiDocument): Promise<string[]> {
  const { diagnostics } = await new Parser().parse(structuredClone(document) as never)
  return diagnostics.map(({ code, message, path }: Diagnostic) => `${code} at ${path.join('/')}: ${message}`)
}
