import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The journals of all nodes as one, in the order in which it has seen their entries. */
export class MergedJournal {
  readonly #server: Server
  readonly #nodes: readonly number[]
  /** The entries of each node that are in the list. */
  readonly #seen: number[]
  readonly #entries: unknown[] = []

  private constructor (nodes: readonly number[]) {
    this.#nodes = nodes
    this.#seen = nodes.map(() => 0)
    this.#server = createServer((_request, response) => {
      this.#read().then(
        () => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.#entries)),
        (error: unknown) => response.writeHead(502).end(String(error)))
    })
  }

  /** Starts a server that answers every request with the entries of the nodes at these ports. */
  static async start (nodes: readonly number[]): Promise<MergedJournal> {
    const journal = new MergedJournal(nodes)
    journal.#server.listen(0, '127.0.0.1')
    await once(journal.#server, 'listening')
    return journal
  }

  get port (): number { return (this.#server.address() as AddressInfo).port }

  close (): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #read (): Promise<void> {
    const journals = await Promise.all(this.#nodes.map(async (port) => await (await fetch(`http://127.0.0.1:${port}/journal`)).json() as unknown[]))
    for (const [i, journal] of journals.entries()) {
      this.#entries.push(...journal.slice(this.#seen[i]))
      this.#seen[i] = Math.max(this.#seen[i]!, journal.length)
    }
  }
}
