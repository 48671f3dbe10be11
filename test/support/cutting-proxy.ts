import { connect, createServer, type Server, type Socket } from 'node:net'
import { reset } from '../../protocol-tests/client/reset.ts'

/** The cut of a connection: a reset, an orderly end, or silence with a reset long after. */
export type Cut = 'reset' | 'end' | 'stall'

export const CUTS: readonly Cut[] = ['reset', 'end', 'stall']

/** The time for which a stalled connection stands, in milliseconds. */
const STALL = 60

export interface CutPoint {
  /** The octet behind which nothing passes, counted from the first request that `counts`. */
  readonly at: number
  readonly how: Cut
  /** The direction that is counted and cut. */
  readonly way: 'to client' | 'to server'
  /** Tells whether counting begins with this piece of a request. */
  counts (request: string): boolean
}

/** A TCP proxy that passes everything on for so many octets. Then it cuts all its connections, once. */
export class CuttingProxy {
  readonly #server: Server
  readonly #cut: CutPoint
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>()
  #counting = false
  #passed = 0
  /** True when the cut has come. */
  hasCut = false

  private constructor (target: number, cut: CutPoint) {
    this.#cut = cut
    this.#server = createServer((client) => this.#join(client, connect(target, '127.0.0.1')))
  }

  static async start (target: number, cut: CutPoint): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target, cut)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port (): number { return (this.#server.address() as { port: number }).port }

  stop (): void {
    this.#server.close()
    this.#endAll((socket) => socket.destroy())
  }

  #join (client: Socket, server: Socket): void {
    const pair = [client, server] as const
    this.#pairs.add(pair)
    for (const [from, to] of [[client, server], [server, client]] as const) {
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('end', () => to.end())
      from.on('close', () => {
        this.#pairs.delete(pair)
        to.destroySoon()
      })
    }
    client.on('data', (data) => {
      if (!this.#counting) this.#counting = this.#cut.counts(data.toString('latin1'))
      this.#pass(data, server, 'to server')
    })
    server.on('data', (data) => this.#pass(data, client, 'to client'))
  }

  #pass (data: Buffer, to: Socket, way: CutPoint['way']): void {
    if (this.hasCut || !this.#counting || way !== this.#cut.way) {
      to.write(data)
      return
    }
    const rest = this.#cut.at - this.#passed
    this.#passed += data.length
    if (data.length < rest) {
      to.write(data)
      return
    }
    this.hasCut = true
    to.write(data.subarray(0, rest), () => this.#cutAll())
  }

  #cutAll (): void {
    const { how } = this.#cut
    if (how === 'reset') return this.#endAll(reset)
    if (how === 'end') return this.#endAll((socket) => socket.destroySoon())
    const pairs = [...this.#pairs]
    for (const socket of pairs.flat()) socket.removeAllListeners('data').pause()
    setTimeout(() => { for (const socket of pairs.flat()) reset(socket) }, STALL)
  }

  #endAll (end: (socket: Socket) => void): void {
    for (const socket of [...this.#pairs].flat()) end(socket)
  }
}
