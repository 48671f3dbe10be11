/** The options make no sense; exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** There is nothing to judge at the URL. */
export class UnreachableError extends Error {
  override name = 'UnreachableError'
}
