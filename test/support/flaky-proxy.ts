import { connect, createServer, type Server, type Socket } from 'node:net'
import { reset } from '../../protocol-tests/client/reset.ts'

/** A TCP proxy that cuts all its connections again and again, each time behind a number of octets. */
export class FlakyProxy {
  /** The port to which new connections go. */
  target: number
  /** The address from which new connections go to the target, such as `127.0.0.2`. */
  source = '127.0.0.1'
  /** The connections that did not reach the target. */
  refused = 0
  /** The cuts so far. */
  cuts = 0
  readonly #server: Server
  readonly #next: () => number
  readonly #sockets = new Set<Socket>()
  #left: number

  private constructor (target: number, next: () => number) {
    this.target = target
    this.#next = next
    this.#left = next()
    this.#server = createServer((client) => this.#join(client, connect({ port: this.target, host: '127.0.0.1', localAddress: this.source })))
  }

  /** Starts a proxy. `next` returns the octets, in both directions together, until the next cut. */
  static async start (target: number, next: () => number = () => Infinity): Promise<FlakyProxy> {
    const proxy = new FlakyProxy(target, next)
    await new Promise<void>((resolve) => { proxy.#server.listen(0, '127.0.0.1', resolve) })
    return proxy
  }

  get port (): number { return (this.#server.address() as { port: number }).port }

  stop (): void {
    this.#server.close()
    this.#resetAll()
  }

  /** Cuts all connections now. */
  cut (): void {
    this.cuts++
    this.#left = this.#next()
    this.#resetAll()
  }

  #resetAll (): void {
    for (const socket of this.#sockets) reset(socket)
  }

  #join (client: Socket, server: Socket): void {
    server.on('error', ({ syscall }: NodeJS.ErrnoException) => { if (syscall === 'connect') this.refused++ })
    for (const [from, to] of [[client, server], [server, client]] as const) {
      this.#sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('end', () => to.end())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroySoon()
      })
      from.on('data', (data) => this.#pass(data, to))
    }
  }

  #pass (data: Buffer, to: Socket): void {
    if (to.destroyed) return
    if (data.length <= this.#left) {
      this.#left -= data.length
      to.write(data)
      return
    }
    // The octets before the cut leave first.
    to.write(data.subarray(0, this.#left), () => this.cut())
    this.#left = Infinity
  }
}
