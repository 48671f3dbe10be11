import type { Quote } from '../contract.ts'

/** Prices that change a little, one at a time. */
export class Market {
  readonly #quotes: Map<string, Quote>

  constructor (prices: Readonly<Record<string, number>>) {
    this.#quotes = new Map(Object.entries(prices).map(([symbol, price]) => [symbol, { symbol, price, opening: price, time: Date.now() }]))
  }

  get symbols (): string[] { return [...this.#quotes.keys()] }

  get quotes (): Quote[] { return [...this.#quotes.values()] }

  /** Changes one price by up to a hundredth. */
  step (): Quote {
    const old = this.quotes[Math.floor(Math.random() * this.#quotes.size)]!
    const quote = { ...old, price: old.price * (1 + (Math.random() - 0.5) / 50), time: Date.now() }
    this.#quotes.set(quote.symbol, quote)
    return quote
  }
}
