import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { within } from '../support/wait.ts'
import type { ConnectOptions, Headers, LibraryClient, LibrarySubscription } from './libraries.ts'
import type { Combination } from './library-combinations.ts'

let counter = 0

/** A name that nothing else in this process has. */
export function fresh (name: string): string {
  return `${name}-${counter++}`
}

/** The clients of one test, all gone when it is over. */
export class Clients {
  readonly app: FastifyInstance
  readonly combination: Combination
  readonly #open = new Set<LibraryClient>()

  constructor (app: FastifyInstance, combination: Combination) {
    this.app = app
    this.combination = combination
  }

  start (options: Partial<ConnectOptions> = {}, { connect }: Pick<Combination, 'connect'> = this.combination): LibraryClient {
    const { port } = this.app.server.address() as AddressInfo
    const client = connect({ port, tcpPort: this.app.stomp.tcpPort!, login: 'guest', passcode: 'guest', ...options })
    this.#open.add(client)
    return client
  }

  async connect (options: Partial<ConnectOptions> = {}, combination?: Pick<Combination, 'connect'>): Promise<LibraryClient> {
    const client = this.start(options, combination)
    await within(client.connected, 'CONNECTED')
    return client
  }

  disconnect (client: LibraryClient): Promise<string | undefined> {
    this.#open.delete(client)
    return within(client.disconnect(), 'the library to disconnect')
  }

  async stop (): Promise<void> {
    for (const client of this.#open) await this.disconnect(client)
  }
}

/** Subscribes, and waits until the server has. */
export async function subscribed (client: LibraryClient, destination: string, headers: Headers = {}): Promise<LibrarySubscription> {
  const receipt = fresh('subscribed')
  const confirmed = client.receipt(receipt)
  const subscription = client.subscribe(destination, { receipt, ...headers })
  await within(confirmed, `the receipt of SUBSCRIBE to ${destination}`)
  return subscription
}

/** Sends, and waits until the server has it. */
export async function sent (client: LibraryClient, destination: string, body: string | Uint8Array, headers: Headers = {}): Promise<void> {
  const receipt = fresh('sent')
  const confirmed = client.receipt(receipt)
  client.send(destination, body, { ...headers, receipt })
  await within(confirmed, `the receipt of SEND to ${destination}`)
}
