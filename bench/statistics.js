const ascending = (values) => values.toSorted((a, b) => a - b)

export const median = (values) => ascending(values)[values.length >> 1]

/** How far apart the runs are, as a share of their median. */
export const spread = (values) => (Math.max(...values) - Math.min(...values)) / median(values)

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
