import type { InjectedClient, StompFacade } from '../../../src/stomp.ts'
import type { Tally } from './task.ts'

/** The clients that connect at the same time. */
const AT_ONCE = 500

/** Clients below the transports. Each counts the messages of its subscription, which are the numbers from 0 on. */
export class Crowd {
  readonly #stomp: StompFacade
  readonly #clients: InjectedClient[] = []
  /** The number of the next message. */
  #next = 0

  constructor (stomp: StompFacade) {
    this.#stomp = stomp
  }

  async join (topic: string, clients: number): Promise<void> {
    for (let left = clients; left > 0; left -= AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, async () => {
        const client = await this.#stomp.inject()
        await client.subscribe(topic)
        this.#clients.push(client)
      }))
    }
  }

  /** Counts the messages that have come. Those that every client has are forgotten. */
  async tally (): Promise<Tally> {
    let [messages, wrong, fewest] = [0, 0, Number.POSITIVE_INFINITY]
    for (const { waiting } of this.#clients) {
      messages += waiting.length
      fewest = Math.min(fewest, waiting.length)
      if (waiting.some(({ command, body }, i) => command !== 'MESSAGE' || body.text !== String(this.#next + i))) wrong++
    }
    for (const client of this.#clients) for (let i = 0; i < fewest; i++) await client.next()
    this.#next += fewest
    return { clients: this.#clients.length, messages, wrong, fewest }
  }
}
