import { setTimeout as delay } from 'node:timers/promises'
import { StompClient } from './stomp-client.ts'

/** The messages that may wait for their receipts. */
const WINDOW = 200

/**
 * Publishes the numbers from 0 on, each with a receipt.
 *
 * After a lost connection it publishes those without a receipt again, in order. The server may have them already.
 */
export class Publisher {
  /** The numbers that were published more than once. */
  readonly repeated = new Set<number>()
  /** The numbers up to this one are confirmed. */
  confirmed = 0
  readonly #port: number
  readonly #destination: string
  readonly #count: number
  readonly #mayGoOn: (number: number) => boolean

  /** @param mayGoOn tells whether a number may be published yet */
  constructor (port: number, destination: string, count: number, mayGoOn: (number: number) => boolean = () => true) {
    this.#port = port
    this.#destination = destination
    this.#count = count
    this.#mayGoOn = mayGoOn
  }

  /** Resolves when all numbers are confirmed. */
  async run (): Promise<void> {
    let highest = 0
    while (this.confirmed < this.#count) {
      const client = await StompClient.connect(this.#port).catch(() => null)
      if (client === null) {
        await delay(50)
        continue
      }
      for (let number = this.confirmed; number < highest; number++) this.repeated.add(number)
      highest = Math.max(highest, await this.#publish(client))
      client.cut()
    }
  }

  /** Publishes over one connection for as long as it lives. Returns the number behind the last one. */
  async #publish (client: StompClient): Promise<number> {
    const state = { over: false }
    client.closed.then(() => { state.over = true }, () => {})
    let next = this.confirmed
    while (!state.over && this.confirmed < this.#count) {
      for (; next < this.#count && next - this.confirmed < WINDOW && this.#mayGoOn(next); next++) {
        const number = next
        client.ask('SEND', { destination: this.#destination }, String(number)).then(() => { this.confirmed = Math.max(this.confirmed, number + 1) }, () => {})
      }
      await delay(1)
    }
    return next
  }
}
