import type { InjectedClient, StompFacade } from '../../../src/stomp.ts'
import type { Tally } from './task.ts'

/** The clients that connect at the same time. */
const AT_ONCE = 500

/** Clients below the transports, each with one subscription. */
export class Crowd {
  readonly #stomp: StompFacade
  readonly #clients: InjectedClient[] = []

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

  /** Counts the messages that have come. They must be the numbers from 0 on. */
  tally (): Tally {
    let [messages, wrong] = [0, 0]
    for (const { waiting } of this.#clients) {
      messages += waiting.length
      if (waiting.some(({ command, body }, i) => command !== 'MESSAGE' || body.text !== String(i))) wrong++
    }
    return { clients: this.#clients.length, messages, wrong }
  }
}
