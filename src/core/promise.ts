/**
 * Tells whether a value is a promise of any library.
 *
 * An `instanceof` does not recognise a promise of another library or realm, and its rejection would be lost.
 */
export function isPromise (value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** Calls `failed` if the result of application code is a promise that rejects. */
export function watch (result: unknown, failed: (error: unknown) => void): void {
  if (isPromise(result)) Promise.resolve(result).catch(failed)
}
