/** Forgets the oldest entry of a collection that has more than `most`. It is called after each entry that is added. */
export function forgetOldest (entries: Map<unknown, unknown> | Set<unknown>, most: number): void {
  if (entries.size > most) entries.delete(entries.keys().next().value)
}
