const ascending = (values) => values.toSorted((a, b) => a - b)

export function median (values) {
  const sorted = ascending(values)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** How often the true median may lie outside of `between`. */
const DOUBT = 0.05

/**
 * Between which values the true median lies, whatever the distribution, as far as the values do not depend on each other. With k values
 * left out at each end it is outside when k or fewer fell on one side of it, which is as likely as k or fewer heads of n coins.
 */
export function between (values) {
  const sorted = ascending(values)
  const n = sorted.length
  let left = 0
  let coins = 0.5 ** n
  for (let tail = coins; left < n; left++) {
    coins *= (n - left) / (left + 1)
    tail += coins
    if (2 * tail > DOUBT) break
  }
  return [sorted[left], sorted.at(-1 - left)]
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
