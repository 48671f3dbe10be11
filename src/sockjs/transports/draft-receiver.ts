import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Driver } from 'websocket-driver'
import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import { CLOSE, type CloseReason, type Outgoing, type SockjsFrame } from '../protocol/index.ts'
import type { AnySession } from '../session/index.ts'
import type { DraftDriver } from './draft-driver.ts'
import type { IncomingRules } from './incoming.ts'
import type { Lingering } from './lingering.ts'
import { SocketReceiver } from './socket-receiver.ts'

/** The parts of the upgrade request that a draft handshake needs. */
export interface DraftUpgrade {
  readonly driver: DraftDriver
  readonly request: IncomingMessage
  readonly socket: Socket
  readonly head: Buffer
  /** Extra lines of the 101, as name and value. */
  readonly headers: readonly (readonly [string, string])[]
  /** Bytes of one WebSocket message. */
  readonly maxLength: number
  readonly clock: Clock
  /** The time that the client has to finish the handshake, or to answer a close, in milliseconds. */
  readonly closeTimeout: number
  /** Called when the handshake is complete. Draft 76 sends its last bytes after the headers. */
  readonly opened: (receiver: DraftReceiver) => void
}

/**
 * Tells whether an upgrade request is of draft 75 or 76.
 *
 * Neither has the key of RFC 6455, and draft 76 has two others.
 */
export function isDraftRequest (request: IncomingMessage): boolean {
  const { headers } = request
  return headers['sec-websocket-key'] === undefined && headers['sec-websocket-version'] === undefined
}

/** A WebSocket of 2010 (drafts 75 and 76, section 18 of the matrix): text only, no ping, no close codes. */
export class DraftReceiver extends SocketReceiver implements TimerOwner {
  readonly #driver: Driver
  readonly #socket: Socket
  readonly #lingering: Lingering
  readonly #upgrade: DraftUpgrade
  readonly #linger = new Timer(this)

  constructor (session: AnySession, rules: IncomingRules, upgrade: DraftUpgrade, lingering: Lingering) {
    super(session, rules)
    const { request, socket, head } = upgrade
    const driver = upgrade.driver.http(request, { maxLength: upgrade.maxLength, protocols: [], allowDrafts: true })
    this.#driver = driver
    this.#socket = socket
    this.#lingering = lingering
    this.#upgrade = upgrade
    for (const [name, value] of upgrade.headers) driver.setHeader(name, value)
    driver.io.on('data', (chunk: Buffer) => { socket.write(chunk, () => session.output.flushed(this)) })
    driver.io.on('end', () => { socket.end() })
    driver.on('open', () => {
      upgrade.clock.stop(this.#linger)
      upgrade.opened(this)
    })
    driver.on('message', (event) => { this.incoming(event.data, typeof event.data !== 'string') })
    driver.on('error', () => { socket.destroySoon() })
    driver.on('close', () => { socket.destroySoon() })
    driver.close = () => this.#closing()
    socket.on('data', (chunk) => { driver.io.write(chunk) })
    socket.on('error', () => { socket.destroy() })
    // Sockets of an HTTP server stay half open.
    socket.on('end', () => { this.#left() })
    socket.on('close', () => { this.#closed() })
    socket.setTimeout(0)
    socket.setNoDelay(true)
    upgrade.clock.start(this.#linger, upgrade.closeTimeout)
    driver.start()
    if (head.length > 0) driver.io.write(head)
    socket.resume()
  }

  get buffered (): number { return this.#socket.writableLength }
  get progress (): number { return this.#socket.bytesWritten - this.#socket.writableLength }
  get answered (): boolean { return true }

  cork (): void { this.#socket.cork() }
  uncork (): void { this.#socket.uncork() }

  pause (on: boolean): void {
    if (on) this.#socket.pause()
    else this.#socket.resume()
  }

  destroy (): void { this.#socket.destroy() }

  protected writeFrame (frame: SockjsFrame): void { this.#driver.text(frame.text) }

  protected writeRaw (messages: readonly Outgoing[]): void {
    for (const message of messages) {
      const data = message instanceof PreparedMessage ? message.data : message
      // The drafts have no binary frames: text is all that an endpoint can send to such a client.
      if (typeof data === 'string') this.#driver.text(data)
    }
  }

  protected ping (speak: boolean): boolean {
    if (speak) this.writeHeartbeat()
    return false
  }

  protected end (_reason: CloseReason): void {
    this.#lingering.add(this)
    this.#socket.resume()
    const { close } = Object.getPrototypeOf(this.#driver) as Driver
    close.call(this.#driver)
    // Draft 75 has no closing handshake, and a peer of draft 76 may leave the server's close unanswered.
    this.#upgrade.clock.start(this.#linger, this.#upgrade.closeTimeout)
  }

  /**
   * Ends the session, because the client has gone without the closing handshake.
   *
   * Nothing can be written any more. Bytes that were written before have a deadline.
   */
  #left (): void {
    if (this.settle()) return
    this.session.output.interrupted(this)
    this.#lingering.add(this)
    this.#socket.destroySoon()
    this.#upgrade.clock.start(this.#linger, this.#upgrade.closeTimeout)
  }

  /** Drops the connection, because the client has not read the last bytes in time. */
  expire (): void { this.destroy() }

  /** Acts on a close of the driver. It closes when it has read the client's close, or a message that is too long. */
  #closing (): boolean {
    if (this.concluded) return true
    const byClient = this.#driver._closing === true
    if (byClient) this.conclude(CLOSE.normal, true)
    else this.conclude(CLOSE.tooBig, false, 'tooBig')
    return true
  }

  #closed (): void {
    this.#upgrade.clock.stop(this.#linger)
    this.#lingering.finished(this)
    this.session.output.interrupted(this)
  }
}
