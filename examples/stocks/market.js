import { EventEmitter, once } from 'node:events'

const EVERY = 500

/** Prices that change a little every half second, up or down. */
export class Market {
  #prices
  #steps = new EventEmitter().setMaxListeners(0)

  constructor (prices) {
    this.#prices = new Map(Object.entries(prices))
    setInterval(() => this.#step(), EVERY).unref()
  }

  get symbols () { return [...this.#prices.keys()] }

  #step () {
    for (const [symbol, price] of this.#prices) this.#prices.set(symbol, price * (1 + (Math.random() - 0.5) / 100))
    this.#steps.emit('step')
  }

  /** Yields the price now and after every change, until `signal` aborts. */
  async * prices (symbol, signal) {
    while (true) {
      yield { symbol, price: this.#prices.get(symbol), time: Date.now() }
      try {
        await once(this.#steps, 'step', { signal })
      } catch {
        return
      }
    }
  }
}
