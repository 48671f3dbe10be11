import { closeStatus, opcodes } from '../client/frames.ts'
import { WireSocket } from '../client/wire-socket.ts'
import type { Visit } from './visit.ts'

/** How a WebSocket ended: with a close frame, or without a word. */
export interface SocketEnd {
  readonly code: number | undefined
  readonly reason: string
}

/** A WebSocket on a bare socket that answers pings, and counts when something came. */
export class DoctorSocket {
  private readonly socket: WireSocket
  readonly opened = performance.now()
  /** When the last frame came, in milliseconds of `performance.now()`. */
  heard = performance.now()
  end: SocketEnd | undefined
  /** Pongs that have come. */
  pongs = 0

  private constructor (socket: WireSocket) {
    this.socket = socket
  }

  /** Opens one that must be upgraded. */
  static async open (visit: Visit, path: string, headers: Record<string, string> = {}): Promise<DoctorSocket> {
    const socket = await visit.context.handshake(path, { headers: visit.headers(headers) })
    if (socket.status !== 101) throw new Error(`the handshake answered ${socket.status}`)
    return new DoctorSocket(socket)
  }

  static of (socket: WireSocket): DoctorSocket {
    return new DoctorSocket(socket)
  }

  send (text: string): void {
    this.socket.text(text)
  }

  ping (): void {
    this.socket.send(opcodes.ping, 'doctor')
  }

  /** The next message, its fragments joined; undefined at the end of the connection. */
  async next (): Promise<string | undefined> {
    const parts: Buffer[] = []
    while (this.end === undefined) {
      let frame
      try {
        frame = await this.socket.frame('a frame')
      } catch (error) {
        this.end = { code: undefined, reason: error instanceof Error ? error.message : String(error) }
        return undefined
      }
      this.heard = performance.now()
      if (frame.opcode === opcodes.ping) this.socket.send(opcodes.pong, frame.payload)
      else if (frame.opcode === opcodes.pong) this.pongs += 1
      else if (frame.opcode === opcodes.close) this.end = closeStatus(frame)
      else {
        parts.push(frame.payload)
        if (frame.final) return Buffer.concat(parts).toString('utf8')
      }
    }
    return undefined
  }

  destroy (): void {
    this.socket.wire.destroy()
  }
}
