import { type AddressInfo, createServer, type Server } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import type { Endpoint } from '../sockjs/endpoint/endpoint.ts'
import { TcpReceiver } from '../sockjs/transports/index.ts'
import { factsWithoutRequest } from './unrequested.ts'

/**
 * The line feed behind the NUL of a frame. STOMP allows it, RabbitMQ and ActiveMQ send it, and the extension of PHP finds the next
 * frame by it (U29). A message of a WebSocket needs no such mark.
 */
const LINE_FEED = Uint8Array.of(0x0a)

/** A listener for plain STOMP over TCP. Its sessions are those of the other transports, with no HTTP request under them. */
export class TcpListener {
  readonly #server: Server
  readonly #log: FastifyBaseLogger

  constructor (endpoint: Endpoint, log: FastifyBaseLogger) {
    this.#log = log
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      const ip = socket.remoteAddress ?? ''
      if (endpoint.registration.draining || !endpoint.hasRoom(ip, false, log)) {
        socket.destroy()
        return
      }
      endpoint.accept(factsWithoutRequest(endpoint, 'tcp', ip), (session) => new TcpReceiver(session, socket, {
        clock: endpoint.clock,
        lingering: endpoint.lingering,
        closeTimeout: endpoint.options.closeTimeout,
        behind: (octets) => octets.at(-1) === 0 ? LINE_FEED : null
      }))
    })
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
