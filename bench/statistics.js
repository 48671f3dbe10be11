const ascending = (values) => values.toSorted((a, b) => a - b)

export const median = (values) => ascending(values)[values.length >> 1]

/**
 * Between which values the true median lies. Of nine or more the outermost two are left out; of nine that is right in 96 % of cases,
 * whatever the distribution, for the median is outside only when eight of nine fell on one side of it.
 */
export function between (values) {
  const sorted = ascending(values)
  const outer = sorted.length < 9 ? 0 : 1
  return [sorted[outer], sorted.at(-1 - outer)]
}

/** Milliseconds by messages; the newest million is kept. */
export class Latencies {
  #values = new Float64Array(1 << 20)
  #count = 0

  add (milliseconds) { this.#values[this.#count++ & (this.#values.length - 1)] = milliseconds }
  clear () { this.#count = 0 }

  quantiles (...shares) {
    const sorted = this.#values.slice(0, Math.min(this.#count, this.#values.length)).sort()
    return shares.map((share) => sorted[Math.floor(share * (sorted.length - 1))])
  }
}
