import { errors } from '../errors.ts'
import { isCloseCode } from '../protocol/index.ts'

/**
 * Checks the arguments of `close()`; `undefined` stands for the default.
 *
 * @throws FST_SOCKJS_INVALID_CLOSE
 */
export function checkClose (code: unknown, reason: unknown): void {
  if (code !== undefined && !isCloseCode(code)) throw new errors.InvalidClose('the code must be an integer from 1000 to 4999')
  if (reason !== undefined && typeof reason !== 'string') throw new errors.InvalidClose('the reason must be a string')
}
