/** The longest time that the charts show, in milliseconds. */
const LONGEST = 300_000

/** The shortest time, so that the first samples do not fill a chart. */
const SHORTEST = 60_000

/** The samples of the last minutes. Rates are worked out between two samples. */
export class History {
  #samples = []

  get samples () { return this.#samples }
  get last () { return this.#samples.at(-1) ?? null }

  /** The time that the charts show: whole minutes from the first sample until now, within bounds. */
  span (now) {
    const minutes = Math.ceil((now - (this.#samples[0]?.time ?? now)) / SHORTEST)
    return Math.min(LONGEST, Math.max(1, minutes) * SHORTEST)
  }

  /** Adds a sample. A server that counts less than before has started again, so that the old samples mean nothing. */
  add (time, numbers) {
    if (this.last !== null && numbers.opened < this.last.numbers.opened) this.clear()
    this.#samples.push({ time, numbers })
    while (this.#samples[0].time < time - LONGEST - 5_000) this.#samples.shift()
  }

  clear () { this.#samples = [] }

  /** The values of the samples, each with its time. */
  values (read) { return this.#samples.map(({ time, numbers }) => [time, read(numbers)]) }

  /** The growth of a counter in each second, between neighbouring samples. */
  rates (read) {
    const rates = []
    for (let i = 1; i < this.#samples.length; i++) rates.push([this.#samples[i].time, this.#rate(this.#samples[i - 1], this.#samples[i], read)])
    return rates
  }

  /** The growth of a counter in each second, over the last milliseconds; `null` without two samples. */
  rate (read, over = 2_500) {
    const pair = this.pair(over)
    return pair === null ? null : this.#rate(pair[0], pair[1], read)
  }

  /** The last sample, and the first one that is not older than that by more than `over` milliseconds. */
  pair (over) {
    const { last } = this
    const first = this.#samples.find(({ time }) => time >= last.time - over)
    return last === null || first === undefined || first === last ? null : [first, last]
  }

  #rate (before, after, read) { return Math.max(0, read(after.numbers) - read(before.numbers)) / Math.max(1, after.time - before.time) * 1000 }
}
