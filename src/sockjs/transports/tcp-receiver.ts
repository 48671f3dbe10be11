import type { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import { CLOSE, type CloseReason, type Outgoing } from '../protocol/index.ts'
import type { AnySession, Receiver } from '../session/index.ts'
import type { Lingering } from './lingering.ts'

export interface TcpReceiverOptions {
  readonly clock: Clock
  readonly lingering: Lingering
  /** The time that the client has to read the end, in milliseconds. */
  readonly closeTimeout: number
  /** Returns the octets that the layer above puts behind a message, or `null` for none. */
  readonly behind: (octets: Uint8Array) => Uint8Array | null
}

/** A plain TCP connection: messages are octets one after the other, and the layer above finds their ends. */
export class TcpReceiver implements Receiver, TimerOwner {
  readonly transport = 'tcp'
  readonly answered = true
  readonly #session: AnySession
  readonly #socket: Socket
  readonly #options: TcpReceiverOptions
  readonly #linger = new Timer(this)
  readonly #written: () => void
  #ended = false

  constructor (session: AnySession, socket: Socket, options: TcpReceiverOptions) {
    this.#session = session
    this.#socket = socket
    this.#options = options
    this.#written = () => session.output.flushed(this)
    socket.setNoDelay(true)
    // The kernel notices a peer that has vanished (SEC-S25).
    socket.setKeepAlive(true, 5_000)
    socket.on('data', (chunk: Buffer) => session.receive([chunk], chunk.length))
    socket.on('end', () => this.#peerEnded())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#closed())
  }

  get buffered (): number { return this.#socket.writableLength }
  get progress (): number { return this.#socket.bytesWritten - this.#socket.writableLength }

  get queued (): boolean { return false }
  sharesConnection (): boolean { return false }
  cork (): void { this.#socket.cork() }
  uncork (): void { this.#socket.uncork() }
  control (): void {}

  messages (messages: readonly Outgoing[]): void {
    const chunks = messages.map(octetsOf).flatMap((octets) => [octets, this.#options.behind(octets) ?? []].flat())
    const last = chunks.pop()
    if (last === undefined) return
    // The messages leave in one system write, without a copy.
    this.#socket.cork()
    for (const chunk of chunks) this.#socket.write(chunk)
    this.#socket.write(last, this.#written)
    this.#socket.uncork()
  }

  heartbeat (): boolean { return false }

  close (_reason: CloseReason): void {
    this.#end()
  }

  /**
   * Ends the connection, with a deadline for the bytes that were written before.
   *
   * The deadline also holds when the peer has ended its side and does not read.
   */
  #end (): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.lingering.add(this)
    this.#options.clock.start(this.#linger, this.#options.closeTimeout)
    // The server reads and drops the bytes that the peer still sends, so that it notices the peer's end.
    this.#socket.resume()
    this.#socket.end()
  }

  pause (on: boolean): void {
    if (on) this.#socket.pause()
    else this.#socket.resume()
  }

  destroy (): void { this.#socket.destroy() }

  /** Drops the connection, because the client has not read the end in time. */
  expire (): void { this.destroy() }

  #peerEnded (): void {
    this.#session.output.closed(this, CLOSE.normal, true)
    this.#end()
  }

  #closed (): void {
    this.#options.clock.stop(this.#linger)
    this.#options.lingering.finished(this)
    this.#session.output.interrupted(this)
  }
}

function octetsOf (message: Outgoing): Uint8Array {
  const data = message instanceof PreparedMessage ? message.data : message
  return typeof data === 'string' ? Buffer.from(data) : data
}
