import { connect, createServer, type Server, type Socket } from 'node:net'

/** A port of this machine, or the path of a Unix socket. */
type Place = number | string

type Connection = readonly [client: Socket, server: Socket]

/** The link between one node and its messaging system, which a test cuts, silences and slows. */
export class Link {
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  #target: Place
  #mode: 'open' | 'cut' | 'silent' = 'open'
  #delay = 0
  /** Called with the next piece that a server sends. */
  #interruption: ((connection: Connection, data: Buffer) => void) | null = null

  private constructor (target: Place) {
    this.#target = target
    this.#server = createServer({ pauseOnConnect: true }, (client) => this.#join(client))
  }

  /** Opens a link to a port of this machine, or to a Unix socket. Without a path it listens on a free port. */
  static async open (target: Place, path?: string): Promise<Link> {
    const link = new Link(target)
    await new Promise<void>((resolve) => link.#server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path }, resolve))
    return link
  }

  /** The port for the node. */
  get port (): number { return (this.#server.address() as { port: number }).port }

  /** Ends all connections, and every new one at once. */
  cut (): void {
    this.#mode = 'cut'
    this.#end()
  }

  /** Lets nothing through. The connections stand, and new ones are taken. */
  hang (): void { this.#mode = 'silent' }

  /** Ends all connections when half of the next answer has passed. New connections are taken. Resolves then. */
  async interrupt (): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#interruption = ([client], data) => {
        this.#interruption = null
        this.#mode = 'silent'
        client.write(data.subarray(0, data.length >> 1), () => {
          this.#mode = 'open'
          this.#end()
          resolve()
        })
      }
    })
  }

  /** Delays every piece, each way. */
  slow (ms: number): void { this.#delay = ms }

  /** Makes a sound link of it. Connections that were silent end, because their bytes are gone. */
  mend (): void {
    if (this.#mode === 'silent') this.#end()
    this.#mode = 'open'
    this.#delay = 0
  }

  /** Ends all connections. New ones go to another port. */
  turn (target: number): void {
    this.#target = target
    this.#end()
  }

  close (): void {
    this.#server.close()
    this.#end()
  }

  #join (client: Socket): void {
    if (this.#mode === 'cut') {
      client.destroy()
      return
    }
    const server = typeof this.#target === 'number' ? connect(this.#target, '127.0.0.1') : connect(this.#target)
    const connection: Connection = [client, server]
    this.#connections.add(connection)
    for (const [from, to] of [connection, [server, client] as const]) {
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('data', (data: Buffer) => this.#later(() => {
        if (from === server && this.#interruption !== null) this.#interruption(connection, data)
        else to.write(data)
      }))
      from.on('end', () => this.#later(() => to.end()))
      from.on('close', () => {
        this.#connections.delete(connection)
        // A silent link hides the end of the other side.
        if (this.#mode !== 'silent') to.destroySoon()
      })
    }
    client.resume()
  }

  /** Timers of one delay keep their order. */
  #later (act: () => void): void {
    const pass = (): void => { if (this.#mode !== 'silent') act() }
    if (this.#delay === 0) pass()
    else setTimeout(pass, this.#delay).unref()
  }

  #end (): void {
    for (const socket of [...this.#connections].flat()) socket.destroy()
    this.#connections.clear()
  }
}
