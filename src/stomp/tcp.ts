import { type AddressInfo, createServer, type Server } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import type { StreamSource } from './stream-source.ts'

/** A listener for plain STOMP over TCP. Its sessions are those of the other transports, with no HTTP request under them. */
export class TcpListener {
  readonly #server: Server
  readonly #log: FastifyBaseLogger

  constructor (source: StreamSource, log: FastifyBaseLogger) {
    this.#log = log
    this.#server = createServer({ allowHalfOpen: true }, (socket) => source.acceptTcp(socket))
  }

  get port (): number | null {
    return (this.#server.address() as AddressInfo | null)?.port ?? null
  }

  async listen (port: number, host = '127.0.0.1'): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        // The process goes on when it cannot accept a connection, for example because it has no descriptors left.
        this.#server.on('error', (error) => this.#log.warn({ err: error }, 'STOMP over TCP'))
        resolve()
      })
    })
  }

  /** Takes no more connections. The drain of the endpoint ends the open ones. */
  close (): void {
    this.#server.close()
  }
}
