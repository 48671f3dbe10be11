import type { CatalogueEntry } from '../types.ts'

/**
 * Runs the entries, so many at a time, those that wait longest first: their waiting then overlaps with everything else.
 * An entry that wants to be alone shares none of its endpoints with a running one.
 */
export async function schedule (entries: readonly CatalogueEntry[], concurrency: number, run: (entry: CatalogueEntry) => Promise<void>): Promise<void> {
  const waiting = [...entries].sort((left, right) => (right.patience ?? 0) - (left.patience ?? 0))
  const running = new Set<CatalogueEntry>()

  const startable = (entry: CatalogueEntry): boolean => ![...running].some((other) =>
    (entry.alone === true || other.alone === true) && other.needs.some((endpoint) => entry.needs.includes(endpoint)))

  await new Promise<void>((resolve, reject) => {
    const fill = (): void => {
      for (let index = 0; index < waiting.length && running.size < concurrency;) {
        const entry = waiting[index]
        if (entry === undefined || !startable(entry)) {
          index += 1
          continue
        }
        waiting.splice(index, 1)
        running.add(entry)
        run(entry).then(() => {
          running.delete(entry)
          fill()
        }, reject)
      }
      if (running.size === 0) resolve()
    }
    fill()
  })
}
