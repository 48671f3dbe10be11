/** Says whether an error tells only that the signal has aborted. It is the reason, or the AbortError that Node makes of it. Never throws. */
export function comesFrom (signal: AbortSignal, error: unknown): boolean {
  if (!signal.aborted || error === signal.reason) return signal.aborted
  try {
    return error instanceof Error && error.cause === signal.reason
  } catch {
    return false
  }
}
