import { stompErrors } from '../errors.ts'
import { readThrown } from '../session/thrown.ts'
import type { Content } from './content.ts'
import type { Judge } from './schema-compiler.ts'

/** Writes an example as its document shows it, as text. Returns `null` for a value without a form in JSON, such as bytes. */
export function exampleText (value: unknown): string | null {
  try {
    return value instanceof Uint8Array ? null : JSON.stringify(value) as string | undefined ?? null
  } catch {
    return null
  }
}

/**
 * Checks examples by the schema that they illustrate. A value without a form in JSON is in no document, and is not checked.
 *
 * @throws FST_STOMP_INVALID_ROUTE
 */
export function checkExamples (owner: string, examples: readonly unknown[] = [], judge: Judge): void {
  for (const [i, value] of examples.entries()) {
    const text = exampleText(value)
    if (text === null) continue
    const judgement = judge(JSON.parse(text))
    if ('problem' in judgement) throw new stompErrors.InvalidRoute(owner, `examples[${i}] does not fit the schema: ${judgement.problem}`)
  }
}

/** Makes a judge of a function that encodes the values that fit. */
export function judgeBy (encode: (value: unknown) => Content): Judge {
  return (value) => {
    try {
      encode(value)
      return { value }
    } catch (error) {
      return { problem: readThrown(error).message }
    }
  }
}
