import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../core/clock.ts'
import type { Endpoint } from '../sockjs/endpoint/endpoint.ts'
import type { Outgoing, TransportName } from '../sockjs/protocol/index.ts'
import { checkClose, type Receiver, type SessionFacts } from '../sockjs/session/index.ts'
import { TcpReceiver } from '../sockjs/transports/index.ts'
import { PreparedMessage } from '../stream/prepared-message.ts'
import type { CloseReason, InjectedConnection, InjectedReceiver, StreamSource } from './stream-source.ts'

/**
 * The line feed behind the NUL of a frame. STOMP allows it, RabbitMQ and ActiveMQ send it, and the extension of PHP finds the next
 * frame by it (U29). A message of a WebSocket needs no such mark.
 */
const LINE_FEED = Uint8Array.of(0x0a)

/** An endpoint of the SockJS server, as the STOMP layer uses it. */
export class SockjsEndpoint implements StreamSource {
  readonly #endpoint: Endpoint
  readonly #log: FastifyBaseLogger

  constructor (endpoint: Endpoint, log: FastifyBaseLogger) {
    this.#endpoint = endpoint
    this.#log = log
  }

  get clock (): Clock { return this.#endpoint.clock }

  acceptTcp (socket: Socket): void {
    const { registration, clock, lingering, options: { closeTimeout } } = this.#endpoint
    const ip = socket.remoteAddress ?? ''
    if (registration.refusing) this.#endpoint.telemetry.refused('draining')
    if (registration.refusing || !this.#endpoint.hasRoom(ip, false, this.#log)) {
      socket.destroy()
      return
    }
    const behind = (octets: Uint8Array): Uint8Array | null => octets.at(-1) === 0 ? LINE_FEED : null
    this.#endpoint.accept(this.#facts('tcp', ip), (session) => new TcpReceiver(session, socket, { clock, lingering, closeTimeout, behind }))
  }

  inject (user: unknown, receiver: InjectedReceiver): InjectedConnection {
    const session = this.#endpoint.accept(this.#facts('websocket-raw', '127.0.0.1', user), () => new SocketlessReceiver(receiver))
    return {
      get closed () { return session.state === 'closed' },
      send: (message) => session.receive([message], Buffer.byteLength(message)),
      cut: () => session.terminate()
    }
  }

  checkClose (code?: number, reason?: string): void { checkClose(code, reason) }

  /** Makes the facts of a client with no HTTP request under it. */
  #facts (transport: TransportName, ip: string, user?: unknown): SessionFacts<unknown, unknown> {
    const { path } = this.#endpoint
    return { transport, protocol: '', user, attributes: {}, ip, path, query: '', prefix: path, headers: {}, userKey: '', origin: '', requestId: '' }
  }
}

/** A receiver without a socket. It gives the messages of the session to the client of a test. */
class SocketlessReceiver implements Receiver {
  readonly transport = 'websocket-raw'
  readonly buffered = 0
  readonly progress = 0
  readonly queued = false
  readonly answered = true
  readonly #receiver: InjectedReceiver

  constructor (receiver: InjectedReceiver) {
    this.#receiver = receiver
  }

  sharesConnection (): boolean { return false }
  cork (): void {}
  uncork (): void {}
  control (): void {}
  heartbeat (): boolean { return false }
  pause (): void {}
  destroy (): void { this.#receiver.closed({ code: 1006, reason: '' }) }
  close (reason: CloseReason): void { this.#receiver.closed(reason) }

  messages (messages: readonly Outgoing[]): void {
    for (const message of messages) this.#receiver.received(message instanceof PreparedMessage ? message.data : message)
  }
}
